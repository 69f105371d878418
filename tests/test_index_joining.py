"""The nearest others of all rows, the nearest of a few: against brute force, among copies, in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmquality import rows as arrays
from mmquality.index import joining, nearest_of_all, nearest_rows, unit
from mmquality.rows import in_folder, in_memory


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


@pytest.mark.parametrize("many", [1_000, 10], ids="gone-through graph".split())
def test_nearly_all_of_the_nearest_are_found(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(joining, "_PER_LIST", 50)
    monkeypatch.setattr(joining, "_MANY", many)
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


@pytest.mark.parametrize("many", [1_000, 10], ids="gone-through graph".split())
def test_lists_that_hold_too_few_are_not_enough(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """Where they do, the nearest of all are found: 6 rows are never 21."""
    monkeypatch.setattr(joining, "_PER_LIST", 3)
    monkeypatch.setattr(joining, "_WIDTHS", (2,))
    monkeypatch.setattr(joining, "_MANY", many)
    v = vectors(100)
    found = nearest_of_all(v, 20, in_memory)
    check(found.rows[:], found.cosine[:], v, least=0.99)


def test_files_give_what_memory_gives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(joining, "_PER_LIST", 50)
    new, v = in_folder(tmp_path), vectors(1_000)
    stored = new(v.shape, np.float32)
    stored[:] = v
    one, other = nearest_of_all(v, 10, in_memory), nearest_of_all(stored, 10, new)
    np.testing.assert_array_equal(one.rows[:], other.rows[:])
    np.testing.assert_array_equal(one.cosine[:], other.cosine[:])


@pytest.mark.parametrize("size", [1, 7, 64, 1_000])
def test_the_nearest_of_a_few_are_those_of_brute_force(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """However long blocks are, and whether or not they hold as many as are asked for."""
    monkeypatch.setattr(arrays, "BLOCK", size)
    v = vectors(200)
    found, cosines = nearest_rows(3 * v, 2 * v[:9], 12)
    np.testing.assert_array_equal(found, np.argsort(-v[:9] @ v.T, axis=1, kind="stable")[:, :12])
    np.testing.assert_allclose(cosines, -np.sort(-v[:9] @ v.T, axis=1)[:, :12], atol=1e-6)
    assert nearest_rows(v[:5], v[:2], 12)[0].shape == (2, 5)
