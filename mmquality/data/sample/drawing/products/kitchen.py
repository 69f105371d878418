"""Kitchen: mugs and teapots; and what burns or blooms beside them: candles, vases, plant pots."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import (
    BRASS,
    CREAM,
    INK,
    RGB,
    STEEL,
    WHITE,
    clear,
    dark,
    light,
    mix,
    palette,
)
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import box, limb, oval, path, symmetric
from mmquality.data.sample.drawing.paints import ball, down, glow, lit, metal, rounded
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.products.patterns import decorate


def mug(pen: Pen, look: Look) -> None:
    """A mug with its handle to the right: straight, tapered or enamel."""
    top, foot = {"straight": (31, 31), "tapered": (35, 24), "enamel": (33, 31)}[look.style]
    body = symmetric(f"M42 18 L{42 - top} 22 L{42 - foot} 86 C{42 - foot} 92 {42 - foot * 0.6} 95 42 95", 42)
    rim = INK if look.style == "enamel" else light(look.colour, 0.35)
    _mug_handle(pen, look, 42 + (top + foot) / 2)
    pen.fill(body, rounded(look.colour))
    decorate(pen.inside(body), look, (42 - foot, 36, 42 + foot, 86))
    pen.glaze(box(42 - top * 0.72, 32, 42 - top * 0.52, 90, 3), clear(WHITE, 0.3), soft=2)
    pen.glaze(box(42 + foot * 0.72, 20, 90, 100), clear(INK, 0.22), soft=4)
    pen.oval(42, 22, top, 7.5, rim)
    pen.oval(42, 22.4, top - 2.2, 6.1, down(dark(look.colour, 0.55), dark(look.colour, 0.15)))
    if look.chance(0.5):
        pen.oval(42, 24.2, top - 4.4, 4.2, lit((92, 56, 34)))


def _mug_handle(pen: Pen, look: Look, right: float) -> None:
    shape = path(f"M{right - 5} 36 C{right + 27} 28 {right + 27} 80 {right - 6} 76")
    pen.line(shape, 8.5, dark(look.colour, 0.3))
    pen.line(shape - (0.4, 0.6), 6.2, look.colour)
    pen.line(shape - (1.2, 1.6), 1.6, light(look.colour, 0.5))


def teapot(pen: Pen, look: Look) -> None:
    """A teapot with its spout to the left: round, tall or iron."""
    shoulder, lid = (28, 28) if look.style == "tall" else (38, 38)
    bulge = "C34 30 24 78 34 90" if look.style == "tall" else "C22 38 14 76 34 90"
    body = symmetric(f"M54 {shoulder} {bulge} C40 95 48 95 54 95", 54)
    pen.fill("M33 80 C12 74 18 46 5 40 L12 36 C26 40 25 54 38 56 Z", lit(look.colour, 0.3))
    _teapot_handle(pen, look)
    pen.fill(body, ball(look.colour, 0.5))
    if look.style == "iron":
        _studs(pen.inside(body), look.colour)
    else:
        decorate(pen.inside(body), look, (28, 50, 80, 84))
    pen.glaze(oval(39, 54, 5, 13, 18), clear(WHITE, 0.12 if look.style == "iron" else 0.5), soft=2)
    pen.oval(54, lid + 1, 19, 4.4, dark(look.colour, 0.4))
    dome = symmetric(
        f"M54 {lid - 10} C44 {lid - 10} 36 {lid - 4} 36 {lid} C42 {lid + 4} 48 {lid + 4} 54 {lid + 4}", 54
    )
    pen.fill(dome, lit(look.colour, 0.3))
    pen.disc(54, lid - 13, 4.4, ball(BRASS if look.style == "iron" else look.second))


def _teapot_handle(pen: Pen, look: Look) -> None:
    if look.style == "iron":
        pen.line("M30 46 C26 0 82 0 78 46", 2.6, dark(STEEL, 0.62))
        pen.line("M38 15 C46 9 62 9 70 15", 5.4, (134, 88, 54))
        return
    grip = path("M76 44 C101 36 102 78 76 80")
    pen.line(grip, 7, dark(look.colour, 0.34))
    pen.line(grip - (0.4, 0.6), 4.8, look.colour)
    pen.line(grip - (1, 1.4), 1.2, light(look.colour, 0.5))


def _studs(pen: Pen, colour: RGB) -> None:
    for row in range(5):
        for column in range(10):
            x, y = 26 + column * 6 + 3 * (row % 2), 52 + row * 6
            pen.disc(x, y, 1.9, dark(colour, 0.4))
            pen.disc(x - 0.4, y - 0.5, 1.4, light(colour, 0.25))


_VASES = {
    "classic": "M50 8 L39 9 C44 22 40 30 31 42 C18 60 24 86 38 95 L50 95",
    "bottle": "M50 6 L44 6 C46 26 46 36 36 48 C22 62 24 90 34 95 L50 95",
    "amphora": "M50 8 L38 8 C38 14 43 20 43 27 C22 30 20 58 39 86 C39 91 34 93 34 95 L50 95",
}


def vase(pen: Pen, look: Look) -> None:
    """A vase, alone or with flowers: classic, bottle or amphora."""
    outline = symmetric(path(_VASES[look.style]))
    if look.chance(0.45):
        pen = pen.moved(size=0.68, about=(50, 95))
        _bouquet(pen, look, 10)
    if look.style == "amphora":
        for side in pen.both_sides():
            side.line("M42 14 C20 12 20 40 30 46", 4.2, dark(look.colour, 0.2))
            side.line("M42 13.4 C20 11.4 20 39.4 30 45.4", 2, light(look.colour, 0.1))
    pen.fill(outline, rounded(look.colour, 0.42))
    decorate(pen.inside(outline), look, (26, 46, 74, 84))
    pen.glaze("M36 48 C27 58 28 74 35 86 C31 70 33 58 40 49 Z", clear(WHITE, 0.6), soft=1.2)
    wide = 6 if look.style == "bottle" else 11.5
    pen.oval(50, 8.6, wide, 2.6, light(look.colour, 0.35))
    pen.oval(50, 9, wide - 1.6, 1.8, dark(look.colour, 0.65))


_PETALS = palette("e25470 f6ce50 f6f0e8 b478c8 ee823c")


def _bouquet(pen: Pen, look: Look, mouth: float) -> None:
    petals = look.one_of(_PETALS)
    for angle in np.linspace(-54, 54, 8):
        length = look.between(24, 42)
        x, y = 50 + length * np.sin(np.radians(angle)), mouth - length * np.cos(np.radians(angle))
        pen.line([(50, mouth + 4), (50 + (x - 50) * 0.45, mouth - length * 0.4), (x, y)], 1.4, (74, 122, 66))
        leaf = angle - 90 + look.between(-30, 30)
        pen.oval(50 + (x - 50) * 0.6, mouth + (y - mouth) * 0.45, 8, 2.8, lit((88, 140, 74)), turn=leaf)
        _flower(pen, x, y, look.between(7, 10), petals)


def _flower(pen: Pen, x: float, y: float, radius: float, colour: RGB) -> None:
    for reach, tone in ((0.62, dark(colour, 0.08)), (0.4, light(colour, 0.18))):
        for angle in range(0, 360, 45):
            dx, dy = np.cos(np.radians(angle)) * radius * reach, np.sin(np.radians(angle)) * radius * reach
            pen.oval(x + dx, y + dy, radius * 0.44, radius * 0.27, lit(tone, 0.15), turn=angle)
    pen.disc(x, y, radius * 0.26, ball((222, 164, 56)))


def candle(pen: Pen, look: Look) -> None:
    """A burning candle: in a jar, a pillar, or a taper in a candlestick."""
    {"jar": _jar_candle, "pillar": _pillar_candle, "taper": _taper_candle}[look.style](pen, look)


def _jar_candle(pen: Pen, look: Look) -> None:
    jar = symmetric("M50 36 L26 36 L26 88 C26 93 30 95 36 95 L50 95")
    pen.fill(jar, rounded(light(look.colour, 0.12), 0.3))
    pen.fill(box(26, 36, 74, 48), rounded(mix(look.colour, WHITE, 0.8), 0.2))
    pen.oval(50, 48, 24, 3.4, mix(look.colour, WHITE, 0.35))
    pen.oval(50, 36, 24, 4, (250, 250, 250))
    pen.oval(50, 36.5, 22.4, 3.1, mix(look.colour, (60, 44, 40), 0.4))
    _flame(pen, 50, 37, 1.0)
    pen.box(33, 57, 67, 84, lit(CREAM, 0.1), 1.5)
    pen.write(look.brand, 50, 65, 5.4, INK, bold=True, room=30)
    pen.line([(40, 71), (60, 71)], 0.6, dark(CREAM, 0.5))
    pen.write("SCENTED", 50, 76.5, 3.4, dark(CREAM, 0.6))
    pen.glaze(box(29, 40, 32, 90, 2), clear(WHITE, 0.6), soft=1)


def _pillar_candle(pen: Pen, look: Look) -> None:
    pen.oval(50, 91, 33, 5, metal(BRASS))
    pen.fill(symmetric("M50 27 L31 27 L31 89 C36 93 44 94 50 94"), rounded(look.colour, 0.32))
    pen.glaze(oval(50, 30, 26, 26), glow((255, 214, 130), 0.8))
    pen.oval(50, 27, 19, 4, light(look.colour, 0.45))
    pen.oval(50, 27.8, 15, 2.7, mix(look.colour, (255, 190, 90), 0.55))
    _flame(pen, 50, 28, 1.0)
    for x in (35.0, 44.0, 64.0):
        pen.line([(x, 31), (x, look.between(40, 58))], 3, rounded(light(look.colour, 0.16), 0.2))


def _taper_candle(pen: Pen, look: Look) -> None:
    pen.fill(limb([(50, 26), (50, 64)], 6.4, 8.6), rounded(look.colour))
    stick = symmetric("M50 60 L42 60 C42 66 46 66 46 70 C40 74 46 78 46 84 C44 91 30 90 28 94 L50 96")
    pen.fill(stick, metal(BRASS))
    pen.oval(50, 60.5, 8, 1.8, light(BRASS, 0.4))
    pen.oval(50, 94, 22, 2.6, metal(dark(BRASS, 0.15)))
    _flame(pen, 50, 27, 0.9)


def _flame(pen: Pen, x: float, y: float, size: float) -> None:
    pen = pen.moved(x - 50, y - 50, size)
    pen.disc(50, 38, 27, glow((255, 196, 96), 0.55))
    pen.line([(50, 50), (50, 43)], 1.2, INK)
    pen.fill("M50 47 C41 46 43 36 50 23 C57 36 59 46 50 47 Z", down((255, 170, 50), (255, 236, 170)))
    pen.fill("M50 46 C46 45 47 39 50 33 C53 39 54 45 50 46 Z", down((255, 246, 206), (255, 252, 236)))


def plant_pot(pen: Pen, look: Look) -> None:
    """A plant in a pot: a cactus, a leafy plant or a succulent."""
    {"cactus": _cactus, "leafy": _leaves, "succulent": _succulent}[look.style](pen, look)
    pot = symmetric("M50 62 L28 62 L33 91 C34 94 37 95 40 95 L50 95")
    pen.fill(pot, rounded(look.colour))
    decorate(pen.inside(pot), look, (32, 72, 68, 93))
    pen.box(25, 58, 75, 68, rounded(light(look.colour, 0.12)), 2)
    pen.glaze(box(25, 68, 75, 71), clear(INK, 0.4), soft=1)


def _cactus(pen: Pen, look: Look) -> None:
    green = look.one_of(((86, 140, 84), (106, 152, 92), (70, 122, 92)))
    for arm in ("M50 42 C34 46 31 40 31 28", "M50 48 C68 50 69 38 69 31"):
        pen.line(arm, 10, dark(green, 0.2))
        pen.line(path(arm) - (0.8, 0.6), 7, green)
    pen.box(40, 8, 60, 62, rounded(green, 0.32), 10)
    for x in (44.5, 50, 55.5):
        pen.line([(x, 13), (x, 60)], 0.7, dark(green, 0.35))
        for y in range(16, 60, 6):
            pen.line([(x - 1.6, y - 0.6), (x + 1.6, y - 1.6)], 0.5, CREAM)
    if look.chance(0.6):
        _flower(pen, 50, 9, 7, (236, 110, 150))


def _leaves(pen: Pen, look: Look) -> None:
    green = look.one_of(((58, 118, 66), (84, 142, 72), (50, 104, 78)))
    for angle in (-68, 66, -46, 44, -24, 26, -6, 10):
        length = look.between(34, 52) * (1.1 - abs(angle) / 160)
        leaf = pen.moved(turn=angle, about=(50, 62))
        tip = 62 - length
        blade = f"C36 {tip + length * 0.55} 40 {tip + 6} 50 {tip} C60 {tip + 6} 64 {tip + length * 0.55}"
        leaf.fill(f"M50 64 {blade} 50 64 Z", lit(light(green, look.between(0, 0.2)), 0.28))
        leaf.line([(50, 62), (50, tip + 5)], 0.8, light(green, 0.35))


def _succulent(pen: Pen, look: Look) -> None:
    green = look.one_of(((96, 160, 120), (126, 172, 96), (110, 158, 140)))
    for ring, (reach, tone) in enumerate(((34, 0.34), (25, 0.14), (15, -0.12))):
        for angle in np.linspace(-96 + 14 * ring, 96 - 14 * ring, 9 - 2 * ring):
            leaf = pen.moved(turn=angle, about=(50, 58))
            colour = dark(green, tone) if tone > 0 else light(green, -tone)
            shape = path(
                f"M50 60 C38 {58 - reach * 0.5} 44 {58 - reach} 50 {52 - reach} "
                f"C56 {58 - reach} 62 {58 - reach * 0.5} 50 60 Z"
            )
            leaf.fill(shape, down(mix(light(colour, 0.2), (226, 140, 140), 0.16), dark(colour, 0.2)))
