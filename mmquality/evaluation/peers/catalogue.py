"""What a peer may read of a catalogue, and what all of them share: inputs, folds, swapped photos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COMPONENTS = 384  # principal components kept of each embedding, as our network keeps them
_TRIES = 20  # draws until a swapped photo is nobody's relative; a listing without one gets none
_HARD = 20  # nearest titles among which a hard swap is drawn


@dataclass(frozen=True)
class PeerCatalogue:
    """Row i of every array is the same listing."""

    titles: Floats  # (n, p) pretrained title embeddings
    photos: Floats  # (n, q) pretrained photo embeddings
    x: Floats  # (n, ≤ 384) and …
    y: Floats  # (n, ≤ 384) their `principal_inputs`, which every peer that learns reads
    fold: Ints  # (n,) listings with the same number are held out together
    keys: Ints  # (n, 3) title, photo and product key: who shares one is nobody's swap
    category: npt.NDArray[np.object_] | None = None  # (n,) names, "" where it is not known
    seed: int = 7

    def __len__(self) -> int:
        return len(self.titles)


def out_of_fold(data: PeerCatalogue, score: Callable[[Ints, Ints], Doubles]) -> Doubles:
    """The scores of a peer that learns, (n,): `score(train, held)` fits on rows `train`, scores rows `held`.

    The models of two folds live on scales of their own, so each fold's scores are standardised.
    """
    scores = np.zeros(len(data))
    for number in np.unique(data.fold):
        held = np.flatnonzero(data.fold == number)
        found = score(np.flatnonzero(data.fold != number), held)
        scores[held] = (found - found.mean()) / max(float(found.std()), 1e-12)
    return scores


def principal_inputs(titles: Floats, photos: Floats) -> tuple[Floats, Floats]:
    """Centred, scaled principal components of titles and photos, (n, ≤ 384) each.

    Fitted on every listing, as our network's inputs are: they say nothing of which photo is whose.
    """
    import torch

    from mmquality.linear import principal_components

    found = []
    for vectors in (titles, photos):
        tensor = torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32))
        mean, basis = principal_components(tensor, min(COMPONENTS, vectors.shape[1], len(vectors) - 1))
        found.append(((torch.nn.functional.normalize(tensor, dim=1) - mean) @ basis).numpy())
    return found[0], found[1]


def cosines(a: Floats | Doubles, b: Floats | Doubles) -> Doubles:
    """Cosine of each row of `a` with the same row of `b`, (n,); 0 where one of them is zero."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / np.maximum(lengths, 1e-12), dtype=np.float64)


def swaps(data: PeerCatalogue, rows: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """For each listing of `rows`, another of `rows` whose photo it might have been given by mistake.

    Half of them at random, half among those of the most similar titles, as our network is taught; never one
    that shares title, photo or product. Returns titles and photos (≤ len(rows),) as rows of the catalogue.
    """
    from mmquality.index import NeighbourIndex

    near, _ = NeighbourIndex.build(data.titles[rows], [""] * len(rows)).search(data.titles[rows], _HARD + 1)
    hard = rng.random(len(rows)) < 0.5
    photo = np.full(len(rows), -1)
    for _ in range(_TRIES):
        open_ = np.flatnonzero(photo < 0)
        if not len(open_):
            break
        similar = near[open_, rng.integers(0, near.shape[1], len(open_))]
        drawn = np.where(hard[open_], similar, rng.integers(0, len(rows), len(open_)))
        related = (data.keys[rows[open_]] == data.keys[rows[drawn]]).any(axis=1)
        photo[open_[~related]] = drawn[~related]
        hard[open_[related]] &= (
            rng.random(int(related.sum())) < 0.5
        )  # its nearest titles may all be relatives
    given = photo >= 0
    return rows[given], rows[photo[given]]
