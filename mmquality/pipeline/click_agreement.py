"""Whether clicks say what people say: P(no click) and the mismatch score against verdicts, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.clicks import pooled_ratio
from mmquality.evaluation.agreement import Agreement, auc_with_interval
from mmquality.pipeline.click_report import ClickReport
from mmquality.records import Verdict
from mmquality.store import Store

Doubles = npt.NDArray[np.float64]

_BUCKETS = 4  # quantile groups of impressions, and of prices


@dataclass(frozen=True)
class AgreementRow:
    """One group of labelled listings; an agreement is None without a mismatch or without a match."""

    name: str
    mismatches: int
    matches: int
    clicks: Agreement | None  # of P(no click) with the verdict "mismatch"
    score: Agreement | None  # of the mismatch score that the analyst saw, on the same listings


@dataclass(frozen=True)
class PriceRow:
    """Listings of similar price: clicks over expected clicks, all together, with the 95 % interval."""

    name: str
    listings: int
    ratio: float
    low: float
    high: float


def labelled_listings(store: Store, report: ClickReport) -> pd.DataFrame:
    """The labelled listings that were ever shown: verdict, category, score and the columns of the report.

    Labels of a title or photo that has changed since are left out. `score` is the mismatch score at the
    moment of the verdict (NaN where there was none): a later model may have learnt from the verdict.
    """
    current = store.current_labels()
    judged = current[current["as_judged"].astype(bool)].set_index("listing_id")
    labelled = judged[["verdict", "category", "score"]].astype({"score": "float64"})
    return labelled.join(report.of(list(labelled.index)), how="inner")


def overall(labelled: pd.DataFrame) -> AgreementRow:
    """All labelled listings together."""
    return _row("All labelled listings", labelled)


def by_category(labelled: pd.DataFrame) -> list[AgreementRow]:
    """Each category by itself, the one with the most verdicts first."""
    rows = [_row(str(name) or "No category", part) for name, part in labelled.groupby("category")]
    return sorted(rows, key=lambda row: -(row.mismatches + row.matches))


def by_impressions(labelled: pd.DataFrame, report: ClickReport) -> list[AgreementRow]:
    """Groups of listings that were shown about as often: the quarters of all listings ever shown."""
    edges = _impression_edges(report)
    bucket = np.searchsorted(edges, labelled["shown"].to_numpy(), side="left")
    lows = [1, *(int(edge) + 1 for edge in edges)]
    names = [f"{a}–{int(b)}" if a < b else f"{a}" for a, b in zip(lows, edges, strict=False)]
    names.append(f"{lows[-1]} or more")
    return [_row(f"shown {name}", labelled[bucket == i]) for i, name in enumerate(names)]


@lru_cache(maxsize=4)
def by_price(report: ClickReport) -> list[PriceRow]:
    """The quarters of the catalogue by price, the cheapest first; none where no listing names a price."""
    known = report.listings[report.listings["price"].notna()]
    if known.empty:
        return []
    edges = _edges(known["price"].to_numpy())
    bucket = np.searchsorted(edges, known["price"].to_numpy(), side="left")
    ends = [f"up to {edges[0]:,.2f}"] if len(edges) else []
    ends += [f"{a:,.2f} – {b:,.2f}" for a, b in zip(edges, edges[1:], strict=False)]
    ends.append(f"above {edges[-1]:,.2f}" if len(edges) else "all")
    return [_price_row(name, known[bucket == i]) for i, name in enumerate(ends) if (bucket == i).any()]


def _price_row(name: str, part: pd.DataFrame) -> PriceRow:
    return PriceRow(name, len(part), *pooled_ratio(part["clicks"].to_numpy(), part["expected"].to_numpy()))


def _row(name: str, part: pd.DataFrame) -> AgreementRow:
    said = part[part["verdict"].isin([Verdict.MISMATCH, Verdict.MATCH])]
    mismatch = (said["verdict"] == Verdict.MISMATCH).to_numpy(dtype=np.bool_)
    scored = said["score"].notna().to_numpy(dtype=np.bool_)
    return AgreementRow(
        name,
        mismatches=int(mismatch.sum()),
        matches=int((~mismatch).sum()),
        clicks=auc_with_interval(said["no_click"].to_numpy(), mismatch),
        score=auc_with_interval(said["score"].to_numpy()[scored], mismatch[scored]),
    )


@lru_cache(maxsize=4)
def _impression_edges(report: ClickReport) -> Doubles:
    return _edges(report.listings["shown"].to_numpy())


def _edges(values: Doubles) -> Doubles:
    """Upper ends, each once, of all quantile groups but the last."""
    quantiles = np.quantile(values, np.arange(1, _BUCKETS) / _BUCKETS, method="lower")
    found = np.unique(quantiles)
    return np.asarray(found[found < values.max()], dtype=np.float64)
