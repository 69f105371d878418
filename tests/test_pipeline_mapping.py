"""The map: alike listings near each other, the same places every time, a sample of a large catalogue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from marketplace import LISTINGS, Marketplace, copy_of

from mmquality.errors import ModelFileError
from mmquality.index import unit
from mmquality.pipeline import mapping
from mmquality.pipeline.mapping import draw_map, load_map, map_path, positions


def families(count: int, size: int, dim: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (count · size, dim) that gather by family, and the family of each."""
    rng = np.random.default_rng(3)
    family = np.repeat(np.arange(count), size)
    centres = rng.normal(size=(count, dim))
    return unit((centres[family] + 0.3 * rng.normal(size=(len(family), dim))).astype(np.float32)), family


@pytest.mark.parametrize("landmarks", [1_000, 60])
def test_who_is_alike_lies_near(landmarks: int) -> None:
    vectors, family = families(6, 30)
    found = positions(vectors, landmarks=landmarks)
    apart = np.linalg.norm(found[:, None] - found[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (family[apart.argmin(axis=1)] == family).mean() > 0.95


def test_places_are_the_same_every_time() -> None:
    vectors, _ = families(4, 20)
    assert np.array_equal(positions(vectors, landmarks=40), positions(vectors, landmarks=40))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 7])
def test_a_handful_has_places_too(n: int) -> None:
    found = positions(families(1, 7)[0][:n])
    assert found.shape == (n, 2) and np.isfinite(found).all()


def test_identical_listings_have_places() -> None:
    assert np.isfinite(positions(np.ones((30, 8), np.float32), landmarks=10)).all()


def test_a_version_keeps_its_map(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    assert draw_map(workspace) == LISTINGS
    path = map_path(workspace, marketplace.published)
    places = load_map(path)
    assert list(places) == ["listing_id", "score", "x", "y", "title", "category"]
    assert places["listing_id"].is_unique and places["title"].notna().all()
    path.write_bytes(b"no map")
    with pytest.raises(ModelFileError, match="draw the map again"):
        load_map(path)


def test_a_large_catalogue_is_sampled(
    marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "MOST", 40)
    workspace = copy_of(marketplace, tmp_path / "workspace")
    assert draw_map(workspace) == 40
    drawn = load_map(map_path(workspace, marketplace.published))
    scores = pd.read_parquet(workspace.models / marketplace.published / "scored" / "scores.parquet")
    expected = scores.set_index("listing_id")["score"].loc[drawn["listing_id"]]
    assert np.array_equal(expected.to_numpy(), drawn["score"].to_numpy())
