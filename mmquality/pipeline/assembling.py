"""Store, click log and cached embeddings → the arrays that training reads."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.data.click_log import kept_clicks
from mmquality.errors import WorkspaceError
from mmquality.pipeline.encoding import catalogue_of, embeddings_of
from mmquality.pipeline.settings import CatalogueSettings, load_settings
from mmquality.records import Verdict, product_of
from mmquality.store import Store
from mmquality.training.data import TrainingData

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

POSITIONS = 50  # places on a page told apart; deeper ones count as the last
LABEL_VALUES = {Verdict.MISMATCH: 1.0, Verdict.MATCH: 0.0}  # unsure teaches nothing


@dataclass(frozen=True)
class Assembled:
    """A catalogue ready for training or scoring; `data` rows are in the order of `catalogue`."""

    catalogue: pd.DataFrame  # listing_id, title_hash, photo_hash, …
    settings: CatalogueSettings
    data: TrainingData
    fingerprint: dict[str, object]  # what the data was, so that a checkpoint can say what it was trained on


def assemble(workspace: Workspace, store: Store) -> Assembled:
    """Everything that is known of the catalogue; raises `WorkspaceError` where it is not encoded yet."""
    catalogue = catalogue_of(store)
    settings = encoded_settings(workspace)
    rows = pd.Series(np.arange(len(catalogue)), index=catalogue["listing_id"])
    impressions = kept_clicks(workspace.clicks, "impressions")
    co_clicks = kept_clicks(workspace.clicks, "co_clicks")
    shown, clicked = _click_counts(impressions, rows)
    verdict = _verdicts(store, rows)
    pairs = _pairs(impressions, co_clicks, rows)
    data = TrainingData(
        titles=embeddings_of(workspace, settings.text_encoder, list(catalogue["title_hash"])),
        photos=embeddings_of(workspace, settings.photo_encoder, list(catalogue["photo_hash"])),
        title_key=_keys(catalogue["title"].str.casefold()),
        photo_key=_keys(catalogue["photo_hash"]),
        product_key=_product_keys(catalogue["attributes"]),
        pairs=pairs,
        shown=shown,
        clicked=clicked,
        verdict=verdict,
    )
    fingerprint = {
        "sha256": _fingerprint(catalogue, pairs, shown, clicked, verdict),
        "listings": len(catalogue),
        "co_clicks": len(pairs),
        "impressions": int(shown.sum()),
        "labels": int(np.isfinite(verdict).sum()),
    }
    return Assembled(catalogue, settings, data, fingerprint)


def encoded_settings(workspace: Workspace) -> CatalogueSettings:
    """The settings of a workspace that has been encoded; raises `WorkspaceError` for one that has not."""
    settings = load_settings(workspace)
    if not (settings.text_encoder and settings.photo_encoder):
        raise WorkspaceError(f"{workspace.root} has no embeddings yet. Run `mmquality encode` first.")
    return settings


def _click_counts(impressions: pd.DataFrame | None, rows: pd.Series[int]) -> tuple[Floats, Floats]:
    """Impressions and clicks of each listing at each place, both (n, places)."""
    if impressions is None or impressions.empty:
        return np.zeros((len(rows), 0), np.float32), np.zeros((len(rows), 0), np.float32)
    place = impressions["position"].clip(1, POSITIONS).to_numpy() - 1
    shown = np.zeros((len(rows), int(place.max()) + 1), np.float32)
    clicked = np.zeros_like(shown)
    row = rows.reindex(impressions["listing_id"]).to_numpy()
    np.add.at(shown, (row, place), 1)
    np.add.at(clicked, (row, place), impressions["clicked"].to_numpy(np.float32))
    return shown, clicked


def _pairs(impressions: pd.DataFrame | None, co_clicks: pd.DataFrame | None, rows: pd.Series[int]) -> Ints:
    """Distinct co-clicked pairs: given, clicked under a seed listing, or clicked in one session, (m, 2)."""
    found = [np.empty((0, 2), dtype=np.int64)]
    if co_clicks is not None:
        found.append(_rows_of(co_clicks, "listing_id", "other_id", rows))
    if impressions is not None:
        clicks = impressions.loc[impressions["clicked"], ["session_id", "seed_listing_id", "listing_id"]]
        found.append(_rows_of(clicks[clicks["seed_listing_id"] != ""], "seed_listing_id", "listing_id", rows))
        together = clicks.merge(clicks, on="session_id", suffixes=("", "_other"))
        found.append(_rows_of(together, "listing_id", "listing_id_other", rows))
    pairs = np.sort(np.concatenate(found), axis=1)
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)


def _rows_of(frame: pd.DataFrame, left: str, right: str, rows: pd.Series[int]) -> Ints:
    ends = [rows.reindex(frame[column]).to_numpy() for column in (left, right)]
    return np.stack(ends, axis=1).astype(np.int64)


def _verdicts(store: Store, rows: pd.Series[int]) -> Floats:
    """1 mismatch, 0 match, NaN where nobody has said or title or photo has changed since, (n,)."""
    labels = store.current_labels()
    labels = labels[labels["as_judged"].astype(bool)]
    verdict = np.full(len(rows), np.nan, dtype=np.float32)
    verdict[rows.reindex(labels["listing_id"]).to_numpy(dtype=np.int64)] = (
        labels["verdict"].map(LABEL_VALUES).to_numpy(dtype=np.float32)
    )
    return verdict


def _keys(values: pd.Series[str]) -> Ints:
    return np.asarray(pd.factorize(values)[0], dtype=np.int64)


def _product_keys(attributes: pd.Series[Any]) -> Ints:
    """Listings that name the same product share a key; one that names none has a key of its own."""
    named = [product_of(a) or f"\0{row}" for row, a in enumerate(attributes)]  # \0 is in no attribute
    return _keys(pd.Series(named, dtype="str"))


def _fingerprint(catalogue: pd.DataFrame, *arrays: npt.NDArray[np.generic]) -> str:
    digest = sha256()
    for column in ("listing_id", "title_hash", "photo_hash"):
        digest.update("\n".join(catalogue[column]).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
