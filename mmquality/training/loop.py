"""The training loop: AdamW, one cycle, epochs of steps; deterministic for a seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.training.batches import Tensors, batch_count, epoch
from mmquality.training.ranks import averaging
from mmquality.training.standing import Progress
from mmquality.training.steps import Losses, Ready, Swaps, swaps_by
from mmquality.training.warm_start import Start, warm_start


def train_network(
    tensors: Tensors,
    inputs: Inputs,
    network_config: NetworkConfig,
    config: TrainingConfig,
    progress: Progress | None = None,
    start: Start | None = None,
    device: str = "cpu",
) -> tuple[SiameseNetwork, list[dict[str, float]]]:
    """Train one network on the rows of `tensors`; gives it in evaluation mode, with the losses of each epoch.

    They are means over its batches.

    :param inputs: fitted standardisation (`warm_start.fit_inputs`)
    :param start: `start_of` these, where it is known already
    :param device: that computes its steps; the network comes back on the CPU
    """
    torch.manual_seed(config.seed)  # dropout and initial weights; batches draw from a generator of their own
    generator = torch.Generator().manual_seed(config.seed)
    network = SiameseNetwork(network_config, inputs)
    warm_start(network, start or start_of(tensors, network_config, config), tensors)
    descent = Descent(
        network.to(device), config, batch_count(len(tensors.rows), config.batch_size) * config.epochs
    )
    history: list[dict[str, float]] = []
    for _ in range(config.epochs):
        loss = sum(history[-1].values()) if history else math.nan
        told = partial(progress, loss=loss) if progress else None
        history.append(_train_epoch(descent, tensors, config, generator, device, told))
    return network.cpu().eval(), history


def start_of(tensors: Tensors, network_config: NetworkConfig, config: TrainingConfig) -> Start:
    """Where `train_network` starts from."""
    return Start.of(tensors, network_config, ridge=config.cca_ridge, power=config.cca_power)


class Descent:
    """AdamW whose learning rate goes through one cycle, down the loss of a network that is trained."""

    def __init__(self, network: SiameseNetwork, config: TrainingConfig, total_steps: int) -> None:
        rate = config.learning_rate
        self._losses = averaging(Losses(network, config)).train()
        # Each parameter is gone through once, not once for every step of the formula.
        self._optimizer = torch.optim.AdamW(
            network.parameters(), lr=rate, weight_decay=config.weight_decay, fused=True
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(self._optimizer, rate, total_steps=total_steps)
        self.steps = 0

    def step(self, ready: Ready, swaps: Swaps) -> dict[str, Tensor]:
        """One step down the loss of a batch; gives the terms of the loss before it."""
        terms: dict[str, Tensor] = self._losses(ready, swaps)
        loss = sum(terms.values(), torch.zeros(()))
        self._optimizer.zero_grad(set_to_none=True)
        if loss.requires_grad:  # not where every term is switched off or has nothing to say of the batch
            torch.autograd.backward(loss)
        self._optimizer.step()
        self._schedule.step()
        self.steps += 1
        return {name: term.detach() for name, term in terms.items()}


def _train_epoch(
    descent: Descent,
    tensors: Tensors,
    config: TrainingConfig,
    generator: torch.Generator,
    device: str,
    told: Callable[[int], object] | None,
) -> dict[str, float]:
    """One pass over the listings; the mean of each term over the batches.

    `told` is called after each of them with the steps that all epochs have done.
    """
    steps = []
    for batch in epoch(tensors, config.batch_size, generator):
        ready = Ready.of(tensors, batch, device)
        steps.append(descent.step(ready, swaps_by(config, generator)))
        if told:
            told(descent.steps)
    means: dict[str, float] = {}
    for terms in steps:  # read now, not after each step, which would have to wait for its GPU
        for name, term in terms.items():
            means[name] = means.get(name, 0.0) + float(term) / len(steps)
    return means
