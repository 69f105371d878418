"""A tiny synthetic catalogue for the maths rooms: title and photo are two noisy views of one product."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
import torch

from mmquality.checkpoint import Checkpoint
from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.network.siamese import SiameseNetwork
from mmquality.scoring import Listings, fit_scales
from mmquality.training.batches import Tensors
from mmquality.training.data import Bools, Floats, Ints, TrainingData
from mmquality.training.ensemble import train_ensemble
from mmquality.training.warm_start import fit_inputs

TITLE_DIM, PHOTO_DIM, PLACES = 24, 32, 4

NETWORK = NetworkConfig(
    title_dim=TITLE_DIM,
    photo_dim=PHOTO_DIM,
    title_components=16,
    photo_components=16,
    d=12,
    d_z=10,
    encoder_hidden=24,
    head_hidden=24,
    dropout=0.3,
)
TRAINING = TrainingConfig(epochs=3, batch_size=64, learning_rate=2e-3, folds=3)


@dataclass(frozen=True)
class Catalogue:
    """Embeddings, clicks and the truth about them."""

    data: TrainingData
    swapped: npt.NDArray[np.bool_]  # (n,) the photo was taken from another listing


def synthetic(n: int = 120, swaps: float = 0.0, seed: int = 0, noise: float = 0.3) -> Catalogue:
    """`n` listings of which a share `swaps` shows the photo of another; clicks follow the truth."""
    rng = np.random.default_rng(seed)
    product = rng.normal(size=(n, 6))
    titles = product @ rng.normal(size=(6, TITLE_DIM)) + noise * rng.normal(size=(n, TITLE_DIM))
    photos = product @ rng.normal(size=(6, PHOTO_DIM)) + noise * rng.normal(size=(n, PHOTO_DIM))
    swapped = np.zeros(n, dtype=bool)
    chosen = rng.permutation(n)[: round(n * swaps)]
    swapped[chosen] = True
    photos[chosen] = photos[np.roll(chosen, 1)] + 0.1 * rng.normal(size=(len(chosen), PHOTO_DIM))
    nearest = np.argsort(((product[:, None] - product[None]) ** 2).sum(axis=2), axis=1)
    pairs = np.unique(np.sort(nearest[:, :3][:, [0, 1, 0, 2]].reshape(-1, 2), axis=1), axis=0)
    shown = rng.integers(0, 30, size=(n, PLACES)).astype(np.float32)
    clicked = rng.binomial(shown.astype(int), np.where(swapped, 0.02, 0.2)[:, None]).astype(np.float32)
    data = TrainingData(
        titles=titles.astype(np.float32),
        photos=photos.astype(np.float32),
        title_key=np.arange(n),
        photo_key=np.arange(n),
        product_key=np.arange(n),
        pairs=pairs,
        shown=shown,
        clicked=clicked,
        verdict=np.full(n, np.nan, dtype=np.float32),
    )
    return Catalogue(data, swapped)


def without(data: TrainingData, *, pairs: bool = False, impressions: bool = False) -> TrainingData:
    """The same catalogue without its co-clicked pairs, without its impressions, or without both."""
    if pairs:
        data = replace(data, pairs=np.empty((0, 2), dtype=np.int64))
    if impressions:
        none = np.zeros((len(data), 0), dtype=np.float32)
        data = replace(data, shown=none, clicked=none)
    return data


@torch.no_grad()
def standardised(data: TrainingData) -> tuple[Floats, Floats]:
    """What networks read of the titles and of the photos of `data`."""
    inputs = fit_inputs(NETWORK, data.titles, data.photos)
    read = inputs.title(torch.from_numpy(data.titles)), inputs.photo(torch.from_numpy(data.photos))
    return read[0].numpy(), read[1].numpy()


def tensors_of(data: TrainingData, owned: Bools | None = None) -> Tensors:
    """`data` as networks read it; by default every listing owns its photo."""
    owned = np.ones(len(data), dtype=bool) if owned is None else owned
    x, y = standardised(data)
    return Tensors.of(data, torch.from_numpy(x), torch.from_numpy(y), owned)


@cache
def trained() -> tuple[Catalogue, Checkpoint, Ints]:
    """A catalogue with planted swaps, a model of it trained long enough to find them, and its folds."""
    catalogue = synthetic(240, swaps=0.12, seed=3)
    config = replace(TRAINING, epochs=12, batch_size=40)
    return catalogue, *checkpoint_of(catalogue.data, config)


def checkpoint_of(
    data: TrainingData, config: TrainingConfig, network: NetworkConfig = NETWORK
) -> tuple[Checkpoint, Ints]:
    """Train on `data` in this process; the checkpoint, and the fold of each listing."""
    ensemble = train_ensemble(data, network, config, workers=1)
    networks = ensemble.network, ensemble.fold_networks
    listings = listings_of(data, ensemble.fold)
    scales = fit_scales(*networks, listings, data.keys, config, data.verdict).scales
    return Checkpoint(network, config, "text-1", "photo-1", *networks, scales), ensemble.fold


@torch.no_grad()
def learnt(network: SiameseNetwork, titles: Floats, photos: Floats) -> Floats:
    """`z` of each listing."""
    inputs = network.standardised(torch.from_numpy(titles), torch.from_numpy(photos))
    z: Floats = network.unified(network.project(*inputs)).numpy()
    return z


def listings_of(data: TrainingData, fold: Ints) -> Listings:
    """The catalogue as it is scored."""
    return Listings(data.titles, data.photos, fold, data.shown, data.clicked)
