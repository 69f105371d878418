"""How a title is spelled, as a vector: which short runs of letters it has.

A sentence encoder knows what words mean and blurs which ones they are: names of brands and models, numbers,
words of a language that it was not trained on. Runs of letters know nothing else, in any script. They are
hashed, so there is no vocabulary to keep with a model, and a title that comes later is read like the first.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, count, islice
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

SPELLING_DIM = 1024
_RUNS = (3, 4)  # letters, within a word; its ends count as one
_MOST_WORDS = 200_000  # remembered at a time
_HASHING = HashingVectorizer(
    analyzer="char_wb", ngram_range=_RUNS, n_features=SPELLING_DIM, norm=None, dtype=np.float32
)

Floats = npt.NDArray[np.float32]


def spelling(titles: Sequence[str]) -> Floats:
    """Signed hashed counts of each title's runs of 3 and 4 letters (Weinberger et al. 2009), (n, 1024).

    At unit length; 0 where a title has nothing to spell. Case does not matter.
    """
    return np.asarray(Speller().spell(titles).toarray())


class Speller:
    """`spelling`, as sparse as it is, of titles that come in many blocks.

    No run goes beyond a word, and words come again and again: each is hashed once, and a title is the sum of
    its words. Several threads may spell at once.
    """

    def __init__(self) -> None:
        self._learning = threading.Lock()
        self._forget()

    def __reduce__(self) -> tuple[type[Speller], tuple[()]]:
        return Speller, ()  # who is sent one hashes the words that he meets

    def _forget(self) -> None:
        self._number = defaultdict[str, int](count().__next__)  # word -> its row in …
        self._words = _Counts()  # … the hashed counts of each

    def spell(self, titles: Sequence[str]) -> csr_array:
        """(n, 1024)"""
        split = [title.lower().split() for title in titles]
        column, words = self._learnt(list(chain.from_iterable(split)))
        begin = np.cumsum([0, *map(len, split)], dtype=np.int32)
        said = csr_array(
            (np.ones(len(column), np.float32), column, begin), shape=(len(titles), words.shape[0])
        )
        spelled: csr_array = normalize(said @ words, copy=False) if titles else said @ words
        return spelled

    def _learnt(self, said: list[str]) -> tuple[npt.NDArray[np.int32], csr_array]:
        """The number of each of some words, and the hashed counts of all words that are known."""
        with self._learning:
            if len(self._number) > _MOST_WORDS:
                self._forget()
            number, known = self._number, len(self._number)
            row = np.fromiter(map(number.__getitem__, said), np.int32, len(said))  # which numbers new ones
            if new := len(number) - known:
                self._words.add(_HASHING.transform([*islice(reversed(number), new)][::-1]))
            return row, self._words.all()


class _Counts:
    """Hashed counts, a row for each word; what is there is not copied for every word that comes."""

    def __init__(self) -> None:
        self._rows = 0
        self._begin, self._column = np.zeros(1, np.int32), np.empty(0, np.int32)
        self._count = np.empty(0, np.float32)

    def add(self, words: csr_matrix) -> None:
        """Below those that are there; what `all` gave before stays as it was."""
        end = int(self._begin[self._rows])
        self._begin = _behind(self._begin, self._rows + 1, words.indptr[1:] + end)
        self._column = _behind(self._column, end, words.indices)
        self._count = _behind(self._count, end, words.data)
        self._rows += words.shape[0]

    def all(self) -> csr_array:
        """(words, 1024)"""
        begin, end = self._begin[: self._rows + 1], int(self._begin[self._rows])
        parts = self._count[:end], self._column[:end], begin
        return csr_array(parts, shape=(self._rows, SPELLING_DIM))


def _behind(array: npt.NDArray[Any], length: int, more: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`more` behind the first `length` of `array`; where that is full, in one with room for as much again."""
    if length + len(more) > len(array):
        array = np.concatenate([array[:length], np.empty(max(length, len(more)), array.dtype)])
    array[length : length + len(more)] = more
    return array
