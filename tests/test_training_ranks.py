"""Several processes on one network: the loss curve, the weights and the owners of one, shared negatives."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from synthetic import NETWORK, TRAINING, synthetic, without
from torch import Tensor

from mmquality.network.siamese import SiameseNetwork
from mmquality.network.towers import Dropout, part_of_batch
from mmquality.processes import Workers
from mmquality.training import ranks
from mmquality.training.data import TrainingData
from mmquality.training.ensemble import Ensemble, train_ensemble
from mmquality.training.finished import Finished, FirstLook

CONFIG = replace(TRAINING, epochs=3, batch_size=29, folds=2)


Together = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def together() -> Iterator[Together]:
    """`together(work, …)` is what `work(…)` gives in each of two processes that train together."""
    with Workers(2) as pool:

        def both(work: Callable[..., Any], *arguments: Any) -> list[Any]:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            futures = [pool.submit(as_rank, rank, port, work, arguments) for rank in range(2)]
            return [future.result(timeout=200) for future in futures]

        yield both


def as_rank(rank: int, port: int, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """As torchrun would start it."""
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "RANK": rank, "WORLD_SIZE": 2}
    os.environ.update({name: str(value) for name, value in place.items()})
    torch.set_num_threads(1)
    with ranks.together("cpu"):
        return work(*arguments)


def labelled() -> TrainingData:
    data = synthetic(90, swaps=0.1).data
    verdict = data.verdict.copy()
    verdict[:6] = [1, 0, 1, 0, 1, 0]
    return replace(data, verdict=verdict)


def weights(ensemble: Ensemble) -> Tensor:
    states = [network.state_dict() for network in (ensemble.network, *ensemble.fold_networks)]
    return torch.cat([tensor.flatten() for state in states for tensor in state.values()])


@pytest.mark.parametrize("clicks", [True, False], ids=["clicks", "self-supervised"])
def test_two_processes_train_as_one(together: Together, clicks: bool) -> None:
    """With dropout: each row is dropped out as in one process."""
    data = labelled() if clicks else without(labelled(), pairs=True, impressions=True)
    alone = train_ensemble(data, NETWORK, CONFIG, workers=1)
    first, second = together(train_ensemble, data, NETWORK, CONFIG)
    for ensemble in (first, second):
        assert (ensemble.owned == alone.owned).all() and (ensemble.fold == alone.fold).all()
        assert len(ensemble.history) == CONFIG.epochs
        for found, wanted in zip(ensemble.history, alone.history, strict=True):
            assert found == pytest.approx(wanted, rel=1e-4, abs=1e-5)
        torch.testing.assert_close(weights(ensemble), weights(alone), rtol=1e-3, atol=1e-4)
    assert weights(first).equal(weights(second))


def going_on(data: TrainingData, there: Finished) -> Ensemble:
    """The first process alone finds what is there."""
    finished = there if ranks.is_first() else Finished()
    return train_ensemble(data, NETWORK, CONFIG, finished=finished)


@pytest.mark.parametrize("numbers", [(), (1,), (0, 1, 2)])
def test_what_the_first_process_finds_of_a_training_is_trained_by_none(
    together: Together, numbers: tuple[int, ...]
) -> None:
    data = labelled()
    whole, _ = together(train_ensemble, data, NETWORK, CONFIG)
    trained = [(whole.network, whole.history), *((network, []) for network in whole.fold_networks)]
    look = FirstLook(whole.network.inputs, whole.owned)  # a verdict says the same again
    there = Finished(look, {number: trained[number] for number in numbers})
    for ensemble in together(going_on, data, there):
        assert weights(ensemble).equal(weights(whole)) and ensemble.history == whole.history
        assert (ensemble.owned == whole.owned).all()


def test_a_network_that_is_there_is_taken_as_it_is(together: Together) -> None:
    """Even one that no training would give."""
    data = labelled()
    network = SiameseNetwork(NETWORK).eval()
    look = FirstLook(network.inputs, np.ones(len(data), dtype=np.bool_))
    for ensemble in together(going_on, data, Finished(look, {0: (network, [{"mismatch": 0.5}])})):
        for found, given in zip(ensemble.network.parameters(), network.parameters(), strict=True):
            assert found.equal(given)
        assert (ensemble.owned == (data.verdict != 1)).all() and ensemble.history == [{"mismatch": 0.5}]


def gathered(values: Tensor) -> tuple[Tensor, Tensor, int]:
    """All rows doubled, their gradient, and how many of them this process computed."""
    seen: list[int] = []
    values = values.requires_grad_()

    def doubled(part: Tensor) -> Tensor:
        seen.append(len(part))
        return 2 * part

    whole = ranks.in_parts(doubled, values)
    (whole[0] @ whole.T).sum().backward()  # the first row meets every other: rows of both processes
    total = values.grad
    assert total is not None
    dist.all_reduce(total)
    return whole.detach(), total / dist.get_world_size(), seen[0]


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_what_is_gathered_is_whole_and_so_is_its_gradient(together: Together, rows: int) -> None:
    values = torch.from_numpy(np.random.default_rng(0).normal(size=(rows, 3)))
    oracle = values.clone().requires_grad_()
    (2 * oracle[0] @ (2 * oracle).T).sum().backward()
    found = together(gathered, values)
    for whole, gradient, _ in found:
        assert whole.equal(2 * values)
        torch.testing.assert_close(gradient, oracle.grad)
    assert sum(computed for *_, computed in found) == rows


def left_behind() -> None:
    """The second process ends at once, the first one waits for it."""
    if dist.get_rank() == 0:
        dist.all_reduce(torch.ones(1))


def test_a_process_that_is_gone_is_missed(together: Together) -> None:
    with pytest.raises(ranks.RankLost, match="peer"):
        together(left_behind)


def test_an_error_of_ones_own_stays_what_it_is(together: Together) -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        together(torch.mm, torch.ones(2, 3), torch.ones(2, 3))


def test_a_part_of_a_batch_is_dropped_out_as_in_the_whole() -> None:
    layer, x = Dropout(0.5).train(), torch.ones(7, 4)
    torch.manual_seed(3)
    whole, following = layer(x), torch.rand(1)
    torch.manual_seed(3)
    with part_of_batch(slice(2, 5), 7):
        assert layer(x[2:5]).equal(whole[2:5])
    assert torch.rand(1).equal(following)


def test_alone_everything_stays_as_it_is() -> None:
    layer, x = torch.nn.Linear(3, 2), torch.ones(4, 3)
    assert ranks.count() == 1 and ranks.is_first() and not ranks.started_by_torchrun()
    assert ranks.in_parts(layer, x).equal(layer(x)) and ranks.averaging(layer) is layer
