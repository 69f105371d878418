"""Comparison and ablation of a small marketplace, from the workspace to the tables; what they cost."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chores import failing, holding, killed
from click.testing import CliRunner
from marketplace import Marketplace, copy_of, encoded_beforehand, input_files
from sklearn.metrics import average_precision_score
from synthetic import NETWORK, TRAINING, synthetic
from test_encoders_clip import save_clip

from mmquality.cli import main
from mmquality.config import Workspace
from mmquality.errors import InputFileError, WorkspaceError
from mmquality.evaluation.comparison import ablation_table, mismatch_table, recall_table
from mmquality.evaluation.peers.spaces import SPACES
from mmquality.pipeline import ablating, comparing
from mmquality.pipeline.ablating import ablation_case, variants, with_swaps
from mmquality.pipeline.ablation_run import AblationCase, Variant, measure
from mmquality.pipeline.building import Options
from mmquality.pipeline.comparing import compare_peers
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.evaluations import read_tables
from mmquality.pipeline.importing import import_files
from mmquality.pipeline.measured_catalogue import measured_catalogue, pairs_in
from mmquality.pipeline.measuring import Job, Measured, measured, measured_side_by_side
from mmquality.pipeline.places import open_store
from mmquality.pipeline.retraining import network_on, retrained_scores, surroundings
from mmquality.pipeline.scored import load_scores
from mmquality.pipeline.tables import as_markdown, keep_tables, write_tables

KIND = np.array([None, "swap", None, "blank", None, None], dtype=object)
SCORES = np.array([[0.1, 0.9, 0.3, 0.8, 0.2, 0.4], [0.1, 0.2, 0.3, 0.8, 0.9, 0.4]])


def test_a_method_is_measured_on_the_catalogue_its_test_part_and_each_kind() -> None:
    test = np.array([True, True, True, False, False, False])
    table = mismatch_table({"a": SCORES, "b": SCORES[:1]}, KIND, test).set_index(["method", "part"])
    assert list(table.loc["a"].index) == ["catalogue", "test", "kind:blank", "kind:swap"]
    truth = np.array([k is not None for k in KIND])
    values = [average_precision_score(truth, s) for s in SCORES]
    whole = table.loc[("a", "catalogue")]
    assert whole["ap"] == pytest.approx(np.mean(values)) and whole["seeds"] == 2
    assert (
        whole["spread"] == pytest.approx(np.std(values, ddof=1))
        and whole["low"] <= whole["ap"] <= whole["high"]
    )
    blank = KIND != "swap"  # a kind is judged against the listings that are not mismatched
    assert table.loc[("b", "kind:blank"), "ap"] == average_precision_score(
        KIND[blank] == "blank", SCORES[0][blank]
    )
    assert table.loc[("b", "test"), "ap"] == 1 and pd.isna(table.loc[("b", "catalogue"), "spread"])


def test_recall_is_the_mean_over_queries_and_seeds() -> None:
    seeds = [{10: np.array([0.0, 1.0]), 50: np.array([1.0, 1.0])}, {10: np.array([0.5, 1.0]), 50: np.ones(2)}]
    table = recall_table({"a": seeds}).set_index("k")
    assert table.loc[10, "recall"] == pytest.approx(0.625) and table.loc[50, "recall"] == 1
    assert table.loc[10, "spread"] == pytest.approx(np.std([0.5, 0.75], ddof=1))
    assert table.loc[10, "worst"] == 0.5


def test_an_ablation_leaves_out_what_is_not_defined() -> None:
    table = ablation_table({"v": [{"AP": 0.5, "AUC": None}, {"AP": 0.7, "AUC": None}]})
    assert table.to_dict("records") == [
        {"variant": "v", "metric": "AP", "mean": 0.6, "spread": pytest.approx(0.1414, abs=1e-3), "seeds": 2}
    ]


def test_cost_is_that_of_the_work_in_a_process_of_its_own() -> None:
    small, large = (measured(Job("work", holding, (megabytes,))) for megabytes in (1, 200))
    assert small.result != os.getpid() and small.result != large.result
    assert 0.4 <= small.seconds < 5
    assert small.peak_bytes and large.peak_bytes and 150e6 < large.peak_bytes - small.peak_bytes < 300e6


def test_work_side_by_side_keeps_its_order_and_fails_as_a_whole() -> None:
    told: list[int] = []
    found = measured_side_by_side([Job(str(n), holding, (n,)) for n in (3, 1, 2)], told.append)
    assert len({run.result for run in found}) == 3 and told == [1, 1, 1]
    with pytest.raises(ValueError, match="this one fails"):
        measured_side_by_side([Job("a", failing), Job("b", holding, (1,))], told.append)
    with pytest.raises(WorkspaceError, match="process that measured 'c' was ended from outside"):
        measured(Job("c", killed))


def test_tables_are_written_for_people_and_kept_for_the_page(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "w")
    tables = {
        "peers_mismatch": mismatch_table({"a": SCORES}, KIND),
        "cost": pd.DataFrame({"method": ["a"], "seconds": [1.25], "peak_mb": [None]}),
    }
    keep_tables(workspace, tables, {name: {"seeds": 2} for name in tables})
    keep_tables(workspace, {"losses": ablation_table({"v": [{"AP": 0.5}]})}, {"losses": {"seeds": 1}})
    assert set(read_tables(workspace)) == {"peers_mismatch", "cost", "losses"}
    assert json.loads((workspace.evaluations / "about.json").read_text()) == {
        "peers_mismatch": {"seeds": 2}, "cost": {"seeds": 2}, "losses": {"seeds": 1},
    }  # fmt: skip
    write_tables(tmp_path / "out", tables)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "peers_mismatch.csv", "peers_mismatch.md", "cost.csv", "cost.md",
    }  # fmt: skip
    lines = (tmp_path / "out" / "peers_mismatch.md").read_text().splitlines()
    assert lines[0] == "| method | catalogue | kind:blank | kind:swap |" and " ± " in lines[2]
    assert (tmp_path / "out" / "cost.md").read_text().splitlines()[2] == "| a | 1.2 | – |"


def test_markdown_names_recall_by_its_depth() -> None:
    told = as_markdown("peers_recall", recall_table({"a|b": [{10: np.array([0.5, 0.5])}]}))
    assert told.splitlines() == ["| method | recall@10 |", "| --- | --- |", "| a\\|b | 0.500 (0.500–0.500) |"]


def case(judged: bool = False) -> AblationCase:
    """A third of a synthetic catalogue held out, with its own planted swaps as truth."""
    catalogue = synthetic(180, swaps=0.12, seed=3)
    held = np.arange(0, 180, 3)
    around = surroundings(catalogue.data, NETWORK, TRAINING)
    verdict = np.full(180, np.nan, dtype=np.float32)
    verdict[1:60:3] = catalogue.swapped[1:60:3]
    labelled = replace(catalogue.data, verdict=verdict) if judged else catalogue.data
    return AblationCase(
        catalogue.data, held, catalogue.data.photos[held], catalogue.swapped[held], labelled, around
    )


QUICK = replace(TRAINING, epochs=8, batch_size=40)


@pytest.mark.parametrize("teachers", [(), ("self_supervision",)], ids=["distance", "head"])
def test_a_run_measures_the_part_that_it_never_saw(teachers: tuple[str, ...]) -> None:
    found = measure(case(), Variant(teachers=teachers), NETWORK, QUICK)
    assert list(found) == ["co-click AUC", "recall@10", "recall@50", "recall@100", "mismatch AP"]
    assert all(value is not None and 0 <= value <= 1 for value in found.values())
    assert found["co-click AUC"] > 0.6 and found["mismatch AP"] > 0.3  # type: ignore[operator]


def test_what_is_held_out_teaches_a_run_nothing() -> None:
    given = case()
    photos, verdict = given.data.photos.copy(), given.data.verdict.copy()
    photos[given.held], verdict[given.held] = 0.5, 1
    rows = np.setdiff1d(np.arange(180), given.held)
    networks = [
        network_on(rows, data, given.around, NETWORK, TRAINING)
        for data in (given.data, replace(given.data, photos=photos, verdict=verdict))
    ]
    for a, b in zip(*(network.state_dict().values() for network in networks), strict=True):
        assert a.equal(b)


def test_variants_need_what_they_learn_from() -> None:
    both = variants(case(judged=True))
    assert list(both["projections"]) == ["identity", "linear", "transe", "transh", "transr"]
    assert "+ mismatch: labels" in both["losses"] and both["losses"]["all"].verdicts
    neither = case()
    neither = replace(neither, data=replace(neither.data, shown=np.zeros((180, 0), np.float32)))
    assert not {"+ mismatch: labels", "+ mismatch: clicks"} & set(
        variants(replace(neither, judged=neither.data))["losses"]
    )


def test_swaps_among_the_held_out_are_never_those_of_relatives() -> None:
    data = synthetic(200).data
    data = replace(data, product_key=np.arange(200) // 2)
    held = np.arange(0, 100)
    photos, swapped = with_swaps(data, held, np.random.default_rng(0))
    changed = (photos != data.photos[held]).any(axis=1)
    assert 4 <= swapped.sum() <= 8 == round(0.08 * 100) and (changed | ~swapped).all()
    giver = {photo.tobytes(): row for row, photo in enumerate(data.photos)}
    for row in np.flatnonzero(swapped):
        assert giver[photos[row].tobytes()] // 2 != row // 2


def test_another_seed_is_another_model_that_finds_the_same_swaps() -> None:
    catalogue = synthetic(240, swaps=0.12, seed=3)
    config = replace(TRAINING, epochs=12, batch_size=40)
    a, b = (retrained_scores(catalogue.data, NETWORK, replace(config, seed=seed)) for seed in (7, 107))
    assert not np.allclose(a, b)
    for score in (a, b):
        assert ((score >= 0) & (score <= 1)).all() and average_precision_score(catalogue.swapped, score) > 0.5


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def in_this_process(job: Job, threads: int = 1) -> Measured[Any]:
    return Measured(job.work(*job.arguments), 1.5, 30_000_000)


def test_peers_from_the_command_line(
    marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each of them in a process of its own would take its time; that they get one is tested elsewhere.
    monkeypatch.setattr(comparing, "measured", in_this_process)
    monkeypatch.setattr(comparing, "measured_side_by_side", lambda jobs, done: [*map(in_this_process, jobs)])
    monkeypatch.setattr(comparing, "peers_for", lambda data: ["random"])
    monkeypatch.setattr(comparing, "SPACES", {"infonce": SPACES["infonce"]})
    workspace, files = copy_of(marketplace, tmp_path / "w"), marketplace.files
    told = json.loads(
        run(
            "evaluate",
            "peers",
            "-w",
            workspace.root,
            "--truth",
            files.planted,
            "--split",
            files.split,
            "--pairs",
            files.co_clicks,
            "--seeds",
            2,
            "--clip",
            save_clip(tmp_path / "clip", "clip"),
            "--out",
            tmp_path / "out",
            "--json",
        )  # fmt: skip
    )
    assert list(told) == ["peers_mismatch", "peers_recall", "cost"]
    by = {(row["method"], row["part"]): row for row in told["peers_mismatch"]}
    assert {method for method, _ in by} == {"ours", "random", "clipscore"}
    assert {part for _, part in by} > {"catalogue", "test", "kind:placeholder"}
    assert by["ours", "catalogue"]["seeds"] == 2 and by["clipscore", "catalogue"]["seeds"] == 1
    assert by["ours", "catalogue"]["spread"] > 0 and by["clipscore", "catalogue"]["spread"] is None
    assert {(row["method"], row["k"]) for row in told["peers_recall"]} == {
        (method, k) for method in ("ours", "infonce") for k in (10, 50, 100)
    }
    assert {row["method"] for row in told["cost"]} == {
        "ours", "inputs of the peers", "random", "clipscore", "ours (recall)", "infonce (recall)",
    }  # fmt: skip
    assert all((row["seconds"], row["peak_mb"]) == (1.5, 30) for row in told["cost"])
    kept = read_tables(workspace)
    assert list(kept) == ["peers_mismatch", "peers_recall", "cost"]
    assert kept["peers_mismatch"].about["version"] == marketplace.published
    assert kept["peers_mismatch"].about["truth"] == "planted.csv"
    assert (tmp_path / "out" / "peers_mismatch.md").exists()


def test_ours_is_the_version_in_force(
    marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "peers_for", lambda data: ["random"])
    workspace, files = copy_of(marketplace, tmp_path / "w"), marketplace.files
    tables = comparing.compare_peers(workspace, files.planted, seeds=1)
    cost = tables["cost"].set_index("method")
    assert cost.loc["random", "peak_mb"] > 20 and pd.isna(cost.loc["ours", "seconds"])  # it was not trained
    table = tables["peers_mismatch"]
    scores = load_scores(workspace.models / marketplace.published)
    truth = scores["listing_id"].isin(pd.read_csv(files.planted, dtype=str)["listing_id"])
    ours = table[(table["method"] == "ours") & (table["part"] == "catalogue")].iloc[0]
    assert ours["ap"] == pytest.approx(average_precision_score(truth, scores["score"]))
    assert set(table["part"]) > {"catalogue"} and "test" not in set(table["part"])


def test_ablation_from_the_command_line(
    marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, files = copy_of(marketplace, tmp_path / "w"), marketplace.files
    monkeypatch.setattr(ablating, "PROJECTIONS", ("transh",))
    monkeypatch.setattr(ablating, "Options", lambda: Options(epochs=1))
    truth = ("--truth", files.planted, "--split", files.split)
    printed = run("ablate", "-w", workspace.root, "--out", tmp_path / "out", "--seeds", 1, *truth)
    assert "projections:" in printed and "+ triplet, TransH" in printed
    kept = read_tables(workspace)
    assert list(kept) == ["projections", "losses"]
    assert set(kept["projections"].rows["variant"]) == {"transh"}
    assert "+ mismatch: labels" in set(kept["losses"].rows["variant"])
    assert "co-click AUC" in set(kept["losses"].rows["metric"])
    assert kept["losses"].about["truth"] == "planted.csv"
    assert (tmp_path / "out" / "losses.csv").exists() and (tmp_path / "out" / "projections.md").exists()


def test_a_case_without_a_truth_is_one_of_swapped_photos(marketplace: Marketplace) -> None:
    catalogue = measured_catalogue(marketplace.workspace)
    found = ablation_case(catalogue, Options())
    assert found.mismatched.any() and not found.labelled
    assert len(found.held) == catalogue.held_out().sum() == len(found.photos)
    changed = (found.photos != catalogue.data.photos[found.held]).any(axis=1)
    assert (changed | ~found.mismatched).all()


def test_a_case_with_a_truth_has_verdicts_on_listings_that_are_not_measured(marketplace: Marketplace) -> None:
    files = marketplace.files
    catalogue = measured_catalogue(marketplace.workspace, files.planted, files.split)
    found = ablation_case(catalogue, Options())
    judged = np.isfinite(found.judged.verdict)
    mismatched = catalogue.mismatched
    assert mismatched is not None and judged.any() and not judged[found.held].any()
    assert (found.judged.verdict[judged] == mismatched[judged]).all()
    assert (found.mismatched == mismatched[found.held]).all()
    assert not np.isfinite(found.data.verdict).any()


def test_a_truth_or_a_split_of_another_catalogue_is_told(marketplace: Marketplace, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("listing_id,kind,split\nnowhere,swap,test\n")
    with pytest.raises(InputFileError, match="No listing of .*other.csv is in the workspace"):
        measured_catalogue(marketplace.workspace, truth=other)
    with pytest.raises(InputFileError, match="in the test part of .*other.csv"):
        measured_catalogue(marketplace.workspace, split=other)


def test_without_a_published_model_there_is_nothing_to_compare(
    marketplace: Marketplace, tmp_path: Path
) -> None:
    workspace = encoded_beforehand(marketplace, tmp_path / "w")
    import_files(workspace, input_files(marketplace.files))
    encode(workspace)
    with pytest.raises(WorkspaceError, match="No model has been published"):
        comparing.compare_peers(workspace, marketplace.files.planted)


def test_what_was_removed_may_leave_too_few_to_train_the_model_again(
    marketplace: Marketplace, tmp_path: Path
) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    with open_store(workspace) as store:
        store.remove_listings(store.catalogue_frame(["listing_id"])["listing_id"][40:], "ada")
    with pytest.raises(WorkspaceError, match="reads 64 components .* again on 40 listings"):
        compare_peers(workspace, marketplace.files.planted)


def test_pairs_are_rows_of_the_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("listing_id,other_id\nb,a\na,b\nc,gone\nc,a\n")
    assert pairs_in(path, ["a", "b", "c"]).tolist() == [[0, 1], [0, 2]]
    with pytest.raises(InputFileError, match="has no pair"):
        pairs_in(path, ["x"])
