"""Co-clicked listings as a graph: what a listing's partners say of it, added to what it says itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from mmquality.cores import on_every_core
from mmquality.rows import Rows, Writable, blocks

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_BLOCK = 1_024  # listings that are moved at a time
_GATHERED = 16_384  # of their partners at a time
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

    def moved(block: slice) -> tuple[slice, Floats]:
        return block, _moved(z[block], partners[block], z, weight)

    for block, vectors in on_every_core(moved, blocks(len(z), _BLOCK)):
        result[block] = vectors


def _moved(own: Floats, partners: csr_array, z: Rows, weight: float) -> Floats:
    """The vectors `own` (b, d) moved towards their `partners` (b, n) among `z` (n, d)."""
    degree = np.diff(partners.indptr)
    if not weight or not degree.any():
        return own
    vectors = _sums(partners, z)
    vectors *= (weight / np.sqrt(np.maximum(degree, 1), dtype=np.float32))[:, None]
    vectors += own
    lengths = np.sqrt(np.einsum("bd,bd->b", vectors, vectors))
    # Partners that lie opposite may cancel a listing out; it then stays where it was.
    stays = (degree == 0) | (lengths <= _LEAST_LENGTH)
    vectors /= np.where(stays, 1, lengths)[:, None]
    vectors[stays] = own[stays]
    return vectors


def _sums(partners: csr_array, z: Rows) -> Floats:
    """`Σ_j z_j` over the partners of each listing, (b, d); each is read once, in the order of the file."""
    others, column = np.unique(partners.indices, return_inverse=True)
    shape = partners.shape[0], len(others)
    among = csr_array((partners.data, column, partners.indptr), shape=shape).tocsc()
    sums = np.zeros((shape[0], z.shape[1]), np.float32)
    for some in blocks(len(others), _GATHERED):  # a listing may have any number of partners
        sums += among[:, some] @ z[others[some]]
    return sums


def _partners(pairs: Ints, n: int) -> csr_array:
    """The graph's adjacency, (n, n), 1 for each pair both ways round."""
    one, other = pairs[pairs[:, 0] != pairs[:, 1]].T
    ends = np.concatenate([one * n + other, other * n + one])
    ends.sort()
    ends = ends[np.diff(ends, prepend=-1) > 0]
    begin = np.searchsorted(ends, n * np.arange(n + 1))
    ends %= max(n, 1)
    return csr_array((np.ones(len(ends), np.float32), ends.astype(np.int32), begin), shape=(n, n))
