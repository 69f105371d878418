"""The mismatch head: from the discrepancy of title and photo to P(no click)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmquality.network.towers import Dropout

POSITIONS = 50  # places on a page that get a bias of their own; deeper ones share the last


def discrepancy(u: Tensor, v: Tensor, d_r: Tensor) -> Tensor:
    """`δ = [u⊥ + d_r − v⊥ ; |·| ; (u⊥ + d_r) ⊙ v⊥]` for unit-norm projected vectors.

    :param u: titles, (n, d)
    :param v: photos, (n, d)
    :param d_r: translation, (d,)
    :return: (n, 3d)
    """
    translated = u + d_r
    difference = translated - v
    return torch.cat([difference, difference.abs(), translated * v], dim=1)


class MismatchHead(nn.Module):
    """`m = h(δ)` and `P(no click) = σ(a·m + b + c_position)`, `a > 0`.

    `m` is a logit: σ(m) is the probability that the photo is not the title's own, which swapped photos and
    analysts' verdicts teach. `a`, `b` and the position bias turn it into a click model, so that a listing low
    on the page is not blamed for its place.
    """

    def __init__(self, d: int, hidden: int, dropout: float) -> None:
        super().__init__()
        # The discrepancy of unit vectors has entries of about 1/√d: scaled up to about 1 for the layers.
        self.scale = d**0.5
        self.layers = nn.Sequential(
            Dropout(dropout),
            nn.Linear(3 * d, hidden),
            nn.GELU(),
            Dropout(dropout),
            nn.Linear(hidden, 1),
        )
        self.a_raw = nn.Parameter(torch.tensor(-2.0))
        self.b = nn.Parameter(torch.tensor(3.0))
        self.position_bias = nn.Parameter(torch.zeros(POSITIONS))

    def forward(self, delta: Tensor) -> Tensor:
        """`δ` (n, 3d) → mismatch logit `m` (n,)."""
        m: Tensor = self.layers(delta * self.scale).squeeze(1)
        return m

    def no_click_logit(self, m: Tensor, position: Tensor) -> Tensor:
        """`a·m + b + c_position`, logit of P(no click).

        :param m: mismatch logits, any shape that goes with `position`, such as (n, 1)
        :param position: place on the page, counted from 1, such as (n, places)
        """
        place = (position - 1).clamp(0, POSITIONS - 1)
        return F.softplus(self.a_raw) * m + self.b + self.position_bias[place]
