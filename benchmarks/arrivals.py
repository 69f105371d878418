"""How soon is a new listing ranked, and a neighbour of others, in a catalogue of a million?

    python benchmarks/arrivals.py                     10,000, 100,000 and 1,000,000; writes docs/benchmarks.md
    python benchmarks/arrivals.py --short             2,000 listings, 200 of them new
    python benchmarks/arrivals.py --workspaces DIR    copies the workspaces of `dashboard.py` that are there

A workspace as `dashboard.py` has it gets a network (random weights: as much work as a trained one) and
vectors around centres, as in `neighbours.py`. A thousand listings are imported and their vectors put into the
cache; the clock runs from there until a page that was open before shows one of them, and names it as a
neighbour. Then a thousand others are removed, until the same page misses them.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import large_workspace
import numpy as np
import report
from neighbours import DIMENSIONS, vectors_like

from mmquality.checkpoint import Checkpoint, Scales
from mmquality.config import NetworkConfig, TrainingConfig, Workspace
from mmquality.encoders.cache import EmbeddingCache
from mmquality.encoders.spelling import SPELLING_DIM
from mmquality.index import NeighbourIndex
from mmquality.network.siamese import SiameseNetwork
from mmquality.pipeline.arriving import arrive
from mmquality.pipeline.ground import keep_ground
from mmquality.pipeline.places import index_path
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.settings import change_settings
from mmquality.pipeline.trained import save_trained
from mmquality.records import Space
from mmquality.store import Order, RankingQuery, Store
from mmquality.suspicion.weighing import Weighing

SIZES = {10_000: 120, 100_000: 300, 1_000_000: 300}  # listings: milliseconds of a page, as the dashboard's
SECONDS, NEW = 2.0, 1_000
FOLDS, TEXT, PHOTO = 5, "text", "photo"
_PAGES = 20


def prepare(
    workspace: Workspace,
    seed: int,
    encoders: tuple[str, str] = (TEXT, PHOTO),
    dims: tuple[int, int] = (DIMENSIONS, DIMENSIONS),
) -> None:
    """Give a workspace of made-up numbers what a model is scored with that reads these encoders' vectors."""
    rng = np.random.default_rng(seed)
    with Store.open(workspace.database_url) as store:
        version, changes = store.current_version(), store.last_change()
        assert version is not None
        listings = store.catalogue_frame(["listing_id", "title_hash", "photo_hash"])
    model, n = workspace.models / version.name, len(listings)
    titles, photos = vectors_like(n, rng), vectors_like(n, rng)
    embedded = [_as_wide(vectors, dim) for vectors, dim in zip((titles, photos), dims, strict=True)]
    for encoder, key, vectors in zip(encoders, ("title_hash", "photo_hash"), embedded, strict=True):
        EmbeddingCache(workspace.embeddings, encoder).put(listings[key].tolist(), vectors)
    change_settings(workspace, text_encoder=encoders[0], photo_encoder=encoders[1])
    checkpoint, ids = _checkpoint(encoders, dims), listings["listing_id"].tolist()
    save_trained(checkpoint, listings, rng.integers(0, FOLDS, n), model)
    keep_ground(model, ids, titles, photos, rng.random(n), changes)
    both = np.concatenate([vectors_like(n, rng), titles, photos], axis=1)  # as wide as the network's
    for space, vectors in zip((Space.UNIFIED, Space.TITLE, Space.PHOTO), (both, *embedded), strict=True):
        NeighbourIndex.build(vectors, ids).save(index_path(workspace, version.name, space))


def _as_wide(vectors: np.ndarray, dim: int) -> np.ndarray:
    return np.pad(vectors, ((0, 0), (0, dim - vectors.shape[1])))


def _checkpoint(encoders: tuple[str, str], dims: tuple[int, int]) -> Checkpoint:
    shape = NetworkConfig(
        title_dim=dims[0] + SPELLING_DIM, photo_dim=dims[1],
        title_components=DIMENSIONS, photo_components=DIMENSIONS,
    )  # fmt: skip
    network = SiameseNetwork(shape)
    scales = Scales(
        in_sample=((0.0, 1.0),) * (FOLDS + 1),
        out_of_fold=((0.0, 1.0),) * FOLDS,
        weighing=Weighing(weights=(1.0, 2.0, 2.0, 0.1, 0.1, 0.0, 0.0)),
    )
    folds = [SiameseNetwork(shape, network.inputs).eval() for _ in range(FOLDS)]
    return Checkpoint(shape, TrainingConfig(), *encoders, network.eval(), folds, scales)


def bring_in(workspace: Workspace, number: int, seed: int) -> list[str]:
    """Import new listings and put their vectors into the cache: what is not measured."""
    rng = np.random.default_rng(seed + 1)
    ids = [f"N{n:06d}" for n in range(number)]
    frame = large_workspace.listings_of(ids, workspace.root / "photos", rng)
    with Store.open(workspace.database_url) as store:
        store.upsert_listings(frame)
    for encoder, key in ((TEXT, "title_hash"), (PHOTO, "photo_hash")):
        EmbeddingCache(workspace.embeddings, encoder).put(frame[key].tolist(), vectors_like(number, rng))
    return ids


def pages_ms(catalogue: Catalogue, seed: int) -> float:
    """The 95th percentile of what pages ask: rankings near and far, filtered, sorted; neighbours; a case."""
    rng, store = random.Random(seed), catalogue.store
    last = store.ranking_page(RankingQuery(), 1, 1).total // 48
    ids = store.ranking_ids(RankingQuery(), 1_000)
    asked: list[Callable[[], object]] = [
        lambda: store.ranking_page(RankingQuery(), 1 + rng.randrange(20), 48),
        lambda: store.ranking_page(RankingQuery(), max(last - rng.randrange(20), 1), 48),
        lambda: store.ranking_page(RankingQuery(category=(f"Category {rng.randrange(40):02d}",)), 1, 48),
        lambda: store.ranking_page(RankingQuery(min_score=rng.random(), text="sony"), 1, 48),
        lambda: store.ranking_page(RankingQuery(sort="-price"), 1 + rng.randrange(20), 48),
        lambda: store.rank_neighbours(rng.randrange(1_000), RankingQuery()),
        lambda: store.flagged(rng.random()),
        lambda: store.upcoming("ada", RankingQuery(), order=Order.UNCERTAIN),
        lambda: catalogue.neighbours(rng.choice(ids), Space.UNIFIED, 10),
    ]
    slowest = []
    for ask in asked:
        ask()
        slowest.append(np.quantile([timed(ask)[1] for _ in range(_PAGES)], 0.95))
    return 1_000 * float(max(slowest))


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and the seconds it took."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def measure(workspace: Workspace, number: int, seed: int) -> dict[str, Any]:
    """One row."""
    with Catalogue(workspace) as catalogue:  # as a server has it open
        listings = catalogue.published_version().listings
        before = pages_ms(catalogue, seed)
        ids = bring_in(workspace, number, seed)
        cpu = time.process_time()
        _, arriving = timed(lambda: arrive(workspace))
        cpu = time.process_time() - cpu
        _, seen = timed(lambda: _shown(catalogue, ids))
        after = pages_ms(catalogue, seed)
        gone = catalogue.store.ranking_ids(RankingQuery(sort="-rank"), number)
        _, removing = timed(lambda: catalogue.store.remove_listings(gone, "benchmark"))
        _, missed = timed(lambda: _missed(catalogue, gone))
        last = pages_ms(catalogue, seed)
    return {
        "listings": listings,
        "new": number,
        "encoded to ranked s": arriving,
        "CPU s": cpu,
        "to shown, with neighbours s": arriving + seen,
        "removed s": removing,
        "to missed s": removing + missed,
        "slowest p95 ms before": before,
        "after arrivals": after,
        "after removals": last,
    }


def _shown(catalogue: Catalogue, ids: list[str]) -> None:
    _refreshed(catalogue)
    at = catalogue.store.ranked_listing(ids[0]).rank
    page = catalogue.store.ranking_page(RankingQuery(), 1 + (at - 1) // 48, 48)
    assert ids[0] in [row.listing.listing_id for row in page.rows]
    near = catalogue.neighbours(ids[0], Space.UNIFIED, 10)
    assert ids[0] in [n.listing_id for n in catalogue.neighbours(near[0].listing_id, Space.UNIFIED, 200)]


def _missed(catalogue: Catalogue, ids: list[str]) -> None:
    _refreshed(catalogue)
    last = catalogue.store.ranking_page(RankingQuery(sort="-rank"), 1, 48)
    near = catalogue.neighbours(last.rows[0].listing.listing_id, Space.TITLE, 200)
    found = {row.listing.listing_id for row in last.rows} | {n.listing_id for n in near}
    assert not found & set(ids)


def _refreshed(catalogue: Catalogue) -> None:
    version = catalogue.store.current_version()
    assert version is not None
    catalogue.follow(version)


def bars_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What was promised."""
    bars = {}
    for row in rows:
        name, limit = f"{row['listings']:,} listings", SIZES.get(row["listings"], 120)
        pages = max(row["slowest p95 ms before"], row["after arrivals"], row["after removals"])
        bars[f"{name}: {row['new']:,} new ones shown, s"] = report.bar(
            row["to shown, with neighbours s"], SECONDS, at_least=False
        )
        bars[f"{name}: slowest p95 of a page's questions, ms"] = report.bar(pages, limit, at_least=False)
    return bars


def main() -> None:
    """Run it."""
    given = _arguments()
    rows = []
    for listings in given.sizes:
        with tempfile.TemporaryDirectory(dir=given.workspaces) as scratch:
            root = Path(scratch) / "workspace"
            workspace = large_workspace.copied_or_made(root, listings, given.seed, given.workspaces)
            _, seconds = timed(lambda made=workspace: prepare(made, given.seed))
            print(f"prepared {listings:,} listings in {seconds:.0f} s", file=sys.stderr)
            rows.append(measure(workspace, given.new, given.seed))
    report.finish(rows, bars_of(rows), given.seed, given.json, None if given.short else "arrivals")


def _arguments() -> argparse.Namespace:
    parser = report.parser(__doc__, "2,000 listings, 200 new ones")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="listings")
    parser.add_argument("--new", type=int, default=NEW, help="listings that arrive, and that are removed")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workspaces", type=Path, help="takes copies of those that are there")
    given = parser.parse_args()
    if given.short:
        given.sizes, given.new = [2_000], 200
    return given


if __name__ == "__main__":
    main()
