"""Real cars, and the toys that are taken for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmquality.data.sample.drawing.colours import CREAM, INK, RGB, RUBBER, STEEL, WHITE, clear, dark, light
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import box, oval, path, polygon, star
from mmquality.data.sample.drawing.paints import Paint, aslant, ball, down, lit, metal
from mmquality.data.sample.drawing.pen import Pen


@dataclass(frozen=True)
class _CarShape:
    """A car's side view, facing left: body, windows, seams, and where its wheels are."""

    body: str
    windows: tuple[str, ...]
    seams: tuple[str, ...]
    wheels: tuple[float, float]
    radius: float = 8.6


_CARS: dict[str, _CarShape] = {
    "saloon": _CarShape(
        body="M1 82 C0 74 3 69 10 67 C18 64 26 63 31 62 C38 54 44 50 52 49 C62 48 70 50 78 58 "
        "C86 59 94 60 97 63 C99 68 99 76 98 84 L94 87 L5 87 Z",
        windows=("M34 62 C40 55 45 52.4 52 52 L52 62 Z", "M54 52 C62 51.6 68 53 75 60 L74 62 L54 62 Z"),
        seams=("M53 52 L53 84", "M33 63 L32 80"),
        wheels=(20, 79),
    ),
    "hatchback": _CarShape(
        body="M4 82 C3 73 6 68 13 66 C20 64 26 62 30 61 C36 50 44 45 56 45 C70 45 82 46 88 52 "
        "C92 58 95 66 95 74 L95 85 L91 87 L8 87 Z",
        windows=("M33 61 C39 52 45 48.4 54 48 L54 61 Z", "M56 48 C68 48 76 49 83 54 L84 61 L56 61 Z"),
        seams=("M55 48 L55 84", "M32 62 L31 80"),
        wheels=(22, 77),
        radius=9,
    ),
    "off-roader": _CarShape(
        body="M3 78 C2 70 4 63 8 61 C16 59 24 58 27 57 L35 42 C38 40 44 39 52 39 L86 40 "
        "C92 41 94 46 94 54 L95 80 L90 83 L8 83 Z",
        windows=(
            "M32 57 L38 44 C42 42.6 46 42 50 42 L50 57 Z",
            "M53 42 L69 42 L70 57 L53 57 Z",
            "M72 42 L86 43 L88 57 L73 57 Z",
        ),
        seams=("M51.5 42 L51.5 80", "M71 42 L71 72", "M29 58 L29 76"),
        wheels=(21, 78),
        radius=10.4,
    ),
    "sports": _CarShape(
        body="M1 84 C1 77 8 73 18 70 C26 67 32 66 36 65 C44 58 50 55 58 55 C66 55 74 59 82 64 "
        "C92 64 97 66 98 70 L97 83 L93 87 L5 87 Z",
        windows=("M40 65 C46 60 51 57.6 58 57.4 C66 57.6 72 60 77 64.4 L66 66 Z",),
        seams=("M64 66 C66 74 64 80 62 84", "M40 66 L38 82"),
        wheels=(20, 80),
        radius=9,
    ),
}


def car(pen: Pen, look: Look) -> None:
    """A real car from the side: saloon, hatchback, off-roader or sports car."""
    shape = _CARS[look.style]
    pen = pen.moved(y=-2, size=1.14, about=(50, 95))
    pen.box(9, 78, 91, 90, INK, 2)
    pen.fill(shape.body, _lacquer(look.colour))
    within = pen.inside(shape.body)
    within.glaze(box(0, 80, 100, 90), clear(INK, 0.35), soft=3)
    within.glaze("M4 70 C30 64 70 64 97 67 L97 70 C70 67 30 67 4 73 Z", clear(WHITE, 0.45), soft=1)
    within.line("M6 76 C34 73 66 73 95 75", 0.6, clear(dark(look.colour, 0.6), 0.7))
    for window in shape.windows:
        pen.fill(window, down((46, 58, 70), (130, 150, 166)))
        pen.inside(window).glaze(
            polygon((30, 66), (44, 40), (50, 40), (38, 66)), clear(WHITE, 0.35), soft=0.8
        )
    for seam in shape.seams:
        within.line(seam, 0.55, clear(dark(look.colour, 0.7), 0.8))
    for x in (57, 37):
        pen.box(x, 68.4, x + 5.4, 69.8, metal(light(look.colour, 0.4)), 0.6)
    _car_lights(within)
    for axle in shape.wheels:
        within.disc(axle, 95 - shape.radius, shape.radius * 1.2, (16, 16, 20))
        _road_wheel(pen, axle, 95 - shape.radius, shape.radius)


def _lacquer(colour: RGB) -> Paint:
    """Car paint: the sky in its upper half, the road in its lower one."""
    stops = (
        (0.0, light(colour, 0.45)),
        (0.38, light(colour, 0.12)),
        (0.55, colour),
        (0.62, dark(colour, 0.22)),
        (1.0, dark(colour, 0.4)),
    )
    return Paint(stops, (0.5, 0.0), (0.5, 1.0))


def _car_lights(within: Pen) -> None:
    within.fill("M0 70 C5 68 10 68 13 70 C11 74 5 75 0 75 Z", aslant(WHITE, (186, 200, 214)))
    within.fill("M100 66 L92 66 C91 70 92 73 93 75 L100 75 Z", aslant((236, 84, 70), (150, 24, 24)))
    within.box(0, 79, 8, 82, (34, 34, 38), 1)


def _road_wheel(pen: Pen, x: float, y: float, radius: float) -> None:
    pen.disc(x, y, radius, ball(dark(RUBBER, 0.2), 0.3))
    pen.disc(x, y, radius * 0.7, metal(STEEL))
    pen.disc(x, y, radius * 0.6, (70, 74, 80))
    for angle in range(0, 360, 60):
        dx, dy = np.cos(np.radians(angle)) * radius * 0.62, np.sin(np.radians(angle)) * radius * 0.62
        pen.line([(x, y), (x + dx, y + dy)], radius * 0.17, light(STEEL, 0.2))
    pen.disc(x, y, radius * 0.18, light(STEEL, 0.4))


def toy_car(pen: Pen, look: Look) -> None:
    """A toy car: of wood, of bright plastic, or of tin with a wind-up key."""
    {"wooden": _wooden_car, "plastic": _plastic_car, "tin": _tin_car}[look.style](pen, look)


def toy_wheel(pen: Pen, x: float, y: float, radius: float, tyre: RGB, hub: RGB) -> None:
    """A thick wheel without spokes."""
    pen.disc(x, y, radius, ball(tyre, 0.35))
    pen.disc(x, y, radius * 0.56, ball(hub, 0.4))
    pen.disc(x, y, radius * 0.18, dark(hub, 0.4))


def _wooden_car(pen: Pen, look: Look) -> None:
    wood = look.one_of(((222, 180, 128), (206, 160, 108), (232, 196, 150)))
    body = path("M6 80 C4 62 10 56 24 54 C30 36 38 30 54 30 C72 30 78 40 82 54 C94 56 97 66 95 80 Z")
    pen.fill(body, lit(wood, 0.26))
    grain = pen.inside(body)
    for y in np.arange(32, 82, 4.5):
        grain.line(
            f"M0 {y} C30 {y + look.between(-3, 3):.1f} 66 {y + look.between(-3, 3):.1f} 100 {y}",
            0.7,
            clear(dark(wood, 0.45), 0.4),
        )
    grain.fill("M0 62 C30 58 70 58 100 62 L100 73 C70 69 30 69 0 73 Z", lit(look.colour, 0.2))
    for hole in (oval(42, 46, 8, 8), oval(64, 46, 8, 8)):
        pen.fill(hole, dark(wood, 0.55))
        pen.fill(hole * 0.86 + hole.mean(axis=0) * 0.14 + (0.6, 0.8), light(wood, 0.35))
    for x in (25, 76):
        toy_wheel(pen, x, 81, 14, look.second if look.chance(0.5) else dark(wood, 0.35), look.colour)


def _plastic_car(pen: Pen, look: Look) -> None:
    body = path(
        "M5 80 C3 64 8 58 22 57 L28 57 C32 40 38 34 50 34 L62 34 "
        "C74 34 80 44 82 57 C94 58 97 66 95 80 C94 84 8 84 5 80 Z"
    )
    pen.fill(body, lit(look.colour, 0.3))
    pen.glaze("M8 64 C20 58 80 58 92 64 C76 61 24 61 8 67 Z", clear(WHITE, 0.6), soft=1.4)
    for window in ("M34 57 C36 44 40 40 48 40 L52 40 L52 57 Z", "M56 40 L62 40 C70 40 74 46 76 57 L56 57 Z"):
        pen.fill(window, aslant((190, 226, 246), (110, 170, 214)))
    pen.disc(12, 66, 5, ball((252, 226, 110)))
    pen.line("M8 73 C10 78 16 78 18 74", 1.6, dark(look.colour, 0.5))
    if look.chance(0.6):
        pen.fill(star(54, 68, 7, 3, 5), look.second)
    else:
        pen.disc(54, 68, 7, WHITE)
        pen.write(str(int(look.between(1, 99))), 54, 68, 8, look.colour, bold=True)
    for x in (25, 75):
        toy_wheel(pen, x, 80, 15, RUBBER, look.second)


def _tin_car(pen: Pen, look: Look) -> None:
    pen.line([(90, 58), (97, 52)], 2, metal(STEEL))
    for x, y in ((99, 46), (104, 54)):
        pen.loop(x, y, 4.4, 3.2, 2, metal(STEEL))
    pen.fill(
        "M4 80 C4 68 8 62 20 60 L32 58 L40 36 C42 33 44 32 48 32 "
        "L66 32 C70 32 72 34 74 38 L80 58 C92 60 96 68 95 80 Z",
        _lacquer(look.colour),
    )
    pen.fill(
        "M1 78 C10 72 18 58 28 58 C38 58 42 74 50 78 C58 78 62 58 74 58 C86 58 92 74 99 80 L96 84 L4 84 Z",
        lit(look.second, 0.3),
    )
    for window in ("M38 56 L43 40 L52 40 L52 56 Z", "M56 40 L67 40 L74 56 L56 56 Z"):
        pen.fill(window, lit(CREAM, 0.1))
        pen.line(window, 0.9, metal(STEEL))
    pen.disc(5, 69, 4.6, metal(STEEL))
    pen.disc(4, 69, 3, ball((252, 236, 170)))
    pen.box(0, 79, 100, 83, metal(STEEL), 2)
    for x in (27, 74):
        toy_wheel(pen, x, 82, 13, WHITE if look.chance(0.5) else INK, look.colour)
