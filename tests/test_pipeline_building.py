"""The network's shape and the training constants by the catalogue's size; where training keeps things."""

from __future__ import annotations

from pathlib import Path

import pytest
from marketplace import LISTINGS, QUICK, Marketplace, copy_of

from mmquality.checkpoint import load_checkpoint
from mmquality.pipeline.building import Options, configs_for, train
from mmquality.pipeline.scratch import Scratch


@pytest.mark.parametrize(
    ("listings", "components"), [(20, 19), (65, 64), (300, 64), (1_000, 166), (2_304, 384), (100_000, 384)]
)
def test_a_network_reads_a_component_for_every_six_listings(listings: int, components: int) -> None:
    network, _ = configs_for(listings, 800, 2_000, Options())
    assert (network.title_components, network.photo_components) == (components, components)


def test_no_more_components_than_there_are_numbers() -> None:
    network, _ = configs_for(5_000, 100, 2_000, Options())
    assert (network.title_components, network.photo_components) == (100, 384)


def test_training_keeps_what_it_makes_of_every_listing_on_the_disk(
    marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The spaces of neighbours, and the vectors that choose the propagation weight; then they are gone."""
    workspace, shapes, new = copy_of(marketplace, tmp_path / "workspace"), [], Scratch.__call__
    monkeypatch.setattr(Scratch, "__call__", lambda *asked: shapes.append(asked[1]) or new(*asked))
    network = load_checkpoint(workspace.models / train(workspace, QUICK)).network_config
    x, y = network.title_components, network.photo_components
    assert {(LISTINGS, x), (LISTINGS, y), (LISTINGS, x + y)} <= set(shapes)
    assert not list(workspace.scratch.iterdir())
