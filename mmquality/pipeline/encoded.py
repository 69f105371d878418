"""The catalogue as it was encoded: its listings, and their cached embeddings, read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.encoders.cache import CachedRows, EmbeddingCache
from mmquality.encoders.spelling import SPELLING_DIM, Speller
from mmquality.errors import NotEncodedError, WorkspaceError
from mmquality.pipeline.context import Context, Told, context_centres, context_vectors, title_side
from mmquality.pipeline.encoding import COLUMNS, NO_LISTINGS, as_imported
from mmquality.pipeline.settings import load_settings
from mmquality.rows import Ints, Made
from mmquality.store import Store

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class EncodedCatalogue:
    """The listings that have both embeddings, row by row; vectors are read when they are asked for."""

    listings: pd.DataFrame
    titles: CachedRows  # (n, dim)
    photos: CachedRows  # (n, photo_dim)
    told: Told  # what stands beside the title, in words, …
    context: Context  # … and as vectors, (n, dim), (n, 0) where nothing of it is read
    centres: Floats  # (fields, dim) that it is told from

    @property
    def title_side(self) -> Made:
        """What the network reads of a listing's text, (n, title_dim): see `context.title_side`."""
        texts, speller = self.listings["title"], Speller()  # not all that is known of the listings
        titles, context = self.titles, self.context

        def make(rows: Ints) -> Floats:
            return title_side(titles[rows], list(texts.iloc[rows]), context[rows], speller)

        return Made(len(texts), titles.shape[1] + SPELLING_DIM + context.shape[1], make)


def encoded_catalogue(
    workspace: Workspace,
    store: Store,
    text_encoder: str,
    photo_encoder: str,
    fields: Sequence[str] = (),
    centres: Floats | None = None,
    columns: Sequence[str] = COLUMNS,
    seen: Callable[[pd.DataFrame], object] = lambda piece: None,
) -> EncodedCatalogue:
    """The catalogue with the embeddings of these encoders, without listings whose photo is gone.

    `fields` are the columns read beside the title, `centres` (fields, dim) those of the model that reads them
    (None: this catalogue's); `columns` those of `listings` that are wanted, the title and the hashes among
    them; `seen` sees all columns, in pieces. Raises `WorkspaceError` where there are no listings, its kind
    `NotEncodedError` for some that `encode` has not seen.
    """
    # A listing is encoded before it is stored where they come one by one, so the caches are opened later.
    chunks = store.catalogue_chunks(COLUMNS)
    catalogue = chain([chunk] if (chunk := next(chunks, None)) is not None else [], chunks)
    titles = EmbeddingCache(workspace.embeddings, text_encoder)
    photos = EmbeddingCache(workspace.embeddings, photo_encoder)
    pieces: list[pd.DataFrame] = []

    def encoded() -> Iterator[pd.DataFrame]:
        for piece in _encoded_pieces(catalogue, titles, photos):
            pieces.append(piece[list(columns)])
            seen(piece)
            yield piece

    told = Told.of(encoded(), fields)
    listings = pd.concat(pieces, ignore_index=True)
    centres = context_centres(told, titles) if centres is None else centres
    return EncodedCatalogue(
        listings,
        titles.placed(listings["title_hash"]),
        photos.placed(listings["photo_hash"]),
        told,
        context_vectors(told, titles, centres),
        centres,
    )


def not_encoded(workspace: Workspace, store: Store) -> int:
    """How many listings `encode` would embed something of; those whose photo is gone are none."""
    settings = load_settings(workspace)
    if not (settings.text_encoder and settings.photo_encoder):
        return store.listing_count()
    titles = EmbeddingCache(workspace.embeddings, settings.text_encoder)
    photos = EmbeddingCache(workspace.embeddings, settings.photo_encoder)
    pieces = store.catalogue_chunks(COLUMNS)
    return sum(_new(piece, *_lacking(piece, titles, photos)) for piece in pieces)


def _lacking(piece: pd.DataFrame, titles: EmbeddingCache, photos: EmbeddingCache) -> tuple[Bools, Bools]:
    """Which listings of a piece have no title embedding, and which no photo embedding, (n,) each."""
    return ~titles.has(list(piece["title_hash"])), ~photos.has(list(piece["photo_hash"]))


def _new(piece: pd.DataFrame, no_title: Bools, no_photo: Bools) -> int:
    """How many listings of a piece wait for `encode`, (n,) each as `_lacking` has it."""
    return int(no_title.sum()) + len(as_imported(piece[no_photo & ~no_title]))


def _encoded_pieces(
    catalogue: Iterable[pd.DataFrame], titles: EmbeddingCache, photos: EmbeddingCache
) -> Iterator[pd.DataFrame]:
    """The listings that have both embeddings, in pieces; raises at the end where some or all have none."""
    listings = new = without_photo = 0
    for piece in catalogue:
        no_title, no_photo = _lacking(piece, titles, photos)
        listings, without_photo = listings + len(piece), without_photo + int(no_photo.sum())
        new += _new(piece, no_title, no_photo)
        yield piece[~(no_photo | no_title)]
    if not listings:
        raise WorkspaceError(NO_LISTINGS)
    if new:
        raise NotEncodedError(
            f"{new:,} of {listings:,} listings are not encoded yet. Run `mmquality encode` first."
        )
    if without_photo == listings:
        raise WorkspaceError(
            f"The photos of all {listings:,} listings are gone or changed since the import. Put them "
            "back, or run `mmquality import` with their new folder."
        )
