"""One network on everything, and one per fold that never saw the fold's listings.

A network scores the listings it was trained on too kindly: it has memorised their photos as right. Each
listing therefore also gets the score of a network trained without it (and without those that share its title,
photo or product). The networks are independent of each other, so they are trained in processes of their own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.processes import Workers
from mmquality.rows import in_folder
from mmquality.training import ranks
from mmquality.training.batches import Tensors, batch_count
from mmquality.training.data import Bools, Floats, Ints, TrainingData
from mmquality.training.finished import Finished, FirstLook, Keep, Trained, known_to_all
from mmquality.training.first_look import owned_photos, trusted_photos
from mmquality.training.groups import grouped_folds
from mmquality.training.loop import train_network
from mmquality.training.mapped import keep, kept, standardised, with_counts
from mmquality.training.standing import Stage, Standing, progress_of, untold
from mmquality.training.warm_start import fit_inputs

_WORTH_PROCESSES = 1_000  # listings
_GLANCE = 0.5  # seconds between two looks at how far workers are
_NOTHING = Finished()


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
    stage: Stage = untold,
    scratch: str | None = None,
    device: str = "cpu",
    finished: Finished = _NOTHING,
) -> Ensemble:
    """Train `config.folds + 1` networks in `workers` processes, but for those that are `finished`.

    By default as many as the machine has cores, or this one alone where training takes no longer than
    starting others.

    The result does not depend on `workers`: every network is trained in one thread with its own seed.

    :param stage: is told of the first look and of the networks' steps
    :param scratch: a folder for what all processes read, 4 bytes for each component of each listing, and at
        first look for neighbours; all gone afterwards (by default the system's place for temporary files)
    :param device: that computes the steps; one GPU trains one network after the other
    :param finished: what an earlier training of the same, which was stopped, has left
    """
    fold = grouped_folds(data, config.folds, config.seed)
    jobs = _jobs(fold, data.verdict, config)
    finished = known_to_all(finished, network_config, len(data))
    look, networks = finished.look, dict(finished.networks)
    if look is None or len(networks) < len(jobs):
        with TemporaryDirectory(prefix="training-", dir=scratch) as folder:
            look = _prepared(data, fold, network_config, config, finished, stage, folder)
            shared = _Shared(folder, look.inputs, network_config, device, finished.keep)
            steps = [job.steps for job in jobs]
            with stage("Training networks", sum(steps)) as advance:
                standing = Standing(folder, steps, config.epochs, advance, there=networks)
                networks |= _run(
                    [job for job in jobs if job.number not in networks], shared, workers, standing
                )
    (network, history), *of_folds = (networks[job.number] for job in jobs)
    owned = owned_photos(look.trusted, data.verdict)
    return Ensemble(network, [network for network, _ in of_folds], fold, owned, history)


def _prepared(
    data: TrainingData,
    fold: Ints,
    network_config: NetworkConfig,
    config: TrainingConfig,
    finished: Finished,
    stage: Stage,
    folder: str,
) -> FirstLook:
    """What networks learn from; what they read of `data` is then in `folder`."""
    look = finished.look
    with one_thread(), stage("First look" if look is None else "Standardising", 1) as advance:
        inputs = _inputs(data, network_config) if look is None else look.inputs
        x, y = standardised(inputs, data, folder)
        if look is None:
            look = FirstLook(inputs, _trusted(data, x, y, fold, config, folder))
            finished.keep.look(look)
        advance(1, "")
    owned = owned_photos(look.trusted, data.verdict)
    keep(Tensors.of(with_counts(data, folder), x, y, owned), folder)
    return look


def _inputs(data: TrainingData, config: NetworkConfig) -> Inputs:
    """Fitted by the first of the processes that train together, for all of them."""
    inputs = fit_inputs(config, data.titles, data.photos) if ranks.is_first() else Inputs(config)
    ranks.from_the_first(inputs.buffers())
    return inputs


def _trusted(
    data: TrainingData, x: Tensor, y: Tensor, fold: Ints, config: TrainingConfig, folder: str
) -> Bools:
    """What the first of the processes that train together sees at first look."""
    trusted = np.zeros(len(data), dtype=np.bool_)
    if ranks.is_first():
        with TemporaryDirectory(dir=folder) as meanwhile:
            trusted = trusted_photos(x.numpy(), y.numpy(), data.keys, fold, config, in_folder(meanwhile))
    ranks.from_the_first([torch.from_numpy(trusted.view(np.uint8))])
    return trusted


@dataclass(frozen=True)
class _Job:
    number: int
    rows: Ints
    config: TrainingConfig

    @property
    def steps(self) -> int:
        return batch_count(len(self.rows), self.config.batch_size) * self.config.epochs


@dataclass(frozen=True)
class _Shared:
    folder: str  # of the tensors that were kept
    inputs: Inputs
    network_config: NetworkConfig
    device: str
    keep: Keep  # of networks, by whichever process trained them


def _jobs(fold: Ints, verdict: Floats, config: TrainingConfig) -> list[_Job]:
    """The network trained on everything comes first: it takes longest."""
    jobs = [_Job(0, _drawn(np.arange(len(fold)), verdict, config), config)]
    for f in range(config.folds):
        own = replace(config, seed=config.seed + 1 + f)
        jobs.append(_Job(1 + f, _drawn(np.flatnonzero(fold != f), verdict, own), own))
    return jobs


def _drawn(rows: Ints, verdict: Floats, config: TrainingConfig) -> Ints:
    """All of `rows` or, where they are more than a network learns from, that many at random, ascending.

    Those that an analyst has judged come first: they are few, and say the most.
    """
    if len(rows) <= config.most_listings:
        return rows
    shuffled = np.random.default_rng(config.seed).permutation(rows)
    judged_first = shuffled[np.argsort(np.isnan(verdict[shuffled]), kind="stable")]
    return np.sort(judged_first[: config.most_listings])


def _run(jobs: list[_Job], shared: _Shared, workers: int | None, standing: Standing) -> dict[int, Trained]:
    """What each job trained, by its number.

    Processes that train together train one network after the other, each of them all together.
    """
    usual = os.cpu_count() or 1 if any(len(job.rows) >= _WORTH_PROCESSES for job in jobs) else 1
    workers = min(workers or usual, len(jobs))
    if workers <= 1 or ranks.count() > 1 or shared.device != "cpu":
        tensors = kept(shared.folder)
        return {job.number: _train(job, tensors, shared, standing.tell) for job in jobs}
    with Workers(workers, _initialise, (shared,)) as pool:
        results = {job.number: pool.submit(_train_in_worker, job) for job in jobs}
        waiting = set(results.values())
        while waiting:
            ended, waiting = wait(waiting, timeout=_GLANCE)
            standing.tell()
            for result in ended:
                result.result()  # raises what went wrong, whatever the others are at
        return {number: result.result() for number, result in results.items()}


_given: tuple[Tensors, _Shared]  # a worker process's, not sent with every job


def _initialise(shared: _Shared) -> None:
    global _given
    _given = kept(shared.folder), shared


def _train_in_worker(job: _Job) -> Trained:
    return _train(job, *_given)


def _train(
    job: _Job, tensors: Tensors, shared: _Shared, tell: Callable[[], object] = lambda: None
) -> Trained:
    """`tell` is called once it is written down how far it is: by a process that speaks itself."""
    write = progress_of(shared.folder, job.number)

    def progress(steps: int, loss: float) -> None:
        write(steps, loss)
        tell()

    with one_thread():
        rows = tensors.among(job.rows)
        trained = train_network(
            rows, shared.inputs, shared.network_config, job.config, progress, device=shared.device
        )
    shared.keep.network(job.number, trained)
    return trained


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread sums in one order, whatever the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
