"""Models, comparison: ours against what else one would try, and against itself without one part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from mmquality.errors import MMQualityError
from mmquality.pages import comparison_words, plots, session
from mmquality.pages.components import caption, notice, section, terms
from mmquality.pages.escaping import as_markdown, plain
from mmquality.pages.plots import Dot
from mmquality.pages.widgets import segments
from mmquality.pages.wording import NOTHING, count, day
from mmquality.pipeline.evaluations import EvaluationTable, read_tables
from mmquality.pipeline.reading import Catalogue
from mmquality.records import ModelVersion

_OURS = ("ours", "mmquality")  # how a method's name begins when it is ours
_COMMANDS = ("evaluate peers --truth planted.csv", "ablate --truth planted.csv --out tables")


def show(catalogue: Catalogue, versions: Sequence[ModelVersion]) -> None:
    """Every table that was measured, as a chart and as numbers."""
    try:
        tables = read_tables(catalogue.workspace)
    except MMQualityError as error:
        notice("The comparison tables cannot be shown", str(error))
        return
    if not tables:
        notice(
            "Nothing was compared yet",
            "Peers are measured against a list of known mismatches, ablations against it or against swapped "
            "photos:",
            session.commands(*_COMMANDS),
        )
        return
    with st.grid("auto", min_column_width=460, gap=28):
        for name, table in tables.items():
            with st.container(key=f"table-{name}", gap="small"):
                _SHOWN[name](table)


def _peers_mismatch(table: EvaluationTable) -> None:
    section(
        "Ours against its peers: mismatches",
        "Average precision of the mismatch ranking, with 95% bootstrap intervals; 1 is perfect.",
    )
    parts = list(dict.fromkeys(table.rows["part"]))
    part = segments("Listings", parts, "part", words=lambda name: as_markdown(_part(name)))
    rows = table.rows[table.rows["part"] == part].sort_values("ap", ascending=False)
    _chart(table, _dots(rows, "method", "ap"), f"Average precision, {_part(part)}")
    _numbers(table, _wide(table, "ap", "method", "part").reindex(rows["method"]), _part)
    _meanings([*rows["method"], *map(_part, parts)], comparison_words.METHODS | comparison_words.PARTS)


def _peers_recall(table: EvaluationTable) -> None:
    section(
        "Ours against its peers: recall",
        "Share of co-clicked listings among the k nearest, with 95% bootstrap intervals.",
    )
    depths = [f"{k:.0f}" for k in dict.fromkeys(table.rows["k"])]
    k = segments("k", depths, "k")
    rows = table.rows[table.rows["k"] == float(k)].sort_values("recall", ascending=False)
    _chart(table, _dots(rows, "method", "recall"), f"Recall at {k}")
    wide = _wide(table, "recall", "method", "k").reindex(rows["method"])
    _numbers(table, wide, lambda depth: f"recall@{float(depth):.0f}")
    _meanings(rows["method"], comparison_words.SPACES)


def _projections(table: EvaluationTable) -> None:
    section(
        "Projections",
        "How title and photo are brought into one space, everything else alike; mean ± spread over seeds.",
    )
    _ablation(table, "projection-metric", "transh")
    _meanings(table.rows["variant"], comparison_words.PROJECTIONS)


def _losses(table: EvaluationTable) -> None:
    section(
        "Losses",
        "The terms of the loss, added one after the other, all of them at last; mean ± spread over seeds.",
    )
    _ablation(table, "loss-metric", str(table.rows["variant"].iloc[-1]))


def _ablation(table: EvaluationTable, key: str, ours: str) -> None:
    metrics = list(dict.fromkeys(table.rows["metric"]))
    metric = segments("Measure", metrics, key, words=as_markdown)
    rows = table.rows[table.rows["metric"] == metric]
    rows = rows.assign(low=rows["mean"] - rows["spread"], high=rows["mean"] + rows["spread"])
    _chart(table, _dots(rows, "variant", "mean", ours), metric)
    _numbers(table, _wide(table, "mean", "variant", "metric"))


def _cost(table: EvaluationTable) -> None:
    section("Cost", "Time and peak memory of each method, measured in the same run, each in its own process.")
    words = {"seconds": "Seconds", "peak_mb": "Peak memory (MB)"}
    chosen = segments("Cost of", list(words.values()), "cost")
    column = next(name for name, word in words.items() if word == chosen)
    rows = table.rows.dropna(subset=[column]).sort_values(column)
    rows = rows.assign(low=rows[column], high=rows[column])
    _chart(table, _dots(rows, "method", column), chosen, ",.1f")
    costs = table.rows.set_index("method")[list(words)].map("{:,.1f}".format)
    _numbers(table, costs, lambda name: words[name])
    _meanings(rows["method"], comparison_words.METHODS)


def _wide(table: EvaluationTable, value: str, row: str, column: str) -> pd.DataFrame:
    """`0.912 ± 0.004`: a row per method or variant, a column per part, depth or metric, in file order."""
    spread = table.rows["spread"].map(" ± {:.3f}".format).where(table.rows["spread"].notna(), "")
    told = table.rows[value].map("{:.3f}".format).where(table.rows[value].notna(), "") + spread
    named = table.rows.assign(told=told).drop_duplicates([row, column])
    wide = named.pivot(index=row, columns=column, values="told").fillna("")
    return wide.reindex(index=named[row].unique(), columns=named[column].unique())


def _dots(rows: pd.DataFrame, name: str, value: str, ours: str = "") -> list[Dot]:
    """A dot per row; an interval that was not measured is a point."""
    rows = rows.dropna(subset=[value])
    return [
        Dot(
            name=str(row[name]),
            value=row[value],
            low=row[value] if pd.isna(row["low"]) else row["low"],
            high=row[value] if pd.isna(row["high"]) else row["high"],
            ours=str(row[name]).casefold() == ours.casefold()
            if ours
            else str(row[name]).casefold().startswith(_OURS),
        )
        for row in rows.to_dict("records")
    ]


def _chart(table: EvaluationTable, dots: Sequence[Dot], words: str, form: str = ",.3f") -> None:
    told = ", ".join(f"{dot.name} {dot.value:{form}}" for dot in dots)
    plots.show(plots.dots(dots, form), f"{table.name}-chart", plain(f"{words}: {told}"))
    caption(_measured(table))


def _measured(table: EvaluationTable) -> str:
    """What was measured, on what, when."""
    about = table.about
    seeds = (
        int(table.rows["seeds"].max()) if "seeds" in table.rows and table.rows["seeds"].notna().any() else 0
    )
    told = [
        f"Model {about['version']}" if about.get("version") else "",
        count(about["listings"], "listing") if isinstance(about.get("listings"), int) else "",
        count(seeds, "seed") if seeds else "",
        f"against {about['truth']}" if about.get("truth") else "",
        _when(str(about.get("at") or "")),
    ]
    return " · ".join(part for part in told if part)


def _when(at: str) -> str:
    try:
        return day(datetime.fromisoformat(at))
    except ValueError:
        return at


def _numbers(table: EvaluationTable, wide: pd.DataFrame, words: Callable[[str], str] = str) -> None:
    """All numbers of a table, one row per method."""
    shown = wide.set_axis([plain(words(column)) for column in wide.columns], axis=1)
    shown.insert(0, "", [plain(str(name)) for name in wide.index])
    with st.expander("All numbers"):
        st.dataframe(
            shown,
            hide_index=True,
            height="content",
            column_config={"": st.column_config.TextColumn(width=150)},
            placeholder=NOTHING,
            alt=f"All numbers of the table {table.name}",
        )


def _meanings(names: Iterable[str], known: Mapping[str, str]) -> None:
    """What the names in a table stand for, as far as they are known."""
    told = {name: known[name] for name in dict.fromkeys(names) if name in known}
    if told:
        with st.expander("What the names mean"):
            st.html(terms(told))


def _part(part: str) -> str:
    """`catalogue`, `test` or `kind:NAME` as a person says it."""
    kind = part.removeprefix("kind:")
    return plain(kind.replace("_", " ")) if kind != part else {"catalogue": "whole catalogue"}.get(part, part)


_SHOWN = {
    "peers_mismatch": _peers_mismatch,
    "peers_recall": _peers_recall,
    "projections": _projections,
    "losses": _losses,
    "cost": _cost,
}
