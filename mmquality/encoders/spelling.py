"""How a title is spelled, as a vector: which short runs of letters it has.

A sentence encoder knows what words mean and blurs which ones they are: names of brands and models, numbers,
words of a language that it was not trained on. Runs of letters know nothing else, in any script. They are
hashed, so there is no vocabulary to keep with a model, and a title that comes later is read like the first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import HashingVectorizer

SPELLING_DIM = 1024
_RUNS = (3, 4)  # letters, within a word; its ends count as one

Floats = npt.NDArray[np.float32]


def spelling(titles: Sequence[str]) -> Floats:
    """Signed hashed counts of each title's runs of 3 and 4 letters (Weinberger et al. 2009), (n, 1024).

    There must be a title. At unit length; 0 where a title has nothing to spell. Case does not matter.
    """
    hashed = HashingVectorizer(
        analyzer="char_wb", ngram_range=_RUNS, n_features=SPELLING_DIM, norm="l2", dtype=np.float32
    )
    found: Floats = hashed.transform(titles).toarray()
    return found
