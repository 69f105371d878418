"""The network's shape and the training constants by the catalogue's size."""

from __future__ import annotations

import pytest

from mmquality.pipeline.building import Options, configs_for


@pytest.mark.parametrize(
    ("listings", "components"), [(20, 19), (65, 64), (300, 64), (1_000, 166), (2_304, 384), (100_000, 384)]
)
def test_a_network_reads_a_component_for_every_six_listings(listings: int, components: int) -> None:
    network, _ = configs_for(listings, 800, 2_000, Options())
    assert (network.title_components, network.photo_components) == (components, components)


def test_no_more_components_than_there_are_numbers() -> None:
    network, _ = configs_for(5_000, 100, 2_000, Options())
    assert (network.title_components, network.photo_components) == (100, 384)
