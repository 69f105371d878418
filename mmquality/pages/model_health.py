"""Models, health: whether new listings are like those that the model in force was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from mmquality.pages import health_plots, jobs, plots, session
from mmquality.pages.components import caption, notice, section
from mmquality.pages.plots import Dot
from mmquality.pages.wording import count, moment
from mmquality.pipeline.health import HealthReport, read_report
from mmquality.pipeline.reading import Catalogue
from mmquality.records import ModelVersion

_JOB = "health"


def show(catalogue: Catalogue, versions: Sequence[ModelVersion]) -> None:
    """Alerts first, then what was compared."""
    version = catalogue.published_version().name
    report = read_report(catalogue.workspace, version)
    if report is None:
        notice(
            f"Nobody has looked how {version} is doing",
            "New listings are compared with those that it was trained on: categories, titles, photos, "
            "scores. It takes seconds, here or with the command, which also suits a schedule:",
            session.commands("health"),
        )
    else:
        _report(report)
    jobs.offer(catalogue.workspace, _JOB, [_JOB], "Look at it" if report is None else "Look again")


def _report(report: HealthReport) -> None:
    section("Alerts", "What has changed since the model was trained, and what to do about it.")
    for alert in report.alerts:
        notice(f"{alert.part.capitalize()}: {alert.what}", alert.remedy, name=f"{alert.part}-alert")
    if not report.alerts:
        caption("None." if report.looks else _too_few(report))
    when = moment(datetime.fromisoformat(report.at))
    new = count(report.new, "listing")
    caption(f"As of {when}: {new} new to {report.version}, trained on {report.trained:,}.")
    if report.looks and not report.reference_kept:
        caption(
            "This version kept no reference (it came with mmquality, or from an earlier one); the catalogue "
            "stands in. Training again keeps one."
        )
    with st.grid("auto", min_column_width=330, gap=28, key="health"):
        with st.container(gap="small"):
            _looks(report)
        with st.container(gap="small"):
            _scores(report)
        with st.container(gap="small"):
            _flagged(report)


def _too_few(report: HealthReport) -> str:
    return (
        f"None so far: {count(report.new, 'new listing')} are too few to compare." if report.new else "None."
    )


def _looks(report: HealthReport) -> None:
    if not report.looks:
        return
    section(
        "What was compared", "Stability index: 0.1 and more is worth a look, where chance (p) is ruled out."
    )
    frame = pd.DataFrame(
        {
            "part": look.part,
            "stability index": f"{look.psi:.2f}",
            "p": f"{look.p_value:.1g}",
            "drifted": "yes" if look.drifted else "no",
        }
        for look in report.looks
    )
    st.dataframe(frame, hide_index=True, height="content", alt="Parts that were compared")


def _scores(report: HealthReport) -> None:
    if not sum(report.scores["new"]):
        return
    section("Scores", "Share of the listings by score: those trained on (grey) and new ones.")
    plots.show(
        health_plots.scores(report.scores), "health-scores", "Scores of new listings beside the others"
    )


def _flagged(report: HealthReport) -> None:
    section(
        "Flagged", "Share of listings that score 50% or more, with 95% intervals: each version, then the new."
    )
    dots = [Dot(one.of, one.share, one.low, one.high, one.of == report.version) for one in report.flagged]
    plots.show(
        plots.dots(dots, ".1%"), "health-flagged", ", ".join(f"{dot.name} {dot.value:.1%}" for dot in dots)
    )
