"""A frozen network against the one that it was made of."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from test_network_siamese import embeddings, random_network

from mmquality.network import frozen as frozen_module
from mmquality.network.frozen import Frozen, Mixed
from mmquality.network.projection import PROJECTIONS


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("n", [0, 1, 30])
@pytest.mark.parametrize("one_dnn", [True, False])
@torch.inference_mode()
def test_it_is_the_same_function(
    projection: str, n: int, one_dnn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not one_dnn:
        monkeypatch.setattr(frozen_module, "_ONE_DNN", None)
    network, inputs = random_network(projection), embeddings(n)
    frozen = Frozen(network)
    x, y = frozen.standardised([inputs[0]], inputs[1])
    torch.testing.assert_close((x, y), network.standardised(*inputs))
    found, expected = frozen.project(x, y), network.project(x, y)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(frozen.mismatch(found), network.mismatch(*expected), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(frozen.unified(found), network.unified(expected), atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_it_travels_to_other_processes() -> None:
    frozen, (titles, photos) = Frozen(random_network()), embeddings(30)
    arrived = pickle.loads(pickle.dumps(frozen))
    x, y = frozen.standardised([titles], photos)
    for found, expected in zip(arrived.project(x, y), frozen.project(x, y), strict=True):
        assert torch.equal(found, expected)


@torch.inference_mode()
def test_what_it_reads_stays_as_it_was() -> None:
    frozen = Frozen(random_network())
    titles, photos = embeddings(30)
    x, y = frozen.standardised([titles], photos)
    inputs = x.clone(), y.clone()
    p = frozen.project(x, y)
    projected = p.u.clone(), p.v.clone()
    frozen.mismatch(p), frozen.unified(p)
    assert all(map(torch.equal, (x, y, *p), (*inputs, *projected)))


@pytest.mark.parametrize("n", [0, 1, 30])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@torch.inference_mode()
def test_titles_may_come_in_parts_and_sparse(n: int, index: type) -> None:
    network, (titles, photos) = random_network(), embeddings(n)
    titles[:, 3:8] *= torch.rand(n, 5) < 0.3
    titles[:1] = 0  # a listing that says nothing
    middle = csr_array(titles[:, 3:8].numpy())
    middle.indices, middle.indptr = middle.indices.astype(index), middle.indptr.astype(index)
    parts = [titles[:, :3], middle, titles[:, 8:], torch.empty(n, 0)]
    found = Frozen(network).standardised(parts, photos)
    torch.testing.assert_close(found, network.standardised(titles, photos))


@pytest.mark.parametrize("n", [0, 1, 30])
@pytest.mark.parametrize("few", [0, 3, 90])
@torch.inference_mode()
def test_titles_may_be_sums_of_vectors(n: int, few: int) -> None:
    rng = np.random.default_rng(n)
    network, (titles, photos) = random_network(), embeddings(n)
    dense = rng.normal(size=(n, few)).astype(np.float32) * (rng.random((n, few)) < 0.1)
    mixed = Mixed(csr_array(dense), rng.normal(size=(few, titles.shape[1] - 3)).astype(np.float32))
    for array in (mixed.vectors, mixed.weights.data, mixed.weights.indices, mixed.weights.indptr):
        array.flags.writeable = False  # as what came from another process
    titles[:, 3:] = torch.from_numpy(dense @ mixed.vectors)
    found = Frozen(network).standardised([titles[:, :3], mixed], photos)
    torch.testing.assert_close(found, network.standardised(titles, photos), atol=1e-5, rtol=1e-4)
