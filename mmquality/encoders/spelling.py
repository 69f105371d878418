"""How a title is spelled, as a vector: which short runs of letters it has.

A sentence encoder knows what words mean and blurs which ones they are: names of brands and models, numbers,
words of a language that it was not trained on. Runs of letters know nothing else, in any script. They are
hashed, so there is no vocabulary to keep with a model, and a title that comes later is read like the first.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import chain, count

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, vstack
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
        self._number: dict[str, int] = {}  # word -> its row in …
        self._words = _none()  # … the hashed counts of each

    def __reduce__(self) -> tuple[type[Speller], tuple[()]]:
        return Speller, ()  # who is sent one hashes the words that he meets

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
                self._number, self._words = {}, _none()
            number = self._number
            if new := list(set(said).difference(number)):
                number.update(zip(new, count(len(number)), strict=False))
                self._words = vstack([self._words, _HASHING.transform(new)], format="csr")
            return np.fromiter(map(number.__getitem__, said), np.int32, len(said)), self._words


def _none() -> csr_array:
    return csr_array((0, SPELLING_DIM), dtype=np.float32)
