"""What the visitors of an experiment want: the sample's latent truth, or pairs that the model never saw."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.data.sample import SampleFiles, find_sample, sample_truth
from mmquality.errors import InputFileError, WorkspaceError
from mmquality.evaluation.recommending import positives_of
from mmquality.evaluation.truth import read_by_listing
from mmquality.pipeline.known_clicks import known_clicks

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Source(StrEnum):
    """Where the relevance of a recommendation comes from, for people to read."""

    LATENT = "the sample's latent truth"
    HELD_OUT = "pairs held out from the model"
    KNOWN = "pairs the model has learnt from"


@dataclass(frozen=True)
class Truth:
    """What the simulation takes for true, by row of the catalogue."""

    source: Source
    seeds: Ints  # rows whose pages visitors open
    weight: Doubles  # (seeds,) how often, in proportion
    relevance: Callable[[Ints, Ints], Doubles]  # of (m, k) rows shown under (m,) seeds
    wrong: Bools  # (n,) photos that visitors take for what they are: another product's
    counted: Bools | None  # (n,) photos known to be wrong, for the share of them that an arm shows


def truth_of(
    workspace: Workspace,
    ids: Sequence[str],
    product: Ints,
    held_out: Collection[str],
    unrelated: float,
    sample: Path | None = None,
    planted: Path | None = None,
    gone: Collection[str] = (),
) -> Truth:
    """The truth of a workspace's catalogue.

    :param product: (n,) key of each row's product; another colour of the same is no recommendation
    :param unrelated: relevance of two listings that are no pair, where the truth is pairs
    :param sample: folder of the sample marketplace, by default the workspace's own where it has one
    :param planted: table (listing_id, kind) of wrong photos; counted, never shown to the simulation
    :param gone: listings that have a row and are not there any more: nobody opens their pages or wants them
    """
    files = find_sample(sample or workspace.root / "sample")
    if sample is not None and files is None:
        raise InputFileError(f"{sample} holds no sample marketplace; give the folder of one.")
    if files is not None:
        return _latent(files, ids, gone)
    counted = None if planted is None else pd.Index(ids).isin(read_by_listing(planted, "kind", ids).index)
    clicked = known_clicks(workspace.clicks, ids, gone).pairs
    return _of_pairs(clicked, ids, product, held_out, unrelated, counted)


def _latent(files: SampleFiles, ids: Sequence[str], gone: Collection[str]) -> Truth:
    known, shop = sample_truth(files)
    at = pd.Index(known).get_indexer(pd.Index(ids))
    there = np.flatnonzero(~pd.Index(ids).isin(list(gone)))
    if (at[there] < 0).any():
        raise InputFileError(
            f"{files.images} is not the sample that this catalogue was imported from: it has no listing "
            f"{ids[there[np.argmin(at[there])]]!r}. Give its folder with --sample."
        )

    def relevance(seeds: Ints, shown: Ints) -> Doubles:
        similarity = shop.similarity(at[seeds][:, None], at[shown])
        return np.asarray(shop.appeal[at[shown]] * similarity)

    wrong = shop.trust[at] < 1
    return Truth(Source.LATENT, there, shop.appeal[at[there]], relevance, wrong, wrong)


def _of_pairs(
    pairs: Ints,
    ids: Sequence[str],
    product: Ints,
    held_out: Collection[str],
    unrelated: float,
    counted: Bools | None,
) -> Truth:
    n = len(ids)
    ends = np.unique(pairs)
    asked = ends[pd.Index(ids).isin(list(held_out))[ends]] if held_out else ends
    wanted = positives_of(pairs, product, asked)
    keys = [seed * n + others for seed, others in zip(asked.tolist(), wanted, strict=True)]
    partners = np.array([len(others) for others in wanted], dtype=np.float64)
    if not partners.any():
        raise WorkspaceError(
            "There is nothing to simulate visitors with: no listing"
            f"{' that was held out' if held_out else ''} was clicked together with another product's. Import "
            "pairs (`mmquality import --co-clicks`) or a click log, then run the experiment again."
        )
    good = np.concatenate(keys)

    def relevance(seeds: Ints, shown: Ints) -> Doubles:
        return np.where(np.isin(seeds[:, None] * n + shown, good), 1.0, unrelated)

    source = Source.HELD_OUT if held_out else Source.KNOWN
    some = partners > 0
    nobody = np.zeros(n, dtype=np.bool_)
    return Truth(source, asked[some], np.ones(int(some.sum())), relevance, nobody, counted)
