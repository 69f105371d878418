"""A trained network as scoring reads it: the same function, with little beside its products of matrices.

Its weights are fixed and its projections are linear. So a projection is multiplied into the layers before it,
and so are the factors that bring unit vectors to the scale of a layer; what is left is changed in place. Of
an input that is mostly zeros no more is multiplied than the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional as F

from mmquality.network.siamese import Projected, SiameseNetwork
from mmquality.network.towers import ModalityEncoder, Standardise

Part: TypeAlias = Tensor | csr_array  # some columns of an input, (n, columns), float32


class Frozen:
    """`SiameseNetwork` in evaluation mode, but for rounding; later changes of its weights do not matter.

    To be called in inference mode, from as many threads as one likes.
    """

    @torch.no_grad()
    def __init__(self, network: SiameseNetwork) -> None:
        d, project = network.config.d, network.projection.project
        self._title, self._photo = map(_Standardise, (network.inputs.title, network.inputs.photo))
        self._f_t, self._f_v = (_Encoder(f, project=project) for f in (network.f_t, network.f_v))
        self._g = _Encoder(network.g, scale=d**0.5)
        self._d_r = network.projection.translation().clone()
        first, last = _linear_layers(network.head.layers)
        self._hidden, self._hidden_bias = first.weight * network.head.scale, first.bias.clone()
        self._last, self._last_bias = last.weight[0].clone(), last.bias.clone()

    def standardised(self, titles: Sequence[Part], photos: Tensor) -> tuple[Tensor, Tensor]:
        """As `SiameseNetwork.standardised`, of titles whose columns come in parts, from left to right."""
        return self._title(titles), self._photo([photos])

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


class _Standardise:
    """`Standardise` of columns that come in parts: `Σ_p x_p B_p / √(Σ_p ‖x_p‖²) − μ B`."""

    def __init__(self, layer: Standardise) -> None:
        self._basis, self._centre = layer.basis.clone(), layer.mean @ layer.basis

    def __call__(self, parts: Sequence[Part]) -> Tensor:
        squares = torch.stack([_squares(part) for part in parts]).sum(dim=0)
        bases = torch.split(self._basis, [part.shape[1] for part in parts])
        product = _product(parts[0], bases[0])
        for part, basis in zip(parts[1:], bases[1:], strict=True):
            product += _product(part, basis)
        return product.div_(squares.sqrt_().clamp_(min=1e-12)[:, None]).sub_(self._centre)


def _squares(part: Part) -> Tensor:
    """`‖x‖²` of each row, (n,)."""
    if isinstance(part, Tensor):
        squares: Tensor = part.norm(dim=1).square_()
        return squares
    return torch.from_numpy(part.multiply(part).sum(axis=1))


def _product(part: Part, basis: Tensor) -> Tensor:
    """`x B`, (n, output_dim)."""
    if isinstance(part, Tensor):
        return part @ basis
    indices, begin, values = map(torch.from_numpy, (part.indices, part.indptr, part.data))
    return F.embedding_bag(
        indices, basis, begin, mode="sum", per_sample_weights=values, include_last_offset=True
    )


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
