"""A trained network as scoring reads it: the same function, with little beside its products of matrices.

Its weights are fixed and its projections are linear. So a projection is multiplied into the layers before it,
and so are the factors that bring unit vectors to the scale of a layer; what is left is changed in place.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmquality.network.siamese import Projected, SiameseNetwork
from mmquality.network.towers import ModalityEncoder


class Frozen:
    """`SiameseNetwork` in evaluation mode, but for rounding; later changes of its weights do not matter.

    To be called in inference mode, from as many threads as one likes.
    """

    @torch.no_grad()
    def __init__(self, network: SiameseNetwork) -> None:
        d, project = network.config.d, network.projection.project
        self._inputs = network.inputs
        self._f_t, self._f_v = (_Encoder(f, project=project) for f in (network.f_t, network.f_v))
        self._g = _Encoder(network.g, scale=d**0.5)
        self._d_r = network.projection.translation().clone()
        first, last = _linear_layers(network.head.layers)
        self._hidden, self._hidden_bias = first.weight * network.head.scale, first.bias.clone()
        self._last, self._last_bias = last.weight[0].clone(), last.bias.clone()

    def standardised(self, titles: Tensor, photos: Tensor) -> tuple[Tensor, Tensor]:
        """As `SiameseNetwork.standardised`."""
        return self._inputs.title(titles), self._inputs.photo(photos)

    def project(self, x: Tensor, y: Tensor) -> Projected:
        """As `SiameseNetwork.project`."""
        return Projected(_normalise(self._f_t(x)), _normalise(self._f_v(y)))

    def unified(self, p: Projected) -> Tensor:
        """As `SiameseNetwork.unified`."""
        return _normalise(self._g(torch.cat([p.u, p.v], dim=1)))

    def mismatch(self, p: Projected) -> Tensor:
        """Mismatch logit `m` of each title with its photo, (n,)."""
        n, d = p.u.shape
        delta = p.u.new_empty(n, 3, d)
        difference, size, product = delta.unbind(dim=1)
        translated = p.u + self._d_r
        torch.sub(translated, p.v, out=difference)
        torch.abs(difference, out=size)
        torch.mul(translated, p.v, out=product)
        hidden = _gelu(F.linear(delta.flatten(1), self._hidden, self._hidden_bias))
        return (hidden @ self._last).add_(self._last_bias)


class _Encoder:
    """`P f(s x) = P A s x + P W₂ gelu(W₁ s x + b₁) + P (a + b₂)`, (n, input_dim) → (n, output_dim)."""

    def __init__(
        self, encoder: ModalityEncoder, project: Callable[[Tensor], Tensor] = torch.clone, scale: float = 1.0
    ) -> None:
        first, last = _linear_layers(encoder.residual)
        self._first, self._first_bias = first.weight * scale, first.bias.clone()
        self._linear = project(encoder.linear.weight.T * scale).T.contiguous()
        self._last = project(last.weight.T).contiguous()  # (hidden, output_dim)
        self._bias = project((encoder.linear.bias + last.bias)[None])[0]

    def __call__(self, x: Tensor) -> Tensor:
        hidden = _gelu(F.linear(x, self._first, self._first_bias))
        return F.linear(x, self._linear, self._bias).addmm_(hidden, self._last)


def _linear_layers(layers: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in layers if isinstance(layer, nn.Linear)]


def _gelu(x: Tensor) -> Tensor:
    """In place, which `torch.nn.functional` does not offer: memory that is in the cache is written again."""
    changed: Tensor = torch.ops.aten.gelu_(x)
    return changed


def _normalise(e: Tensor) -> Tensor:
    return e.div_(e.norm(dim=1, keepdim=True).clamp_(min=1e-12))  # as `F.normalize`
