"""How long does each stage take as a catalogue grows, and how much memory?

    python benchmarks/speed.py            10,000, 100,000 and 1,000,000 listings; writes docs/benchmarks.md
    python benchmarks/speed.py --short    5,000 and 15,000 listings

Vectors lie around 2,000 centres in 32 dimensions, as embeddings do, with some noise in all; titles are drawn
from 20,000 words. They are stored as `encode` stores them, and read from there. A stage is a function of
`STAGES`; its exponent is the slope of log seconds over log listings. Peak memory is the process's (PSS), with
the parts of files that it has mapped. A million listings need 30 GB of disk (`--folder` says where).

"bare products" is what "networks" is held against: for every listing the product of both inputs with
their bases, of all six networks the products of both towers' three matrices and of the head's two, of the
one trained on everything those of the unified embedding. Random inputs of these shapes are in memory; nothing
is read, added, bent or kept. Blocks of 4,096 listings, every product by torch on all its threads. "by core"
are the same products of small blocks, each on one core, which is how "networks" goes through them; no bar is
set on it. "indexes" are three: of 10,000 listings none is in lists, of 100,000 one, of a million all. In
"indexes in lists" all three are, whatever their size: how lists grow is told apart from where they begin.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import report
import torch
from speed_catalogue import FIELDS, PHOTO, TITLE, make, with_attributes

from mmquality.checkpoint import Scales
from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.cores import on_every_core
from mmquality.encoders.cache import EmbeddingCache
from mmquality.engine import Local
from mmquality.graph import propagate
from mmquality.index import NeighbourIndex
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.pipeline.context import Told, context_vectors
from mmquality.pipeline.encoded import EncodedCatalogue
from mmquality.pipeline.scoring_work import read_by
from mmquality.pipeline.streaming import keeping
from mmquality.pipeline.unified import unified_dim
from mmquality.rows import Stored, blocks
from mmquality.scoring.evidence import Gathered, network_evidence, settled
from mmquality.scoring.networks import BLOCK
from mmquality.suspicion.neighbours import Near, Neighbourhood, nearest_others
from mmquality.training.warm_start import fit_inputs

SIZES, SHORT = (10_000, 100_000, 1_000_000), (5_000, 15_000)
SPELLING, FOLDS, PARTNERS = 1_024, 5, 3
FITTED_TO = 5_000  # listings that the principal components are those of
BARE_BLOCK = 4_096  # listings in a bare product; more make it no quicker
RATIO, EXPONENT, PEAK_GB = 1.3, 1.1, 1.5


@dataclass
class Bench:
    """A catalogue of some size, and what the stages so far have left behind."""

    folder: Path
    listings: int
    number: Iterator[int] = field(default_factory=count)  # of the next array
    gathered: Gathered = field(init=False)
    own: Stored = field(init=False)  # unified vectors, before they are propagated
    near: tuple[Near, Near] = field(init=False)
    unified: Stored = field(init=False)

    def new(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Stored:
        """Room for an array."""
        return Stored.create(self.folder / f"{next(self.number)}.npy", shape, dtype)

    def end_scoring(self) -> None:
        """Remove what does not outlive `score`, all but its unified vectors: it makes room in memory."""
        for path in set(self.folder.glob("*.npy")) - {self.unified.path}:
            path.unlink()

    @cached_property
    def encoded(self) -> EncodedCatalogue:
        """The catalogue as `score` reads it."""
        frame = pd.read_parquet(self.folder / "listings.parquet")
        title, photo = (EmbeddingCache(self.folder, name) for name in ("title", "photo"))
        told = Told.of((with_attributes(frame.iloc[block]) for block in blocks(self.listings)), FIELDS)
        centres = np.zeros((len(FIELDS), TITLE), np.float32)
        vectors = title.placed(frame["title_hash"]), photo.placed(frame["photo_hash"])
        return EncodedCatalogue(frame, *vectors, told, context_vectors(told, title, centres), centres)

    @cached_property
    def ready(self) -> list[torch.Tensor]:
        """A block of both inputs."""
        return [torch.randn(BARE_BLOCK, dim) for dim in (2 * TITLE + SPELLING, PHOTO)]

    def ready_for(self, block: slice) -> list[torch.Tensor]:
        """Both inputs, as many as the block has listings."""
        return [side[: block.stop - block.start] for side in self.ready]

    @cached_property
    def networks(self) -> list[SiameseNetwork]:
        """One for each fold, then the one trained on everything; in shape like trained ones."""
        torch.manual_seed(0)
        config = NetworkConfig(2 * TITLE + SPELLING, PHOTO)
        some = np.linspace(0, self.listings - 1, min(self.listings, FITTED_TO)).astype(int)
        fitted = (self.encoded.title_side[some], self.encoded.photos[some])
        inputs: Inputs = fit_inputs(config, *map(torch.from_numpy, fitted))
        return [SiameseNetwork(config, inputs).eval() for _ in range(FOLDS + 1)]


def texts(bench: Bench) -> None:
    """Read stored title vectors, spell titles, add the context: a part of `networks`, alone."""
    side = bench.encoded.title_side
    for block in blocks(bench.listings, BLOCK):
        side[block]


def networks(bench: Bench) -> None:
    """Read stored vectors, spell titles, ask every network, keep what is needed."""
    *folds, full = bench.networks
    bench.own = bench.new((bench.listings, unified_dim(full.config)), np.float32)
    read = read_by(Local(), full, folds, bench.encoded)
    kept = keeping(read, bench.own, TrainingConfig(), lambda done: None)
    bench.gathered = Gathered.of(bench.listings, kept, bench.new)


@torch.inference_mode()
def bare_products(bench: Bench) -> None:
    """The matrix products of the same networks alone, on tensors that are there, each on all cores."""
    for block in blocks(bench.listings, BARE_BLOCK):
        multiply(bench.networks, *bench.ready_for(block))


def bare_products_by_core(bench: Bench) -> None:
    """The same, but a smaller block on each core, as `networks` goes through them."""

    @torch.inference_mode()
    def products(block: slice) -> None:
        multiply(bench.networks, *bench.ready_for(block))

    for _ in on_every_core(products, blocks(bench.listings, BLOCK)):
        pass


def multiply(nets: list[SiameseNetwork], x: torch.Tensor, y: torch.Tensor) -> None:
    """Every product with a matrix that a block of listings takes."""
    x, y = x @ nets[-1].inputs.title.basis, y @ nets[-1].inputs.photo.basis
    for net in nets:
        u, v = through(net.f_t, x), through(net.f_v, y)
        head = [layer for layer in net.head.layers if isinstance(layer, torch.nn.Linear)]
        torch.cat([u, v, u], dim=1) @ head[0].weight.T @ head[1].weight.T
    through(nets[-1].g, torch.cat([u, v], dim=1))


def through(encoder: Any, x: torch.Tensor) -> torch.Tensor:
    """The products of one modality encoder."""
    first, second = (layer for layer in encoder.residual if isinstance(layer, torch.nn.Linear))
    x @ first.weight.T @ second.weight.T
    product: torch.Tensor = x @ encoder.linear.weight.T
    return product


def unified(bench: Bench) -> None:
    """Unified vectors moved towards three partners each."""
    bench.unified = bench.new(bench.own.shape, np.float32)
    pairs = np.random.default_rng(0).integers(0, bench.listings, (PARTNERS * bench.listings, 2))
    propagate(bench.own, pairs, 0.2, bench.unified)


def neighbours(bench: Bench) -> None:
    """The 20 nearest of every listing by title, and by photo."""
    spaces = bench.gathered.titles, bench.gathered.photos
    by_title, by_photo = (nearest_others(space, new=bench.new) for space in spaces)
    bench.near = by_title, by_photo


def terms(bench: Bench) -> None:
    """What neighbours say, weighed five times."""
    ready = Neighbourhood(bench.gathered.titles, bench.gathered.photos, *bench.near, bench.new)
    scales = Scales(((0.0, 1.0),) * (FOLDS + 1), ((0.0, 1.0),) * FOLDS)
    fold = np.arange(bench.listings) % FOLDS
    settled(network_evidence(bench.gathered.logits, fold, scales), ready.shown(), fold, scales)


def indexes(bench: Bench, gone_through: int | None = None) -> None:
    """The three indexes that are looked at later: few vectors to be gone through, many in lists."""
    ids = bench.encoded.listings["listing_id"]
    spaces = {"unified": bench.unified, "title": bench.encoded.titles, "photo": bench.encoded.photos}
    for name, vectors in spaces.items():
        NeighbourIndex.write(bench.folder / f"{name}.faiss", vectors, ids, gone_through=gone_through)


def indexes_in_lists(bench: Bench) -> None:
    """The same, all in lists, however few."""
    indexes(bench, gone_through=1)


STAGES: tuple[Callable[[Bench], None], ...] = (
    bare_products,
    bare_products_by_core,
    texts,
    networks,
    unified,
    neighbours,
    terms,
    indexes,
    indexes_in_lists,
)  # in the order of `score` and `index`, after what is no part of them
OF_SCORE = {"networks", "neighbours", "terms", "unified"}


def measure(folder: Path, listings: int) -> dict[str, dict[str, float]]:
    """Seconds and peak memory of each stage, one after the other."""
    bench, found = Bench(folder, listings), {}
    assert bench.networks and bench.ready  # opens everything, which is no stage
    for stage in STAGES:
        if stage is indexes:
            bench.end_scoring()
        peak = report.Peak(os.getpid())
        peak.start()
        started = time.perf_counter()
        stage(bench)
        seconds = time.perf_counter() - started
        peak.stop()
        found[stage.__name__] = {"s": seconds, "peak GB": peak.bytes / 1e9}
        print(f"{listings:,}, {stage.__name__}: {found[stage.__name__]}", file=sys.stderr)  # if one fails
    return found


def measured(listings: int, seed: int, place: Path | None) -> dict[str, dict[str, float]]:
    """`measure` in a process of its own, on a catalogue that another one made."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        for step in ("make", "measure"):
            told = report.run(sys.executable, __file__, "--step", step, folder, str(listings), str(seed))
        found: dict[str, dict[str, float]] = json.loads(told.out)
        return found


def table(found: dict[int, dict[str, dict[str, float]]]) -> list[dict[str, Any]]:
    """A row for each stage."""
    sizes, rows = sorted(found), []
    for stage in (stage.__name__ for stage in STAGES):
        seconds = [found[size][stage]["s"] for size in sizes]
        row: dict[str, Any] = {"stage": stage.replace("_", " ")}
        row |= {f"{size:,} s": s for size, s in zip(sizes, seconds, strict=True)}
        row["exponent"] = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
        rows.append(row | {f"peak GB at {sizes[-1]:,}": found[sizes[-1]][stage]["peak GB"]})
    return rows


def bars_of(found: dict[int, dict[str, dict[str, float]]]) -> dict[str, Any]:
    """What was promised."""
    largest, rows = found[max(found)], table(found)
    ratio = largest["networks"]["s"] / largest["bare_products"]["s"]
    peak = max(largest[stage]["peak GB"] for stage in OF_SCORE)
    name = f"{max(found):,} listings"
    return {
        f"{name}: networks from stored vectors, times the bare products": report.bar(ratio, RATIO, False),
        f"{name}: peak GB of scoring": report.bar(peak, PEAK_GB, False),
        **{f"exponent: {row['stage']}": report.bar(row["exponent"], EXPONENT, False) for row in rows},
    }


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "5,000 and 15,000 listings")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="a disk with room, by default that of temporary files")
    parser.add_argument("--step", nargs=4, help="one step alone; what this script calls itself with")
    given = parser.parse_args()
    if given.step:
        step, folder, listings, seed = given.step
        if step == "make":
            make(Path(folder), int(listings), int(seed))
        else:
            print(json.dumps(measure(Path(folder), int(listings))))
        return
    found = {size: measured(size, given.seed, given.folder) for size in (SHORT if given.short else SIZES)}
    bars = {} if given.short else bars_of(found)  # which are of a million
    report.finish(table(found), bars, given.seed, given.json, None if given.short else "speed")


if __name__ == "__main__":
    main()
