"""What a listing says, as vectors: its title, how that is spelled, and what other columns say beside it.

A column's value becomes the text "colour: Dark Blue", embedded by the workspace's text encoder. Each distinct
text is embedded once and cached by its content hash, as titles are; a catalogue has few of them.

Vectors of one column are much alike, for all begin with its name. Their mean over the catalogue is taken
away, or it would drown what sets them apart; it is kept with the model, which reads every listing by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from mmquality.config import Workspace
from mmquality.data.describing import in_words, worded
from mmquality.encoders.cache import EmbeddingCache
from mmquality.encoders.spelling import spelling
from mmquality.errors import ModelFileError, WorkspaceError
from mmquality.index import unit
from mmquality.pipeline.model_record import read_record
from mmquality.pipeline.versions import working_version
from mmquality.store import Store

SPELLING_WEIGHT = 0.5  # of the title's spelling beside its meaning
WEIGHT = 0.5  # eight columns that tell much weigh as much as the title; two that tell little hardly weigh
CENTRES = "context.safetensors"

Floats = npt.NDArray[np.float32]


def context_texts(catalogue: pd.DataFrame, fields: Sequence[str]) -> dict[str, str]:
    """Every distinct text that the fields say of the catalogue, by its content hash."""
    texts = sorted({text for field in fields for text in worded(catalogue, field)} - {""})
    return {_key(text): text for text in texts}


def context_centres(catalogue: pd.DataFrame, fields: Sequence[str], cache: EmbeddingCache) -> Floats:
    """`μ_f`, the mean embedding of each field over the listings that it says something of, (fields, dim).

    Raises `WorkspaceError` where a text was never embedded.
    """
    _check_embedded(catalogue, fields, cache)
    centres = np.zeros((len(fields), cache.dim), dtype=np.float32)
    for number, field in enumerate(fields):
        vectors, row, said = _embedded(catalogue, field, cache)
        if said.any():
            centres[number] = vectors[row[said]].mean(axis=0)
    return centres


def context_vectors(
    catalogue: pd.DataFrame, fields: Sequence[str], cache: EmbeddingCache, centres: Floats
) -> Floats:
    """`c_i = w Σ_f (e(text of field f of listing i) − μ_f)`, (n, dim), in the order of `catalogue`.

    `e` is the cached embedding, at unit length; `w` is `WEIGHT`; `centres` (fields, dim) are those that the
    model was trained with. A missing value adds nothing, as if it were average. (n, 0) where there is no
    field. Raises `WorkspaceError` where a text was never embedded.
    """
    if not fields:
        return np.zeros((len(catalogue), 0), dtype=np.float32)
    _check_embedded(catalogue, fields, cache)
    total = np.zeros((len(catalogue), cache.dim), dtype=np.float32)
    for field, centre in zip(fields, centres, strict=True):
        vectors, row, said = _embedded(catalogue, field, cache)
        total[said] += vectors[row[said]] - centre
    return np.asarray(WEIGHT * total, dtype=np.float32)


def title_side(vectors: Floats, titles: Sequence[str], context: Floats) -> Floats:
    """`[normalise(x_i) ; w s_i ; c_i]`, (n, title_dim): title embedding, spelling, and context if any."""
    return np.concatenate([unit(vectors), SPELLING_WEIGHT * spelling(titles), context], axis=1)


def save_centres(folder: Path, centres: Floats) -> None:
    """Keep the centres in a model's folder; nothing where it reads no field."""
    if len(centres):
        save_file({"centres": centres}, folder / CENTRES)


def load_centres(folder: Path, fields: Sequence[str]) -> Floats:
    """What `save_centres` kept for a model that reads `fields`. Raises `ModelFileError`."""
    if not fields:
        return np.zeros((0, 0), dtype=np.float32)
    try:
        centres: Floats = load_file(folder / CENTRES)["centres"]
    except (SafetensorError, OSError, LookupError) as error:
        raise ModelFileError(
            f"{folder / CENTRES} cannot be read ({error}). Restore it, or train again."
        ) from error
    return centres


def fields_of_version(workspace: Workspace, version: str) -> tuple[str, ...]:
    """The fields that a model version reads. Raises `ModelFileError` where its files are gone or damaged."""
    return tuple(read_record(workspace, version).network.get("context_fields", ()))


def fields_to_score(workspace: Workspace, store: Store) -> tuple[str, ...]:
    """The fields that the next scoring reads; none where no model could score."""
    try:
        return fields_of_version(workspace, working_version(workspace, store)[0])
    except (WorkspaceError, ModelFileError):  # nothing trained, or its files are damaged: `score` will say so
        return ()


def _check_embedded(catalogue: pd.DataFrame, fields: Sequence[str], cache: EmbeddingCache) -> None:
    absent = cache.missing(list(context_texts(catalogue, fields)))
    if absent:
        raise WorkspaceError(
            f"{len(absent):,} values of {in_words(fields)} are not encoded yet. Run `mmquality encode` first."
        )


def _embedded(
    catalogue: pd.DataFrame, field: str, cache: EmbeddingCache
) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Unit vectors of the field's distinct texts, the row of each listing's, and whether it has one."""
    texts = np.array(worded(catalogue, field), dtype=object)
    said = texts != ""
    row = np.zeros(len(texts), dtype=np.int64)
    row[said], distinct = pd.factorize(texts[said])
    return unit(cache.get([_key(text) for text in distinct])), row, said


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
