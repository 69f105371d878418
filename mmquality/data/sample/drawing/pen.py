"""The pen: fills outlines with paint on a supersampled layer, through a frame that holds the view."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from mmquality.data.sample.drawing import outlines
from mmquality.data.sample.drawing.colours import Colour
from mmquality.data.sample.drawing.frame import Frame
from mmquality.data.sample.drawing.outlines import Outline, Point, Shape
from mmquality.data.sample.drawing.paints import Paint, flat

SUPERSAMPLING = 2  # the layer has this many pixels per pixel of the photo, each way
_SOFT_STEP = 4  # soft masks are drawn this much coarser: blurred edges need no detail
_FONT_SIZE = 1.35  # the font size that makes capitals one unit high
_SMALLEST_TEXT = 4  # pixels; below that letters are only dirt
_PixelBox = tuple[int, int, int, int]


@dataclass(frozen=True)
class Pen:
    """Draws on `layer` (RGBA) through `frame`, inside `clip` (a full-layer mask, empty outside `bounds`)."""

    layer: Image.Image
    frame: Frame
    clip: Image.Image | None = None
    bounds: _PixelBox | None = None

    def moved(
        self, x: float = 0, y: float = 0, size: float = 1, turn: float = 0, about: Point = (50, 50)
    ) -> Pen:
        """A pen whose drawing is sized and turned around `about`, then moved by (x, y)."""
        inner = Frame.placing(about[0] + x, about[1] + y, size, size, turn).of(
            Frame(c=-about[0], f=-about[1])
        )
        return replace(self, frame=self.frame.of(inner))

    def stretched(self, wide: float = 1, high: float = 1, about: Point = (50, 50)) -> Pen:
        """A pen whose drawing is scaled differently in both directions around `about`."""
        inner = Frame.placing(about[0], about[1], wide, high).of(Frame(c=-about[0], f=-about[1]))
        return replace(self, frame=self.frame.of(inner))

    def mirrored(self, axis: float = 50) -> Pen:
        """A pen that draws the mirror image about x = `axis`."""
        return self.stretched(wide=-1, about=(axis, 0))

    def both_sides(self, axis: float = 50) -> Iterator[Pen]:
        """This pen, then its mirror image: for whatever comes in pairs."""
        yield self
        yield self.mirrored(axis)

    def inside(self, shape: Shape) -> Pen:
        """A pen that cannot leave the shape."""
        mask, pixels = Image.new("L", self.layer.size), self.frame.map(outlines.points_of(shape))
        ImageDraw.Draw(mask).polygon(_flat_list(pixels), fill=255)
        clip = mask if self.clip is None else ImageChops.multiply(self.clip, mask)
        return replace(self, clip=clip, bounds=self._pixel_box(pixels, 1))

    def fill(self, shape: Shape, paint: Paint | Colour, soft: float = 0) -> None:
        """Fills the shape; `soft` blurs its edge by that many units."""
        outline = outlines.points_of(shape)
        self._lay(outline, paint, *self._mask(outline, soft), soft > 0)

    def glaze(self, shape: Shape, paint: Paint | Colour, soft: float = 0) -> None:
        """Fills the shape, but only where something is drawn already: shading, patterns, reflections."""
        outline = outlines.points_of(shape)
        mask, place = self._mask(outline, soft)
        drawn = self.layer.crop(place).getchannel("A")
        self._lay(outline, paint, ImageChops.multiply(mask, drawn), place, True)

    def oval(self, x: float, y: float, rx: float, ry: float, paint: Paint | Colour, turn: float = 0) -> None:
        """Fills an ellipse."""
        self.fill(outlines.oval(x, y, rx, ry, turn), paint)

    def disc(self, x: float, y: float, radius: float, paint: Paint | Colour) -> None:
        """Fills a circle."""
        self.fill(outlines.oval(x, y, radius, radius), paint)

    def box(
        self, left: float, top: float, right: float, bottom: float, paint: Paint | Colour, radius: float = 0
    ) -> None:
        """Fills a rectangle, its corners rounded by `radius`."""
        self.fill(outlines.box(left, top, right, bottom, radius), paint)

    def line(self, points: Shape, width: float, paint: Paint | Colour) -> None:
        """A line with round ends and joints."""
        spine = outlines.points_of(points)
        pixels, breadth = self.frame.map(spine), max(1.0, width * self.frame.scale)
        place = self._pixel_box(pixels, breadth)
        mask = Image.new("L", (place[2] - place[0], place[3] - place[1]))
        local = pixels - place[:2]
        draw = ImageDraw.Draw(mask)
        draw.line(_flat_list(local), fill=255, width=round(breadth), joint="curve")
        for x, y in (local[0], local[-1]):
            draw.ellipse((x - breadth / 2, y - breadth / 2, x + breadth / 2, y + breadth / 2), fill=255)
        self._lay(spine, paint, self._clipped(mask, place), place, False)

    def loop(self, x: float, y: float, rx: float, ry: float, width: float, paint: Paint | Colour) -> None:
        """An elliptical ring of the given line width."""
        self.line(outlines.oval(x, y, rx, ry), width, paint)

    def write(
        self, text: str, x: float, y: float, size: float, colour: Colour,
        turn: float = 0, bold: bool = False, room: float | None = None,
    ) -> None:  # fmt: skip
        """Prints `text` centred on (x, y), letters about `size` units high, smaller where it must fit into
        `room`.

        Text stays readable in mirrored views.
        """
        pixels = size * self.frame.scale
        if room is not None:
            pixels = min(pixels, room * self.frame.scale / _width_per_size(text, bold))
        if pixels < _SMALLEST_TEXT:
            return
        lean = self.frame.turn + (turn if self.frame.upright else -turn)
        mask = _text_mask(text, round(pixels * _FONT_SIZE), bold).rotate(
            -lean, Image.Resampling.BILINEAR, expand=True
        )
        (centre,) = self.frame.map(np.array([(x, y)], dtype=np.float64))
        left, top = round(centre[0] - mask.width / 2), round(centre[1] - mask.height / 2)
        place = (left, top, left + mask.width, top + mask.height)
        self._lay(outlines.polygon((x, y)), colour, self._clipped(mask, place), place, True)

    def _mask(self, outline: Outline, soft: float) -> tuple[Image.Image, _PixelBox]:
        pixels = self.frame.map(outline)
        if soft <= 0:
            place = self._pixel_box(pixels, 1)
            mask = Image.new("L", (place[2] - place[0], place[3] - place[1]))
            ImageDraw.Draw(mask).polygon(_flat_list(pixels - place[:2]), fill=255)
            return self._clipped(mask, place), place
        blur = soft * self.frame.scale
        place = self._pixel_box(pixels, 2.5 * blur)
        size = (place[2] - place[0], place[3] - place[1])
        coarse = Image.new("L", (max(1, size[0] // _SOFT_STEP), max(1, size[1] // _SOFT_STEP)))
        ImageDraw.Draw(coarse).polygon(_flat_list((pixels - place[:2]) / _SOFT_STEP), fill=255)
        blurred = coarse.filter(ImageFilter.GaussianBlur(blur / _SOFT_STEP))
        return self._clipped(blurred.resize(size, Image.Resampling.BILINEAR), place), place

    def _pixel_box(self, pixels: NDArray[np.float64], margin: float) -> _PixelBox:
        """The pixels' bounding box within the clip or the layer, at least one pixel large."""
        first_x, first_y, last_x, last_y = self.bounds or (0, 0, *self.layer.size)
        (low_x, low_y), (high_x, high_y) = pixels.min(axis=0).tolist(), pixels.max(axis=0).tolist()
        left = min(max(math.floor(low_x - margin), first_x), last_x - 1)
        top = min(max(math.floor(low_y - margin), first_y), last_y - 1)
        right = max(left + 1, min(math.ceil(high_x + margin) + 1, last_x))
        bottom = max(top + 1, min(math.ceil(high_y + margin) + 1, last_y))
        return left, top, right, bottom

    def _clipped(self, mask: Image.Image, place: _PixelBox) -> Image.Image:
        return mask if self.clip is None else ImageChops.multiply(mask, self.clip.crop(place))

    def _lay(
        self, shape: Outline, paint: Paint | Colour, mask: Image.Image, place: _PixelBox, blended: bool
    ) -> None:
        paint = paint if isinstance(paint, Paint) else flat(paint)
        if paint.flat and paint.opaque and not blended:
            self.layer.paste(paint.stops[0][1], place, mask)
            return
        colours = self._painted(paint, shape, place)
        if paint.opaque and not blended:
            self.layer.paste(colours, place, mask)
            return
        colours.putalpha(mask if paint.opaque else ImageChops.multiply(colours.getchannel("A"), mask))
        left, top = max(place[0], 0), max(place[1], 0)
        source = (left - place[0], top - place[1])
        self.layer.alpha_composite(colours, (left, top), source)

    def _painted(self, paint: Paint, shape: Outline, place: _PixelBox) -> Image.Image:
        """The paint's colours over the pixel box `place`, laid out in the box around `shape`."""
        left, top, right, bottom = place
        if paint.flat:
            return Image.new("RGBA", (right - left, bottom - top), paint.stops[0][1])
        low, size = shape.min(axis=0), np.maximum(np.ptp(shape, axis=0), 1e-6)
        to_unit = Frame(1 / size[0], 0, -low[0] / size[0], 0, 1 / size[1], -low[1] / size[1]).of(
            self.frame.inverse()
        )
        x = np.arange(left, right, dtype=np.float32)[None] + np.float32(0.5)
        y = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
        u = np.float32(to_unit.a) * x + (np.float32(to_unit.b) * y + np.float32(to_unit.c))
        v = np.float32(to_unit.d) * x + (np.float32(to_unit.e) * y + np.float32(to_unit.f))
        return Image.fromarray(paint.colours(u, v))


def _flat_list(points: NDArray[np.float64]) -> list[float]:
    flattened: list[float] = points.ravel().tolist()
    return flattened


@lru_cache(maxsize=4096)
def _width_per_size(text: str, bold: bool) -> float:
    """The text's width where its letters are one unit high."""
    left, _, right, _ = _font(100).getbbox(text, stroke_width=4 if bold else 0)
    return max(0.1, (right - left) / 100 * _FONT_SIZE)


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)  # travels inside Pillow, so that every machine draws the same letters


def _text_mask(text: str, size: int, bold: bool) -> Image.Image:
    font, stroke = _font(size), max(1, size // 26) if bold else 0
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text, stroke_width=stroke))
    mask = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(mask).text((-left, -top), text, fill=255, font=font, stroke_width=stroke)
    return mask
