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
from mmquality.pipeline.retraining import SEED_STEP, retrained_scores
from mmquality.training.data import Bools, TrainingData
from mmquality.training.groups import grouped_folds

SIZES = (300, 1_000)
PEER = "ridge cosine"


def measure(catalogue: Built, seed: int, seeds: int) -> list[dict[str, Any]]:
    """One row for each size: mean, worst and best AP of the draws, and how often ours was ahead."""
    whole = measured_catalogue(Workspace.at(catalogue.workspace), catalogue.folder / "planted.csv")
    assert whole.mismatched is not None
    rows = []
    for size in [size for size in SIZES if size < len(whole.data)]:
        ours, peer = np.transpose(
            [draw(whole.data, whole.mismatched, size, seed + SEED_STEP * n) for n in range(seeds)]
        )
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


def draw(data: TrainingData, mismatched: Bools, size: int, seed: int) -> tuple[float, float]:
    """AP of ours and of the peer on `size` listings."""
    rows = np.sort(np.random.default_rng(seed).permutation(len(data))[:size])
    drawn, options = data.subset(rows), Options(seed=seed)
    network, config = configs_for(size, data.titles.shape[1], data.photos.shape[1], options)
    fold = grouped_folds(drawn, config.folds, seed)
    category = np.full(size, "", dtype=object)
    x, y = principal_inputs(drawn.titles, drawn.photos)
    peer = PEERS[PEER](PeerCatalogue(drawn.titles, drawn.photos, x, y, fold, drawn.keys, category, seed))
    ours = retrained_scores(drawn, network, config)
    return tuple(mismatch_metrics(score, mismatched[rows])["ap"] for score in (ours, peer))


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
