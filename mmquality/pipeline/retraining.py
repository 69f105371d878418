"""Training again in order to measure: our model under other seeds, or without a part of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from mmquality.checkpoint import Checkpoint
from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.network.frozen import Frozen
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.pipeline.unified import unified_vectors, with_propagation
from mmquality.scoring import Listings, fit_scales, mismatch_scores
from mmquality.training.batches import Tensors
from mmquality.training.data import Bools, Floats, Ints, TrainingData
from mmquality.training.ensemble import train_ensemble
from mmquality.training.first_look import owned_photos, trusted_photos
from mmquality.training.groups import grouped_folds
from mmquality.training.loop import start_of, train_network
from mmquality.training.warm_start import Start, fit_inputs

Doubles = npt.NDArray[np.float64]

SEED_STEP = 100  # between runs: the networks of an ensemble take the seeds that follow its own


def retrained_scores(
    data: TrainingData, network: NetworkConfig, config: TrainingConfig, workers: int | None = None
) -> Doubles:
    """The mismatch scores (n,) of a model trained anew on everything, as `train` and `score` would give."""
    ensemble = train_ensemble(data, network, config, workers)
    networks = ensemble.network, ensemble.fold_networks
    listings = Listings(data.titles, data.photos, ensemble.fold, data.shown, data.clicked)
    scales = fit_scales(*networks, listings, data.keys, config, data.verdict).scales
    return mismatch_scores(Checkpoint(network, config, "", "", *networks, scales), listings)


def recall_vectors(
    data: TrainingData, network: NetworkConfig, config: TrainingConfig
) -> tuple[Floats, Floats]:
    """Unified vectors as queries and as candidates, (n, d) each, of one network trained on `data`.

    How far they are propagated is chosen on the pairs of `data` alone, whatever `config` says.
    """
    torch.set_num_threads(1)
    around = surroundings(data, network, config)
    trained = network_on(np.arange(len(data)), data, around, network, config)
    config = with_propagation(replace(config, propagation_weight=None), around.inputs, data)
    vectors = unified_vectors(Frozen(trained), config, data.titles, data.photos, data.pairs)
    return vectors, vectors


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a network takes from the whole catalogue, held-out listings included, as in the ensemble."""

    inputs: Inputs  # the fitted standardisation
    x: Floats  # (n, title_components) standardised titles
    y: Floats  # (n, photo_components) standardised photos
    trusted: Bools  # (n,) the photos that are trusted at first look


def surroundings(data: TrainingData, network: NetworkConfig, config: TrainingConfig) -> Surroundings:
    """Fit the inputs of every listing and have a first look at them."""
    inputs = fit_inputs(network, data.titles, data.photos)
    with torch.no_grad():
        x = inputs.title(torch.from_numpy(data.titles[:])).numpy()
        y = inputs.photo(torch.from_numpy(data.photos[:])).numpy()
    fold = grouped_folds(data, config.folds, config.seed)
    return Surroundings(inputs, x, y, trusted_photos(x, y, data.keys, fold, config))


def network_on(
    rows: Ints,
    data: TrainingData,
    around: Surroundings,
    network: NetworkConfig,
    config: TrainingConfig,
    start: Start | None = None,
) -> SiameseNetwork:
    """One network trained on the listings `rows` alone; `start` is `start_on` them, where it is known."""
    trained, _ = train_network(_tensors(rows, data, around), around.inputs, network, config, start=start)
    return trained


def start_on(
    rows: Ints, data: TrainingData, around: Surroundings, network: NetworkConfig, config: TrainingConfig
) -> Start:
    """Where `network_on` these listings starts from."""
    return start_of(_tensors(rows, data, around), network, config)


def _tensors(rows: Ints, data: TrainingData, around: Surroundings) -> Tensors:
    owned = owned_photos(around.trusted, data.verdict)
    return Tensors.of(data, torch.from_numpy(around.x), torch.from_numpy(around.y), owned).among(rows)
