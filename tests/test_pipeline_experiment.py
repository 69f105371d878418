"""Experiments of a whole workspace: lists of each arm, where relevance comes from, the log, what is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from marketplace import LISTINGS, Marketplace, copy_of

from mmquality.cli import main
from mmquality.config import Workspace
from mmquality.data.sample import sample_truth
from mmquality.errors import InputFileError, WorkspaceError
from mmquality.index import NeighbourIndex
from mmquality.pipeline.arms import FLAGGED, Arm, arm_lists
from mmquality.pipeline.experiment import (
    ExperimentReport,
    Options,
    read_report,
    report_path,
    run_experiment,
)
from mmquality.pipeline.held_out import save_held_out
from mmquality.pipeline.known_clicks import known_clicks
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.relevance import Source, truth_of
from mmquality.records import Space

QUICK = Options(visitors=600)
Ran = tuple[Workspace, ExperimentReport]


@pytest.fixture(scope="module")
def ran(marketplace: Marketplace, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A workspace whose experiment was run on the sample's latent truth."""
    workspace = copy_of(marketplace, tmp_path_factory.mktemp("experiment") / "workspace")
    options = Options(visitors=2_000, sample=marketplace.files.images)
    return workspace, run_experiment(workspace, options)


def ids_of(workspace: Workspace) -> list[str]:
    with Catalogue(workspace) as catalogue:
        return list(catalogue.indexes()[Space.UNIFIED].ids)


class TestLists:
    @pytest.fixture
    def indexes(self) -> dict[Space, NeighbourIndex]:
        rng = np.random.default_rng(0)
        ids = [str(n) for n in range(40)]
        return {space: NeighbourIndex.build(rng.normal(size=(40, 6)), ids) for space in Space}

    def test_each_arm_shows_the_nearest_in_its_space(self, indexes: dict[Space, NeighbourIndex]) -> None:
        lists = arm_lists(indexes, np.zeros(40), np.arange(5), 4, lambda done: None)
        vectors = {space: index.vectors_at(np.arange(40)) for space, index in indexes.items()}
        both = np.concatenate([vectors[Space.TITLE], vectors[Space.PHOTO]], axis=1)
        of = {Arm.TITLE: vectors[Space.TITLE], Arm.PHOTO: vectors[Space.PHOTO], Arm.CONCATENATED: both,
              Arm.UNIFIED: vectors[Space.UNIFIED], Arm.FILTERED: vectors[Space.UNIFIED]}  # fmt: skip
        for arm, v in of.items():
            for seed in range(5):
                by_nearness = [row for row in np.argsort(-v @ v[seed], kind="stable") if row != seed]
                assert lists[arm][seed].tolist() == by_nearness[:4], arm

    def test_the_filter_shows_what_is_flagged_only_for_want_of_others(
        self, indexes: dict[Space, NeighbourIndex]
    ) -> None:
        scores = np.where(np.arange(40) % 2, 0.9, 0.1)
        lists = arm_lists(indexes, scores, np.arange(40), 4, lambda done: None)
        assert (scores[lists[Arm.FILTERED]] < FLAGGED).all()
        assert (scores[lists[Arm.UNIFIED]] >= FLAGGED).any()
        all_flagged = arm_lists(indexes, np.ones(40), np.arange(40), 4, lambda done: None)
        assert (all_flagged[Arm.FILTERED] == all_flagged[Arm.UNIFIED]).all()


class TestTruth:
    def test_the_samples_is_what_its_clicks_were_drawn_from(self, marketplace: Marketplace) -> None:
        ids = ids_of(marketplace.workspace)
        truth = truth_of(marketplace.workspace, ids, np.arange(len(ids)), (), 0.1, marketplace.files.images)
        _, shop = sample_truth(marketplace.files)
        at = {i: row for row, i in enumerate(sample_truth(marketplace.files)[0])}
        seeds, shown = np.array([3, 8]), np.array([[4, 5], [0, 1]])
        for row, seed in enumerate(seeds):
            for place, other in enumerate(shown[row]):
                a, b = np.array([at[ids[seed]]]), np.array([at[ids[other]]])
                expected = shop.appeal[b] * shop.similarity(a, b)
                assert truth.relevance(seeds, shown)[row, place] == pytest.approx(expected[0])
        planted = pd.read_csv(marketplace.files.planted)["listing_id"]
        assert {ids[row] for row in np.flatnonzero(truth.wrong)} == set(planted)

    def test_pairs_are_good_and_nothing_tells_visitors_of_planted_photos(
        self, marketplace: Marketplace
    ) -> None:
        ids = ids_of(marketplace.workspace)
        planted = marketplace.files.planted
        truth = truth_of(marketplace.workspace, ids, np.arange(len(ids)), (), 0.1, planted=planted)
        good = {tuple(pair) for pair in known_clicks(marketplace.workspace.clicks, ids).pairs.tolist()}
        shown = np.arange(len(ids))[None, :].repeat(len(truth.seeds), 0)
        relevance = truth.relevance(truth.seeds, shown)
        for row, seed in enumerate(truth.seeds.tolist()):
            others = {n for n in range(len(ids)) if (min(seed, n), max(seed, n)) in good}
            assert set(np.flatnonzero(relevance[row] == 1)) == others
        assert set(np.unique(relevance)) == {0.1, 1.0}
        assert not truth.wrong.any() and truth.counted is not None and truth.counted.any()

    def test_a_folder_without_the_sample_is_refused(self, marketplace: Marketplace, tmp_path: Path) -> None:
        with pytest.raises(InputFileError, match="holds no sample marketplace"):
            truth_of(marketplace.workspace, ["a"], np.arange(1), (), 0.1, tmp_path)
        with pytest.raises(InputFileError, match="no listing 'a'"):
            truth_of(marketplace.workspace, ["a"], np.arange(1), (), 0.1, marketplace.files.images)


class TestReport:
    def test_it_is_kept_with_its_version_and_the_same_each_time(
        self, ran: Ran, marketplace: Marketplace
    ) -> None:
        workspace, report = ran
        assert read_report(workspace, report.version) == report
        assert read_report(workspace, "v0099") is None
        again = run_experiment(workspace, Options(visitors=2_000, sample=marketplace.files.images))
        assert again == report

    def test_every_arm_is_told(self, ran: Ran) -> None:
        _, report = ran
        assert [arm.arm for arm in report.arms] == list(Arm)
        assert sum(arm.visitors for arm in report.arms) == 2_000
        assert report.simulated_on == Source.LATENT and report.seeds == LISTINGS
        for arm in report.arms:
            assert arm.clicks / arm.views == pytest.approx(arm.expected_ctr, rel=0.25)
        assert {(lift.arm, lift.metric) for lift in report.lifts} == {
            (arm, metric) for arm in list(Arm)[1:] for metric in ("ctr", "ptr")
        }
        assert all(len(shown) == 12 for example in report.examples for shown in example.lists.values())

    def test_the_filter_shows_fewer_wrong_photos(self, ran: Ran) -> None:
        wrong = {arm.arm: arm.wrong for arm in ran[1].arms}
        assert wrong[Arm.FILTERED] <= wrong[Arm.UNIFIED]

    def test_the_log_is_replayed_for_every_arm(self, ran: Ran) -> None:
        workspace, report = ran
        log = pd.read_parquet(workspace.clicks / "impressions.parquet")
        ctr = log["clicked"].mean()
        for arm in report.replayed:
            assert arm.low <= arm.ctr <= arm.high and 0 < arm.effective <= arm.impressions
            assert ctr / 3 < arm.ctr < 6 * ctr and 0 < arm.support <= 1
        assert {arm.method for arm in report.replayed} == {"ips", "snips"}

    def test_held_out_pairs_are_simulated_on_where_there_are_any(
        self, marketplace: Marketplace, tmp_path: Path
    ) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        assert run_experiment(workspace, QUICK).simulated_on == Source.KNOWN
        ids = ids_of(workspace)
        asked = sorted({ids[row] for row in np.unique(known_clicks(workspace.clicks, ids).pairs)})[::3]
        save_held_out(asked, workspace.models / marketplace.published)
        report = run_experiment(workspace, QUICK)
        assert report.simulated_on == Source.HELD_OUT and 0 < report.seeds <= len(asked)
        assert {example.seed for example in report.examples} <= set(asked)

    @pytest.mark.parametrize("latent", [True, False], ids=["latent", "pairs"])
    def test_what_was_removed_is_nobodys_page_and_recommended_to_nobody(
        self, marketplace: Marketplace, tmp_path: Path, latent: bool
    ) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        options = replace(QUICK, sample=marketplace.files.images if latent else None)
        before = run_experiment(workspace, options)
        gone = {example.seed for example in before.examples[:9]}
        gone |= {i for example in before.examples[:9] for shown in example.lists.values() for i in shown[:2]}
        with Catalogue(workspace) as catalogue:
            catalogue.store.remove_listings(gone, "ada")
        report = run_experiment(workspace, options)
        assert report.seeds <= before.seeds - 9 and (not latent or report.seeds == before.seeds - len(gone))
        assert not gone & {example.seed for example in report.examples}
        lists = [shown for example in report.examples for shown in example.lists.values()]
        assert not gone & {i for shown in lists for i in shown}

    def test_of_a_catalogue_that_was_emptied_it_says_so(
        self, marketplace: Marketplace, tmp_path: Path
    ) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        with Catalogue(workspace) as catalogue:
            catalogue.store.remove_listings(ids_of(workspace)[1:], "ada")
        with pytest.raises(WorkspaceError, match="fewer than two listings are in the catalogue"):
            run_experiment(workspace, QUICK)

    def test_without_a_truth_it_says_what_to_import(self, marketplace: Marketplace, tmp_path: Path) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        for file in workspace.clicks.glob("*.parquet"):
            file.unlink()
        with pytest.raises(WorkspaceError, match="import --co-clicks"):
            run_experiment(workspace, QUICK)

    def test_a_damaged_report_is_said(self, ran: Ran) -> None:
        report_path(ran[0], "v0098").write_text("{")
        with pytest.raises(WorkspaceError, match="mmquality experiment"):
            read_report(ran[0], "v0098")


def test_the_command_says_that_it_is_a_simulation(ran: Ran, marketplace: Marketplace) -> None:
    call = ["experiment", "-w", str(ran[0].root), "--sample", str(marketplace.files.images)]
    told = CliRunner().invoke(main, [*call, "--visitors", "600"])
    assert told.exit_code == 0 and "no measurement of a shop" in told.stdout
    assert all(arm in told.stdout for arm in Arm)
    as_json = json.loads(CliRunner().invoke(main, [*call, "--visitors", "600", "--json"]).stdout)
    assert as_json["simulated"] is True and len(as_json["arms"]) == len(Arm)
