"""Drift: the tests against scipy and plain sums, false alarms where nothing moved, and planted moves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mmquality.evaluation.drift import (
    COMPONENTS,
    Leading,
    Shift,
    drifted,
    numbers_shift,
    shares_shift,
    stability_index,
    vectors_shift,
)

CATEGORIES = np.array(["Lamps", "Mugs", "Chairs", "Watches"])
SHARES = (0.4, 0.3, 0.2, 0.1)


def vectors(rng: np.random.Generator, n: int, shift: float = 0.0, dim: int = 8) -> np.ndarray:
    """Unit vectors of unequal spread in each dimension; a shift moves them along one of the wide ones."""
    drawn = rng.normal(size=(n, dim)) / np.sqrt(np.arange(1, dim + 1))
    drawn[:, 2] += shift
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def counts(rng: np.random.Generator, n: int, shares: tuple[float, ...] = SHARES) -> dict[str, int]:
    names, number = np.unique(rng.choice(CATEGORIES, n, p=shares), return_counts=True)
    return dict(zip(names.tolist(), number.tolist(), strict=True))


def look(seed: int, new: int = 150, **moved: float) -> set[str]:
    """Everything that `mmquality health` compares, of 600 listings and `new` ones; `moved` parts have."""
    rng = np.random.default_rng(seed)
    shifts = {"categories": shares_shift(counts(rng, 600), counts(rng, new))}
    for part in ("titles", "photos"):
        before = vectors(rng, 600)
        leading = Leading.of(before[:300])
        after = leading.coordinates(vectors(rng, new, moved.get(part, 0.0)))
        shifts[part] = vectors_shift(leading.coordinates(before[300:]), after)
    scores = rng.beta(1, 8, 600), rng.beta(1 + moved.get("scores", 0.0), 8, new)
    return drifted(shifts | {"scores": numbers_shift(*scores)})


def test_nothing_moved_hardly_ever_alarms() -> None:
    """Of 200 looks at most one in twenty."""
    assert np.mean([bool(look(seed)) for seed in range(200)]) <= 0.05


@pytest.mark.parametrize("part, by", [("titles", 0.6), ("photos", 0.6), ("scores", 1.0)])
def test_what_moved_is_named(part: str, by: float) -> None:
    assert [look(seed, **{part: by}) for seed in range(10)] == [{part}] * 10


def test_another_mix_of_categories_is_found() -> None:
    rng = np.random.default_rng(0)
    shift = shares_shift(counts(rng, 600), counts(rng, 150, (0.1, 0.2, 0.2, 0.5)))
    assert drifted({"categories": shift}) == {"categories"}
    before, after = {"Lamps": 500, "Mugs": 100}, {"Kites": 80}
    assert drifted({"categories": shares_shift(before, after)}) == {"categories"}


def test_the_stability_index_is_its_sum() -> None:
    before, after = np.array([10, 20, 70]), np.array([25, 25, 0])
    p = [(n + 0.5) / 101.5 for n in before]
    q = [(n + 0.5) / 51.5 for n in after]
    expected = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert stability_index(before, after) == pytest.approx(expected)
    assert stability_index(before, before) == 0


def test_numbers_are_compared_as_scipy_does() -> None:
    rng = np.random.default_rng(1)
    before, after = rng.normal(size=200), rng.normal(0.3, size=80)
    assert numbers_shift(before, after).p_value == stats.ks_2samp(before, after, method="asymp").pvalue
    constant = numbers_shift(np.zeros(50), np.zeros(60))
    assert constant.p_value == 1 and constant.psi < 0.01


def test_rare_names_are_taken_together() -> None:
    before = {f"rare {n}": 1 for n in range(40)} | {"Lamps": 400}
    after = {f"other {n}": 1 for n in range(10)} | {"Lamps": 100}
    assert shares_shift(before, after).p_value > 0.5
    assert shares_shift(before, {}) == shares_shift({}, {}) == Shift(0.0, 1.0)


def test_directions_are_those_of_greatest_variance() -> None:
    drawn = vectors(np.random.default_rng(2), 400, dim=40)
    leading = Leading.of(drawn)
    assert leading.directions.shape == (40, min(COMPONENTS, 40))
    variances = leading.coordinates(drawn).var(axis=0)
    expected = np.sort(np.linalg.eigvalsh(np.cov(drawn.T, bias=True)))[::-1][: min(COMPONENTS, 40)]
    assert variances == pytest.approx(expected, rel=1e-3)


def test_many_looks_are_corrected_for_and_small_moves_let_be() -> None:
    shifts = {str(n): Shift(1.0, 0.005) for n in range(4)}
    assert drifted(shifts) == set()  # 0.005 > 0.01 / 4
    assert drifted({"a": Shift(1.0, 0.005)}) == {"a"}
    assert drifted({"a": Shift(0.01, 1e-9), "b": Shift(0.5, 0.008)}) == {"b"}
