"""A workspace as large as one likes, without a model: random vectors, drawn photos, titles of a word list.

Its rows are written by the store itself and its files by the functions that a build uses, so that the
dashboard finds what it would find after a build; only the numbers are made up.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from mmquality.config import NetworkConfig, TrainingConfig, Workspace
from mmquality.index import NeighbourIndex, Vectors, unit
from mmquality.pipeline import kept_tables
from mmquality.pipeline.click_report import ClickReader
from mmquality.pipeline.evidence import Background
from mmquality.pipeline.kept_clicks import merge_clicks
from mmquality.pipeline.mapping import MOST, map_path
from mmquality.pipeline.model_record import CONFIG, METRICS
from mmquality.pipeline.places import background_path, index_path
from mmquality.pipeline.settings import change_settings
from mmquality.pipeline.spaces import Measured, SpacesReport, report_path
from mmquality.records import Drawn, ModelVersion, Reason, RowProblem, Space, Verdict
from mmquality.store import RankingQuery, Store

DIM = 128
ANALYSTS = ("ada", "ben", "chi", "dee")
FREQUENT, RARE, SHORT = "new", "zyxwort", "tv"  # words to search for
_CHUNK, _AT_ONCE = 50_000, 50  # listings written together; listings labelled together
_KINDS, _CATEGORIES, _BRANDS, _SELLERS, _DRAWINGS = 2_000, 60, 400, 20_000, 300
_VERSIONS = {"v0001": 1, "v0002": 2}
_KNOWN_WORDS = [FREQUENT, "for", "with", "sony", "headphone", SHORT, "xl", "set", "vintage", "usb"]
_ENDINGS = ("a", "e", "i", "o", "u", "an", "er", "il", "on", "us")
_SYLLABLES = [letter + ending for letter in "bdfgklmnprstvwz" for ending in _ENDINGS]
_COLOURS = "red blue green black white grey pink yellow orange purple brown teal".split()


def make(root: Path, listings: int, seed: int) -> Workspace:
    """Fill the folder `root`, which is not there yet."""
    workspace, rng = Workspace.at(root), np.random.default_rng(seed)
    ids = [f"L{n:07d}" for n in range(listings)]
    kinds = rng.zipf(1.3, listings) % _KINDS
    with Store.open(workspace.database_url) as store:
        photos = _draw(root / "photos", rng)
        for frame in _listings(ids, kinds, photos, rng):
            store.upsert_listings(frame)
        change_settings(workspace, name=f"{listings:,} listings", images=str(root / "photos"))
        scores = rng.beta(0.6, 4, listings)
        for name, number in _VERSIONS.items():
            moved = np.clip(scores + 0.02 * number * rng.normal(size=listings), 0, 1)
            record = ModelVersion(name, datetime(2026, 3, number, tzinfo=UTC), listings, _summary(listings))
            store.publish(record, pd.DataFrame({"listing_id": ids, "score": moved}))
            _model(workspace, store, name, ids, kinds, rng)
        write_clicks(workspace, store, ids, rng)
        _labels(store, listings, rng)
        store.save_view("Lamps to check", "q=lamp&score=50&score=100", ANALYSTS[0])
        store.save_import_report({"added": listings, "problems": listings // 20}, _problems(listings // 20))
        _measured(workspace, ids, moved, rng)
        for version in _VERSIONS:
            kept_tables.ranked_numbers(workspace, store, version)
        kept_tables.keep(workspace, store, name)
    return workspace


def copied_or_made(root: Path, listings: int, seed: int, there: Path | None) -> Workspace:
    """`make`, or a copy of the one that `benchmarks/dashboard.py --workspaces` left in the folder `there`."""
    made = there / f"listings-{listings}" if there else None
    if made is None or not made.exists():
        return make(root, listings, seed)
    return Workspace.at(shutil.copytree(made, root))


def _draw(folder: Path, rng: np.random.Generator) -> list[Path]:
    """A few hundred photos of coloured shapes."""
    folder.mkdir(parents=True)
    paths = [folder / f"{n:03d}.jpg" for n in range(_DRAWINGS)]
    for path in paths:
        picture = Image.new("RGB", (640, 640), tuple(rng.integers(200, 255, 3).tolist()))
        pen = ImageDraw.Draw(picture)
        for corner in rng.integers(40, 400, size=(6, 2)).tolist():
            box = (*corner, *(c + int(rng.integers(60, 220)) for c in corner))
            ink = tuple(rng.integers(0, 200, 3).tolist())
            (pen.ellipse if rng.random() < 0.5 else pen.rectangle)(box, fill=ink)
        picture.save(path, "JPEG", quality=85)
    return paths


def listings_of(ids: list[str], photos: Path, rng: np.random.Generator) -> pd.DataFrame:
    """Further listings like those of a workspace, with the photos in a folder, as the importer gives them."""
    kinds = rng.zipf(1.3, len(ids)) % _KINDS
    return pd.concat(_listings(ids, kinds, sorted(photos.glob("*.jpg")), rng), ignore_index=True)


def _listings(
    ids: list[str], kinds: np.ndarray, photos: list[Path], rng: np.random.Generator
) -> Iterator[pd.DataFrame]:
    words = _words(rng)
    share = 1 / (np.arange(len(words)) + 3.0)
    brands = [f"Brand {word.title()}" for word in words[200 : 200 + _BRANDS]]
    for start in range(0, len(ids), _CHUNK):
        some, kind = ids[start : start + _CHUNK], kinds[start : start + _CHUNK]
        n = len(some)
        drawn = rng.choice(len(words), size=(n, 8), p=share / share.sum())
        brand, size, look = (rng.integers(0, top, n) for top in (_BRANDS, 40, len(_COLOURS)))
        titles = [" ".join(words[w] for w in row) for row in drawn]
        if start == 0:
            titles[n // 2] += f" {RARE}"
        picture = [photos[k] for k in (kind + rng.integers(0, 3, n)) % len(photos)]
        yield pd.DataFrame(
            {
                "listing_id": some,
                "title": [f"{brands[b]} {title}" for b, title in zip(brand, titles, strict=True)],
                "category": [f"Category {k % _CATEGORIES:02d}" for k in kind],
                "price": np.round(rng.lognormal(3, 1, n), 2),
                "seller": [f"seller {k:05d}" for k in rng.zipf(1.2, n) % _SELLERS],
                "attributes": [
                    {"brand": brands[b], "colour": _COLOURS[c], "size": str(s), "product_code": f"P{i}"}
                    for i, b, c, s in zip(some, brand, look, size, strict=True)
                ],
                "image": [path.name for path in picture],
                "photo_path": [str(path) for path in picture],
                "title_hash": [f"title of {i}" for i in some],
                "photo_hash": [f"photo of {i}" for i in some],  # its own: a copied photo is the exception
                "photo_size": 30_000,
                "photo_mtime_ns": 1,
            }
        ).astype({"price": "Float64", "photo_size": "Int64", "photo_mtime_ns": "Int64"})


def _words(rng: np.random.Generator) -> list[str]:
    """Some known words, then very many made-up ones, the most frequent first."""
    made = {"".join(rng.choice(_SYLLABLES, size)) for size in rng.integers(2, 5, 20_000).tolist()}
    return [*_KNOWN_WORDS, *sorted(made - set(_KNOWN_WORDS))]


def _model(
    workspace: Workspace,
    store: Store,
    name: str,
    ids: list[str],
    kinds: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """The files of one model version that pages read."""
    titles, photos = (_gathered(kinds, rng) for _ in range(2))
    for space, vectors in ((Space.TITLE, titles), (Space.PHOTO, photos), (Space.UNIFIED, titles + photos)):
        path = index_path(workspace, name, space)
        path.parent.mkdir(parents=True, exist_ok=True)
        index = NeighbourIndex.build(vectors, ids)
        index.save(path)
        if space is Space.TITLE:
            Background.of(store, index).save(background_path(workspace, name))
    shapes = NetworkConfig(DIM, DIM), TrainingConfig()
    config = {
        "network": asdict(shapes[0]),
        "training": asdict(shapes[1]),
        "fingerprint": {"listings": len(ids)},
    }
    losses = [{"coclick": 3.0 - 0.2 * epoch, "self_supervision": 0.7 - 0.05 * epoch} for epoch in range(8)]
    for file, content in ((CONFIG, config), (METRICS, {"losses": losses})):
        (workspace.models / name / file).write_text(json.dumps(content), encoding="utf-8")


def _gathered(kinds: np.ndarray, rng: np.random.Generator) -> Vectors:
    """Unit vectors that gather by kind."""
    centres = rng.normal(size=(_KINDS, DIM)).astype(np.float32)
    return unit(centres[kinds] + 0.8 * rng.standard_normal((len(kinds), DIM), dtype=np.float32))


def write_clicks(workspace: Workspace, store: Store, ids: list[str], rng: np.random.Generator) -> None:
    """Three impressions a listing, on average."""
    n = 3 * len(ids)
    place = rng.integers(1, 21, n)
    log = pd.DataFrame(
        {
            "session_id": [f"s{s}" for s in np.arange(n) // 20],
            "shown_at": pd.Timestamp("2026-02-01", tz="UTC"),
            "seed_listing_id": "",
            "listing_id": np.array(ids, object)[rng.integers(0, len(ids), n)],
            "position": place,
            "clicked": rng.random(n) < 0.3 / place,
        }
    )
    merge_clicks(workspace.clicks, "impressions", [log])
    ClickReader(workspace, store).keep()


def _labels(store: Store, listings: int, rng: np.random.Generator) -> None:
    """From the top of the ranking down, and control cases from everywhere: 0.5 % of the catalogue at most."""
    worst = store.ranking_ids(RankingQuery(), min(listings // 5, 5_000))
    for start in range(0, len(worst), _AT_ONCE):
        verdict = Verdict.MATCH if rng.random() < 0.4 else Verdict.MISMATCH
        reason = list(Reason)[rng.integers(len(Reason))] if verdict is Verdict.MISMATCH else None
        store.add_labels(worst[start : start + _AT_ONCE], verdict, reason, "", str(rng.choice(ANALYSTS)))
    for n in rng.integers(0, listings, min(listings // 50, 500)).tolist():
        verdict = Verdict.MISMATCH if rng.random() < 0.05 else Verdict.MATCH
        reason = Reason.WRONG_PRODUCT if verdict is Verdict.MISMATCH else None
        store.add_label(f"L{n:07d}", verdict, reason, "", str(rng.choice(ANALYSTS)), drawn=Drawn.CONTROL)


def _problems(count: int) -> Iterator[RowProblem]:
    for row in range(count):
        reason = ("does not exist", "is empty", "has 23.4 MB; the limit is 20 MB")[row % 3]
        yield RowProblem("listings.csv", row + 2, ("image", "title")[row % 2], reason, f"photos/{row}.jpg")


def _measured(workspace: Workspace, ids: list[str], scores: np.ndarray, rng: np.random.Generator) -> None:
    """What `mmquality evaluate spaces` and `mmquality map` leave behind, with figures of nobody."""
    name = list(_VERSIONS)[-1]
    recall = [Measured(str(space), 0.1, 0.09, 0.11, k, 2_000) for space in Space for k in (10, 50, 100)]
    gains = [Measured(f"Category {n:02d}", 0.01 * n, 0, 0.02 * n, 10, 40) for n in range(20)]
    apart = [ids[n] for n in rng.choice(len(ids), min(2_000, len(ids)), replace=False)]
    report = SpacesReport(name, 2_000, False, None, recall, gains, [200] * 10, apart)
    workspace.evaluations.mkdir()
    report_path(workspace, name).write_text(json.dumps(asdict(report)), encoding="utf-8")
    shown = np.sort(rng.choice(len(ids), min(MOST, len(ids)), replace=False))
    places = pd.DataFrame(
        {
            "listing_id": [ids[n] for n in shown],
            "score": scores[shown],
            **{axis: rng.normal(size=len(shown)).astype(np.float32) for axis in "xy"},
            "title": [f"Brand title of listing {n} with a few more words" for n in shown],
            "category": [f"Category {n % _CATEGORIES:02d}" for n in shown],
        }
    )
    places.to_parquet(map_path(workspace, name), index=False)


def _summary(listings: int) -> dict[str, object]:
    return {"taught_by": "nobody", "projection": "transh", "fingerprint": {"listings": listings, "labels": 0}}
