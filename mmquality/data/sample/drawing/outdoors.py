"""Scenes out of doors: a street, a garden."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from mmquality.data.sample.drawing.colours import dark, pick
from mmquality.data.sample.drawing.surfaces import (
    Pixels,
    Size,
    as_image,
    descent,
    filled,
    noise,
    standing_before,
)


def _sky(size: Size, rng: np.random.Generator) -> Pixels:
    high, low = pick(((96, 150, 214), (140, 172, 204), (176, 190, 202)), rng), (226, 234, 240)
    clouds = np.clip(noise(size, rng, 5, 9), 0, 1)
    haze = np.minimum(descent(size) * 1.5, 1)
    sky: Pixels = np.array(high, np.float32) * (1 - haze) + np.array(low, np.float32) * haze + 46 * clouds
    return sky


def _trees(scene: Image.Image, horizon: int, rng: np.random.Generator) -> None:
    draw, width = ImageDraw.Draw(scene), scene.width
    for _ in range(int(rng.integers(7, 14))):
        x, radius = rng.uniform(0, width), rng.uniform(14, 40)
        green = pick(((74, 110, 66), (96, 128, 74), (56, 92, 66), (120, 138, 84)), rng)
        draw.ellipse((x - radius, horizon - 1.6 * radius, x + radius, horizon + radius * 0.4), fill=green)


def street(size: Size, rng: np.random.Generator) -> Image.Image:
    """Outdoors: sky, trees or houses, and asphalt."""
    scene, horizon = as_image(_sky(size, rng)), round(size[1] * rng.uniform(0.52, 0.62))
    if rng.random() < 0.6:
        _trees(scene, horizon, rng)
    else:
        _houses(scene, horizon, rng)
    tone = int(rng.integers(104, 150))
    asphalt = as_image(filled(size, (tone, tone, tone + 4)) * (1 + 0.12 * noise(size, rng, 160, 160)))
    street_scene = standing_before(asphalt, size, scene, horizon)
    kerb = (196, 194, 188)
    ImageDraw.Draw(street_scene).rectangle((0, horizon, size[0], horizon + 5), fill=kerb)
    return street_scene


def _houses(scene: Image.Image, horizon: int, rng: np.random.Generator) -> None:
    draw, left = ImageDraw.Draw(scene), -20
    while left < scene.width:
        right, top = left + int(rng.integers(60, 120)), horizon - int(rng.integers(60, 130))
        wall = pick(((196, 156, 130), (214, 204, 186), (170, 128, 110), (188, 192, 194)), rng)
        draw.rectangle((left, top, right, horizon), fill=wall)
        for x in range(left + 10, right - 16, 26):
            for y in range(top + 12, horizon - 20, 32):
                draw.rectangle((x, y, x + 13, y + 18), fill=dark(wall, 0.45))
        left = right


def garden(size: Size, rng: np.random.Generator) -> Image.Image:
    """Outdoors: sky, trees and a lawn."""
    scene, horizon = as_image(_sky(size, rng)), round(size[1] * rng.uniform(0.5, 0.6))
    _trees(scene, horizon, rng)
    green = pick(((104, 146, 74), (88, 132, 70), (126, 156, 84)), rng)
    lawn = filled(size, green) * (1 + 0.16 * noise(size, rng, 120, 60) + 0.06 * noise(size, rng, 6, 6))
    return standing_before(as_image(lawn), size, scene, horizon)
