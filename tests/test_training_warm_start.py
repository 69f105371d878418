"""The closed-form start: what it must hold, and odd catalogues."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from synthetic import NETWORK, PHOTO_DIM, TITLE_DIM, synthetic
from torch import Tensor

from mmquality.config import NetworkConfig
from mmquality.index import NeighbourIndex
from mmquality.network.siamese import SiameseNetwork
from mmquality.network.towers import Standardise
from mmquality.training.batches import Tensors
from mmquality.training.warm_start import Start, fit_inputs, fit_standardise, warm_start


def vectors(n: int, dim: int, rank: int, seed: int = 0) -> Tensor:
    """(n, dim) whose first `rank` directions, turned at random, hold all variance."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(dim, dim)))
    x = rng.normal(size=(n, rank)) * np.geomspace(1, 0.2, rank) + 1
    return torch.from_numpy((x @ rotation[:rank]).astype(np.float32))


def test_standardised_vectors_are_centred_uncorrelated_and_of_mean_variance_one() -> None:
    layer, x = Standardise(20, 8), vectors(300, 20, rank=20)
    fit_standardise(layer, x)
    covariance = np.cov(layer(x).numpy().T, bias=True)
    np.testing.assert_allclose(layer(x).mean(dim=0), 0, atol=1e-5)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-4)
    assert np.diag(covariance).mean() == pytest.approx(1, abs=1e-4)


def test_standardised_components_are_the_principal_ones_with_the_root_of_their_spread() -> None:
    layer, x = Standardise(20, 8), vectors(300, 20, rank=20)
    fit_standardise(layer, x)
    theirs = PCA(8).fit(torch.nn.functional.normalize(x, dim=1).double().numpy())
    spread, theirs_spread = np.var(layer(x).numpy(), axis=0), theirs.explained_variance_
    np.testing.assert_allclose(spread / spread[0], np.sqrt(theirs_spread / theirs_spread[0]), rtol=1e-3)
    cosines = np.abs((layer.basis / layer.basis.norm(dim=0)).T.numpy() @ theirs.components_.T)
    np.testing.assert_allclose(np.diag(cosines), 1, atol=1e-3)


def test_a_new_listing_is_not_drowned_by_directions_the_catalogue_does_not_know() -> None:
    layer = Standardise(20, 16)
    fit_standardise(layer, vectors(100, 20, rank=6))  # as where many listings share few photos
    new = torch.randn(50, 20, generator=torch.Generator().manual_seed(0))
    assert float(layer(new).abs().max()) < 20
    assert not layer.basis[:, 6:].any()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_vectors_that_are_all_alike_become_zero(value: float) -> None:
    layer = Standardise(5, 3)
    fit_standardise(layer, torch.full((30, 5), value))
    assert not layer(torch.full((2, 5), value)).any()


def started(
    config: NetworkConfig = NETWORK, owned: Tensor | None = None, **changed: Tensor
) -> tuple[SiameseNetwork, Tensor, Tensor]:
    """A network at its start, and the standardised inputs of its catalogue."""
    data = synthetic(200).data
    titles = changed.get("titles", torch.from_numpy(data.titles))
    photos = changed.get("photos", torch.from_numpy(data.photos))
    torch.manual_seed(0)
    network = SiameseNetwork(config, fit_inputs(config, titles, photos))
    owned = torch.ones(len(titles), dtype=torch.bool) if owned is None else owned
    x, y = network.standardised(titles, photos)
    tensors = Tensors.of(data.subset(np.arange(len(titles))), x, y, owned.numpy())
    warm_start(network, Start.of(tensors, config, ridge=1.0, power=1.0), tensors)
    return network, x, y


@torch.no_grad()
def test_at_the_start_every_encoder_is_its_linear_path() -> None:
    network, x, y = started()
    p = network.project(x, y)
    both = torch.cat([p.u, p.v], dim=1)
    for encoder, read in ((network.f_t, x), (network.f_v, y), (network.g, both)):
        assert torch.equal(encoder(read), encoder.linear(read)) and encoder.linear.weight.any()


@torch.no_grad()
def test_at_the_start_a_listings_own_photo_is_near() -> None:
    network, x, y = started()
    distances = network.distances(network.project(x, y))
    rank = (distances < distances.diagonal()[:, None]).sum(dim=1).float()
    assert float(rank.mean()) < 0.1 * len(x)  # chance: 0.5


@torch.no_grad()
def test_at_the_start_unified_neighbours_are_those_of_the_principal_components() -> None:
    network, x, y = started(replace(NETWORK, d_z=8, d=16))
    z = network.unified(network.project(x, y)).numpy()
    data = synthetic(200).data
    unit = [e / np.linalg.norm(e, axis=1, keepdims=True) for e in (data.titles, data.photos)]
    components = PCA(8).fit_transform(np.hstack(unit))
    ids = [str(row) for row in range(200)]
    found, wanted = (NeighbourIndex.build(v, ids).search(v, 11)[0] for v in (z, components))
    shared = [len(set(f) & set(w)) - 1 for f, w in zip(found, wanted, strict=True)]
    assert np.mean(shared) / 10 > 0.6  # chance: 0.05


@torch.no_grad()
def test_only_listings_that_own_their_photo_shape_the_start() -> None:
    photos = torch.from_numpy(synthetic(200).data.photos)
    owned = torch.arange(200) < 150
    reference, x, _ = started(owned=owned)
    spoilt = photos.clone()
    spoilt[150:] = photos[150:].flip(0)  # the same photos, so that their standardisation does not change
    found, _, _ = started(owned=owned, photos=spoilt)
    assert torch.allclose(found.f_t(x).abs(), reference.f_t(x).abs(), atol=1e-2)
    taught, _, _ = started(photos=spoilt)
    assert not torch.allclose(taught.f_t(x).abs(), reference.f_t(x).abs(), atol=1e-1)


@pytest.mark.parametrize("changed", [{"d": 60}, {"d_z": 100}, {"d": 60, "d_z": 100}, {"d": 2, "d_z": 1}])
@torch.no_grad()
def test_spaces_may_be_larger_or_smaller_than_what_is_known(changed: dict[str, int]) -> None:
    network, x, y = started(replace(NETWORK, **changed))
    z = network.unified(network.project(x, y))
    assert z.shape == (200, network.config.d_z) and z.isfinite().all()
    assert torch.allclose(z.norm(dim=1), torch.ones(200), atol=1e-5)


@example(rows=1, owners=0, seed=79)  # no number came out of it in single precision
@given(rows=st.sampled_from([1, 2, 20]), owners=st.integers(0, 2), seed=st.integers(0, 100))
@settings(max_examples=15, deadline=None)
@torch.no_grad()
def test_a_few_distinct_photos_and_hardly_an_owner_still_start(rows: int, owners: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    photos = torch.randn(rows, PHOTO_DIM, generator=generator)[torch.arange(60) % rows]
    titles = torch.randn(60, TITLE_DIM, generator=generator)
    network, x, y = started(owned=torch.arange(60) < owners, titles=titles, photos=photos)
    p = network.project(x, y)
    for tensor in (p.u, p.v, network.unified(p), network.mismatch(p.u, p.v)):
        assert tensor.isfinite().all()
