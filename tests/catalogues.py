"""Small made-up catalogues for the tests of the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from mmquality.records import ModelVersion
from mmquality.store import Store

TITLES = (
    "Vintage RED camera 100% works",
    "red mug_set a_b",
    "Red camera bag",
    "ÉCLAIR mould, straße",
    "Кеды КРАСНЫЕ 42",
    "usb-c cable \\ adapter / hub",
    "camera",
)


def row(number: int, **changes: Any) -> dict[str, Any]:
    """One listing as the importer gives it; the same number gives the same listing."""
    listing_id = f"L{number:03d}"
    plain = {
        "listing_id": listing_id,
        "title": f"{TITLES[number % len(TITLES)]} {number // len(TITLES)}",
        "category": [None, "Cameras", "Mugs", "cables"][number % 4],
        "price": None if number % 5 == 0 else float(number % 7),
        "seller": f"seller {number % 3}",
        "attributes": {"colour": "rouge é", "n": str(number)},
        "image": f"{listing_id}.jpg",
        "photo_path": f"/photos/{listing_id}.jpg",
        "title_hash": f"t{number}",
        "photo_hash": f"p{number}",
        "photo_size": 1000 + number,
        "photo_mtime_ns": 1_700_000_000_000_000_001 + number,
    }
    return plain | changes


def frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a chunk of the importer."""
    made = pd.DataFrame(rows, columns=list(row(0)))
    return made.astype({"price": "Float64", "photo_size": "Int64", "photo_mtime_ns": "Int64"})


def fill(store: Store, count: int) -> list[str]:
    """Put `count` listings into the store and give their ids."""
    rows = [row(number) for number in range(count)]
    store.upsert_listings(frame(rows))
    return [made["listing_id"] for made in rows]


def publish(store: Store, name: str, scores: dict[str, float], in_force: bool = True) -> ModelVersion:
    """Publish a model version with these scores."""
    version = ModelVersion(name, datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), len(scores), {"ap": 0.8})
    frame = pd.DataFrame({"listing_id": list(scores), "score": list(scores.values())})
    store.publish(version, frame, in_force)
    return version
