"""The training loop: AdamW, one cycle, the three losses; deterministic for a seed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.network import losses
from mmquality.network.siamese import Inputs, Projected, SiameseNetwork
from mmquality.training.batches import Batch, Tensors, batch_count, epoch, swap
from mmquality.training.data import Bools, TrainingData
from mmquality.training.warm_start import Start, warm_start

Progress = Callable[[int, int], None]


def train_network(
    data: TrainingData,
    owned: Bools,
    inputs: Inputs,
    network_config: NetworkConfig,
    config: TrainingConfig,
    progress: Progress | None = None,
    start: Start | None = None,
) -> tuple[SiameseNetwork, list[dict[str, float]]]:
    """Train one network on `data`; returns it in evaluation mode, with the mean losses of each epoch.

    :param owned: (n,) listings whose photo may serve as a positive example of its title
    :param inputs: fitted standardisation (`warm_start.fit_inputs`)
    :param start: `start_of` these, where it is known already
    """
    torch.manual_seed(config.seed)  # dropout and initial weights; batches draw from a generator of their own
    generator = torch.Generator().manual_seed(config.seed)
    network = SiameseNetwork(network_config, inputs)
    start = start or start_of(data, owned, inputs, network_config, config)
    tensors = Tensors.of(data, start.x, start.y, torch.from_numpy(owned))
    warm_start(network, start)
    descent = _Descent(network, config, total_steps=batch_count(len(data), config.batch_size) * config.epochs)
    history = []
    network.train()
    for number in range(1, config.epochs + 1):
        history.append(_train_epoch(network, tensors, config, descent, generator))
        if progress:
            progress(number, config.epochs)
    return network.eval(), history


def start_of(
    data: TrainingData, owned: Bools, inputs: Inputs, network_config: NetworkConfig, config: TrainingConfig
) -> Start:
    """Where `train_network` starts from."""
    titles, photos, own = (torch.from_numpy(array) for array in (data.titles, data.photos, owned))
    ridge, power = config.cca_ridge, config.cca_power
    return Start.of(inputs, titles, photos, own, network_config, ridge=ridge, power=power)


class _Descent:
    """AdamW whose learning rate goes through one cycle."""

    def __init__(self, network: SiameseNetwork, config: TrainingConfig, total_steps: int) -> None:
        rate = config.learning_rate
        self._optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=config.weight_decay)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(self._optimizer, rate, total_steps=total_steps)

    def step(self, loss: Tensor) -> None:
        self._optimizer.zero_grad(set_to_none=True)
        if loss.requires_grad:  # not where every term is switched off or has nothing to say of the batch
            torch.autograd.backward(loss)
        self._optimizer.step()
        self._schedule.step()


def _train_epoch(
    network: SiameseNetwork,
    tensors: Tensors,
    config: TrainingConfig,
    descent: _Descent,
    generator: torch.Generator,
) -> dict[str, float]:
    """One pass over the listings; the mean of each term over the batches."""
    steps = batch_count(len(tensors.x), config.batch_size)
    means: dict[str, float] = {}
    for batch in epoch(tensors, config.batch_size, generator):
        terms = step_losses(network, tensors, batch, config, generator)
        descent.step(sum(terms.values(), torch.zeros(())))
        for name, term in terms.items():
            means[name] = means.get(name, 0.0) + float(term.detach()) / steps
    return means


def step_losses(
    network: SiameseNetwork,
    tensors: Tensors,
    batch: Batch,
    config: TrainingConfig,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """The weighted terms of the loss for one batch; their sum is `L`."""
    step = _Step(network, tensors, batch, config)
    terms = {}
    if config.coclick_weight:
        terms["coclick"] = config.coclick_weight * _coclick(step)
    if config.triplet_weight and config.triplets_within:
        terms["triplets_within"] = config.triplet_weight * _triplets_within(step)
    if config.triplet_weight and config.triplets_between and batch.pairs:
        terms["triplets_between"] = config.triplet_weight * _triplets_between(step)
    if config.mismatch_weight:
        for name, term in _mismatch(step, generator).items():
            terms[name] = config.mismatch_weight * term
    return terms


class _Step:
    """What the terms of the loss share for one batch."""

    def __init__(
        self, network: SiameseNetwork, tensors: Tensors, batch: Batch, config: TrainingConfig
    ) -> None:
        self.network, self.tensors, self.batch, self.config = network, tensors, batch, config
        self.rows = batch.rows[: batch.listings]
        self.projected = network.project(tensors.x[batch.rows], tensors.y[batch.rows])

    def part(self, which: slice) -> Projected:
        """Title and photo vectors of a part of the batch."""
        return Projected(self.projected.u[which], self.projected.v[which])

    @cached_property
    def excluded(self) -> Tensor:
        """(listings, listings) bool: which of the batch's listings are never each other's negatives."""
        return self.tensors.excluded(self.rows, self.rows)

    @cached_property
    def excluded_between(self) -> Tensor:
        """(p, p) bool: likewise anchors and positives, co-clicked ones included."""
        a, b = self.batch.rows[self.batch.anchors], self.batch.rows[self.batch.positives]
        return self.tensors.excluded(a, b) | self.tensors.co_clicked(a, b)


def _coclick(step: _Step) -> Tensor:
    """Co-clicked listings are near; without any pair, a listing is near itself under another dropout."""
    network, batch, tensors = step.network, step.batch, step.tensors
    loss = {"softmax": losses.coclick_softmax, "bce": losses.coclick_bce}[step.config.coclick_loss]
    if batch.pairs:
        z_a, z_b = (network.unified(step.part(end)) for end in (batch.anchors, batch.positives))
        return loss(network.affinity(z_a, z_b), step.excluded_between)
    z_a = network.unified(step.projected)
    z_b = network.unified(network.project(tensors.x[step.rows], tensors.y[step.rows]))
    return loss(network.affinity(z_a, z_b), step.excluded)


def _triplets_within(step: _Step) -> Tensor:
    """(title, its own photo, another photo) and the mirror (photo, its own title, another title)."""
    owned, margin = step.tensors.owned[step.rows], step.config.margin
    excluded = step.excluded[owned]
    distances = step.network.distances(step.part(slice(step.batch.listings)))
    own = distances.diagonal()[owned]
    by_title = losses.triplet(own, distances[owned], excluded, margin)
    by_photo = losses.triplet(own, distances.T[owned], excluded, margin)
    return (by_title + by_photo) / 2


def _triplets_between(step: _Step) -> Tensor:
    """(a listing's title, a co-clicked listing's photo, the photo of one that was not co-clicked)."""
    batch, projected = step.batch, step.projected
    distances = step.network.distances(Projected(projected.u[batch.anchors], projected.v[batch.positives]))
    usable = step.tensors.owned[batch.rows[batch.positives]]
    own = distances.diagonal()[usable]
    return losses.triplet(own, distances[usable], step.excluded_between[usable], step.config.margin)


def _mismatch(step: _Step, generator: torch.Generator) -> dict[str, Tensor]:
    """Self-supervision, clicks and verdicts, each where it is switched on and has something to say."""
    network, tensors, config, rows = step.network, step.tensors, step.config, step.rows
    u, v = step.part(slice(step.batch.listings))
    own = network.mismatch(u, v)
    terms = {}
    if config.self_supervision:
        to, photo_of = swap(u.detach(), step.excluded, config.hard_share, generator)
        swapped = network.mismatch(u[to], v[photo_of])
        terms["self_supervision"] = losses.self_supervision(own[tensors.owned[rows]], swapped)
    shown = tensors.shown[rows]
    if config.click_supervision and shown.any():
        position = torch.arange(1, shown.shape[1] + 1).expand_as(shown)
        logit = network.head.no_click_logit(own[:, None], position)
        terms["clicks"] = losses.no_click(logit, shown, tensors.clicked[rows])
    verdict = tensors.verdict[rows]
    if config.label_supervision and (judged := ~verdict.isnan()).any():
        # A verdict counts as much as any listing's own photo: a few hundred must not drown the catalogue.
        terms["labels"] = judged.float().mean() * losses.verdicts(own[judged], verdict[judged])
    return terms
