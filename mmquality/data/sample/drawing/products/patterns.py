"""Patterns printed, woven or painted on products; each is drawn by a pen that cannot leave the product."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmquality.data.sample.drawing.colours import RGB, Colour, against, clear, dark, light
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import box, oval, polygon
from mmquality.data.sample.drawing.pen import Pen

Bounds = tuple[float, float, float, float]  # left, top, right, bottom


def decorate(pen: Pen, look: Look, bounds: Bounds) -> None:
    """The look's pattern within the bounds; nothing where it is plain."""
    if look.pattern in PATTERNS:
        PATTERNS[look.pattern](pen, look, bounds)


def _bands(pen: Pen, low: float, high: float, step: float, paint: Colour, upright: bool = False) -> None:
    """Stripes as wide as their gaps, from `low` to `high` down (or across), endless the other way."""
    for start in np.arange(low, high, step):
        band = box(start, -99, start + step / 2, 199) if upright else box(-99, start, 199, start + step / 2)
        pen.fill(band, paint)


def _striped(pen: Pen, look: Look, bounds: Bounds) -> None:
    _, top, _, bottom = bounds
    step = (bottom - top) / look.one_of((4, 5, 7))
    _bands(pen, top + step / 4, bottom, step, look.second)


def _dotted(pen: Pen, look: Look, bounds: Bounds) -> None:
    left, top, right, bottom = bounds
    step = (right - left) / look.one_of((5, 6, 8))
    for row, y in enumerate(np.arange(top - step, bottom + step, step * 0.86)):
        for x in np.arange(left - step + (row % 2) * step / 2, right + step, step):
            pen.fill(oval(x, y, step * 0.24, step * 0.24), look.second)


def _floral(pen: Pen, look: Look, bounds: Bounds) -> None:
    left, top, right, bottom = bounds
    size = (right - left) * 0.1
    for row, y in enumerate(np.arange(top, bottom + size, size * 2.1)):
        for x in np.arange(left - size + (row % 2) * size * 1.2, right + size, size * 2.4):
            blossom(
                pen, x + look.between(-1, 1) * size * 0.3, y, size * look.between(0.75, 1.05), look.second
            )


def blossom(pen: Pen, x: float, y: float, radius: float, colour: RGB) -> None:
    """A small flat flower with one leaf."""
    pen.fill(oval(x + radius * 1.1, y + radius * 0.7, radius * 0.6, radius * 0.24, 35), (84, 132, 84))
    for angle in range(0, 360, 72):
        dx, dy = np.cos(np.radians(angle)) * radius * 0.55, np.sin(np.radians(angle)) * radius * 0.55
        pen.fill(oval(x + dx, y + dy, radius * 0.48, radius * 0.36, angle), colour)
    pen.fill(oval(x, y, radius * 0.28, radius * 0.28), (246, 204, 92))


def _printed(pen: Pen, look: Look, bounds: Bounds) -> None:
    """A round emblem with the brand's name below it."""
    left, top, right, bottom = bounds
    x, y, size = (left + right) / 2, (top + bottom) / 2, min(right - left, bottom - top) * 0.36
    ink = against(look.colour)
    pen.fill(oval(x, y - size * 0.2, size, size), look.second)
    pen.fill(oval(x - size * 0.1, y - size * 0.4, size * 0.5, size * 0.5), light(look.second, 0.55))
    for step in range(3):
        low = y + size * (0.12 + step * 0.24)
        foot = low + 0.12 * size
        hill = polygon(
            (x - size, low),
            (x - 0.2 * size, low - size / 2),
            (x + size, low),
            (x + size, foot),
            (x - size, foot),
        )
        pen.fill(hill, clear(dark(look.second, 0.2 + 0.2 * step), 0.85))
    pen.write(look.brand.upper(), x, y + size * 1.25, size * 0.36, ink, bold=True, room=(right - left) * 0.9)


def _zigzag(pen: Pen, look: Look, bounds: Bounds) -> None:
    left, top, right, bottom = bounds
    step, rows = (right - left) / 7, look.one_of((2, 3, 4))
    for y in np.linspace(top, bottom, rows + 2)[1:-1]:
        xs = np.arange(left - 2 * step, right + 2 * step, step / 2)
        ys = y + np.where(np.arange(len(xs)) % 2 == 0, -0.35, 0.35) * step
        pen.line(np.stack([xs, ys], axis=1), step * 0.22, look.second)


def _speckled(pen: Pen, look: Look, bounds: Bounds) -> None:
    left, top, right, bottom = bounds
    for x, y, radius in look.rng.random((70, 3)):
        spot = oval(
            left - 5 + x * (right - left + 10), top - 12 + y * (bottom - top + 16), *(0.4 + radius,) * 2
        )
        pen.fill(spot, clear(dark(look.colour, 0.5), 0.55))


def _checked(pen: Pen, look: Look, bounds: Bounds) -> None:
    left, top, right, bottom = bounds
    step, glaze = (right - left) / 5, clear(look.second, 0.45)
    _bands(pen, left - step, right + step, step, glaze, upright=True)
    _bands(pen, top - step, bottom + step, step, glaze)


PATTERNS: dict[str, Callable[[Pen, Look, Bounds], None]] = {
    "striped": _striped,
    "dotted": _dotted,
    "floral": _floral,
    "printed": _printed,
    "zigzag": _zigzag,
    "speckled": _speckled,
    "checked": _checked,
}
