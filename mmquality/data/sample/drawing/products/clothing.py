"""Clothing, laid flat or on a hanger: t-shirts, dresses, hoodies, jeans."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import BRASS, RGB, STEEL, WHITE, WOODS, clear, dark, light, mix
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import limb, oval, path, polygon, smooth, symmetric
from mmquality.data.sample.drawing.paints import lit, metal, rounded
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.products.patterns import decorate


def _creases(pen: Pen, look: Look, colour: RGB, left: float, right: float, top: float, bottom: float) -> None:
    """Soft folds that fall downwards: what makes a flat shape cloth."""
    for _ in range(6):
        x, y = look.between(left, right), look.between(top, (top + bottom) / 2)
        lean, length = look.between(-5, 5), look.between(0.35, 0.6) * (bottom - top)
        stations = [(x, y), (x + lean, y + length / 3), (x - lean, y + length * 2 / 3), (x, y + length)]
        fold = smooth(stations, closed=False)
        pen.glaze(limb(fold + (1.3, 0), 2.6), clear(dark(colour, 0.7), 0.2), soft=1.6)
        pen.glaze(limb(fold - (1.5, 0), 1.8), clear(light(colour, 0.6), 0.1), soft=1.8)


def _hanger(pen: Pen, look: Look, shoulders: float = 26) -> None:
    pen.line("M50 13 C50 8 56 8 56 4 C56 -1 47 -2 46 3", 1.5, metal(STEEL))
    bar = path(f"M50 12 C44 13 36 17 {50 - shoulders} 25 L{50 - shoulders} 27 C38 21 46 17 50 17")
    pen.fill(symmetric(bar), lit(look.one_of(WOODS), 0.25))


def tshirt(pen: Pen, look: Look) -> None:
    """A t-shirt: crew neck, v-neck, or long-sleeved."""
    if look.chance(0.4):
        _hanger(pen, look)
    neck = 22 if look.style == "v-neck" else 19
    body = symmetric(
        f"M50 {neck} C44 {neck - 1} 40 17 38 13 C32 15 28 17 24 20 C25 40 27 70 26 94 C34 96 44 96 50 96"
    )
    for side in pen.both_sides():
        _sleeve(side, look)
    pen.fill(body, lit(look.colour, 0.14))
    pen.fill(symmetric("M50 12 C46 12 42 12 38 13 C41 19 46 20 50 20"), dark(look.colour, 0.45))
    decorate(pen.inside(body), look, (34, 36, 66, 72) if look.pattern == "printed" else (24, 22, 76, 94))
    _creases(pen.inside(body), look, look.colour, 28, 70, 30, 94)
    collar = (
        "M38 13 C41 18 46 27 50 28 C54 27 59 18 62 13"
        if look.style == "v-neck"
        else "M38 13 C41 23 59 23 62 13"
    )
    if look.style == "v-neck":
        pen.fill("M38 13 C41 18 46 27 50 28 C54 27 59 18 62 13 C58 12 42 12 38 13 Z", dark(look.colour, 0.45))
    pen.line(collar, 2.6, dark(look.colour, 0.14))
    pen.line("M27 91 C36 93 64 93 73 91", 0.6, clear(dark(look.colour, 0.5), 0.5))


def _sleeve(pen: Pen, look: Look) -> None:
    shapes = {
        "long": "M26 19 C18 22 14 40 10 66 C9 74 8 82 8 86 L17 87 C20 70 24 54 28 42 Z",
        "short": "M26 19 C16 24 10 34 5 44 L18 52 C22 46 25 42 28 40 Z",
    }
    sleeve = path(shapes["long" if look.style == "long-sleeved" else "short"])
    colour = (
        look.second
        if look.style == "long-sleeved" and look.pattern == "plain" and look.chance(0.3)
        else look.colour
    )
    pen.fill(sleeve, lit(dark(colour, 0.05), 0.14))
    if look.pattern not in ("plain", "printed"):
        decorate(pen.inside(sleeve), look, (4, 20, 28, 86))
    pen.glaze(
        "M26 20 C24 30 25 38 28 42 L24 44 C22 36 22 28 24 20 Z", clear(dark(colour, 0.7), 0.3), soft=1.2
    )
    hem = "M9 83.5 L17.6 84.5" if look.style == "long-sleeved" else "M6 42.6 L19 50.4"
    pen.line(hem, 0.6, clear(dark(colour, 0.5), 0.6))


_SKIRTS = {
    "summer": "C37 48 30 70 22 90 C32 95 42 96 50 96",
    "evening": "C36 50 34 72 26 98 C34 101 44 101 50 101",
    "wrap": "C36 48 32 64 28 84 C36 88 44 89 50 89",
}


def dress(pen: Pen, look: Look) -> None:
    """A dress: a summer dress with straps, a long evening gown, or a wrap dress with sleeves."""
    pen = pen.moved(y=-3, size=0.96)
    if look.chance(0.5):
        _hanger(pen, look, 20)
    top = (
        "M50 27 C46 22 42 22 38 20 L36 30 C36 36 39 42 38 46"
        if look.style != "wrap"
        else "M50 34 L41 15 C37 17 34 19 32 22 C34 30 38 38 38 46"
    )
    shape = symmetric(f"{top} {_SKIRTS[look.style]}")
    for side in pen.both_sides():
        if look.style == "wrap":
            side.fill(
                "M34 20 C26 26 22 38 20 50 L30 54 C32 46 34 40 38 36 Z", lit(dark(look.colour, 0.06), 0.14)
            )
        else:
            side.line("M39 22 C40 18 41 15 43 12", 1.8, look.colour)
    pen.fill(shape, lit(look.colour, 0.16))
    decorate(pen.inside(shape), look, (24, 22, 76, 94))
    _skirt_folds(pen.inside(shape), look)
    if look.style == "wrap":
        pen.line("M60 16 C54 30 44 40 38 46", 1.2, dark(look.colour, 0.3))
    belt = path("M38 45 C44 47 56 47 62 45 L62 49 C56 51 44 51 38 49 Z")
    pen.fill(belt, lit(look.second if look.style != "evening" else dark(look.colour, 0.3), 0.2))
    if look.style == "wrap":
        pen.line("M58 48 C60 54 60 60 58 66", 1.8, look.second)


def _skirt_folds(pen: Pen, look: Look) -> None:
    for x in np.linspace(-24, 24, 9):
        low = 50 + x + look.between(-2, 2)
        fold = polygon((50 + x * 0.3, 50), (low, 102), (low + 3.4, 102))
        pen.glaze(fold, clear(dark(look.colour, 0.65), 0.3), soft=1.2)
        pen.glaze(fold - (3.4, 0), clear(WHITE, 0.16), soft=1.2)


def hoodie(pen: Pen, look: Look) -> None:
    """A hooded sweatshirt: pullover or with a zip."""
    for side in pen.both_sides():
        sleeve = path("M28 26 C16 30 12 50 9 82 C9 85 18 87 20 84 C22 70 26 58 30 48 Z")
        side.fill(sleeve, lit(dark(look.colour, 0.05), 0.16))
        side.fill("M9 80 C12 82 17 83 20 82 L19 90 C16 92 11 91 8 89 Z", rounded(dark(look.colour, 0.12)))
        _creases(side.inside(sleeve), look, look.colour, 12, 24, 34, 84)
    body = symmetric("M50 22 C42 22 34 22 27 26 C26 48 27 70 27 92 C34 95 44 95 50 95")
    pen.fill(body, lit(look.colour, 0.15))
    decorate(pen.inside(body), look, (36, 34, 64, 64))
    _creases(pen.inside(body), look, look.colour, 30, 68, 32, 92)
    pen.fill(symmetric("M50 66 L38 66 L31 82 L31 86 L50 86"), lit(dark(look.colour, 0.07), 0.12))
    pen.line("M38 66 L31 82", 0.7, dark(look.colour, 0.4))
    pen.line("M62 66 L69 82", 0.7, dark(look.colour, 0.4))
    pen.fill(
        symmetric("M50 89 C42 89 34 89 27 87 L27 94 C34 97 44 97 50 97"),
        rounded(dark(look.colour, 0.12), 0.2),
    )
    _hood(pen, look)
    if look.style == "zipped":
        pen.line([(50, 26), (50, 95)], 1.8, dark(look.colour, 0.35))
        pen.line([(50, 26), (50, 95)], 0.8, metal(STEEL))
        pen.box(48.8, 40, 51.2, 45, metal(STEEL), 1)


def _hood(pen: Pen, look: Look) -> None:
    pen.fill(symmetric("M50 5 C38 4 30 12 29 24 C32 32 42 36 50 38"), lit(look.colour, 0.24))
    pen.fill(symmetric("M50 10 C42 10 37 15 37 23 C40 29 46 33 50 34"), lit(dark(look.second, 0.35), 0.25))
    pen.glaze(symmetric("M50 10 C42 10 37 15 37 23 L50 16"), clear((10, 10, 16), 0.4), soft=2)
    for side in pen.both_sides():
        side.line("M45 33 C43 42 44 48 43 56", 1.1, light(look.second, 0.5))
        side.box(42.2, 55, 44.2, 59, metal(STEEL), 0.6)


def jeans(pen: Pen, look: Look) -> None:
    """Jeans from the front: straight, ripped or shorts."""
    low = 62 if look.style == "shorts" else 97
    pen = pen.moved(y=12) if look.style == "shorts" else pen
    outer, inner = (20, 46) if look.style == "shorts" else (26, 43)  # where the hem begins and ends
    leg = path(f"M50 8 L30 8 C28 20 26 30 25 44 L{outer} {low} L{inner} {low} C46 70 48 52 50 36 Z")
    for side in pen.both_sides():
        side.fill(leg, rounded(look.colour, 0.2))
        worn = light(look.colour, 0.5)
        side.glaze(oval(36, 44 if low < 90 else 56, 5, 22), clear(worn, 0.4), soft=4)
        _creases(side.inside(leg), look, look.colour, 30, 44, 34, low)
        side.line("M31 16 C34 24 40 24 44 22 L44 14", 0.8, (206, 150, 84))
        side.line([(outer, low - 3), (inner, low - 3)], 0.7, (206, 150, 84))
        if look.style == "ripped":
            _rip(side, look, 36, look.between(48, 70))
    _waistband(pen, look)


def _waistband(pen: Pen, look: Look) -> None:
    pen.box(29.6, 6, 70.4, 13, rounded(dark(look.colour, 0.1), 0.2), 1)
    for x in (34, 43, 57, 66):
        pen.box(x - 1, 5, x + 1, 14.5, dark(look.colour, 0.22), 0.6)
    pen.disc(50, 9.5, 1.9, metal(BRASS))
    pen.line([(50, 13), (50, 36)], 0.8, dark(look.colour, 0.5))
    pen.line("M55 13 C55 26 54 32 50 35", 0.8, (206, 150, 84))


def _rip(pen: Pen, look: Look, x: float, y: float) -> None:
    pen.oval(x, y, 7, 3.4, mix(look.colour, WHITE, 0.75))
    for step in range(6):
        pen.line(
            [(x - 6, y - 2.4 + step), (x + 6, y - 2.6 + step + look.between(-0.6, 0.6))],
            0.5,
            light(look.colour, 0.4),
        )
