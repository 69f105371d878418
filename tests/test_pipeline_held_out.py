"""Clicks kept from the model: what it may not learn, what it says of that, recall on what it never saw."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from marketplace import QUICK, Marketplace, copy_of
from synthetic import learnt, trained

from mmquality.cli import main
from mmquality.config import Workspace
from mmquality.errors import InputFileError, ModelFileError
from mmquality.evaluation.truth import read_split
from mmquality.graph import propagated
from mmquality.index import unit
from mmquality.network.frozen import Frozen
from mmquality.pipeline import building
from mmquality.pipeline.assembling import assemble
from mmquality.pipeline.held_out import HELD_OUT, held_out_by, load_held_out
from mmquality.pipeline.kept_clicks import click_parts
from mmquality.pipeline.known_clicks import known_clicks
from mmquality.pipeline.places import open_store
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.scored import load_known_pairs, load_unified
from mmquality.pipeline.unified import unified_vectors, with_propagation

NO_PAIRS = np.empty((0, 2), dtype=np.int64)


def of_test_part(marketplace: Marketplace) -> set[str]:
    """The ids of the sample's test listings."""
    split = read_split(marketplace.files.split)
    return set(split.index[split == "test"])


@pytest.fixture(scope="module")
def held_out(marketplace: Marketplace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The marketplace, its model in force without the clicks of its test listings. Only to be read."""
    workspace = copy_of(marketplace, tmp_path_factory.mktemp("held-out") / "workspace")
    building.train(workspace, building.Options(epochs=QUICK.epochs, hold_out=marketplace.files.split))
    building.score(workspace)
    building.index(workspace)
    return workspace


def test_clicks_that_touch_a_test_listing_are_left_out(marketplace: Marketplace) -> None:
    test = of_test_part(marketplace)
    workspace = marketplace.workspace
    with open_store(workspace) as store:
        whole, apart = (
            assemble(workspace, store),
            assemble(workspace, store, hold_out=marketplace.files.split),
        )
    ids = apart.catalogue["listing_id"].to_numpy()
    is_test = np.isin(ids, list(test))
    assert 0 < len(apart.data.pairs) < len(whole.data.pairs)
    assert not is_test[apart.data.pairs].any() and is_test[whole.data.pairs].any()
    assert apart.data.shown[is_test].sum() == 0 < apart.data.shown[~is_test].sum()
    log = pd.concat(click_parts(workspace.clicks, "impressions"))
    seeded = log[log["seed_listing_id"].isin(test) & ~log["listing_id"].isin(test)]
    assert len(seeded)  # shown under a test listing: what was clicked there is the test listing's, too
    expected = len(log) - len(log[log["listing_id"].isin(test)]) - len(seeded)
    assert apart.fingerprint["impressions"] == expected
    assert apart.fingerprint["held_out"] == is_test.sum() and "held_out" not in whole.fingerprint
    assert apart.fingerprint["sha256"] != whole.fingerprint["sha256"]


def test_pairs_without_the_held_out_are_the_rest_of_them(marketplace: Marketplace) -> None:
    """Of pairs that were given; sessions and slates are counted above."""
    with open_store(marketplace.workspace) as store:
        data = assemble(marketplace.workspace, store).data
        ids = assemble(marketplace.workspace, store).catalogue["listing_id"].tolist()
    np.testing.assert_array_equal(known_clicks(marketplace.workspace.clicks, ids).pairs, data.pairs)
    held = ids[int(data.pairs[0, 0])]
    left = known_clicks(marketplace.workspace.clicks, ids, {held}).pairs
    touched = (data.pairs == ids.index(held)).any(axis=1)
    assert touched[0] and {tuple(p) for p in left.tolist()} <= {
        tuple(p) for p in data.pairs[~touched].tolist()
    }
    assert not (left == ids.index(held)).any()


def test_the_version_says_what_was_held_out(held_out: Workspace, marketplace: Marketplace) -> None:
    with Catalogue(held_out) as catalogue:
        version, known = catalogue.published_version(), catalogue.known_pairs()
    count = len(of_test_part(marketplace))
    assert version.name == "v0002"
    assert str(version.summary["taught_by"]).endswith(f"; clicks of {count} test listings held out")
    assert load_held_out(held_out.models / "v0002") == of_test_part(marketplace)
    assert load_held_out(held_out.models / "v0001") == frozenset()
    assert known is not None and len(known)
    assert not known.isin(of_test_part(marketplace)).any(axis=None)


def test_scoring_again_still_holds_out(held_out: Workspace, marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "again")
    shutil.copytree(held_out.root, workspace.root)
    assert building.score(workspace) == "v0003"
    first, again = (load_unified(workspace.models / version) for version in ("v0002", "v0003"))
    np.testing.assert_array_equal(first, again)
    assert load_held_out(workspace.models / "v0003") == of_test_part(marketplace)


def recall(workspace: Workspace, marketplace: Marketplace, *options: str) -> str:
    """What `evaluate recall` prints of the pairs of the test listings."""
    files = marketplace.files
    asked = ["--pairs", str(files.co_clicks), "--split", str(files.split)]
    result = CliRunner().invoke(
        main, ["evaluate", "recall", "-w", str(workspace.root), *asked, *options], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def test_recall_says_which_pairs_the_model_knows(held_out: Workspace, marketplace: Marketplace) -> None:
    assert json.loads(recall(held_out, marketplace, "--json"))["pairs_trained_on"] == 0
    assert "Warning" not in recall(held_out, marketplace)
    assert json.loads(recall(marketplace.workspace, marketplace, "--json"))["pairs_trained_on"] == 1
    assert "Warning: the model knows 100.0% of these pairs" in recall(marketplace.workspace, marketplace)


def test_the_command_line_holds_out(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    command = [
        "train",
        "-w",
        str(workspace.root),
        "--epochs",
        "1",
        "--hold-out",
        str(marketplace.files.split),
    ]
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0 and "test listings held out" in result.stderr + result.stdout
    assert load_held_out(workspace.models / "v0002") == of_test_part(marketplace)


def test_a_split_of_another_catalogue_is_told(tmp_path: Path) -> None:
    split = tmp_path / "split.csv"
    pd.DataFrame({"listing_id": ["a", "b"], "split": ["test", "train"]}).to_csv(split, index=False)
    assert held_out_by(split, ["a", "c"]) == {"a"} and held_out_by(None, ["a"]) == frozenset()
    with pytest.raises(InputFileError, match="No listing of the workspace is in the test part"):
        held_out_by(split, ["b", "c"])


@pytest.mark.parametrize("content", ["{", '{"a": 1}', "[1, 2]"])
def test_a_damaged_list_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / HELD_OUT).write_text(content, encoding="utf-8")
    with pytest.raises(ModelFileError, match="cannot be read.*train again"):
        load_held_out(tmp_path)


def test_known_pairs_that_a_version_does_not_tell_or_that_are_damaged(
    marketplace: Marketplace, tmp_path: Path
) -> None:
    folder = copy_of(marketplace, tmp_path / "workspace").models / "v0001"
    told = load_known_pairs(folder)
    assert told is not None and (told["listing_id"] < told["other_id"]).all()
    [path] = folder.rglob("known_pairs.npy")
    for damage in (b"", b"no array"):
        path.write_bytes(damage)
        with pytest.raises(ModelFileError, match="Run `mmquality score`"):
            load_known_pairs(folder)
    path.unlink()
    assert load_known_pairs(folder) is None


def test_unified_vectors_are_what_was_learnt_beside_the_inputs_and_propagated() -> None:
    catalogue, checkpoint, _ = trained()
    data, network, config = catalogue.data, checkpoint.network, checkpoint.training_config
    z = learnt(network, data.titles, data.photos)
    x, y = network.standardised(*map(torch.from_numpy, (data.titles, data.photos)))
    inputs = unit(np.hstack([x.numpy(), y.numpy()]))
    both = unit(np.hstack([z, config.inputs_weight * inputs]))
    alone = unified_vectors(Frozen(network), config, data.titles, data.photos, NO_PAIRS)
    np.testing.assert_allclose(alone, both, atol=1e-6)
    told = replace(config, propagation_weight=0.4)
    found = unified_vectors(Frozen(network), told, data.titles, data.photos, data.pairs)
    np.testing.assert_allclose(found, propagated(both, data.pairs, 0.4), atol=1e-5)


def test_a_weight_that_is_told_is_kept_and_one_that_is_not_is_chosen() -> None:
    catalogue, checkpoint, _ = trained()
    config, inputs = checkpoint.training_config, checkpoint.network.inputs
    told = replace(config, propagation_weight=0.3)
    assert with_propagation(told, inputs, catalogue.data) is told
    chosen = with_propagation(config, inputs, catalogue.data)
    assert config.propagation_weight is None and chosen.propagation_weight is not None
    no_pairs = replace(catalogue.data, pairs=NO_PAIRS)
    assert with_propagation(config, inputs, no_pairs).propagation_weight == 0
