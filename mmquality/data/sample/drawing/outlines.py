"""Outlines: every shape is a list of points in drawing units (a product fills a box of 100 x 100, y
downwards).

Curves are written in the path notation of SVG, because it is short and known: `path("M10 20 C20 0 40 0 50 20
Z")`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Outline = NDArray[np.float64]  # (points, 2)
Shape = Outline | str | Sequence[Point]  # an outline, an SVG path, or its points

_CURVE_STEPS = 14
_TOKEN = re.compile(r"[MLQCZ]|-?\d+(?:\.\d+)?")
_NUMBERS_OF = {"M": 2, "L": 2, "Q": 4, "C": 6}


@lru_cache(maxsize=4096)
def path(text: str) -> Outline:
    """The points along an SVG path of absolute M, L, Q, C and Z commands (one subpath)."""
    points: list[Outline] = []
    here = np.zeros(2)
    for command, numbers in _commands(text):
        stations = np.array([here, *np.reshape(numbers, (-1, 2))]) if numbers else here[None]
        points.append(_bezier(stations) if command in "QC" else stations[1:])
        here = stations[-1]
    outline = np.concatenate(points)
    outline.setflags(write=False)
    return outline


def _commands(text: str) -> Iterator[tuple[str, list[float]]]:
    tokens = _TOKEN.findall(text)
    command, place = "", 0
    while place < len(tokens):
        if tokens[place].isalpha():
            command = tokens[place]
            place += 1
        if command == "Z":
            continue
        count = _NUMBERS_OF[command]
        yield command, [float(number) for number in tokens[place : place + count]]
        place += count


def _bezier(stations: Outline) -> Outline:
    """Points of the Bézier curve with these control points, its first one left out."""
    steps = np.linspace(0, 1, _CURVE_STEPS + 1)[1:, None, None]
    while stations.ndim == 2:
        stations = np.repeat(stations[None], _CURVE_STEPS, axis=0)
    while stations.shape[1] > 1:
        stations = stations[:, :-1] * (1 - steps) + stations[:, 1:] * steps
    return stations[:, 0]


def oval(
    x: float, y: float, rx: float, ry: float, turn: float = 0, start: float = 0, stop: float = 360
) -> Outline:
    """An ellipse around (x, y), or its arc between two angles (degrees, clockwise from three o'clock)."""
    points = _unit_arc(start, stop) * (rx, ry)
    return (points @ _rotation(turn).T if turn else points) + (x, y)


@lru_cache(maxsize=512)
def _unit_arc(start: float, stop: float) -> Outline:
    angles = np.radians(np.linspace(start, stop, max(8, round(56 * abs(stop - start) / 360)) + 1))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def box(left: float, top: float, right: float, bottom: float, radius: float = 0) -> Outline:
    """A rectangle, its corners rounded by `radius`."""
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    if radius <= 0:
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)
    corners = ((right, bottom, 0), (left, bottom, 90), (left, top, 180), (right, top, 270))
    inward = {0: (-1, -1), 90: (1, -1), 180: (1, 1), 270: (-1, 1)}
    arcs = []
    for x, y, angle in corners:
        dx, dy = inward[angle]
        arcs.append(oval(x + dx * radius, y + dy * radius, radius, radius, start=angle, stop=angle + 90))
    return np.concatenate(arcs)


def polygon(*points: Point) -> Outline:
    """Straight lines between the given points."""
    return np.array(points, dtype=np.float64)


def smooth(points: Sequence[Point], closed: bool = True) -> Outline:
    """A soft curve through all points (Catmull-Rom), as a hand would draw it."""
    knots = np.array(points, dtype=np.float64)
    around = np.concatenate([knots[-1:], knots, knots[:2]] if closed else [knots[:1], knots, knots[-1:]])
    steps = np.linspace(0, 1, 9)[:-1, None]
    pieces = []
    for before, start, stop, after in zip(around, around[1:], around[2:], around[3:], strict=False):
        pieces.append(
            0.5
            * (
                2 * start
                + (stop - before) * steps
                + (2 * before - 5 * start + 4 * stop - after) * steps**2
                + (3 * start - before - 3 * stop + after) * steps**3
            )
        )
    return np.concatenate(pieces if closed else [*pieces, knots[-1:]])


def limb(spine: Shape, thick: float, thin: float | None = None) -> Outline:
    """The outline around a spine, `thick` wide at its start and `thin` at its end: legs, necks, straps."""
    line = points_of(spine)
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    widths = np.linspace(thick, thick if thin is None else thin, len(line))[:, None] / 2
    return np.concatenate([line + normal * widths, (line - normal * widths)[::-1]])


def star(x: float, y: float, outer: float, inner: float, points: int, turn: float = -90) -> Outline:
    """A star, or with many shallow points a serrated edge."""
    angles = np.radians(turn + np.arange(2 * points) * 180 / points)
    radii = np.where(np.arange(2 * points) % 2 == 0, outer, inner)
    return np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], axis=1)


def blend(first: Outline, second: Outline, share: float) -> Outline:
    """The outline between two outlines of equally many points."""
    return first * (1 - share) + second * share


def mirrored(outline: Outline, axis: float = 50) -> Outline:
    """The outline's mirror image about the vertical line x = `axis`."""
    return outline * (-1, 1) + (2 * axis, 0)


def points_of(shape: Shape) -> Outline:
    """The points of a shape, whichever way it is written."""
    return path(shape) if isinstance(shape, str) else np.asarray(shape, dtype=np.float64)


def closed(shape: Shape) -> Outline:
    """The outline with its first point again at its end: for lines all around."""
    points = points_of(shape)
    return np.concatenate([points, points[:1]])


def symmetric(shape: Shape, axis: float = 50) -> Outline:
    """A closed outline from its left half, drawn from the top to the bottom of the axis."""
    half = points_of(shape)
    return np.concatenate([half, mirrored(half, axis)[::-1]])


def _rotation(degrees: float) -> NDArray[np.float64]:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine], [sine, cosine]])
