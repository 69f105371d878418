"""Whether new listings are like those that a model was trained on: two-sample tests, and how far they moved.

Each part (titles, photos, scores, categories) is compared on its own: numbers by Kolmogorov and Smirnov's
test, vectors by that test on each of their leading principal components (the smallest p times their number,
Bonferroni), shares by chi squared. A part has drifted where Holm's step-down procedure says so at 1 % over
all parts together, and the population stability index says that it is of a size to matter:

    PSI = Σ (q − p) log(q / p)   over bins that hold a tenth of the training listings each; 0.1 and more
    (Siddiqi 2006)

With many listings a test finds what nobody would act on; with few an index is large by chance. Both have to
speak.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

LEVEL = 0.01  # of a false alarm over all parts of a look: whoever looks each day has one in three months
MATTERS = 0.1  # PSI from which on a shift is acted on
COMPONENTS = 64  # with 16 grey photos of the sample pass: what is shown spreads wider than its colour
_BINS = 10
_RARE = 5.0  # listings expected in a cell of the chi squared test


@dataclass(frozen=True)
class Shift:
    """How far one part has moved, and how likely so far a move is by chance."""

    psi: float
    p_value: float


@dataclass(frozen=True)
class Leading:
    """The leading principal directions of some vectors."""

    centre: Floats  # (dim,)
    directions: Floats  # (dim, c)

    @classmethod
    def of(cls, vectors: Floats) -> Leading:
        """Of `vectors` (n, dim), n at least 2; no more than half as many as there are vectors."""
        from sklearn.decomposition import PCA

        most = max(min(COMPONENTS, len(vectors) // 2, vectors.shape[1]), 1)
        found = PCA(most, random_state=0).fit(vectors)
        return cls(found.mean_, np.ascontiguousarray(found.components_.T))

    def coordinates(self, vectors: Floats) -> Doubles:
        """(n, c)."""
        return np.asarray((vectors - self.centre) @ self.directions, dtype=np.float64)


def numbers_shift(before: Doubles, after: Doubles) -> Shift:
    """Of one number each, (n,) and (m,)."""
    from scipy.stats import ks_2samp

    edges = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, x, "right"), minlength=len(edges) + 1) for x in (before, after)
    ]
    return Shift(stability_index(*counts), float(ks_2samp(before, after, method="asymp").pvalue))


def vectors_shift(before: Doubles, after: Doubles) -> Shift:
    """Of coordinates (n, c) and (m, c): the component that moved most, by its p-value."""
    shifts = [numbers_shift(*columns) for columns in zip(before.T, after.T, strict=True)]
    most = min(shifts, key=lambda shift: (shift.p_value, -shift.psi))
    return Shift(most.psi, min(most.p_value * len(shifts), 1.0))


def shares_shift(before: Mapping[str, int], after: Mapping[str, int]) -> Shift:
    """Of how many listings have each name. Names too rare for the test are taken together."""
    from scipy.stats import chi2_contingency

    names = sorted({*before, *after})
    counts = np.array([[of.get(name, 0) for name in names] for of in (before, after)], dtype=np.float64)
    totals = counts.sum(axis=1)
    expected = counts.sum(axis=0) * totals.min() / max(totals.sum(), 1)
    rare = expected < _RARE
    cells = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])
    cells = cells[:, cells.sum(axis=0) > 0]
    if cells.shape[1] < 2 or not totals.all():
        return Shift(0.0, 1.0)
    return Shift(stability_index(*cells), float(chi2_contingency(cells).pvalue))


def stability_index(before: npt.NDArray[np.number], after: npt.NDArray[np.number]) -> float:
    """PSI of two rows of counts; half a listing is added to each, so that an empty bin is no infinity."""
    p, q = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (before, after))
    return float(((q - p) * np.log(q / p)).sum())


def drifted(shifts: Mapping[str, Shift]) -> set[str]:
    """The parts that have drifted, by Holm (1979): where nothing has, none 99 times in 100."""
    found: set[str] = set()
    for tried, name in enumerate(sorted(shifts, key=lambda name: shifts[name].p_value)):
        if shifts[name].p_value > LEVEL / (len(shifts) - tried):
            break
        if shifts[name].psi >= MATTERS:
            found.add(name)
    return found
