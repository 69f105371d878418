"""Pianos and drums."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import (
    BRASS,
    CREAM,
    GOLD,
    INK,
    RGB,
    RUBBER,
    STEEL,
    WHITE,
    clear,
    dark,
    light,
    mix,
)
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import box, limb, oval, polygon, symmetric
from mmquality.data.sample.drawing.paints import aslant, down, lit, metal, rolled, rounded
from mmquality.data.sample.drawing.pen import Pen


def keyboard(
    pen: Pen,
    left: float,
    top: float,
    right: float,
    bottom: float,
    whites: int,
    colours: tuple[RGB, ...] = (WHITE,),
) -> None:
    """A keyboard: white (or coloured) keys and the black ones in their groups of two and three."""
    pitch = (right - left) / whites
    for key in range(whites):
        x, colour = left + key * pitch, colours[key % len(colours)]
        pen.box(x, top, x + 0.92 * pitch, bottom, down(dark(colour, 0.12), colour), 0.6)
    for key in range(whites - 1):
        if key % 7 not in (2, 6):
            x, end = left + (key + 0.96) * pitch, top + (bottom - top) * 0.6
            pen.box(x - pitch * 0.28, top, x + pitch * 0.28, end, down(INK, (70, 70, 76)), 0.5)


def piano(pen: Pen, look: Look) -> None:
    """A piano: upright, a concert grand, or a digital keyboard on its stand."""
    {"upright": _upright_piano, "grand": _grand_piano, "digital": _digital_piano}[look.style](pen, look)


def _upright_piano(pen: Pen, look: Look) -> None:
    pen.box(6, 14, 94, 92, lit(look.colour, 0.22), 1.4)
    pen.box(3, 10, 97, 16, rolled(light(look.colour, 0.1), 0.4), 1)
    for left in (11, 53):
        pen.box(left, 21, left + 36, 44, lit(dark(look.colour, 0.12), 0.2), 1)
        pen.line(box(left, 21, left + 36, 44), 0.5, clear(light(look.colour, 0.4), 0.5))
    pen.fill(polygon((36, 26), (64, 26), (66, 46), (34, 46)), lit(CREAM, 0.06))
    for y in (30, 34, 38, 42):
        pen.line([(38, y), (62, y)], 0.4, (150, 146, 138))
    pen.box(3, 46, 97, 50, rolled(dark(look.colour, 0.1)), 1)
    keyboard(pen, 7, 50, 93, 59, 28)
    pen.box(2, 59, 98, 66, rolled(look.colour, 0.35), 1)
    for x in (5, 88):
        pen.box(x, 66, x + 7, 95, rounded(look.colour, 0.3), 1)
    pen.box(12, 68, 88, 90, lit(dark(look.colour, 0.3), 0.2))
    for x in (44, 50, 56):
        pen.oval(x, 90, 2.2, 1.4, metal(BRASS))
    pen.write(look.brand.upper(), 50, 48, 2.6, GOLD)


def _grand_piano(pen: Pen, look: Look) -> None:
    for spine in ([(14, 66), (14, 95)], [(58, 68), (60, 95)], [(86, 62), (86, 88)]):
        pen.fill(limb(spine, 6, 3.4), rounded(look.colour, 0.3))
    pen.line([(34, 70), (34, 90)], 3, rounded(look.colour))
    pen.fill("M10 46 L16 6 C40 2 70 4 96 20 C88 28 92 38 94 46 Z", lit(look.colour, 0.5))
    pen.line([(74, 46), (72, 18)], 1.4, dark(look.colour, 0.2))
    pen.fill("M6 50 L10 45 L94 44 C98 48 96 54 92 56 L60 58 Z", aslant(GOLD, dark(GOLD, 0.5)))
    for x in np.linspace(20, 88, 16):
        pen.line([(x, 45.5), (x - 12, 55)], 0.3, light(GOLD, 0.6))
    pen.fill("M4 54 L60 57 C80 57 92 54 96 48 L96 60 C92 68 76 70 60 70 L4 68 Z", lit(look.colour, 0.4))
    pen.fill(polygon((3, 54), (58, 57), (56, 65), (1, 62)), INK)
    keyboard(pen.moved(turn=3, about=(3, 56)), 4, 55.4, 55, 61.5, 22)
    pen.box(0, 62, 58, 67, lit(look.colour, 0.3), 1)
    pen.glaze("M20 10 C40 6 60 8 76 16 L70 24 C50 14 34 14 18 20 Z", clear(WHITE, 0.35), soft=3)


def _digital_piano(pen: Pen, look: Look) -> None:
    for spine in ([(22, 58), (78, 95)], [(78, 58), (22, 95)]):
        pen.line(spine, 4, metal(dark(STEEL, 0.55)))
    for x in (22, 78):
        pen.line([(x - 8, 95), (x + 8, 95)], 3, RUBBER)
    pen.box(1, 34, 99, 62, lit(look.colour, 0.3), 3)
    pen.box(3, 36, 97, 47, lit(dark(look.colour, 0.25), 0.15), 1.6)
    pen.box(42, 38, 58, 45, aslant((110, 170, 220), (60, 100, 160)), 1)
    for x in (*range(8, 40, 5), *range(62, 94, 5)):
        pen.disc(x, 41.4, 1.5, look.one_of((STEEL, look.second, (90, 200, 120))))
    pen.write(look.brand.upper(), 84, 36.6, 2.4, light(look.colour, 0.7), room=22)
    keyboard(pen, 3, 48, 97, 60, 35)


def drum(pen: Pen, look: Look) -> None:
    """A drum: a snare with sticks, a djembe, or a whole kit."""
    {"snare": _snare, "djembe": _djembe, "kit": _drum_kit}[look.style](pen, look)


def _shell(pen: Pen, x: float, top: float, radius: float, height: float, colour: RGB, lugs: int = 6) -> None:
    """A drum's shell seen slightly from above, with hoops and lugs."""
    flat = radius * 0.26
    side = np.concatenate(
        [
            oval(x, top + height, radius, flat, start=0, stop=180),
            polygon((x - radius, top), (x + radius, top)),
        ]
    )
    pen.fill(side, rounded(colour, 0.4))
    for share in np.linspace(-0.8, 0.8, lugs):
        lug = x + radius * np.sin(share * 1.3)
        sag = flat * np.cos(share * 1.3)
        pen.line([(lug, top + sag), (lug, top + height + sag)], radius * 0.035, metal(STEEL))
        pen.box(
            lug - radius * 0.05,
            top + sag + height * 0.35,
            lug + radius * 0.05,
            top + sag + height * 0.6,
            metal(STEEL),
            0.6,
        )
    for y in (top + height, top):
        pen.line(oval(x, y, radius, flat, start=0, stop=180), radius * 0.09, metal(STEEL))
    pen.oval(x, top, radius * 1.02, flat * 1.04, metal(STEEL))
    pen.oval(x, top, radius * 0.95, flat * 0.92, lit((244, 240, 230), 0.12))


def _snare(pen: Pen, look: Look) -> None:
    _shell(pen, 50, 44, 44, 34, look.colour, 7)
    for start, stop in (((14, 20), (62, 46)), ((88, 18), (40, 48))):
        pen.fill(limb([start, stop], 3.2, 1.8), rolled((222, 180, 124)))
        pen.oval(*stop, 2.2, 1.6, (226, 190, 140))


def _djembe(pen: Pen, look: Look) -> None:
    body = symmetric("M50 12 L22 14 C22 34 34 46 40 56 C42 66 38 80 34 92 C38 96 44 96 50 96")
    pen.fill(body, rounded(look.colour, 0.4))
    for y in np.arange(20, 44, 8):
        pen.inside(body).line(f"M20 {y} C36 {y + 8} 64 {y + 8} 80 {y}", 1.6, look.second)
    for x in range(22, 79, 6):
        rope = [(x, 16), (50 + (x - 50) * 0.7 + 2, 34), (50 + (x - 50) * 0.42, 52)]
        pen.inside(body).line(rope, 0.9, CREAM)
    for step in range(5):
        pen.inside(body).fill(
            polygon((38 + step * 6, 80), (41 + step * 6, 72), (44 + step * 6, 80), (41 + step * 6, 88)),
            light(look.colour, 0.4),
        )
    pen.oval(50, 13, 29.6, 8, lit((150, 112, 80), 0.2))
    pen.oval(50, 12.2, 26.6, 6.6, lit((238, 222, 194), 0.14))


def _drum_kit(pen: Pen, look: Look) -> None:
    for x, top in ((14, 26), (88, 20)):
        pen.line([(x, top), (x + (6 if x < 50 else -6), 95)], 1.3, metal(STEEL))
        pen.oval(x, top, 15, 3.4, metal(GOLD))
        pen.oval(x, top - 1.2, 3, 1.2, GOLD)
    for x in (36, 64):
        pen.line([(50, 60), (x, 40)], 1.6, metal(STEEL))
        _shell(pen, x, 34, 13.4, 13, look.colour, 4)
    _shell(pen, 82, 62, 14, 22, look.colour, 4)
    _shell(pen, 17, 60, 14, 9, mix(look.colour, STEEL, 0.5), 4)
    for x in (10, 24, 72, 92):
        pen.line([(x, 74 if x < 50 else 86), (x, 95)], 1.2, STEEL)
    pen.disc(50, 71, 24, metal(STEEL))
    pen.disc(50, 71, 22.4, lit(look.colour, 0.35))
    pen.disc(50, 71, 20.4, lit((242, 240, 234), 0.14))
    pen.write(look.brand.upper(), 50, 71, 7, look.colour, bold=True, room=33)
