"""A trained network as scoring reads it: the same function, with little beside its products of matrices.

Its weights are fixed and its projections are linear. So a projection is multiplied into the layers before it,
and so are the factors that bring unit vectors to the scale of a layer; what is left is changed in place. Of
an input that is mostly zeros no more is multiplied than the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional as F

from mmquality.network.siamese import Projected, SiameseNetwork
from mmquality.network.towers import ModalityEncoder, Standardise

_ONE_DNN: Any = torch.ops.mkldnn if torch.backends.mkldnn.is_available() else None  # type: ignore[no-untyped-call]


class Mixed(NamedTuple):
    """Rows that are sums of a few vectors, `W V`, (n, columns)."""

    weights: csr_array  # (n, vectors) float32
    vectors: npt.NDArray[np.float32]  # (vectors, columns)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, columns)"""
        return self.weights.shape[0], self.vectors.shape[1]


Part: TypeAlias = Tensor | csr_array | Mixed  # some columns of an input, (n, columns), float32


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
        self._hidden = _Layer(first.weight * network.head.scale, first.bias, gelu=True)
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
        hidden = self._hidden(delta.flatten(1))
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
    if isinstance(part, Mixed):
        return _squares(_sums(part.weights, tensor_of(part.vectors)))
    so_far = np.concatenate([[0.0], np.cumsum(part.data**2, dtype=np.float64)])[part.indptr]
    return torch.from_numpy(np.diff(so_far).astype(np.float32))


def _product(part: Part, basis: Tensor) -> Tensor:
    """`x B`, (n, output_dim)."""
    if isinstance(part, Tensor):
        return part @ basis
    if isinstance(part, csr_array):
        return _sums(part, basis)
    vectors = tensor_of(part.vectors)
    few = len(vectors) < len(part.weights.indptr)  # each of them is multiplied once
    return _sums(part.weights, vectors @ basis) if few else _sums(part.weights, vectors) @ basis


def _sums(weights: csr_array, vectors: Tensor) -> Tensor:
    """`W V` without what is zero, (n, columns)."""
    indices, begin, values = map(tensor_of, (weights.indices, weights.indptr, weights.data))
    return F.embedding_bag(
        indices, vectors, begin, mode="sum", per_sample_weights=values, include_last_offset=True
    )


def tensor_of(array: npt.NDArray[Any]) -> Tensor:
    """The same numbers; a copy where they came from another process, and may not be written to."""
    return torch.from_numpy(np.require(array, requirements="W"))


class _Encoder:
    """`P f(s x) = P A s x + P W₂ gelu(W₁ s x + b₁) + P (a + b₂)`, (n, input_dim) → (n, output_dim)."""

    def __init__(
        self, encoder: ModalityEncoder, project: Callable[[Tensor], Tensor] = torch.clone, scale: float = 1.0
    ) -> None:
        first, last = _linear_layers(encoder.residual)
        self._first = _Layer(first.weight * scale, first.bias, gelu=True)
        linear = project(encoder.linear.weight.T * scale).T
        self._linear = _Layer(linear, project((encoder.linear.bias + last.bias)[None])[0])
        self._last = _Layer(project(last.weight.T).T)  # (output_dim, hidden)

    def __call__(self, x: Tensor) -> Tensor:
        return self._last(self._first(x), self._linear(x))


class _Layer:
    """`x Wᵀ + b`, then GELU or nothing; or `x Wᵀ` and what is beside it.

    By oneDNN where torch comes with it, weights in the order that suits the processor's widest registers and
    all of it in one go. Torch's own products are MKL's, which orders weights anew for every block.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None, gelu: bool = False) -> None:
        self._weight, self._bias, self._gelu = weight.detach().clone(), _copy(bias), gelu
        self._ordered = _ONE_DNN._reorder_linear_weight(self._weight) if _ONE_DNN else None

    def __call__(self, x: Tensor, besides: Tensor | None = None) -> Tensor:
        if self._ordered is None:
            return self._in_torch(x, besides)
        result: Tensor
        linear = _ONE_DNN._linear_pointwise
        if besides is None:
            result = linear(x, self._ordered, self._bias, "gelu" if self._gelu else "none", [], "none")
        else:
            result = linear.binary(x, besides, self._ordered, self._bias, "add")
        return result

    def _in_torch(self, x: Tensor, besides: Tensor | None) -> Tensor:
        product = F.linear(x, self._weight, self._bias)
        if besides is not None:
            return product.add_(besides)
        return F.gelu(product) if self._gelu else product

    def __reduce__(self) -> tuple[Any, ...]:
        return _Layer, (self._weight, self._bias, self._gelu)  # the order is this machine's


def _copy(bias: Tensor | None) -> Tensor | None:
    return None if bias is None else bias.detach().clone()


def _linear_layers(layers: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in layers if isinstance(layer, nn.Linear)]


def _normalise(e: Tensor) -> Tensor:
    return e.div_(e.norm(dim=1, keepdim=True).clamp_(min=1e-12))  # as `F.normalize`
