"""The frame: the affine map from drawing units to pixels; it holds where the camera stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmquality.data.sample.drawing.outlines import Outline


@dataclass(frozen=True)
class Frame:
    """An affine map: X = a·x + b·y + c, Y = d·x + e·y + f."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 1.0
    f: float = 0.0

    @classmethod
    def placing(cls, x: float, y: float, wide: float, high: float, turn: float = 0.0) -> Frame:
        """Scales (a negative `wide` mirrors), turns clockwise by `turn` degrees, then moves to (x, y)."""
        cosine, sine = float(np.cos(np.radians(turn))), float(np.sin(np.radians(turn)))
        return cls(cosine * wide, -sine * high, x, sine * wide, cosine * high, y)

    def of(self, inner: Frame) -> Frame:
        """The map that applies `inner` first and this one after it."""
        return Frame(
            self.a * inner.a + self.b * inner.d,
            self.a * inner.b + self.b * inner.e,
            self.a * inner.c + self.b * inner.f + self.c,
            self.d * inner.a + self.e * inner.d,
            self.d * inner.b + self.e * inner.e,
            self.d * inner.c + self.e * inner.f + self.f,
        )

    def inverse(self) -> Frame:
        """The map back."""
        scale = 1 / (self.a * self.e - self.b * self.d)
        a, b, d, e = self.e * scale, -self.b * scale, -self.d * scale, self.a * scale
        return Frame(a, b, -(a * self.c + b * self.f), d, e, -(d * self.c + e * self.f))

    def map(self, points: Outline) -> NDArray[np.float64]:
        """The points' images, (n, 2)."""
        image: NDArray[np.float64] = points @ np.array([[self.a, self.d], [self.b, self.e]]) + (
            self.c,
            self.f,
        )
        return image

    @property
    def scale(self) -> float:
        """Pixels per drawing unit (the geometric mean of both directions)."""
        return float(np.sqrt(abs(self.a * self.e - self.b * self.d)))

    @property
    def turn(self) -> float:
        """Degrees by which upright things lean, mirrored or not."""
        return float(np.degrees(np.arctan2(-self.b, self.e)))

    @property
    def upright(self) -> bool:
        """False where the map mirrors."""
        return self.a * self.e - self.b * self.d > 0
