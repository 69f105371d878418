"""Sound: headphones, earbuds, loudspeakers."""

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
from mmquality.data.sample.drawing.outlines import box, limb, oval, path, polygon, smooth
from mmquality.data.sample.drawing.paints import ball, down, glow, lit, metal, rolled, rounded
from mmquality.data.sample.drawing.pen import Pen


def headphones(pen: Pen, look: Look) -> None:
    """Headphones from the front: over-ear, on-ear or gaming with a microphone."""
    slim = look.style == "on-ear"
    band = path("M21 62 C10 -4 90 -4 79 62")
    if slim:
        pen.line(band, 3.2, metal(STEEL))
        pen.line("M30 26 C40 11 60 11 70 26", 7, dark(look.colour, 0.1))
    else:
        pen.line(band, 9.5, dark(look.colour, 0.25))
        pen.line(band - (0.6, 1.4), 6.4, look.colour)
        pen.line("M28 34 C36 12 64 12 72 34", 6.5, dark(look.second, 0.35))
        pen.line("M30 20 C38 9 48 7 56 8", 1.4, light(look.colour, 0.5))
    for side in pen.both_sides():
        _ear_cup(side, look, 0.8 if slim else 1.0)
    if look.style == "gaming":
        _microphone(pen, look)


def _ear_cup(pen: Pen, look: Look, size: float) -> None:
    pen.fill(limb([(20, 46), (21, 66)], 4, 7), metal(STEEL))
    cup = pen.moved(x=0, y=0, size=size, about=(22, 68))
    cup.oval(30, 69, 10, 20, ball(RUBBER, 0.3), turn=6)
    cup.oval(28, 69, 7, 17, dark(RUBBER, 0.3), turn=6)
    cup.oval(21, 68, 13, 21, lit(look.colour, 0.38), turn=6)
    cup.oval(18.4, 67.6, 8.6, 15.4, dark(look.colour, 0.18), turn=6)
    cup.oval(18, 67.2, 7.8, 14.4, lit(light(look.colour, 0.06), 0.3), turn=6)
    if look.style == "gaming":
        cup.loop(18, 67.4, 5.4, 10.6, 1.6, look.second)
        cup.oval(18, 67.4, 16, 24, glow(look.second, 0.3))
    else:
        cup.oval(18, 67.4, 3.4, 5.4, metal(light(look.colour, 0.35)), turn=6)
    cup.glaze(oval(15, 57, 3, 7, 16), clear(WHITE, 0.45), soft=1.2)


def _microphone(pen: Pen, look: Look) -> None:
    pen.line("M18 78 C20 96 34 98 46 92", 2, RUBBER)
    pen.oval(48, 91, 5.5, 3.4, ball(INK), turn=-20)
    pen.oval(48, 91, 1.6, 1.2, look.second)


def earbuds(pen: Pen, look: Look) -> None:
    """Earbuds: in their open charging case, with ear hooks, or on a cable."""
    {"case": _earbud_case, "sport": _hooked_earbuds, "wired": _wired_earbuds}[look.style](pen, look)


def _earbud_case(pen: Pen, look: Look) -> None:
    pen.fill("M16 52 C14 18 22 12 50 12 C78 12 86 18 84 52 Z", lit(dark(look.colour, 0.08), 0.3))
    pen.fill(
        "M22 52 C20 24 28 19 50 19 C72 19 80 24 78 52 Z", down(dark(look.colour, 0.5), dark(look.colour, 0.2))
    )
    for side in pen.both_sides():
        side.box(33, 40, 40, 62, rounded(look.colour), 3)
        side.oval(36, 38, 9.4, 10, ball(light(look.colour, 0.08), 0.4))
        side.oval(33, 36, 4, 5.2, dark(RUBBER, 0.1), turn=20)
    pen.fill(
        "M12 54 C12 50 16 50 20 50 L80 50 C84 50 88 50 88 54 C88 84 82 94 50 94 C18 94 12 84 12 54 Z",
        lit(look.colour, 0.25),
    )
    pen.box(14, 50, 86, 54, clear(WHITE, 0.35), 2)
    pen.disc(50, 70, 1.6, (110, 220, 130))
    pen.glaze("M18 60 C18 80 24 86 34 89 C24 80 23 70 23 60 Z", clear(WHITE, 0.5), soft=1.4)


def _hooked_earbuds(pen: Pen, look: Look) -> None:
    for side in pen.both_sides():
        hook = path("M32 40 C34 14 8 10 8 40 C8 54 12 62 16 68")
        side.line(hook, 4.6, dark(RUBBER, 0.1))
        side.line(hook - (0.6, 0.6), 1.6, light(RUBBER, 0.3))
        side.fill(smooth([(20, 40), (36, 36), (42, 50), (38, 70), (26, 74), (18, 60)]), lit(look.colour, 0.4))
        side.fill(smooth([(22, 60), (34, 62), (32, 72), (26, 72)]), look.second)
        side.oval(40, 47, 6, 7.4, ball(RUBBER, 0.3), turn=-20)
        side.oval(27, 49, 3.6, 3.6, metal(light(look.colour, 0.3)))
    if look.chance(0.5):
        pen.line("M24 73 C30 96 70 96 76 73", 1.8, RUBBER)


def _wired_earbuds(pen: Pen, look: Look) -> None:
    cable = light(look.colour, 0.06)
    pen.line("M36 34 C30 60 52 52 50 72 C48 92 84 94 78 74 C72 58 34 66 26 84", 2, dark(cable, 0.25))
    pen.line("M64 30 C72 52 52 56 50 72", 2, dark(cable, 0.25))
    pen.box(48, 66, 52.4, 75, rounded(RUBBER), 1.4)
    pen.line([(26, 84), (16, 92)], 3.4, metal(STEEL))
    pen.line([(31, 78), (24, 86)], 5, dark(cable, 0.1))
    for side, turn in zip(pen.both_sides(), (0, 6), strict=True):
        bud = side.moved(turn=turn)
        bud.fill(limb([(36, 20), (37, 38)], 7, 5), rounded(cable))
        bud.oval(34, 19, 10, 10.5, ball(look.colour, 0.45))
        bud.oval(28.6, 18, 5.2, 7.4, ball(RUBBER, 0.3), turn=10)
        bud.disc(38, 20, 3, metal(STEEL))


def speaker(pen: Pen, look: Look) -> None:
    """A loudspeaker: a portable roll, a smart tower or a wooden shelf speaker."""
    {"portable": _portable_speaker, "smart": _smart_speaker, "shelf": _shelf_speaker}[look.style](pen, look)


def _portable_speaker(pen: Pen, look: Look) -> None:
    pen.box(8, 44, 92, 93, rolled(look.colour, 0.4), 22)
    mesh = pen.inside(box(16, 44, 84, 93, 10))
    for row, y in enumerate(np.arange(46, 93, 2.6)):
        for x in np.arange(17 + 1.3 * (row % 2), 84, 2.6):
            mesh.disc(x, y, 0.7, clear(dark(look.colour, 0.75), 0.6))
    for x in (12.5, 87.5):
        pen.oval(x, 68.5, 7.5, 24, ball(RUBBER, 0.3))
        pen.oval(x, 68.5, 4, 15, metal(dark(STEEL, 0.4)))
    pen.box(34, 60, 66, 76, lit(dark(look.colour, 0.2), 0.2), 3)
    pen.write(look.brand.upper(), 50, 68, 7, light(look.colour, 0.8), bold=True, room=30)
    pen.line("M86 50 C98 48 98 62 92 66", 1.8, look.second)
    pen.glaze(box(20, 49, 80, 53, 2), clear(WHITE, 0.3), soft=1.6)


def _smart_speaker(pen: Pen, look: Look) -> None:
    body = path("M24 24 C24 14 76 14 76 24 L78 88 C78 98 22 98 22 88 Z")
    pen.fill(body, rounded(look.colour, 0.4))
    weave = pen.inside(body)
    for y in np.arange(22, 97, 1.9):
        weave.line(f"M20 {y - 3} C36 {y + 3} 64 {y + 3} 80 {y - 3}", 0.7, clear(dark(look.colour, 0.6), 0.5))
    pen.oval(50, 21, 26, 7, lit(dark(look.colour, 0.35), 0.2))
    pen.loop(50, 21, 22, 5.4, 1.4, (110, 214, 240))
    pen.oval(50, 21, 30, 14, glow((110, 214, 240), 0.35))
    for x in (43, 57):
        pen.oval(x, 21, 1.6, 0.8, WHITE)
    pen.write(look.brand, 50, 86, 5, clear(light(look.colour, 0.6), 0.8), room=40)


def _shelf_speaker(pen: Pen, look: Look) -> None:
    wood = look.one_of(WOODS)
    pen.fill(polygon((74, 8), (86, 12), (86, 91), (74, 95)), dark(wood, 0.4))
    pen.box(20, 8, 74, 95, rounded(wood, 0.2), 1)
    pen.box(23, 11, 71, 92, lit(look.colour, 0.15), 1)
    _cone(pen, 47, 31, 10, RUBBER, look)
    _cone(pen, 47, 64, 20, look.second if look.chance(0.6) else RUBBER, look)
    pen.write(look.brand.upper(), 47, 88.5, 3.6, BRASS, bold=True)


def _cone(pen: Pen, x: float, y: float, radius: float, colour: RGB, look: Look) -> None:
    pen.disc(x, y, radius * 1.14, metal(STEEL))
    pen.disc(x, y, radius, dark(RUBBER, 0.3))
    pen.disc(x, y, radius * 0.86, ball(light(colour, 0.1), 0.5))
    pen.disc(x, y, radius * 0.34, ball(dark(colour, 0.4), 0.6))
    for angle in np.arange(45, 360, 90):
        dx, dy = np.cos(np.radians(angle)) * radius * 1.07, np.sin(np.radians(angle)) * radius * 1.07
        pen.disc(x + dx, y + dy, radius * 0.05 + 0.3, INK)
