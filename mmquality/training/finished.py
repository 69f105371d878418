"""What of an ensemble is trained already, and where more of it is kept as soon as it is: a training that is
stopped loses no more than the networks that it was at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch

from mmquality.config import NetworkConfig
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.training import ranks
from mmquality.training.data import Bools

Trained = tuple[SiameseNetwork, list[dict[str, float]]]  # and the mean losses of each of its epochs


@dataclass(frozen=True)
class FirstLook:
    """What all networks begin with; it depends on the listings alone, not on clicks and verdicts."""

    inputs: Inputs  # fitted to every listing
    trusted: Bools  # (n,) see `first_look.trusted_photos`


class Keep(Protocol):
    """Keeps what is finished, by whatever process it was: it is sent to all that train."""

    def look(self, look: FirstLook) -> None:
        """The first look is done."""

    def network(self, number: int, trained: Trained) -> None:
        """The network with this number is trained: 0 on everything, 1 + f without the listings of fold f."""


class Nowhere:
    """The `Keep` of those who begin anew when they are stopped."""

    def look(self, look: FirstLook) -> None:
        return None

    def network(self, number: int, trained: Trained) -> None:
        return None


@dataclass(frozen=True)
class Finished:
    """What is there of an ensemble; without a first look no network is."""

    look: FirstLook | None = None
    networks: Mapping[int, Trained] = field(default_factory=dict)  # by number, in evaluation mode
    keep: Keep = Nowhere()  # of what comes


def known_to_all(finished: Finished, config: NetworkConfig, listings: int) -> Finished:
    """What the first of the processes that train together finds, in each of them; the others find nothing."""
    if ranks.count() == 1:
        return finished
    losses = {number: history for number, (_, history) in finished.networks.items()}
    looked, losses = ranks.told_by_the_first((finished.look is not None, losses))
    if not looked:
        return finished
    look = finished.look or FirstLook(Inputs(config), np.zeros(listings, dtype=np.bool_))
    ranks.from_the_first([*look.inputs.buffers(), torch.from_numpy(look.trusted.view(np.uint8))])
    networks: dict[int, Trained] = {}
    for number, history in losses.items():
        found = finished.networks.get(number)
        network = found[0] if found else SiameseNetwork(config, look.inputs).eval()
        ranks.from_the_first(network.state_dict().values())
        networks[number] = network, history
    return Finished(look, networks, finished.keep)
