"""Paints: flat colours and gradients laid out in the box around the shape they fill, like SVG's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmquality.data.sample.drawing.colours import RGB, Colour, clear, dark, light
from mmquality.data.sample.drawing.outlines import Point

Coordinates = NDArray[np.floating[Any]]
Stops = tuple[tuple[float, Colour], ...]


@dataclass(frozen=True)
class Paint:
    """A gradient from `origin` to `target`, both in units of the painted shape's box (0…1 each way)."""

    stops: Stops
    origin: Point = (0.0, 0.5)
    target: Point = (1.0, 0.5)
    radial: bool = False

    @property
    def flat(self) -> bool:
        """True where the paint is one colour all over."""
        return len(self.stops) == 1

    @property
    def opaque(self) -> bool:
        """True where nothing shines through."""
        return all(len(colour) == 3 or colour[3] == 255 for _, colour in self.stops)

    def colours(self, u: Coordinates, v: Coordinates) -> NDArray[np.uint8]:
        """RGBA (h, w, 4) at the places (u, v) of the painted box; u and v are (h, w) or broadcast to it."""
        levels = np.clip(self._progress(u, v) * 255, 0, 255).astype(np.uint8)
        pixels = np.take(_ramp(self.stops), levels)  # (h, w) packed RGBA
        return pixels.view(np.uint8).reshape(*levels.shape, 4)

    def _progress(self, u: Coordinates, v: Coordinates) -> Coordinates:
        """How far along the gradient each place is: 0 at its origin, 1 at its target."""
        (u0, v0), (u1, v1) = self.origin, self.target
        if self.radial:
            distance = np.sqrt((u - np.float32(u0)) ** 2 + (v - np.float32(v0)) ** 2)
            return distance / np.float32(np.hypot(u1 - u0, v1 - v0))
        length = (u1 - u0) ** 2 + (v1 - v0) ** 2
        along, across = np.float32((u1 - u0) / length), np.float32((v1 - v0) / length)
        return (u - np.float32(u0)) * along + (v - np.float32(v0)) * across


@lru_cache(maxsize=2048)
def _ramp(stops: Stops) -> NDArray[np.uint32]:
    """256 packed RGBA colours along the stops."""
    places = [place for place, _ in stops]
    colours = np.array(
        [colour if len(colour) == 4 else (*colour, 255) for _, colour in stops], dtype=np.float64
    )
    ramp = [np.interp(np.linspace(0, 1, 256), places, channel) for channel in colours.T]
    return np.ascontiguousarray(np.stack(ramp, axis=1).round().astype(np.uint8)).view(np.uint32).ravel()


def flat(colour: Colour) -> Paint:
    """One colour all over."""
    return Paint(((0.0, colour),))


def down(top: Colour, bottom: Colour) -> Paint:
    """From `top` to `bottom`."""
    return Paint(((0.0, top), (1.0, bottom)), (0.5, 0.0), (0.5, 1.0))


def aslant(first: Colour, second: Colour) -> Paint:
    """From the upper left corner to the lower right one."""
    return Paint(((0.0, first), (1.0, second)), (0.0, 0.0), (1.0, 1.0))


def sideways(*colours: Colour) -> Paint:
    """From left to right through all colours, evenly."""
    return Paint(tuple(zip(np.linspace(0, 1, len(colours)).tolist(), colours, strict=True)))


def lit(colour: RGB, depth: float = 0.22) -> Paint:
    """A surface turned to the light: bright at the upper left, dim at the lower right."""
    return Paint(
        ((0.0, light(colour, depth)), (0.5, colour), (1.0, dark(colour, depth))), (0.1, 0.0), (0.9, 1.0)
    )


def rounded(colour: RGB, depth: float = 0.34) -> Paint:
    """An upright cylinder: dim edges, a bright band left of the middle."""
    stops = ((0.0, dark(colour, depth * 0.8)), (0.14, colour), (0.32, light(colour, depth)), (0.52, colour))
    return Paint((*stops, (0.84, dark(colour, depth)), (1.0, dark(colour, depth * 0.72))))


def rolled(colour: RGB, depth: float = 0.34) -> Paint:
    """A lying cylinder: bright near the top, dim below."""
    stops = (
        (0.0, dark(colour, depth * 0.4)),
        (0.26, light(colour, depth)),
        (0.55, colour),
        (1.0, dark(colour, depth)),
    )
    return Paint(stops, (0.5, 0.0), (0.5, 1.0))


def ball(colour: RGB, depth: float = 0.45) -> Paint:
    """A sphere lit from the upper left."""
    stops = (
        (0.0, light(colour, depth)),
        (0.35, light(colour, depth * 0.2)),
        (0.75, dark(colour, depth * 0.5)),
    )
    return Paint((*stops, (1.0, dark(colour, depth))), (0.34, 0.28), (0.98, 0.98), radial=True)


def metal(colour: RGB) -> Paint:
    """Polished metal: several bands of reflected room."""
    bands = ((0.0, -0.3), (0.18, 0.5), (0.32, 0.05), (0.5, 0.65), (0.66, -0.12), (0.82, 0.3), (1.0, -0.42))
    stops = tuple((place, light(colour, gain) if gain > 0 else dark(colour, -gain)) for place, gain in bands)
    return Paint(stops, (0.0, 0.1), (1.0, 0.9))


def fading(colour: RGB, start: float, stop: float = 0.0, downwards: bool = True) -> Paint:
    """A glaze from opacity `start` to opacity `stop`."""
    ends = ((0.5, 0.0), (0.5, 1.0)) if downwards else ((0.0, 0.5), (1.0, 0.5))
    return Paint(((0.0, clear(colour, start)), (1.0, clear(colour, stop))), *ends)


def glow(colour: RGB, strength: float) -> Paint:
    """Light that is strongest in the middle and gone at the edge."""
    stops = ((0.0, clear(colour, strength)), (0.4, clear(colour, strength * 0.45)), (1.0, clear(colour, 0.0)))
    return Paint(stops, (0.5, 0.5), (1.0, 0.5), radial=True)
