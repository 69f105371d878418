"""Towers, discrepancy, distances, affinity and the click model, against their formulas written out."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import NETWORK, PHOTO_DIM, TITLE_DIM
from torch import Tensor

from mmquality.network.mismatch import POSITIONS, MismatchHead, discrepancy
from mmquality.network.projection import PROJECTIONS
from mmquality.network.siamese import Inputs, Projected, SiameseNetwork
from mmquality.network.towers import Dropout, ModalityEncoder, Standardise


def random_network(projection: str = "transh", seed: int = 0) -> SiameseNetwork:
    """A network all of whose parameters are random, in evaluation mode."""
    torch.manual_seed(seed)
    network = SiameseNetwork(replace(NETWORK, projection=projection))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return network.eval()


def embeddings(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(n, TITLE_DIM, generator=generator),
        torch.randn(n, PHOTO_DIM, generator=generator),
    )


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("n", [0, 1, 30])
@torch.no_grad()
def test_shapes_of_everything_with_every_projection(projection: str, n: int) -> None:
    network = random_network(projection)
    p = network.project(*network.standardised(*embeddings(n)))
    z = network.unified(p)
    assert p.u.shape == p.v.shape == (n, NETWORK.d) and z.shape == (n, NETWORK.d_z)
    assert torch.allclose(z.norm(dim=1), torch.ones(n), atol=1e-5)
    assert network.mismatch(p.u, p.v).shape == (n,)
    assert network.affinity(z, z[:1]).shape == (n, min(n, 1)) and network.distances(p).shape == (n, n)


@pytest.mark.parametrize("projection", PROJECTIONS)
@torch.no_grad()
def test_distances_pair_by_pair(projection: str) -> None:
    network = random_network(projection)
    p = network.project(*network.standardised(*embeddings(30)))
    d_r, found = network.projection.translation(), network.distances(p)
    for i in range(30):
        for j in range(30):
            expected = sum(float(c) ** 2 for c in p.u[i] + d_r - p.v[j])
            assert float(found[i, j]) == pytest.approx(expected, abs=1e-5)


def test_distances_have_a_gradient_where_title_and_photo_coincide() -> None:
    u = torch.nn.functional.normalize(torch.randn(30, NETWORK.d), dim=1).requires_grad_()
    network = random_network("identity")
    network.distances(Projected(u, u.detach().clone())).sum().backward()
    assert u.grad is not None and u.grad.isfinite().all()


@torch.no_grad()
def test_affinity_pair_by_pair() -> None:
    network = random_network()
    z = network.unified(network.project(*network.standardised(*embeddings(6))))
    alpha, beta = math.exp(float(network.log_alpha)), float(network.beta)
    found = network.affinity(z[:2], z)
    for i in range(2):
        for j in range(6):
            assert float(found[i, j]) == pytest.approx(alpha * float(z[i] @ z[j]) + beta, rel=1e-4)


@given(st.integers(0, 10_000), st.integers(0, 5), st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_discrepancy_entry_by_entry(seed: int, n: int, d: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    u, v = torch.randn(2, n, d, generator=generator)
    d_r = torch.randn(d, generator=generator)
    found = discrepancy(u, v, d_r)
    assert found.shape == (n, 3 * d)
    for i in range(n):
        for k in range(d):
            title, photo = float(u[i, k] + d_r[k]), float(v[i, k])
            assert found[i, k].item() == pytest.approx(title - photo, abs=1e-6)
            assert found[i, d + k].item() == pytest.approx(abs(title - photo), abs=1e-6)
            assert found[i, 2 * d + k].item() == pytest.approx(title * photo, abs=1e-6)


@torch.no_grad()
def test_mismatch_reads_each_row_on_its_own() -> None:
    network = random_network()
    p = network.project(*network.standardised(*embeddings(8)))
    together = network.mismatch(p.u, p.v)
    alone = [network.mismatch(p.u[i : i + 1], p.v[i : i + 1]) for i in range(8)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-5)


@torch.no_grad()
def test_click_model_place_by_place() -> None:
    head = MismatchHead(4, 8, dropout=0.0)
    head.position_bias.copy_(torch.randn(POSITIONS))
    head.a_raw.fill_(0.7)
    m, places = torch.tensor([-1.0, 2.0]), [1, 2, POSITIONS, POSITIONS + 7, 0]
    found = head.no_click_logit(m[:, None], torch.tensor(places).expand(2, len(places)))
    a = math.log1p(math.exp(0.7))
    for i in range(2):
        for k, place in enumerate(places):
            bias = float(head.position_bias[min(max(place, 1), POSITIONS) - 1])
            assert float(found[i, k]) == pytest.approx(a * float(m[i]) + float(head.b) + bias, abs=1e-5)


@given(a_raw=st.floats(-20, 20), low=st.floats(-5, 5), rise=st.floats(0.01, 5))
@settings(max_examples=30, deadline=None)
def test_more_mismatch_never_means_more_clicks(a_raw: float, low: float, rise: float) -> None:
    head = MismatchHead(4, 8, dropout=0.0).double()
    with torch.no_grad():
        head.a_raw.fill_(a_raw)
        place = torch.ones(2, dtype=torch.long)
        less, more = head.no_click_logit(torch.tensor([low, low + rise], dtype=torch.float64), place)
    assert more > less


def test_modality_encoder_starts_as_its_linear_path() -> None:
    encoder = ModalityEncoder(6, 4, hidden=16, dropout=0.5)
    x = torch.randn(5, 6)
    for mode in (True, False):  # even dropout changes nothing before the first step
        assert torch.equal(encoder.train(mode)(x), encoder.linear(x))


def test_the_residual_learns_from_the_first_step_on() -> None:
    encoder = ModalityEncoder(6, 4, hidden=16, dropout=0.0)
    x = torch.randn(20, 6)
    optimizer = torch.optim.SGD(encoder.parameters(), lr=0.1)
    encoder(x).square().sum().backward()
    optimizer.step()
    assert not torch.allclose(encoder(x), encoder.linear(x))


def test_standardise_centres_rotates_and_scales_unit_vectors() -> None:
    layer = Standardise(3, 2)
    layer.mean.copy_(torch.tensor([0.1, 0.0, 0.2]))
    layer.basis.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]]))
    found = layer(torch.tensor([[3.0, 0.0, 4.0]]))  # unit: (0.6, 0, 0.8)
    assert torch.allclose(found, torch.tensor([[0.5 + 3 * 0.6, 0.0]]))


def test_inputs_are_kept_but_never_trained() -> None:
    network = SiameseNetwork(NETWORK)
    assert not any(name.startswith("inputs") for name, _ in network.named_parameters())
    assert {"inputs.title.mean", "inputs.photo.basis"} <= set(network.state_dict())


def test_networks_may_share_their_inputs() -> None:
    inputs = Inputs(NETWORK)
    assert SiameseNetwork(NETWORK, inputs).inputs is SiameseNetwork(NETWORK, inputs).inputs


def test_dropout_keeps_the_mean_and_drops_the_share_it_says() -> None:
    torch.manual_seed(0)
    dropped = Dropout(0.75).train()(torch.ones(200, 200))
    assert float((dropped == 0).float().mean()) == pytest.approx(0.75, abs=0.02)
    assert float(dropped.mean()) == pytest.approx(1, abs=0.05)
    assert set(dropped.unique().tolist()) == {0.0, 4.0}


def test_dropout_does_nothing_in_evaluation_or_at_zero() -> None:
    x = torch.randn(5, 5)
    assert torch.equal(Dropout(0.9).eval()(x), x) and torch.equal(Dropout(0.0).train()(x), x)
