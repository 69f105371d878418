"""Shoes from the side, toe to the left: sneakers, boots, heels. Shown as a pair or alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmquality.data.sample.drawing.colours import (
    BRASS,
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
from mmquality.data.sample.drawing.outlines import Outline, limb, path, star
from mmquality.data.sample.drawing.paints import lit, metal, rolled, rounded
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.products.patterns import decorate


def _pair(pen: Pen, look: Look, one: Callable[[Pen, Look], None]) -> None:
    """The second shoe behind and above the first, as sellers arrange them; now and then one shoe alone."""
    if look.chance(0.75):
        one(pen.moved(x=9, y=-13, size=0.84, about=(50, 95)), look)
        one(pen.moved(x=-5, y=0, size=0.9, about=(50, 95)), look)
    else:
        one(pen, look)


def sneakers(pen: Pen, look: Look) -> None:
    """Sneakers: low canvas ones, high-tops or runners."""
    _pair(pen, look, {"low": _low_sneaker, "high-top": _high_top, "runner": _runner}[look.style])


def _low_sneaker(pen: Pen, look: Look) -> None:
    upper = path(
        "M5 84 C4 74 12 68 26 64 C38 58 46 50 54 44 L60 48 "
        "C70 54 78 50 84 44 C92 44 95 52 95 64 L96 86 L6 88 Z"
    )
    pen.fill(upper, lit(look.colour, 0.22))
    decorate(pen.inside(upper), look, (40, 50, 96, 86))
    pen.fill("M5 86 C4 72 14 66 26 66 C30 72 32 80 32 88 Z", lit(light(look.colour, 0.1), 0.3))
    pen.fill("M84 44 C92 44 95 52 95 64 L96 86 L84 86 C86 70 84 56 80 48 Z", lit(look.second, 0.25))
    _tongue_and_laces(pen, look, [(30, 66), (36, 61), (42, 56.6), (48, 52), (53, 47)])
    _side_panel(pen, look)
    _sole(
        pen,
        path("M3 86 C4 84 8 84 12 85 L92 84 C97 84 98 86 98 90 C98 94 96 95 92 95 L12 95 C5 95 2 92 3 86 Z"),
        look,
    )


def _high_top(pen: Pen, look: Look) -> None:
    upper = path("M5 84 C4 74 12 69 26 66 C40 60 46 46 50 18 C60 20 72 18 84 14 C92 34 94 56 95 86 L6 88 Z")
    pen.fill(upper, lit(look.colour, 0.2))
    decorate(pen.inside(upper), look, (52, 30, 94, 84))
    pen.fill("M4 88 C3 74 12 68 26 69 C31 75 32 82 32 88 Z", lit(WHITE, 0.1))
    pen.line("M87 24 C91 46 92 66 93 84", 2.4, look.second)
    pen.disc(74, 40, 8, lit(WHITE, 0.08))
    pen.fill(star(74, 40, 6, 4.4, 8), look.second)
    _tongue_and_laces(pen, look, [(31, 67), (38, 61), (43.4, 53), (47.4, 44), (50, 35), (52, 26)])
    _sole(pen, path("M3 85 C8 83 88 83 97 84 L98 91 C98 94 96 95 92 95 L9 95 C4 95 3 92 3 85 Z"), look)


def _runner(pen: Pen, look: Look) -> None:
    upper = path(
        "M4 80 C6 70 18 66 30 60 C40 54 46 46 54 40 C62 46 74 48 82 36 C90 34 94 46 94 58 L97 80 L6 84 Z"
    )
    pen.fill(upper, lit(look.colour, 0.26))
    mesh = pen.inside(upper)
    for x in range(8, 96, 3):
        mesh.line([(x, 86), (x + 14, 40)], 0.5, clear(light(look.colour, 0.5), 0.35))
    pen.fill("M84 36 C92 36 94 46 94 58 L97 80 L80 82 C84 68 84 52 80 44 Z", lit(dark(look.colour, 0.3), 0.2))
    pen.line("M40 79 C46 62 54 60 58 70 C62 80 70 74 76 56", 4.4, lit(look.second, 0.15))
    pen.line("M46 80 C52 68 56 68 58 75", 1.6, light(look.second, 0.5))
    _tongue_and_laces(pen, look, [(32, 60), (38, 56), (44, 51), (50, 45)])
    sole = path(
        "M2 82 C10 84 40 78 60 80 C80 82 94 76 98 76 C101 84 99 94 93 95 "
        "L72 94 C56 91 40 96 12 95 C4 94 1 88 2 82 Z"
    )
    pen.fill(sole, rolled(mix(WHITE, look.second, 0.08), 0.2))
    pen.line("M4 88 C30 90 44 84 64 87 C80 89 92 86 98 84", 1.4, look.second)
    pen.line("M8 95 C40 95.6 56 91 72 94 L92 95", 1.6, RUBBER)


def _tongue_and_laces(pen: Pen, look: Look, eyelets: list[tuple[float, float]]) -> None:
    lace = light(look.second, 0.6) if look.chance(0.4) else (248, 247, 244)
    pen.fill(limb(np.array(eyelets) + (1.5, -1), 7, 9), lit(dark(look.colour, 0.14), 0.2))
    for x, y in eyelets:
        pen.line([(x - 1.5, y - 3.2), (x + 5.4, y + 3.2)], 2.0, dark(lace, 0.25))
        pen.line([(x - 1.5, y - 3.6), (x + 5.4, y + 2.8)], 1.5, lace)


def _side_panel(pen: Pen, look: Look) -> None:
    pen.fill("M38 86 L54 62 L61 58 L66 62 L56 86 Z", lit(look.second, 0.2))
    pen.fill("M60 86 L72 62 L76 60 L72 86 Z", lit(light(look.second, 0.35), 0.2))


def _sole(pen: Pen, outline: Outline, look: Look) -> None:
    colour = mix(WHITE, look.second, 0.05)
    pen.fill(outline, rolled(colour, 0.14))
    inside = pen.inside(outline)
    inside.line([(0, 87.6), (100, 87)], 1.0, clear(look.second, 0.9))
    for x in range(4, 98, 3):
        inside.line([(x, 92.6), (x, 96)], 1.0, clear(INK, 0.25))


def boots(pen: Pen, look: Look) -> None:
    """Boots: laced hiking boots, chelsea boots or rubber rain boots."""
    _pair(pen, look, {"hiking": _hiking_boot, "chelsea": _chelsea_boot, "rain": _rain_boot}[look.style])


def _hiking_boot(pen: Pen, look: Look) -> None:
    upper = path("M5 82 C5 68 16 62 28 60 C38 54 44 40 46 16 C58 20 72 20 82 12 C88 34 92 56 92 84 L6 86 Z")
    pen.fill(upper, lit(look.colour, 0.24))
    pen.fill("M4 86 C4 70 14 64 25 64 C31 70 34 80 34 86 Z", lit(dark(look.colour, 0.32), 0.2))
    pen.fill("M76 56 C84 56 90 62 92 84 L70 86 C76 76 78 66 76 56 Z", lit(dark(look.colour, 0.32), 0.2))
    pen.fill("M46 16 C58 21 72 20 82 12 L84 22 C74 28 58 28 46 25 Z", lit(dark(look.second, 0.2), 0.2))
    pen.line("M56 26 C58 44 54 62 40 74", 0.7, clear(light(look.colour, 0.5), 0.8))
    _tongue_and_laces(pen, look, [(32, 60), (38, 53), (42, 45), (45, 36), (46.6, 27)])
    _lugged(
        pen,
        path("M3 84 L94 83 C98 84 97 90 96 95 L60 95 L58 91 L50 91 L46 95 L8 95 C3 94 2 88 3 84 Z"),
        RUBBER,
    )


def _chelsea_boot(pen: Pen, look: Look) -> None:
    upper = path("M4 86 C4 76 16 72 30 68 C42 62 47 44 46 14 C58 17 72 17 84 14 C84 40 88 62 88 88 L8 88 Z")
    pen.fill(upper, lit(look.colour, 0.3))
    pen.fill("M58 16 L72 16 C74 34 72 50 66 60 C60 50 56 34 58 16 Z", lit(dark(look.second, 0.45), 0.15))
    ribs = pen.inside("M58 16 L72 16 C74 34 72 50 66 60 C60 50 56 34 58 16 Z")
    for x in range(57, 75, 2):
        ribs.line([(x, 14), (x, 62)], 0.6, clear(INK, 0.5))
    pen.line([(84, 13), (84, 6), (79, 6), (79, 14)], 1.6, dark(look.colour, 0.3))
    pen.glaze("M10 80 C18 76 30 74 38 70 C32 78 20 82 10 84 Z", clear(WHITE, 0.5), soft=1.5)
    pen.fill("M3 87 L89 87 L89 95 L70 95 L68 91 L8 91 C4 91 3 89 3 87 Z", rolled(dark(RUBBER, 0.2), 0.3))


def _rain_boot(pen: Pen, look: Look) -> None:
    upper = path("M5 86 C5 74 18 70 32 66 C42 60 44 40 42 8 C56 10 70 10 82 8 C82 40 86 62 86 88 L8 88 Z")
    pen.fill(upper, rounded(look.colour, 0.34))
    decorate(pen.inside(upper), look, (40, 14, 84, 84))
    pen.glaze("M50 14 C52 40 52 60 40 70 C50 66 58 52 57 14 Z", clear(WHITE, 0.5), soft=1.6)
    pen.box(41, 7, 83, 13, rounded(look.second), 2)
    _lugged(
        pen,
        path("M3 85 L88 85 C90 88 90 92 89 95 L66 95 L64 91 L52 91 L50 95 L10 95 C4 94 3 90 3 85 Z"),
        dark(look.second, 0.2),
    )


def _lugged(pen: Pen, outline: Outline, colour: RGB) -> None:
    pen.fill(outline, rolled(colour, 0.35))
    for x in range(8, 96, 6):
        pen.inside(outline).line([(x, 92), (x, 97)], 1.4, clear(INK, 0.55))


def heels(pen: Pen, look: Look) -> None:
    """Women's heels: pumps, sandals with straps, or block heels."""
    _pair(pen, look, _heel)


def _heel(pen: Pen, look: Look) -> None:
    colour = look.colour
    if look.style == "block":
        pen.fill("M72 58 L94 46 L92 95 L76 95 Z", rounded(dark(colour, 0.12)))
    else:
        pen.fill(
            "M78 58 L94 44 C92 62 90 80 90 95 L86.5 95 C86 80 84 66 78 58 Z", rounded(dark(colour, 0.15))
        )
    pen.fill("M6 90 C22 94 34 94 42 88 C56 78 64 64 80 62 L82 58 L40 82 L6 86 Z", dark(colour, 0.5))
    if look.style == "sandal":
        pen.line("M12 88 C16 72 30 72 36 88", 4, lit(colour, 0.2))
        pen.line("M26 86 C30 70 42 68 50 82", 3, lit(colour, 0.2))
        pen.fill("M78 36 C88 34 94 40 94 46 L82 62 C84 52 82 44 78 36 Z", lit(colour, 0.3))
        pen.loop(80, 26, 13, 4.6, 2.4, colour)
        pen.line([(90, 28), (90, 42)], 2.4, dark(colour, 0.1))
        pen.disc(68, 28, 1.8, metal(BRASS))
        return
    pen.fill(
        "M4 88 C6 78 20 76 32 74 C40 74 40 80 48 76 C62 68 66 42 90 34 "
        "C96 38 96 44 92 50 C80 60 60 74 44 88 C32 94 8 94 4 88 Z",
        lit(colour, 0.34),
    )
    pen.fill(
        "M34 75 C50 80 66 44 90 35 C78 44 66 70 46 79 C40 81 36 79 34 75 Z",
        dark(mix(colour, (200, 160, 120), 0.4), 0.35),
    )
    pen.glaze("M10 85 C18 80 26 79 34 80 C26 84 18 87 10 87 Z", clear(WHITE, 0.65), soft=1)
    if look.chance(0.4):
        pen.disc(32, 79, 3, metal(STEEL))
