"""What `crashes.py` kills processes at, and how it tells whether anything was lost.

Every deed says "begun", then each step once that is done. It has a number of its own (`run`), which goes into
what it writes, so that no two processes write the same.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd

from mmquality.checkpoint import load_checkpoint
from mmquality.config import Workspace
from mmquality.encoders.cache import EmbeddingCache
from mmquality.pipeline import encoding
from mmquality.pipeline.arriving import arrive
from mmquality.pipeline.backup import back_up, restore
from mmquality.pipeline.building import index, train
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.kept_clicks import click_parts
from mmquality.pipeline.label_loop import Publish, retrain
from mmquality.pipeline.places import open_store
from mmquality.pipeline.scored import load_scores
from mmquality.pipeline.settings import load_settings
from mmquality.pipeline.versions import promote
from mmquality.records import Reason, Verdict
from mmquality.store import LabelQuery, RankingQuery, export_labels

Said = list[tuple[str, ...]]  # what a process said was done, word by word
encoding._TITLES = 32  # so that encoding is kept on disk more often than once


@dataclass(frozen=True)
class Shop:
    """The workspace and the files that it was made of."""

    workspace: Workspace
    images: Path
    listings: Path
    impressions: Path


@dataclass(frozen=True)
class Deed:
    """Something to be killed at."""

    words: str  # as the table has them
    kills: int
    longest: float  # seconds after the first word in which the kill falls; 0: as long as one step takes
    work: Callable[[Shop, int], Iterator[str]]
    lost: Callable[[Shop, int, Said], list[str]]


def once(deed: Deed, shop: Shop, run: int) -> None:
    """The first step of a deed, to its end."""
    steps = deed.work(shop, run)
    next(steps)
    next(steps, None)


def settle(shop: Shop) -> None:
    """The catalogue as it was at first, all of it encoded and scored: what the next deed starts from."""
    import_files(shop.workspace, InputFiles(shop.listings, shop.images))
    encoding.encode(shop.workspace)
    arrive(shop.workspace)


def label_some(shop: Shop, number: int) -> None:
    """So many labels, of the queue."""
    steps = label(shop, 0)
    for _ in range(number):
        next(steps)


def label(shop: Shop, run: int) -> Iterator[str]:
    """Labels of the queue, of any listing once it is empty; every third is withdrawn again."""
    yield "begun"
    rng = random.Random(run)
    with open_store(shop.workspace) as store:
        ids = store.catalogue_frame(["listing_id"])["listing_id"].tolist()
        for n in count():
            case = store.next_case("crash", RankingQuery())
            listing = case.listing_id if case else rng.choice(ids)
            verdict, reason = (Verdict.MATCH, None) if n % 2 else (Verdict.MISMATCH, Reason.WRONG_PRODUCT)
            given = store.add_label(listing, verdict, reason, "", "crash")
            yield f"labelled {given.label_id} {listing}"
            if n % 3 == 2:
                store.undo_label(given.label_id, "crash")
                yield f"withdrawn {given.label_id} {listing}"


def labels_lost(shop: Shop, run: int, said: Said) -> list[str]:
    """Labels that were acknowledged and are not there, or count although they were withdrawn."""
    with open_store(shop.workspace) as store:
        kept = {row.label_id: row.listing_id for row in store.iter_labels(LabelQuery(newest_only=False))}
    given = {int(line[1]): line[2] for line in said if line[0] == "labelled"}
    withdrawn = {int(line[1]) for line in said if line[0] == "withdrawn"}
    doubtful = max(given, default=0)  # its withdrawal may have come through, and nobody was told
    lost = [n for n, listing in given.items() if n not in withdrawn | {doubtful} and kept.get(n) != listing]
    return [f"label {n} is lost" for n in lost] + [f"label {n} counts again" for n in withdrawn & kept.keys()]


def import_(shop: Shop, run: int) -> Iterator[str]:
    """The same listings with other titles, and the click log, in turn."""
    yield "begun"
    for n in count():
        import_files(shop.workspace, retitled(shop, f"({run}.{n})"))
        yield f"imported {n}"


def retitled(shop: Shop, ending: str) -> InputFiles:
    """The catalogue with all titles ending so."""
    frame, path = pd.read_csv(shop.listings, dtype=str), shop.images / "retitled.csv"
    frame.assign(title=frame["title"].str.strip() + f" {ending}").to_csv(path, index=False)
    return InputFiles(path, shop.images, shop.impressions)


def imports_lost(shop: Shop, run: int, said: Said) -> list[str]:
    """Listings whose title is neither that of the last acknowledged import nor that of the next."""
    with open_store(shop.workspace) as store:
        titles = store.catalogue_frame(["title"])["title"]
    n, rows = len(said) - 2, len(pd.read_parquet(shop.impressions))
    kept = sum(map(len, click_parts(shop.workspace.clicks, "impressions")))
    lost = [] if kept == rows else [f"the click log does not hold {rows} rows"]
    right = titles.str.endswith((f"({run}.{n})", f"({run}.{n + 1})"))
    if n >= 0 and not right.all():
        lost.append(f"{int((~right).sum())} listings are as they were before import {n}")
    return lost


def encode(shop: Shop, run: int) -> Iterator[str]:
    """Titles that nobody has encoded yet."""
    yield "begun"
    for n in count():
        import_files(shop.workspace, retitled(shop, f"({run}.{n})"))
        with open_store(shop.workspace) as store:
            hashes = store.catalogue_frame(["title_hash"])["title_hash"].tolist()
        encoding.encode(shop.workspace)
        yield f"encoded {' '.join(hashes)}"


def encodings_lost(shop: Shop, run: int, said: Said) -> list[str]:
    """Titles that were encoded and have no vector."""
    cache = EmbeddingCache(shop.workspace.embeddings, load_settings(shop.workspace).text_encoder)
    return [f"{title} has no vector" for line in said[1:] for title in cache.missing(line[1:])]


def arrive_(shop: Shop, run: int) -> Iterator[str]:
    """Titles change places, which all are encoded: their listings are scored anew."""
    yield "begun"
    frame, rng = pd.read_csv(shop.listings, dtype=str), np.random.default_rng(run)
    for _ in count():
        some, path = rng.choice(len(frame), 10, replace=False), shop.images / "moved.csv"
        moved = frame.iloc[some].assign(title=frame["title"].iloc[np.roll(some, 1)].tolist())
        moved.to_csv(path, index=False)
        import_files(shop.workspace, InputFiles(path, shop.images))
        arrive(shop.workspace)
        with open_store(shop.workspace) as store:
            version = store.current_version()
        yield f"arrived {version.arrivals if version else 0}"


def arrivals_lost(shop: Shop, run: int, said: Said) -> list[str]:
    """Fewer arrivals than were acknowledged, or listings that the next run does not score."""
    with open_store(shop.workspace) as store:
        version = store.current_version()
        if version is None or version.arrivals < max((int(line[1]) for line in said[1:]), default=0):
            return [f"arrivals that were acknowledged are not in force: {said[-1]}"]
        waiting = len(store.waiting(version.name))
        summary = arrive(shop.workspace)
        lost = [] if summary.arrived == waiting else [f"{waiting} waited, {summary.arrived} arrived"]
        return lost + [f"{n} listings are not scored" for n in [store.unscored_count()] if n]


def publish(shop: Shop, run: int) -> Iterator[str]:
    """Each published version in turn put in force."""
    yield "begun"
    with open_store(shop.workspace) as store:
        names = sorted(version.name for version in store.versions())
        for n in count():
            promote(shop.workspace, store, names[n % len(names)])
            yield f"promoted {names[n % len(names)]}"


def promotions_lost(shop: Shop, run: int, said: Said) -> list[str]:
    """Another version is in force than the last acknowledged or the next."""
    with open_store(shop.workspace) as store:
        names, current = sorted(v.name for v in store.versions()), store.current_version()
    if len(said) < 2 or current is None:
        return models_lost(shop, run, said)
    last = names.index(said[-1][1])
    if current.name not in (names[last], names[(last + 1) % len(names)]):
        return [f"{current.name} is in force, {names[last]} was put in force last"]
    return models_lost(shop, run, said)


def train_(shop: Shop, run: int) -> Iterator[str]:
    """A model that nobody sees yet."""
    yield "begun"
    yield f"trained {train(shop.workspace)}"


def retrain_(shop: Shop, run: int) -> Iterator[str]:
    """A new model, put in force."""
    yield "begun"
    yield f"retrained {retrain(shop.workspace, publish=Publish.ALWAYS).version}"


def index_(shop: Shop, run: int) -> Iterator[str]:
    """The indexes of the version in force, or of one that waits, made again."""
    yield "begun"
    for _ in count():
        yield f"indexed {index(shop.workspace)}"


def models_lost(shop: Shop, run: int, said: Said) -> list[str]:
    """Versions that were said to be made and are not whole, or not in force; scores that differ."""
    lost, last = [], said[-1]
    with open_store(shop.workspace) as store:
        current = store.current_version()
        if current is None:
            return ["no model is in force"]
        stored = store.version_scores(current.name).set_index("listing_id")["score"]
    if last[0] == "trained":
        load_checkpoint(shop.workspace.models / last[1])
    if last[0] in ("retrained", "indexed") and current.name != last[1]:
        lost.append(f"{last[1]} was put in force, {current.name} is")
    scored = load_scores(shop.workspace.models / current.name).set_index("listing_id")["score"]
    same = stored.index.intersection(scored.index)  # what arrived later has scores in the database alone
    if not current.arrivals and not np.allclose(stored[same], scored[same]):
        lost.append(f"{current.name} has other scores in the database than in its folder")
    return lost


def export(shop: Shop, run: int) -> Iterator[str]:
    """All labels, to one file again and again."""
    yield "begun"
    with open_store(shop.workspace) as store:
        for _ in count():
            rows = export_labels(store, shop.images / "labels.parquet", LabelQuery(newest_only=False))
            yield f"exported {rows}"


def exports_lost(shop: Shop, run: int, said: Said) -> list[str]:
    """A file that is not whole."""
    rows = [len(pd.read_parquet(path)) for path in shop.images.glob("labels.parquet")]
    told = {int(line[1]) for line in said[1:]}
    return [f"the export holds {n} rows, not {told}" for n in rows if told and n not in told]


def backup(shop: Shop, run: int) -> Iterator[str]:
    """One backup after the other, without what can be encoded again."""
    yield "begun"
    for n in count():
        back_up(shop.workspace, shop.images / f"{run}-{n}.tar", embeddings=False)
        yield f"copied {n}"


def backups_lost(shop: Shop, run: int, said: Said) -> list[str]:
    """The newest file that is named as a backup cannot be restored, or an acknowledged one is not there."""
    files = {int(path.stem.split("-")[1]): path for path in shop.images.glob(f"{run}-*.tar")}
    lost = [f"backup {line[1]} is not there" for line in said[1:] if int(line[1]) not in files]
    if files:
        restore(files[max(files)], Workspace.at(shop.images / "restored"))
        shutil.rmtree(shop.images / "restored")
    for path in files.values():
        path.unlink()
    return lost


DEEDS = {
    "label": Deed("labels", 90, 0.5, label, labels_lost),
    "import": Deed("imports", 90, 1.0, import_, imports_lost),
    "encode": Deed("encodes", 50, 0, encode, encodings_lost),
    "arrive": Deed("lets arrive", 50, 2.0, arrive_, arrivals_lost),
    "publish": Deed("publishes", 60, 0.5, publish, promotions_lost),
    "index": Deed("indexes", 40, 0, index_, models_lost),
    "export": Deed("exports", 50, 0.5, export, exports_lost),
    "backup": Deed("backs up", 30, 1.0, backup, backups_lost),
    "train": Deed("trains", 25, 0, train_, models_lost),
    "retrain": Deed("retrains", 15, 0, retrain_, models_lost),
}
