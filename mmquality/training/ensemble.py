"""One network on everything, and one per fold that never saw the fold's listings.

A network scores the listings it was trained on too kindly: it has memorised their photos as right. Each
listing therefore also gets the score of a network trained without it (and without those that share its title,
photo or product). The networks are independent of each other, so they are trained in processes of their own.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace

import numpy as np
import torch

from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.network.siamese import SiameseNetwork
from mmquality.training.data import Bools, Ints, TrainingData
from mmquality.training.groups import grouped_folds, owned_photos
from mmquality.training.loop import train_network

Progress = Callable[[int, int], None]
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
    """Train `config.folds + 1` networks in `workers` processes (as many as the machine has cores by default).

    The result does not depend on `workers`: every network is trained in one thread with its own seed.
    """
    fold = grouped_folds(data, config.folds, config.seed)
    owned = owned_photos(data, config)
    # The network trained on everything comes first: it takes longest.
    jobs = [_Job(np.arange(len(data)), config)]
    jobs += [
        _Job(np.flatnonzero(fold != f), replace(config, seed=config.seed + 1 + f))
        for f in range(config.folds)
    ]
    trained: dict[int, Trained] = {}
    for done, (number, result) in enumerate(_run(jobs, data, owned, network_config, workers), 1):
        trained[number] = result
        if progress:
            progress(done, len(jobs))
    network, history = trained[0]
    return Ensemble(network, [trained[f + 1][0] for f in range(config.folds)], fold, owned, history)


@dataclass(frozen=True)
class _Job:
    rows: Ints
    config: TrainingConfig


def _run(
    jobs: list[_Job], data: TrainingData, owned: Bools, network_config: NetworkConfig, workers: int | None
) -> Iterator[tuple[int, Trained]]:
    """(number of the job, what it trained), in the order of finishing."""
    workers = min(workers or os.cpu_count() or 1, len(jobs))
    shared = (data, owned, network_config)
    if workers == 1:
        yield from ((number, _train(job, *shared)) for number, job in enumerate(jobs))
        return
    # "spawn": a forked child of a process that already used torch's thread pool hangs.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_initialise, initargs=shared) as pool:
        numbers = {pool.submit(_train_in_worker, job): number for number, job in enumerate(jobs)}
        for future in as_completed(numbers):
            yield numbers[future], future.result()


_shared: tuple[TrainingData, Bools, NetworkConfig]  # sent to each worker process once, not with every job


def _initialise(data: TrainingData, owned: Bools, network_config: NetworkConfig) -> None:
    global _shared
    _shared = (data, owned, network_config)


def _train_in_worker(job: _Job) -> Trained:
    return _train(job, *_shared)


def _train(job: _Job, data: TrainingData, owned: Bools, network_config: NetworkConfig) -> Trained:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # one thread sums in one order, whatever the machine
    try:
        return train_network(data.subset(job.rows), owned[job.rows], network_config, job.config)
    finally:
        torch.set_num_threads(threads)
