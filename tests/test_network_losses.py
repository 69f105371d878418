"""The losses against naive loops, one pair, one triplet, one impression at a time."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mmquality.network import losses


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def batch(seed: int, n: int, excluded_share: float = 0.3) -> tuple[Tensor, Tensor]:
    """A matrix (n, n), and a mask of excluded pairs in which the diagonal is excluded."""
    generator = torch.Generator().manual_seed(seed)
    excluded = torch.rand(n, n, generator=generator) < excluded_share
    return torch.randn(n, n, generator=generator), excluded | torch.eye(n, dtype=torch.bool)


batches = st.builds(batch, st.integers(0, 10_000), st.integers(1, 7), st.sampled_from([0.0, 0.3, 1.0]))


def softmax_one_row(row: list[float], own: int, excluded: list[bool]) -> float:
    """−log of the share of row[own] among itself and what is not excluded."""
    rivals = [s for j, s in enumerate(row) if j == own or not excluded[j]]
    return -math.log(math.exp(row[own]) / sum(math.exp(s) for s in rivals))


@given(batches)
@settings(max_examples=25, deadline=None)
def test_coclick_softmax_row_by_row_and_column_by_column(given: tuple[Tensor, Tensor]) -> None:
    s, excluded = given
    n = len(s)
    rows = [softmax_one_row(s[i].tolist(), i, excluded[i].tolist()) for i in range(n)]
    columns = [softmax_one_row(s[:, j].tolist(), j, excluded[:, j].tolist()) for j in range(n)]
    assert float(losses.coclick_softmax(s, excluded)) == pytest.approx(
        (sum(rows) / n + sum(columns) / n) / 2, abs=1e-5
    )


@given(batches)
@settings(max_examples=25, deadline=None)
def test_coclick_bce_pair_by_pair(given: tuple[Tensor, Tensor]) -> None:
    s, excluded = given
    n = len(s)
    positive = [-math.log(sigmoid(float(s[i, i]))) for i in range(n)]
    negative = [
        -math.log(1 - sigmoid(float(s[i, j])))
        for i in range(n)
        for j in range(n)
        if i != j and not excluded[i, j]
    ]
    expected = sum(positive) / n + (sum(negative) / len(negative) if negative else 0)
    assert float(losses.coclick_bce(s, excluded)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("loss", [losses.coclick_softmax, losses.coclick_bce])
def test_coclick_losses_stay_finite_for_sure_networks(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    affinity = torch.full((4, 4), 500.0).fill_diagonal_(-500.0).requires_grad_()
    value = loss(affinity, torch.eye(4, dtype=torch.bool))
    value.backward()
    assert value.isfinite() and affinity.grad is not None and affinity.grad.isfinite().all()


@given(batches, st.floats(0, 2))
@settings(max_examples=40, deadline=None)
def test_triplet_one_by_one(given: tuple[Tensor, Tensor], margin: float) -> None:
    d, excluded = given[0].square(), given[1]
    violations = []
    for a in range(len(d)):
        for n in range(len(d)):
            violation = float(d[a, a]) - float(d[a, n]) + margin
            if not excluded[a, n] and violation > 0:
                violations.append(violation)
    expected = sum(violations) / len(violations) if violations else 0
    assert float(losses.triplet(d.diagonal(), d, excluded, margin)) == pytest.approx(expected, abs=1e-5)


def test_triplets_of_fewer_anchors_than_negatives() -> None:
    positive, distances = torch.tensor([0.5]), torch.tensor([[0.7, 0.5, 9.0]])
    nothing = torch.zeros(1, 3, dtype=torch.bool)
    assert float(losses.triplet(positive, distances, nothing, 0.4)) == pytest.approx((0.2 + 0.4) / 2)


def test_without_anchors_there_is_no_triplet_and_still_a_gradient() -> None:
    distances = torch.empty(0, 3, requires_grad=True)
    loss = losses.triplet(torch.empty(0), distances, torch.empty(0, 3, dtype=torch.bool), 0.4)
    loss.backward()
    assert float(loss.detach()) == 0


@pytest.mark.parametrize(
    ("own", "swapped"), [([1.0, -2.0], [0.5]), ([], [0.3, 4.0]), ([0.2], []), ([80.0], [-80.0])]
)
def test_self_supervision_gives_both_halves_equal_weight(own: list[float], swapped: list[float]) -> None:
    # log1p instead of the sigmoid's own logarithm: at m = 80 that would be the logarithm of 0
    halves = [[math.log1p(math.exp(m)) for m in own], [math.log1p(math.exp(-m)) for m in swapped]]
    means = [sum(half) / len(half) for half in halves if half]
    found = losses.self_supervision(torch.tensor(own), torch.tensor(swapped))
    assert float(found) == pytest.approx(sum(means) / len(means), rel=1e-5)


def test_self_supervision_of_nothing_is_zero() -> None:
    assert float(losses.self_supervision(torch.empty(0), torch.empty(0))) == 0


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_no_click_impression_by_impression(seed: int, n: int, places: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logit = torch.randn(n, places, generator=generator)
    shown = torch.randint(0, 6, (n, places), generator=generator).float()
    clicked = (shown * torch.rand(n, places, generator=generator)).floor()
    impressions = []
    for i in range(n):
        for place in range(places):
            p = sigmoid(float(logit[i, place]))
            clicks = int(clicked[i, place])
            impressions += [-math.log(1 - p)] * clicks
            impressions += [-math.log(p)] * (int(shown[i, place]) - clicks)
    expected = sum(impressions) / len(impressions) if impressions else 0
    assert float(losses.no_click(logit, shown, clicked)) == pytest.approx(expected, abs=1e-5)


def test_verdicts_one_by_one() -> None:
    m, mismatched = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 0.0, 0.0])
    each = [-math.log(sigmoid(2)), -math.log(1 - sigmoid(-1)), -math.log(1 - sigmoid(0.5))]
    assert float(losses.verdicts(m, mismatched)) == pytest.approx(sum(each) / 3, abs=1e-6)


def test_without_verdicts_there_is_nothing_to_learn() -> None:
    assert float(losses.verdicts(torch.empty(0), torch.empty(0))) == 0
