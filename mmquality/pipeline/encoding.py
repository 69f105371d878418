"""Titles, what stands beside them, and photos → cached embeddings; a rerun encodes only what is new."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmquality.anywhere import UNTOLD, place, read_bytes, size_and_stamp
from mmquality.config import Workspace
from mmquality.data.describing import describing_fields
from mmquality.encoders.cache import EmbeddingCache
from mmquality.encoders.photo import load_photo_encoder
from mmquality.encoders.precomputed import read_vectors
from mmquality.encoders.text import load_text_encoder
from mmquality.engine import Engine, Local
from mmquality.errors import WorkspaceError
from mmquality.pipeline.context import context_texts, fields_to_score
from mmquality.pipeline.encoding_work import PhotoEncoding, TitleEncoding, encode_missing
from mmquality.pipeline.locking import encodes
from mmquality.pipeline.places import open_store
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.pipeline.settings import EncoderChoice, change_settings, load_settings
from mmquality.records import count
from mmquality.store import Store

_REQUESTS = 32  # to the service of photos at once
_TITLES, _PHOTOS = 8_192, 1_024  # kept on disk after each so many: a stopped run goes on where it was
COLUMNS = (
    "listing_id", "title", "photo_path", "title_hash", "photo_hash", "photo_size", "photo_mtime_ns",
    "category", "attributes",
)  # fmt: skip

NO_LISTINGS = "The workspace holds no listings. Run `mmquality import`; it says which rows it could not use."


@dataclass(frozen=True)
class EncodeSummary:
    """How many embeddings were made, and how many the cache already had."""

    titles: int
    titles_cached: int
    photos: int
    photos_cached: int
    photos_gone: int = 0  # not as they were imported, and not in the cache
    values: int = 0  # distinct ones of the columns that describe the listings
    values_cached: int = 0


@encodes
def encode(
    workspace: Workspace,
    text: EncoderChoice | None = None,
    photo: EncoderChoice | None = None,
    reporter: Reporter | None = None,
    engine: Engine | None = None,
) -> EncodeSummary:
    """Embed every title, descriptive value and photo of the catalogue that the cache does not hold yet.

    Which columns describe is decided here, for the next training; the values of those that the model in force
    reads are embedded as well. Title vectors made elsewhere leave no encoder for values, so none are read.
    An encoder that is not chosen is the one that the workspace was encoded with before, at first the default.
    Photos that are gone or changed since their import are left out, and counted. The vectors are the same
    whatever `engine` they are made by.
    """
    reporter, settings, engine = reporter or Silent(), load_settings(workspace), engine or Local()
    text, photo = _absolute(text or settings.text_choice), _absolute(photo or settings.photo_choice)
    with open_store(workspace) as store:
        catalogue, in_force = _catalogue(store), fields_to_score(workspace, store)
    fields = () if text.vectors else describing_fields(catalogue)
    texts = {} if text.vectors else context_texts(catalogue, sorted({*fields, *in_force}))
    text_id, titles, values = _encode_texts(workspace, catalogue, texts, text, reporter, engine)
    photo_id, photos, gone = _encode_photos(workspace, catalogue, photo, reporter, engine)
    change_settings(
        workspace, text_encoder=text_id, photo_encoder=photo_id, context_fields=fields,
        text_choice=text, photo_choice=photo,
    )  # fmt: skip
    distinct_titles, distinct_photos = catalogue["title_hash"].nunique(), catalogue["photo_hash"].nunique()
    return EncodeSummary(
        titles, distinct_titles - titles, photos, distinct_photos - photos - gone, gone,
        values, len(texts) - values,
    )  # fmt: skip


def _catalogue(store: Store) -> pd.DataFrame:
    catalogue = store.catalogue_frame(COLUMNS)
    if catalogue.empty:
        raise WorkspaceError(NO_LISTINGS)
    return catalogue


def _encode_texts(
    workspace: Workspace,
    catalogue: pd.DataFrame,
    context: dict[str, str],
    choice: EncoderChoice,
    reporter: Reporter,
    engine: Engine,
) -> tuple[str, int, int]:
    """(encoder id, titles encoded, values encoded); `context` has the texts of the values by content hash."""
    if choice.vectors:
        return *_take_vectors(workspace, catalogue, choice, "title_hash"), 0
    work = TitleEncoding(load_text_encoder, choice.name)
    cache = EmbeddingCache(workspace.embeddings, work.id)
    missing = _missing(cache, catalogue, "title_hash").drop_duplicates("title_hash")
    with reporter.stage("Encoding titles", len(missing)) as advance:
        titles = list(zip(missing["title_hash"], missing["title"], strict=True))
        encode_missing(engine, work, cache, titles, _TITLES, advance)
    values = cache.missing(list(context))
    if values:
        with reporter.stage("Encoding attribute values", len(values)) as advance:
            encode_missing(engine, work, cache, [(key, context[key]) for key in values], _TITLES, advance)
    return work.id, len(missing), len(values)


def _encode_photos(
    workspace: Workspace, catalogue: pd.DataFrame, choice: EncoderChoice, reporter: Reporter, engine: Engine
) -> tuple[str, int, int]:
    """(encoder id, photos encoded, photos that are gone)."""
    if choice.vectors:
        return *_take_vectors(workspace, catalogue, choice, "photo_hash"), 0
    work = PhotoEncoding(load_photo_encoder, choice.name)
    cache = EmbeddingCache(workspace.embeddings, work.id)
    missing = _missing(cache, catalogue, "photo_hash")
    there = as_imported(missing).drop_duplicates("photo_hash")
    gone = missing[~missing["photo_hash"].isin(there["photo_hash"])]
    if len(gone):
        reporter.say(_left_out(gone))
    with reporter.stage("Encoding photos", len(there)) as advance:
        hashes = list(there["photo_hash"])
        photos = list(zip(hashes, zip(there["photo_path"], hashes, strict=True), strict=True))
        encode_missing(engine, work, cache, photos, _PHOTOS, advance)
    return work.id, len(there), int(gone["photo_hash"].nunique())


def _take_vectors(
    workspace: Workspace, catalogue: pd.DataFrame, choice: EncoderChoice, key: str
) -> tuple[str, int]:
    """Cache vectors made elsewhere, which come by listing id, under the content they belong to."""
    assert choice.vectors is not None
    given = read_vectors(choice.vectors, choice.ids)
    cache = EmbeddingCache(workspace.embeddings, given.id)
    missing = _missing(cache, catalogue, key).drop_duplicates(key)
    if len(missing):
        cache.put(list(missing[key]), given.rows(list(missing["listing_id"])))
    return given.id, len(missing)


def _missing(cache: EmbeddingCache, catalogue: pd.DataFrame, key: str) -> pd.DataFrame:
    """The listings whose content the cache does not hold, without what nobody asks of them."""
    missing = catalogue[key].isin(cache.missing(list(catalogue[key])))
    return catalogue.loc[missing, [name for name in COLUMNS if name not in ("category", "attributes")]]


def as_imported(listings: pd.DataFrame) -> pd.DataFrame:
    """Those of `listings` whose photo file still has the content that was imported.

    An embedding is kept under that content's hash, so a photo that was exchanged must wait for its import.
    """
    columns = ("photo_path", "photo_size", "photo_mtime_ns", "photo_hash")
    files = list(zip(*(listings[name] for name in columns), strict=True))
    if any("://" in path for path, *_ in files):
        with ThreadPoolExecutor(_REQUESTS) as pool:  # which wait for the service together
            unchanged = list(pool.map(lambda file: _unchanged(*file), files))
    else:
        unchanged = [_unchanged(*file) for file in files]
    return listings[np.array(unchanged, dtype=bool)]


def _unchanged(path: str, size: int, stamp: int, photo_hash: str) -> bool:
    file = place(path)
    try:
        if stamp != UNTOLD and size_and_stamp(file) == (size, stamp):
            return True
        return hashlib.sha256(read_bytes(file)).hexdigest() == photo_hash  # merely touched, or copied
    except OSError:
        return False


def _left_out(gone: pd.DataFrame) -> str:
    first = gone.iloc[0]
    return (
        f"{count(len(gone), 'listing')} left out, as their photos are gone or changed since the import (the "
        f"first: {first['listing_id']}, {first['photo_path']}). Import them again, or put the photos back."
    )


def _absolute(choice: EncoderChoice) -> EncoderChoice:
    """The choice as it can be remembered, whatever the current folder is then."""
    folder = Path(choice.name)
    return EncoderChoice(
        name=str(folder.absolute()) if choice.name != EncoderChoice.name and folder.is_dir() else choice.name,
        vectors=choice.vectors.absolute() if choice.vectors else None,
        ids=choice.ids.absolute() if choice.ids else None,
    )
