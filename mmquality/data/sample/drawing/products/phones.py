"""Mobile phones and their cases."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import (
    CREAM,
    INK,
    RGB,
    RUBBER,
    SCREENS,
    STEEL,
    WHITE,
    against,
    clear,
    dark,
    light,
    mix,
)
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import Outline, box, closed, polygon
from mmquality.data.sample.drawing.paints import aslant, ball, down, lit, metal
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.products.patterns import decorate


def phone(pen: Pen, look: Look) -> None:
    """A mobile phone: the back before the screen, the screen alone, or an old one with keys."""
    if look.style == "keypad":
        _keypad_phone(pen, look)
    elif look.style == "pair":
        _phone_screen(pen.moved(x=14, turn=5), look)
        _phone_back(pen.moved(x=-15, turn=-5), look)
    else:
        _phone_screen(pen.moved(turn=look.between(-8, 8)), look)


def _phone_screen(pen: Pen, look: Look) -> None:
    pen.box(27, 4, 73, 96, metal(mix(look.colour, STEEL, 0.3)), 8)
    pen.box(28.4, 5.4, 71.6, 94.6, INK, 7)
    screen = box(30, 7, 70, 93, 5.4)
    top, bottom = look.one_of(SCREENS)
    pen.fill(screen, aslant(top, bottom))
    within = pen.inside(screen)
    within.disc(64, 40, 22, clear(light(top, 0.3), 0.35))
    within.disc(36, 74, 26, clear(dark(bottom, 0.2), 0.35))
    pen.box(44, 9, 56, 12, INK, 1.5)
    pen.write("10:24", 50, 24, 8, WHITE)
    for row in range(3):
        for column in range(4):
            icon = look.one_of(
                ((240, 240, 244), (250, 200, 70), (90, 200, 120), (240, 100, 90), (90, 150, 240))
            )
            pen.box(33.4 + column * 9, 52 + row * 11, 39.6 + column * 9, 58.2 + row * 11, lit(icon, 0.1), 1.6)
    pen.glaze(polygon((30, 7), (52, 7), (34, 93), (30, 93)), clear(WHITE, 0.1))


def _phone_back(pen: Pen, look: Look) -> None:
    pen.box(27, 4, 73, 96, metal(mix(look.colour, STEEL, 0.4)), 8)
    pen.box(28.2, 5.2, 71.8, 94.8, lit(look.colour, 0.3), 7)
    pen.box(31, 8, 52, 30, lit(light(look.colour, 0.12), 0.2), 6)
    for x, y in ((37, 14), (37, 24), (46.4, 19)):
        _phone_lens(pen, x, y)
    pen.disc(47, 11.4, 1.4, CREAM)
    pen.write(look.brand, 50, 56, 5, light(look.colour, 0.5), room=30)
    pen.glaze(polygon((58, 5), (71.8, 5), (71.8, 40), (40, 95), (29, 95)), clear(WHITE, 0.12))


def _phone_lens(pen: Pen, x: float, y: float) -> None:
    pen.disc(x, y, 4.3, metal(dark(STEEL, 0.3)))
    pen.disc(x, y, 3.6, (14, 15, 20))
    pen.disc(x, y, 2, ball((54, 64, 110), 0.6))
    pen.disc(x - 0.8, y - 0.9, 0.6, WHITE)


def _keypad_phone(pen: Pen, look: Look) -> None:
    pen.line([(64, 3), (64, 12)], 5, RUBBER)
    pen.fill(
        "M32 12 C32 6 68 6 68 12 C72 40 70 70 66 90 C64 96 36 96 34 90 C30 70 28 40 32 12 Z",
        lit(look.colour, 0.35),
    )
    pen.box(35, 15, 65, 44, dark(look.colour, 0.6), 4)
    pen.box(37.5, 18, 62.5, 40, aslant((186, 208, 150), (140, 168, 110)), 1)
    pen.write("12:05", 50, 26, 6.4, (44, 56, 36))
    pen.box(40, 33, 60, 37, (60, 76, 50))
    pen.write(look.brand, 50, 11.4, 3.6, against(look.colour), bold=True, room=24)
    pen.oval(50, 50, 10, 3.8, metal(STEEL))
    for number in range(12):
        x, y = 40 + 10 * (number % 3), 60 + 8.4 * (number // 3)
        pen.oval(x, y, 4, 2.9, ball(light(look.colour, 0.75), 0.25))
        pen.write("123456789*0#"[number], x, y, 3.2, INK)


def phone_case(pen: Pen, look: Look) -> None:
    """A case without a phone: a printed shell, a clear one, or a leather wallet."""
    if look.style == "wallet":
        _wallet_case(pen, look)
        return
    shell = box(26, 4, 74, 96, 9)
    hole = (30, 8, 54, 32, 7.0)
    transparent = look.style == "clear"
    pen.fill(shell, clear(mix(look.colour, WHITE, 0.75), 0.55) if transparent else lit(look.colour, 0.22))
    if not transparent:
        decorate(pen.inside(shell), look, (30, 36, 70, 90))
    for x in (24.6, 73.6):
        pen.box(x, 30, x + 1.8, 42, dark(look.colour, 0.3), 0.8)
    pen.line(
        closed(shell),
        2.2,
        clear(light(look.colour, 0.5), 0.9) if transparent else dark(look.colour, 0.18),
    )
    pen.box(*hole[:4], dark(look.colour, 0.35), hole[4])
    pen.box(
        hole[0] + 1.6,
        hole[1] + 1.6,
        hole[2] - 1,
        hole[3] - 1,
        down((84, 80, 78), (120, 116, 112)),
        hole[4] - 1,
    )
    pen.glaze(polygon((60, 5), (70, 5), (40, 95), (31, 95)), clear(WHITE, 0.3 if transparent else 0.14))


def _wallet_case(pen: Pen, look: Look) -> None:
    pen.box(50, 6, 92, 94, lit(dark(look.colour, 0.12), 0.2), 4)
    pen.box(53, 10, 89, 90, dark(look.colour, 0.35), 5)
    pen.box(56, 13, 86, 87, clear(light(look.colour, 0.2), 0.35), 4)
    pen.box(58, 15, 70, 27, down((84, 80, 78), (120, 116, 112)), 4)
    pen.box(8, 6, 51, 94, lit(look.colour, 0.22), 4)
    for step, card in enumerate(((214, 92, 80), (84, 140, 196), (226, 196, 120))):
        pen.box(15, 22 + step * 16, 46, 42 + step * 16, lit(card, 0.15), 2)
        pen.box(13, 30 + step * 16, 48, 52 + step * 16, lit(light(look.colour, 0.06), 0.1), 1)
    pen.box(-1, 43, 12, 55, lit(dark(look.colour, 0.1), 0.2), 4)
    pen.disc(4, 49, 2.2, metal(STEEL))
    _stitches(pen, box(10.5, 9, 48, 91, 3), light(look.colour, 0.45))


def _stitches(pen: Pen, outline: Outline, colour: RGB) -> None:
    for start, stop in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        count = max(1, round(float(np.hypot(*(stop - start))) / 3))
        for share in np.arange(count) / count:
            here = start + (stop - start) * share
            pen.line(np.array([here, here + (stop - start) / count * 0.5]), 0.6, colour)
