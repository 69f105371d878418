"""How a title is spelled, as a vector: which short runs of letters it has.

A sentence encoder knows what words mean and blurs which ones they are: names of brands and models, numbers,
words of a language that it was not trained on. Runs of letters know nothing else, in any script. They are
hashed, so there is no vocabulary to keep with a model, and a title that comes later is read like the first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

SPELLING_DIM = 1024
_RUNS = (3, 4)  # letters, within a word; its ends count as one

Floats = npt.NDArray[np.float32]


def spelling(titles: Sequence[str]) -> Floats:
    """Signed hashed counts of each title's runs of 3 and 4 letters (Weinberger et al. 2009), (n, 1024).

    At unit length; 0 where a title has nothing to spell. Case does not matter.
    """
    found = np.zeros((len(titles), SPELLING_DIM), dtype=np.float32)
    words, column, begin = _words(titles)
    if words:
        hashed = HashingVectorizer(
            analyzer="char_wb", ngram_range=_RUNS, n_features=SPELLING_DIM, norm=None, dtype=np.float32
        )
        # No run goes beyond a word, and words come again and again: each is hashed once.
        said = csr_array((np.ones(len(column), np.float32), column, begin), shape=(len(titles), len(words)))
        normalize(said @ hashed.transform(words), copy=False).toarray(out=found)
    return found


def _words(titles: Sequence[str]) -> tuple[list[str], list[int], list[int]]:
    """The distinct words, which of them all titles consist of, and where in that each title begins."""
    number: dict[str, int] = {}
    column: list[int] = []
    begin = [0]
    for title in titles:
        column += [number.setdefault(word, len(number)) for word in title.lower().split()]
        begin.append(len(column))
    return list(number), column, begin
