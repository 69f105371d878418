"""A valid file of every kind that is read, and the function that reads it: what mutations start from."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from mmquality.checkpoint import (
    CONFIG,
    METRICS,
    WEIGHTS,
    Checkpoint,
    Scales,
    load_checkpoint,
    save_checkpoint,
)
from mmquality.config import ImportLimits, NetworkConfig, TrainingConfig, Workspace
from mmquality.data.catalogue import read_catalogue
from mmquality.data.click_log import read_co_clicks, read_impressions
from mmquality.data.labels import read_labels
from mmquality.data.photos import check_photo, load_rgb
from mmquality.encoders.precomputed import read_vectors
from mmquality.index import NeighbourIndex
from mmquality.index.neighbours import ids_path
from mmquality.network.siamese import SiameseNetwork
from mmquality.pipeline.backup import restore
from mmquality.pipeline.settings import load_settings
from mmquality.records import REASONS, RowProblem

IDS = [f"L{n}" for n in range(8)]
_KNOWN = pd.Index(IDS)
_TABLE = pd.DataFrame({
    "listing_id": IDS, "title": [f"Türkiser Becher {n}, 350 ml" for n in range(8)],
    "image": ["0.jpg"] * 4 + ["1.jpg"] * 4, "price": ["12.50"] * 8, "category": ["Mugs", "Lamps"] * 4,
    "colour": ["red", ""] * 4,
})  # fmt: skip
_SHOWN = pd.DataFrame({
    "session_id": ["s1"] * 8, "shown_at": ["2026-01-01T10:00:00"] * 8, "seed_listing_id": ["L7"] + ["L0"] * 7,
    "listing_id": IDS, "position": range(8), "clicked": [0, 1] * 4,
})  # fmt: skip
_PAIRS = pd.DataFrame({"listing_id": IDS[:-1], "other_id": IDS[1:], "weight": range(1, 8)})
_LABELS = pd.DataFrame({
    "listing_id": IDS, "verdict": ["match", "mismatch"] * 4, "reason": ["", "wrong_product"] * 4,
    "note": ["a note"] * 8, "analyst": ["ana"] * 8, "created_at": ["2026-03-01T14:07:00Z"] * 8,
})  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A kind of file: a valid one, and what reads it from a folder of its own.

    `read` gives the rows that cannot be used, and raises for a file that cannot be used at all.
    """

    name: str  # of the file
    data: bytes
    read: Callable[[Path], list[RowProblem]]


def tables(photos: Path) -> list[Kind]:
    """Catalogues, click logs, labels and vectors; `photos` becomes the folder of the catalogues' photos."""
    photos.mkdir(parents=True, exist_ok=True)
    for n in range(2):
        Image.new("RGB", (40, 30), (90 * n, 80, 70)).save(photos / f"{n}.jpg")

    def catalogue(path: Path) -> list[RowProblem]:
        return [p for chunk in read_catalogue(path, photos, workers=1) for p in chunk.problems]

    kinds = [Kind(f"catalogue.{ending}", data, catalogue) for ending, data in _written(_TABLE)]
    kinds += [Kind(f"impressions.{e}", data, _clicks(read_impressions)) for e, data in _written(_SHOWN)]
    kinds += [Kind(f"pairs.{e}", data, _clicks(read_co_clicks)) for e, data in _written(_PAIRS)]
    kinds += [Kind(f"labels.{e}", data, _labels) for e, data in _written(_LABELS)]
    tasks = json.dumps([_task(row) for row in _LABELS.to_dict("records")]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tasks.json", tasks)
    kinds += [Kind("labels.json", tasks, _labels), Kind("labels.zip", packed.getvalue(), _labels)]
    return kinds + _vectors()


def photos() -> list[Kind]:
    """Every format that is decoded, in the modes that sellers send."""
    photo = Image.effect_noise((160, 120), 60).convert("RGB")
    ImageDraw.Draw(photo).ellipse((20, 20, 120, 100), "teal")
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    frames: dict[str, Any] = {"save_all": True, "append_images": [photo.rotate(90), photo.rotate(180)]}
    wide = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    made: list[tuple[str, Image.Image, dict[str, Any]]] = [
        ("JPEG", photo, {"exif": exif}), ("JPEG", photo, {"progressive": True}),
        ("JPEG", photo.convert("CMYK"), {}),
        ("PNG", photo, {"exif": exif}), ("PNG", photo.convert("P"), {"transparency": 0}), ("PNG", wide, {}),
        ("PNG", photo.convert("RGBA"), {}), ("WEBP", photo, {"exif": exif}),
        ("WEBP", photo, {"lossless": True}),
        ("WEBP", photo, frames), ("GIF", photo, {}), ("GIF", photo, frames), ("BMP", photo, {}),
        ("BMP", photo.convert("P"), {}), ("TIFF", photo, {}), ("TIFF", photo, {"compression": "tiff_lzw"}),
        ("TIFF", photo, {"compression": "jpeg"}),
        ("TIFF", photo.convert("F"), {"compression": "tiff_deflate"}),
        ("TIFF", photo.convert("1"), {"compression": "group4"}), ("AVIF", photo, {}),
    ]  # fmt: skip
    return [Kind(f"photo.{format.lower()}", _image(p, format, o), _photo) for format, p, o in made]


def models(folder: Path) -> list[Kind]:
    """Parts of a model, settings and a backup, each read beside its sound companions below `folder`."""
    checkpoint, indexes = folder / "checkpoint", folder / "indexes"
    indexes.mkdir(parents=True, exist_ok=True)
    _save_checkpoint(checkpoint)
    index = indexes / "index.faiss"
    rng = np.random.default_rng(0)
    NeighbourIndex.build(rng.normal(size=(40, 16)).astype(np.float32), [f"L{n}" for n in range(40)]).save(
        index
    )
    parts = [Kind(name, (checkpoint / name).read_bytes(), _beside(checkpoint, _checkpoint))
             for name in (CONFIG, WEIGHTS, METRICS)]  # fmt: skip
    parts += [
        Kind(path.name, path.read_bytes(), _beside(indexes, _index)) for path in (index, ids_path(index))
    ]
    settings = json.dumps(
        {"name": "shop", "second_share": 0.1, "reasons": [["a", "A"]], "context_fields": ["x"]}
    )
    parts.append(Kind("workspace.json", settings.encode(), _settings))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("backup.json")
        told = b'{"format": 1, "files": {}, "made_at": "2026", "bytes": 1}'
        entry.size = len(told)
        archive.addfile(entry, io.BytesIO(told))
    return [*parts, Kind("shop.tar", packed.getvalue(), _backup)]


def _save_checkpoint(folder: Path) -> None:
    shape = NetworkConfig(
        6, 5, title_components=4, photo_components=4, d=4, d_z=4, encoder_hidden=4, head_hidden=4
    )
    network = SiameseNetwork(shape)
    folds, ones = [SiameseNetwork(shape, network.inputs) for _ in range(2)], ((0.0, 1.0),) * 3
    folder.mkdir(exist_ok=True)
    made = Checkpoint(shape, TrainingConfig(), "text", "photo", network, folds, Scales(ones, ones[:2]))
    save_checkpoint(made, folder)


def _written(table: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    csv, lines = table.to_csv(index=False).encode(), table.to_json(orient="records", lines=True).encode()
    parquet = io.BytesIO()
    table.to_parquet(parquet)
    yield from (("csv", csv), ("tsv", csv.replace(b",", b"\t")), ("csv.gz", gzip.compress(csv)))
    yield from (("jsonl", lines), ("jsonl.gz", gzip.compress(lines)), ("parquet", parquet.getvalue()))


def _task(row: dict[str, Any]) -> dict[str, Any]:
    said = [{"from_name": name, "value": {"choices": [row[name]]}} for name in ("verdict", "reason")]
    return {"data": {"listing_id": row["listing_id"]}, "annotations": [{"result": said, "completed_by": 1}]}


def _image(photo: Image.Image, format: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    photo.save(buffer, format, **options)
    return buffer.getvalue()


def _vectors() -> list[Kind]:
    array = np.random.default_rng(0).normal(size=(8, 6)).astype(np.float32)
    plain, lists, ids = io.BytesIO(), io.BytesIO(), "\n".join(IDS).encode()
    np.save(plain, array)
    pd.DataFrame({"listing_id": IDS, "vector": list(array)}).to_parquet(lists)

    def beside(path: Path) -> list[RowProblem]:
        array_file, id_file = path.with_name("vectors.npy"), path.with_name("ids.txt")
        for file, data in ((array_file, plain.getvalue()), (id_file, ids)):
            if file != path:
                file.write_bytes(data)
        read_vectors(array_file, id_file)
        return []

    def alone(path: Path) -> list[RowProblem]:
        read_vectors(path)
        return []

    return [Kind("vectors.npy", plain.getvalue(), beside), Kind("ids.txt", ids, beside),
            Kind("vectors.parquet", lists.getvalue(), alone)]  # fmt: skip


def _clicks(read: Callable[..., Any]) -> Callable[[Path], list[RowProblem]]:
    return lambda path: [p for chunk in read(path, _KNOWN) for p in chunk.problems]


def _labels(path: Path) -> list[RowProblem]:
    return [found for found in read_labels(path, REASONS, "ana") if isinstance(found, RowProblem)]


def _photo(path: Path) -> list[RowProblem]:
    check_photo(path, ImportLimits())
    load_rgb(path, 64)
    return []


def _beside(sound: Path, read: Callable[[Path], object]) -> Callable[[Path], list[RowProblem]]:
    def read_all(path: Path) -> list[RowProblem]:
        for file in sound.iterdir():
            if file.is_file() and file.name != path.name:
                path.with_name(file.name).write_bytes(file.read_bytes())
        read(path.parent)
        return []

    return read_all


def _checkpoint(folder: Path) -> None:
    load_checkpoint(folder)


def _index(folder: Path) -> None:
    index = NeighbourIndex.load(folder / "index.faiss")
    index.nearest(index.ids[0], 3)


def _settings(path: Path) -> list[RowProblem]:
    load_settings(Workspace.at(path.parent))
    return []


def _backup(path: Path) -> list[RowProblem]:
    restore(path, Workspace.at(path.parent / "restored"))
    return []
