"""Titles or photos → vectors, a block at a time, here or wherever an engine takes the work.

What a block is and how many threads go through it decide over a vector's last bits, so both travel along.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from mmquality.data.photos import read_many
from mmquality.encoders.cache import EmbeddingCache
from mmquality.encoders.photo import PhotoEncoder
from mmquality.encoders.text import TextEncoder
from mmquality.engine import Engine, Tell
from mmquality.errors import EncoderError
from mmquality.pipeline.progress import increments

Floats = npt.NDArray[np.float32]


class _Encoder(Protocol):
    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=_Encoder)


class _Encoding(Generic[E]):
    """An encoder that travels by its name; where it arrives, it is loaded from what is installed there."""

    def __init__(self, load: Callable[[str], E], name: str) -> None:
        import torch

        self._load, self._name = load, name
        self._encoder: E | None = load(name)
        self.id, self.threads = self._encoder.id, torch.get_num_threads()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_encoder": None}

    @property
    def encoder(self) -> E:
        """Raises `EncoderError` where it is not the one that was sent."""
        if self._encoder is None:
            import torch

            torch.set_num_threads(self.threads)
            found = self._load(self._name)
            if found.id != self.id:
                raise EncoderError(
                    f"The encoder {self._name} is {found.id} on {socket.gethostname()}, but {self.id} where "
                    "the work comes from; install the same packages and models on both."
                )
            self._encoder = found
        return self._encoder


class TitleEncoding(_Encoding[TextEncoder]):
    """Blocks of texts → vectors (n, dim)."""

    def __call__(self, texts: Sequence[str], tell: Tell) -> Floats:
        return self.encoder.encode(texts, increments(tell))


class PhotoEncoding(_Encoding[PhotoEncoder]):
    """Blocks of (photo file, SHA-256 of its bytes) → vectors (n, dim).

    Raises `PhotoProblem` where a file is gone or has other bytes: there the same path may lead elsewhere.
    """

    def __call__(self, photos: Sequence[tuple[str, str]], tell: Tell) -> Floats:
        paths, hashes = zip(*photos, strict=True)
        files = read_many(paths, self.encoder.side, hashes=hashes)
        return self.encoder.encode(files, increments(tell), total=len(photos))


def encode_missing(
    engine: Engine,
    work: TitleEncoding | PhotoEncoding,
    cache: EmbeddingCache,
    contents: Sequence[tuple[str, Any]],
    at_once: int,
    tell: Tell,
) -> None:
    """Encode (hash, content) pairs and keep their vectors, on disk after every `at_once` of them."""
    blocks = [contents[start : start + at_once] for start in range(0, len(contents), at_once)]
    sent = ([content for _, content in block] for block in blocks)
    for block, vectors in zip(blocks, engine.map_blocks(work, sent, tell, work.threads), strict=True):
        cache.put([key for key, _ in block], vectors)
