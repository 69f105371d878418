"""Experiments: what each way to recommend would be clicked and bought, by simulated visitors, arm by arm."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from mmquality.experiments.lift import METRICS
from mmquality.pages import experiment_plots, jobs, neighbours, plots, session
from mmquality.pages.components import caption, header, notice, section
from mmquality.pages.plots import Dot
from mmquality.pages.widgets import choice, segments
from mmquality.pages.wording import count, percent
from mmquality.pipeline.experiment import ExperimentReport, read_report
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.relevance import Source

_JOB = "experiment"
_TITLES = {"ctr": "Clicks per recommendation (CTR)", "ptr": "Purchases per recommendation (PTR)"}
_SIMULATED = (
    "Everything here is simulated: visitors are drawn by chance and click by a model of a visitor. A lift "
    "says what the recommendations are worth under that model, not what a shop would earn. eBay reports up "
    "to +15.9% CTR and +31.5% PTR from its own live traffic: another shop, another measurement."
)


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    version = catalogue.published_version().name
    header("Experiments", "a simulated A/B test", f"model {version}")
    report = read_report(catalogue.workspace, version)
    if report is None:
        notice(
            "No experiment was run on this model yet",
            "Simulated visitors are dealt to title-only, photo-only, concatenated, unified and filtered "
            "recommendations, and what they click and buy is compared. It takes a minute, here or with the "
            "command:",
            session.commands("experiment"),
        )
        jobs.offer(catalogue.workspace, _JOB, [_JOB], "Run it")
        return
    _what(report)
    with st.grid("auto", min_column_width=380, gap=28, key="lifts"):
        for metric in METRICS:
            with st.container(gap="small"):
                _lifts(report, metric)
    _arms(report)
    with st.grid("auto", min_column_width=380, gap=28, key="watched"):
        with st.container(gap="small"):
            _course(report)
        with st.container(gap="small"):
            _replayed(report)
    _needed(report)
    _examples(catalogue, report)
    jobs.offer(catalogue.workspace, _JOB, [_JOB], "Run it again")


def _what(report: ExperimentReport) -> None:
    st.info(_SIMULATED, icon=":material/info:")
    visitors = sum(arm.visitors for arm in report.arms)
    seeds = count(report.seeds, "listing")
    told = f"{count(visitors, 'visitor')} on pages of {seeds}, by {report.simulated_on}."
    if report.simulated_on == Source.KNOWN:
        told += " That flatters the unified arms; train with --hold-out to simulate on pairs they never saw."
    caption(told)


def _lifts(report: ExperimentReport, metric: str) -> None:
    rows = [lift for lift in report.lifts if lift.metric == metric]
    section(_TITLES[metric], f"Lift over {report.control}, with 95% intervals by visitor.")
    known = [lift for lift in rows if lift.lift is not None]
    if not known:
        caption("Too few of them happened to compare arms; run the experiment with more --visitors.")
        return
    told = ", ".join(f"{lift.arm} {lift.lift:+.1%}" for lift in known)
    plots.show(experiment_plots.lifts(known), f"lift-{metric}", f"Lift over {report.control}: {told}")


def _arms(report: ExperimentReport) -> None:
    section(
        "Arm by arm",
        "Expected: what the click rate tends to with ever more visitors. Wrong photos: share of the "
        "recommendations whose photo is known to be another product's.",
    )
    frame = pd.DataFrame(
        {
            "arm": arm.arm,
            "visitors": f"{arm.visitors:,}",
            "shown": f"{arm.views:,}",
            "CTR": f"{arm.clicks / max(arm.views, 1):.2%}",
            "expected": f"{arm.expected_ctr:.2%}",
            "PTR": f"{arm.purchases / max(arm.views, 1):.3%}",
            "wrong photos": "–" if arm.wrong is None else percent(arm.wrong),
        }
        for arm in report.arms
    )
    st.dataframe(frame, hide_index=True, height="content", alt="What each arm came to")


def _course(report: ExperimentReport) -> None:
    section(
        "Watched all the while",
        "A confidence sequence: its band holds at all moments at once, so one may look and stop at any time.",
    )
    by_arm = {course.arm: course for course in report.courses}
    if not by_arm:
        caption("Too few visitors came to tell.")
        return
    arm = segments("Against the control", list(by_arm), "arm", default=list(by_arm)[-1])
    words = experiment_plots.course_in_words(by_arm[arm], report.control)
    plots.show(experiment_plots.course(by_arm[arm]), "course", words)
    caption(words)


def _replayed(report: ExperimentReport) -> None:
    section(
        "Replayed on the click log",
        "CTR that the log gives each arm, by its clicks on listings that the arm would have shown, freed "
        "from their places (SNIPS), with 95% intervals. Rely on the order alone: where the log showed the "
        "good ones of an arm's list, its rate is too high, for some arms more than for others.",
    )
    rows = [arm for arm in report.replayed if arm.method == "snips"]
    dots = [
        Dot(arm.arm, arm.ctr, arm.low, arm.high, ours=arm.arm.startswith("unified"))
        for arm in rows
        if arm.ctr is not None and arm.low is not None and arm.high is not None
    ]
    if not dots:
        caption("There is no log of impressions under seed listings that shows any of these recommendations.")
        return
    plots.show(plots.dots(dots, ".2%"), "replayed", ", ".join(f"{dot.name} {dot.value:.2%}" for dot in dots))
    for arm in rows:
        caption(
            f"{arm.arm}: {count(arm.impressions, 'impression')}, worth {arm.effective:,.0f}; the log ever "
            f"showed {percent(arm.support)} of what it would."
        )


def _needed(report: ExperimentReport) -> None:
    section(
        "How many visitors it takes",
        f"In each arm, to find a lift over {report.control} four times in five, at the 5% level.",
    )
    metrics = {metric: [row for row in report.needed if row.metric == metric] for metric in METRICS}
    columns = {
        f"{row.lift:+.0%}": [_number(other.visitors) for rows in metrics.values() for other in rows
                             if other.lift == row.lift]
        for row in metrics["ctr"]
    }  # fmt: skip
    frame = pd.DataFrame({"metric": [metric.upper() for metric in metrics], **columns})
    st.dataframe(frame, hide_index=True, height="content", alt="Visitors needed in each arm")


def _number(visitors: int | None) -> str:
    return "–" if visitors is None else f"{visitors:,}"


def _examples(catalogue: Catalogue, report: ExperimentReport) -> None:
    section("What each arm shows", "Under one seed listing, the best first. Seeds were drawn at random.")
    by_seed = {example.seed: example for example in report.examples}
    found = catalogue.store.listings_by_id(by_seed)
    if not found:
        caption("Its seed listings were removed since; run the experiment again.")
        return
    seed = choice("Seed listing", [i for i in by_seed if i in found], "seed", 260)
    neighbours.listing_rows("seed", [neighbours.row(catalogue, found[seed])])
    lists = by_seed[seed].lists
    listings = catalogue.store.listings_by_id({i for shown in lists.values() for i in shown})
    with st.grid("auto", min_column_width=176, gap=12, key="arms"):
        for arm, shown in lists.items():
            with st.container(gap="small"):
                section(arm.capitalize())
                rows = [neighbours.row(catalogue, listings[i]) for i in shown if i in listings]
                neighbours.listing_rows(f"arm-{len(rows)}", rows)


show(session.catalogue())
