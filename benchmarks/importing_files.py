"""Catalogue files and click logs of any size: made-up listings that share a few hundred photos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

IMPRESSIONS = 10  # a listing
_CHUNK, _PHOTOS = 100_000, 300
_ENDINGS = "a e i o u an er il on us".split()
_SYLLABLES = [letter + ending for letter in "bdfgklmnprstvwz" for ending in _ENDINGS]
_COLOURS = "red blue green black white grey pink yellow orange purple brown teal".split()


def draw_photos(folder: Path, count: int = _PHOTOS) -> None:
    """Small photos, 0.jpg and so on, no two of them alike."""
    folder.mkdir(parents=True)
    for n in range(count):
        colour = (n % 256, n // 256 % 256, 90 + n // 65_536)
        Image.new("RGB", (320, 320), colour).save(folder / f"{n}.jpg", "JPEG", quality=85)


def write_listings(path: Path, listings: int, seed: int, photos: int = _PHOTOS) -> None:
    """id, title, image, category, price, seller and two attributes of each listing, as CSV."""
    rng = np.random.default_rng(seed)
    words = np.array(sorted({"".join(rng.choice(_SYLLABLES, size)) for size in rng.integers(1, 5, 20_000)}))
    rng.shuffle(words)  # the first are the most frequent
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, listings, _CHUNK):
            numbers = np.arange(start, min(start + _CHUNK, listings))
            _listings(numbers, words, photos, rng).to_csv(file, index=False, header=start == 0)


def change_titles(path: Path) -> None:
    """Let one listing in a hundred have another title."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows.loc[::100, "title"] += " new"
    rows.to_csv(path, index=False)


def _listings(numbers: np.ndarray, words: np.ndarray, photos: int, rng: np.random.Generator) -> pd.DataFrame:
    share = 1 / (np.arange(len(words)) + 3.0)
    drawn = words[rng.choice(len(words), size=(len(numbers), 8), p=share / share.sum())]
    return pd.DataFrame(
        {
            "listing_id": [f"L{n:07d}" for n in numbers],
            "title": [f"{' '.join(row)}".capitalize() for row in drawn],
            "image": [f"{n % photos}.jpg" for n in numbers],
            "category": [f"Category {k % 60:02d}" for k in rng.zipf(1.3, len(numbers))],
            "price": np.round(rng.lognormal(3, 1, len(numbers)), 2),
            "seller": [f"seller {k % 20_000:05d}" for k in rng.zipf(1.2, len(numbers))],
            "brand": [f"Brand {word}" for word in words[200 + rng.integers(0, 400, len(numbers))]],
            "colour": [_COLOURS[k] for k in rng.integers(0, len(_COLOURS), len(numbers))],
        }
    )


def write_impressions(path: Path, listings: int, seed: int) -> None:
    """Ten impressions a listing on average, twenty in a session, as Parquet."""
    rng, writer = np.random.default_rng(seed), None
    for some in _impressions(listings, rng):
        table = pa.Table.from_pandas(some, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _impressions(listings: int, rng: np.random.Generator) -> Iterator[pd.DataFrame]:
    total = IMPRESSIONS * listings
    for start in range(0, total, 10 * _CHUNK):
        numbers = np.arange(start, min(start + 10 * _CHUNK, total))
        place = 1 + numbers % 20
        yield pd.DataFrame(
            {
                "session_id": [f"s{n}" for n in numbers // 20],
                "shown_at": pd.Timestamp("2026-02-01", tz="UTC") + pd.to_timedelta(numbers // 20, unit="s"),
                "seed_listing_id": "",
                "listing_id": [f"L{n:07d}" for n in rng.integers(0, listings, len(numbers))],
                "position": place,
                "clicked": rng.random(len(numbers)) < 0.3 / place,
            }
        )
