"""What the networks make of a catalogue, a block at a time, here or wherever an engine takes the work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mmquality.encoders.cache import CachedRows
from mmquality.encoders.spelling import Speller
from mmquality.engine import Engine, Tell
from mmquality.network.frozen import Frozen, Mixed
from mmquality.network.siamese import SiameseNetwork
from mmquality.pipeline.context import title_parts
from mmquality.pipeline.encoded import EncodedCatalogue
from mmquality.rows import blocks
from mmquality.scoring.networks import BLOCK, Read, frozen, read_block


@dataclass(frozen=True)
class Unread:
    """Some listings, and where in the workspace their vectors lie: a few bytes of each."""

    titles: list[str]
    title_vectors: CachedRows
    photo_vectors: CachedRows
    context: Mixed  # (b, dim) what stands beside the titles


class _Reading:
    """A model's networks over blocks, each in one thread, wherever it is: more decide over the last bits."""

    threads = 1

    def __init__(self, networks: list[Frozen]) -> None:
        self._networks, self._speller = networks, Speller()

    def __call__(self, block: Unread, tell: Tell) -> Read:
        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        titles = title_parts(block.title_vectors[:], block.titles, self._speller)
        read = read_block(self._networks, [*titles, block.context], block.photo_vectors[:])
        tell(len(block.titles))
        return read


def read_by(
    engine: Engine,
    network: SiameseNetwork,
    fold_networks: Sequence[SiameseNetwork],
    encoded: EncodedCatalogue,
) -> Iterator[Read]:
    """What the networks make of `encoded`, block by block; whoever does the work reads the vectors."""
    return engine.map_blocks(
        _Reading(frozen(network, fold_networks)), _unread(encoded), threads=_Reading.threads
    )


def _unread(encoded: EncodedCatalogue) -> Iterator[Unread]:
    titles = encoded.listings["title"]
    for rows in blocks(len(titles), BLOCK):
        vectors = encoded.titles.part(rows), encoded.photos.part(rows)
        context = encoded.context.mixed(np.arange(rows.start, rows.stop))
        yield Unread(titles.iloc[rows].tolist(), *vectors, context)
