"""Models, two versions: how far they agree, and the listings whose score moved most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from mmquality.pages import neighbours, plots, session
from mmquality.pages.components import caption, facts, notice, section
from mmquality.pages.widgets import choice
from mmquality.pages.wording import count, percent
from mmquality.pipeline.kept_tables import ranked_numbers
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.version_changes import VersionChange, compare_versions, named
from mmquality.records import ModelVersion

_MOVED = 12  # listings shown on each side
_DRAWN = 3_000  # points of the scatter plot; a browser draws no more of them smoothly
_WORST = 100


@dataclass(frozen=True)
class _Told:
    """What the page shows of a `VersionChange`, which may have a million rows."""

    figures: dict[str, object]
    listings: int  # that both scored
    drawn: pd.DataFrame
    rose: pd.DataFrame
    fell: pd.DataFrame


def show(catalogue: Catalogue, versions: Sequence[ModelVersion]) -> None:
    """The two versions to choose, and what differs between them."""
    if len(versions) < 2:
        notice(
            "There is one version so far",
            "Two can be compared: import, label or change something, then train again (Versions, or here).",
            session.commands("retrain"),
        )
        return
    before, after = _choices(versions, catalogue.published_version().name)
    if before == after:
        notice("This is twice the same version", "Choose another one on either side.")
        return
    told = _told(catalogue, before, after, _stamp(catalogue, versions))
    st.html(facts(told.figures))
    if told.drawn.empty:
        notice("No listing in common", "The two versions scored different listings.")
        return
    left, middle, right = st.columns(3, gap="medium")
    with left:
        _scatter(told, before, after)
    with middle:
        section("Rose most", f"More suspicious in {after} than in {before}.")
        _rows(catalogue, "rose", told.rose)
    with right:
        section("Fell most", f"Less suspicious in {after} than in {before}.")
        _rows(catalogue, "fell", told.fell)


def _choices(versions: Sequence[ModelVersion], current: str) -> tuple[str, str]:
    """By default, the version in force against the one published before it; the later one is the second."""
    names = [v.name for v in versions]  # the last published first
    place = min(names.index(current), len(names) - 2)
    later, earlier = names[place : place + 2]
    with st.container(key="filters", horizontal=True, gap="small", vertical_alignment="bottom"):
        before = choice("From", [earlier, *(n for n in names if n != earlier)], "from", 170)
        after = choice("To", [later, *(n for n in names if n != later)], "to", 170)
    return before, after


def _figures(change: VersionChange) -> dict[str, object]:
    correlation = change.correlation()
    worst = min(_WORST, len(change.rows))
    figures = {
        "scored by both": len(change.rows),
        f"only by {change.before}": change.only_before,
        f"only by {change.after}": change.only_after,
        f"of the {worst} worst, still there": change.kept(worst),
        "rank correlation": "" if correlation is None else f"{correlation:.3f}",
    }
    return {name: value for name, value in figures.items() if value != "" and (value or "only" not in name)}


def _scatter(told: _Told, before: str, after: str) -> None:
    section(
        "Score against score",
        "Above the line: more suspicious than before. Coloured where the score moved by more than 10 points.",
    )
    drawn = len(told.drawn)
    plots.show(
        plots.moves(told.drawn, before, after),
        "moves-chart",
        f"Scores of {count(drawn, 'listing')} in {before} and in {after}",
    )
    if drawn < told.listings:
        caption(f"{drawn:,} of {told.listings:,} listings are drawn, those that moved most among them.")


def _sample(rows: pd.DataFrame) -> pd.DataFrame:
    """All that moved most, and of the rest every so many."""
    if len(rows) <= _DRAWN:
        return rows
    change = (rows["score_after"] - rows["score_before"]).abs()
    moved = change.nlargest(_DRAWN // 3).index
    rest = rows.drop(moved)
    return pd.concat([rest.iloc[:: -(-len(rest) // (_DRAWN - len(moved)))], rows.loc[moved]])


def _rows(catalogue: Catalogue, name: str, rows: pd.DataFrame) -> None:
    """Listings with photo, link, and what became of score and rank."""
    if rows.empty:
        caption("None.")
    listings = catalogue.store.listings_by_id(rows["listing_id"])
    moved = [(listings[str(row.listing_id)], _moved(row)) for row in rows.itertuples(index=False)]
    neighbours.listing_rows(name, [neighbours.row(catalogue, listing, told) for listing, told in moved])


def _moved(row: Any) -> str:
    """What became of score and rank; `row` has the columns of `VersionChange.rows`."""
    return (
        f'<div class="mmq-moved"><p><b>{percent(row.score_before)} → {percent(row.score_after)}</b></p>'
        f"<p>#{row.rank_before:,} → #{row.rank_after:,}</p></div>"
    )


def _stamp(catalogue: Catalogue, versions: Sequence[ModelVersion]) -> str:
    """Tells these versions from others of the same names in a workspace made anew in the same place."""
    return f"{catalogue.workspace.database_url} {[v.created_at.isoformat() for v in versions]}"


@st.cache_data(max_entries=4, show_spinner="Comparing the two versions …")
def _told(_catalogue: Catalogue, before: str, after: str, stamp: str) -> _Told:
    """What was published never changes, so two versions are compared once."""
    store = _catalogue.store
    change = compare_versions(store, before, after, partial(ranked_numbers, _catalogue.workspace, store))
    shown = (
        named(store, rows) for rows in (_sample(change.rows), change.risen(_MOVED), change.fallen(_MOVED))
    )
    return _Told(_figures(change), len(change.rows), *shown)
