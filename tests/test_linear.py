"""Closed forms against NumPy and scikit-learn, and where nothing varies."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.cross_decomposition import CCA
from sklearn.linear_model import Ridge
from torch import Tensor

from mmquality.linear import principal_components, regularised_cca, ridge_regression

CORRELATIONS = [0.95, 0.8, 0.5, 0.0]


def correlated(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Centred x (n, 4), y (n, 6) whose canonical correlations are `CORRELATIONS`, behind random mixing."""
    rng = np.random.default_rng(seed)
    rho = np.array(CORRELATIONS)
    x = rng.normal(size=(n, 4))
    y = np.hstack([rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(n, 4)), rng.normal(size=(n, 2))])
    x, y = x @ rng.normal(size=(4, 4)), y @ rng.normal(size=(6, 6))
    return x - x.mean(axis=0), y - y.mean(axis=0)


def cca(x: np.ndarray, y: np.ndarray, d: int, ridge: float, power: float) -> tuple[Tensor, Tensor, Tensor]:
    return regularised_cca(torch.from_numpy(x), torch.from_numpy(y), d, ridge, power)


@pytest.mark.parametrize("n", [30, 500])
def test_principal_components_agree_with_numpy_whether_rows_or_columns_are_more(n: int) -> None:
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(n, 60)) @ rng.normal(size=(60, 60))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    mean, basis = (t.double().numpy() for t in principal_components(torch.from_numpy(vectors).float(), 20))
    np.testing.assert_allclose(mean, unit.mean(axis=0), atol=1e-6)
    values, directions = np.linalg.eigh(np.cov(unit.T, bias=True))
    values, directions = values[::-1][:20], directions[:, ::-1][:, :20]
    scaled = directions * values**-0.25 / np.sqrt(np.sqrt(values).mean())
    np.testing.assert_allclose(np.abs(basis), np.abs(scaled), atol=2e-4)


def test_fewer_rows_than_components_leave_the_rest_at_zero() -> None:
    vectors = torch.from_numpy(np.random.default_rng(2).normal(size=(5, 60))).float()
    _, basis = principal_components(vectors, 20)
    assert basis.isfinite().all() and (basis.norm(dim=0) > 0).sum() == 4  # centred: one less than rows


def test_cca_finds_the_known_correlations() -> None:
    _, _, s = cca(*correlated(20_000), d=4, ridge=0.0, power=0.0)
    np.testing.assert_allclose(s, CORRELATIONS, atol=0.03)


def test_cca_agrees_with_numpy() -> None:
    x, y = correlated(200)
    # Canonical correlations are the cosines of the angles between the column spaces.
    expected = np.linalg.svd(np.linalg.qr(x)[0].T @ np.linalg.qr(y)[0], compute_uv=False)
    _, _, s = cca(x, y, d=4, ridge=0.0, power=0.0)
    np.testing.assert_allclose(s, expected, atol=1e-5)


def test_cca_agrees_with_scikit_learn() -> None:
    x, y = correlated(300)
    a, b, _ = cca(x, y, d=2, ridge=0.0, power=0.0)
    theirs = CCA(n_components=2, max_iter=5_000).fit(x, y).transform(x, y)
    for ours, other in zip((x @ a.numpy(), y @ b.numpy()), theirs, strict=True):
        for k in range(2):
            assert abs(np.corrcoef(ours[:, k], other[:, k])[0, 1]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("ridge", "power"), [(0.0, 0.0), (0.0, 1.0), (0.5, 1.0), (1.0, 0.5)])
def test_cca_directions_diagonalise_the_regularised_covariances(ridge: float, power: float) -> None:
    x, y = correlated(400)
    a, b, s = (tensor.double().numpy() for tensor in cca(x, y, d=3, ridge=ridge, power=power))
    cxx, cyy, cxy = x.T @ x / 400, y.T @ y / 400, x.T @ y / 400
    cxx += ridge * np.trace(cxx) / len(cxx) * np.eye(len(cxx))
    cyy += ridge * np.trace(cyy) / len(cyy) * np.eye(len(cyy))
    np.testing.assert_allclose(a.T @ cxx @ a, np.diag(s ** (2 * power)), atol=1e-4)
    np.testing.assert_allclose(b.T @ cyy @ b, np.diag(s ** (2 * power)), atol=1e-4)
    np.testing.assert_allclose(a.T @ cxy @ b, np.diag(s ** (1 + 2 * power)), atol=1e-4)


def test_cca_gives_no_more_directions_than_there_are() -> None:
    x, y = correlated(50)
    a, b, s = cca(x, y, d=9, ridge=1.0, power=1.0)
    assert (a.shape, b.shape, s.shape) == ((4, 4), (6, 4), (4,))


@pytest.mark.parametrize("empty", [(True, False), (False, True), (True, True)])
def test_cca_of_what_does_not_vary_is_finite(empty: tuple[bool, bool]) -> None:
    x, y = (v * (not zero) for v, zero in zip(correlated(50), empty, strict=True))
    assert all(tensor.isfinite().all() for tensor in cca(x, y, d=4, ridge=1.0, power=1.0))


@pytest.mark.parametrize("ridge", [1e-3, 0.1, 2.0])
def test_ridge_regression_agrees_with_scikit_learn(ridge: float) -> None:
    x, y = correlated(80)
    alpha = ridge * float((x**2).sum()) / x.shape[1]
    theirs = Ridge(alpha, fit_intercept=False).fit(x, y).coef_.T
    np.testing.assert_allclose(
        ridge_regression(torch.from_numpy(x), torch.from_numpy(y), ridge), theirs, atol=1e-8
    )


def test_ridge_regression_of_what_does_not_vary_is_zero() -> None:
    assert not ridge_regression(torch.zeros(10, 3), torch.ones(10, 2)).any()
