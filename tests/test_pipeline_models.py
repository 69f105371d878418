"""What is told of models: comparison tables, training records, two versions compared, labels' calibration."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from evaluations import ABOUT_ALL, METHODS, write_evaluations
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from workspaces import small_workspace

from mmquality import checkpoint
from mmquality.config import Workspace
from mmquality.errors import ModelFileError, WorkspaceError
from mmquality.pipeline import model_record
from mmquality.pipeline.evaluations import TABLES, read_tables
from mmquality.pipeline.label_calibration import FEWEST, label_calibration
from mmquality.pipeline.model_record import read_record
from mmquality.pipeline.version_changes import VersionChange, compare_versions, named
from mmquality.records import ModelVersion, Reason, Verdict
from mmquality.store import Store


class TestTables:
    @pytest.fixture
    def workspace(self, tmp_path: Path) -> Workspace:
        workspace = Workspace.at(tmp_path)
        write_evaluations(workspace)
        return workspace

    def test_all_are_read_with_numbers_and_what_they_say_of_themselves(self, workspace: Workspace) -> None:
        found = read_tables(workspace)
        assert list(found) == list(TABLES)
        peers = found["peers_mismatch"]
        assert list(peers.rows.columns) == ["method", "part", "ap", "low", "high", "spread", "seeds"]
        assert peers.rows["method"].tolist()[::3] == list(METHODS)
        assert peers.rows["ap"].tolist()[::3] == pytest.approx(list(METHODS.values()))
        assert peers.rows["spread"].isna().sum() == 9 and peers.about == ABOUT_ALL
        assert found["peers_recall"].rows["spread"].isna().all()

    def test_there_may_be_none_or_one_or_one_without_rows(self, tmp_path: Path, workspace: Workspace) -> None:
        assert read_tables(Workspace.at(tmp_path / "elsewhere")) == {}
        for name in ("peers_mismatch", "peers_recall", "losses", "about"):
            next(workspace.evaluations.glob(f"{name}.*")).unlink()
        (workspace.evaluations / "cost.csv").write_text("method,seconds,peak_mb\n")
        found = read_tables(workspace)
        assert list(found) == ["projections"] and found["projections"].about == {}

    @pytest.mark.parametrize(
        ("name", "content", "reason"),
        [
            ("cost.csv", "method,seconds\ncca,1\n", "no column 'peak_mb'"),
            ("cost.csv", "method,seconds,peak_mb\ncca,soon,1\n", "soon"),
            ("cost.csv", "", "No columns"),
            ("cost.csv", b"method,seconds,peak_mb\n\xff,1,1\n", "utf-8"),
            ("losses.csv", 'variant,metric,mean,spread,seeds\n"a,b', "EOF"),
            ("about.json", "[1]", "no object"),
            ("about.json", '{"cost": 3}', "no object"),
            ("about.json", "{", "Expecting"),
        ],
    )
    def test_a_damaged_file_is_named_with_the_way_out(
        self, workspace: Workspace, name: str, content: str | bytes, reason: str
    ) -> None:
        path = workspace.evaluations / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(WorkspaceError, match=reason) as raised:
            read_tables(workspace)
        assert str(path) in str(raised.value) and "mmquality ablate" in str(raised.value)


class TestRecord:
    LOSSES = [{"coclick": 2.0, "clicks": 0.5}, {"coclick": 1.0, "clicks": 0.25}]
    BIN = {"score": 0.2, "share": 0.25, "low": 0.1, "high": 0.4, "count": 30}

    def written(self, tmp_path: Path, **metrics: object) -> Workspace:
        workspace = Workspace.at(tmp_path)
        folder = workspace.models / "v0001"
        folder.mkdir(parents=True)
        config = {
            "fingerprint": {"sha256": "ab", "listings": 60},
            "network": {"d": 64},
            "training": {"epochs": 2},
        }
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "metrics.json").write_text(json.dumps(metrics))
        return workspace

    def test_says_what_the_checkpoint_says(self, tmp_path: Path) -> None:
        workspace = self.written(tmp_path, losses=self.LOSSES, reliability=[{**self.BIN, "x": 1}], ece=0.04)
        record = read_record(workspace, "v0001")
        assert record.losses["coclick"].to_dict() == {1: 2.0, 2: 1.0}
        assert record.fingerprint["listings"] == 60 and record.network == {"d": 64}
        assert vars(record.reliability[0]) == self.BIN and record.calibration_error == 0.04

    def test_an_older_checkpoint_says_less(self, tmp_path: Path) -> None:
        record = read_record(self.written(tmp_path), "v0001")
        assert record.losses.empty and record.reliability == [] and record.calibration_error is None

    @pytest.mark.parametrize(
        "metrics", [{"losses": 3}, {"reliability": [{"score": 1}]}, {"ece": "low"}, {"losses": [{"a": "b"}]}]
    )
    def test_damage_is_told(self, tmp_path: Path, metrics: dict[str, object]) -> None:
        with pytest.raises(ModelFileError, match="is damaged"):
            read_record(self.written(tmp_path, **metrics), "v0001")

    def test_files_that_are_gone_are_told(self, tmp_path: Path) -> None:
        workspace = self.written(tmp_path)
        (workspace.models / "v0001" / "metrics.json").write_text("[]")
        for version in ("v0001", "v0002"):
            with pytest.raises(ModelFileError, match="cannot be read"):
                read_record(workspace, version)

    def test_files_are_named_as_the_checkpoint_names_them(self) -> None:
        assert (model_record.CONFIG, model_record.METRICS) == (checkpoint.CONFIG, checkpoint.METRICS)


scores_ = st.lists(st.floats(0, 1, width=16), min_size=2, max_size=25)


class TestTwoVersions:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return Store.open(small_workspace(tmp_path).workspace.database_url)

    def test_pairs_scores_and_ranks_of_what_both_scored(self, store: Store) -> None:
        first = store.version_scores("v1")
        fewer = first[["listing_id", "score"]].iloc[2:].assign(score=lambda f: 1 - f["score"])
        store.publish(ModelVersion("v2", datetime(2026, 3, 6, tzinfo=UTC), len(fewer), {}), fewer)
        change = compare_versions(store, "v1", "v2")
        assert (change.only_before, change.only_after, len(change.rows)) == (2, 0, 58)
        for row in named(store, change.rows).itertuples():
            history = {v.name: (s, r) for v, s, r in store.score_history(str(row.listing_id))}
            assert history == {
                "v1": (row.score_before, row.rank_before),
                "v2": (row.score_after, row.rank_after),
            }
        assert change.rows["rank_after"].tolist() == list(range(1, 59))
        assert change.correlation() == pytest.approx(-1)

    def test_a_version_that_was_never_published_is_told(self, store: Store) -> None:
        with pytest.raises(WorkspaceError, match="no model version 'v9'"):
            compare_versions(store, "v1", "v9")

    @given(scores_, st.randoms(use_true_random=False), st.integers(1, 30))
    @settings(max_examples=60, deadline=None)
    def test_movers_and_agreement_against_a_naive_loop(
        self, before: list[float], random: np.random.Generator, k: int
    ) -> None:
        after = list(before)
        random.shuffle(after)
        ids = list(range(len(before)))
        change = VersionChange("v1", "v2", changed(ids, before, after), 0, 0)
        moves = {i: (a - b, i) for i, b, a in zip(ids, before, after, strict=True)}
        rose = sorted((i for i in ids if moves[i][0] > 0), key=lambda i: (-moves[i][0], i))
        fell = sorted((i for i in ids if moves[i][0] < 0), key=lambda i: (moves[i][0], i))
        assert change.risen(k)["listing_no"].tolist() == rose[:k]
        assert change.fallen(k)["listing_no"].tolist() == fell[:k]
        ranks = change.rows.set_index("listing_no")
        assert change.kept(k) == sum(
            ranks.at[i, "rank_before"] <= k >= ranks.at[i, "rank_after"] for i in ids
        )
        expected = spearmanr(ranks["rank_before"], ranks["rank_after"]).statistic
        assert change.correlation() == pytest.approx(expected)

    def test_of_equal_changes_no_more_than_asked_for(self) -> None:
        change = VersionChange("v1", "v2", changed([1, 2, 3], [0.1, 0.1, 0.9], [0.4, 0.4, 0.6]), 0, 0)
        assert change.risen(1)["listing_no"].tolist() == [1]

    def test_with_one_listing_there_is_no_correlation(self) -> None:
        assert VersionChange("v1", "v2", changed([1], [0.1], [0.2]), 0, 0).correlation() is None


def changed(ids: list[int], before: list[float], after: list[float]) -> pd.DataFrame:
    """The rows of a `VersionChange`; equal scores are ranked by number."""

    def ranks(scores: list[float]) -> list[int]:
        order = sorted(range(len(ids)), key=lambda n: (-scores[n], ids[n]))
        return [order.index(n) + 1 for n in range(len(ids))]

    return pd.DataFrame(
        {
            "listing_no": ids,
            "score_before": before,
            "rank_before": ranks(before),
            "score_after": after,
            "rank_after": ranks(after),
        }
    )


class TestLabels:
    def test_the_score_that_was_seen_counts_and_unsure_does_not(self, tmp_path: Path) -> None:
        store = Store.open(small_workspace(tmp_path).workspace.database_url)
        store.add_label("L001", Verdict.MISMATCH, Reason.OTHER, "", "ana")
        store.add_label("L002", Verdict.MATCH, None, "", "ana")
        store.add_label("L003", Verdict.UNSURE, None, "", "ana")
        store.add_label("L002", Verdict.MISMATCH, Reason.OTHER, "", "ana")  # of two labels the newest counts
        seen = {i: store.ranked_listing(i).score for i in ("L001", "L002")}
        again = store.version_scores("v1")[["listing_id"]].assign(score=0.5)
        store.publish(ModelVersion("v2", datetime(2026, 3, 6, tzinfo=UTC), 60, {}), again)
        store.add_label("L004", Verdict.MATCH, None, "", "ana")
        judged = store.judged_scores()[["version", "score", "mismatch"]]
        expected = [("v1", seen["L001"], True), ("v1", seen["L002"], True), ("v2", 0.5, False)]
        assert sorted(judged.itertuples(index=False, name=None)) == sorted(expected)

    def test_no_labels(self, tmp_path: Path) -> None:
        store = Store.open(small_workspace(tmp_path).workspace.database_url)
        found = label_calibration(store.judged_scores())
        assert found.curve == [] and found.error is None and not found.enough

    @pytest.mark.parametrize(
        ("matches", "mismatches", "enough"),
        [(FEWEST - 1, 1, True), (FEWEST - 2, 1, False), (FEWEST, 0, False), (0, 2 * FEWEST, False)],
    )
    def test_how_many_are_enough(self, matches: int, mismatches: int, enough: bool) -> None:
        judged = pd.DataFrame({"score": 0.5, "mismatch": [False] * matches + [True] * mismatches})
        assert label_calibration(judged).enough is enough

    @given(st.integers(1, 400))
    @settings(max_examples=25, deadline=None)
    def test_bins_hold_verdicts_enough(self, n: int) -> None:
        score = np.linspace(0, 1, n)
        found = label_calibration(pd.DataFrame({"score": score, "mismatch": score > 0.5}))
        assert found.mismatches + found.matches == n == sum(b.count for b in found.curve)
        assert all(b.count >= min(n, 14) for b in found.curve) and 1 <= len(found.curve) <= 15
