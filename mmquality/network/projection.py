"""How title and photo vectors are brought together before they are compared.

Each projection maps both modalities into the relation's space, normalises to unit length, and gives the
translation `d_r` that leads from a title to its photo. The names are those of the knowledge-graph models:

identity    e⊥ = e                       no translation
linear      e⊥ = M e                     no translation, M shared by both modalities
transe      e⊥ = e                       + d_r      (Bordes et al., 2013)
transh      e⊥ = e − (wᵀe) w, ‖w‖ = 1    + d_r ⊥ w  (Wang et al., 2014, eq. 1–2)
transr      e⊥ = M_r e                   + d_r      (Lin et al., 2015, eq. 7)
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Identity(nn.Module):
    """Vectors are compared as they are."""

    nothing: Tensor

    def __init__(self, d: int) -> None:
        super().__init__()
        self.register_buffer("nothing", torch.zeros(d), persistent=False)  # goes where the network goes

    def project(self, e: Tensor) -> Tensor:
        """`e` (n, d) → (n, d)."""
        return e

    def translation(self) -> Tensor:
        """`d_r`, shape (d,)."""
        return self.nothing

    def forward(self, e: Tensor) -> Tensor:
        """The projected vectors at unit length, (n, d) → (n, d)."""
        return F.normalize(self.project(e), dim=1)


class Linear(Identity):
    """`M e`, one matrix for both modalities, started at the identity."""

    def __init__(self, d: int) -> None:
        super().__init__(d)
        self.matrix = nn.Parameter(torch.eye(d))

    def project(self, e: Tensor) -> Tensor:
        return e @ self.matrix.T


class TransE(Identity):
    """`e` unchanged, with a learned translation."""

    def __init__(self, d: int) -> None:
        super().__init__(d)
        self.d_raw = nn.Parameter(torch.zeros(d))

    def translation(self) -> Tensor:
        return self.d_raw


class TransH(TransE):
    """Projection onto the hyperplane with unit normal `w`, and a translation within it.

    Both invariants hold exactly at every step because they are computed, not enforced afterwards:
    `w = w_raw / ‖w_raw‖` and `d_r = d_raw − (wᵀ d_raw) w`.
    """

    def __init__(self, d: int) -> None:
        super().__init__(d)
        self.w_raw = nn.Parameter(torch.randn(d))

    def normal(self) -> Tensor:
        """`w`, shape (d,), `‖w‖ = 1`."""
        return F.normalize(self.w_raw, dim=0)

    def project(self, e: Tensor) -> Tensor:
        w = self.normal()
        return e - (e @ w)[:, None] * w  # e⊥ = e − (wᵀe) w

    def translation(self) -> Tensor:
        w = self.normal()
        return self.d_raw - (w @ self.d_raw) * w  # d_r ⊥ w


class TransR(TransE):
    """`M_r e`, a matrix of the relation, with a learned translation."""

    def __init__(self, d: int) -> None:
        super().__init__(d)
        self.matrix = nn.Parameter(torch.eye(d))

    def project(self, e: Tensor) -> Tensor:
        return e @ self.matrix.T


PROJECTIONS: dict[str, Callable[[int], Identity]] = {
    "identity": Identity,
    "linear": Linear,
    "transe": TransE,
    "transh": TransH,
    "transr": TransR,
}
