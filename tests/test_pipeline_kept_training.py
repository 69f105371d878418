"""A training that was stopped, by an error or by SIGKILL, goes on to the very model that it was to be."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from marketplace import QUICK, Listening, Marketplace, copy_of

from mmquality.checkpoint import METRICS, WEIGHTS
from mmquality.config import Workspace
from mmquality.pipeline import building, kept_training
from mmquality.pipeline.assembling import Assembled, assemble
from mmquality.pipeline.places import open_store, trainings_path
from mmquality.records import Reason, Verdict
from mmquality.training import ensemble as ensemble_module
from mmquality.training import loop

PROJECT = Path(__file__).parents[1]
OTHER = dataclasses.replace(QUICK, seed=QUICK.seed + 100)
KILLED = """
import sys, time
from mmquality.pipeline import building, kept_training
from mmquality.training import ensemble
from mmquality.config import Workspace
network = kept_training._Kept.network

def slower(self, number, trained):
    if number >= 3:
        time.sleep(600)
    network(self, number, trained)

kept_training._Kept.network = slower
ensemble._WORTH_PROCESSES = 1
if __name__ == "__main__":
    building.train(Workspace.at(sys.argv[1]), building.Options(epochs=1))
"""


@pytest.fixture
def shop(marketplace: Marketplace, tmp_path: Path) -> Workspace:
    """As it was when its model was trained."""
    return copy_of(marketplace, tmp_path / "shop")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds of the networks that are trained from now on."""
    seeds: list[int] = []

    def recording(*arguments: Any, **named: Any) -> Any:
        seeds.append(arguments[3].seed)
        return loop.train_network(*arguments, **named)

    monkeypatch.setattr(ensemble_module, "train_network", recording)
    return seeds


def stop(workspace: Workspace, after: int, options: building.Options = QUICK) -> Path:
    """Train until so many networks are there; the folder of what they left."""
    with pytest.MonkeyPatch.context() as patch:
        done: list[int] = []

        def stopping(*arguments: Any, **named: Any) -> Any:
            if len(done) == after:
                raise KeyboardInterrupt
            done.append(1)
            return loop.train_network(*arguments, **named)

        patch.setattr(ensemble_module, "train_network", stopping)
        with pytest.raises(KeyboardInterrupt):
            building.train(workspace, options)
    return max(trainings_path(workspace).iterdir(), key=lambda folder: folder.stat().st_mtime)


def is_the_first(workspace: Workspace, version: str) -> bool:
    """Whether a model is the one that the workspace came with, which was trained in one go."""
    of_both = [workspace.models / name for name in ("v0001", version)]
    told = [json.loads((folder / METRICS).read_text()) for folder in of_both]
    weights = [(folder / WEIGHTS).read_bytes() for folder in of_both]
    rest = [{name: value for name, value in of_one.items() if name != "seconds"} for of_one in told]
    return rest[0] == rest[1] and weights[0] == weights[1]


def test_it_goes_on_where_it_was(shop: Workspace, trained: list[int]) -> None:
    stop(shop, after=3)
    listening = Listening()
    version = building.train(shop, QUICK, listening)
    assert is_the_first(shop, version) and trained == [10, 11, 12]
    assert (
        "Going on with a training that was stopped: first look and 3 of 6 networks are there."
        in listening.heard
    )
    steps = next(line for line in listening.heard if line.startswith("Training networks: "))
    done, _, total = steps.removeprefix("Training networks: ").partition(" of ")
    assert done == total  # those of the networks that were there are counted
    assert not list(trainings_path(shop).iterdir())


def test_one_that_was_killed_goes_on_where_it_was(
    shop: Workspace, tmp_path: Path, trained: list[int]
) -> None:
    """With the processes that train for it."""
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    command = [sys.executable, script, shop.root]
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(PROJECT)}) as process:
        patience = time.monotonic() + 120
        while len(list(trainings_path(shop).glob("*/*/network-*.safetensors"))) < 3:
            assert process.poll() is None and time.monotonic() < patience
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    listening = Listening()
    assert is_the_first(shop, building.train(shop, QUICK, listening)) and trained == [10, 11, 12]
    assert any(line.startswith("Going on with") for line in listening.heard)


def test_what_fails_after_the_networks_trains_none_again(
    shop: Workspace, trained: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(building, "fit_scales", lambda *_: 1 / 0)
        building.train(shop, QUICK)
    assert len(trained) == 6
    assert is_the_first(shop, building.train(shop, QUICK)) and len(trained) == 6


def flip(path: Path) -> None:
    """One bit of the last weight."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("damage", [flip, truncate, empty])
def test_a_network_that_is_damaged_is_trained_anew(shop: Workspace, trained: list[int], damage: Any) -> None:
    (path,) = stop(shop, after=3).rglob("network-1.safetensors")
    damage(path)
    listening = Listening()
    assert is_the_first(shop, building.train(shop, QUICK, listening)) and trained == [8, 10, 11, 12]
    (said,) = [line for line in listening.heard if "damaged" in line]
    assert said.startswith(f"{path} is damaged (") and said.endswith("That network is trained anew.")
    assert any("2 of 6 networks" in line for line in listening.heard)


@pytest.mark.parametrize("damage", [flip, truncate, empty])
def test_without_its_first_look_all_begins_anew(shop: Workspace, trained: list[int], damage: Any) -> None:
    damage(stop(shop, after=3) / "first-look.safetensors")
    listening = Listening()
    assert is_the_first(shop, building.train(shop, QUICK, listening)) and len(trained) == 6
    (said,) = [line for line in listening.heard if "damaged" in line]
    assert said.endswith("The training begins anew.")


def test_an_error_before_anything_is_finished_leaves_nothing_that_counts(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(ensemble_module, "trusted_photos", lambda *_: 1 / 0)
        building.train(shop, QUICK)
    listening = Listening()
    building.train(shop, OTHER, listening)
    assert not any("stopped" in line for line in listening.heard)
    assert not list(trainings_path(shop).iterdir())


def test_two_that_are_stopped_in_turns_both_go_on_and_no_third(shop: Workspace, trained: list[int]) -> None:
    one, other = stop(shop, after=1), stop(shop, after=2, options=OTHER)
    listening = Listening()
    building.train(shop, QUICK, listening)
    assert trained == [8, 9, 10, 11, 12] and list(trainings_path(shop).iterdir()) == [other] != [one]
    third = stop(shop, after=1, options=dataclasses.replace(QUICK, seed=1))
    assert sorted(trainings_path(shop).iterdir()) == sorted([third, other])
    fourth = stop(shop, after=1, options=dataclasses.replace(QUICK, seed=2))
    assert sorted(trainings_path(shop).iterdir()) == sorted([third, fourth])


def test_another_label_makes_the_networks_anew_and_not_the_first_look(
    shop: Workspace, trained: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(shop) as store:
        listings = store.catalogue_frame(["listing_id"])["listing_id"]
    with copied(shop) as never_stopped:
        label(never_stopped, listings[0])
        expected = building.train(never_stopped, QUICK)
        weights = (never_stopped.models / expected / WEIGHTS).read_bytes()
    stop(shop, after=2)
    label(shop, listings[0])
    listening = Listening()
    trained.clear()
    monkeypatch.setattr(ensemble_module, "trusted_photos", lambda *_: pytest.fail("looked twice"))
    version = building.train(shop, QUICK, listening)
    assert len(trained) == 6 and (shop.models / version / WEIGHTS).read_bytes() == weights
    assert any("first look and 0 of 6 networks" in line for line in listening.heard)


@contextmanager
def copied(workspace: Workspace) -> Iterator[Workspace]:
    folder = workspace.root.with_name("copy")
    shutil.copytree(workspace.root, folder)
    yield Workspace.at(folder)


def label(workspace: Workspace, listing_id: str) -> None:
    with open_store(workspace) as store:
        store.add_label(listing_id, Verdict.MISMATCH, Reason.OTHER, "", "ann")


def test_two_that_are_taught_otherwise_in_turns_both_go_on(
    shop: Workspace, trained: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def taught_by(name: str) -> None:
        monkeypatch.setattr(kept_training, "_name_of_networks", lambda _: name)

    for name, after in (("clicks", 2), ("labels", 4), ("clicks", 3)):
        taught_by(name)
        folder = stop(shop, after)
    for name, seeds in (("labels", [11, 12]), ("clicks", [12])):
        taught_by(name)
        trained.clear()
        building.train(shop, QUICK)
        assert trained == seeds
        assert [path.name for path in folder.glob("[!.]*/")] == (["clicks"] if name == "labels" else [])
    assert not list(trainings_path(shop).iterdir())


@pytest.fixture(scope="module")
def assembled(marketplace: Marketplace) -> Assembled:
    with open_store(marketplace.workspace) as store:
        return assemble(marketplace.workspace, store)


@pytest.mark.parametrize(
    "what", ["listings", "products", "encoder", "torch", "processes", "device", "epochs", "shape"]
)
def test_all_that_a_first_look_depends_on_is_in_its_name(
    assembled: Assembled, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    network, config = building.configs_for(len(assembled.data), 10, 10, QUICK)
    before = kept_training._name_of_first_look(assembled, network, config)
    assert before == kept_training._name_of_first_look(assembled, network, config)
    if what == "listings":
        assembled = dataclasses.replace(assembled, catalogue=assembled.catalogue[::-1])
    elif what == "products":
        data = dataclasses.replace(assembled.data, product_key=np.zeros_like(assembled.data.product_key))
        assembled = dataclasses.replace(assembled, data=data)
    elif what == "encoder":
        settings = dataclasses.replace(assembled.settings, text_encoder="another")
        assembled = dataclasses.replace(assembled, settings=settings)
    elif what == "torch":
        monkeypatch.setattr(torch, "__version__", "0.0")
    elif what == "processes":
        monkeypatch.setenv("WORLD_SIZE", "2")
    elif what == "device":
        monkeypatch.setattr(kept_training, "chosen_device", lambda: "cuda:1")
    elif what == "epochs":
        config = dataclasses.replace(config, epochs=9)
    else:
        network = dataclasses.replace(network, projection="none")
    assert kept_training._name_of_first_look(assembled, network, config) != before


def test_who_teaches_is_in_the_name_of_the_networks_alone(assembled: Assembled) -> None:
    network, config = building.configs_for(len(assembled.data), 10, 10, QUICK)
    labelled = assembled.with_labels_apart(np.zeros(len(assembled.labels), dtype=np.bool_))
    verdict = assembled.data.verdict.copy()
    verdict[0] = 1
    changed = dataclasses.replace(assembled, data=dataclasses.replace(assembled.data, verdict=verdict))
    changed = changed.with_labels_apart(np.zeros(len(assembled.labels), dtype=np.bool_))
    look, networks = kept_training._name_of_first_look, kept_training._name_of_networks
    assert look(changed, network, config) == look(labelled, network, config)
    assert networks(changed) != networks(labelled) == networks(assembled)


def test_who_deletes_its_folder_begins_anew(shop: Workspace, trained: list[int]) -> None:
    shutil.rmtree(stop(shop, after=3))
    assert is_the_first(shop, building.train(shop, QUICK)) and len(trained) == 6
