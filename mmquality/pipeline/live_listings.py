"""The listings that came since a model was trained, beside what it was trained on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.encoders.cache import EmbeddingCache
from mmquality.pipeline.health_reference import Reference, load_reference, some_of
from mmquality.pipeline.model_record import ModelRecord, read_record
from mmquality.pipeline.settings import CatalogueSettings, load_settings
from mmquality.store import Store

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

_COLUMNS = ["listing_id", "title", "category", "seller", "title_hash", "photo_hash"]


@dataclass(frozen=True)
class LiveListings:
    """New listings, row by row, and the reference."""

    new: pd.DataFrame  # listing_id, title, category, seller ("" = none), …; of many, some drawn at random
    titles: Floats  # (n, dim)
    photos: Floats  # (n, photo_dim)
    came: int  # how many are new in all, those that are not encoded among them
    trained: int  # listings of the catalogue that the model was trained on as they are
    trained_titles: list[str]
    scores: dict[str, Doubles]  # "trained", "new" → of those in the ranking
    encoders: dict[str, tuple[str, str]]  # option → what the model reads, what the catalogue was encoded with
    reference: Reference | None  # None where it was not kept and cannot be made any more
    kept: bool


def live_listings(workspace: Workspace, store: Store, version: str) -> LiveListings:
    """What is new to a version. Raises `ModelFileError` where its files are gone or damaged."""
    # PyTorch, which pages that read a report do without.
    from mmquality.pipeline.trained import folds_of
    from mmquality.scoring import UNSEEN

    folder, record = workspace.models / version, read_record(workspace, version)
    listings = store.catalogue_frame(_COLUMNS).fillna({"category": "", "seller": ""})
    is_new = folds_of(folder, listings) == UNSEEN
    titles = EmbeddingCache(workspace.embeddings, record.text_encoder)
    photos = EmbeddingCache(workspace.embeddings, record.photo_encoder)
    encoded = titles.has(list(listings["title_hash"])) & photos.has(list(listings["photo_hash"]))
    new, trained = listings[is_new & encoded], listings[~is_new]
    new = new.iloc[np.sort(some_of(len(new)))].reset_index(drop=True)
    scored = store.version_scores(version).set_index("listing_id")["score"]
    reference = load_reference(folder)
    return LiveListings(
        new=new,
        titles=titles.get(list(new["title_hash"])),
        photos=photos.get(list(new["photo_hash"])),
        came=int(is_new.sum()),
        trained=len(trained),
        trained_titles=trained["title"].tolist(),
        scores={"trained": _scores(scored, trained), "new": _scores(scored, new)},
        encoders=_encoders(record, load_settings(workspace)),
        reference=reference or _made(listings[~is_new & encoded], titles, photos),
        kept=reference is not None,
    )


def _encoders(record: ModelRecord, settings: CatalogueSettings) -> dict[str, tuple[str, str]]:
    return {
        "text-encoder": (record.text_encoder, settings.text_encoder),
        "photo-encoder": (record.photo_encoder, settings.photo_encoder),
    }


def _scores(scored: pd.Series[float], listings: pd.DataFrame) -> Doubles:
    found = scored.reindex(listings["listing_id"]).dropna()
    return np.asarray(found.to_numpy(np.float64))


def _made(trained: pd.DataFrame, titles: EmbeddingCache, photos: EmbeddingCache) -> Reference | None:
    """The reference of a version that kept none, by what the catalogue still has of its listings."""
    some = trained.iloc[some_of(len(trained))]
    if len(some) < 4:
        return None
    vectors = titles.get(list(some["title_hash"])), photos.get(list(some["photo_hash"]))
    return Reference.of(*vectors, Counter(trained["category"]))
