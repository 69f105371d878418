"""Checkpoints: what was saved is what is scored with, damage is told, and nothing is ever run."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from synthetic import learnt, listings_of, trained

from mmquality import checkpoint as checkpoint_module
from mmquality.checkpoint import (
    CONFIG,
    FORMAT,
    METRICS,
    WEIGHTS,
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from mmquality.errors import ModelFileError
from mmquality.records import UNSEEN
from mmquality.scoring import mismatch_scores


def saved() -> Checkpoint:
    _, checkpoint, _ = trained()
    return replace(
        checkpoint,
        scales=replace(checkpoint.scales, verdicts=(0.9, -0.4)),
        fingerprint={"sha256": "ab12", "listings": 240},
        metrics={"seconds": 1.5, "note": "größer"},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_checkpoint(saved(), tmp_path)
    return tmp_path


def test_scores_survive_the_disk_up_to_half_precision(folder: Path) -> None:
    catalogue, _, fold = trained()
    before, after, data = saved(), load_checkpoint(folder), catalogue.data
    for known in (fold, np.full(240, UNSEEN)):
        one, other = (mismatch_scores(c, listings_of(data, known)) for c in (before, after))
        np.testing.assert_allclose(one, other, atol=0.02)
        assert np.corrcoef(one, other)[0, 1] > 0.9999
    one_z, other_z = (learnt(c.network, data.titles, data.photos) for c in (before, after))
    assert (one_z * other_z).sum(axis=1).min() > 0.9999


def test_everything_else_survives_exactly(folder: Path) -> None:
    before, after = saved(), load_checkpoint(folder)
    for kept in fields(Checkpoint):
        if kept.name not in ("network", "fold_networks"):
            assert getattr(after, kept.name) == getattr(before, kept.name), kept.name
    assert len(after.fold_networks) == len(before.fold_networks)


def test_a_second_round_changes_nothing(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    again = tmp_path_factory.mktemp("again")
    save_checkpoint(load_checkpoint(folder), again)
    for name in (WEIGHTS, CONFIG, METRICS):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_loaded_networks_are_ready_and_share_their_inputs(folder: Path) -> None:
    loaded = load_checkpoint(folder)
    assert not any(network.training for network in (loaded.network, *loaded.fold_networks))
    assert all(network.inputs is loaded.network.inputs for network in loaded.fold_networks)
    weights = load_file(folder / WEIGHTS)
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    assert not any(name.startswith("fold") and "inputs" in name for name in weights)


def edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Change config.json as a person with an editor would."""

    def apply(folder: Path) -> None:
        config = json.loads((folder / CONFIG).read_text())
        change(config)
        (folder / CONFIG).write_text(json.dumps(config))

    return apply


def truncate(name: str, share: float) -> Callable[[Path], object]:
    def apply(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * share)])

    return apply


def without_tensor(name: str) -> Callable[[Path], object]:
    def apply(folder: Path) -> None:
        save_file({k: t for k, t in load_file(folder / WEIGHTS).items() if k != name}, folder / WEIGHTS)

    return apply


def spoil(path: Path) -> None:
    weights = load_file(path)
    next(iter(weights.values())).view(-1)[0] = float("nan")
    save_file(weights, path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no weights": lambda folder: (folder / WEIGHTS).unlink(),
    "no configuration": lambda folder: (folder / CONFIG).unlink(),
    "no metrics": lambda folder: (folder / METRICS).unlink(),
    "weights end early": truncate(WEIGHTS, 0.7),
    "weights end in their header": truncate(WEIGHTS, 0.001),
    "weights are empty": truncate(WEIGHTS, 0),
    "configuration ends early": truncate(CONFIG, 0.5),
    "weights are something else": lambda folder: (folder / WEIGHTS).write_bytes(b"PK\x03\x04 a zip, perhaps"),
    "configuration is no text": lambda folder: (folder / CONFIG).write_bytes(b"\xff\xfe\x00\x01"),
    "configuration is a list": lambda folder: (folder / CONFIG).write_text("[1]"),
    "metrics are a number": lambda folder: (folder / METRICS).write_text("3"),
    "a tensor is missing": without_tensor("full.projection.w_raw"),
    "a fold is missing": edit(lambda c: c.update(folds=9)),
    "folds are no number": edit(lambda c: c.update(folds="three")),
    "another shape": edit(lambda c: c["network"].update(d=13)),
    "a shape below zero": edit(lambda c: c["network"].update(d=-1)),
    "a projection nobody knows": edit(lambda c: c["network"].update(projection="transx")),
    "a setting nobody knows": edit(lambda c: c["network"].update(colour="red")),
    "no scales": edit(lambda c: c.pop("scales")),
    "scales that are a list": edit(lambda c: c.update(scales=[1])),
    "scales without the weighing": edit(lambda c: c["scales"].pop("weighing")),
    "a weighing that is a list": edit(lambda c: c["scales"].update(weighing=[1, 2])),
    "a weighing of something nobody knows": edit(lambda c: c["scales"]["weighing"].update(colour=[1])),
    "a shape that would take terabytes": edit(lambda c: c["network"].update(d=10**6, encoder_hidden=10**6)),
    "a configuration of brackets": lambda folder: (folder / CONFIG).write_text("[" * 100_000),
    "a weight that is no number": lambda folder: spoil(folder / WEIGHTS),
    "no format": edit(lambda c: c.pop("format")),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_told_in_a_sentence_with_the_way_out(
    folder: Path, damage: Callable[[Path], object]
) -> None:
    damage(folder)
    with pytest.raises(ModelFileError, match="(?s)checkpoint.*train again") as raised:
        load_checkpoint(folder)
    assert str(folder) in str(raised.value) and "Traceback" not in str(raised.value)


def test_a_newer_format_is_told_as_such(folder: Path) -> None:
    edit(lambda c: c.update(format=FORMAT + 1))(folder)
    with pytest.raises(
        ModelFileError, match=f"format {FORMAT + 1}.* reads format {FORMAT}.* Upgrade mmquality"
    ):
        load_checkpoint(folder)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_checkpoint(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 1e6], ids=["nan", "inf", "beyond half precision"]
)
def test_weights_that_went_astray_are_not_saved(tmp_path: Path, value: float) -> None:
    checkpoint = load_checkpoint(_copy(saved(), tmp_path))
    with torch.no_grad():
        checkpoint.network.f_t.linear.weight[0, 0] = value
    nowhere = tmp_path / "new"
    nowhere.mkdir()
    with pytest.raises(ModelFileError, match="full.f_t.linear.weight"):
        save_checkpoint(checkpoint, nowhere)
    assert not list(nowhere.iterdir())


def _copy(checkpoint: Checkpoint, folder: Path) -> Path:
    save_checkpoint(checkpoint, folder)
    return folder


def test_nothing_in_a_checkpoint_can_run(folder: Path) -> None:
    tree = ast.parse(inspect.getsource(checkpoint_module))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not imported & {"pickle", "torch", "joblib", "shelve"} and "torch.load" not in called
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".json", ".safetensors"]
