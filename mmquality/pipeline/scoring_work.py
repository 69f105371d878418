"""What the networks make of a catalogue, a block at a time, here or wherever an engine takes the work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from mmquality.checkpoint import Checkpoint
from mmquality.config import Workspace
from mmquality.encoders.cache import CachedRows, EmbeddingCache
from mmquality.encoders.spelling import Speller
from mmquality.engine import Engine, Tell
from mmquality.pipeline.context import title_side
from mmquality.pipeline.encoded import EncodedCatalogue
from mmquality.scoring.networks import BLOCK, Read, read_block

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Unread:
    """Some listings, and where in the workspace their vectors lie: a few bytes of each."""

    titles: list[str]
    title_vectors: CachedRows
    photo_vectors: CachedRows
    context: Floats  # (b, dim) what stands beside the titles


class _Reading:
    """A model's networks over blocks, with as many threads as here: they decide over the last bits."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._networks = checkpoint.network, checkpoint.fold_networks
        self._speller, self.threads = Speller(), torch.get_num_threads()

    def __call__(self, block: Unread, tell: Tell) -> Read:
        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        titles = title_side(block.title_vectors.read(), block.titles, block.context, self._speller)
        read = read_block(*self._networks, titles, block.photo_vectors.read())
        tell(len(block.titles))
        return read


def read_by(
    engine: Engine, checkpoint: Checkpoint, workspace: Workspace, encoded: EncodedCatalogue
) -> Iterator[Read]:
    """What the networks make of `encoded`, block by block; whoever does the work reads the vectors."""
    reading = _Reading(checkpoint)
    return engine.map_blocks(reading, _unread(checkpoint, workspace, encoded), threads=reading.threads)


def _unread(checkpoint: Checkpoint, workspace: Workspace, encoded: EncodedCatalogue) -> Iterator[Unread]:
    titles = EmbeddingCache(workspace.embeddings, checkpoint.text_encoder)
    photos = EmbeddingCache(workspace.embeddings, checkpoint.photo_encoder)
    for start in range(0, len(encoded.listings), BLOCK):
        rows = slice(start, start + BLOCK)
        some = encoded.listings.iloc[rows]
        yield Unread(
            list(some["title"]),
            titles.placed(list(some["title_hash"])),
            photos.placed(list(some["photo_hash"])),
            encoded.context[rows],
        )
