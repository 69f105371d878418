"""Batches: which listings, which co-clicked pairs, which swapped photos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mmquality.clicks import dense
from mmquality.network.losses import sharing
from mmquality.training.data import Bools, Ints, TrainingData


@dataclass(frozen=True)
class Tensors:
    """What training reads of a catalogue, and which of its n listings a network is trained on.

    The inputs are standardised already (they are never trained). Everything is of the whole catalogue, which
    networks share: `rows` and `pairs` alone are a network's own.
    """

    rows: Tensor  # (k,) those trained on, ascending
    pairs: Tensor  # (m, 2) co-clicked ones among them
    x: Tensor  # (n, title_components)
    y: Tensor  # (n, photo_components)
    keys: Tensor  # (n, 3) title, photo and product key
    owned: Tensor  # (n,) bool: the photo may serve as the title's positive
    pair_codes: Tensor  # ascending: row · n + other, of every pair of the catalogue both ways round
    shown: Tensor  # (n, positions)
    clicked: Tensor  # (n, positions)
    verdict: Tensor  # (n,) 1, 0 or NaN

    @classmethod
    def of(cls, data: TrainingData, x: Tensor, y: Tensor, owned: Bools) -> Tensors:
        """All listings of `data`, with the standardised inputs `x`, `y`."""
        pairs = torch.from_numpy(data.pairs)
        return cls(
            rows=torch.arange(len(data)),
            pairs=pairs,
            x=x,
            y=y,
            keys=torch.from_numpy(data.keys),
            owned=torch.from_numpy(owned),
            pair_codes=(pairs * len(data) + pairs.flip(1)).flatten().sort().values,
            shown=torch.from_numpy(dense(data.shown)),
            clicked=torch.from_numpy(dense(data.clicked)),
            verdict=torch.from_numpy(data.verdict),
        )

    def among(self, rows: Ints) -> Tensors:
        """The same catalogue for a network that is trained on `rows` (k,), ascending, alone."""
        inside = torch.zeros(len(self.x), dtype=torch.bool)
        inside[torch.from_numpy(rows)] = True
        return replace(self, rows=torch.from_numpy(rows), pairs=self.pairs[inside[self.pairs].all(dim=1)])

    def excluded(self, rows: Tensor, others: Tensor) -> Tensor:
        """(len(rows), len(others)) bool: shares a title, photo or product, so is nobody's negative."""
        return sharing(self.keys[rows], self.keys[others])

    def co_clicked(self, rows: Tensor, others: Tensor) -> Tensor:
        """(len(rows), len(others)) bool: a known pair, whichever way round."""
        n, known = len(self.x), torch.zeros((len(rows), len(others)), dtype=torch.bool)
        first, end = torch.searchsorted(self.pair_codes, torch.stack([rows, rows + 1]) * n)
        of = torch.repeat_interleave(end - first)  # a row number for each of its partners, of which …
        place = torch.arange(len(of)) + (end - (end - first).cumsum(0))[of]
        partner = self.pair_codes[place] - rows[of] * n
        which, other = (partner[:, None] == others).nonzero(as_tuple=True)  # … few are among the others
        known[of[which], other] = True
        return known


@dataclass(frozen=True)
class Batch:
    """Rows of the listings of a step, then those of its co-clicked pairs (possibly none).

    `rows` holds `listings` listings, then p anchors, then their p positives, so that one pass of the network
    serves every term of the loss.
    """

    rows: Tensor  # (listings + 2p,)
    listings: int

    @property
    def pairs(self) -> int:
        """p."""
        return (len(self.rows) - self.listings) // 2

    @property
    def anchors(self) -> slice:
        """Where the anchors stand in `rows`."""
        return slice(self.listings, self.listings + self.pairs)

    @property
    def positives(self) -> slice:
        """Where the positives stand in `rows`."""
        return slice(self.listings + self.pairs, len(self.rows))


def batch_count(listings: int, batch_size: int) -> int:
    """How many batches an epoch has."""
    return max(1, round(listings / batch_size))


def epoch(tensors: Tensors, batch_size: int, generator: torch.Generator) -> Iterator[Batch]:
    """Every listing once in random order, with a random share of the pairs beside each batch.

    Batches are of nearly equal size: a handful of rows left over would make poor in-batch negatives.
    """
    n = len(tensors.rows)
    order = tensors.rows[torch.randperm(n, generator=generator)]
    pairs = tensors.pairs
    for rows in torch.tensor_split(order, batch_count(n, batch_size)):
        p = min(len(rows) // 2, len(pairs))
        chosen = pairs[torch.randint(max(len(pairs), 1), (p,), generator=generator)]
        flip = torch.rand(p, generator=generator) < 0.5
        anchors = torch.where(flip, chosen[:, 1], chosen[:, 0])
        positives = torch.where(flip, chosen[:, 0], chosen[:, 1])
        yield Batch(torch.cat([rows, anchors, positives]), len(rows))


def swap(
    titles: Tensor, excluded: Tensor, hard_share: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Another listing's photo for each listing of a batch: random, or hard (of one with a similar title).

    :param titles: unit title vectors of the batch, (b, d)
    :param excluded: (b, b); never swapped with these
    :return: rows that get a swapped photo, and whose photo they get, both (≤ b,)
    """
    possible = ~excluded
    rows = possible.any(dim=1).nonzero().squeeze(1)
    possible = possible[rows]
    # Chance is drawn on the CPU: one seed chooses the same swaps on every device.
    is_hard = (torch.rand(len(rows), generator=generator) < hard_share).to(rows.device)
    weights = possible.float()
    # A softmax over title similarity: cosine differences of 0.05 matter, ties stay random.
    similarity = titles[rows[is_hard]] @ titles.T / 0.05
    weights[is_hard] = torch.softmax(similarity.masked_fill(~possible[is_hard], -torch.inf), dim=1)
    return rows, _drawn(weights, generator)


def _drawn(weights: Tensor, generator: torch.Generator) -> Tensor:
    """A column of each row of `weights` (n, b), by chance in proportion to them, (n,).

    `torch.multinomial` draws a number for every weight; here it is one for every row.
    """
    below = weights.cumsum(dim=1, dtype=torch.float64)  # so that chance, in single precision, never reaches 1
    aim = torch.rand((len(weights), 1), generator=generator).to(below.device) * below[:, -1:]
    return torch.searchsorted(below, aim, right=True).squeeze(1)
