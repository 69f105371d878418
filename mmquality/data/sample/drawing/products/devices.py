"""Cameras and laptops."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import (
    INK,
    RGB,
    RUBBER,
    SCREENS,
    STEEL,
    WHITE,
    clear,
    dark,
    light,
    mix,
)
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import Outline, box, polygon
from mmquality.data.sample.drawing.paints import Paint, aslant, ball, down, lit, metal, rounded
from mmquality.data.sample.drawing.pen import Pen


def camera(pen: Pen, look: Look) -> None:
    """A camera from the front: reflex, retro rangefinder or instant."""
    {"reflex": _reflex_camera, "retro": _retro_camera, "instant": _instant_camera}[look.style](pen, look)


def _reflex_camera(pen: Pen, look: Look) -> None:
    body = dark(look.colour, 0.1)
    pen.fill("M34 34 L40 18 L60 18 L66 34 Z", lit(body, 0.4))
    pen.box(43, 14, 57, 19, metal(dark(STEEL, 0.5)), 1)
    pen.box(70, 25, 82, 33, rounded(RUBBER), 2)
    pen.box(14, 27, 24, 33, rounded(RUBBER), 1.5)
    pen.fill(
        "M8 36 C8 32 12 31 16 31 L86 31 C91 31 93 34 93 38 "
        "L93 84 C93 88 90 90 86 90 L14 90 C10 90 8 88 8 84 Z",
        lit(body, 0.3),
    )
    pen.fill("M8 38 C14 34 24 36 24 46 L26 90 L14 90 C10 90 8 88 8 84 Z", rounded(RUBBER, 0.4))
    pen.box(26, 48, 93, 82, clear(INK, 0.35))
    pen.write(look.brand.upper(), 50, 26.5, 5, WHITE, bold=True, room=22)
    _lens(pen, 53, 62, 29, look)
    pen.disc(15, 41, 2, look.second)
    pen.box(78, 38, 90, 45, dark(body, 0.5), 1)


def _retro_camera(pen: Pen, look: Look) -> None:
    pen.box(16, 22, 26, 32, rounded(STEEL), 1.5)
    pen.box(72, 24, 86, 32, metal(STEEL), 1.5)
    pen.box(60, 27, 68, 32, metal(STEEL), 1)
    pen.box(6, 30, 94, 88, lit(STEEL, 0.3), 8)
    pen.fill(box(6, 46, 94, 80), lit(look.colour, 0.25))
    grain = pen.inside(box(6, 46, 94, 80))
    for x, y in look.rng.random((120, 2)):
        grain.disc(6 + 88 * x, 46 + 34 * y, 0.6, clear(INK, 0.22))
    pen.box(72, 34, 86, 43, INK, 1.5)
    pen.box(74, 36, 84, 41.5, aslant((150, 180, 220), (50, 60, 90)), 1)
    pen.box(40, 34, 54, 42, INK, 1.5)
    pen.write(look.brand, 25, 38.4, 5.2, INK, room=28)
    _lens(pen, 50, 63, 22, look)


def _instant_camera(pen: Pen, look: Look) -> None:
    pen.fill(
        "M10 44 C10 40 14 38 18 38 L82 38 C86 38 90 40 90 44 "
        "L94 90 C94 94 90 95 86 95 L14 95 C10 95 6 94 6 90 Z",
        lit(look.colour, 0.22),
    )
    pen.fill(
        "M18 18 C18 14 22 12 26 12 L74 12 C78 12 82 14 82 18 L88 60 L12 60 Z",
        lit(light(look.colour, 0.15), 0.2),
    )
    pen.box(18, 76, 82, 84, down(INK, dark(STEEL, 0.6)), 2)
    for step, stripe in enumerate((dark(look.second, 0.3), look.second, light(look.second, 0.45))):
        pen.box(46 + step * 2.7, 60, 48.7 + step * 2.7, 76, stripe)
    pen.box(20, 18, 38, 30, INK, 2)
    pen.box(22, 20, 36, 28, aslant(WHITE, (190, 200, 214)), 1.5)
    pen.box(64, 18, 78, 29, INK, 2)
    pen.box(66, 20, 76, 27, aslant((140, 170, 210), (40, 50, 80)), 1.5)
    pen.disc(80, 50, 4, ball((204, 58, 50)))
    _lens(pen, 50, 41, 18, look)


def _lens(pen: Pen, x: float, y: float, radius: float, look: Look) -> None:
    pen.disc(x, y, radius, metal(dark(STEEL, 0.55)))
    pen.disc(x, y, radius * 0.93, ball(RUBBER, 0.4))
    for angle in np.arange(0, 360, 10):
        spoke = (np.cos(np.radians(angle)) * radius, np.sin(np.radians(angle)) * radius)
        pen.line(
            [(x + spoke[0] * 0.82, y + spoke[1] * 0.82), (x + spoke[0] * 0.9, y + spoke[1] * 0.9)], 0.6, INK
        )
    pen.loop(x, y, radius * 0.76, radius * 0.76, radius * 0.05, look.second)
    pen.disc(x, y, radius * 0.7, (12, 13, 18))
    pen.disc(x, y, radius * 0.52, ball((52, 60, 96), 0.7))
    pen.disc(x, y, radius * 0.3, ball((26, 22, 48), 0.5))
    pen.oval(x - radius * 0.2, y - radius * 0.24, radius * 0.17, radius * 0.11, clear(WHITE, 0.8), turn=-35)
    pen.disc(x + radius * 0.22, y + radius * 0.24, radius * 0.08, clear((210, 160, 240), 0.7))


def laptop(pen: Pen, look: Look) -> None:
    """An open laptop from the front: slim, gaming with lit keys, or an older thick one."""
    thick = 5.0 if look.style == "classic" else 2.4
    shell = look.colour
    bezel = 3.4 if look.style == "slim" else 5.5
    pen.box(14, 12, 86, 64, lit(dark(shell, 0.15), 0.2), 3)
    pen.box(15.2, 13.2, 84.8, 63, INK, 2.4)
    screen = box(15 + bezel, 13 + bezel, 85 - bezel, 61 - bezel * 0.4, 0.8)
    _desktop(pen, screen, look)
    pen.fill(polygon((14, 64), (86, 64), (97, 88), (3, 88)), down(dark(shell, 0.2), light(shell, 0.12)))
    _keyboard(pen, look)
    pen.fill(polygon((40, 80.5), (60, 80.5), (61.5, 86.6), (38.5, 86.6)), clear(dark(shell, 0.35), 0.6))
    pen.box(3, 88, 97, 88 + thick, down(light(shell, 0.25), dark(shell, 0.35)), 1.4)
    pen.box(44, 88, 56, 89.4, dark(shell, 0.4), 0.7)
    pen.glaze(polygon((20, 13), (44, 13), (30, 62), (16, 62)), clear(WHITE, 0.08))


def _desktop(pen: Pen, screen: Outline, look: Look) -> None:
    top, bottom = look.one_of(SCREENS)
    pen.fill(screen, aslant(top, bottom))
    within = pen.inside(screen)
    within.fill("M10 62 L36 36 L52 52 L66 30 L92 62 Z", clear(dark(bottom, 0.35), 0.7))
    within.disc(68, 26, 6, clear(light(top, 0.7), 0.9))
    if look.chance(0.5):
        within.box(24, 24, 54, 48, clear(WHITE, 0.92), 1.2)
        within.box(24, 24, 54, 27.4, (226, 228, 234), 1.2)
        for row in range(5):
            within.box(27, 30 + row * 3.4, 38 + look.between(0, 12), 31.4 + row * 3.4, (150, 156, 170))


def _keyboard(pen: Pen, look: Look) -> None:
    backlit = look.style == "gaming"
    for row in range(5):
        top, bottom = 66 + row * 2.8, 68.2 + row * 2.8
        inset = 20 - row * 1.25
        pitch = (100 - 2 * inset) / 13
        for key in range(13):
            left = inset + key * pitch
            cap: Paint | RGB = (36, 37, 42)
            if backlit:
                cap = mix(look.second, (36, 37, 42), 0.25 + 0.4 * (key / 13))
            pen.box(left, top, left + pitch * 0.84, bottom, cap, 0.3)
