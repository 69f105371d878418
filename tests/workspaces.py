"""A small finished workspace for tests: drawn photos, made-up vectors, the real store and index."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from mmquality.config import Workspace
from mmquality.data.photos import write_thumbnail
from mmquality.index import NeighbourIndex, unit
from mmquality.pipeline.places import index_path, thumbnail_path
from mmquality.records import ModelVersion, RowProblem, Space
from mmquality.store import Store

PRODUCTS = {
    "Mugs": "Stoneware coffee mug, 350 ml, {colour} glaze",
    "Lamps": "Desk lamp with {colour} shade, E27, dimmable",
    "Guitars": "Acoustic guitar 4/4 {colour} with gig bag",
    "Watches": "Men's wrist watch, {colour} dial, leather strap",
    "Backpacks": "Hiking backpack 40 L {colour}, rain cover included",
    "Chairs": "Dining chair, {colour} velvet, oak legs",
}
COLOURS = {
    "teal": "#3f8f8b", "red": "#b5463c", "ochre": "#c8963e", "navy": "#2f4a73", "green": "#5d8a57",
    "plum": "#7d4e75", "grey": "#83888c", "sand": "#cdb997", "black": "#2c2d30", "rose": "#d39aa2",
}  # fmt: skip
HOSTILE = {
    "L001": "<script>document.title='taken'</script> mug",
    "L011": "![lamp](http://evil.example/x.png) desk lamp :red[SALE] :smile:",
    "L021": "Guitar [click here](http://evil.example) $latex$ www.evil.example **bold**",
    "L031": '=HYPERLINK("http://evil.example") watch <img src=x onerror=alert(1)>',
}
_SIZE = (360, 360)


@dataclass(frozen=True)
class Fixture:
    """The workspace, and which of its listings carry another product's photo."""

    workspace: Workspace
    planted: list[str]


def small_workspace(root: Path, version: str | None = "v1", sample: bool = False) -> Fixture:
    """Make a workspace of 60 listings in `root`; without a `version` it has no model yet.

    It is a copy of one that is made once: a copy takes a tenth of the time.
    """
    made = _made(version, sample)
    shutil.copytree(made.workspace.root, root, dirs_exist_ok=True)
    workspace = Workspace.at(root)
    assert workspace.database_url == f"sqlite:///{root / 'mmquality.db'}"  # that is where the copy is
    with closing(sqlite3.connect(root / "mmquality.db")) as database, database:
        moved = str(made.workspace.root), str(root)
        database.execute("UPDATE listings SET photo_path = replace(photo_path, ?, ?)", moved)
    return Fixture(workspace, list(made.planted))


@cache
def _made(version: str | None, sample: bool) -> Fixture:
    folder = tempfile.mkdtemp(prefix="mmq-workspace-")
    atexit.register(shutil.rmtree, folder)
    root = Path(folder) / "shop"
    workspace = Workspace(root, f"sqlite:///{root / 'mmquality.db'}")
    frame, products, planted = _listings(root / "photos")
    store = Store.open(workspace.database_url)
    store.upsert_listings(frame)
    store.set_click_counts(_clicks(frame, planted))
    for listing in store.listings_by_id(frame["listing_id"]).values():
        write_thumbnail(listing.photo_path, thumbnail_path(workspace, listing.photo_hash))
    if version:
        publish(workspace, store, version, frame, products, planted, sample)
    store.save_import_report(
        {
            "files": {"listings": "listings.csv"},
            "images": "photos",
            "added": 60,
            "updated": 0,
            "unchanged": 0,
        },
        _problems(),
    )
    store.close()
    return Fixture(workspace, planted)


def publish(
    workspace: Workspace,
    store: Store,
    version: str,
    frame: pd.DataFrame,
    products: list[tuple[int, int]],
    planted: list[str],
    sample: bool = False,
) -> None:
    """Publish scores and the three indexes of one model version."""
    rng = np.random.default_rng(7)
    titles = _vectors(rng, [title for title, _ in products])
    photos = _vectors(rng, [photo for _, photo in products])
    spaces = {Space.TITLE: titles, Space.PHOTO: photos, Space.UNIFIED: unit(titles + 0.8 * photos)}
    ids = frame["listing_id"].tolist()
    for space, vectors in spaces.items():
        path = index_path(workspace, version, space)
        path.parent.mkdir(parents=True, exist_ok=True)
        NeighbourIndex.build(vectors, ids).save(path)
    scores = [rng.uniform(0.86, 0.99) if i in planted else rng.beta(1.2, 5) * 0.8 for i in ids]
    summary: dict[str, object] = {"catalogue": "sample marketplace"} if sample else {}
    record = ModelVersion(version, datetime(2026, 3, 5, 14, 7, tzinfo=UTC), len(ids), summary)
    store.publish(record, pd.DataFrame({"listing_id": ids, "score": scores}))


def _listings(folder: Path) -> tuple[pd.DataFrame, list[tuple[int, int]], list[str]]:
    folder.mkdir(parents=True, exist_ok=True)
    rows, products, planted = [], [], []
    for kind, (category, wording) in enumerate(PRODUCTS.items()):
        for n, colour in enumerate(COLOURS):
            listing_id = f"L{10 * kind + n + 1:03d}"
            shown = (kind + 2) % len(PRODUCTS) if n in (3, 7) else kind
            planted += [listing_id] if shown != kind else []
            # Two listings of one kind may carry the very same photo file's bytes.
            path = _draw(folder / f"{listing_id}.jpg", shown, "teal" if n == 9 and kind == 0 else colour)
            products.append((kind, shown))
            rows.append(
                _row(listing_id, HOSTILE.get(listing_id, wording.format(colour=colour)), category, path, n)
            )
    return pd.DataFrame(rows), products, planted


def _row(listing_id: str, title: str, category: str, path: Path, n: int) -> dict[str, object]:
    data = path.read_bytes()
    return {
        "listing_id": listing_id,
        "title": title,
        "category": category,
        "price": 9.5 + 7 * n,
        "seller": f"seller_{n % 4}",
        "attributes": {"colour": list(COLOURS)[n], "condition": "new"},
        "image": path.name,
        "photo_path": str(path),
        "title_hash": hashlib.sha256(title.encode()).hexdigest(),
        "photo_hash": hashlib.sha256(data).hexdigest(),
        "photo_size": len(data),
        "photo_mtime_ns": path.stat().st_mtime_ns,
    }


def _draw(path: Path, kind: int, colour: str) -> Path:
    """One drawn product on a pale ground, saved as JPEG."""
    picture = Image.new("RGB", _SIZE, "#f4f1ea")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((70, 300, 290, 330), fill="#e2ddd2")
    (_mug, _lamp, _guitar, _watch, _backpack, _chair)[kind](pen, COLOURS[colour])
    picture.save(path, "JPEG", quality=90)
    return path


def _mug(pen: ImageDraw.ImageDraw, ink: str) -> None:
    pen.rounded_rectangle((100, 120, 230, 310), 24, fill=ink)
    pen.arc((210, 150, 290, 250), -90, 90, fill=ink, width=20)


def _lamp(pen: ImageDraw.ImageDraw, ink: str) -> None:
    pen.polygon([(180, 60), (90, 190), (270, 190)], fill=ink)
    pen.rectangle((172, 190, 188, 300), fill="#55514b")
    pen.ellipse((120, 290, 240, 318), fill="#55514b")


def _guitar(pen: ImageDraw.ImageDraw, ink: str) -> None:
    pen.rectangle((170, 40, 190, 180), fill="#6b4a32")
    pen.ellipse((120, 140, 240, 230), fill=ink)
    pen.ellipse((100, 200, 260, 320), fill=ink)
    pen.ellipse((155, 205, 205, 255), fill="#2c241c")


def _watch(pen: ImageDraw.ImageDraw, ink: str) -> None:
    pen.rectangle((150, 40, 210, 320), fill="#6b4a32")
    pen.ellipse((100, 100, 260, 260), fill=ink, outline="#b9b4aa", width=10)
    pen.line([(180, 180), (180, 130)], fill="white", width=6)
    pen.line([(180, 180), (215, 195)], fill="white", width=6)


def _backpack(pen: ImageDraw.ImageDraw, ink: str) -> None:
    pen.rounded_rectangle((95, 80, 265, 315), 46, fill=ink)
    pen.rounded_rectangle((125, 200, 235, 300), 18, outline="#f4f1ea", width=6)
    pen.arc((150, 50, 210, 110), 180, 360, fill=ink, width=12)


def _chair(pen: ImageDraw.ImageDraw, ink: str) -> None:
    pen.rounded_rectangle((120, 60, 240, 190), 22, fill=ink)
    pen.rounded_rectangle((105, 195, 255, 230), 10, fill=ink)
    pen.line([(120, 230), (110, 320)], fill="#8a6642", width=12)
    pen.line([(240, 230), (250, 320)], fill="#8a6642", width=12)


def _vectors(rng: np.random.Generator, kinds: list[int]) -> np.ndarray:
    """Unit vectors (n, 32) that gather by kind."""
    centres = rng.normal(size=(len(PRODUCTS), 32))
    return unit((centres[kinds] + 0.75 * rng.normal(size=(len(kinds), 32))).astype(np.float32))


def _clicks(frame: pd.DataFrame, planted: list[str]) -> pd.DataFrame:
    shown = [120 + 3 * i for i in range(len(frame))]
    clicked = [n // 40 if i in planted else n // 9 for i, n in zip(frame["listing_id"], shown, strict=True)]
    return pd.DataFrame({"listing_id": frame["listing_id"], "impressions": shown, "clicks": clicked})


def _problems() -> list[RowProblem]:
    return [
        RowProblem("listings.csv", 12, "title", "is empty"),
        RowProblem("listings.csv", 19, "image", "does not exist", "photos/L017<b>.jpg"),
        RowProblem("listings.csv", 23, "image", "does not exist", "photos/L021.jpg"),
        RowProblem("listings.csv", 31, "image", "has 23.4 MB; the limit is 20 MB", "photos/L029.jpg"),
        RowProblem("listings.csv", 40, "listing_id", "is a duplicate of row 12", "L010"),
        RowProblem(
            "impressions.csv", 7, "listing_id", "names a listing that the catalogue does not hold", "X9"
        ),
    ]
