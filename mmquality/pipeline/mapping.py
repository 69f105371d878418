"""The map of a model version: its unified vectors in two dimensions, beside what people see of each listing.

Landmarks are laid out by t-SNE (van der Maaten & Hinton 2008); every other listing goes to the mean of the
landmarks nearest to it, the nearer the heavier. So a hundred thousand listings take little longer than the
landmarks alone. Distances on the map say who is near whom, not how far apart groups are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.errors import ModelFileError
from mmquality.files import check_writable, whole_file
from mmquality.index import Vectors
from mmquality.pipeline.places import open_store, version_in_force
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.pipeline.scored import load_scores, load_unified

MOST = 100_000  # listings on a map; of a larger catalogue a sample
LANDMARKS = 5_000
_COMPONENTS = 50
_NEAREST = 5
_SEED = 7
_MAP = "map.parquet"


def draw_map(workspace: Workspace, reporter: Reporter | None = None) -> int:
    """Draw the map of the version in force and keep it in its folder; returns how many listings are on it.

    Raises `WorkspaceError` where no model is in force, or the workspace may only be read.
    """
    reporter = reporter or Silent()
    with open_store(workspace) as store:
        version = version_in_force(workspace, store)
        told = store.catalogue_frame(["listing_id", "title", "category"]).set_index("listing_id")
    model = workspace.models / version.name
    check_writable(workspace.root, model)
    scores = load_scores(model)[["listing_id", "score"]]
    chosen = _sample(len(scores), MOST)
    drawn = scores.iloc[chosen].reset_index(drop=True)
    drawn[["x", "y"]] = positions(load_unified(model)[chosen], reporter)
    drawn = drawn.join(told, on="listing_id", how="inner")  # without what was removed since
    with whole_file(model / _MAP) as part:
        drawn.to_parquet(part, index=False)
    return len(drawn)


def map_path(workspace: Workspace, version: str) -> Path:
    """Where the map of a version lies, once it is drawn."""
    return workspace.models / version / _MAP


def load_map(path: Path) -> pd.DataFrame:
    """listing_id, score, x, y, title, category. Raises `ModelFileError`."""
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise ModelFileError(f"{path} cannot be read ({error}). Delete it and draw the map again.") from error


def positions(
    vectors: Vectors, reporter: Reporter | None = None, landmarks: int = LANDMARKS
) -> npt.NDArray[np.float32]:
    """A place in the plane for each of the vectors (n, d), shape (n, 2); the same every time."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    reporter = reporter or Silent()
    n, dim = vectors.shape
    chosen = _sample(n, landmarks)
    marks = vectors[chosen]
    if len(marks) < 4 or not np.ptp(marks, axis=0).any():  # nothing to lay out: one beside the other
        return np.repeat(np.arange(n, dtype=np.float32)[:, None], 2, axis=1)
    components = PCA(min(_COMPONENTS, dim, len(marks)), random_state=_SEED).fit(marks)
    with reporter.stage("Laying out landmarks") as advance:
        perplexity = min(30.0, (len(marks) - 1) / 3)
        tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=_SEED)
        laid = tsne.fit_transform(components.transform(marks)).astype(np.float32)
        advance(len(marks))
    if len(marks) == n:
        return np.asarray(laid, np.float32)
    with reporter.stage("Placing the other listings", n) as advance:
        placed = _placed(components.transform(vectors), chosen, laid)
        advance(n)
    return placed


def _sample(n: int, most: int) -> npt.NDArray[np.int64]:
    """At most `most` of the rows 0…n − 1, in order."""
    rng = np.random.default_rng(_SEED)
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def _placed(points: Vectors, chosen: npt.NDArray[np.int64], laid: Vectors) -> npt.NDArray[np.float32]:
    """The mean of the landmarks nearest to each of the points (n, c), (n, 2); landmarks stay where they are.

    A landmark weighs exp(−d² / d₂²): d is its distance, d₂ that of the second nearest.
    """
    import faiss

    marks = faiss.IndexFlatL2(points.shape[1])
    marks.add(np.ascontiguousarray(points[chosen], np.float32))
    squared, near = marks.search(np.ascontiguousarray(points, np.float32), _NEAREST)
    weight = np.exp(-squared / np.maximum(squared[:, 1:2], 1e-9))
    placed = (weight[:, :, None] * laid[near]).sum(axis=1) / weight.sum(axis=1, keepdims=True)
    placed[chosen] = laid
    return np.asarray(placed, np.float32)
