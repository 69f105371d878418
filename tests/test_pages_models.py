"""The Models page through AppTest: versions, changes between two, training, calibration, comparison."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from dashboard import button, card_titles, opened, photos, store_of, texts, unescaped
from evaluations import METHODS, write_evaluations
from streamlit.testing.v1 import AppTest
from workspaces import Fixture, small_workspace

from mmquality.ids import map_table, save_table
from mmquality.pages import model_changes
from mmquality.pages.escaping import plain
from mmquality.pages.wording import percent
from mmquality.pipeline.evaluations import TABLES
from mmquality.pipeline.forgetting import forget
from mmquality.pipeline.places import index_path, open_store
from mmquality.pipeline.version_changes import compare_versions, named
from mmquality.records import ModelVersion, Reason, Space, Verdict

PARTS = ("Versions", "Changes", "Training", "Calibration", "Comparison", "Health")
LOSSES = [{"coclick": 2.0, "clicks": 0.5}, {"coclick": 1.0, "clicks": 0.25}]
BINS = [
    {"score": 0.02, "share": 0.01, "low": 0.0, "high": 0.05, "count": 40},
    {"score": 0.75, "share": 0.8, "low": 0.6, "high": 0.9, "count": 40},
]


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fixture:
    """A workspace of one's own with one version, and the dashboard's environment pointing to it."""
    fixture = small_workspace(tmp_path / "shop")
    monkeypatch.setenv("MMQ_WORKSPACE", str(fixture.workspace.root))
    record(fixture, "v1", losses=LOSSES, reliability=BINS, ece=0.034)
    return fixture


@pytest.fixture
def two(fresh: Fixture) -> Fixture:
    """With a second version, in force: one listing rose, one fell, one is scored no more."""
    store = store_of(fresh)
    scores = store.version_scores("v1").set_index("listing_id")["score"] * 0.99
    scores = scores.drop("L060")
    scores["L031"], scores["L001"] = 0.995, 0.0
    for space in Space:  # its indexes are the first version's
        path = index_path(fresh.workspace, "v2", space)
        path.parent.mkdir(parents=True, exist_ok=True)
        for file in index_path(fresh.workspace, "v1", space).parent.glob(f"{space}.*"):
            (path.parent / file.name).write_bytes(file.read_bytes())
    summary = {
        "taught_by": "12 labels, and <b>swapped</b> photos", "projection": "transh",
        "training_seconds": 91.6, "text_encoder": "minilm-1", "photo_encoder": "lite0-2",
    }  # fmt: skip
    version = ModelVersion("v2", datetime(2026, 3, 9, 8, 0, tzinfo=UTC), 59, dict(summary))
    store.publish(version, scores.rename("score").reset_index())
    record(fresh, "v2", losses=[])
    return fresh


def record(fixture: Fixture, version: str, **metrics: object) -> None:
    """The files that say how a version was trained."""
    folder = fixture.workspace.models / version
    config = {
        "fingerprint": {"sha256": "f00d" * 16, "listings": 60, "labels": 12, "co_clicks": 3},
        "network": {"d_z": 64}, "training": {"epochs": 2},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.json").write_text(json.dumps(metrics))


def alts(app: AppTest) -> str:
    """What the charts say to those who cannot see them."""
    return "\n".join(chart.proto.alt for chart in app.get("plotly_chart"))


class TestVersions:
    def test_tells_how_many_of_the_nearest_are_found_where_some_are_not(self, fresh: Fixture) -> None:
        ids = index_path(fresh.workspace, "v1", Space.UNIFIED).with_suffix(".ids.arrow")
        table = map_table(ids)
        save_table(ids, {name: table[name] for name in table.column_names}, {"recall@10": "0.9934"})
        assert "<dt>of the ten nearest found</dt><dd>99.3% by unified</dd>" in texts(opened("models"))

    def test_says_which_is_in_force_and_lists_all(self, two: Fixture) -> None:
        app = opened("models")
        assert "<span>2 versions</span><span>v2 in force, published 9 Mar 2026</span>" in texts(app)
        assert "In force: v2" in texts(app) and "<dd>92 s</dd>" in texts(app)
        assert "12 labels, and &lt;b&gt;swapped&lt;/b&gt; photos" in texts(app)
        table = app.dataframe[0].value
        assert table["name"].tolist() == ["v2", "v1"] and table["state"].tolist() == ["in force", "earlier"]
        assert table["listings"].tolist() == [59, 60] and table["photo"].tolist() == ["lite0-2", ""]

    def test_with_one_version_there_is_nothing_to_go_back_to(self, fresh: Fixture) -> None:
        assert "ten nearest" not in texts(opened("models"))
        app = opened("models")
        assert "1 version<" in texts(app) and [b.label for b in app.button] == ["Train again"]

    def test_another_version_is_put_in_force_after_a_yes(self, two: Fixture) -> None:
        app = opened("models")
        button(app, "Put in force …").click().run()
        assert "Put v1 in force?" in texts(app)
        assert current(two) == "v2"
        button(app, "Put v1 in force").click().run()
        assert current(two) == "v1" and "In force: v1" in texts(app)
        assert app.dataframe[0].value["state"].tolist() == ["not in force", "in force"]
        assert [toast.value for toast in app.toast] == ["Model v1 is in force\\."]
        assert "Put v1 in force?" not in texts(app)
        assert app.selectbox(key="promote").options == ["v2"]

    def test_a_no_changes_nothing(self, two: Fixture) -> None:
        app = opened("models")
        button(app, "Put in force …").click().run()
        button(app, "Cancel").click().run()
        assert current(two) == "v2" and "in force?" not in texts(app)

    def test_a_version_whose_files_are_gone_is_refused_in_words(self, two: Fixture) -> None:
        index_path(two.workspace, "v1", Space.UNIFIED).unlink()
        app = opened("models")
        button(app, "Put in force …").click().run()
        button(app, "Put v1 in force").click().run()
        assert current(two) == "v2" and "cannot be put in force" in app.toast[0].value

    def test_a_forgotten_version_is_told_and_not_offered(self, two: Fixture) -> None:
        shutil.rmtree(index_path(two.workspace, "v1", Space.UNIFIED).parent)  # as `forget` leaves it
        app = opened("models")
        assert app.dataframe[0].value["state"].tolist() == ["in force", "forgotten"]
        assert any("no other version to put in force" in one.value for one in app.caption)
        assert "Put in force …" not in [one.label for one in app.button]

    @pytest.mark.parametrize("part", PARTS)
    def test_every_part_opens_beside_a_forgotten_version(self, two: Fixture, part: str) -> None:
        store_of(two).add_label("L001", Verdict.MATCH, None, "", "ana", "v1")
        before = texts(opened("models", {"show": part, "version": "v1"}))
        with open_store(two.workspace) as store:
            forget(two.workspace, store, "v1")
        after = texts(opened("models", {"show": part, "version": "v1"}))
        assert after == before or part == "Versions"


def current(fixture: Fixture) -> str:
    version = store_of(fixture).current_version()
    assert version is not None
    return version.name


class TestChanges:
    def test_shows_what_moved_with_photo_link_and_both_scores(self, two: Fixture) -> None:
        app = opened("models", show="Changes")
        change = compare_versions(store_of(two), "v1", "v2")
        store = store_of(two)
        moved = [
            i for rows in (change.risen(12), change.fallen(12)) for i in named(store, rows)["listing_id"]
        ]
        assert moved[0] == "L031"
        titles = store_of(two).listings_by_id(moved)
        assert card_titles(app) == [plain(titles[i].title) for i in moved]
        assert photos(app) == card_titles(app)
        row = change.risen(1).iloc[0]
        assert f"{percent(row['score_before'])} → 99.5%" in texts(app) and "→ #1<" in texts(app)
        assert "<dt>scored by both</dt><dd>59</dd>" in texts(
            app
        ) and "<dt>only by v1</dt><dd>1</dd>" in texts(app)
        assert "only by v2" not in texts(app)
        assert "Scores of 59 listings in v1 and in v2" in alts(app)

    def test_the_two_can_be_chosen_in_the_address(self, two: Fixture) -> None:
        app = opened("models", {"show": "Changes", "from": "v2", "to": "v1"})
        assert "More suspicious in v1 than in v2" in texts(app)
        assert "twice the same" in texts(opened("models", {"show": "Changes", "from": "v2"}))

    def test_with_one_version_it_says_how_to_have_another(self, fresh: Fixture) -> None:
        app = opened("models", show="Changes")
        assert "one version so far" in texts(app) and "mmquality retrain" in app.code[0].value

    def test_a_large_catalogue_is_drawn_in_part_its_movers_always(self, two: Fixture) -> None:
        rows = compare_versions(store_of(two), "v1", "v2").rows
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(model_changes, "_DRAWN", 20)
            drawn = model_changes._sample(rows)
        ids = named(store_of(two), drawn)["listing_id"]
        assert 15 <= len(drawn) <= 21 and {"L031", "L001"} <= set(ids)
        assert ids.is_unique and model_changes._sample(rows) is rows


class TestTraining:
    def test_a_curve_for_each_term_and_what_the_data_was(self, fresh: Fixture) -> None:
        app = opened("models", show="Training")
        assert "Co-click: 2.000 in the first epoch, 1.000 in the last" in alts(app)
        assert len(app.get("plotly_chart")) == 2
        assert "<dt>labels</dt><dd>12</dd>" in texts(app) and "f00df00df00df00d…" in app.caption[1].value
        assert "<dt>epochs</dt><dd>2</dd>" in texts(app) and "<dt>d z</dt><dd>64</dd>" in texts(app)

    def test_another_version_can_be_looked_at(self, two: Fixture) -> None:
        app = opened("models", show="Training")
        assert "No losses were kept" in texts(app) and "<dt>co clicks</dt><dd>3</dd>" in texts(app)
        assert any("the Import report counts the file" in unescaped(c.value) for c in app.caption)
        assert len(opened("models", show="Training", version="v1").get("plotly_chart")) == 2

    def test_a_record_that_is_damaged_is_told(self, fresh: Fixture) -> None:
        (fresh.workspace.models / "v1" / "metrics.json").write_text("{")
        for part in ("Training", "Calibration"):
            app = opened("models", show=part)
            assert "This page cannot be shown" in texts(app) and "train again" in texts(app)


class TestCalibration:
    def test_against_swapped_photos(self, fresh: Fixture) -> None:
        app = opened("models", show="Calibration")
        assert "<dt>expected calibration error</dt><dd>0.034</dd>" in texts(app)
        assert "2 bins; in the last one the mean score is 75% and 80% are mismatches" in alts(app)
        assert app.dataframe[0].value["count"].tolist() == [40, 40]
        assert "Too few verdicts yet" in texts(app) and "0 mismatches and 0 matches so far" in texts(app)

    def test_a_version_that_was_not_measured_says_what_to_do(self, two: Fixture) -> None:
        app = opened("models", show="Calibration")
        assert "v2 was not measured" in texts(app) and "mmquality retrain" in app.code[0].value

    def test_against_verdicts_by_the_score_that_was_seen(self, two: Fixture) -> None:
        store = store_of(two)
        for n in range(1, 41):
            verdict = Verdict.MISMATCH if n % 4 == 0 else Verdict.MATCH
            reason = Reason.OTHER if n % 4 == 0 else None
            store.add_label(f"L{n:03d}", verdict, reason, "", "ana", "v1" if n <= 32 else "v2")
        app = opened("models", show="Calibration")
        assert len(app.get("plotly_chart")) == 1 and "<dt>listings</dt><dd>40</dd>" in texts(app)
        assert "Brier score" in texts(app)
        assert app.selectbox(key="seen").options == ["any version", "v2", "v1"]
        app.selectbox(key="seen").set_value("v1").run()
        assert "<dt>listings</dt><dd>32</dd>" in texts(app)
        app.selectbox(key="seen").set_value("v2").run()
        assert "2 mismatches and 6 matches so far" in texts(app)


class TestComparison:
    @pytest.fixture
    def measured(self, fresh: Fixture) -> Fixture:
        write_evaluations(fresh.workspace)
        return fresh

    def test_every_table_is_a_chart_and_numbers(self, measured: Fixture) -> None:
        app = opened("models", show="Comparison")
        assert len(app.get("plotly_chart")) == len(app.dataframe) == len(TABLES)
        assert "Average precision, whole catalogue: ours 0.930, lemon 0.770, cca 0.720, random 0.050" in alts(
            app
        )
        assert "Recall at 10: ours 0.037" in alts(app)
        assert "co-click AUC: identity 0.600, transh 0.800, transr 0.750" in alts(app)
        assert "Seconds: random 5.0, cca 72.0, lemon 77.0, ours 93.0" in alts(app)
        peers = app.dataframe[0].value
        assert peers.columns.tolist() == ["", "whole catalogue", "test", "swap any"]
        assert peers[""].tolist() == sorted(METHODS, key=lambda m: -METHODS[m])
        assert peers["test"].tolist() == ["0.910 ± 0.010", "0.750", "0.700", "0.030"]
        assert app.dataframe[4].value["Peak memory (MB)"].tolist() == ["995.0", "928.0", "907.0", "923.0"]
        told = "Model v1 · 60 listings · 3 seeds · against planted.csv · 5 Mar 2026"
        assert app.caption[0].value.replace("\\", "").replace("\u2060", "") == told

    def test_says_what_each_name_means(self, measured: Fixture) -> None:
        page = texts(opened("models", show="Comparison"))
        assert "<dt>cca</dt>" in page and "<dt>transh</dt>" in page
        assert "<dt>swap any</dt><dd>the photo of any other listing</dd>" in page
        assert "<dt>mlp</dt>" not in page  # which was not measured

    def test_ours_stands_out_with_its_interval(self, measured: Fixture) -> None:
        app = opened("models", show="Comparison")
        drawn = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
        assert drawn[1]["y"] == ["<b>ours</b>"] and drawn[1]["marker"]["size"] > drawn[0]["marker"]["size"]
        assert drawn[1]["error_x"]["array"] == [pytest.approx(0.03)]
        assert drawn[1]["error_x"]["arrayminus"] == [pytest.approx(0.04)]
        for chart, ours in ((2, "transh"), (3, "all")):
            drawn = json.loads(app.get("plotly_chart")[chart].proto.spec)["data"]
            assert drawn[1]["y"] == [f"<b>{ours}</b>"]

    def test_part_depth_and_measure_can_be_chosen_in_the_address(self, measured: Fixture) -> None:
        address = {"show": "Comparison", "part": "swap any", "k": "100", "loss-metric": "mismatch AP"}
        app = opened("models", dict(address))
        assert "Average precision, swap any: ours 0.890" in alts(app)
        assert "Recall at 100: ours 0.372" in alts(app)
        assert "mismatch AP: co-click 0.300, + triplet 0.400, all 0.375" in alts(app)

    def test_without_tables_it_names_the_commands(self, fresh: Fixture) -> None:
        app = opened("models", show="Comparison")
        assert "Nothing was compared yet" in texts(app)
        root = fresh.workspace.root
        assert app.code[0].value.splitlines() == [
            f"mmquality evaluate peers --truth planted.csv -w {root}",
            f"mmquality ablate --truth planted.csv --out tables -w {root}",
        ]

    def test_a_damaged_table_is_told(self, measured: Fixture) -> None:
        (measured.workspace.evaluations / "cost.csv").write_text("a,b\n1,2\n")
        app = opened("models", show="Comparison")
        assert "cannot be shown" in texts(app) and "no column" in texts(app)

    def test_names_in_a_table_are_only_ever_text(self, measured: Fixture) -> None:
        path = measured.workspace.evaluations / "peers_mismatch.csv"
        rows = pd.read_csv(path).replace({"kind:swap_any": "kind:<b>:red[x]", "lemon": "<a href=x>"})
        rows.to_csv(path, index=False)
        app = opened("models", show="Comparison")
        drawn = app.get("plotly_chart")[0].proto.spec
        assert "<a href" not in drawn and "&lt;a href=x&gt;" in drawn
        assert "\\<b\\>" in app.segmented_control(key="part").options[2]


@pytest.mark.parametrize("part", ["Versions", "Changes", "Training", "Calibration", "Comparison"])
def test_without_a_model_every_part_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    small_workspace(tmp_path, version=None)
    monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path))
    app = opened("models", show=part)
    assert "No model has been trained yet" in texts(app) and "mmquality train -w" in app.code[0].value
