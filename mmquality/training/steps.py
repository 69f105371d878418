"""One step of training: what it reads of a batch, and the weighted terms of the loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from mmquality.config import TrainingConfig
from mmquality.network import losses
from mmquality.network.siamese import Projected, SiameseNetwork
from mmquality.training.batches import Batch, Tensors, swap
from mmquality.training.ranks import in_parts

Swaps = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # title vectors, excluded → as `batches.swap`


@dataclass(frozen=True)
class Ready:
    """A batch with everything that its step reads, so that what is left is the network and its loss."""

    batch: Batch
    x: Tensor  # (listings + 2p, title_components)
    y: Tensor  # (listings + 2p, photo_components)
    excluded: Tensor  # (listings, listings) bool: never each other's negatives
    excluded_between: Tensor  # (p, p) bool: likewise anchors and positives, co-clicked ones included
    owned: Tensor  # (listings,) bool: the photo may serve as the title's positive
    owned_positives: Tensor  # (p,) likewise of the positives
    shown: Tensor  # (listings, positions)
    clicked: Tensor  # (listings, positions)
    verdict: Tensor  # (listings,)

    @classmethod
    def of(cls, tensors: Tensors, batch: Batch, device: str = "cpu") -> Ready:
        """Gather the rows of `batch` on the device that computes."""
        rows = batch.rows[: batch.listings]
        anchors, positives = batch.rows[batch.anchors], batch.rows[batch.positives]
        together = tensors.excluded(anchors, positives) | tensors.co_clicked(anchors, positives)
        gathered = {
            "x": tensors.x.index_select(0, batch.rows),
            "y": tensors.y.index_select(0, batch.rows),
            "excluded": tensors.excluded(rows, rows),
            "excluded_between": together,
            "owned": tensors.owned[rows],
            "owned_positives": tensors.owned[positives],
            "shown": tensors.shown[rows],
            "clicked": tensors.clicked[rows],
            "verdict": tensors.verdict[rows],
        }
        return cls(batch, **{name: tensor.to(device) for name, tensor in gathered.items()})


class Losses(nn.Module):
    """A network as what training makes of it: a function from a batch to the terms of its loss."""

    def __init__(self, network: SiameseNetwork, config: TrainingConfig) -> None:
        super().__init__()
        self.network, self.config = network, config

    def forward(self, ready: Ready, swaps: Swaps) -> dict[str, Tensor]:
        """The weighted terms; their sum is `L`. `swaps` chooses whose photo is shown with which title."""
        return _terms(_Step(self.network, ready, self.config), swaps)


def swaps_by(config: TrainingConfig, generator: torch.Generator) -> Swaps:
    """Swaps as training draws them."""
    return partial(swap, hard_share=config.hard_share, generator=generator)


def _terms(step: _Step, swaps: Swaps) -> dict[str, Tensor]:
    config = step.config
    terms = {}
    if config.coclick_weight:
        terms["coclick"] = config.coclick_weight * _coclick(step)
    if config.triplet_weight and config.triplets_within:
        terms["triplets_within"] = config.triplet_weight * _triplets_within(step)
    if config.triplet_weight and config.triplets_between and step.batch.pairs:
        terms["triplets_between"] = config.triplet_weight * _triplets_between(step)
    if config.mismatch_weight:
        for name, term in _mismatch(step, swaps).items():
            terms[name] = config.mismatch_weight * term
    return terms


class _Step:
    """What the terms of the loss share for one batch."""

    def __init__(self, network: SiameseNetwork, ready: Ready, config: TrainingConfig) -> None:
        self.network, self.ready, self.batch, self.config = network, ready, ready.batch, config
        self.projected = in_parts(network.project, ready.x, ready.y)

    def part(self, which: slice) -> Projected:
        """Title and photo vectors of a part of the batch."""
        return Projected(self.projected.u[which], self.projected.v[which])

    def unified(self, p: Projected) -> Tensor:
        """`network.unified`, each process its part."""
        return in_parts(lambda u, v: self.network.unified(Projected(u, v)), *p)

    @property
    def listings(self) -> slice:
        """Where the listings stand in the batch."""
        return slice(self.batch.listings)


def _coclick(step: _Step) -> Tensor:
    """Co-clicked listings are near; without any pair, a listing is near itself under another dropout."""
    network, batch, ready = step.network, step.batch, step.ready
    loss = {"softmax": losses.coclick_softmax, "bce": losses.coclick_bce}[step.config.coclick_loss]
    if batch.pairs:
        z_a, z_b = (step.unified(step.part(end)) for end in (batch.anchors, batch.positives))
        return loss(network.affinity(z_a, z_b), ready.excluded_between)
    z_a = step.unified(step.projected)
    z_b = step.unified(in_parts(network.project, ready.x, ready.y))
    return loss(network.affinity(z_a, z_b), ready.excluded)


def _triplets_within(step: _Step) -> Tensor:
    """(title, its own photo, another photo) and the mirror (photo, its own title, another title)."""
    owned, margin = step.ready.owned, step.config.margin
    excluded = step.ready.excluded[owned]
    distances = step.network.distances(step.part(step.listings))
    own = distances.diagonal()[owned]
    by_title = losses.triplet(own, distances[owned], excluded, margin)
    by_photo = losses.triplet(own, distances.T[owned], excluded, margin)
    return (by_title + by_photo) / 2


def _triplets_between(step: _Step) -> Tensor:
    """(a listing's title, a co-clicked listing's photo, the photo of one that was not co-clicked)."""
    batch, projected, usable = step.batch, step.projected, step.ready.owned_positives
    distances = step.network.distances(Projected(projected.u[batch.anchors], projected.v[batch.positives]))
    own = distances.diagonal()[usable]
    return losses.triplet(own, distances[usable], step.ready.excluded_between[usable], step.config.margin)


def _mismatch(step: _Step, swaps: Swaps) -> dict[str, Tensor]:
    """Self-supervision, clicks and verdicts, each where it is switched on and has something to say."""
    network, ready, config = step.network, step.ready, step.config
    u, v = step.part(step.listings)
    own = in_parts(network.mismatch, u, v)
    terms = {}
    if config.self_supervision:
        to, photo_of = swaps(u.detach(), ready.excluded)
        swapped = in_parts(network.mismatch, u[to], v[photo_of])
        terms["self_supervision"] = losses.self_supervision(own[ready.owned], swapped)
    if config.click_supervision and ready.shown.any():
        places = torch.arange(1, ready.shown.shape[1] + 1, device=ready.shown.device)
        position = places.expand_as(ready.shown)
        logit = network.head.no_click_logit(own[:, None], position)
        terms["clicks"] = losses.no_click(logit, ready.shown, ready.clicked)
    if config.label_supervision and (judged := ~ready.verdict.isnan()).any():
        # A verdict counts as much as any listing's own photo: a few hundred must not drown the catalogue.
        share = judged.float().mean()
        terms["labels"] = share * losses.verdicts(own[judged], ready.verdict[judged])
    return terms
