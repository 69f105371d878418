"""What does training cost beside its network, and how does that grow with the catalogue?

    python benchmarks/speed_training.py               10,000, 100,000 and 1,000,000 listings
    python benchmarks/speed_training.py --short       2,000 and 8,000

Vectors around 2,000 centres (benchmarks/neighbours.py), drawn as they are asked for; clicks, pairs and labels
as a shop has them. "step" is everything that a step of training does: gathering the rows, the masks, choosing
swaps, the network and its loss forward and backward, and AdamW. "bare" is the forward and the backward pass
of the same tensors alone, timed in turns with it. Of an epoch the first 60 steps are timed; an epoch is as
many of their mean as it has steps. What the first look asks of neighbours is not in here.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import log
from statistics import mean, median
from typing import Any

import numpy as np
import numpy.typing as npt
import report
import torch

from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.processes import Workers
from mmquality.training import mapped
from mmquality.training.batches import Tensors, batch_count, epoch
from mmquality.training.data import TrainingData
from mmquality.training.ensemble import one_thread
from mmquality.training.loop import Descent, start_of
from mmquality.training.steps import Losses, Ready, swaps_by
from mmquality.training.warm_start import fit_inputs, warm_start

SIZES, SHORT = (10_000, 100_000, 1_000_000), (2_000, 8_000)
DIM, CENTRES, INNER = 768, 2_000, 32
TIMED = 60  # steps
RATIO, EXPONENT = 1.25, 1.1
STAGES = ("moments s", "standardise s", "start s", "epoch s")


class Drawn:
    """Unit vectors (n, DIM) around centres, made anew for each block that is asked for."""

    def __init__(self, n: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.shape, self._seed = (n, DIM), seed
        self._centres = rng.normal(size=(CENTRES, INNER)).astype(np.float32)
        self._frame = np.linalg.qr(rng.normal(size=(DIM, INNER)))[0].T.astype(np.float32)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> npt.NDArray[np.float32]:
        start, stop, _ = rows.indices(len(self))
        rng = np.random.default_rng((self._seed, start))
        inner = self._centres[np.arange(start, stop) % CENTRES]
        inner = inner + 0.5 * rng.standard_normal(inner.shape, dtype=np.float32)
        noise = rng.standard_normal((stop - start, DIM), dtype=np.float32)
        vectors: npt.NDArray[np.float32] = inner @ self._frame + 0.1 * noise
        return vectors


def shop(listings: int, seed: int) -> TrainingData:
    """A catalogue with as many pairs as listings, 20 places on a page, and a label for every fiftieth."""
    rng, own = np.random.default_rng(seed), np.arange(listings)
    shown = rng.integers(0, 5, (listings, 20)).astype(np.float32)
    verdict = np.full(listings, np.nan, dtype=np.float32)
    verdict[::50] = rng.integers(0, 2, len(verdict[::50]))
    pairs = np.sort(np.stack([own, (own + rng.integers(1, 50, listings)) % listings], axis=1), axis=1)
    return TrainingData(
        titles=Drawn(listings, seed),
        photos=Drawn(listings, seed + 1),
        title_key=own,
        photo_key=rng.integers(0, listings, listings),
        product_key=own,
        pairs=pairs,
        shown=shown,
        clicked=np.minimum(shown, rng.integers(0, 2, shown.shape)).astype(np.float32),
        verdict=verdict,
    )


@dataclass
class Clock:
    """Seconds of named pieces of work."""

    seconds: dict[str, float]

    def timed(self, name: str, work: Callable[[], Any]) -> Any:
        """What it gives."""
        started = time.perf_counter()
        found = work()
        self.seconds[name] = time.perf_counter() - started
        return found


def measure(listings: int, seed: int) -> dict[str, Any]:
    """One row, in this process."""
    clock = Clock({})
    network_config, config = NetworkConfig(title_dim=DIM, photo_dim=DIM), TrainingConfig(seed=seed)
    unmapped = report.Highest(
        lambda: report.anonymous_bytes(os.getpid())
    )  # maps can be dropped and read again
    with one_thread(), tempfile.TemporaryDirectory() as folder, unmapped as peak:
        inputs = written(shop(listings, seed), network_config, folder, clock)
        tensors = mapped.kept(folder)
        network = clock.timed("start s", lambda: started(tensors, inputs, network_config, config))
        bare, step = costs(network, tensors, config)
        maps = sum(file.stat().st_size for file in os.scandir(folder))
    steps = batch_count(listings, config.batch_size)
    return {
        "listings": listings,
        **clock.seconds,
        "epoch s": steps * mean(step),
        "of steps": steps,
        "timed": len(step),
        "step ms": 1e3 * median(step),
        "bare ms": 1e3 * median(bare),
        "step / bare": median(step) / median(bare),
        "memory besides maps MB": peak.value / 1e6,
        "maps MB": maps / 1e6,
    }


def written(data: TrainingData, config: NetworkConfig, folder: str, clock: Clock) -> Inputs:
    """Fit the inputs of a catalogue, and write what training reads of it."""
    inputs: Inputs = clock.timed("moments s", lambda: fit_inputs(config, data.titles, data.photos))
    x, y = clock.timed("standardise s", lambda: mapped.standardised(inputs, data, folder))
    counted = mapped.with_counts(data, folder)
    mapped.keep(Tensors.of(counted, x, y, np.arange(len(data)) % 10 > 0), folder)
    return inputs


def started(
    tensors: Tensors, inputs: Inputs, network_config: NetworkConfig, config: TrainingConfig
) -> SiameseNetwork:
    """A network at its start."""
    torch.manual_seed(config.seed)
    network = SiameseNetwork(network_config, inputs)
    warm_start(network, start_of(tensors, network_config, config), tensors)
    return network.train()


def costs(
    network: SiameseNetwork, tensors: Tensors, config: TrainingConfig
) -> tuple[list[float], list[float]]:
    """Seconds of the bare passes of a batch, and of its step, for the first batches of an epoch."""
    descent, generator = Descent(network, config, TIMED), torch.Generator().manual_seed(config.seed)
    bare, step = [], []
    for _, batch in zip(range(TIMED), epoch(tensors, config.batch_size, generator), strict=False):
        started = time.perf_counter()
        descent.step(Ready.of(tensors, batch), swaps_by(config, generator))
        step.append(time.perf_counter() - started)
        bare.append(seconds_of_passes(network, Ready.of(tensors, batch), config, generator))
    return bare, step


def seconds_of_passes(
    network: SiameseNetwork, ready: Ready, config: TrainingConfig, generator: torch.Generator
) -> float:
    """Forward and backward, with swaps that were chosen before."""
    with torch.no_grad():
        titles = network.project(ready.x, ready.y).u[: ready.batch.listings]
        chosen = swaps_by(config, generator)(titles, ready.excluded)
    network.zero_grad(set_to_none=True)
    losses = Losses(network, config)
    started = time.perf_counter()
    terms = losses(ready, lambda *_: chosen)
    torch.autograd.backward(sum(terms.values(), torch.zeros(())))
    return time.perf_counter() - started


def bars_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What was promised: of every size, and of the growth from each to the next."""
    bars = {
        f"{row['listings']:,} listings: step / bare": report.bar(row["step / bare"], RATIO, at_least=False)
        for row in rows
    }
    for smaller, larger in pairwise(rows):
        times = log(larger["listings"] / smaller["listings"])
        for name in STAGES:
            exponent = log(larger[name] / smaller[name]) / times
            sizes = f"{smaller['listings']:,} to {larger['listings']:,}"
            bars[f"{sizes}: exponent of {name}"] = report.bar(exponent, EXPONENT, at_least=False)
    return bars


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "2,000 and 8,000 listings")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    rows = []
    for size in SHORT if given.short else SIZES:
        with Workers(1) as alone:  # a process of its own: memory is that of this size
            rows.append(alone.submit(measure, size, given.seed).result())
    report.finish(rows, bars_of(rows), given.seed, given.json, None if given.short else "speed_training")


if __name__ == "__main__":
    main()
