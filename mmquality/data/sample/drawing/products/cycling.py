"""Bicycles and skateboards."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import INK, RGB, RUBBER, STEEL, WOODS, dark, light
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import box, oval, path, polygon
from mmquality.data.sample.drawing.paints import ball, lit, metal, rolled, rounded
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.products.patterns import decorate

_REAR, _FRONT, _CRANK = (22.0, 73.0), (78.0, 73.0), (46.0, 74.0)


_HUB_RADIUS = 21.0


def bicycle(pen: Pen, look: Look) -> None:
    """A bicycle facing right: a racer, a mountain bike, or a city bike with a basket."""
    for x, y in (_REAR, _FRONT):
        _wheel(pen, x, y, 3.4 if look.style == "mountain" else 1.9, look)
    {"racer": _diamond_frame, "mountain": _diamond_frame, "city": _city_frame}[look.style](pen, look)
    pen.line([_CRANK, (50, 84)], 1.8, metal(STEEL))
    pen.box(47, 83, 54, 85.4, INK, 1)
    pen.disc(*_CRANK, 5, metal(dark(STEEL, 0.35)))
    pen.disc(*_CRANK, 3, dark(STEEL, 0.5))
    pen.line([(46, 69.4), (22, 71)], 0.7, INK)
    pen.line([(46, 78.6), (22, 75)], 0.7, INK)


def _wheel(pen: Pen, x: float, y: float, tyre: float, look: Look) -> None:
    for angle in np.arange(0, 180, 12):
        dx, dy = np.cos(np.radians(angle)) * _HUB_RADIUS, np.sin(np.radians(angle)) * _HUB_RADIUS
        pen.line([(x - dx, y - dy), (x + dx, y + dy)], 0.32, (170, 174, 180))
    pen.loop(x, y, _HUB_RADIUS, _HUB_RADIUS, tyre, RUBBER)
    pen.loop(
        x,
        y,
        _HUB_RADIUS - tyre * 0.8,
        _HUB_RADIUS - tyre * 0.8,
        1.2,
        look.second if look.style == "racer" else STEEL,
    )
    pen.disc(x, y, 2, metal(STEEL))


def _tube(pen: Pen, start: tuple[float, float], stop: tuple[float, float], width: float, colour: RGB) -> None:
    pen.line([start, stop], width, dark(colour, 0.35))
    pen.line(np.array([start, stop]) - (0.3, 0.4), width * 0.68, colour)
    pen.line(np.array([start, stop]) - (0.6, 0.7), width * 0.22, light(colour, 0.6))


def _diamond_frame(pen: Pen, look: Look) -> None:
    sturdy = 3.8 if look.style == "mountain" else 2.7
    seat, head, head_low = (37.0, 44.0), (68.0, 42.0), (70.0, 50.0)
    for start, stop in ((_REAR, _CRANK), (_REAR, seat)):
        _tube(pen, start, stop, sturdy * 0.6, look.colour)
    for start, stop in ((head_low, _CRANK), (seat, _CRANK), (seat, head)):
        _tube(pen, start, stop, sturdy, look.colour)
    _tube(pen, (67, 37), _FRONT, sturdy * 0.85, look.second if look.style == "mountain" else look.colour)
    pen.line([seat, (35.4, 36)], 1.8, metal(STEEL))
    pen.fill("M26 34 C32 31 42 33 47 35 C42 38 34 38 28 38 Z", lit(RUBBER, 0.3))
    if look.style == "racer":
        pen.line([(67, 37), (74, 35)], 2, metal(STEEL))
        pen.line("M72 35 C82 33 84 44 74 46", 2.4, look.second)
    else:
        pen.line([(67, 38), (66, 31), (74, 29)], 2, metal(STEEL))
        pen.line([(62, 30), (69, 29)], 3, RUBBER)
    pen.write(look.brand.upper(), 57, 60.4, 3.4, light(look.colour, 0.85), turn=-47, bold=True, room=22)


def _city_frame(pen: Pen, look: Look) -> None:
    _tube(pen, _REAR, _CRANK, 2, look.colour)
    _tube(pen, _REAR, (37, 50), 1.8, look.colour)
    for shape in ("M68 42 C62 62 56 72 46 74", "M67 36 C60 54 50 64 41 62"):
        pen.line(shape, 2.8, dark(look.colour, 0.35))
        pen.line(path(shape) - (0.3, 0.4), 1.9, look.colour)
    _tube(pen, (36, 42), _CRANK, 2.8, look.colour)
    _tube(pen, (67, 34), _FRONT, 2.6, look.colour)
    for x, y in (_REAR, _FRONT):
        pen.line(oval(x, y, 24, 24, start=200, stop=330), 1.8, look.colour)
    pen.fill("M26 40 C32 35 44 37 47 41 C42 44 32 45 27 44 Z", lit((120, 76, 46), 0.3))
    pen.line("M67 34 C66 28 62 26 54 30", 2, metal(STEEL))
    pen.line([(56, 29.4), (51, 31.4)], 3, (120, 76, 46))
    basket = polygon((70, 32), (92, 32), (89, 48), (73, 48))
    pen.fill(basket, lit((196, 152, 98), 0.2))
    for x in range(66, 98, 4):
        pen.inside(basket).line([(x, 30), (x + 3, 50)], 0.7, (120, 84, 50))
        pen.inside(basket).line([(66, x - 30), (98, x - 30)], 0.6, (120, 84, 50))
    pen.line([(12, 46), (34, 46)], 1.6, STEEL)


def skateboard(pen: Pen, look: Look) -> None:
    """A skateboard: its printed underside, seen from the side, or a longboard."""
    {"deck": _deck_underside, "side": _skateboard_side, "longboard": _longboard}[look.style](pen, look)


def _deck_underside(pen: Pen, look: Look) -> None:
    pen = pen.moved(turn=look.between(16, 40))
    deck = box(36, -4, 64, 104, 14)
    pen.fill(deck + (1.4, 1.2), dark(look.one_of(WOODS), 0.2))
    pen.fill(deck, lit(look.colour, 0.2))
    within = pen.inside(deck)
    if look.pattern == "plain":
        within.fill("M30 30 L70 14 L70 40 L30 62 Z", lit(look.second, 0.2))
        within.fill("M30 70 L70 48 L70 56 L30 80 Z", lit(light(look.second, 0.5), 0.2))
        within.write(look.brand.upper(), 50, 50, 10, light(look.colour, 0.85), turn=-90, bold=True, room=56)
    decorate(within, look, (36, 24, 64, 78))
    for y in (14, 86):
        pen.box(33, y - 2, 67, y + 2, metal(STEEL), 1.6)
        pen.box(44, y - 6, 56, y + 6, metal(dark(STEEL, 0.2)), 2)
        for x in (31, 69):
            pen.box(x - 4, y - 6, x + 4, y + 6, rounded(light(look.second, 0.6)), 3)
            pen.box(x - 1.4, y - 2.4, x + 1.4, y + 2.4, dark(STEEL, 0.3), 1)


def _skate_wheel(pen: Pen, x: float, y: float, radius: float, colour: RGB) -> None:
    pen.disc(x, y, radius, ball(colour, 0.4))
    pen.disc(x, y, radius * 0.5, metal(STEEL))
    pen.disc(x, y, radius * 0.2, INK)


def _skateboard_side(pen: Pen, look: Look) -> None:
    deck = path(
        "M2 66 C8 72 14 77 20 77 L80 77 C86 77 92 72 98 66 "
        "L99 69 C93 77 88 81 80 81 L20 81 C12 81 7 77 1 69 Z"
    )
    pen.fill(
        "M2 66 C10 61 20 67 28 68 L72 68 C80 67 90 61 98 66 C92 72 86 77 80 77 L20 77 C14 77 8 72 2 66 Z",
        lit((58, 58, 62), 0.2),
    )
    pen.fill(deck, rolled(look.colour, 0.3))
    for x in (26, 74):
        pen.fill(polygon((x - 6, 81), (x + 6, 81), (x + 2.6, 89), (x - 2.6, 89)), metal(STEEL))
        _skate_wheel(pen, x, 88.4, 6.6, light(look.second, 0.15))


def _longboard(pen: Pen, look: Look) -> None:
    wood = look.one_of(WOODS)
    pen = pen.moved(turn=look.between(58, 76))
    deck = path("M50 -6 C60 4 64 30 63 50 C64 76 58 98 50 106 C42 98 36 76 37 50 C36 30 40 4 50 -6 Z")
    for y in (12, 88):
        for x in (36, 64):
            pen.box(x - 4, y - 5, x + 4, y + 5, rounded(light(look.second, 0.2)), 3)
    pen.fill(deck + (1.2, 1.2), dark(wood, 0.45))
    pen.fill(deck, lit(wood, 0.2))
    within = pen.inside(deck)
    within.box(47, -8, 53, 108, look.colour)
    for edge in (44.6, 55.4):
        within.line([(edge, -8), (edge, 108)], 1.2, look.second)
    within.disc(50, 50, 9, look.colour)
    within.write(look.brand[:2].upper(), 50, 50, 8, light(look.colour, 0.85), bold=True)
    for y in (10, 15, 85, 90):
        for x in (47, 53):
            pen.disc(x, y, 0.8, metal(STEEL))
