"""One network on everything, and one per fold that never saw the fold's listings.

A network scores the listings it was trained on too kindly: it has memorised their photos as right. Each
listing therefore also gets the score of a network trained without it (and without those that share its title,
photo or product). The networks are independent of each other, so they are trained in processes of their own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch

from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.processes import Workers
from mmquality.training.data import Bools, Ints, TrainingData
from mmquality.training.first_look import owned_photos
from mmquality.training.groups import grouped_folds
from mmquality.training.loop import train_network
from mmquality.training.warm_start import fit_inputs

Progress = Callable[[int, int], None]

_WORTH_PROCESSES = 1_000  # listings
Trained = tuple[SiameseNetwork, list[dict[str, float]]]


@dataclass(frozen=True)
class Ensemble:
    """What training gives: the networks, and who was held out of which."""

    network: SiameseNetwork  # trained on every listing: unified embeddings, in-sample scores
    fold_networks: list[SiameseNetwork]  # fold_networks[f] never saw the listings of fold f
    fold: Ints  # (n,)
    owned: Bools  # (n,) the photo served as a positive example of its title
    history: list[dict[str, float]]  # mean losses of each epoch of `network`


def train_ensemble(
    data: TrainingData,
    network_config: NetworkConfig,
    config: TrainingConfig,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Ensemble:
    """Train `config.folds + 1` networks in `workers` processes.

    By default as many as the machine has cores, or this one alone where training takes no longer than
    starting others.

    The result does not depend on `workers`: every network is trained in one thread with its own seed.
    """
    fold = grouped_folds(data, config.folds, config.seed)
    with one_thread():
        inputs = fit_inputs(network_config, torch.from_numpy(data.titles), torch.from_numpy(data.photos))
        owned = owned_photos(data, inputs, fold, config)
    shared = _Shared(data, owned, inputs, network_config)
    # The network trained on everything comes first: it takes longest.
    jobs = [_Job(np.arange(len(data)), config)]
    jobs += [
        _Job(np.flatnonzero(fold != f), replace(config, seed=config.seed + 1 + f))
        for f in range(config.folds)
    ]
    trained: dict[int, Trained] = {}
    for done, (number, result) in enumerate(_run(jobs, shared, workers), 1):
        trained[number] = result
        if progress:
            progress(done, len(jobs))
    network, history = trained[0]
    return Ensemble(network, [trained[f + 1][0] for f in range(config.folds)], fold, owned, history)


@dataclass(frozen=True)
class _Job:
    rows: Ints
    config: TrainingConfig


@dataclass(frozen=True)
class _Shared:
    data: TrainingData
    owned: Bools
    inputs: Inputs
    network_config: NetworkConfig


def _run(jobs: list[_Job], shared: _Shared, workers: int | None) -> Iterator[tuple[int, Trained]]:
    """(number of the job, what it trained), in the order of finishing."""
    usual = os.cpu_count() or 1 if len(shared.data) >= _WORTH_PROCESSES else 1
    workers = min(workers or usual, len(jobs))
    if workers == 1:
        yield from ((number, _train(job, shared)) for number, job in enumerate(jobs))
        return
    with Workers(workers, _initialise, (shared,)) as pool:
        numbers = {pool.submit(_train_in_worker, job): number for number, job in enumerate(jobs)}
        for future in as_completed(numbers):
            yield numbers[future], future.result()


_shared: _Shared  # sent to each worker process once, not with every job


def _initialise(shared: _Shared) -> None:
    global _shared
    _shared = shared


def _train_in_worker(job: _Job) -> Trained:
    return _train(job, _shared)


def _train(job: _Job, shared: _Shared) -> Trained:
    with one_thread():
        return train_network(
            shared.data.subset(job.rows),
            shared.owned[job.rows],
            shared.inputs,
            shared.network_config,
            job.config,
        )


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread sums in one order, whatever the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
