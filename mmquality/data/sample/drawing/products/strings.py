"""String instruments: guitars and violins."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import CREAM, GOLD, INK, RGB, STEEL, WHITE, clear, dark, light
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import closed, oval, path, polygon, smooth, symmetric
from mmquality.data.sample.drawing.paints import Paint, ball, lit, metal, rolled, rounded
from mmquality.data.sample.drawing.pen import Pen

_EBONY: RGB = (48, 34, 30)


def guitar(pen: Pen, look: Look) -> None:
    """A guitar from the front: acoustic, electric or a ukulele."""
    pen = pen.moved(turn=look.between(12, 34), size=1.12)
    {"acoustic": _acoustic_guitar, "electric": _electric_guitar, "ukulele": _ukulele}[look.style](pen, look)


def _burst(colour: RGB) -> Paint:
    """Sunburst lacquer: light in the middle, dark at the rim."""
    stops = ((0.0, light(colour, 0.35)), (0.5, colour), (0.82, dark(colour, 0.35)), (1.0, dark(colour, 0.65)))
    return Paint(stops, (0.5, 0.5), (1.02, 0.5), radial=True)


def _acoustic_guitar(pen: Pen, look: Look) -> None:
    body = symmetric("M50 47 C42 45 33 46 33 55 C33 62 37 63 37 68 C37 72 28 74 28 85 C28 96 38 101 50 101")
    pen.fill(body, _burst(look.colour))
    pen.line(closed(body), 0.9, CREAM)
    pen.disc(50, 63, 8.4, dark(look.colour, 0.5))
    pen.loop(50, 63, 8, 8, 1.2, CREAM)
    pen.disc(50, 63, 7, ball((40, 26, 18), 0.5))
    pen.fill("M56 66 C62 68 60 80 53 82 C52 76 53 70 56 66 Z", clear(_EBONY, 0.8))
    pen.box(41, 84, 59, 88, lit(_EBONY, 0.2), 1)
    _neck(pen, look, 60, 86, 6)


def _electric_guitar(pen: Pen, look: Look) -> None:
    body = path(
        "M45 56 C42 53 40 50 38 50 C35 50 33 51 33 54 C33 58 36 61 36 64 C37 67 38 69 37 72 "
        "C36 76 31 78 30 82 C29 87 29 93 32 96 C36 100 41 101 46 101 C51 101 56 101 60 99 C64 97 68 94 69 90 "
        "C70 86 70 82 68 78 C67 75 63 74 62 71 C61 68 61 66 62 63 C63 60 67 58 67 55 C67 52 66 49 64 49 "
        "C62 49 60 53 57 54 Z"
    )
    pen.fill(body, _burst(look.colour) if look.chance(0.5) else lit(look.colour, 0.36))
    pen.fill(
        smooth([(46, 58), (56, 58), (60, 66), (60, 76), (64, 84), (58, 92), (52, 84), (44, 80), (42, 68)]),
        lit((240, 236, 226), 0.1),
    )
    for y in (68, 76, 84):
        pen.box(43.6, y - 1.6, 56.4, y + 1.6, lit(INK, 0.2), 1.4)
    pen.box(44, 88, 56, 93, metal(STEEL), 1)
    for x, y in ((60, 84), (61.4, 90), (58, 95)):
        pen.disc(x, y, 1.7, ball(GOLD))
    pen.glaze("M35 80 C34 90 38 96 44 98 C38 92 37 86 39 78 Z", clear(WHITE, 0.5), soft=1.2)
    _neck(pen, look, 62, 90, 6)


def _ukulele(pen: Pen, look: Look) -> None:
    small = pen.moved(y=-6, size=0.9)
    body = symmetric("M50 56 C44 54 37 56 37 63 C37 69 40 69 40 73 C40 77 33 79 33 87 C33 95 41 100 50 100")
    small.fill(body, lit(look.colour, 0.36))
    small.line(closed(body), 0.8, dark(look.colour, 0.5))
    small.disc(50, 72, 5.6, ball((40, 26, 18), 0.5))
    small.loop(50, 72, 6, 6, 1, CREAM)
    small.box(43, 86, 57, 89, lit(_EBONY, 0.2), 1)
    _neck(small, look, 67, 87, 4, top=18)


def _neck(pen: Pen, look: Look, foot: float, bridge: float, strings: int, top: float = 8) -> None:
    """Fingerboard with frets, headstock with tuners, and the strings down to the bridge."""
    pen.fill(polygon((47.4, top), (52.6, top), (53.2, foot), (46.8, foot)), rounded(_EBONY, 0.3))
    for fret in range(12):
        y = top + (foot - top) * (1 - 0.5 ** (fret / 7)) * 1.35
        if y < foot:
            pen.line([(47.2, y), (52.8, y)], 0.4, STEEL)
    head = path(
        f"M47.4 {top} L45.6 {top - 4} L46 {top - 15} "
        f"C48 {top - 13} 52 {top - 13} 54 {top - 15} L54.4 {top - 4} L52.6 {top} Z"
    )
    pen.fill(head, lit(_EBONY if look.style != "electric" else (214, 170, 110), 0.25))
    for row in range(strings // 2):
        for x in (43.6, 56.4):
            pen.oval(x, top - 4 - row * 4, 2, 1.2, metal(STEEL))
    for x in np.linspace(48.2, 51.8, strings):
        pen.line([(x, top - 3), (50 + (x - 50) * 1.6, bridge)], 0.28, (232, 230, 222))


def violin(pen: Pen, look: Look) -> None:
    """A violin (or the larger viola, or a cello on its spike) with its bow."""
    pen = pen.moved(turn=look.between(10, 26), size=1.06)
    if look.style == "cello":
        pen.line([(50, 98), (50, 106)], 1, metal(STEEL))
    pen.line([(76, 4), (70, 98)], 1.3, rolled((120, 70, 40)))
    pen.line([(73.6, 8), (68.4, 94)], 0.7, CREAM)
    body = symmetric(
        "M50 46 C42 43 35 47 35 54 C35 60 39 60 39 62 "
        "C43 64 43 72 39 75 C36 76 31 80 31 88 C31 97 42 99 50 99"
    )
    pen.fill(body, _burst(look.colour))
    pen.line(closed(body), 0.7, dark(look.colour, 0.6))
    for side in pen.both_sides():
        side.line("M44 64 C40 66 45 74 42 77", 1, _EBONY)
        side.disc(44.2, 64.2, 0.9, _EBONY)
        side.disc(41.6, 77, 1.0, _EBONY)
    pen.fill(polygon((47.6, 14), (52.4, 14), (53.2, 66), (46.8, 66)), rounded(_EBONY, 0.3))
    pen.box(44.4, 72, 55.6, 74.4, lit((226, 190, 140), 0.2), 0.8)
    pen.fill(polygon((47, 80), (53, 80), (51.4, 97), (48.6, 97)), rounded(_EBONY))
    pen.box(47.4, 3, 52.6, 15, rounded(dark(look.colour, 0.2)), 1)
    pen.disc(50, 3.4, 3.4, ball(dark(look.colour, 0.1)))
    pen.line(oval(50, 3.4, 1.8, 1.8, start=0, stop=280), 0.7, dark(look.colour, 0.6))
    for x, y in ((44.6, 7), (55.4, 9), (44.6, 11.4)):
        pen.oval(x, y, 3, 1.1, _EBONY)
    for x in (48.6, 49.6, 50.5, 51.4):
        pen.line([(x, 14), (50 + (x - 50) * 1.4, 82)], 0.26, (236, 234, 228))
