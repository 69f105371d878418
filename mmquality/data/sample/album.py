"""The album: the photo of each offer, drawn where and when it is needed."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageEnhance

from mmquality.data.sample.assortment import PRODUCT_TYPES
from mmquality.data.sample.drawing.colours import NAMED, jittered
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.packaging import BOXES, DEVICE_LEFTOVERS, POSE
from mmquality.data.sample.drawing.photograph import encode, take_photo
from mmquality.data.sample.drawing.placeholders import draw_placeholder
from mmquality.data.sample.drawing.products import SUBJECTS
from mmquality.data.sample.marketplace import Kind, Offer
from mmquality.data.sample.titles import Item


def photo_of(offer: Offer, owner: Offer | None, seed: int) -> bytes:
    """The offer's photo as a JPEG file; `owner` is the offer whose photo it copies, if it copies one."""
    rng = np.random.default_rng([seed, 2, offer.number])
    if offer.wrong is Kind.COPIED and owner is not None:
        return _reencoded(photo_of(owner, None, seed), rng)
    if offer.wrong is Kind.PLACEHOLDER:
        photo = draw_placeholder(offer.seller, rng)
    elif offer.wrong is Kind.ACCESSORY_OR_BOX:
        photo = _box_photo(offer.item, rng)
    else:
        photo = _product_photo(offer.shown or offer.item, rng)
    return encode(photo, _quality(rng))


def _quality(rng: np.random.Generator) -> int:
    return int(rng.integers(68, 90))


def _look(item: Item, rng: np.random.Generator) -> Look:
    colour, second = jittered(NAMED[item.colour], rng), jittered(NAMED[item.second], rng)
    return Look(item.style, item.pattern, colour, second, item.brand, rng)


def _product_photo(item: Item, rng: np.random.Generator) -> Image.Image:
    subject, look = SUBJECTS[item.product_type], _look(item, rng)
    return take_photo(subject.draw, look, subject.posed(item.style), rng)


def _box_photo(item: Item, rng: np.random.Generator) -> Image.Image:
    electronic = PRODUCT_TYPES[item.product_type].category.startswith("Electronics")
    choices = DEVICE_LEFTOVERS if electronic else BOXES
    draw = choices[int(rng.integers(len(choices)))]
    return take_photo(draw, _look(item, rng), POSE, rng)


def _reencoded(photo: bytes, rng: np.random.Generator) -> bytes:
    """The photo as it comes back from a screenshot: cropped a little, resized, somewhat lighter or darker."""
    with Image.open(io.BytesIO(photo)) as original:
        width, height = original.size
        left, top, right, bottom = rng.uniform(0, 0.05, 4) * (width, height, width, height)
        copy = original.convert("RGB").crop(
            (round(left), round(top), round(width - right), round(height - bottom))
        )
    scale = float(rng.uniform(0.8, 1.0))
    copy = copy.resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    return encode(
        ImageEnhance.Brightness(copy).enhance(float(rng.uniform(0.92, 1.08))), int(rng.integers(50, 75))
    )
