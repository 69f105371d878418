"""Bags: backpacks and handbags."""

from __future__ import annotations

import numpy as np

from mmquality.data.sample.drawing.colours import (
    BRASS,
    INK,
    LEATHERS,
    RGB,
    STEEL,
    WHITE,
    clear,
    dark,
    light,
    mix,
)
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import Outline, box, path, polygon, symmetric
from mmquality.data.sample.drawing.paints import lit, metal, rolled, rounded
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.products.patterns import decorate


def backpack(pen: Pen, look: Look) -> None:
    """A backpack from the front: for school, for hiking, or a rucksack with leather straps."""
    pen.line("M42 14 C42 3 58 3 58 14", 3, dark(look.colour, 0.35))
    for side in pen.both_sides():
        side.line("M24 40 C10 46 10 70 18 88", 5, dark(look.colour, 0.4))
        side.fill("M24 58 C16 60 14 76 17 88 L26 92 Z", rounded(dark(look.colour, 0.2)))
    body = symmetric("M50 9 C32 9 24 18 23 34 L20 84 C20 92 25 95 32 95 L50 95")
    pen.fill(body, lit(look.colour, 0.26))
    decorate(pen.inside(body), look, (22, 14, 78, 94))
    pen.glaze("M28 20 C25 40 24 70 25 90 C30 70 30 40 33 18 Z", clear(WHITE, 0.22), soft=2)
    {"school": _school_front, "hiking": _hiking_front, "rucksack": _rucksack_front}[look.style](pen, look)


def _zip(pen: Pen, spine: Outline, colour: RGB) -> None:
    pen.line(spine, 1.7, dark(colour, 0.5))
    pen.line(spine, 0.5, STEEL)


def _school_front(pen: Pen, look: Look) -> None:
    _zip(pen, path("M27 50 C26 26 34 16 50 16 C66 16 74 26 73 50"), look.colour)
    pocket = symmetric("M50 54 L30 54 C27 54 26 57 26 60 L27 86 C27 90 30 91 34 91 L50 91")
    pen.fill(pocket, lit(look.second, 0.22))
    _zip(pen, path("M29 61 C40 59 60 59 71 61"), look.second)
    pen.line([(66, 61), (67, 68)], 1.6, metal(STEEL))
    pen.box(41, 36, 59, 45, lit(light(look.second, 0.1), 0.1), 1.5)
    pen.write(look.brand.upper(), 50, 40.6, 4.2, light(look.second, 0.9), bold=True, room=16)
    pen.glaze(box(26, 90, 74, 94), clear(INK, 0.3), soft=1.4)


def _hiking_front(pen: Pen, look: Look) -> None:
    pen.fill("M22 30 C22 8 78 8 78 30 C78 38 70 40 50 40 C30 40 22 38 22 30 Z", lit(look.second, 0.28))
    pen.box(14, 84, 86, 95, rolled(mix(look.second, (60, 60, 60), 0.3), 0.4), 6)
    for x in (34, 66):
        pen.line([(x, 24), (x, 96)], 2.4, dark(look.colour, 0.55))
        pen.box(x - 3, 46, x + 3, 51, metal(dark(STEEL, 0.5)), 1)
    pen.fill(box(38, 52, 62, 78, 3), lit(dark(look.colour, 0.12), 0.2))
    _zip(pen, path("M40 57 L60 57"), look.colour)
    pen.write(look.brand.upper(), 50, 30, 5, light(look.second, 0.85), bold=True, room=28)
    pen.line("M40 62 L60 72 M60 62 L40 72", 0.9, light(look.second, 0.4))


def _rucksack_front(pen: Pen, look: Look) -> None:
    leather = look.one_of(LEATHERS)
    pen.fill("M21 28 C22 8 78 8 79 28 L80 50 C70 58 30 58 20 50 Z", lit(light(look.colour, 0.05), 0.28))
    pen.fill(symmetric("M50 62 L30 62 L29 88 C32 91 40 91 50 91"), lit(dark(look.colour, 0.08), 0.2))
    for x in (36, 64):
        pen.box(x - 2.8, 22, x + 2.8, 72, rounded(leather, 0.2), 1.4)
        pen.box(x - 4.4, 58, x + 4.4, 66, metal(BRASS), 1)
        pen.box(x - 2.6, 59.8, x + 2.6, 64.2, leather)
    pen.box(43, 30, 57, 38, lit(leather, 0.15), 1)
    pen.write(look.brand, 50, 34, 3.8, light(leather, 0.6), room=12)


def handbag(pen: Pen, look: Look) -> None:
    """A handbag: a structured bag, a tote or a small bag on a chain."""
    {"structured": _structured_bag, "tote": _tote_bag, "chain": _chain_bag}[look.style](pen, look)


def _structured_bag(pen: Pen, look: Look) -> None:
    pen.line("M34 46 C32 6 68 6 66 46", 4.4, dark(look.colour, 0.3))
    pen.line(path("M34 46 C32 6 68 6 66 46") - (0.6, 0.6), 1.6, light(look.colour, 0.2))
    body = symmetric("M50 40 L24 40 C20 40 19 42 18 46 L10 88 C10 93 13 95 18 95 L50 95")
    pen.fill(body, lit(look.colour, 0.28))
    pen.fill(symmetric("M50 40 L22 40 L19 58 C30 66 42 68 50 68"), lit(light(look.colour, 0.07), 0.2))
    pen.glaze("M19 58 C30 66 70 66 81 58 L81 62 C70 71 30 71 19 62 Z", clear(INK, 0.35), soft=1.2)
    for x in (34, 66):
        pen.disc(x, 46, 3, metal(BRASS))
    pen.box(44, 60, 56, 72, metal(BRASS), 2)
    pen.disc(50, 66, 2.4, dark(BRASS, 0.5))
    pen.line("M13 84 C40 88 60 88 87 84", 0.6, clear(light(look.colour, 0.5), 0.7))


def _tote_bag(pen: Pen, look: Look) -> None:
    pen.line("M34 44 C34 2 66 2 66 44", 4, dark(look.second, 0.35))
    body = symmetric("M50 34 L16 32 L20 90 C20 94 22 95 26 95 L50 95")
    pen.fill(body, lit(look.colour, 0.2))
    decorate(pen.inside(body), look, (26, 44, 74, 88))
    pen.glaze("M26 36 C32 60 30 80 28 94 L36 94 C38 80 36 60 34 36 Z", clear(INK, 0.18), soft=3)
    pen.line("M33 60 C34 20 30 -2 50 -2 C70 -2 66 20 67 60", 4, look.second)
    pen.line("M17 36 C40 38 60 38 83 36", 0.8, clear(dark(look.colour, 0.6), 0.6))


def _chain_bag(pen: Pen, look: Look) -> None:
    for share in np.linspace(0, 1, 32):
        angle = np.pi * (1 - share)
        x, y = 50 + 36 * np.cos(angle), 52 - 46 * np.sin(angle)
        pen.loop(x, y, 2.2, 1.5, 0.9, dark(BRASS, 0.15) if round(share * 31) % 2 else light(BRASS, 0.3))
    pen.box(12, 50, 88, 95, lit(look.colour, 0.25), 7)
    quilt = pen.inside(box(12, 50, 88, 95, 7))
    for shift in range(-60, 110, 9):
        for lean in (44, -44):
            seam = polygon((shift + 10, 50), (shift + 10 + lean, 95))
            quilt.line(seam, 0.9, clear(dark(look.colour, 0.5), 0.7))
            quilt.line(seam + (0.9, 0.5), 0.5, clear(light(look.colour, 0.4), 0.5))
    pen.fill(
        symmetric("M50 50 L18 50 C14 50 12 54 12 58 C24 74 40 78 50 78"), lit(light(look.colour, 0.06), 0.25)
    )
    pen.loop(50, 76, 5, 3.6, 1.8, metal(BRASS))
    pen.disc(50, 76, 1.8, metal(BRASS))
