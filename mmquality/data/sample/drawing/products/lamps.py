"""Lamps for the table, the desk and the floor."""

from __future__ import annotations

from mmquality.data.sample.drawing.colours import BRASS, RGB, STEEL, WHITE, WOODS, clear, dark, light, mix
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import limb, oval, polygon, symmetric
from mmquality.data.sample.drawing.paints import ball, glow, lit, metal, rounded
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.products.patterns import decorate


def lamp(pen: Pen, look: Look) -> None:
    """A lamp: for the table, a jointed desk lamp, or a floor lamp on a tripod."""
    {"table": _table_lamp, "desk": _desk_lamp, "floor": _floor_lamp}[look.style](pen, look)


_LAMPLIGHT: RGB = (255, 224, 160)


def _shade(pen: Pen, look: Look, colour: RGB, top: float, bottom: float, narrow: float, wide: float) -> None:
    """A cloth lampshade; lit from within two times in three."""
    shape = polygon((50 - narrow, top), (50 + narrow, top), (50 + wide, bottom), (50 - wide, bottom))
    burning = look.chance(0.66)
    if burning:
        pen.disc(50, (top + bottom) / 2, wide * 1.7, glow(_LAMPLIGHT, 0.5))
    pen.fill(shape, rounded(colour, 0.26))
    decorate(pen.inside(shape), look, (50 - wide, top, 50 + wide, bottom))
    if burning:
        pen.glaze(shape, glow((255, 240, 200), 0.75))
    pen.oval(50, bottom, wide, 2.2, dark(colour, 0.3) if not burning else mix(colour, _LAMPLIGHT, 0.7))
    pen.oval(50, top, narrow, 1.6, light(colour, 0.35))


def _table_lamp(pen: Pen, look: Look) -> None:
    pen.line([(50, 46), (50, 58)], 2, metal(BRASS))
    base = symmetric("M50 54 L46 54 C46 60 32 64 32 76 C32 86 40 88 42 92 L34 95 L50 95")
    pen.fill(base, ball(look.second, 0.5))
    pen.glaze(oval(42, 72, 3, 7, 16), clear(WHITE, 0.6), soft=1.2)
    pen.box(33, 91.4, 67, 95, metal(BRASS), 1)
    _shade(pen, look, look.colour, 7, 49, 17, 31)


def _desk_lamp(pen: Pen, look: Look) -> None:
    pen.oval(62, 92, 24, 4.6, dark(look.colour, 0.4))
    pen.oval(62, 90.4, 24, 4.6, lit(look.colour, 0.3))
    for shift in (-1.6, 1.6):
        pen.line([(64 + shift, 88), (80 + shift, 52)], 1.7, metal(STEEL))
        pen.line([(80, 52 + shift), (40, 26 + shift)], 1.7, metal(STEEL))
    for x, y in ((64, 88), (80, 52), (40, 26)):
        pen.disc(x, y, 3.4, ball(dark(look.colour, 0.2)))
    head = pen.moved(turn=28, about=(36, 26))
    head.disc(30, 58, 30, glow(_LAMPLIGHT, 0.6))
    head.fill(
        "M30 14 C30 8 42 8 42 14 C52 20 54 32 54 40 L18 40 C18 32 20 20 30 14 Z", rounded(look.colour, 0.4)
    )
    head.oval(36, 40, 18, 4, light(_LAMPLIGHT, 0.3))


def _floor_lamp(pen: Pen, look: Look) -> None:
    wood = look.one_of(WOODS)
    pen.fill(limb([(50, 42), (50, 90)], 2, 1.8), rounded(dark(wood, 0.35)))
    for spine in ([(49, 42), (32, 95)], [(51, 42), (68, 95)]):
        pen.fill(limb(spine, 2.8, 2.2), rounded(wood))
    pen.box(46, 37, 54, 44, metal(BRASS), 1)
    pen.line([(38, 72), (62, 72)], 0.9, metal(BRASS))
    _shade(pen, look, look.colour, 3, 35, 17, 25)
