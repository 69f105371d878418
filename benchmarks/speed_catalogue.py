"""Made-up catalogues as `import` and `encode` would have stored them, with vectors around centres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.encoders.cache import EmbeddingCache
from mmquality.pipeline.context import context_texts
from mmquality.rows import blocks

TITLE, PHOTO = 384, 1_904  # dimensions of the default encoders
CENTRES, INNER, SPREAD, NOISE = 2_000, 32, 0.5, 0.1
WORDS, COLOURS, CATEGORIES = 20_000, 12, 60
FIELDS = ("category", "colour")
Floats = npt.NDArray[np.float32]


def clustered(listings: int, dim: int, rng: np.random.Generator) -> Iterator[Floats]:
    """(listings, dim) in blocks."""
    frame = np.linalg.qr(rng.normal(size=(dim, INNER)))[0].T.astype(np.float32)
    centres = rng.normal(size=(CENTRES, INNER)).astype(np.float32)
    for block in blocks(listings, 8_192):
        n = block.stop - block.start
        inner = centres[rng.integers(0, CENTRES, n)]
        inner += SPREAD * rng.standard_normal(inner.shape, dtype=np.float32)
        yield inner @ frame + NOISE * rng.standard_normal((n, dim), dtype=np.float32)


def keys(listings: int) -> list[str]:
    """Content hashes."""
    return [f"{n:064x}" for n in range(listings)]


def make(folder: Path, listings: int, seed: int) -> None:
    """Store what `import` and `encode` would have stored of a catalogue."""
    rng, hashes = np.random.default_rng(seed), keys(listings)
    frame = pd.DataFrame(
        {"listing_id": [f"L{n:07d}" for n in range(listings)], "title": titles(listings, rng)}
    )
    frame = frame.assign(title_hash=hashes, photo_hash=hashes)
    frame["category"] = [f"Category {n}" for n in rng.integers(0, CATEGORIES, listings)]
    frame["colour"] = [f"Colour {n}" for n in rng.integers(0, COLOURS, listings)]
    store_vectors(folder, with_attributes(frame.iloc[:5_000]), hashes, hashes, rng)
    frame.to_parquet(folder / "listings.parquet")


def store_vectors(
    folder: Path, some: pd.DataFrame, titles: list[str], photos: list[str], rng: np.random.Generator
) -> None:
    """Vectors of content hashes, and of all that `some` listings say in `FIELDS`."""
    for name, dim, hashes in (("title", TITLE, titles), ("photo", PHOTO, photos)):
        cache = EmbeddingCache(folder, name)
        parts = zip(clustered(len(hashes), dim, rng), blocks(len(hashes), 8_192), strict=True)
        for vectors, block in parts:
            cache.put(hashes[block], vectors)
    said = context_texts(some, FIELDS)
    EmbeddingCache(folder, "title").put(list(said), rng.normal(size=(len(said), TITLE)).astype(np.float32))


def titles(listings: int, rng: np.random.Generator) -> list[str]:
    """Of eight words each, some of which come again and again."""
    letters = np.array(list("abcdefghijklmnoprstuvwz"))
    words = ["".join(rng.choice(letters, size)) for size in rng.integers(3, 10, WORDS)]
    share = 1 / (np.arange(WORDS) + 3.0)
    chosen = rng.choice(WORDS, size=(listings, 8), p=share / share.sum())
    return [" ".join(words[word] for word in row) for row in chosen]


def with_attributes(frame: pd.DataFrame) -> pd.DataFrame:
    """Listings as the store gives them."""
    return frame.assign(attributes=[{"colour": colour} for colour in frame["colour"]])
