"""What a listing says beside its title, as vectors: one short text per column, added up.

A column's value becomes the text "colour: Dark Blue", embedded by the workspace's text encoder. Each distinct
text is embedded once and cached by its content hash, as titles are; a catalogue has few of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.data.describing import in_words, worded
from mmquality.encoders.cache import EmbeddingCache
from mmquality.errors import ModelFileError, WorkspaceError
from mmquality.index import unit
from mmquality.pipeline.model_record import read_record
from mmquality.pipeline.versions import working_version
from mmquality.store import Store

Floats = npt.NDArray[np.float32]


def context_texts(catalogue: pd.DataFrame, fields: Sequence[str]) -> dict[str, str]:
    """Every distinct text that the fields say of the catalogue, by its content hash."""
    texts = sorted({text for field in fields for text in worded(catalogue, field)} - {""})
    return {_key(text): text for text in texts}


def context_vectors(catalogue: pd.DataFrame, fields: Sequence[str], cache: EmbeddingCache) -> Floats:
    """`c_i = normalise(Σ_f e(text of field f of listing i))`, (n, dim), in the order of `catalogue`.

    `e` is the cached embedding, at unit length. A missing value adds nothing; a listing without any has a
    zero row. (n, 0) where there is no field. Raises `WorkspaceError` where a text was never embedded.
    """
    if not fields:
        return np.zeros((len(catalogue), 0), dtype=np.float32)
    absent = cache.missing(list(context_texts(catalogue, fields)))
    if absent:
        raise WorkspaceError(
            f"{len(absent):,} values of {in_words(fields)} are not encoded yet. Run `mmquality encode` first."
        )
    total = np.zeros((len(catalogue), cache.dim), dtype=np.float32)
    for field in fields:
        row, texts = pd.factorize(np.array(worded(catalogue, field), dtype=object))
        said = np.flatnonzero(texts != "")
        vectors = np.zeros((len(texts), cache.dim), dtype=np.float32)
        vectors[said] = unit(cache.get([_key(text) for text in texts[said]]))
        total += vectors[row]
    return unit(total)


def title_side(titles: Floats, context: Floats) -> Floats:
    """`[normalise(x_i) ; c_i]`, (n, 2 dim); the title vectors as they are where there is no context."""
    return np.concatenate([unit(titles), context], axis=1) if context.shape[1] else titles


def fields_of_version(workspace: Workspace, version: str) -> tuple[str, ...]:
    """The fields that a model version reads. Raises `ModelFileError` where its files are gone or damaged."""
    return tuple(read_record(workspace, version).network.get("context_fields", ()))


def fields_to_score(workspace: Workspace, store: Store) -> tuple[str, ...]:
    """The fields that the next scoring reads; none where no model could score."""
    try:
        return fields_of_version(workspace, working_version(workspace, store)[0])
    except (WorkspaceError, ModelFileError):  # nothing trained, or its files are damaged: `score` will say so
        return ()


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
