"""Books and collectibles: books, coins, records."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import (
    CREAM,
    GOLD,
    INK,
    RGB,
    WHITE,
    against,
    clear,
    dark,
    light,
    mix,
)
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import box, oval, path, polygon, star
from mmquality.data.sample.drawing.paints import down, lit, metal, rounded
from mmquality.data.sample.drawing.pen import Pen

BOOK_TITLES = (
    "THE SALT ROAD", "NINE WINTERS", "A HOUSE OF OWLS", "PAPER HARBOUR", "THE QUIET TIDE", "FOXGLOVE",
    "IRON ORCHARD",
    "BREAD & SMOKE", "THE LAST FERRY", "NORTH OF MAY", "SMALL ENGINES", "THE GLASS MILL",
)  # fmt: skip


def book(pen: Pen, look: Look) -> None:
    """A book: hardcover standing, a stack, or open."""
    {"hardcover": _hardcover, "stack": _stack, "open": _open_book}[look.style](pen, look)


def _hardcover(pen: Pen, look: Look) -> None:
    pen.fill(polygon((78, 9), (87, 13), (87, 90), (78, 95)), lit(dark(CREAM, 0.06), 0.1))
    for x in np.arange(79.4, 87, 1.3):
        pen.line([(x, 9.8 + (x - 78) * 0.44), (x, 94.4 - (x - 78) * 0.55)], 0.35, dark(CREAM, 0.25))
    pen.box(16, 6, 79, 95, lit(look.colour, 0.2), 1)
    pen.box(16, 6, 23, 95, rounded(dark(look.colour, 0.2), 0.3), 1)
    pen.line([(24, 6), (24, 95)], 0.7, clear(dark(look.colour, 0.7), 0.6))
    ink = against(look.colour)
    words = look.one_of(BOOK_TITLES).split()
    middle = max(1, len(words) // 2)
    for row, line in enumerate((" ".join(words[:middle]), " ".join(words[middle:]))):
        pen.write(line, 51.5, 20 + row * 9, 8, ink, bold=True, room=50)
    _cover_art(pen.inside(box(29, 40, 74, 78)), look)
    pen.line([(36, 35), (67, 35)], 0.7, ink)
    pen.write(look.brand, 51.5, 86, 5, ink, room=48)
    pen.glaze(polygon((24, 6), (44, 6), (28, 95), (24, 95)), clear(WHITE, 0.12))


def _cover_art(pen: Pen, look: Look) -> None:
    """A landscape, rings or a leaf, in the second colour."""
    kind = look.one_of(("hills", "rings", "leaf"))
    pen.box(29, 40, 74, 78, lit(light(look.second, 0.35), 0.2))
    if kind == "hills":
        pen.disc(60, 50, 6, light(look.second, 0.8))
        for step in range(3):
            y = 60 + step * 6
            pen.fill(
                f"M24 {y} C36 {y - 12} 46 {y + 4} 56 {y - 6} C64 {y - 12} 72 {y} 80 {y - 4} L80 84 L24 84 Z",
                dark(look.second, 0.1 + 0.22 * step),
            )
    elif kind == "rings":
        for radius in range(18, 2, -4):
            pen.disc(51, 59, radius, light(look.second, 0.6) if radius % 8 == 2 else dark(look.second, 0.3))
    else:
        pen.fill("M51 43 C66 52 64 68 51 76 C38 68 36 52 51 43 Z", lit(dark(look.second, 0.25), 0.3))
        pen.line([(51, 46), (51, 77)], 0.9, light(look.second, 0.7))


def _stack(pen: Pen, look: Look) -> None:
    spines = (
        look.colour,
        look.second,
        mix(look.colour, (60, 40, 40), 0.5),
        mix(look.second, CREAM, 0.5),
        dark(look.colour, 0.3),
    )
    low = 95.0
    for spine in spines[: 3 + int(look.chance(0.6)) + int(look.chance(0.5))]:
        height, shift, wide = look.between(11, 16), look.between(-5, 5), look.between(34, 42)
        left, right, top = 50 + shift - wide, 50 + shift + wide, low - height
        pen.fill(
            polygon((left + 6, top - 7), (right + 2, top - 7), (right, top), (left, top)),
            lit(light(spine, 0.15), 0.15),
        )
        pen.box(left, top, right, low, lit(spine, 0.24), 1.6)
        for x in (left + 5, right - 6):
            pen.box(x, top, x + 1.2, low, clear(GOLD, 0.9))
        pen.write(
            look.one_of(BOOK_TITLES),
            (left + right) / 2,
            (top + low) / 2,
            height * 0.36,
            against(spine),
            bold=True,
            room=58,
        )
        low = top - 0.4


def _open_book(pen: Pen, look: Look) -> None:
    pen.fill(polygon((2, 34), (98, 34), (96, 86), (4, 86)), lit(look.colour, 0.2))
    for side in pen.both_sides():
        for layer in range(4):
            pen_y = layer * 0.8
            side.fill(
                f"M50 34 C38 24 18 26 {5 - layer * 0.4} 30 L{5 - layer * 0.4} {82 + pen_y} "
                f"C18 {78 + pen_y} 38 {78 + pen_y} 50 {86 + pen_y} Z",
                lit(dark(CREAM, 0.1 - layer * 0.02), 0.05),
            )
        side.glaze("M50 34 C46 30 42 28 38 27 L38 80 C42 81 46 83 50 86 Z", clear(INK, 0.22), soft=3)
        for row in range(11):
            y = 34 + row * 4
            indent = 8 if row == 0 else 0
            side.line(
                f"M{11 + indent} {y - 1} C22 {y - 3.6} 36 {y - 3} {46 - look.between(0, 5):.1f} {y + 1.5}",
                0.7,
                (130, 126, 120),
            )
    pen.line("M54 33 C55 60 56 80 60 96", 1.6, look.second)


def coin(pen: Pen, look: Look) -> None:
    """A coin: with a portrait, a ship, or a star."""
    pen.fill(star(50, 50, 46, 45, 90), metal(dark(look.colour, 0.2)))
    pen.disc(50, 50, 44.4, metal(look.colour))
    pen.disc(50, 50, 40, lit(dark(look.colour, 0.14), 0.35))
    pen.loop(50, 50, 40, 40, 1, clear(dark(look.colour, 0.5), 0.6))
    for angle in range(0, 360, 8):
        x, y = 50 + 38 * np.cos(np.radians(angle)), 50 + 38 * np.sin(np.radians(angle))
        pen.disc(x, y, 0.8, light(look.colour, 0.45))
    relief = pen.moved(x=0.7, y=0.9)
    for part, colour in ((relief, dark(look.colour, 0.55)), (pen, light(look.colour, 0.22))):
        {"portrait": _portrait, "ship": _ship, "star": _star_relief}[look.style](part, colour)
    _legend(pen, look)


def _portrait(pen: Pen, colour: RGB) -> None:
    head = path(
        "M44 26 C54 20 66 26 66 38 C66 42 68 44 70 48 C70 50 67 50 67 51 C67 55 66 58 60 57 "
        "C58 60 60 64 66 68 C62 76 46 77 36 70 C42 64 42 58 40 52 C34 44 36 30 44 26 Z"
    )
    pen.fill(head, lit(colour, 0.12))
    for start in (28, 33, 38):
        pen.line(f"M44 {start} C50 {start - 4} 58 {start - 3} 62 {start}", 0.9, clear(dark(colour, 0.5), 0.7))
    for leaf in range(5):
        pen.oval(40 + leaf * 4, 33 - leaf * 1.8, 3, 1.2, dark(colour, 0.3), turn=-40)


def _ship(pen: Pen, colour: RGB) -> None:
    pen.fill("M26 58 L74 58 C72 68 66 71 60 71 L40 71 C34 71 28 68 26 58 Z", lit(colour, 0.12))
    pen.line([(50, 26), (50, 58)], 1.4, colour)
    pen.fill("M48 28 C36 34 32 44 30 54 L48 54 Z", lit(colour, 0.15))
    pen.fill("M53 32 C64 36 68 46 70 54 L53 54 Z", lit(colour, 0.15))
    pen.line("M26 76 C34 72 42 79 50 75 C58 72 66 79 74 75", 1.2, colour)


def _star_relief(pen: Pen, colour: RGB) -> None:
    pen.fill(star(50, 49, 24, 10, 5), lit(colour, 0.15))
    for side in pen.both_sides():
        side.line("M46 78 C32 74 24 62 25 46", 1, colour)
        for x, y, turn in ((40, 76, 20), (33, 71, 40), (28, 63, 60), (25, 54, 80)):
            side.oval(x, y, 3.4, 1.5, colour, turn=turn)


def _legend(pen: Pen, look: Look) -> None:
    """Letters along the rim and a year below."""
    text = look.brand.upper()[:12]
    ink = dark(look.colour, 0.6)
    for place, letter in enumerate(text):
        angle = 13 * (place - (len(text) - 1) / 2)
        x, y = 50 + 32.5 * np.sin(np.radians(angle)), 50 - 32.5 * np.cos(np.radians(angle))
        pen.write(letter, x, y, 5.4, ink, turn=angle, bold=True)
    pen.write(str(int(look.between(1840, 1990))), 50, 83, 5.4, ink, bold=True)


def record(pen: Pen, look: Look) -> None:
    """A vinyl record: half out of its sleeve, alone, or a single with a large hole."""
    if look.style == "sleeve":
        _disc(pen.moved(x=18, size=0.86), look, 0.36)
        pen.box(4, 14, 72, 86, lit(look.colour, 0.18), 0.6)
        _sleeve_art(pen.inside(box(4, 14, 72, 86)), look)
    else:
        _disc(pen, look, 0.5 if look.style == "single" else 0.36)
        if look.style == "single":
            pen.disc(50, 50, 7, dark(CREAM, 0.35))
    if look.style == "sleeve":
        pen.glaze(polygon((4, 14), (28, 14), (10, 86), (4, 86)), clear(WHITE, 0.12))


def _disc(pen: Pen, look: Look, label: float) -> None:
    paper = look.second if look.style == "sleeve" else look.colour  # the label
    pen.disc(50, 50, 46, lit((30, 30, 34), 0.25))
    for radius in np.arange(46 * label + 3, 45, 2.1):
        pen.loop(50, 50, radius, radius, 0.35, (56, 56, 62) if round(radius) % 4 else (18, 18, 20))
    disc = pen.inside(oval(50, 50, 45, 45))
    for lean in ((20, 34), (66, 80)):
        first, last = lean
        disc.glaze(polygon((50, 50), (first - 30, -10), (last - 30, -10)), clear(WHITE, 0.18), soft=2)
        disc.glaze(polygon((50, 50), (130 - first, 110), (130 - last, 110)), clear(WHITE, 0.14), soft=2)
    radius = 46 * label
    pen.disc(50, 50, radius, lit(paper, 0.2))
    pen.loop(50, 50, radius * 0.9, radius * 0.9, 0.5, against(paper))
    pen.write(
        look.brand.upper(), 50, 50 - radius * 0.5, radius * 0.26, against(paper), bold=True, room=radius * 1.5
    )
    pen.write("33" if label < 0.5 else "45", 50, 50 + radius * 0.55, radius * 0.26, against(paper))
    pen.disc(50, 50, 1.5, CREAM)


def _sleeve_art(pen: Pen, look: Look) -> None:
    kind = look.one_of(("sun", "bars", "circles"))
    if kind == "sun":
        pen.box(4, 14, 72, 86, down(dark(look.colour, 0.2), light(look.colour, 0.3)))
        pen.disc(38, 56, 20, down(light(look.second, 0.4), look.second))
        for row in range(5):
            pen.box(4, 60 + row * 5, 72, 61 + row * 6, light(look.colour, 0.2))
    elif kind == "bars":
        for place in range(8):
            height = look.between(10, 44)
            pen.box(9 + place * 7.6, 82 - height, 14 + place * 7.6, 82, lit(look.second, 0.3))
    else:
        for radius in (26, 20, 14, 8):
            pen.disc(
                38 + (26 - radius) * 0.4, 54, radius, clear(light(look.second, (26 - radius) / 40), 0.85)
            )
    pen.write(look.brand.upper(), 38, 23, 7, against(look.colour), bold=True, room=60)
