"""Recall of co-clicked listings in each embedding space."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from mmquality.data.click_log import read_co_clicks
from mmquality.errors import InputFileError
from mmquality.evaluation.metrics import recall_at
from mmquality.evaluation.truth import read_split
from mmquality.index import GrownIndex, NeighbourIndex, VectorIndex
from mmquality.records import Space

AT = (10, 50, 100)
_BLOCK = 1_024  # queries looked up at a time


def evaluate_recall(
    indexes: Mapping[Space, VectorIndex],
    pairs: Path,
    split: Path | None = None,
    product: Mapping[str, str] | None = None,
    known: pd.DataFrame | None = None,
) -> dict[str, object]:
    """Recall@k of title, photo, concatenated and unified embeddings; candidates are the whole catalogue.

    Queries are the test listings of `split` (all listings without one) that have a co-clicked listing of
    another `product` (listing_id → product; absent = its own). Recall = hits / min(k, positives). What has
    gone from the indexes is neither asked for nor found.

    "pairs_trained_on" is the share of the asked pairs that are among those `known` to the model (listing_id,
    other_id, either way round), None where that is not said: of such pairs its recall says nothing.
    """
    gone = indexes[Space.TITLE].gone
    ids = [listing_id for listing_id in indexes[Space.TITLE].ids if listing_id not in gone]
    wanted = _positives(pairs, pd.Index(ids), product or {})
    if split is not None:
        test = read_split(split, ids)
        wanted = {i: w for i, w in wanted.items() if test.get(i) == "test"}
    if not wanted:
        raise InputFileError(
            f"{pairs} has no pair of different products whose listings are in the workspace"
            f"{' and in the test split' if split else ''}; there is nothing to measure."
        )
    queries = list(wanted)
    result: dict[str, object] = {}
    for name, index in {**{str(s): i for s, i in indexes.items()}, "concat": concatenated(indexes)}.items():
        found = _found(index, queries, max(AT))
        result[name] = {f"recall@{k}": recall_at(found, [wanted[q] for q in queries], k) for k in AT}
    return result | {"queries": len(queries), "pairs_trained_on": share_known(wanted, known)}


def share_known(wanted: Mapping[str, set[str]], known: pd.DataFrame | None) -> float | None:
    """The share of the distinct pairs of `wanted` that are in `known`."""
    if known is None:
        return None
    asked = {(min(a, b), max(a, b)) for a, others in wanted.items() for b in others}
    pairs = zip(known["listing_id"], known["other_id"], strict=True)
    return len(asked & {(min(a, b), max(a, b)) for a, b in pairs}) / len(asked)


def _positives(pairs: Path, known: pd.Index, product: Mapping[str, str]) -> dict[str, set[str]]:
    """listing_id → co-clicked listings of another product, for every listing that has one."""
    wanted: dict[str, set[str]] = {}
    for chunk in read_co_clicks(pairs, known):
        for a, b in zip(chunk.frame["listing_id"], chunk.frame["other_id"], strict=True):
            if a not in product or product[a] != product.get(b):
                wanted.setdefault(a, set()).add(b)
                wanted.setdefault(b, set()).add(a)
    return dict(sorted(wanted.items()))


def _found(index: VectorIndex, queries: list[str], k: int) -> list[list[str]]:
    """The k nearest of each query, itself left out."""
    found = []
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        rows, _ = index.search_others(index.vectors(block), index.rows(block), k)
        found += [[index.ids[r] for r in row] for row in rows]
    return found


def concatenated(indexes: Mapping[Space, VectorIndex]) -> VectorIndex:
    """Title and photo side by side: the embedding that whoever has no model would take."""
    ids, gone = indexes[Space.TITLE].ids, indexes[Space.TITLE].gone
    rows = np.arange(len(ids))
    both = [indexes[space].vectors_at(rows) for space in (Space.TITLE, Space.PHOTO)]
    built = NeighbourIndex.build(np.concatenate(both, axis=1), ids)
    return GrownIndex((built, gone)) if gone else built
