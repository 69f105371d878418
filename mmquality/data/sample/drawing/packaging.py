"""What sellers photograph instead of the product: the box it came in, or what only belongs to it."""

from __future__ import annotations

from mmquality.data.sample.drawing.colours import (
    CREAM,
    INK,
    RUBBER,
    STEEL,
    WHITE,
    against,
    clear,
    dark,
    light,
)
from mmquality.data.sample.drawing.look import Drawing, Look
from mmquality.data.sample.drawing.outlines import box, polygon
from mmquality.data.sample.drawing.paints import aslant, ball, lit, metal, rounded
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.photograph import Pose

POSE = Pose(("studio", "table", "room", "counter"), size=0.72)
_CARDBOARD = (188, 148, 104)


def carton(pen: Pen, look: Look) -> None:
    """A brown shipping carton, closed with tape."""
    pen.fill(polygon((8, 40), (30, 24), (94, 26), (76, 44)), lit(light(_CARDBOARD, 0.2), 0.1))
    pen.fill(polygon((8, 40), (76, 44), (76, 95), (8, 92)), lit(_CARDBOARD, 0.15))
    pen.fill(polygon((76, 44), (94, 26), (94, 76), (76, 95)), lit(dark(_CARDBOARD, 0.25), 0.1))
    pen.fill(polygon((36, 41.6), (48, 42.4), (66, 25), (56, 24.6)), clear((226, 206, 170), 0.9))
    pen.fill(polygon((36, 41.6), (48, 42.4), (48, 58), (36, 57.4)), clear((226, 206, 170), 0.9))
    pen.fill(polygon((52, 64), (72, 65), (72, 86), (52, 85)), lit(WHITE, 0.05))
    for row in range(4):
        pen.line([(54, 68 + row * 4.4), (70 - 3 * row, 68.8 + row * 4.4)], 1, dark(WHITE, 0.55))
    pen.write(
        look.one_of(("FRAGILE", "THIS SIDE UP")),
        28,
        76,
        6,
        dark(_CARDBOARD, 0.55),
        turn=3,
        bold=True,
        room=34,
    )


def retail_box(pen: Pen, look: Look) -> None:
    """A printed retail box: brand, bands of colour, a bar code, and nothing of the product itself."""
    pen.fill(polygon((12, 20), (22, 10), (90, 10), (82, 20)), lit(light(look.colour, 0.3), 0.1))
    pen.fill(polygon((82, 20), (90, 10), (90, 86), (82, 95)), lit(dark(look.colour, 0.4), 0.1))
    face = box(12, 20, 82, 95)
    pen.fill(face, lit(look.colour, 0.16))
    within = pen.inside(face)
    within.fill("M10 66 C30 54 56 82 84 60 L84 96 L10 96 Z", lit(look.second, 0.2))
    within.fill("M10 72 C30 60 56 88 84 66 L84 70 C56 92 30 64 10 76 Z", clear(WHITE, 0.6))
    pen.write(look.brand.upper(), 47, 38, 11, against(look.colour), bold=True, room=62)
    pen.write(look.style.upper(), 47, 50, 5, against(look.colour), room=60)
    pen.box(62, 82, 79, 92, WHITE)
    for x in (63.5, 65, 67, 68.4, 70.4, 72, 74.4, 75.6, 77.2):
        pen.line([(x, 83.4), (x, 90.6)], 0.6 + 0.5 * (round(x) % 2), INK)


def gift_box(pen: Pen, look: Look) -> None:
    """A small gift box with a ribbon, closed."""
    pen.box(16, 46, 84, 95, lit(look.colour, 0.2), 2)
    pen.box(44, 46, 56, 95, rounded(look.second, 0.25))
    pen.box(11, 34, 89, 50, lit(light(look.colour, 0.12), 0.2), 2)
    pen.box(44, 34, 56, 50, rounded(light(look.second, 0.1), 0.25))
    pen.glaze(box(16, 50, 84, 53), clear(INK, 0.3), soft=1)
    for side in pen.both_sides():
        side.fill("M50 33 C36 10 18 12 22 24 C26 32 40 34 50 34 Z", lit(look.second, 0.35))
        side.fill("M48 31 C40 20 30 18 29 23 C30 28 40 31 48 32 Z", dark(look.second, 0.35))
    pen.disc(50, 32, 4.4, ball(look.second))


def charger(pen: Pen, look: Look) -> None:
    """A plug and a coiled cable: all that is left of some device."""
    cable = look.one_of((RUBBER, (232, 232, 230)))
    for shift in (0, 4, 8):
        pen.line(
            f"M30 {66 - shift} C{10 + shift} 96 {80 - shift} {98 - shift} 82 {70 + shift / 2} "
            f"C84 {46 + shift} 40 {44 + shift} 32 {62 - shift / 2}",
            2.4,
            dark(cable, 0.06 * shift / 4),
        )
    pen.line("M60 52 C64 36 74 30 84 34", 2.4, cable)
    pen.box(82, 30, 92, 38, metal(STEEL), 1.4)
    pen.box(14, 22, 44, 54, lit(cable, 0.3), 7)
    for x in (22, 33):
        pen.box(x, 10, x + 4, 23, metal(STEEL), 1)
    pen.write(look.brand, 29, 40, 5, against(cable), room=24)


def booklet(pen: Pen, look: Look) -> None:
    """The manual."""
    pen.fill(polygon((22, 12), (76, 8), (82, 90), (26, 95)), lit(dark(CREAM, 0.12), 0.05))
    pen.fill(polygon((20, 12), (73, 8), (79, 90), (24, 94)), lit(CREAM, 0.08))
    pen.fill(polygon((20, 12), (73, 8), (75, 34), (21.4, 38)), aslant(look.colour, dark(look.colour, 0.25)))
    pen.write(look.brand.upper(), 47, 23, 8, against(look.colour), turn=-4, bold=True, room=46)
    pen.write("USER MANUAL", 50, 50, 6, INK, turn=-4, bold=True, room=44)
    for row in range(6):
        pen.line([(30, 62 + row * 4.6), (69 - 4 * (row % 3), 59.4 + row * 4.6)], 0.9, dark(CREAM, 0.5))


BOXES: tuple[Drawing, ...] = (carton, retail_box, gift_box)
DEVICE_LEFTOVERS: tuple[Drawing, ...] = (carton, retail_box, charger, booklet)
