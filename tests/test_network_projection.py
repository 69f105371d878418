"""The five projections: shapes, and the invariants of TransH, which must survive any training step."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mmquality.network.projection import PROJECTIONS, TransH

D = 12


def random_projection(name: str, seed: int) -> torch.nn.Module:
    """A projection whose parameters are anything, as after training."""
    generator = torch.Generator().manual_seed(seed)
    projection = PROJECTIONS[name](D)
    with torch.no_grad():
        for parameter in projection.parameters():
            parameter.copy_(3 * torch.randn(parameter.shape, generator=generator))
    return projection


def vectors(seed: int, n: int = 5) -> Tensor:
    return 4 * torch.randn(n, D, generator=torch.Generator().manual_seed(seed))


def close(a: Tensor, b: Tensor | float) -> bool:
    return torch.allclose(a, torch.as_tensor(b), atol=1e-5)


@pytest.mark.parametrize("name", PROJECTIONS)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 6))
@settings(max_examples=15, deadline=None)
def test_projected_vectors_have_unit_length_and_the_translation_is_one_vector(
    name: str, seed: int, n: int
) -> None:
    projection = random_projection(name, seed)
    projected = projection(vectors(seed, n))
    assert projected.shape == (n, D) and projection.translation().shape == (D,)
    assert close(projected.norm(dim=1), 1.0)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_transh_invariants(seed: int) -> None:
    projection, e = random_projection("transh", seed), vectors(seed + 1)
    assert isinstance(projection, TransH)
    w, d_r, projected = projection.normal(), projection.translation(), projection.project(e)
    assert close(w.norm(), 1.0)  # ‖w‖ = 1
    assert close(w @ d_r, 0.0)  # d_r ⊥ w
    assert close(projected @ w, 0.0)  # wᵀ P(e) = 0
    assert close(projection.project(projected), projected)  # P(P(e)) = P(e)
    assert close(projection(e) @ w, 0.0)  # unit length does not leave the hyperplane


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_transh_projection_is_symmetric_so_one_side_may_stay_unprojected(seed: int) -> None:
    projection, a, b = random_projection("transh", seed), vectors(seed + 1), vectors(seed + 2)
    assert isinstance(projection, TransH)
    both = (projection.project(a) * projection.project(b)).sum(dim=1)
    assert torch.allclose((projection.project(a) * b).sum(dim=1), both, atol=1e-4)


def test_transh_projects_as_the_matrix_would() -> None:
    projection, e = random_projection("transh", 3), vectors(4)
    assert isinstance(projection, TransH)
    w = projection.normal()
    matrix = torch.eye(D) - torch.outer(w, w)  # P = I − wwᵀ
    assert close(projection.project(e), e @ matrix)


@pytest.mark.parametrize("rate", [1e-3, 1.0, 100.0])
def test_transh_invariants_hold_after_every_optimiser_step(rate: float) -> None:
    projection, e = TransH(D), vectors(0)
    optimizer = torch.optim.AdamW(projection.parameters(), lr=rate, weight_decay=0.05)
    target = torch.nn.functional.normalize(vectors(1), dim=1)
    for _ in range(10):
        loss = (projection(e) + projection.translation() - target).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        w, projected = projection.normal(), projection.project(e)
        scale = 1 + float(projection.d_raw.detach().norm())
        assert close(w.norm(), 1.0) and close(projected @ w, 0.0)
        assert close(w @ projection.translation() / scale, 0.0)
        assert close(projection.project(projected), projected)


def test_what_each_projection_does_to_a_vector() -> None:
    e = vectors(5)
    expected = {
        "identity": lambda p: e,
        "linear": lambda p: torch.stack([p.matrix @ row for row in e]),
        "transe": lambda p: e,
        "transh": lambda p: torch.stack([row - (p.normal() @ row) * p.normal() for row in e]),
        "transr": lambda p: torch.stack([p.matrix @ row for row in e]),
    }
    assert set(expected) == set(PROJECTIONS)
    for name, formula in expected.items():
        projection = random_projection(name, 6)
        assert torch.allclose(projection.project(e), formula(projection), atol=1e-4), name


@pytest.mark.parametrize("name", PROJECTIONS)
def test_before_training_no_projection_moves_title_towards_photo(name: str) -> None:
    assert close(PROJECTIONS[name](D).translation(), 0.0)


@pytest.mark.parametrize(
    ("name", "translates"),
    [("identity", False), ("linear", False), ("transe", True), ("transh", True), ("transr", True)],
)
def test_which_projections_translate(name: str, translates: bool) -> None:
    assert bool(random_projection(name, 7).translation().any()) is translates


def test_a_vector_of_zeros_stays_zero_instead_of_not_a_number() -> None:
    for name in PROJECTIONS:
        assert close(random_projection(name, 8)(torch.zeros(2, D)), 0.0)
