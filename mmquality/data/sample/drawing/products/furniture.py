"""Furniture: chairs, sofas, tables."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import (
    BRASS,
    INK,
    RGB,
    RUBBER,
    STEEL,
    WHITE,
    WOODS,
    clear,
    dark,
    light,
)
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import box, limb, path, polygon
from mmquality.data.sample.drawing.paints import aslant, ball, lit, metal, rolled, rounded
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.products.patterns import decorate


def chair(pen: Pen, look: Look) -> None:
    """A chair: wooden for the dining room, a shell chair, or an office chair on castors."""
    {"dining": _dining_chair, "shell": _shell_chair, "office": _office_chair}[look.style](pen, look)


def _dining_chair(pen: Pen, look: Look) -> None:
    wood = look.one_of(WOODS)
    for x, top, foot in ((33, 56, 84), (74, 54, 82)):
        pen.fill(limb([(x, top), (x + 2, foot)], 4, 3), rounded(dark(wood, 0.35)))
    for x in (28, 70):
        pen.fill(limb([(x + 2, 4), (x, 60)], 4.4, 5), rounded(wood))
    for y in (7, 22, 37):
        slat = path(f"M29 {y} C40 {y - 3} 60 {y - 3} 72 {y} L72 {y + 8} C60 {y + 5} 40 {y + 5} 29 {y + 8} Z")
        pen.fill(slat, lit(light(wood, 0.1), 0.25))
    pen.fill("M26 55 L74 55 L86 66 L16 68 Z", lit(look.colour, 0.2))
    pen.fill("M16 68 L86 66 L86 71 L16 73 Z", rolled(dark(look.colour, 0.2)))
    pen.fill(polygon((18, 73), (85, 71), (84, 77), (19, 79)), lit(wood, 0.2))
    for x in (21, 82):
        pen.fill(limb([(x, 72), (x + (1 if x < 50 else -1), 95)], 5.4, 3.6), rounded(wood))
    pen.glaze(polygon((28, 58), (52, 57), (48, 64), (22, 66)), clear(WHITE, 0.2), soft=2)


def _shell_chair(pen: Pen, look: Look) -> None:
    wood = look.one_of(WOODS)
    for spine in ([(40, 62), (30, 88)], [(62, 62), (72, 88)]):
        pen.fill(limb(spine, 4, 2.4), rounded(dark(wood, 0.3)))
    pen.fill(
        "M22 18 C24 4 76 4 80 18 C84 32 78 48 76 58 C84 60 88 64 86 68 "
        "C80 78 26 80 18 70 C14 64 20 60 26 58 C22 46 18 30 22 18 Z",
        lit(look.colour, 0.3),
    )
    pen.glaze("M26 58 C40 52 62 52 76 58 C64 60 40 62 26 58 Z", clear(INK, 0.35), soft=2.4)
    pen.fill("M18 66 C28 60 76 58 87 65 C84 78 22 82 18 66 Z", lit(light(look.colour, 0.08), 0.22))
    pen.glaze("M30 14 C28 30 32 44 36 52 C32 40 32 26 40 12 Z", clear(WHITE, 0.4), soft=2)
    for spine in ([(32, 74), (20, 95)], [(70, 74), (82, 95)]):
        pen.fill(limb(spine, 5, 2.8), rounded(wood))
    pen.line([(28, 84), (74, 84)], 1.2, INK)


def _office_chair(pen: Pen, look: Look) -> None:
    for x in (18, 34, 66, 82):
        pen.line([(50, 80), (x, 89)], 4, rolled(RUBBER))
        pen.disc(x, 92, 3.4, ball(INK))
    pen.disc(50, 93, 3.2, ball(INK))
    pen.box(47.4, 66, 52.6, 84, metal(STEEL), 1)
    pen.line([(50, 66), (50, 50)], 5, RUBBER)
    pen.box(27, 3, 73, 52, lit(look.colour, 0.24), 12)
    mesh = pen.inside(box(30, 6, 70, 49, 10))
    for y in np.arange(8, 50, 2.2):
        mesh.line([(28, y), (72, y)], 0.7, clear(dark(look.colour, 0.6), 0.4))
    pen.fill("M28 34 C40 30 60 30 72 34 L71 42 C60 38 40 38 29 42 Z", lit(dark(look.colour, 0.15), 0.2))
    for side in pen.both_sides():
        side.line([(24, 62), (19, 60), (18, 46)], 3.4, RUBBER)
        side.box(12, 42, 28, 47, rolled(RUBBER), 2.4)
    pen.fill(
        "M22 58 C22 54 26 54 30 54 L70 54 C74 54 78 54 78 58 L82 66 C82 72 18 72 18 66 Z",
        lit(look.colour, 0.3),
    )


def sofa(pen: Pen, look: Look) -> None:
    """A sofa: modern on thin legs, tufted with rolled arms, or an armchair."""
    if look.style == "armchair":
        pen = pen.stretched(wide=0.66)
    else:
        pen = pen.stretched(wide=1.08)
    legs = look.one_of(WOODS)
    for x in (14, 86):
        pen.fill(limb([(x, 82), (x + (3 if x > 50 else -3), 95)], 4, 2.4), rounded(dark(legs, 0.2)))
    back = box(10, 32, 90, 74, 9)
    pen.fill(back, lit(look.colour, 0.24))
    decorate(pen.inside(back), look, (12, 34, 88, 74))
    if look.style == "tufted":
        _tufts(pen, look)
    seats = 1 if look.style == "armchair" else 2 + look.chance(0.4)
    pen.box(10, 70, 90, 86, lit(dark(look.colour, 0.2), 0.2), 3)
    for seat in range(seats):
        left = 17 + seat * 66 / seats
        right = left + 66 / seats
        if look.style != "tufted":
            pen.box(left + 0.4, 36, right - 0.4, 62, lit(light(look.colour, 0.06), 0.3), 5)
            decorate(pen.inside(box(left, 36, right, 62, 5)), look, (12, 34, 88, 74))
        pen.box(left + 0.3, 60, right - 0.3, 73, rolled(light(look.colour, 0.08), 0.28), 4)
    for side in pen.both_sides():
        _sofa_arm(side, look)
    _cushion(pen, look)


def _sofa_arm(pen: Pen, look: Look) -> None:
    if look.style == "tufted":
        pen.box(3, 46, 17, 87, rounded(look.colour, 0.25), 2)
        pen.disc(10, 48, 9, ball(look.colour, 0.34))
        pen.loop(10, 48, 5, 5, 1, clear(dark(look.colour, 0.5), 0.8))
        return
    pen.box(4, 48, 18, 86, rounded(look.colour, 0.26), 6)
    pen.glaze(box(5, 49, 17, 53, 2), clear(WHITE, 0.25), soft=1.4)


def _tufts(pen: Pen, look: Look) -> None:
    for row, y in enumerate((40, 49, 58)):
        for x in range(18 + 6 * (row % 2), 86, 12):
            for dx, dy in ((-6, -9), (6, -9), (-6, 9), (6, 9)):
                pen.inside(box(12, 33, 88, 62, 7)).line(
                    [(x, y), (x + dx, y + dy)], 0.8, clear(dark(look.colour, 0.5), 0.55)
                )
            pen.disc(x, y, 1.1, dark(look.colour, 0.45))


def _cushion(pen: Pen, look: Look) -> None:
    for x, turn in ((27, -12), (73, 10)) if look.style != "armchair" else ((50, 8),):
        if look.chance(0.6):
            pillow = pen.moved(x=x - 50, y=4, turn=turn)
            shape = path(
                "M40 42 C46 44 54 44 60 42 C58 48 58 56 60 62 C54 60 46 60 40 62 C42 56 42 48 40 42 Z"
            )
            pillow.fill(shape, lit(look.second, 0.28))


def table(pen: Pen, look: Look) -> None:
    """A table: for dining, a round coffee table, or a desk with drawers."""
    {"dining": _dining_table, "coffee": _coffee_table, "desk": _desk}[look.style](pen, look)


def _table_top(pen: Pen, colour: RGB, top: float, grain: bool, look: Look) -> None:
    surface = polygon((18, top), (82, top), (98, top + 14), (2, top + 14))
    pen.fill(surface, aslant(light(colour, 0.25), dark(colour, 0.08)))
    if grain:
        for _ in range(9):
            y, bend = look.between(top, top + 14), look.between(-1.5, 1.5)
            pen.inside(surface).line(
                f"M0 {y:.1f} C34 {y + bend:.1f} 66 {y - bend:.1f} 100 {y:.1f}",
                0.6,
                clear(dark(colour, 0.5), 0.4),
            )
    pen.box(2, top + 14, 98, top + 19, rolled(dark(colour, 0.12)), 0.6)


def _dining_table(pen: Pen, look: Look) -> None:
    for x in (23, 77):
        pen.fill(limb([(x, 50), (x, 84)], 3.4, 2.6), rounded(dark(look.colour, 0.4)))
    for x in (8, 92):
        pen.fill(limb([(x, 55), (x, 95)], 6, 4), rounded(look.colour))
    pen.box(9, 58, 91, 64, rolled(dark(look.colour, 0.28)))
    _table_top(pen, look.colour, 40, True, look)
    if look.chance(0.5):
        pen.oval(50, 47, 15, 3.6, (236, 234, 228))
        pen.fill("M37 46 C38 54 62 54 63 46 Z", lit((228, 224, 216), 0.2))
        for x, colour in ((44, (214, 70, 60)), (51, (240, 178, 60)), (57, (150, 186, 80))):
            pen.disc(x, 43, 4, ball(colour))


def _coffee_table(pen: Pen, look: Look) -> None:
    wood = look.one_of(WOODS)
    pen.fill(limb([(50, 62), (50, 84)], 3.6, 2.6), rounded(dark(wood, 0.4)))
    for spine in ([(24, 64), (14, 95)], [(76, 64), (86, 95)]):
        pen.fill(limb(spine, 5, 3), rounded(wood))
    pen.line([(20, 80), (80, 80)], 1.6, dark(wood, 0.2))
    pen.oval(50, 62, 46, 13, dark(look.colour, 0.35))
    pen.oval(50, 58.5, 46, 13, aslant(light(look.colour, 0.3), dark(look.colour, 0.12)))
    pen.oval(50, 58.5, 43, 11.6, clear(WHITE, 0.06))
    if look.chance(0.6):
        pen.fill("M60 52 L76 50 L82 56 L64 58 Z", lit(look.second, 0.2))
        pen.fill("M64 58 L82 56 L82 58.4 L64 60.6 Z", WHITE)


def _desk(pen: Pen, look: Look) -> None:
    wood = look.colour
    for x in (8, 20):
        pen.fill(limb([(x, 54), (x, 95 - (x - 8) * 0.6)], 4, 3), metal(dark(STEEL, 0.4)))
    pen.box(60, 55, 94, 92, rounded(wood, 0.2), 1)
    for row in range(3):
        pen.box(62, 58 + row * 11.4, 92, 67.6 + row * 11.4, lit(light(wood, 0.1), 0.15), 0.8)
        pen.box(73, 61.6 + row * 11.4, 81, 63.2 + row * 11.4, metal(BRASS), 0.8)
    for x in (63, 91):
        pen.fill(limb([(x, 92), (x, 95)], 3, 2.4), RUBBER)
    _table_top(pen, wood, 37, True, look)
    if look.chance(0.5):
        pen.fill(polygon((22, 22), (48, 22), (50, 44), (24, 44)), INK)
        pen.fill(
            polygon((23.4, 23.4), (46.8, 23.4), (48.6, 42.4), (25.4, 42.4)),
            aslant((130, 190, 230), (60, 90, 160)),
        )
