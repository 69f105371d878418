"""Jewellery, watches and clocks."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import (
    BRASS,
    CREAM,
    GOLD,
    INK,
    RGB,
    STEEL,
    WHITE,
    against,
    clear,
    dark,
    light,
    luminance,
    mix,
)
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import Point, oval, path, polygon, star, symmetric
from mmquality.data.sample.drawing.paints import aslant, ball, lit, metal, rounded
from mmquality.data.sample.drawing.pen import Pen


def _around(x: float, y: float, radius: float, angle: float) -> tuple[float, float]:
    """The point at `angle` degrees clockwise from twelve o'clock."""
    return float(x + radius * np.sin(np.radians(angle))), float(y - radius * np.cos(np.radians(angle)))


def _dial(pen: Pen, x: float, y: float, radius: float, face: RGB, look: Look, numerals: bool) -> None:
    """A clock face that tells some time."""
    ink = against(face)
    pen.disc(x, y, radius, lit(face, 0.16))
    for hour in range(12):
        if numerals:
            place = _around(x, y, radius * 0.8, 30 * hour)
            pen.write(str(hour or 12), *place, radius * 0.17, ink, bold=True)
        else:
            _hand(pen, (x, y), radius, 30 * hour, (0.76, 0.9, 0.06), ink)
    for minute in range(60):
        _hand(pen, (x, y), radius, 6 * minute, (0.94, 0.98, 0.02), ink)
    turn, hour_now = look.between(0, 360), look.between(0, 12)
    _hand(pen, (x, y), radius, 30 * hour_now + turn / 12, (0, 0.5, 0.075), ink)
    _hand(pen, (x, y), radius, turn, (0, 0.74, 0.05), ink)
    _hand(pen, (x, y), radius, turn + 80, (-0.16, 0.8, 0.02), (206, 54, 48))
    pen.disc(x, y, radius * 0.055, ink)


def _hand(
    pen: Pen, centre: Point, radius: float, angle: float, size: tuple[float, float, float], ink: RGB
) -> None:
    """A stroke along the dial's radius; `size` is where it starts and stops and its width, in radii."""
    start, stop, width = (part * radius for part in size)
    pen.line([_around(*centre, start, angle), _around(*centre, stop, angle)], width, ink)


def watch(pen: Pen, look: Look) -> None:
    """A wrist watch: classic with a leather strap, a steel diver, or a smart watch."""
    {"classic": _classic_watch, "diver": _diver_watch, "smart": _smart_watch}[look.style](pen, look)


def _classic_watch(pen: Pen, look: Look) -> None:
    for strap in ("M37 34 L39 2 C42 -1 58 -1 61 2 L63 34 Z", "M37 66 L40 98 C44 103 56 103 60 98 L63 66 Z"):
        pen.fill(strap, rounded(look.colour, 0.34))
        pen.line(path(strap) * 0.9 + (5, 5), 0.5, clear(light(look.colour, 0.6), 0.7))
    for y in (80, 85, 90):
        pen.oval(50, y, 1, 1.4, dark(look.colour, 0.7))
    case = GOLD if look.chance(0.5) else STEEL
    pen.box(74, 47, 80, 53, metal(case), 1.4)
    pen.disc(50, 50, 26.5, metal(case))
    pen.disc(50, 50, 24, dark(case, 0.35))
    _dial(pen, 50, 50, 23, look.one_of((CREAM, WHITE, (38, 44, 62), INK)), look, False)
    pen.write(look.brand, 50, 42, 3.2, (130, 130, 134), room=20)
    pen.glaze(
        "M32 36 C38 28 50 26 58 28 C48 32 38 42 34 54 C30 48 30 42 32 36 Z", clear(WHITE, 0.25), soft=1.5
    )


def _diver_watch(pen: Pen, look: Look) -> None:
    for y in (*range(-2, 28, 6), *range(68, 100, 6)):
        wide = 15 - 0.25 * abs(50 - y) / 4
        pen.box(50 - wide, y, 50 + wide, y + 5.4, metal(STEEL), 1)
        pen.box(50 - wide * 0.45, y, 50 + wide * 0.45, y + 5.4, metal(light(STEEL, 0.3)), 1)
    pen.fill("M34 30 L66 30 L70 50 L66 70 L34 70 L30 50 Z", metal(STEEL))
    pen.box(76, 46, 83, 54, metal(STEEL), 1.4)
    pen.disc(50, 50, 29, metal(STEEL))
    pen.disc(50, 50, 27.6, dark(look.colour, 0.25))
    for step in range(12):
        pen.line(
            [_around(50, 50, 23, 30 * step), _around(50, 50, 26, 30 * step)], 1.2, light(look.colour, 0.8)
        )
    _dial(pen, 50, 50, 20.5, look.colour, look, False)
    for hour in (60, 120, 180, 240, 300, 0):
        pen.disc(*_around(50, 50, 15.6, hour), 1.7, (226, 244, 220))
    pen.glaze(
        "M36 36 C42 30 50 29 56 30 C48 34 40 42 37 52 C34 46 34 40 36 36 Z", clear(WHITE, 0.25), soft=1.5
    )


def _smart_watch(pen: Pen, look: Look) -> None:
    pen.fill("M34 30 L37 0 L63 0 L66 30 Z", rounded(look.colour, 0.3))
    pen.fill("M34 70 L37 100 L63 100 L66 70 Z", rounded(look.colour, 0.3))
    for y in (82, 88, 94):
        pen.oval(50, y, 1.5, 1.5, dark(look.colour, 0.6))
    pen.box(74, 42, 78, 52, metal(STEEL), 1.6)
    pen.box(25, 22, 75, 78, metal(dark(STEEL, 0.35)), 14)
    pen.box(27, 24, 73, 76, (10, 11, 15), 12)
    pen.write("10:09", 50, 36, 11, WHITE)
    for place, height in enumerate((8, 13, 10, 18, 14, 20, 11)):
        bar = 33 + place * 5
        pen.box(
            bar, 70 - height, bar + 3.2, 70, lit(look.one_of(((90, 210, 240), (150, 226, 120))), 0.2), 1.4
        )
    pen.glaze(polygon((30, 26), (52, 26), (36, 74), (29, 74)), clear(WHITE, 0.09))


def ring(pen: Pen, look: Look) -> None:
    """A finger ring: a solitaire, a plain band, or a signet with a coloured stone."""
    band, lower = look.colour, 52 if look.style == "band" else 58
    pen.loop(50, lower, 31, 33, 9 if look.style == "band" else 6.4, dark(band, 0.45))
    pen.loop(50, lower - 1, 31.4, 33, 7.4 if look.style == "band" else 5, metal(band))
    pen.line(oval(50, lower - 1, 31.4, 33, start=195, stop=245), 1.3, clear(WHITE, 0.85))
    pen.line(oval(50, lower - 1, 31.4, 33, start=20, stop=70), 1.3, clear(WHITE, 0.6))
    if look.style == "solitaire":
        _brilliant(pen, 50, 18, 15, (226, 238, 248), band)
    elif look.style == "gemstone":
        _cabochon(pen, look.second, band)


def _brilliant(pen: Pen, x: float, y: float, size: float, colour: RGB, band: RGB) -> None:
    for prong in (-0.72, 0.72):
        pen.line([(x + prong * size, y - 3), (x + prong * 4, y + size * 0.95)], 2.2, metal(band))
    crown = [(x - size, y - 1), (x - size * 0.6, y - 8), (x + size * 0.6, y - 8), (x + size, y - 1)]
    pen.fill(polygon(*crown, (x, y + size)), aslant(light(colour, 0.7), dark(colour, 0.25)))
    facets = [x - size, x - size * 0.45, x + size * 0.1, x + size * 0.5, x + size]
    tones = (0.8, -0.25, 0.5, -0.1)
    for left, right, tone in zip(facets, facets[1:], tones, strict=False):
        shade = light(colour, tone) if tone > 0 else dark(colour, -tone)
        pen.fill(polygon((left, y - 1), (right, y - 1), (x, y + size)), clear(shade, 0.75))
        pen.fill(
            polygon((left, y - 1), (right, y - 1), ((left + right) / 2 * 0.6 + x * 0.4, y - 8)),
            clear(light(shade, 0.2), 0.7),
        )
    for sx, sy, reach in ((x - 8, y - 7, 6.5), (x + 9, y + 2, 4.5)):
        pen.fill(star(sx, sy, reach, reach * 0.12, 4), WHITE)


def _cabochon(pen: Pen, stone: RGB, band: RGB) -> None:
    pen.oval(50, 22, 18, 14, metal(band))
    pen.oval(50, 21.4, 15, 11.2, ball(stone, 0.55))
    pen.fill(
        polygon((42, 16), (58, 16), (62, 22), (56, 28), (44, 28), (38, 22)), clear(light(stone, 0.4), 0.35)
    )
    pen.oval(45, 17, 4, 2, clear(WHITE, 0.85), turn=-18)


def necklace(pen: Pen, look: Look) -> None:
    """A necklace laid out: a pendant on a chain, pearls, or a heart locket."""
    curve = path("M14 6 C10 50 34 70 50 72 C66 70 90 50 86 6")
    pearls = look.style == "pearls"
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    for at in np.arange(0, lengths[-1], 5.6 if pearls else 2.6):
        x, y = np.interp(at, lengths, curve[:, 0]), np.interp(at, lengths, curve[:, 1])
        if pearls:
            pen.disc(x, y, 2.9, ball(mix(look.colour, CREAM, 0.75), 0.4))
        else:
            pen.loop(
                x,
                y,
                1.3,
                1.3,
                0.9,
                dark(look.colour, 0.25) if round(at / 2.6) % 2 else light(look.colour, 0.2),
            )
    if look.style == "pendant":
        pen.line([(50, 72), (50, 78)], 1.4, metal(look.colour))
        pen.fill("M50 76 C62 84 60 96 50 97 C40 96 38 84 50 76 Z", metal(look.colour))
        pen.oval(50, 88.5, 6.4, 6.6, ball(look.second, 0.6))
        pen.oval(47.6, 86, 1.8, 1.2, clear(WHITE, 0.9), turn=-30)
    elif look.style == "locket":
        pen.fill(symmetric("M50 78 C44 72 34 74 34 83 C34 90 44 95 50 99"), metal(look.colour))
        pen.fill(star(50, 85, 4.6, 1.8, 5), clear(dark(look.colour, 0.4), 0.8))


def clock(pen: Pen, look: Look) -> None:
    """A clock: for the wall, an alarm clock with bells, or a wooden mantel clock."""
    {"wall": _wall_clock, "alarm": _alarm_clock, "mantel": _mantel_clock}[look.style](pen, look)


def _face(look: Look) -> RGB:
    return CREAM if luminance(look.second) < 0.75 else look.second


def _wall_clock(pen: Pen, look: Look) -> None:
    pen.disc(50, 50, 45, lit(look.colour, 0.4))
    pen.disc(50, 50, 40.5, dark(look.colour, 0.4))
    pen.disc(50, 50, 39.4, dark(CREAM, 0.18))
    _dial(pen, 50, 51, 38.4, _face(look), look, look.chance(0.7))
    pen.write(look.brand, 50, 34, 4.6, (110, 110, 114), room=34)
    pen.glaze("M20 36 C28 20 44 13 58 14 C42 22 28 38 24 58 C18 50 18 42 20 36 Z", clear(WHITE, 0.22), soft=2)


def _alarm_clock(pen: Pen, look: Look) -> None:
    pen.line("M38 16 C42 4 58 4 62 16", 2.6, metal(STEEL))
    for side in pen.both_sides():
        side.line([(28, 84), (20, 94)], 5, lit(look.second, 0.3))
        side.line([(33, 24), (28, 18)], 2.4, STEEL)
        side.moved(turn=-34, about=(26, 18)).fill(
            "M14 22 C14 8 38 8 38 22 Z", metal(BRASS if look.chance(0.5) else STEEL)
        )
    pen.line([(50, 20), (50, 12)], 2, STEEL)
    pen.disc(50, 12, 3, ball(STEEL))
    pen.disc(50, 57, 36, lit(look.colour, 0.4))
    pen.disc(50, 57, 31, dark(look.colour, 0.45))
    _dial(pen, 50, 57, 29.6, CREAM, look, True)


def _mantel_clock(pen: Pen, look: Look) -> None:
    wood = look.colour
    pen.fill(symmetric("M50 12 C34 12 28 26 26 44 C22 66 12 76 6 84 L50 84"), lit(wood, 0.3))
    pen.line("M50 15 C36 15 31 28 29 46 C25 68 16 77 11 82", 0.8, light(wood, 0.4))
    pen.box(2, 83, 98, 95, rounded(dark(wood, 0.2), 0.2), 2)
    pen.box(2, 83, 98, 85.5, light(wood, 0.12), 1)
    pen.disc(50, 46, 25, metal(BRASS))
    _dial(pen, 50, 46, 22.4, CREAM, look, True)
    pen.box(40, 74, 60, 79, metal(BRASS), 1)
