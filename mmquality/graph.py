"""Co-clicked listings as a graph: what a listing's partners say of it, added to what it says itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array

from mmquality.rows import Rows, Writable, blocks

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_BLOCK = 1_024  # listings whose partners are gathered at a time
_LEAST_LENGTH = 1e-4  # of a sum of unit vectors; what is shorter is rounding


def propagated(z: Floats, pairs: Ints, weight: float) -> Floats:
    """Each listing moved towards the listings it was co-clicked with: (n, d), unit norm.

    One step of LightGCN's propagation (He et al. 2020, equation 3), added to the embedding itself:
    `z_i ← normalise(z_i + weight · Σ_j z_j / √deg_i)`. Only the listing's own degree divides (the paper
    divides by `√(deg_i deg_j)`): where each partner counts in full, new queries find more of what goes with
    them. A listing without a pair stays as it is.

    :param z: embeddings, (n, d), unit norm
    :param pairs: rows of co-clicked listings, (m, 2); which way round, and how often one is named, is all the
        same, and a listing is no partner of its own
    """
    result = np.empty(z.shape, np.float32)
    propagate(z, pairs, weight, result)
    return result


def propagate(z: Rows, pairs: Ints, weight: float, result: Writable) -> None:
    """Write `propagated` into `result`, which is another array than `z`, block by block."""
    partners = _partners(pairs, len(z))
    for block in blocks(len(z), _BLOCK):
        result[block] = _moved(z[block], partners[block], z, weight)


def _moved(own: Floats, partners: csr_array, z: Rows, weight: float) -> Floats:
    """The vectors `own` (b, d) moved towards their `partners` (b, n) among `z` (n, d)."""
    degree = np.diff(partners.indptr)
    moved = np.flatnonzero(degree)
    if len(moved) and weight:
        others, column = np.unique(partners.indices, return_inverse=True)
        among = csr_array((partners.data, column, partners.indptr), shape=(len(own), len(others)))
        towards = among[moved] @ z[others] / np.sqrt(degree[moved, None])
        vectors = own[moved] + weight * towards
        # Partners that lie opposite may cancel a listing out; it then stays where it was.
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        own = own.copy()
        own[moved] = np.where(
            lengths > _LEAST_LENGTH, vectors / np.maximum(lengths, _LEAST_LENGTH), own[moved]
        )
    return own


def _partners(pairs: Ints, n: int) -> csr_array:
    """The graph's adjacency, (n, n), 1 for each pair both ways round."""
    ends = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    one, other = ends[:, 0], ends[:, 1]
    rows, columns = np.concatenate([one, other]), np.concatenate([other, one])
    return csr_array(coo_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(n, n)))
