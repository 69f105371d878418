"""What became of a listing: every label it was given, and its score in every model version."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from mmquality.pages import plots
from mmquality.pages.charts import as_label, theme_colours
from mmquality.pages.components import label_badge, section
from mmquality.pages.escaping import as_html
from mmquality.pages.wording import TAKEN_UP, count, moment, percent
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Label, Listing, ModelVersion
from mmquality.store import PastLabel

_LABELS = 20
_NUMBERED = 8  # scores with their numbers beside them; of more, the pointer tells

Scored = tuple[ModelVersion, float, int]  # version, score, rank


def show(catalogue: Catalogue, listing: Listing, unseen: bool = False) -> None:
    """Both histories, where there is one to tell; without the labels for who is to judge `unseen`."""
    if not unseen:
        labels(catalogue, listing, "Labels, newest first")
    scores = catalogue.store.score_history(listing.listing_id)
    if len(scores) > 1:
        section("Score by model version", "The oldest version first.")
        told = ", ".join(f"{version.name} {percent(score)} (#{rank:,})" for version, score, rank in scores)
        plots.show(_scores(scores), "score-history", f"Mismatch score by model version: {told}")


def labels(catalogue: Catalogue, listing: Listing, heading: str, score: bool = True) -> None:
    """Every label that the listing was given, also those taken back; `score`: with the one that was seen."""
    past = catalogue.store.label_history(listing.listing_id, _LABELS)
    if past:
        section(heading)
        st.html("".join(_past_label(one, score) for one in past))


def _past_label(past: PastLabel, score: bool) -> str:
    label = past.label
    seen = _seen(label) if score else []
    if label.threshold is not None:
        seen.append(f"reviewing from {percent(label.threshold)} on")
    if label.suggestion is not None:
        seen.append(TAKEN_UP[label.suggestion])
    if label.neighbours:
        seen.append(f"{count(len(label.neighbours), 'other listing')} on screen")
    note = f" · “{as_html(label.note)}”" if label.note else ""
    who = f"{as_html(label.analyst)}, {moment(label.created_at)}"
    told = f" · {'; '.join(seen)}" if seen else ""
    line = f"{label_badge(label)}<span>{who}{told}{note}</span>"
    if past.withdrawn_at is not None:
        by = f"taken back by {as_html(past.withdrawn_by or '')}, {moment(past.withdrawn_at)}"
        line = f"<s>{line}</s><span>{by}</span>"
    return f'<p class="mmq-verdict">{line}</p>'


def _seen(label: Label) -> list[str]:
    """The score that the analyst saw, and whether it was hidden until the verdict."""
    if not label.score:
        return []
    shown = ", shown after the verdict" if label.score_hidden else ""
    return [f"score {percent(label.score)} by {as_html(label.model_version or '')}{shown}"]


def _scores(scores: Sequence[Scored]) -> go.Figure:
    """The score over the versions, each with its number and its rank."""
    ink = theme_colours()["neutral"]
    numbered = len(scores) <= _NUMBERED
    chart = go.Figure(
        go.Scatter(
            x=[as_label(version.name) for version, _, _ in scores],
            y=[score for _, score, _ in scores],
            mode="lines+markers+text" if numbered else "lines+markers",
            text=[percent(score) for _, score, _ in scores],
            textposition="top center",
            cliponaxis=False,
            line={"color": ink, "width": 2},
            marker={"size": 7},
            customdata=[rank for _, _, rank in scores],
            hovertemplate="%{x}: %{y:.1%}, rank %{customdata:,}<extra></extra>",
        )
    )
    chart.update_layout(height=170, margin={"l": 0, "r": 16, "t": 22, "b": 0}, showlegend=False)
    chart.update_xaxes(type="category", showgrid=False)
    chart.update_yaxes(range=[0, 1.02], tickformat=".0%", nticks=5, automargin=True)
    return chart
