"""Toys: trains, soft toys, pianos for children."""

from __future__ import annotations

from mmquality.data.sample.drawing.colours import (
    CREAM,
    INK,
    RGB,
    RUBBER,
    STEEL,
    WHITE,
    clear,
    dark,
    light,
    palette,
)
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import Outline, limb, oval, polygon
from mmquality.data.sample.drawing.paints import aslant, ball, lit, metal, rolled, rounded
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.products.cars import toy_wheel
from mmquality.data.sample.drawing.products.keys_and_drums import keyboard


def toy_train(pen: Pen, look: Look) -> None:
    """A toy train: a wooden engine, one with a wagon, or an electric model on its rails."""
    if look.style == "model":
        for x in range(-4, 104, 7):
            pen.box(x, 92, x + 4, 95, (110, 80, 60))
        pen.box(-6, 90.4, 106, 92.2, metal(STEEL))
    if look.style == "wagon":
        _wagon(pen.moved(x=30, size=0.6, about=(50, 95)), look)
        _engine(pen.moved(x=-22, size=0.66, about=(50, 95)), look)
        pen.line([(52, 86), (60, 86)], 1.6, (110, 80, 50))
    else:
        _engine(pen.moved(y=-4) if look.style == "model" else pen, look)


def _engine(pen: Pen, look: Look) -> None:
    wood = look.style != "model"
    accent = look.second
    pen.fill(
        polygon((20, 24), (34, 24), (31, 46), (23, 46)), rounded(accent if wood else dark(look.colour, 0.4))
    )
    pen.box(18, 20, 36, 26, rounded(dark(accent, 0.2)), 2)
    pen.oval(46, 44, 5, 6, ball((226, 186, 90)))
    pen.box(8, 44, 62, 74, rolled(look.colour, 0.4), 8)
    for x in (24, 40):
        pen.box(x, 44, x + 3, 74, clear(light(accent, 0.2), 0.95))
    pen.disc(10, 59, 11, ball(dark(look.colour, 0.25), 0.4))
    pen.disc(10, 59, 6, metal((226, 186, 90)))
    pen.box(58, 28, 92, 76, lit(look.colour if look.chance(0.5) else accent, 0.25), 2)
    pen.box(64, 36, 86, 54, aslant((196, 226, 240), (120, 160, 190)), 2)
    pen.box(54, 22, 97, 30, rolled(dark(accent, 0.15)), 3)
    pen.box(4, 73, 96, 82, rolled(dark(look.colour, 0.35)), 2)
    pen.fill(polygon((4, 76), (4, 90), (-6, 92)), lit((206, 62, 56), 0.2))
    for x, radius in ((18, 9), (40, 9), (75, 14)):
        toy_wheel(pen, x, 95 - radius, radius, RUBBER if not wood else dark(accent, 0.2), (226, 186, 90))
    pen.line([(18, 86), (75, 82)], 2, metal(STEEL))


def _wagon(pen: Pen, look: Look) -> None:
    for x, tone in ((28, (220, 90, 80)), (50, (240, 200, 90)), (70, (100, 170, 120))):
        pen.box(x - 9, 44, x + 9, 62, lit(tone, 0.25), 2)
    pen.box(10, 56, 90, 80, lit(look.second, 0.25), 3)
    for x in (30, 50, 70):
        pen.line([(x, 58), (x, 79)], 1, clear(dark(look.second, 0.5), 0.6))
    for x in (26, 74):
        toy_wheel(pen, x, 84, 11, dark(look.colour, 0.2), (226, 186, 90))


def teddy_bear(pen: Pen, look: Look) -> None:
    """A sitting soft toy: a bear, a rabbit with long ears, or a panda."""
    fur = CREAM if look.style == "panda" else look.colour
    limbs = look.colour if look.style == "panda" else dark(fur, 0.06)
    _ears(pen, look, fur, limbs)
    for side in pen.both_sides():
        _furry(side, oval(26, 66, 9, 17, 34), limbs, look)
    _furry(pen, oval(50, 70, 25, 25), fur, look)
    pen.glaze(oval(50, 73, 14, 15), clear(light(fur, 0.5), 0.7), soft=2.5)
    for side in pen.both_sides():
        _furry(side, oval(27, 86, 15, 11, 12), limbs, look)
        side.glaze(oval(20, 88, 6, 6.6), clear(light(limbs, 0.45), 0.8), soft=0.8)
    _furry(pen, oval(50, 36, 24, 21), fur, look)
    _bear_face(pen, look, fur)
    for side in pen.both_sides():
        side.fill("M50 57 C44 50 36 50 34 54 C34 62 42 64 50 59 Z", lit(look.second, 0.3))
    pen.disc(50, 57.6, 3, ball(look.second))


def _furry(pen: Pen, outline: Outline, colour: RGB, look: Look) -> None:
    """A plush shape: its edge frays into short hairs."""
    centre = outline.mean(axis=0)
    fray = 1 + look.rng.uniform(-0.03, 0.045, (len(outline), 1))
    pen.fill((outline - centre) * fray + centre, ball(colour, 0.34))


def _ears(pen: Pen, look: Look, fur: RGB, limbs: RGB) -> None:
    for side in pen.both_sides():
        if look.style == "rabbit":
            _furry(side, oval(38, 8, 7, 20, -14), fur, look)
            side.glaze(oval(38, 8, 3.4, 14, -14), clear((236, 170, 170), 0.8), soft=1)
        else:
            _furry(side, oval(30, 19, 9, 9), limbs, look)
            side.glaze(oval(30, 20, 5, 5), clear(light(limbs, 0.4), 0.8), soft=1)


def _bear_face(pen: Pen, look: Look, fur: RGB) -> None:
    for side in pen.both_sides():
        if look.style == "panda":
            side.oval(40, 33, 5.4, 7, INK, turn=24)
        side.disc(41, 33, 2.7, ball((30, 22, 20), 0.6))
        side.disc(40.2, 32, 0.9, WHITE)
        side.glaze(oval(33, 42, 4, 3), clear((240, 130, 130), 0.35), soft=1.4)
    pen.oval(50, 43, 10, 8, lit(light(fur, 0.45), 0.15))
    pen.oval(50, 39.6, 3.6, 2.6, ball((50, 34, 30), 0.5))
    pen.line("M50 42 L50 45 M50 45 C48 49 45 48 44 46", 0.9, (60, 42, 36))
    pen.line("M50 45 C52 49 55 48 56 46", 0.9, (60, 42, 36))


_RAINBOW = palette("e4544c f09642 f8d458 78be64 56aad6 6870c8 b06cbe")


def toy_piano(pen: Pen, look: Look) -> None:
    """A children's piano with big bright keys: a tiny upright, an animal, or a xylophone."""
    if look.style == "xylophone":
        _xylophone(pen, look)
        return
    pen.box(16, 24, 84, 90, lit(look.colour, 0.24), 8)
    pen.box(12, 18, 88, 28, rolled(light(look.colour, 0.16)), 4)
    if look.style == "animal":
        _animal_face(pen, look)
    else:
        for x, tone in ((34, (250, 214, 90)), (50, WHITE), (66, (120, 200, 220))):
            pen.disc(x, 42, 6.4, ball(tone))
        pen.write("ABC", 50, 42, 5, (230, 90, 80), bold=True)
    pen.box(8, 54, 92, 76, rolled(dark(look.colour, 0.12)), 4)
    keyboard(pen, 13, 56, 87, 73, 8, _RAINBOW)
    for x in (20, 72):
        pen.box(x, 88, x + 8, 95, rounded(look.second), 2)


def _animal_face(pen: Pen, look: Look) -> None:
    for side in pen.both_sides():
        side.disc(24, 16, 10, lit(look.colour, 0.24))
        side.disc(24, 16, 5.6, light(look.second, 0.4))
        side.disc(40, 38, 4, ball(INK))
        side.disc(39, 37, 1.2, WHITE)
        side.oval(32, 45, 4, 2.6, (240, 140, 140))
    pen.oval(50, 43, 3.4, 2.4, dark(look.colour, 0.6))
    pen.line("M43 47 C46 51 54 51 57 47", 1.2, dark(look.colour, 0.6))


def _xylophone(pen: Pen, look: Look) -> None:
    for y in (44, 78):
        pen.fill(
            limb([(4, y + (8 if y < 60 else 2)), (96, y + (14 if y < 60 else -4))], 5), lit(look.colour, 0.25)
        )
    for bar in range(8):
        left = 6 + bar * 11.2
        pen.box(left, 36 + bar * 2, left + 9, 92 - bar * 2, rounded(_RAINBOW[bar % 7], 0.25), 3)
        for y in (44 + bar * 2, 84 - bar * 2):
            pen.disc(left + 4.5, y, 1.4, metal(STEEL))
    for start, stop in (((30, 22), (70, 60)), ((92, 20), (44, 56))):
        pen.line([start, stop], 2, lit((206, 160, 108)))
        pen.disc(*stop, 5, ball(look.second))
