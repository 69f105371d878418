"""How well analysts agree who judged the same case without seeing each other's verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

_DRAWS = 2_000
_LEVEL = 0.95


@dataclass(frozen=True)
class Reliability:
    """Agreement beyond chance on `cases`: 1 = always, 0 = as often as chance, below 0 = less often.

    None where all verdicts are the same one: chance then agrees always. `low` and `high` bound the value at
    95 %.
    """

    analysts: tuple[str, ...]  # by name
    cases: int
    same: int  # cases on which the verdicts are the same
    value: float | None
    low: float | None
    high: float | None


def by_pair(twice: pd.DataFrame) -> list[Reliability]:
    """Cohen's (1960) kappa for every two analysts who judged the same cases, those with most cases first.

    `twice` has a row per case: first_analyst, first_verdict, second_analyst, second_verdict.
    """
    return sorted(map(_kappa, _pairs(twice)), key=lambda found: (-found.cases, found.analysts))


def overall(twice: pd.DataFrame) -> Reliability | None:
    """Krippendorff's alpha of nominal verdicts over all cases, whoever judged them; None without a case.

    With two verdicts per case, α = 1 − D_o / D_e, where D_o is the share of cases with different verdicts and
    D_e = 1 − Σ_c n_c (n_c − 1) / n (n − 1) that of any two of all n verdicts (Krippendorff 2011, "Computing
    Krippendorff's Alpha-Reliability", section C).
    """
    if twice.empty:
        return None
    names = sorted({*twice["first_analyst"], *twice["second_analyst"]})
    table = _table(twice["first_verdict"], twice["second_verdict"])
    return _reliability(tuple(names), table, _alphas(table[None])[0], _alphas)


def _pairs(twice: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Every two analysts by name, and what the one said and the other: columns one, other."""
    swapped = twice["first_analyst"] > twice["second_analyst"]
    first = twice[["first_analyst", "first_verdict"]].to_numpy()
    second = twice[["second_analyst", "second_verdict"]].to_numpy()
    one = np.where(swapped.to_numpy()[:, None], second, first)
    other = np.where(swapped.to_numpy()[:, None], first, second)
    said = pd.DataFrame({"a": one[:, 0], "b": other[:, 0], "one": one[:, 1], "other": other[:, 1]})
    return [((str(a), str(b)), part) for (a, b), part in said.groupby(["a", "b"])]


def _kappa(pair: tuple[tuple[str, str], pd.DataFrame]) -> Reliability:
    from sklearn.metrics import cohen_kappa_score  # slow to import

    names, said = pair
    table = _table(said["one"], said["other"])
    same = (table.sum(axis=0) + table.sum(axis=1)).max() == 2 * table.sum()
    value = np.nan if same else float(cohen_kappa_score(said["one"], said["other"]))
    return _reliability(names, table, value, _kappas)


def _table(one: pd.Series[str], other: pd.Series[str]) -> Array:
    """How often each verdict met each, (c, c)."""
    verdicts = sorted({*one, *other})
    counts = np.zeros((len(verdicts), len(verdicts)))
    np.add.at(counts, tuple(pd.Categorical(said, verdicts).codes for said in (one, other)), 1)
    return counts


def _reliability(names: tuple[str, ...], table: Array, value: float, of_tables: object) -> Reliability:
    """The value with the percentiles that it has in tables drawn from this one (the bootstrap)."""
    cases, same = int(table.sum()), int(np.trace(table))
    if np.isnan(value):
        return Reliability(names, cases, same, None, None, None)
    assert callable(of_tables)
    drawn = np.random.default_rng(0).multinomial(cases, table.ravel() / cases, _DRAWS)
    values = of_tables(drawn.reshape(_DRAWS, *table.shape).astype(np.float64))
    low, high = np.nanquantile(values, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Reliability(names, cases, same, value, min(float(low), value), max(float(high), value))


def _kappas(tables: Array) -> Array:
    """Cohen's kappa of each table, (k, c, c) → (k,); NaN where chance agrees always."""
    shares = tables / tables.sum(axis=(1, 2), keepdims=True)
    chance = (shares.sum(axis=1) * shares.sum(axis=2)).sum(axis=1)
    return _beyond(np.trace(shares, axis1=1, axis2=2), chance)


def _alphas(tables: Array) -> Array:
    """Krippendorff's alpha of each table, (k, c, c) → (k,); NaN where chance agrees always."""
    said = tables.sum(axis=1) + tables.sum(axis=2)  # how often each verdict was given
    n = said.sum(axis=1)
    chance = (said * (said - 1)).sum(axis=1) / (n * (n - 1))
    return _beyond(np.trace(tables, axis1=1, axis2=2) / tables.sum(axis=(1, 2)), chance)


def _beyond(observed: Array, chance: Array) -> Array:
    free = np.where(chance < 1, 1 - chance, np.nan)
    return np.asarray((observed - chance) / free, dtype=np.float64)
