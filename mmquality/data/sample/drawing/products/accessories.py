"""What one wears besides: sunglasses, hats, umbrellas."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import BRASS, INK, RGB, RUBBER, STEEL, WHITE, clear, dark, light
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import Outline, box, closed, oval, path, polygon
from mmquality.data.sample.drawing.paints import ball, down, lit, metal, rounded
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.products.patterns import decorate


def sunglasses(pen: Pen, look: Look) -> None:
    """Sunglasses from the front: aviator, wayfarer or round."""
    wire = look.style in ("aviator", "round")
    frame: RGB = look.one_of((BRASS, STEEL)) if wire else look.colour
    tint = look.colour if wire else look.second
    for side in pen.both_sides():
        side.line("M9 44 L20 24 C22 20 25 19 28 22", 1.8 if wire else 4, dark(frame, 0.3))
    for side in pen.both_sides():
        lens = _LENSES[look.style]
        side.fill(lens, down(dark(tint, 0.62), clear(light(tint, 0.1), 0.85)))
        side.inside(lens).glaze("M14 40 L30 36 L14 72 L6 66 Z", clear(WHITE, 0.28), soft=1.2)
        side.line(closed(lens), 1.9 if wire else 5.2, metal(frame) if wire else lit(frame, 0.3))
        if not wire:
            side.disc(11, 42, 1.1, metal(STEEL))
    if wire:
        pen.line("M45 47 C47 44 53 44 55 47", 1.8, metal(frame))
    if look.style == "aviator":
        pen.line("M38 38.6 L62 38.6", 1.8, metal(frame))
    if not wire:
        pen.line("M44 46 C47 42 53 42 56 46", 5, lit(frame, 0.3))


_LENSES: dict[str, Outline] = {
    "aviator": path("M10 42 C20 38 36 38 44 42 C46 54 42 72 30 74 C18 76 8 60 8 48 C8 45 8 43 10 42 Z"),
    "wayfarer": path("M8 40 C18 38 34 38 44 42 C46 52 44 66 38 69 C30 72 18 72 14 66 C10 60 8 48 8 40 Z"),
    "round": oval(27, 55, 18, 18),
}


def hat(pen: Pen, look: Look) -> None:
    """A hat: a baseball cap, a fedora, or a knitted beanie."""
    {"cap": _cap, "fedora": _fedora, "beanie": _beanie}[look.style](pen, look)


def _cap(pen: Pen, look: Look) -> None:
    crown = path("M20 70 C18 30 40 20 58 22 C80 24 90 44 88 72 C66 78 40 78 20 70 Z")
    pen.fill(crown, lit(look.colour, 0.3))
    within = pen.inside(crown)
    decorate(within, look, (30, 24, 86, 74))
    for seam in ("M56 22 C46 36 42 56 42 76", "M56 22 C70 36 74 56 73 76"):
        within.line(seam, 0.8, clear(dark(look.colour, 0.5), 0.8))
    pen.disc(57, 21.6, 2.6, ball(look.colour))
    pen.fill("M22 66 C30 60 52 62 66 72 C50 84 24 92 4 86 C4 78 12 70 22 66 Z", lit(look.second, 0.32))
    pen.line("M10 84 C26 86 46 80 60 73", 0.6, clear(light(look.second, 0.6), 0.7))
    if look.pattern == "plain":
        pen.oval(52, 48, 9, 9, light(look.second, 0.75))
        pen.write(look.brand[0], 52, 48, 11, dark(look.second, 0.3), bold=True)


def _fedora(pen: Pen, look: Look) -> None:
    pen.oval(50, 80, 46, 12, lit(dark(look.colour, 0.16), 0.2))
    crown = path(
        "M24 78 C26 50 28 34 36 28 C44 24 46 34 52 33 "
        "C58 32 62 22 68 28 C74 36 76 54 77 78 C62 86 38 86 24 78 Z"
    )
    pen.fill(crown, rounded(look.colour, 0.32))
    pen.glaze("M48 33 C52 44 50 54 46 60 C48 50 46 40 44 33 Z", clear(INK, 0.45), soft=2)
    pen.fill(
        "M24.6 66 C40 74 62 74 76.4 66 L77 79 C62 86 38 86 24 79 Z", rounded(dark(look.second, 0.1), 0.25)
    )
    pen.fill(polygon((26, 69), (36, 68), (34, 77), (26, 79)), dark(look.second, 0.35))
    pen.fill(
        "M4 80 C8 92 30 95 50 95 C70 95 92 92 96 80 C84 88 66 90 50 90 C34 90 16 88 4 80 Z",
        lit(light(look.colour, 0.1), 0.22),
    )


def _beanie(pen: Pen, look: Look) -> None:
    crown = path("M18 70 C18 34 34 20 50 20 C66 20 82 34 82 70 Z")
    pen.fill(crown, rounded(look.colour, 0.3))
    knit = pen.inside(crown)
    decorate(knit, look, (20, 36, 80, 68))
    for x in np.linspace(16, 84, 18):
        knit.line(
            f"M{x:.1f} 72 C{x:.1f} 44 {50 + (x - 50) * 0.5:.1f} 26 50 20",
            1.0,
            clear(dark(look.colour, 0.6), 0.4),
        )
    pen.box(15, 66, 85, 88, rounded(look.second, 0.3), 6)
    for x in np.linspace(18, 82, 22):
        pen.line([(x, 68.5), (x, 86)], 1.0, clear(dark(look.second, 0.6), 0.45))
    if look.chance(0.7):
        for angle in np.arange(0, 360, 30):
            dx, dy = np.cos(np.radians(angle)) * 6, np.sin(np.radians(angle)) * 6
            pen.disc(50 + dx, 14 + dy, 6, ball(light(look.second, 0.15), 0.3))
        pen.disc(50, 13, 8, ball(light(look.second, 0.25), 0.3))


def umbrella(pen: Pen, look: Look) -> None:
    """An umbrella: open, a long one closed, or a short folding one."""
    {"open": _open_umbrella, "closed": _closed_umbrella, "folding": _folding_umbrella}[look.style](pen, look)


def _open_umbrella(pen: Pen, look: Look) -> None:
    pen.line([(50, 50), (50, 84)], 2, metal(STEEL))
    pen.line("M50 82 L50 88 C50 97 38 97 38 88", 3.6, lit((120, 76, 44), 0.3))
    pen.line([(50, 10), (50, 4)], 1.8, STEEL)
    dome = path(
        "M2 54 C6 -8 94 -8 98 54 C94 48 86 48 80 54 C74 47 66 47 60 54 "
        "C56 47 44 47 40 54 C34 47 26 47 20 54 C14 48 6 48 2 54 Z"
    )
    pen.fill(dome, ball(look.colour, 0.36))
    cloth = pen.inside(dome)
    if look.pattern == "striped":
        for left, right in ((2, 20), (40, 60), (80, 98)):
            cloth.glaze(
                f"M{left} 54 C{50 + (left - 50) * 0.9} 30 {50 + (left - 50) * 0.5} 12 50 8 "
                f"C{50 + (right - 50) * 0.5} 12 {50 + (right - 50) * 0.9} 30 {right} 54 Z",
                clear(look.second, 0.85),
            )
    else:
        decorate(cloth, look, (10, 14, 90, 52))
    for x in (20, 40, 60, 80):
        cloth.line(
            f"M{x} 54 C{50 + (x - 50) * 0.9} 30 {50 + (x - 50) * 0.5} 12 50 8",
            0.8,
            clear(dark(look.colour, 0.6), 0.7),
        )


def _closed_umbrella(pen: Pen, look: Look) -> None:
    pen = pen.moved(turn=26)
    pen.line([(50, -4), (50, 100)], 1.8, metal(STEEL))
    pen.line("M50 88 L50 102 C50 112 62 112 62 102", 3.6, lit((110, 70, 40), 0.3))
    cloth = path("M50 4 C45 20 43 44 42 66 C42 76 44 82 47 86 L53 86 C56 82 58 76 58 66 C57 44 55 20 50 4 Z")
    pen.fill(cloth, rounded(look.colour, 0.4))
    decorate(pen.inside(cloth), look, (42, 10, 58, 84))
    for fold in ("M50 8 C47 34 46 60 46 82", "M50 8 C52 34 54 60 53 84"):
        pen.line(fold, 0.8, clear(dark(look.colour, 0.6), 0.8))
    pen.box(42.4, 58, 57.6, 63, rounded(dark(look.colour, 0.35)), 1)
    pen.disc(54, 60.5, 1.2, metal(BRASS))


def _folding_umbrella(pen: Pen, look: Look) -> None:
    pen = pen.moved(turn=32, size=1.05)
    pen.box(45.6, 74, 54.4, 96, rounded(RUBBER), 3)
    pen.line("M46 95 C42 108 60 108 55 96", 1.2, dark(look.colour, 0.2))
    cloth = box(41, 14, 59, 76, 5)
    pen.fill(cloth, rounded(look.colour, 0.4))
    decorate(pen.inside(cloth), look, (41, 16, 59, 74))
    for x in (46, 53):
        pen.line(f"M{x} 16 C{x - 3} 36 {x + 2} 56 {x - 1} 74", 0.8, clear(dark(look.colour, 0.6), 0.7))
    pen.box(40, 46, 60, 52, rounded(dark(look.second, 0.1)), 1)
    pen.box(47, 4, 53, 15, metal(STEEL), 2)
