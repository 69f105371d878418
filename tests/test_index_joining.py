"""The nearest others of all rows at once: against brute force, among copies, in files as in memory."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mmquality.index import joining, nearest_of_all, unit
from mmquality.rows import Stored, in_memory


def vectors(n: int, d: int = 8) -> np.ndarray:
    """Around a few dozen centres, unit length."""
    rng = np.random.default_rng(0)
    return unit(rng.normal(size=(40, d))[rng.integers(0, 40, n)] + 0.5 * rng.normal(size=(n, d)))


def check(rows: np.ndarray, cosine: np.ndarray, v: np.ndarray, least: float) -> None:
    """Others, each once, nearest first, at the cosine that is told; `least` of the nearest are among them."""
    n, k = rows.shape
    exact = v @ v.T
    assert not (rows == np.arange(n)[:, None]).any() and rows.min() >= 0
    assert all(len(set(row)) == k for row in rows.tolist())
    np.testing.assert_allclose(cosine, np.take_along_axis(exact, rows.astype(int), axis=1), atol=2e-3)
    assert (np.diff(cosine, axis=1) <= 0).all()
    np.fill_diagonal(exact, -np.inf)
    farthest = -np.sort(-exact, axis=1)[:, k - 1 : k]
    assert (cosine >= farthest - 1e-3).mean() >= least


def test_nearly_all_of_the_nearest_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "_PER_LIST", 50)
    v = vectors(3_000)
    found = nearest_of_all(v, 10, in_memory)
    check(found.rows[:], found.cosine[:], v, least=0.98)
    assert found.recall >= joining.ENOUGH


def test_what_it_tells_of_itself_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "_PER_LIST", 30)
    monkeypatch.setattr(joining, "_WIDTHS", (2,))
    v = vectors(3_000)
    found = nearest_of_all(v, 10, in_memory)
    exact = v @ v.T
    np.fill_diagonal(exact, -np.inf)
    share = (found.cosine[:] >= -np.sort(-exact, axis=1)[:, 9:10] - 1e-3).mean()
    assert share < 0.95 and found.recall == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("size", [7, 100_000], ids="pieces whole".split())
def test_among_copies_a_row_is_none_of_its_neighbours(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(joining, "_PER_LIST", 50)
    monkeypatch.setattr(joining, "_PIECE", size)
    v = vectors(600)
    v[:200] = v[0]
    found = nearest_of_all(v, 10, in_memory)
    check(found.rows[:], found.cosine[:], v, least=0.98)
    np.testing.assert_allclose(found.cosine[:200], 1, atol=1e-3)


def test_lists_that_hold_too_few_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "_PER_LIST", 3)
    monkeypatch.setattr(joining, "_WIDTHS", (2,))
    v = vectors(100)
    found = nearest_of_all(v, 20, in_memory)
    check(found.rows[:], found.cosine[:], v, least=0)


def test_files_give_what_memory_gives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(joining, "_PER_LIST", 50)
    number, v = count(), vectors(1_000)

    def new(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Stored:
        return Stored.create(tmp_path / f"{next(number)}.npy", shape, dtype)

    stored = new(v.shape, np.float32)
    stored[:] = v
    one, other = nearest_of_all(v, 10, in_memory), nearest_of_all(stored, 10, new)
    np.testing.assert_array_equal(one.rows[:], other.rows[:])
    np.testing.assert_array_equal(one.cosine[:], other.cosine[:])
