"""Store, click log and cached embeddings → the arrays that training reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.clicks import dense
from mmquality.config import Workspace
from mmquality.data.describing import in_words
from mmquality.errors import WorkspaceError
from mmquality.memory import give_back_free_memory
from mmquality.pipeline.context import Told
from mmquality.pipeline.encoded import encoded_catalogue
from mmquality.pipeline.held_out import held_out_by
from mmquality.pipeline.known_clicks import known_clicks
from mmquality.pipeline.product_keys import keys_of_products
from mmquality.pipeline.settings import CatalogueSettings, load_settings
from mmquality.records import Verdict, product_of
from mmquality.rows import Rows, blocks
from mmquality.store import Store
from mmquality.training.data import TrainingData

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_COLUMNS = ("listing_id", "title", "photo_path", "title_hash", "photo_hash", "category")
LABEL_VALUES = {Verdict.MISMATCH.value: 1.0, Verdict.MATCH.value: 0.0}  # unsure teaches nothing


@dataclass(frozen=True)
class Assembled:
    """A catalogue ready for training or scoring; `data` rows are in the order of `catalogue`."""

    catalogue: pd.DataFrame  # listing_id, title_hash, photo_hash, …
    settings: CatalogueSettings
    data: TrainingData
    fingerprint: dict[str, object]  # what the data was, so that a checkpoint can say what it was trained on
    told: Told  # what is read beside the title: `data.titles` is [title ; context]
    centres: Floats  # (fields, dim) of what they say, for the model to keep
    title_vectors: Rows  # (n, dim) of the titles alone, read when they are asked for
    labels: pd.DataFrame  # that teach: label_id, listing_id, verdict, reason, analyst, created_at
    held_out: frozenset[str] = frozenset()  # listings whose clicks were left out

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns read beside the title."""
        return self.told.fields

    def in_memory(self) -> Assembled:
        """The same with all vectors in memory."""
        return replace(self, data=self.data.in_memory(), title_vectors=self.title_vectors[:])

    def with_labels_apart(self, apart: Bools) -> Assembled:
        """The same, with those of `labels` kept from training, (len(labels),)."""
        verdict = self.data.verdict.copy()
        verdict[self.rows_of(self.labels["listing_id"][apart])] = np.nan
        data = replace(self.data, verdict=verdict)
        known = _fingerprint(self.catalogue, data, self.told) | {"labels_apart": int(apart.sum())}
        return replace(self, data=data, fingerprint=self.fingerprint | known)

    def rows_of(self, listing_ids: Iterable[str]) -> Ints:
        """The row of each listing."""
        return _places(pd.Index(self.catalogue["listing_id"]), listing_ids)


def assemble(
    workspace: Workspace,
    store: Store,
    fields: Sequence[str] | None = None,
    hold_out: Path | None = None,
) -> Assembled:
    """Everything that is known of the catalogue, its vectors to be read by rows.

    Raises `WorkspaceError` where it is not encoded yet.

    `fields` are the columns to read beside the title; None: those that `encode` found to describe it.
    `hold_out` names a split (listing_id, split): clicks that touch one of its test listings are left out.
    """
    settings = encoded_settings(workspace)
    fields = settings.context_fields if fields is None else tuple(fields)
    encoders, products = (settings.text_encoder, settings.photo_encoder), list[str | None]()
    encoded = encoded_catalogue(
        workspace, store, *encoders, fields, columns=_COLUMNS,
        seen=lambda piece: products.extend(map(product_of, piece["attributes"])),
    )  # fmt: skip
    catalogue = encoded.listings
    rows = pd.Index(catalogue["listing_id"])
    held_out = held_out_by(hold_out, rows)
    clicks = known_clicks(workspace.clicks, rows, held_out)
    labels = teaching_labels(store)
    labels = labels[labels["listing_id"].isin(rows)].reset_index(drop=True)
    data = TrainingData(
        titles=encoded.title_side,
        photos=encoded.photos,
        title_key=_keys(catalogue["title"].str.casefold()),
        photo_key=_keys(catalogue["photo_hash"]),
        product_key=keys_of_products(products),
        pairs=clicks.pairs,
        shown=clicks.shown,
        clicked=clicks.clicked,
        verdict=_verdicts(labels, rows),
    )
    fingerprint = _fingerprint(catalogue, data, encoded.told)
    if held_out:
        fingerprint["held_out"] = int(rows.isin(held_out).sum())
    give_back_free_memory()  # of what was read
    return Assembled(
        catalogue,
        settings,
        data,
        fingerprint,
        encoded.told,
        encoded.centres,
        encoded.titles,
        labels,
        held_out,
    )


def encoded_settings(workspace: Workspace) -> CatalogueSettings:
    """The settings of a workspace that has been encoded; raises `WorkspaceError` for one that has not."""
    settings = load_settings(workspace)
    if not (settings.text_encoder and settings.photo_encoder):
        raise WorkspaceError(f"{workspace.root} has no embeddings yet. Run `mmquality encode` first.")
    return settings


def _places(rows: pd.Index[str], listing_ids: Iterable[str]) -> Ints:
    return np.asarray(rows.get_indexer(pd.Index(listing_ids)), dtype=np.int64)


def teaching_labels(store: Store) -> pd.DataFrame:
    """The labels that count, say yes or no, nobody disputes, and are of a listing as it still is."""
    labels = store.current_labels()
    teaching = labels["as_judged"].astype(bool) & ~labels["disputed"].astype(bool)
    teaching &= labels["verdict"].isin(LABEL_VALUES)
    return labels[teaching].drop(columns=["as_judged", "disputed"])


def _verdicts(labels: pd.DataFrame, rows: pd.Index[str]) -> Floats:
    """1 mismatch, 0 match, NaN where nobody has said, (n,)."""
    verdict = np.full(len(rows), np.nan, dtype=np.float32)
    values = labels["verdict"].map(LABEL_VALUES).to_numpy(dtype=np.float32)
    verdict[_places(rows, labels["listing_id"])] = values
    return verdict


def _keys(values: pd.Series[str]) -> Ints:
    return np.asarray(pd.factorize(values)[0], dtype=np.int64)


def _fingerprint(catalogue: pd.DataFrame, data: TrainingData, told: Told) -> dict[str, object]:
    digest = sha256()
    for column in ("listing_id", "title_hash", "photo_hash"):
        digest.update("\n".join(catalogue[column]).encode())
    for field in range(len(told.fields)):
        digest.update("\n".join(told.words(field)).encode())
    digest.update(np.ascontiguousarray(data.pairs).tobytes())
    for counts in (data.shown, data.clicked):
        for rows in blocks(len(data)):
            digest.update(dense(counts[rows]).tobytes())
    digest.update(data.verdict.tobytes())
    beside = {"beside_the_title": in_words(told.fields)} if told.fields else {}
    return {
        "sha256": digest.hexdigest(),
        "listings": len(catalogue),
        "co_clicks": len(data.pairs),
        "impressions": int(data.shown.sum(dtype=np.float64)),
        "labels": int(np.isfinite(data.verdict).sum()),
        **beside,
    }
