"""Training from memory maps: in blocks as at once, from maps as from memory, and nothing is left behind."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from synthetic import NETWORK, TRAINING, standardised, synthetic, tensors_of, without

from mmquality import linear
from mmquality import rows as arrays
from mmquality.rows import in_folder
from mmquality.training import ensemble as ensemble_module
from mmquality.training import mapped
from mmquality.training.batches import Tensors
from mmquality.training.data import TrainingData
from mmquality.training.ensemble import Ensemble, train_ensemble
from mmquality.training.first_look import first_look
from mmquality.training.groups import grouped_folds
from mmquality.training.warm_start import Start, fit_inputs

SHORT = replace(TRAINING, epochs=1, folds=2)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 37 rows, so that every catalogue here is several, and the last one is not full."""
    monkeypatch.setattr(arrays, "BLOCK", 37)


def on_disk(data: TrainingData, folder: Path) -> TrainingData:
    """The same catalogue, its embeddings in maps that nobody may write to."""
    found = {}
    for name in ("titles", "photos"):
        np.save(folder / f"{name}.npy", getattr(data, name))
        found[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
    return replace(data, **found)


def same(a: Ensemble, b: Ensemble) -> bool:
    networks = zip([a.network, *a.fold_networks], [b.network, *b.fold_networks], strict=True)
    states = [(one.state_dict(), other.state_dict()) for one, other in networks]
    return all(one[name].equal(other[name]) for one, other in states for name in one)


def test_a_catalogue_in_maps_trains_the_networks_of_one_in_memory(tmp_path: Path) -> None:
    data = synthetic(90).data
    in_memory = train_ensemble(data, NETWORK, SHORT, workers=1)
    (tmp_path / "scratch").mkdir()
    in_maps = train_ensemble(on_disk(data, tmp_path), NETWORK, SHORT, 1, scratch=str(tmp_path / "scratch"))
    assert same(in_memory, in_maps) and in_memory.history == in_maps.history
    assert not list((tmp_path / "scratch").iterdir())


def test_nothing_is_left_behind_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any, **named: Any) -> Any:
        assert list(tmp_path.iterdir())
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(ensemble_module, "train_network", failing)
    with pytest.raises(RuntimeError, match="fire"):
        train_ensemble(synthetic(60).data, NETWORK, SHORT, workers=1, scratch=str(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("small_blocks")
def test_components_of_blocks_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    titles = synthetic(120).data.titles
    titles = titles[titles[:, 0].argsort()]  # blocks that are not alike: what lies between them counts
    mean, basis = linear.principal_components(titles, 16)
    monkeypatch.setattr(arrays, "BLOCK", 1_000)
    whole_mean, whole = linear.principal_components(titles, 16)
    torch.testing.assert_close(mean, whole_mean)
    six = slice(6)  # directions of what the listings are; those of the noise are nearly interchangeable
    torch.testing.assert_close(basis[:, six].abs(), whole[:, six].abs(), rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("small_blocks")
def test_the_start_of_blocks_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = tensors_of(synthetic(120).data, np.arange(120) % 5 != 0)
    start = Start.of(tensors, NETWORK, ridge=1.0, power=1.0)
    monkeypatch.setattr(arrays, "BLOCK", 1_000)
    whole = Start.of(tensors, NETWORK, ridge=1.0, power=1.0)
    for name in ("a", "b", "mean", "joint"):
        found, wanted = getattr(start, name), getattr(whole, name)
        torch.testing.assert_close(found.abs(), wanted.abs(), rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("small_blocks")
def test_the_first_look_at_blocks_is_that_at_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    data = synthetic(120, swaps=0.1).data
    given = *standardised(data), data.keys, grouped_folds(data, 2, 7), TRAINING
    in_blocks = first_look(*given)
    monkeypatch.setattr(arrays, "BLOCK", 1_000)
    np.testing.assert_allclose(in_blocks, first_look(*given), atol=1e-4)


def test_the_first_look_keeps_neighbours_where_there_is_room(tmp_path: Path) -> None:
    data = synthetic(120, swaps=0.1).data
    given = *standardised(data), data.keys, grouped_folds(data, 2, 7), TRAINING
    np.testing.assert_array_equal(first_look(*given), first_look(*given, in_folder(tmp_path)))
    assert len(list(tmp_path.iterdir())) > 10  # spaces, who is near in them, what they say of both photos


@pytest.mark.parametrize("pairs", [True, False])
def test_what_is_kept_is_found_again(tmp_path: Path, pairs: bool) -> None:
    data = without(synthetic(50).data, pairs=not pairs, impressions=not pairs)
    inputs = fit_inputs(NETWORK, data.titles, data.photos)
    x, y = mapped.standardised(inputs, data, str(tmp_path))
    sparse = replace(data, shown=csr_array(data.shown), clicked=csr_array(data.clicked))
    tensors = Tensors.of(data, x, y, np.arange(50) % 2 == 0)
    counted = mapped.with_counts(sparse, str(tmp_path))
    mapped.keep(Tensors.of(counted, x, y, np.arange(50) % 2 == 0), str(tmp_path))
    found = mapped.kept(str(tmp_path))
    for field in fields(Tensors):
        one, other = getattr(found, field.name), getattr(tensors, field.name)
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)
    for one, other in zip((x, y), standardised(data), strict=True):
        np.testing.assert_array_equal(one.numpy(), other)


def test_of_more_listings_than_a_network_learns_from_some_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Among them all that somebody has judged, and never one that is held out."""
    data, seen = synthetic(90).data, []
    verdict = data.verdict.copy()
    verdict[:4] = [1, 0, 1, 0]
    trained = ensemble_module.train_network

    def recording(tensors: Tensors, *rest: Any, **named: Any) -> Any:
        seen.append(tensors)
        return trained(tensors, *rest, **named)

    monkeypatch.setattr(ensemble_module, "train_network", recording)
    config = replace(SHORT, most_listings=30)
    ensemble = train_ensemble(replace(data, verdict=verdict), NETWORK, config, workers=1)
    whole, *folds = [tensors.rows.tolist() for tensors in seen]
    assert len(whole) == 30 and sorted(set(whole)) == whole and whole[:4] == [0, 1, 2, 3]
    for number, rows in enumerate(folds):
        assert len(rows) == 30 and not (ensemble.fold[rows] == number).any()
        assert {row for row in range(4) if ensemble.fold[row] != number} <= set(rows)
    assert all(set(tensors.pairs.flatten().tolist()) <= set(tensors.rows.tolist()) for tensors in seen)
