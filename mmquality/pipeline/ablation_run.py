"""One run of the ablation: a network without one part of the model, measured on listings it never saw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.evaluation.metrics import mismatch_metrics
from mmquality.evaluation.recommending import co_click_auc, positives_of, recall_of_queries
from mmquality.network.siamese import SiameseNetwork
from mmquality.pipeline.retraining import Surroundings, network_on, start_on
from mmquality.training.data import Bools, Doubles, Floats, Ints, TrainingData
from mmquality.training.warm_start import Start

AT = (10, 50, 100)

Measures = dict[str, float | None]  # None where a measure is not defined


@dataclass(frozen=True)
class Variant:
    """One row of a table: what is changed in the configuration."""

    projection: str = "transh"
    triplets: bool = True
    teachers: tuple[str, ...] = ()  # of the mismatch head
    verdicts: bool = False  # whether it also learns from simulated verdicts


@dataclass(frozen=True, eq=False)
class AblationCase:
    """What every run reads."""

    data: TrainingData
    held: Ints  # rows measured on, never trained on
    photos: Floats  # (len(held), photo_dim), some of them swapped where there is no truth
    mismatched: Bools  # (len(held),)
    judged: TrainingData  # `data` with simulated verdicts, where there is a truth
    around: Surroundings

    @property
    def labelled(self) -> bool:
        """Whether there are simulated verdicts."""
        return self.judged is not self.data

    @property
    def rows(self) -> Ints:
        """Those that are trained on."""
        return np.setdiff1d(np.arange(len(self.data)), self.held)

    def data_of(self, verdicts: bool) -> TrainingData:
        """What a run with or without verdicts learns from."""
        return self.judged if verdicts else self.data


def measure(case: AblationCase, variant: Variant, network: NetworkConfig, config: TrainingConfig) -> Measures:
    """Train one network without the held part; co-click AUC, recall and mismatch AP of that part."""
    data, rows = case.data_of(variant.verdicts), case.rows
    # Variants and seeds start at the same place, but for the verdicts, which say whose photo is its own.
    closed_form = TrainingConfig(cca_ridge=config.cca_ridge, cca_power=config.cca_power)
    start = _start(case, variant.verdicts, replace(network, projection=Variant.projection), closed_form)
    trained = network_on(rows, data, case.around, network, config, start)
    x, y, shown = _standardised(case)
    vectors = _unified(trained, x, y)
    score = (_mismatch if variant.teachers else distances)(trained, x[case.held], shown)
    pairs = data.pairs[np.isin(data.pairs, case.held).any(axis=1)]
    recall = _recall(vectors, case, pairs)
    return {
        "co-click AUC": co_click_auc(vectors, pairs, np.arange(len(data)), config.seed),
        **{f"recall@{k}": recall.get(k) for k in AT},
        "mismatch AP": mismatch_metrics(score, case.mismatched)["ap"],
    }


@lru_cache(maxsize=2)
def _start(case: AblationCase, verdicts: bool, network: NetworkConfig, config: TrainingConfig) -> Start:
    return start_on(case.rows, case.data_of(verdicts), case.around, network, config)


def _recall(vectors: Floats, case: AblationCase, pairs: Ints) -> dict[int, float]:
    """Mean recall of the held listings that have a co-clicked one, among the whole catalogue."""
    positives = positives_of(pairs, case.data.product_key, case.held)
    asked = [n for n, wanted in enumerate(positives) if len(wanted)]
    if not asked:
        return {}
    rows = case.held[asked]
    of_queries = recall_of_queries(vectors[rows], vectors, rows, [positives[n] for n in asked], AT)
    return {k: float(values.mean()) for k, values in of_queries.items()}


@lru_cache(maxsize=1)
@torch.inference_mode()
def _standardised(case: AblationCase) -> tuple[Tensor, Tensor, Tensor]:
    """What the networks read: of all titles, of all photos, and of those shown with the held titles."""
    inputs, photos = case.around.inputs, (case.data.photos[:], case.photos)
    return inputs.title(torch.from_numpy(case.data.titles[:])), *(
        inputs.photo(torch.from_numpy(p)) for p in photos
    )


@torch.inference_mode()
def _unified(network: SiameseNetwork, x: Tensor, y: Tensor) -> Floats:
    found: Floats = network.unified(network.project(x, y)).numpy()
    return found


@torch.inference_mode()
def _mismatch(network: SiameseNetwork, x: Tensor, y: Tensor) -> Doubles:
    found: Doubles = network.mismatch(*network.project(x, y)).double().numpy()
    return found


@torch.inference_mode()
def distances(network: SiameseNetwork, x: Tensor, y: Tensor) -> Doubles:
    """`D(i, i)` of each title with the photo of the same row, (n,): a ranking without the mismatch head."""
    p = network.project(x, y)
    found: Doubles = (p.u + network.projection.translation() - p.v).square().sum(dim=1).double().numpy()
    return found
