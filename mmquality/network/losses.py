"""The three terms of `L = L_coclick + λ_t L_triplet + λ_m L_mismatch`, each on tensors alone.

Masks are boolean matrices over a batch: `excluded[i, j]` says that i and j share a title, photo or product
(or, between the ends of pairs, that they were co-clicked), so that neither may serve as the other's negative.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def coclick_softmax(affinity: Tensor, excluded: Tensor) -> Tensor:
    """In-batch softmax: row i's positive stands on the diagonal, the rest of the row are its negatives.

    :param affinity: s(a_i, b_j), (n, n)
    :param excluded: (n, n); excluded pairs off the diagonal are left out of the sum
    """
    off_diagonal = ~torch.eye(len(affinity), dtype=torch.bool, device=affinity.device)
    logits = affinity.masked_fill(excluded & off_diagonal, -torch.inf)
    target = torch.arange(len(affinity), device=affinity.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def coclick_bce(affinity: Tensor, excluded: Tensor) -> Tensor:
    """Binary cross-entropy of P(co-click) = σ(s), the diagonal against the rest, both of equal weight."""
    n = len(affinity)
    diagonal = torch.eye(n, dtype=torch.bool, device=affinity.device)
    positive = F.softplus(-affinity[diagonal]).mean()
    negative = F.softplus(affinity[~diagonal & ~excluded])
    return positive + (negative.mean() if len(negative) else affinity.new_zeros(()))


def triplet(positive: Tensor, distances: Tensor, excluded: Tensor, margin: float) -> Tensor:
    """All active in-batch triplets: mean of `[D(a, p) − D(a, n) + margin]₊` over violated ones (or 0).

    :param positive: D(a_i, p_i), (a,)
    :param distances: D(a_i, n_j), (a, n)
    :param excluded: (a, n); no negatives there
    """
    violation = F.relu(positive[:, None] - distances + margin).masked_fill(excluded, 0.0)
    active = (violation > 0).sum()
    return violation.sum() / active.clamp(min=1)


def self_supervision(own: Tensor, swapped: Tensor) -> Tensor:
    """Cross-entropy of σ(m): own photos are 0, swapped photos are 1, both halves of equal weight."""
    losses = [F.softplus(own), F.softplus(-swapped)]
    halves = [half.mean() for half in losses if len(half)]
    return torch.stack(halves).mean() if halves else own.new_zeros(())


def no_click(logit: Tensor, shown: Tensor, clicked: Tensor) -> Tensor:
    """Cross-entropy of P(no click), weighted by the impression count; the three are of one shape.

    :param logit: of P(no click), (n, places)
    :param shown: impressions of a listing at a place, (n, places)
    :param clicked: how many of them were clicked, (n, places)
    """
    loss = (shown - clicked) * F.softplus(-logit) + clicked * F.softplus(logit)
    return loss.sum() / shown.sum().clamp(min=1)


def verdicts(m: Tensor, mismatched: Tensor) -> Tensor:
    """Cross-entropy of σ(m) against analysts' verdicts, 1 = mismatch; zero where there are none."""
    if not len(m):
        return m.new_zeros(())
    return F.binary_cross_entropy_with_logits(m, mismatched)


def sharing(keys: Tensor, others: Tensor) -> Tensor:
    """(a, b) bool: which rows of `keys` (a, k) share an entry with which of `others` (b, k)."""
    same = keys[:, 0, None] == others[None, :, 0]
    for key in range(1, keys.shape[1]):  # column by column: many times as quick as a comparison in 3-D
        same |= keys[:, key, None] == others[None, :, key]
    return same
