"""Two commands on one workspace at once: each pair that could hurt, the second inside the first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from earlier.make import HERE, IDS, write_shop
from packed import unpack

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline.arriving import arrive
from mmquality.pipeline.building import Options, index, score, train
from mmquality.pipeline.doctor import Health, examine
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.places import open_store
from mmquality.pipeline.progress import Advance, Silent
from mmquality.store import LabelQuery, RankingQuery


class Meanwhile(Silent):
    """At the beginning of a stage another process runs a command, to its end."""

    def __init__(self, stage: str, *command: str) -> None:
        self.stage_of_it, self.command, self.status = stage, command, -1
        self.said = ""

    @contextmanager
    def stage(self, name: str, total: int | None = None, in_bytes: bool = False) -> Iterator[Advance]:
        if name == self.stage_of_it and self.status < 0:
            done = subprocess.run(
                [sys.executable, "-m", "mmquality", *self.command], capture_output=True, text=True
            )
            self.status, self.said = done.returncode, done.stderr
        yield lambda more, note="": None


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_shop(tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture
def workspace(tmp_path: Path, shop: Path) -> Workspace:
    """A finished one, with two listings that wait: they have each other's titles, which are encoded."""
    unpack(HERE / "0016.tar.xz", tmp_path / "shop")
    workspace, listings = Workspace.at(tmp_path / "shop"), shop / "listings.csv"
    kept = listings.read_text().replace("red lamps 12", "X").replace("green lamps 14", "red lamps 12")
    listings.write_text(kept.replace("X", "green lamps 14"))
    import_files(workspace, InputFiles(listings, shop))
    return workspace


def check_whole(workspace: Workspace) -> None:
    """Everybody is scored once, and nothing is broken."""
    with open_store(workspace) as store:
        rows = store.ranking_page(RankingQuery(), size=50).rows
        assert sorted(row.listing.listing_id for row in rows) == IDS and not store.unscored_count()
    assert not [found for found in examine(workspace) if found.health is Health.FAULT]


def test_listings_arrive_while_the_catalogue_is_scored(workspace: Workspace) -> None:
    other = Meanwhile("Scoring listings", "arrive", "-w", str(workspace.root))
    assert score(workspace, other) == "v0002" and other.status == 0, other.said
    assert index(workspace) == "v0002"
    arrive(workspace)
    check_whole(workspace)


def test_a_label_that_is_given_while_a_model_is_made_is_there(workspace: Workspace) -> None:
    score(workspace)
    given = ["label", "L09", "--verdict", "match", "--by", "cy", "-w", str(workspace.root)]
    other = Meanwhile("Indexing title, photo and both", *given)
    assert index(workspace, other) == "v0002" and other.status == 0, other.said
    with open_store(workspace) as store:
        (label,) = [row for row in store.iter_labels(LabelQuery()) if row.listing_id == "L09"]
        assert (label.analyst, label.model_version) == ("cy", "v0001")  # which was in force then
    check_whole(workspace)


def test_a_second_scoring_is_refused_while_the_first_is_at_work(workspace: Workspace) -> None:
    other = Meanwhile("Scoring listings", "score", "-w", str(workspace.root))
    assert score(workspace, other) == "v0002"
    assert other.status == 1 and "`mmquality score` (process" in other.said and "min)" in other.said


def test_a_catalogue_that_is_encoded_anew_while_a_model_is_trained(workspace: Workspace, shop: Path) -> None:
    np.save(shop / "titles.npy", np.random.default_rng(9).normal(size=(len(IDS), 8)))
    ids, place = str(shop / "ids.csv"), ["-w", str(workspace.root)]
    titles = ["--title-vectors", str(shop / "titles.npy"), "--title-ids", ids]
    photos = ["--photo-vectors", str(shop / "photos.npy"), "--photo-ids", ids]
    other = Meanwhile("Training networks", "encode", *titles, *photos, *place)
    assert train(workspace, Options(epochs=1), other) == "v0002" and other.status == 0, other.said
    with pytest.raises(WorkspaceError, match="the catalogue was encoded with .* Run `mmquality train`"):
        score(workspace)
    assert not [found for found in examine(workspace) if found.health is Health.FAULT]
