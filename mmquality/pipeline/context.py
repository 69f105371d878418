"""What a listing says, as vectors: its title, how that is spelled, and what other columns say beside it.

A column's value becomes the text "colour: Dark Blue", embedded by the workspace's text encoder. Each distinct
text is embedded once and cached by its content hash, as titles are; a catalogue has few of them.

Vectors of one column are much alike, for all begin with its name. Their mean over the catalogue is taken
away, or it would drown what sets them apart; it is kept with the model, which reads every listing by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_array

from mmquality.config import Workspace
from mmquality.data.describing import in_words, worded
from mmquality.encoders.spelling import SPELLING_DIM, Speller
from mmquality.errors import ModelFileError, NotEncodedError, WorkspaceError
from mmquality.index import unit
from mmquality.network.frozen import Mixed
from mmquality.pipeline.model_record import read_record
from mmquality.pipeline.versions import working_version
from mmquality.rows import Made, Rows, blocks
from mmquality.store import Store

SPELLING_WEIGHT = 0.5  # of the title's spelling beside its meaning
WEIGHT = 0.5  # eight columns that tell much weigh as much as the title; two that tell little hardly weigh
CENTRES = "context.safetensors"

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


class Embeddings(Protocol):
    """Vectors by content hash: the cache of an encoder, or what it made just now."""

    @property
    def dim(self) -> int: ...

    def missing(self, hashes: Sequence[str]) -> list[str]: ...

    def get(self, hashes: Sequence[str]) -> Floats: ...

    def placed(self, hashes: Iterable[str]) -> Rows: ...


@dataclass(frozen=True)
class Told:
    """What some fields say of each listing, every distinct text once."""

    listings: int
    fields: tuple[str, ...]
    texts: list[list[str]]  # of each field: what it says, each text once, …
    said: list[Ints]  # … and (n,) which of them it says of a listing, -1 where it says nothing

    @classmethod
    def of(cls, catalogue: Iterable[pd.DataFrame], fields: Sequence[str]) -> Told:
        """From a catalogue in pieces."""
        listings, number = 0, [dict[str, int]() for _ in fields]
        said = [[np.empty(0, np.int32)] for _ in fields]
        for piece in catalogue:
            listings += len(piece)
            for known, parts, field in zip(number, said, fields, strict=True):
                texts = worded(piece, field)
                numbers = [known.setdefault(text, len(known)) if text else -1 for text in texts]
                parts.append(np.array(numbers, dtype=np.int32))
        distinct = [list(known) for known in number]
        return cls(listings, tuple(fields), distinct, [np.concatenate(parts) for parts in said])

    @cached_property
    def keys(self) -> list[list[str]]:
        """The content hashes of each field's texts."""
        return [[_key(text) for text in of_field] for of_field in self.texts]

    def words(self, field: int) -> list[str]:
        """What the field with this number says of each listing, "" where it says nothing."""
        texts = [*self.texts[field], ""]  # which -1 finds, too
        return [texts[number] for number in self.said[field].tolist()]


def context_texts(catalogue: pd.DataFrame, fields: Sequence[str]) -> dict[str, str]:
    """Every distinct text that the fields say of the catalogue, by its content hash."""
    texts = sorted({text for field in fields for text in worded(catalogue, field)} - {""})
    return {_key(text): text for text in texts}


def context_centres(told: Told, cache: Embeddings) -> Floats:
    """`μ_f`, the mean embedding of each field over the listings that it says something of, (fields, dim).

    Raises `NotEncodedError` where a text was never embedded.
    """
    _check_embedded(told, cache)
    centres = np.zeros((len(told.fields), cache.dim), dtype=np.float32)
    for field, said in enumerate(told.said):
        said = said[said >= 0]
        for rows in blocks(len(said)):  # one sum, row after row, however long the blocks are
            vectors = _vectors_of(told, field, said[rows], cache)
            centres[field] = np.concatenate([centres[[field]], vectors]).sum(axis=0)
        centres[field] /= max(len(said), 1)
    return centres


def context_vectors(told: Told, cache: Embeddings, centres: Floats) -> Context:
    """`c_i = w Σ_f (e(text of field f of listing i) − μ_f)`, (n, dim), made when they are asked for.

    `e` is the cached embedding, at unit length; `w` is `WEIGHT`; `centres` (fields, dim) are those that the
    model was trained with. A missing value adds nothing, as if it were average. (n, 0) where there is no
    field. Raises `NotEncodedError` where a text was never embedded.
    """
    _check_embedded(told, cache)
    return Context(told, [cache.placed(keys) for keys in told.keys], centres, cache.dim if told.fields else 0)


class Context(Made):
    """`context_vectors`, as numbers or as the sums that they are."""

    def __init__(self, told: Told, texts: list[Rows], centres: Floats, dim: int) -> None:
        """`texts` are the embeddings of each field's texts, (texts of the field, dim)."""
        super().__init__(told.listings, dim, self._sums)
        self._told, self._texts, self._centres = told, texts, centres

    def mixed(self, rows: npt.NDArray[np.int64]) -> Mixed:
        """Some rows as sums of `w (e − μ_f)`, each of which is there once."""
        vectors, known = [np.empty((0, self.shape[1]), np.float32)], 0
        places = np.full((len(rows), len(self._texts)), -1)  # of what each field says in `vectors`
        for field, (texts, centre) in enumerate(zip(self._texts, self._centres, strict=True)):
            said = self._told.said[field][rows]
            distinct, which = np.unique(said[said >= 0], return_inverse=True)
            places[said >= 0, field] = known + which
            vectors.append(WEIGHT * (unit(texts[distinct]) - centre))
            known += len(distinct)
        begin = np.append(0, np.cumsum((places >= 0).sum(axis=1)))
        ones, columns = np.ones(begin[-1], np.float32), places[places >= 0]
        weights = csr_array((ones, columns, begin), shape=(len(rows), known))
        return Mixed(weights, np.concatenate(vectors))

    def _sums(self, rows: npt.NDArray[np.int64]) -> Floats:
        weights, vectors = self.mixed(rows)
        return np.asarray(weights @ vectors)


def title_side(vectors: Floats, titles: Sequence[str], context: Floats, speller: Speller) -> Floats:
    """`[normalise(x_i) ; w s_i ; c_i]`, (n, title_dim): title embedding, spelling, and context if any."""
    title, spelled = title_parts(vectors, titles, speller)
    dim, spelled = title.shape[1], spelled.tocoo()
    side = np.zeros((len(title), dim + SPELLING_DIM + context.shape[1]), dtype=np.float32)
    side[:, :dim], side[:, dim + SPELLING_DIM :] = title, context
    side[spelled.row, dim + spelled.col] = spelled.data
    return side


def title_parts(vectors: Floats, titles: Sequence[str], speller: Speller) -> tuple[Floats, csr_array]:
    """What stands before the context in two parts, the spelling as sparse as it is."""
    return unit(vectors), speller.spell(titles) * np.float32(SPELLING_WEIGHT)


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


def _check_embedded(told: Told, cache: Embeddings) -> None:
    absent = sum(len(cache.missing(keys)) for keys in told.keys)
    if absent:
        raise NotEncodedError(
            f"{absent:,} values of {in_words(told.fields)} are not encoded yet. Run `mmquality encode` first."
        )


def _vectors_of(told: Told, field: int, said: Ints, cache: Embeddings) -> Floats:
    """Unit vectors of texts of a field, each read once, (len(said), dim)."""
    distinct, which = np.unique(said, return_inverse=True)
    vectors = unit(cache.get([told.keys[field][number] for number in distinct.tolist()]))
    return np.asarray(vectors[which])


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
