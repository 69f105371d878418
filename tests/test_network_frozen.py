"""A frozen network against the one that it was made of."""

from __future__ import annotations

import pytest
import torch
from test_network_siamese import embeddings, random_network

from mmquality.network.frozen import Frozen
from mmquality.network.projection import PROJECTIONS


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("n", [0, 1, 30])
@torch.inference_mode()
def test_it_is_the_same_function(projection: str, n: int) -> None:
    network, inputs = random_network(projection), embeddings(n)
    frozen = Frozen(network)
    x, y = frozen.standardised(*inputs)
    torch.testing.assert_close((x, y), network.standardised(*inputs))
    found, expected = frozen.project(x, y), network.project(x, y)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(frozen.mismatch(found), network.mismatch(*expected), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(frozen.unified(found), network.unified(expected), atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_what_it_reads_stays_as_it_was() -> None:
    frozen = Frozen(random_network())
    x, y = frozen.standardised(*embeddings(30))
    inputs = x.clone(), y.clone()
    p = frozen.project(x, y)
    projected = p.u.clone(), p.v.clone()
    frozen.mismatch(p), frozen.unified(p)
    assert all(map(torch.equal, (x, y, *p), (*inputs, *projected)))
