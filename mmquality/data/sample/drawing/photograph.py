"""The photograph: a product on a scene, lit from the upper left, taken with a seller's camera."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from mmquality.data.sample.drawing.frame import Frame
from mmquality.data.sample.drawing.look import Drawing, Look
from mmquality.data.sample.drawing.pen import SUPERSAMPLING, Pen
from mmquality.data.sample.drawing.scenes import SCENES, UPRIGHT
from mmquality.data.sample.drawing.surfaces import Size

COMMENT = "Drawn by mmquality for its sample marketplace; not a photograph of a real product."
LONG_SIDE = 320
_SOFT_STEP = 2  # shadows and relief are worked out this much coarser: they are blurred anyway
_SHAPES: tuple[tuple[Size, float], ...] = (((320, 320), 0.84), ((256, 320), 0.08), ((320, 256), 0.08))
_GRAIN = np.random.default_rng(20).normal(0, 1, (2 * LONG_SIDE, 2 * LONG_SIDE)).astype(np.float32)


@dataclass(frozen=True)
class Pose:
    """How a type of product is usually shown."""

    scenes: tuple[str, ...]
    hangs: bool = False  # in an upright scene: on the wall instead of on the ground
    size: float = 0.8  # the share of the photo's short side that the 100 units of the drawing take
    turn: float = 3.0  # degrees (standard deviation) by which it leans
    mirrors: bool = True


def take_photo(draw: Drawing, look: Look, pose: Pose, rng: np.random.Generator) -> Image.Image:
    """One photo (RGB, longest side 320) of the item that `draw` draws in a box of 100 x 100 units."""
    size = _SHAPES[int(rng.choice(len(_SHAPES), p=[share for _, share in _SHAPES]))][0]
    name = pose.scenes[int(rng.integers(len(pose.scenes)))]
    backdrop = SCENES[name](size, rng)
    standing = name in UPRIGHT and not pose.hangs
    layer = Image.new("RGBA", (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING))
    draw(Pen(layer, _view(size, pose, standing, rng)), look)
    product = layer.convert("RGBa").reduce(SUPERSAMPLING).convert("RGBA")
    photo = _shadowed(backdrop, product.getchannel("A"), standing, rng)
    photo.paste(_lit(product), (0, 0), product)
    return _developed(photo, rng)


def encode(photo: Image.Image, quality: int) -> bytes:
    """The photo as a JPEG file that says what it is."""
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=quality, optimize=False, comment=COMMENT.encode())
    return buffer.getvalue()


def _view(size: Size, pose: Pose, standing: bool, rng: np.random.Generator) -> Frame:
    """Where the camera stands: size, place, lean, mirror, a little foreshortening."""
    short = min(size) * SUPERSAMPLING
    scale = short * pose.size * rng.uniform(0.86, 1.1) / 100
    mirror = -1 if pose.mirrors and rng.random() < 0.5 else 1
    wide = scale * rng.uniform(0.93, 1.04) * mirror
    turn = rng.normal(0, 0.8 if standing else pose.turn)
    x = size[0] * SUPERSAMPLING * (0.5 + rng.normal(0, 0.018))
    y = size[1] * SUPERSAMPLING * (0.5 + rng.normal(0, 0.015))
    if standing:  # the drawing's ground, y = 95, on the scene's ground
        y = size[1] * SUPERSAMPLING * rng.uniform(0.85, 0.9) - 45 * scale
    return Frame.placing(x, y, wide, scale, turn).of(Frame(c=-50, f=-50))


def _shadowed(
    backdrop: Image.Image, shape: Image.Image, standing: bool, rng: np.random.Generator
) -> Image.Image:
    """The backdrop with the product's shadow on it."""
    coarse = shape.reduce(_SOFT_STEP)
    extent = coarse.getbbox()
    if extent is None:
        return backdrop
    shadow = _ground_shadow(coarse, extent, rng) if standing else _drop_shadow(coarse, rng)
    strength = rng.uniform(0.45, 0.65)
    mask = shadow.resize(backdrop.size, Image.Resampling.BICUBIC).point(lambda value: value * strength)
    return Image.composite(Image.new("RGB", backdrop.size, (16, 15, 22)), backdrop, mask)


def _ground_shadow(
    shape: Image.Image, extent: tuple[int, int, int, int], rng: np.random.Generator
) -> Image.Image:
    """A wide soft shadow lying on the ground, and a narrow dark one where the product touches it."""
    left, top, right, bottom = extent
    silhouette, wide = shape.crop(extent), right - left
    depth = max(4, round(wide * 0.16))
    lying, touching = Image.new("L", shape.size), Image.new("L", shape.size)
    place = (left + round(rng.uniform(0, 3)), bottom - round(depth * 0.8))
    lying.paste(silhouette.resize((wide, depth), Image.Resampling.BOX), place)
    feet = silhouette.crop((0, max(0, silhouette.height - 5), wide, silhouette.height))
    touching.paste(feet.resize((wide, 3), Image.Resampling.BOX), (left, bottom - 2))
    soft = lying.filter(ImageFilter.GaussianBlur(3.2)).point(lambda value: value * 0.85)
    return ImageChops.lighter(soft, touching.filter(ImageFilter.GaussianBlur(0.8)))


def _drop_shadow(shape: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The shadow of something that lies on a surface or hangs before a wall."""
    near = ImageChops.offset(shape.filter(ImageFilter.GaussianBlur(1.2)), 1, 2)
    far = shape.filter(ImageFilter.GaussianBlur(4.5))
    far = ImageChops.offset(far, round(rng.uniform(2, 5)), round(rng.uniform(3, 6)))
    return ImageChops.lighter(near.point(lambda value: value * 0.7), far.point(lambda value: value * 0.85))


def _lit(product: Image.Image) -> Image.Image:
    """The product, its upper left edges brightened and its lower right ones dimmed, as by a soft lamp."""
    shape = product.getchannel("A").reduce(_SOFT_STEP).filter(ImageFilter.GaussianBlur(2.5))
    relief = ImageChops.subtract(ImageChops.offset(shape, 2, 2), ImageChops.offset(shape, -2, -2), 1, 128)
    # Behind an upper left edge the shape shifted to the lower right is the smaller one: more light.
    gain = np.asarray(relief.resize(product.size, Image.Resampling.BILINEAR), np.float32)
    gain = 1 - (gain - 128) * np.float32(0.20 / 255)
    lit = np.asarray(product.convert("RGB"), np.float32) * gain[..., None]
    return Image.fromarray(np.minimum(lit, 255).astype(np.uint8))


def _developed(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """What the camera adds: exposure, white balance, a little vignette, focus and grain."""
    if rng.random() < 0.12:
        photo = photo.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 0.9)))
    width, height = photo.size
    warmth = rng.normal(0, 0.025)
    balance = np.array([1 + warmth, 1.0, 1 - warmth], np.float32) * np.float32(rng.normal(1.0, 0.05))
    across, down = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
    vignette = 1 - np.float32(rng.uniform(0, 0.12)) * (across[None] ** 2 + down[:, None] ** 2) / 2
    x, y = int(rng.integers(LONG_SIDE)), int(rng.integers(LONG_SIDE))
    grain = _GRAIN[y : y + height, x : x + width] * np.float32(rng.uniform(0.8, 4.0))
    pixels = np.asarray(photo, np.float32) * balance * vignette[..., None] + grain[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
