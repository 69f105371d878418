"""Photos that show no product at all: blank, "no photo" signs, text cards, shop logos, bar codes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from mmquality.data.sample.drawing.colours import NAMED, RGB, WHITE, against, clear, dark, jittered, light
from mmquality.data.sample.drawing.frame import Frame
from mmquality.data.sample.drawing.outlines import box, star
from mmquality.data.sample.drawing.paints import down, lit
from mmquality.data.sample.drawing.pen import SUPERSAMPLING, Pen
from mmquality.data.sample.drawing.photograph import LONG_SIDE

_ADVERTS = (
    ("BEST", "PRICES"), ("BIG", "SALE"), ("PHOTO", "ON REQUEST"), ("FREE", "SHIPPING"), ("NEW", "STOCK"),
    ("ASK ME", "FOR PICS"),
)  # fmt: skip
_NOTES = (
    ("sorry, camera", "is broken.", "item as in title!", "message me :)"),
    ("pictures will", "follow tomorrow"),
    ("see description", "for details", "no returns!!"),
    ("text me", "for photos", "thanks, M."),
)


def draw_placeholder(shop: str, rng: np.random.Generator) -> Image.Image:
    """One placeholder photo (RGB, square) of the shop, in one of the designs."""
    side = LONG_SIDE * SUPERSAMPLING
    layer = Image.new("RGBA", (side, side), WHITE)
    scale = side / 100
    design = _DESIGNS[int(rng.integers(len(_DESIGNS)))]
    design(Pen(layer, Frame(a=scale, e=scale)), shop, rng)
    return layer.convert("RGB").reduce(SUPERSAMPLING)


def _colour(rng: np.random.Generator) -> RGB:
    return jittered(NAMED[list(NAMED)[int(rng.integers(len(NAMED)))]], rng)


def _blank(pen: Pen, shop: str, rng: np.random.Generator) -> None:
    tone = (12, 205, 240)[int(rng.integers(3))]
    card = jittered((tone, tone, tone), rng, 5)
    pen.box(0, 0, 100, 100, down(light(card, rng.uniform(0, 0.06)), dark(card, rng.uniform(0, 0.06))))


def _no_photo(pen: Pen, shop: str, rng: np.random.Generator) -> None:
    """A grey card with a crossed-out camera."""
    grey = jittered((228, 228, 230), rng, 6)
    ink = dark(grey, 0.4)
    pen.box(0, 0, 100, 100, grey)
    pen.box(28, 32, 72, 62, ink, 4)
    pen.box(40, 26, 56, 34, ink, 2)
    pen.disc(50, 47, 11, grey)
    pen.disc(50, 47, 7.6, ink)
    pen.line([(26, 66), (74, 26)], 3.4, grey)
    pen.line([(26, 68.4), (75, 27)], 1.8, ink)
    pen.write(
        ("NO PHOTO", "IMAGE NOT AVAILABLE", "PHOTO COMING SOON")[int(rng.integers(3))],
        50,
        77,
        6,
        ink,
        bold=True,
        room=80,
    )


def _advert(pen: Pen, shop: str, rng: np.random.Generator) -> None:
    """A text card instead of a photo."""
    colour = _colour(rng)
    pen.box(0, 0, 100, 100, down(light(colour, 0.1), dark(colour, 0.25)))
    pen.fill(star(50, 46, 42, 35, 18), light(colour, 0.8))
    first, second = _ADVERTS[int(rng.integers(len(_ADVERTS)))]
    pen.write(first, 50, 38, 15, dark(colour, 0.4), bold=True, room=56)
    pen.write(second, 50, 56, 15, dark(colour, 0.4), bold=True, room=56)
    pen.write(shop, 50, 93, 6, against(colour), room=80)


def _logo(pen: Pen, shop: str, rng: np.random.Generator) -> None:
    """The shop's logo."""
    colour = _colour(rng)
    pen.box(0, 0, 100, 100, light(colour, 0.88))
    if rng.random() < 0.5:
        pen.disc(50, 42, 24, lit(colour, 0.25))
    else:
        pen.box(27, 19, 73, 65, lit(colour, 0.25), 10)
    pen.write(shop.split("_")[-1][:1].upper(), 50, 42, 30, against(colour), bold=True)
    pen.write(shop, 50, 80, 8, dark(colour, 0.5), bold=True, room=84)


def _bar_code(pen: Pen, shop: str, rng: np.random.Generator) -> None:
    """A bar code, as some stock systems upload it."""
    x = 14.0
    while x < 86:
        width = float(rng.choice((0.8, 1.6, 2.4)))
        pen.box(x, 24, x + width, 70, (20, 20, 22))
        x += width + float(rng.choice((0.9, 1.7)))
    pen.write(
        " ".join(str(int(digit)) for digit in rng.integers(0, 10, 12)), 50, 78, 6, (20, 20, 22), room=76
    )


def _message(pen: Pen, shop: str, rng: np.random.Generator) -> None:
    """A handwritten-looking note on lined paper."""
    pen.box(0, 0, 100, 100, (250, 247, 236))
    for y in range(14, 100, 12):
        pen.line([(0, y), (100, y)], 0.5, (176, 200, 224))
    pen.line([(14, 0), (14, 100)], 0.6, (226, 140, 140))
    ink = ((40, 60, 130), (36, 36, 40), (150, 40, 50))[int(rng.integers(3))]
    for row, words in enumerate(_NOTES[int(rng.integers(len(_NOTES)))]):
        pen.write(words, 54, 32 + 12 * row, 7.5, ink, turn=-1.5, room=72)


def _sold_out(pen: Pen, shop: str, rng: np.random.Generator) -> None:
    """A soft empty frame with a stamp across it."""
    pen.box(0, 0, 100, 100, (236, 238, 240))
    pen.fill("M0 80 L30 50 L48 66 L70 38 L100 74 L100 100 L0 100 Z", (206, 210, 216))
    pen.disc(28, 30, 8, (216, 220, 226))
    colour = dark(_colour(rng), 0.3)
    stamp = pen.moved(turn=float(rng.uniform(-20, -8)))
    stamp.line(box(14, 38, 86, 62, 3), 2, clear(colour, 0.9))
    stamp.write(
        ("RESERVED", "PREVIEW", "SOLD OUT")[int(rng.integers(3))],
        50,
        50,
        13,
        clear(colour, 0.95),
        bold=True,
        room=66,
    )


_DESIGNS: tuple[Callable[[Pen, str, np.random.Generator], None], ...] = (
    _blank, _no_photo, _advert, _logo, _bar_code, _message, _sold_out,
)  # fmt: skip
