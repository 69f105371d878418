"""Spaces in which a recommender would first look for neighbours: each embedding, both, and a trained head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmquality.evaluation.peers.aligned import ridge_map
from mmquality.evaluation.peers.catalogue import Floats, Ints, principal_inputs
from mmquality.evaluation.peers.contrastive import Schedule, tower_from, train_towers
from mmquality.index import unit

COMPONENTS = 128  # of the PCA of both embeddings: the size of our unified embedding
_NEARLY_NO_RIDGE = 1e-2


@dataclass(frozen=True)
class SpaceData:
    """What a space may be made of; row i of titles, photos and keys is the same listing."""

    titles: Floats  # (n, p)
    photos: Floats  # (n, q)
    keys: Ints  # (n, k): who shares one is nobody's negative
    pairs: Ints  # (m, 2) rows of co-clicked listings that may be learnt from; none touches a query
    seed: int = 7


def title_space(data: SpaceData) -> Floats:
    """Unit title embeddings, (n, p)."""
    return unit(data.titles)


def photo_space(data: SpaceData) -> Floats:
    """Unit photo embeddings, (n, q)."""
    return unit(data.photos)


def concatenation(data: SpaceData) -> Floats:
    """Both unit embeddings side by side, (n, p + q): the mean of both cosines."""
    return np.hstack([unit(data.titles), unit(data.photos)])


def pca_concatenation(data: SpaceData, components: int = COMPONENTS) -> Floats:
    """The leading principal components of the concatenation, (n, ≤ components)."""
    from sklearn.decomposition import PCA

    both = concatenation(data)
    found = PCA(min(components, *both.shape), random_state=data.seed).fit_transform(both)
    return np.asarray(found, dtype=np.float32)


def info_nce_space(data: SpaceData, schedule: Schedule | None = None) -> Floats:
    """A head on both embeddings, trained by symmetric InfoNCE on co-clicked pairs, (n, d).

    One tower of the size of ours for both ends of a pair, trained as long, that starts at the PCA of the
    concatenation; without any pair it stays there.
    """
    import torch

    from mmquality.network.losses import sharing

    chosen = schedule or Schedule()
    target = pca_concatenation(data, chosen.d)
    if not len(data.pairs):
        return target
    torch.manual_seed(data.seed)
    both = np.hstack(principal_inputs(data.titles, data.photos))
    tower = tower_from(ridge_map(both, target, _NEARLY_NO_RIDGE), chosen)
    ends = torch.from_numpy(np.concatenate([data.pairs, data.pairs[:, ::-1]]))
    a, b = ends.T
    x, keys = torch.from_numpy(both), torch.from_numpy(data.keys)
    codes = (a * len(x) + b).sort().values

    def related(rows: torch.Tensor) -> torch.Tensor:
        wanted = a[rows][:, None] * len(x) + b[rows][None]
        place = torch.searchsorted(codes, wanted).clamp(max=len(codes) - 1)
        known: torch.Tensor = codes[place] == wanted
        return sharing(keys[a[rows]], keys[b[rows]]) | known

    train_towers((tower, tower), (x[a], x[b]), related, chosen, data.seed, listings=len(x))
    with torch.inference_mode():
        found: Floats = tower(x).numpy()
    return found


Space = Callable[[SpaceData], Floats]
SPACES: dict[str, Space] = {
    "title": title_space,
    "photo": photo_space,
    "concat": concatenation,
    "pca concat": pca_concatenation,
    "infonce": info_nce_space,
}
