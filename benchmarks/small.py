"""Does it stand on small catalogues? Draws of a few hundred listings, against the best closed form.

    python benchmarks/small.py --listings DIR --workspaces DIR   all catalogues; writes docs/benchmarks.md
    python benchmarks/small.py --short                           the sample marketplace alone

Each draw is trained and scored as `mmquality train` and `score` would, on the embeddings of the workspace of
the whole catalogue (built where there is none). The truth is read to measure.
"""

from __future__ import annotations

from typing import Any

import catalogues
import numpy as np
import report
from catalogues import Built

from mmquality.config import Workspace
from mmquality.evaluation.metrics import mismatch_metrics
from mmquality.evaluation.peers import PEERS
from mmquality.evaluation.peers.catalogue import PeerCatalogue, principal_inputs
from mmquality.pipeline.building import Options, configs_for
from mmquality.pipeline.measured_catalogue import measured_catalogue
from mmquality.pipeline.measuring import Job, measured_side_by_side
from mmquality.pipeline.retraining import SEED_STEP, retrained_scores
from mmquality.training.data import Bools, TrainingData
from mmquality.training.groups import grouped_folds

SIZES = (300, 1_000)
PEER = "ridge cosine"
_LIBRARIES = (
    "mmquality.pipeline.retraining",
    "mmquality.pipeline.measured_catalogue",
)  # what this file loads


def measure(catalogue: Built, seed: int, seeds: int) -> list[dict[str, Any]]:
    """One row for each size: mean, worst and best AP of the draws, and how often ours was ahead."""
    whole = measured_catalogue(Workspace.at(catalogue.workspace), catalogue.folder / "planted.csv")
    assert whole.mismatched is not None
    sizes = [size for size in SIZES if size < len(whole.data)]
    draws = [
        drawn(whole.data, whole.mismatched, size, seed + SEED_STEP * n)
        for size in sizes
        for n in range(seeds)
    ]
    runs = measured_side_by_side([Job("draw", compared, draw, _LIBRARIES) for draw in draws], lambda _: None)
    found = np.array([run.result for run in runs]).reshape(len(sizes), seeds, 2)
    rows = []
    for size, (ours, peer) in zip(sizes, found.transpose(0, 2, 1), strict=True):
        rows.append(
            {
                "catalogue": catalogue.name,
                "listings": size,
                "AP": float(ours.mean()),
                "from … to": f"{ours.min():.3f} … {ours.max():.3f}",
                f"AP {PEER}": float(peer.mean()),
                "worst lead": float((ours - peer).min()),
            }
        )
    return rows


def drawn(data: TrainingData, mismatched: Bools, size: int, seed: int) -> tuple[TrainingData, Bools, int]:
    """`size` listings at random, which of them are mismatched, and the seed."""
    rows = np.sort(np.random.default_rng(seed).permutation(len(data))[:size])
    return data.subset(rows), mismatched[rows], seed


def compared(data: TrainingData, mismatched: Bools, seed: int) -> tuple[float, float]:
    """AP of ours and of the peer."""
    network, config = configs_for(len(data), data.titles.shape[1], data.photos.shape[1], Options(seed=seed))
    fold = grouped_folds(data, config.folds, seed)
    category = np.full(len(data), "", dtype=object)
    x, y = principal_inputs(data.titles, data.photos)
    peer = PEERS[PEER](PeerCatalogue(data.titles, data.photos, x, y, fold, data.keys, category, seed))
    ours = retrained_scores(data, network, config, workers=1)
    return tuple(mismatch_metrics(score, mismatched)["ap"] for score in (ours, peer))


def main() -> None:
    """Run it."""
    given = catalogues.arguments(__doc__)
    with catalogues.built(given) as everyone:
        rows = [row for catalogue in everyone for row in measure(catalogue, given.seed, given.seeds)]
    bars = {
        f"{row['catalogue']}, {row['listings']} listings: AP − {PEER}'s, worst draw": report.bar(
            row["worst lead"], 0.0
        )
        for row in rows
    }
    report.finish(rows, bars, given.seed, given.json, None if given.short else "small")


if __name__ == "__main__":
    main()
