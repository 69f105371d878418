"""Titles and photos → cached embeddings; a rerun encodes only what is new or changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.data.photos import load_many
from mmquality.encoders.cache import EmbeddingCache
from mmquality.encoders.photo import load_photo_encoder
from mmquality.encoders.precomputed import read_vectors
from mmquality.encoders.text import load_text_encoder
from mmquality.errors import WorkspaceError
from mmquality.pipeline.progress import Reporter, Silent, increments
from mmquality.pipeline.settings import CatalogueSettings, save_settings
from mmquality.store import Store

_TITLES, _PHOTOS = 8_192, 1_024  # kept on disk after each so many: a stopped run goes on where it was


@dataclass(frozen=True)
class EncoderChoice:
    """An encoder by name or folder, or vectors that were made elsewhere."""

    name: str = "default"
    vectors: Path | None = None  # .npy with `ids`, or Parquet
    ids: Path | None = None


@dataclass(frozen=True)
class EncodeSummary:
    """How many embeddings were made, and how many the cache already had."""

    titles: int
    titles_cached: int
    photos: int
    photos_cached: int


def encode(
    workspace: Workspace,
    text: EncoderChoice | None = None,
    photo: EncoderChoice | None = None,
    reporter: Reporter | None = None,
) -> EncodeSummary:
    """Embed every title and photo of the catalogue that the cache does not hold yet."""
    reporter = reporter or Silent()
    catalogue = catalogue_of(Store.open(workspace.database_url, create=False))
    text_id, titles = _encode_titles(workspace, catalogue, text or EncoderChoice(), reporter)
    photo_id, photos = _encode_photos(workspace, catalogue, photo or EncoderChoice(), reporter)
    save_settings(workspace, CatalogueSettings(text_encoder=text_id, photo_encoder=photo_id))
    distinct_titles, distinct_photos = catalogue["title_hash"].nunique(), catalogue["photo_hash"].nunique()
    return EncodeSummary(titles, distinct_titles - titles, photos, distinct_photos - photos)


def catalogue_of(store: Store) -> pd.DataFrame:
    """The catalogue's listings; raises `WorkspaceError` where there is none."""
    columns = ["listing_id", "title", "photo_path", "title_hash", "photo_hash", "attributes"]
    catalogue = store.catalogue_frame(columns)
    if catalogue.empty:
        raise WorkspaceError("The workspace holds no listings. Run `mmquality import` first.")
    return catalogue


def _encode_titles(
    workspace: Workspace, catalogue: pd.DataFrame, choice: EncoderChoice, reporter: Reporter
) -> tuple[str, int]:
    """(encoder id, titles encoded)."""
    if choice.vectors:
        return _take_vectors(workspace, catalogue, choice, "title_hash")
    encoder = load_text_encoder(choice.name)
    cache = EmbeddingCache(workspace.embeddings, encoder.id)
    missing = _missing(cache, catalogue, "title_hash")
    with reporter.stage("Encoding titles", len(missing)) as advance:
        for block in _blocks(missing, _TITLES):
            vectors = encoder.encode(list(block["title"]), increments(advance))
            cache.put(list(block["title_hash"]), vectors)
    return encoder.id, len(missing)


def _encode_photos(
    workspace: Workspace, catalogue: pd.DataFrame, choice: EncoderChoice, reporter: Reporter
) -> tuple[str, int]:
    """(encoder id, photos encoded)."""
    if choice.vectors:
        return _take_vectors(workspace, catalogue, choice, "photo_hash")
    encoder = load_photo_encoder(choice.name)
    cache = EmbeddingCache(workspace.embeddings, encoder.id)
    missing = _missing(cache, catalogue, "photo_hash")
    with reporter.stage("Encoding photos", len(missing)) as advance:
        for block in _blocks(missing, _PHOTOS):
            photos = load_many(list(block["photo_path"]), encoder.side)
            vectors = encoder.encode(photos, increments(advance), total=len(block))
            cache.put(list(block["photo_hash"]), vectors)
    return encoder.id, len(missing)


def _take_vectors(
    workspace: Workspace, catalogue: pd.DataFrame, choice: EncoderChoice, key: str
) -> tuple[str, int]:
    """Cache vectors made elsewhere, which come by listing id, under the content they belong to."""
    assert choice.vectors is not None
    given = read_vectors(choice.vectors, choice.ids)
    cache = EmbeddingCache(workspace.embeddings, given.id)
    missing = _missing(cache, catalogue, key)
    if len(missing):
        cache.put(list(missing[key]), given.rows(list(missing["listing_id"])))
    return given.id, len(missing)


def _missing(cache: EmbeddingCache, catalogue: pd.DataFrame, key: str) -> pd.DataFrame:
    """One row for each content hash that the cache does not hold."""
    wanted = cache.missing(list(catalogue[key]))
    return catalogue.drop_duplicates(key).set_index(key, drop=False).loc[wanted]


def _blocks(frame: pd.DataFrame, size: int) -> list[pd.DataFrame]:
    return [frame.iloc[start : start + size] for start in range(0, len(frame), size)]


def embeddings_of(workspace: Workspace, encoder_id: str, hashes: Sequence[str]) -> npt.NDArray[np.float32]:
    """The cached embeddings of these contents, (len(hashes), dim)."""
    return EmbeddingCache(workspace.embeddings, encoder_id).get(hashes)
