"""The network as a whole: one tower, applied to each listing of a pair (Siamese)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmquality.config import NetworkConfig
from mmquality.network.mismatch import MismatchHead, discrepancy
from mmquality.network.projection import PROJECTIONS
from mmquality.network.towers import ModalityEncoder, Standardise


class Projected(NamedTuple):
    """Title and photo vectors after projection, at unit length, each (n, d)."""

    u: Tensor
    v: Tensor


class Inputs(nn.Module):
    """How pretrained embeddings are standardised; fitted once per catalogue, without looking at pairs."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.title = Standardise(config.title_dim, config.title_components)
        self.photo = Standardise(config.photo_dim, config.photo_components)


class SiameseNetwork(nn.Module):
    """Title and photo embeddings → unified embedding, affinity, and mismatch logit."""

    def __init__(self, config: NetworkConfig, inputs: Inputs | None = None) -> None:
        """`inputs` may be shared by networks that read the same embeddings; by default the network's own."""
        super().__init__()
        c = config
        self.config = c
        self.inputs = inputs or Inputs(c)
        self.f_t = ModalityEncoder(c.title_components, c.d, c.encoder_hidden, c.dropout)
        self.f_v = ModalityEncoder(c.photo_components, c.d, c.encoder_hidden, c.dropout)
        self.projection = PROJECTIONS[c.projection](c.d)
        self.g = ModalityEncoder(2 * c.d, c.d_z, c.encoder_hidden, c.dropout)
        self.head = MismatchHead(c.d, c.head_hidden, c.dropout)
        self.log_alpha = nn.Parameter(torch.tensor(3.0))
        self.beta = nn.Parameter(torch.tensor(-10.0))

    def standardised(self, titles: Tensor, photos: Tensor) -> tuple[Tensor, Tensor]:
        """Pretrained embeddings (n, title_dim), (n, photo_dim) → what the encoders read; once per run."""
        return self.inputs.title(titles), self.inputs.photo(photos)

    def project(self, x: Tensor, y: Tensor) -> Projected:
        """Standardised inputs → `u⊥ = P f_t(x)`, `v⊥ = P f_v(y)`, unit norm."""
        return Projected(self.projection(self.f_t(x)), self.projection(self.f_v(y)))

    def unified(self, p: Projected) -> Tensor:
        """`z = normalise(g([u⊥ ; v⊥]))`, (n, d_z)."""
        # The factor undoes the 1/√d of unit vectors, so that g's hidden layer sees entries of about 1.
        both = torch.cat([p.u, p.v], dim=1) * self.config.d**0.5
        return F.normalize(self.g(both), dim=1)

    def affinity(self, z_a: Tensor, z_b: Tensor) -> Tensor:
        """`s(a, b) = α z_aᵀ z_b + β` for every pair, (n_a, n_b); P(co-click) = σ(s)."""
        s: Tensor = self.log_alpha.exp() * (z_a @ z_b.T) + self.beta
        return s

    def distances(self, p: Projected) -> Tensor:
        """`D(i, j) = ‖u_i⊥ + d_r − v_j⊥‖²` for every title i and photo j, (n, n)."""
        return torch.cdist(p.u + self.projection.translation(), p.v).square()

    def mismatch(self, u: Tensor, v: Tensor) -> Tensor:
        """Mismatch logit `m` of titles `u` with photos `v`, row by row, (n,)."""
        m: Tensor = self.head(discrepancy(u, v, self.projection.translation()))
        return m
