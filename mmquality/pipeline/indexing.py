"""The neighbour indexes of a model version, and what its listings' evidence is held against."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from mmquality.checkpoint import Checkpoint
from mmquality.config import Workspace
from mmquality.encoders.cache import EmbeddingCache
from mmquality.index.keeping import collections_of, drop, keep
from mmquality.pipeline.evidence import Background
from mmquality.pipeline.folders import whole_folder
from mmquality.pipeline.places import background_path, index_path
from mmquality.pipeline.progress import Reporter
from mmquality.pipeline.scored import load_unified
from mmquality.records import Space
from mmquality.rows import Rows
from mmquality.store import Store


def build_indexes(
    workspace: Workspace,
    name: str,
    checkpoint: Checkpoint,
    scores: pd.DataFrame,
    store: Store,
    reporter: Reporter,
) -> None:
    """The index of every space, in the order of `scores`, and what evidence needs: all of it or nothing."""
    titles, photos = (
        (workspace.embeddings, encoder) for encoder in (checkpoint.text_encoder, checkpoint.photo_encoder)
    )
    vectors: dict[Space, Callable[[], Rows]] = {
        Space.UNIFIED: lambda: load_unified(workspace.models / name),
        Space.TITLE: lambda: EmbeddingCache(*titles).placed(scores["title_hash"]),
        Space.PHOTO: lambda: EmbeddingCache(*photos).placed(scores["photo_hash"]),
    }
    paths = [index_path(workspace, name, space) for space in Space]
    earlier = collections_of(paths)
    with (
        reporter.stage("Indexing title, photo and both", len(Space) * len(scores)) as advance,
        whole_folder(index_path(workspace, name, Space.UNIFIED).parent) as folder,
    ):
        for space, load in vectors.items():
            path = folder / index_path(workspace, name, space).name
            named = f"{workspace.root.name}_{name}_{space}"
            built = keep(load(), scores["listing_id"], path, workspace.vectors_url, named, advance)
            if space is Space.TITLE:
                Background.of(store, built).save(folder / background_path(workspace, name).name)
    if workspace.vectors_url:
        drop(earlier - collections_of(paths), workspace.vectors_url)  # of a version that was scored anew
