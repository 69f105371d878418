"""The ensemble: repeatable to the last bit, in any number of processes, and blind to what is held out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from synthetic import NETWORK, TRAINING, standardised, synthetic

from mmquality.network.siamese import SiameseNetwork
from mmquality.training import ensemble as ensemble_module
from mmquality.training.data import TrainingData
from mmquality.training.ensemble import Ensemble, train_ensemble
from mmquality.training.finished import Finished, FirstLook, Trained
from mmquality.training.first_look import owned_photos, trusted_photos
from mmquality.training.loop import train_network
from mmquality.training.standing import Advance
from mmquality.training.warm_start import fit_inputs

CONFIG = replace(TRAINING, epochs=2, folds=3)


def train(data: TrainingData, seed: int = 7) -> Ensemble:
    return train_ensemble(data, NETWORK, replace(CONFIG, seed=seed), workers=1)


def same(a: SiameseNetwork, b: SiameseNetwork) -> bool:
    return all(
        torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


def networks(ensemble: Ensemble) -> list[SiameseNetwork]:
    return [ensemble.network, *ensemble.fold_networks]


@pytest.fixture(scope="module")
def data() -> TrainingData:
    data = synthetic(90).data
    verdict = data.verdict.copy()
    verdict[:5] = 1  # so that not every listing owns its photo
    return replace(data, verdict=verdict)


@pytest.fixture(scope="module")
def trained(data: TrainingData) -> Ensemble:
    return train(data)


def test_one_network_for_all_and_one_for_each_fold(trained: Ensemble) -> None:
    assert len(trained.fold_networks) == 3 and sorted(set(trained.fold)) == [0, 1, 2]
    assert len(trained.history) == 2 and not any(network.training for network in networks(trained))
    assert not any(same(a, b) for a, b in zip(networks(trained), networks(trained)[1:], strict=False))


def test_training_again_gives_the_same_to_the_last_bit(data: TrainingData, trained: Ensemble) -> None:
    again = train(data)
    assert all(same(a, b) for a, b in zip(networks(trained), networks(again), strict=True))
    assert again.history == trained.history and (again.fold == trained.fold).all()


def test_the_number_of_processes_changes_nothing(data: TrainingData, trained: Ensemble) -> None:
    parallel = train_ensemble(data, NETWORK, CONFIG, 2)
    assert all(same(a, b) for a, b in zip(networks(trained), networks(parallel), strict=True))
    assert parallel.history == trained.history and (parallel.owned == trained.owned).all()


def test_another_seed_gives_other_networks(data: TrainingData, trained: Ensemble) -> None:
    assert not same(train(data, seed=8).network, trained.network)


def test_every_network_is_trained_in_one_thread_and_the_others_come_back(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def recording(*arguments: Any, **named: Any) -> Any:
        threads.append(torch.get_num_threads())
        return train_network(*arguments, **named)

    monkeypatch.setattr(ensemble_module, "train_network", recording)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train(data.subset(np.arange(40)))
        assert threads == [1, 1, 1, 1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("what", ["photos", "titles", "clicked", "verdict"])
def test_a_fold_network_never_saw_its_fold(
    data: TrainingData, trained: Ensemble, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    held_out = np.flatnonzero(trained.fold == 1)
    array = getattr(data, what).copy()
    array[held_out] = 0.5 + np.random.default_rng(1).random(array[held_out].shape)
    # The standardisation reads every embedding (never what belongs together), and so does the first look.
    inputs = fit_inputs(NETWORK, data.titles, data.photos)
    monkeypatch.setattr(ensemble_module, "fit_inputs", lambda *_: inputs)
    monkeypatch.setattr(ensemble_module, "trusted_photos", lambda *_: trained.owned)
    changed = train(replace(data, **{what: array}))
    assert same(changed.fold_networks[1], trained.fold_networks[1])
    for network, before in zip(networks(changed), networks(trained), strict=True):
        if before is not trained.fold_networks[1]:
            assert not same(network, before)


def test_the_pairs_of_a_held_out_listing_are_held_out_too(data: TrainingData, trained: Ensemble) -> None:
    outside = trained.fold[data.pairs] == 1
    kept = replace(data, pairs=data.pairs[~outside.any(axis=1)])
    assert same(train(kept).fold_networks[1], trained.fold_networks[1])


def test_owners_are_those_of_the_whole_catalogue(data: TrainingData, trained: Ensemble) -> None:
    trusted = trusted_photos(*standardised(data), data.keys, trained.fold, CONFIG)
    expected = owned_photos(trusted, data.verdict)
    assert (trained.owned == expected).all() and 0 < (~trained.owned).sum() < 20


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_counts_the_steps_of_all_networks(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(ensemble_module, "_GLANCE", 0.01)
    stages: dict[str, int] = {}
    told: list[tuple[int, str]] = []

    @contextmanager
    def stage(name: str, total: int) -> Iterator[Advance]:
        stages[name] = total
        yield lambda more, note: told.append((more, note))

    config = replace(CONFIG, epochs=2, folds=2, batch_size=10)
    ensemble = train_ensemble(data.subset(np.arange(30)), NETWORK, config, workers, stage)
    assert stages == {"First look": 1, "Training networks": 2 * (3 + 2 + 2)}
    assert told[0] == (1, "") and sum(more for more, _ in told[1:]) == 14
    *_, (_, last) = told
    assert last.startswith("network 3 of 3, epoch 2 of 2, loss ")
    if workers == 1:
        loss = sum(ensemble.history[0].values())
        notes = [note for _, note in told[1:7]]
        first, second = "network 1 of 3, epoch 1 of 2", f"network 1 of 3, epoch 2 of 2, loss {loss:.3f}"
        assert notes == [first, first, first, second, second, second]


def test_an_error_of_one_network_ends_the_others(data: TrainingData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble_module, "_train_in_worker", abs)
    with pytest.raises(TypeError, match="abs"):
        train_ensemble(data, NETWORK, CONFIG, 2)


class Kept:
    """Keeps in memory what is finished; an error ends the training after so many networks."""

    def __init__(self, networks: int) -> None:
        self.first_look: FirstLook | None = None
        self.networks: dict[int, Trained] = {}
        self.most = networks

    def look(self, look: FirstLook) -> None:
        assert not self.networks
        self.first_look = look
        self.stop()

    def network(self, number: int, trained: Trained) -> None:
        self.networks[number] = trained
        self.stop()

    def stop(self) -> None:
        if len(self.networks) == self.most:
            raise InterruptedError


@pytest.mark.parametrize("there", [0, 1, 3, 4])
def test_one_that_was_stopped_goes_on_to_the_same_to_the_last_bit(
    data: TrainingData, trained: Ensemble, monkeypatch: pytest.MonkeyPatch, there: int
) -> None:
    kept = Kept(there)
    with pytest.raises(InterruptedError):
        train_ensemble(data, NETWORK, CONFIG, workers=1, finished=Finished(keep=kept))
    kept.most, seeds, stages = -1, list[int](), dict[str, int]()

    def recording(*arguments: Any, **named: Any) -> Any:
        seeds.append(arguments[3].seed)
        return train_network(*arguments, **named)

    @contextmanager
    def stage(name: str, total: int) -> Iterator[Advance]:
        stages[name] = -total

        def advance(more: int, note: str) -> None:
            stages[name] += more
            if name == "Training networks":
                assert f"network {len(kept.networks) + 1} of 4" in note

        yield advance

    monkeypatch.setattr(ensemble_module, "train_network", recording)
    monkeypatch.setattr(ensemble_module, "trusted_photos", lambda *_: pytest.fail("looked twice"))
    finished = Finished(kept.first_look, dict(kept.networks), kept)
    again = train_ensemble(data, NETWORK, CONFIG, workers=1, stage=stage, finished=finished)
    assert seeds == [7, 8, 9, 10][there:] and sorted(kept.networks) == [0, 1, 2, 3]
    assert stages == ({} if there == 4 else {"Standardising": 0, "Training networks": 0})
    assert all(same(a, b) for a, b in zip(networks(trained), networks(again), strict=True))
    assert again.history == trained.history and not any(network.training for network in networks(again))
    assert (again.owned == trained.owned).all() and (again.fold == trained.fold).all()
