"""Training again in order to measure: our model under other seeds, or without a part of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from mmquality.checkpoint import Checkpoint
from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.scoring import fit_scales, mismatch_scores, unified_embeddings
from mmquality.training.data import Bools, Floats, Ints, TrainingData
from mmquality.training.ensemble import train_ensemble
from mmquality.training.groups import owned_photos
from mmquality.training.loop import train_network
from mmquality.training.warm_start import fit_inputs

Doubles = npt.NDArray[np.float64]

SEED_STEP = 100  # between runs: the networks of an ensemble take the seeds that follow its own


def retrained_scores(data: TrainingData, network: NetworkConfig, config: TrainingConfig) -> Doubles:
    """The mismatch scores (n,) of a model trained anew on everything, as `train` and `score` would give."""
    ensemble = train_ensemble(data, network, config)
    scales = fit_scales(
        ensemble.network, ensemble.fold_networks, data.titles, data.photos, ensemble.fold,
        config.expected_share, config.seed,
    )  # fmt: skip
    checkpoint = Checkpoint(network, config, "", "", ensemble.network, ensemble.fold_networks, scales)
    return mismatch_scores(checkpoint, data.titles, data.photos, ensemble.fold)


def recall_vectors(
    data: TrainingData, network: NetworkConfig, config: TrainingConfig
) -> tuple[Floats, Floats]:
    """Unified embeddings as queries and as candidates, (n, d_z) each, of one network trained on `data`."""
    torch.set_num_threads(1)
    trained = network_on(np.arange(len(data)), data, surroundings(data, network, config), network, config)
    vectors = unified_embeddings(trained, data.titles, data.photos)
    return vectors, vectors


@dataclass(frozen=True)
class Surroundings:
    """What a network takes from the whole catalogue, held-out listings included, as in the ensemble."""

    inputs: Inputs  # the fitted standardisation
    owned: Bools  # (n,) the photo may serve as a positive example of its title


def surroundings(data: TrainingData, network: NetworkConfig, config: TrainingConfig) -> Surroundings:
    """Fit the inputs of every listing and find the owners of photos."""
    inputs = fit_inputs(network, torch.from_numpy(data.titles), torch.from_numpy(data.photos))
    return Surroundings(inputs, owned_photos(data, config))


def network_on(
    rows: Ints, data: TrainingData, around: Surroundings, network: NetworkConfig, config: TrainingConfig
) -> SiameseNetwork:
    """One network trained on the listings `rows` alone."""
    trained, _ = train_network(data.subset(rows), around.owned[rows], around.inputs, network, config)
    return trained
