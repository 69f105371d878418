"""Footballs and rackets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmquality.data.sample.drawing.colours import INK, RUBBER, WHITE, WOODS, clear, dark, light, mix
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import Outline, limb, oval, path, polygon
from mmquality.data.sample.drawing.paints import Paint, ball, fading, lit, metal, rounded
from mmquality.data.sample.drawing.pen import Pen


def football(pen: Pen, look: Look) -> None:
    """A football: the classic pentagons, swirling panels, or an oval rugby ball."""
    if look.style == "rugby":
        _rugby_ball(pen, look)
        return
    skin = oval(50, 52, 43, 43)
    base = WHITE if look.style == "classic" else mix(WHITE, look.colour, 0.12)
    pen.fill(skin, base)
    within = pen.inside(skin)
    turn = _random_turn(look)
    for centre, corners in _pentagons(turn):
        if centre[2] > -0.35:
            _panel(within, centre, corners, look)
    pen.glaze(skin, _BALL_SHADE)
    pen.glaze(oval(36, 32, 11, 8, -35), clear(WHITE, 0.55), soft=4)


_BALL_SHADE = Paint(
    ((0.0, clear(WHITE, 0.25)), (0.4, clear(WHITE, 0.0)), (0.7, clear(INK, 0.12)), (1.0, clear(INK, 0.5))),
    (0.34, 0.28), (0.98, 0.98), radial=True,
)  # fmt: skip


def _random_turn(look: Look) -> NDArray[np.float64]:
    """A rotation matrix, (3, 3)."""
    basis, _ = np.linalg.qr(look.rng.normal(size=(3, 3)))
    return np.asarray(basis)


def _pentagons(turn: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Centre (3,) and corners (5, 3) of a football's twelve pentagons on the unit sphere, turned."""
    golden = (1 + 5**0.5) / 2
    corners = [(0.0, s, t * golden) for s in (-1, 1) for t in (-1, 1)]
    centres = np.array([np.roll(corner, shift) for corner in corners for shift in range(3)])
    centres = centres / np.linalg.norm(centres[0]) @ turn.T
    panels = []
    for centre in centres:
        nearest = centres[np.argsort(-(centres @ centre))[1:6]]
        edge = 2 * centre / 3 + nearest / 3  # where a truncated icosahedron cuts the edges
        edge /= np.linalg.norm(edge, axis=1, keepdims=True)
        east = np.cross(centre, edge[0])
        angles = np.arctan2(edge @ east, edge @ np.cross(east, centre))
        panels.append((centre, edge[np.argsort(angles)]))
    return panels


def _panel(pen: Pen, centre: NDArray[np.float64], corners: NDArray[np.float64], look: Look) -> None:
    """One pentagon and the seams that run out of its corners."""

    def seen(points: NDArray[np.float64]) -> Outline:
        return points[:, :2] * 43 + (50, 52)

    for corner in corners:
        outward = corner * 2.05 - centre * 1.05
        seam = np.array([corner, outward / np.linalg.norm(outward)])
        pen.line(seen(seam), 0.9, (120, 122, 128))
    along = np.linspace(0, 1, 6)[:-1, None]
    ring = np.concatenate(
        [a + (b - a) * along for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    )
    ring /= np.linalg.norm(ring, axis=1, keepdims=True)
    if look.style == "modern":
        wave = 1 + 0.35 * np.sin(np.linspace(0, 6 * np.pi, len(ring)))[:, None]
        swirled = ring * wave + centre * (1 - wave)
        pen.fill(seen(swirled), look.colour)
        pen.fill(seen(ring * 0.45 + centre * 0.55), look.second)
    else:
        pen.fill(seen(ring), look.colour)


def _rugby_ball(pen: Pen, look: Look) -> None:
    pen = pen.moved(turn=-24)
    skin = path("M4 55 C16 22 84 22 96 55 C84 88 16 88 4 55 Z")
    pen.fill(skin, lit(mix(WHITE, look.colour, 0.08), 0.1))
    within = pen.inside(skin)
    within.fill("M0 20 L22 20 C28 40 28 70 22 90 L0 90 Z", look.colour)
    within.fill("M100 20 L78 20 C72 40 72 70 78 90 L100 90 Z", look.colour)
    for bend in (42, 68):
        within.line(f"M4 55 C30 {bend} 70 {bend} 96 55", 0.8, clear(INK, 0.35))
    pen.glaze(skin, _BALL_SHADE)
    pen.write(look.brand.upper(), 50, 60, 9, look.colour, bold=True, room=44)
    for x in range(38, 64, 5):
        pen.line([(x, 42), (x, 48)], 1.2, look.second)
    pen.line([(36, 45), (64, 45)], 1, look.second)


def tennis_racket(pen: Pen, look: Look) -> None:
    """A tennis racket, a badminton racket, or a table tennis bat; with a ball beside it."""
    pen = pen.moved(turn=look.between(18, 42), size=1.1)
    if look.style == "table tennis":
        _table_tennis_bat(pen, look)
        return
    slim = look.style == "badminton"
    rx, ry, neck = (15.0, 18.0, 2.0) if slim else (20.0, 25.0, 5.0)
    cy = 4 + ry
    _strings(pen, 50, cy, rx, ry, 2.2 if not slim else 1.9)
    if not slim:
        pen.line(f"M36 {cy + ry * 0.72} C42 60 47 64 48.4 70", 3.2, metal(look.colour))
        pen.line(f"M64 {cy + ry * 0.72} C58 60 53 64 51.6 70", 3.2, metal(look.colour))
    pen.line([(50, cy + ry), (50, 74)], neck * 0.6 if slim else 0.1, metal(look.colour))
    pen.loop(50, cy, rx, ry, 3.6 if not slim else 2.2, dark(look.colour, 0.3))
    pen.loop(50 - 0.3, cy - 0.4, rx, ry, 2.2 if not slim else 1.2, look.colour)
    pen.line(oval(50, cy, rx, ry, start=200, stop=320), 2.2 if not slim else 1.2, look.second)
    pen.fill(limb([(50, 69), (50, 101)], 5.4 if not slim else 3.6), rounded(RUBBER, 0.4))
    for y in range(73, 100, 4):
        pen.line([(47.4, y + 1.6), (52.6, y)], 0.7, clear(light(RUBBER, 0.4), 0.8))
    if slim:
        _shuttlecock(pen, 74, 72)
    else:
        _tennis_ball(pen, 74, 78)


def _strings(pen: Pen, x: float, y: float, rx: float, ry: float, pitch: float) -> None:
    bed = oval(x, y, rx, ry)
    pen.fill(bed, clear(WHITE, 0.12))
    net = pen.inside(bed)
    for dx in np.arange(-rx, rx, pitch):
        net.line([(x + dx, y - ry), (x + dx, y + ry)], 0.42, (238, 238, 230))
    for dy in np.arange(-ry, ry, pitch):
        net.line([(x - rx, y + dy), (x + rx, y + dy)], 0.42, (238, 238, 230))


def _tennis_ball(pen: Pen, x: float, y: float) -> None:
    pen.disc(x, y, 9, ball((206, 226, 70), 0.4))
    seam = pen.inside(oval(x, y, 9, 9))
    seam.loop(x - 9, y - 4, 8.6, 8.6, 1, (246, 248, 232))
    seam.loop(x + 9, y + 5, 8.6, 8.6, 1, (246, 248, 232))


def _shuttlecock(pen: Pen, x: float, y: float) -> None:
    pen.fill(
        polygon((x - 9, y - 10), (x + 9, y - 10), (x + 3.4, y + 6), (x - 3.4, y + 6)),
        lit((244, 244, 240), 0.1),
    )
    for dx in (-6, -2, 2, 6):
        pen.line([(x + dx, y - 10), (x + dx * 0.4, y + 6)], 0.5, (170, 172, 176))
    pen.fill(oval(x, y + 6, 3.8, 4.6), ball((230, 224, 206)))
    pen.line([(x - 3.4, y + 4), (x + 3.4, y + 4)], 1, (70, 140, 90))


def _table_tennis_bat(pen: Pen, look: Look) -> None:
    wood = look.one_of(WOODS)
    pen.fill(limb([(50, 56), (50, 98)], 8, 10), rounded(wood))
    blade = path("M50 4 C74 4 82 26 78 44 C75 58 62 62 57 68 L43 68 C38 62 25 58 22 44 C18 26 26 4 50 4 Z")
    pen.fill(blade, lit(wood, 0.2))
    pen.fill(
        "M50 5.4 C73 5.4 80 26 76.6 43 C74 55 64 58 58 62 L42 62 C36 58 26 55 23.4 43 C20 26 27 5.4 50 5.4 Z",
        lit(look.colour, 0.24),
    )
    pen.glaze("M28 22 C36 8 52 6 62 10 C46 14 34 26 30 42 Z", clear(WHITE, 0.18), soft=3)
    pen.write(look.brand.upper(), 50, 64.6, 3.4, dark(wood, 0.5), room=14)
    pen.disc(76, 76, 8, ball(WHITE if look.chance(0.5) else (244, 160, 60), 0.3))
    pen.glaze(oval(50, 62.6, 14, 0.6), fading(INK, 0.3))
