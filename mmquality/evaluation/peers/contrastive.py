"""InfoNCE: towers trained as CLIP's are, of the size of ours and as long as ours."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmquality.evaluation.peers.aligned import cca_maps
from mmquality.evaluation.peers.catalogue import Doubles, Floats, Ints, PeerCatalogue, out_of_fold

if TYPE_CHECKING:
    from torch import Tensor

    from mmquality.network.towers import ModalityEncoder

_FIRST_TEMPERATURE, _HIGHEST_SCALE = 0.07, 100.0  # CLIP's

Related = Callable[["Tensor"], "Tensor"]  # rows of a batch (b,) → (b, b) bool: never each other's negatives


@dataclass(frozen=True)
class Schedule:
    """The size and the training of the towers: our network's, but wider: at its width they rank worse."""

    d: int = 128
    hidden: int = 1024
    dropout: float = 0.75
    epochs: int = 8
    batch_size: int = 512
    learning_rate: float = 2e-3
    weight_decay: float = 0.05


def info_nce(data: PeerCatalogue, schedule: Schedule | None = None) -> Doubles:
    """`−cos(f_t(x), f_v(y))` of towers trained by symmetric InfoNCE (Radford et al., 2021, fig. 3).

    The towers are those of our network, start at the same CCA and are trained as long, each time without the
    listing's fold. Listings that share title, photo or product are not each other's negatives.
    """
    import torch

    from mmquality.network.losses import sharing

    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    chosen = schedule or Schedule()

    def score(train: Ints, held: Ints) -> Doubles:
        torch.manual_seed(data.seed)
        rows, keys = torch.from_numpy(train), torch.from_numpy(data.keys[train])
        starts = cca_maps(x[rows].numpy(), y[rows].numpy(), chosen.d)
        f_t, f_v = (tower_from(start, chosen) for start in starts)
        train_towers((f_t, f_v), (x[rows], y[rows]), lambda b: sharing(keys[b], keys[b]), chosen, data.seed)
        with torch.inference_mode():
            u, v = f_t(x[torch.from_numpy(held)]), f_v(y[torch.from_numpy(held)])
            found: Doubles = -torch.nn.functional.cosine_similarity(u, v).double().numpy()
        return found

    return out_of_fold(data, score)


def tower_from(start: Floats, schedule: Schedule) -> ModalityEncoder:
    """A tower (p) → (d) whose linear path is `start` (p, ≤ d); directions beyond those given stay zero."""
    import torch

    from mmquality.network.towers import ModalityEncoder

    tower = ModalityEncoder(start.shape[0], schedule.d, schedule.hidden, schedule.dropout)
    with torch.no_grad():
        tower.linear.weight.zero_()
        tower.linear.weight[: start.shape[1]] = torch.from_numpy(start.T.copy())
        tower.linear.bias.zero_()
    return tower


def train_towers(
    towers: tuple[ModalityEncoder, ModalityEncoder],
    pair: tuple[Tensor, Tensor],
    related: Related,
    schedule: Schedule,
    seed: int,
    listings: int | None = None,
) -> None:
    """Teach the towers to bring row i of both tensors, (n, p) and (n, q), together; AdamW, one cycle.

    Both may be the same tower. They are left in evaluation mode.

    :param listings: how many rows an epoch draws; by default all
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    log_scale = torch.nn.Parameter(torch.tensor(math.log(1 / _FIRST_TEMPERATURE)))
    weights = {id(p): p for tower in towers for p in tower.parameters()}
    rate, listings = schedule.learning_rate, listings or len(pair[0])
    steps = max(1, round(listings / schedule.batch_size))
    optimizer = torch.optim.AdamW([*weights.values(), log_scale], lr=rate, weight_decay=schedule.weight_decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps * schedule.epochs)
    for _ in range(schedule.epochs):
        drawn = torch.randperm(len(pair[0]), generator=generator)[:listings]
        for rows in torch.tensor_split(drawn, steps):
            u, v = (tower(m[rows]) for tower, m in zip(towers, pair, strict=True))
            loss = symmetric_info_nce(u, v, log_scale, related(rows))
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            cycle.step()
    for tower in towers:
        tower.eval()


def symmetric_info_nce(u: Tensor, v: Tensor, log_scale: Tensor, related: Tensor) -> Tensor:
    """Mean cross-entropy of "which v belongs to this u" and "which u to this v"; the diagonal is right.

    :param u: (b, d), and v: (b, d); compared by cosine
    :param log_scale: logarithm of the inverse temperature
    :param related: (b, b); such pairs off the diagonal are left out of the sums
    """
    import torch
    from torch.nn import functional as F

    logits = log_scale.exp().clamp(max=_HIGHEST_SCALE) * F.normalize(u, dim=1) @ F.normalize(v, dim=1).T
    off_diagonal = ~torch.eye(len(u), dtype=torch.bool)
    logits = logits.masked_fill(related & off_diagonal, -torch.inf)
    right = torch.arange(len(u))
    loss: Tensor = (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2
    return loss
