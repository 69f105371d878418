"""Where things lie, by the hash of their content: for millions of hashes, in little memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.bytes_]


class Lookup:
    """A number for each of very many hashes (ASCII), in sorted arrays.

    An entry takes 72 bytes where a dictionary of texts takes some 300. What is added goes into an array of
    its own, which is merged with those that are no larger: adding is cheap, and a search goes through few.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Keys, Numbers]] = []  # each sorted, the largest first, no hash in two of them

    def __len__(self) -> int:
        return sum(len(keys) for keys, _ in self._runs)

    def find(self, hashes: Sequence[str]) -> Numbers:
        """The number of each hash, -1 where it has none."""
        return self._find(_keys(hashes))

    def add(self, hashes: Sequence[str] | Keys, first: int) -> None:
        """Number the hashes from `first` on; one that has a number, or is here twice, keeps its first."""
        keys, places = np.unique(_keys(hashes), return_index=True)
        new = self._find(keys) < 0
        run = keys[new], first + places[new].astype(np.int64)
        while self._runs and len(self._runs[-1][0]) <= len(run[0]):
            run = _merged(self._runs.pop(), run)
        if len(run[0]):
            self._runs.append(run)

    def _find(self, wanted: Keys) -> Numbers:
        found = np.full(len(wanted), -1, dtype=np.int64)
        for keys, numbers in self._runs:
            places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            here = keys[places] == wanted
            found[here] = numbers[places[here]]
        return found


def _keys(hashes: Sequence[str] | Keys) -> Keys:
    return hashes if isinstance(hashes, np.ndarray) else np.array(list(hashes), dtype=np.bytes_)


def _merged(one: tuple[Keys, Numbers], other: tuple[Keys, Numbers]) -> tuple[Keys, Numbers]:
    keys, numbers = np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])
    order = np.argsort(keys, kind="stable")
    return keys[order], numbers[order]
