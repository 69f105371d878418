"""From labels to a better model: what is kept apart, who is judged by it, what is put in force."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from marketplace import QUICK, Marketplace, copy_of, encoded_beforehand, input_files

from mmquality.cli.root import main
from mmquality.config import Workspace
from mmquality.errors import ModelFileError
from mmquality.evaluation.bootstrap import Interval
from mmquality.pipeline.importing import import_files
from mmquality.pipeline.judgement import FEWEST, Figures, Judgement, keep_judgement, load_judgement
from mmquality.pipeline.label_loop import Publish, retrain
from mmquality.pipeline.label_snapshot import APART, kept_apart, load_snapshot
from mmquality.pipeline.places import open_store
from mmquality.pipeline.retrain_trigger import SinceTraining, Trigger, decide, last_decision, since_training
from mmquality.records import Reason, Verdict

MATCH, MISMATCH = Verdict.MATCH.value, Verdict.MISMATCH.value


def labels_of(verdicts: list[str], first: int = 0) -> pd.DataFrame:
    numbers = range(first, first + len(verdicts))
    return pd.DataFrame({"label_id": numbers, "listing_id": [f"L{n}" for n in numbers], "verdict": verdicts})


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from([MATCH, MISMATCH]), st.integers(0, 30)), max_size=80), st.data())
def test_a_group_is_on_one_side_for_good(drawn: list[tuple[str, int]], data: st.DataObject) -> None:
    labels = labels_of([verdict for verdict, _ in drawn])
    group = np.array([number for _, number in drawn], dtype=np.int64)
    cut = data.draw(st.integers(0, len(drawn)))
    before = labels[:cut].assign(held_out=kept_apart(labels[:cut], group[:cut]))
    apart = kept_apart(labels, group, before)
    assert apart.shape == group.shape
    assert all(len(set(apart[group == number])) == 1 for number in set(group))
    np.testing.assert_array_equal(apart[:cut], before["held_out"].to_numpy(dtype=bool))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([MATCH, MISMATCH]), max_size=60), st.lists(st.integers(1, 9), max_size=20))
def test_every_fifth_of_each_verdict_is_apart_however_few_come_at_a_time(
    verdicts: list[str], steps: list[int]
) -> None:
    labels = labels_of(verdicts)
    snapshot = None
    for end in [*np.cumsum(steps, dtype=int).clip(max=len(labels)).tolist(), len(labels)]:
        known = labels[:end]
        snapshot = known.assign(held_out=kept_apart(known, np.arange(end), snapshot))
    assert snapshot is not None
    for verdict in (MATCH, MISMATCH):
        of_verdict = snapshot[snapshot["verdict"] == verdict]
        assert int(of_verdict["held_out"].sum()) == len(of_verdict) // APART


def test_what_taught_once_never_judges() -> None:
    """Two groups, one of each side, that a new listing ties together."""
    earlier = labels_of([MATCH] * 2).assign(held_out=[True, False])
    assert kept_apart(labels_of([MATCH] * 3), np.zeros(3, dtype=np.int64), earlier).tolist() == [False] * 3


def label_some(workspace: Workspace, listings: int, mismatches: int) -> None:
    """Verdicts from the top of the ranking down: first mismatches, then matches."""
    with open_store(workspace) as store:
        scores = store.version_scores(store.current_version().name)
        ranked = scores.nlargest(listings, "score")["listing_id"]
        for n, listing_id in enumerate(ranked):
            verdict = Verdict.MISMATCH if n < mismatches else Verdict.MATCH
            store.add_label(listing_id, verdict, Reason.OTHER if n < mismatches else None, "", "ann")


@pytest.fixture
def labelled(marketplace: Marketplace, tmp_path: Path) -> Workspace:
    """A marketplace of one's own with 125 labels, 25 of which will judge."""
    workspace = copy_of(marketplace, tmp_path / "shop")
    label_some(workspace, 125, 60)
    return workspace


def test_labels_are_frozen_and_one_in_five_judges(labelled: Workspace) -> None:
    done = retrain(labelled, QUICK, Publish.ALWAYS)
    snapshot = load_snapshot(labelled.models / done.version)
    assert snapshot is not None and done.in_force and done.judgement is not None
    assert len(snapshot) == 125 and 20 <= snapshot["held_out"].sum() <= 30
    told = json.loads((labelled.models / done.version / "config.json").read_text())["fingerprint"]
    assert told["labels_apart"] == snapshot["held_out"].sum()
    assert told["labels"] + told["labels_apart"] == 125
    with open_store(labelled) as store:
        assert store.current_version().name == done.version
        scores = store.version_scores(done.version).set_index("listing_id")["score"]
    apart = snapshot[snapshot["held_out"]]
    assert (
        done.judgement.labels == len(apart) == done.judgement.mismatches + (apart["verdict"] == MATCH).sum()
    )
    worst = scores[apart["listing_id"]].nlargest(done.judgement.mismatches).index
    mismatched = apart.set_index("listing_id").loc[worst, "verdict"] == MISMATCH
    assert done.judgement.figures_after.precision == pytest.approx(mismatched.mean())
    assert load_judgement(labelled.models / done.version) == done.judgement
    assert done.judgement.blind  # the first model froze that it was taught by no label


def test_a_schedule_runs_where_enough_labels_have_come_and_what_it_made_can_be_promoted(
    labelled: Workspace,
) -> None:
    def mmquality(*words: str) -> str:
        result = CliRunner().invoke(main, [*words, "-w", str(labelled.root)])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert since_training(labelled).new_labels == 125
    options = ("retrain", "--epochs", "1", "--publish", "never", "--if-labels")
    assert mmquality(*options, "126") == (
        "Not run: 125 labels since the model trained last, 126 asked for.\n"
    )
    assert not last_decision(labelled).due
    assert "Not run" in mmquality("retrain", "--if-days", "1")  # its model is of today
    told = mmquality(*options, "125")
    assert last_decision(labelled).due
    assert since_training(labelled).new_labels == 0
    with open_store(labelled) as store:
        version = store.versions()[0].name
        assert store.current_version().name != version
    assert f"Model {version} is not in force." in told and f"models promote {version}" in told
    mmquality("models", "promote", version)
    with open_store(labelled) as store:
        assert store.current_version().name == version


def test_the_first_model_is_put_in_force_without_a_judgement(
    marketplace: Marketplace, tmp_path: Path
) -> None:
    workspace = encoded_beforehand(marketplace, tmp_path / "shop")
    import_files(workspace, input_files(marketplace.files))
    done = retrain(workspace, QUICK)
    assert done.in_force and done.judgement is None


FIGURES = Figures(0.8, 0.7, 0.1, 0.2)


def judgement(labels: int, mismatches: int, *gain: float) -> Judgement:
    return Judgement("v1", "v2", labels, mismatches, FIGURES, FIGURES, Interval(*gain), True)


@pytest.mark.parametrize(
    ("found", "worse"),
    [
        (judgement(FEWEST, 5, 0.01, -0.1, 0.1), False),
        (judgement(FEWEST, 5, -0.01, -0.1, 0.1), False),
        (judgement(FEWEST, 5, -0.03, -0.1, 0.1), True),
        (judgement(FEWEST, 5, -0.01, -0.02, -0.001), True),
        (judgement(FEWEST - 1, 5, -0.03, -0.1, 0.1), None),
        (judgement(FEWEST, 0, -0.03, -0.1, 0.1), None),
        (judgement(FEWEST, FEWEST, -0.03, -0.1, 0.1), None),
    ],
)
def test_when_a_version_is_worse_and_is_kept_back(found: Judgement, worse: bool | None) -> None:
    assert found.worse is worse
    assert Publish.UNLESS_WORSE.allows(found) is (worse is False)
    assert Publish.ALWAYS.allows(found) and not Publish.NEVER.allows(found)
    says = {
        True: "v2 is worse than v1",
        False: "v2 is not worse than v1",
        None: "too few to compare v2 with v1",
    }
    assert says[worse] in found.in_words()


def test_a_judgement_is_kept_whole(tmp_path: Path) -> None:
    assert load_judgement(tmp_path) is None
    keep_judgement(found := judgement(30, 10, 0.1, 0.0, 0.2), tmp_path)
    assert load_judgement(tmp_path) == found
    (tmp_path / "judgement.json").write_text("{")
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_judgement(tmp_path)


@settings(deadline=None)
@given(
    st.none() | st.integers(1, 100), st.none() | st.floats(0, 30),
    st.integers(0, 120), st.none() | st.floats(0, 60),
)  # fmt: skip
def test_a_schedule_runs_for_enough_labels_or_for_any_after_enough_days(
    labels: int | None, days: float | None, new: int, age: float | None
) -> None:
    found = decide(Trigger(labels, days), SinceTraining(new, age))
    by_labels = labels is not None and new >= labels
    by_age = days is not None and new > 0 and (age is None or age >= days)
    assert found.due == (by_labels or by_age)
    assert found.why.startswith("Run: " if found.due else "Not run: ") and f"{new} label" in found.why
