"""What a visit's clicks are worth: the log as visits, places held against a full comparison, what is kept."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from workspaces import small_workspace

from mmquality.cli import main
from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.index import NeighbourIndex, unit
from mmquality.pipeline.kept_clicks import click_parts, merge_clicks
from mmquality.pipeline.places import open_store
from mmquality.recall.sessions import DEPTH, learn_from_sessions, places
from mmquality.recall.users import mixed, user_vector
from mmquality.recall.visits import Visits
from mmquality.recall.weights import Weight, read_weight

IDS = pd.Index(list("abcdefgh"))


def log(*rows: tuple[str, int, str, str, int, bool]) -> pd.DataFrame:
    """session, minute, page, listing, position, clicked"""
    columns = ["session_id", "shown_at", "seed_listing_id", "listing_id", "position", "clicked"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(
        shown_at=pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(frame["shown_at"], "min")
    )


@pytest.mark.parametrize("in_part", [2, 100])
def test_a_visit_is_what_was_clicked_and_what_was_looked_at_before(in_part: int) -> None:
    rows = log(
        ("s2", 9, "a", "b", 1, True), ("s2", 9, "a", "c", 2, True), ("s2", 9, "a", "d", 3, False),
        ("s2", 12, "c", "e", 1, True), ("s2", 15, "f", "b", 1, True), ("s2", 15, "f", "unknown", 2, True),
        ("s1", 1, "g", "h", 1, True),  # nothing before it
        ("s0", 20, "g", "h", 2, True), ("s0", 20, "g", "a", 1, True),
    )  # fmt: skip
    visits = Visits.of((rows[start : start + in_part] for start in range(0, len(rows), in_part)), IDS, 50)
    named = [
        (int(s), IDS[p], IDS[c], "".join(IDS[past]))
        for s, p, c, past in zip(visits.session, visits.page, visits.clicked, visits.before, strict=True)
    ]
    assert named == [
        (2, "g", "h", "a"),
        (1, "a", "c", "b"), (1, "c", "e", "ab"), (1, "f", "b", "ace"),
    ]  # fmt: skip


def test_sessions_of_very_many_clicks_are_nobodys() -> None:
    rows = [("s", 1, "a", i, n, True) for n, i in enumerate("bcd")]
    assert len(Visits.of([log(*rows)], IDS, 3)) == 2
    assert len(Visits.of([log(*rows)], IDS, 2)) == 0


def test_places_are_those_of_a_full_comparison() -> None:
    rng = np.random.default_rng(0)
    vectors = unit(rng.normal(size=(300, 8)).astype(np.float32))
    index = NeighbourIndex.build(vectors, [str(n) for n in range(300)])
    before = [rng.choice(np.arange(100, 300), size, replace=False) for size in (1, 4, 2, 7)]
    visits = Visits(np.arange(4), np.arange(4), np.arange(10, 14), before)
    weight = Weight(0.4, 2.0)
    expected = []
    for page, clicked, past in zip(visits.page, visits.clicked, before, strict=True):
        worth = vectors @ mixed(vectors[page], user_vector(vectors[past], 2.0), 0.4)
        worth[[page, *past]] = -np.inf
        place = 1 + int((worth > worth[clicked]).sum())
        expected.append(place if place <= DEPTH else np.inf)
    assert places(index, visits, weight).tolist() == expected
    assert np.isfinite(expected).any()


def visited(root: Path, faithful: bool) -> Workspace:
    """A shop whose visitors click from any page what is like what they saw before, or else anything."""
    workspace = small_workspace(root).workspace
    rng = np.random.default_rng(1)
    rows = []
    for session in range(80):
        kind, page = rng.choice(6, 2, replace=False).tolist()
        liked = rng.choice(np.arange(1, 11), 3, replace=False)
        goal = liked[2] + 10 * kind if faithful else rng.integers(1, 61)
        seen = [f"L{10 * kind + n:03d}" for n in liked[:2]]
        shown = [(2 * session, seen[0], seen[1]), (2 * session + 1, f"L{10 * page + 5:03d}", f"L{goal:03d}")]
        rows += [(f"s{session}", minute, seed, clicked, 1, True) for minute, seed, clicked in shown]
    merge_clicks(workspace.clicks, "impressions", [log(*rows)])
    return workspace


def test_a_weight_that_helps_is_kept(tmp_path: Path) -> None:
    workspace = visited(tmp_path / "shop", faithful=True)
    report = learn_from_sessions(workspace)
    assert report.helps and not report.held_out and report.learnt.mix > 0
    assert read_weight(workspace) == report.learnt
    ndcg = report.gains[-1]
    assert ndcg.metric == "NDCG@100" and 0 < ndcg.low <= ndcg.gain == pytest.approx(
        ndcg.mixed_in - ndcg.without
    )
    place = ["-w", str(workspace.root)]
    told = CliRunner().invoke(main, ["evaluate", "sessions", *place, "--json"])
    assert json.loads(told.stdout)["learnt"] == asdict(report.learnt)
    shown = CliRunner().invoke(main, ["evaluate", "sessions", *place])
    assert "NDCG@100" in shown.stdout and "--hold-out" in shown.stdout and "does not help" not in shown.stdout


def test_a_weight_that_does_not_help_is_none(tmp_path: Path) -> None:
    workspace = visited(tmp_path / "shop", faithful=False)
    report = learn_from_sessions(workspace)
    assert not report.helps and read_weight(workspace).mix == 0
    shown = CliRunner().invoke(main, ["evaluate", "sessions", "-w", str(workspace.root)])
    assert "It does not help for certain" in shown.stdout


def test_held_out_sessions_judge_by_what_the_model_never_saw(tmp_path: Path) -> None:
    workspace = visited(tmp_path / "shop", faithful=True)
    held_out = [f"L{n:03d}" for n in range(5, 61, 10)]  # the pages of all second visits
    (workspace.models / "v1" / "held_out.json").write_text(json.dumps(held_out))
    with pytest.raises(WorkspaceError, match="no sessions of several clicks to learn from"):
        learn_from_sessions(workspace)
    (workspace.models / "v1" / "held_out.json").write_text(json.dumps(held_out[:2]))
    report = learn_from_sessions(workspace)
    assert report.held_out and 0 < report.judged_by < report.judged_by + report.learnt_from < 240


def test_clicks_on_what_was_removed_teach_and_judge_nothing(tmp_path: Path) -> None:
    workspace = visited(tmp_path / "shop", faithful=True)
    before = learn_from_sessions(workspace)
    log = pd.concat(click_parts(workspace.clicks, "impressions"))
    gone = log["listing_id"][log["clicked"]].value_counts().index[:6]
    with open_store(workspace) as store:
        store.remove_listings(gone, "ada")
    report = learn_from_sessions(workspace)
    merged = log[~log[["seed_listing_id", "listing_id"]].isin(gone).any(axis=1)]
    left = Visits.of([merged], pd.Index([f"L{n:03d}" for n in range(1, 61)]), 50)
    assert report.learnt_from + report.judged_by == len(left) < before.learnt_from + before.judged_by


def test_without_a_click_log_there_is_nothing_to_learn(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="has no sessions"):
        learn_from_sessions(small_workspace(tmp_path / "shop").workspace)
