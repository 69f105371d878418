"""New listings join the model in force: with the scores and neighbours that a full scoring gives them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from marketplace import Marketplace, copy_of

from mmquality.cli import main
from mmquality.config import Workspace
from mmquality.errors import ModelFileError, UnknownListingError, WorkspaceError
from mmquality.pipeline import arriving, building
from mmquality.pipeline.arrivals import forget_earlier, parts_of
from mmquality.pipeline.arriving import arrive
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.ground import GROUND
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.places import arrivals_path, open_store
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Space
from mmquality.store import RankingQuery

NEW, LEAP = 12, 11
CLOSE = (
    0.05  # of a score, where a twelfth of the catalogue arrives: others are not gone through again for them
)


def imported(marketplace: Marketplace, workspace: Workspace, folder: Path) -> list[str]:
    """Import some listings of the sample under new ids, and one with another title; gives their ids."""
    listings = pd.read_csv(marketplace.files.listings, dtype=str, keep_default_na=False)
    new = listings.iloc[::LEAP].head(NEW).assign(listing_id=[f"new-{n}" for n in range(NEW)])
    new["title"] = listings["title"].iloc[5::LEAP].head(NEW).to_numpy()  # other products': some mismatches
    new.loc[new.index[::2], "title"] = listings["title"].iloc[::LEAP].head(NEW).to_numpy()[::2]
    retitled = listings.iloc[[7]].assign(title="A title that nobody has given before")
    file = folder / "new.csv"
    pd.concat([new, retitled]).to_csv(file, index=False)
    import_files(workspace, InputFiles(file, marketplace.files.images))
    encode(workspace)
    return [*new["listing_id"], *retitled["listing_id"]]


@pytest.fixture(scope="module")
def arrived(
    marketplace: Marketplace, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, list[str], pd.DataFrame]:
    """A workspace that new listings joined, their ids, and the scores of all others before."""
    folder = tmp_path_factory.mktemp("arrived")
    workspace = copy_of(marketplace, folder / "workspace")
    ids = imported(marketplace, workspace, folder)
    with open_store(workspace) as store:
        before = store.version_scores(marketplace.published)
    done = arrive(workspace)
    assert (done.version, done.arrived, done.not_encoded) == (marketplace.published, len(ids), 0)
    return workspace, ids, before


def test_arrivals_are_scored_as_all_together_would_be(
    arrived: tuple[Workspace, list[str], pd.DataFrame], tmp_path: Path
) -> None:
    workspace, ids, before = arrived
    with open_store(workspace) as store:
        now = store.version_scores(store.current_version().name)
        assert store.unscored_count() == 0
    scores = now.set_index("listing_id")["score"]
    others = before[~before["listing_id"].isin(ids)]
    assert scores[others["listing_id"]].tolist() == others["score"].tolist()
    again = Workspace.at(tmp_path / "again")
    shutil.copytree(workspace.root, again.root)
    anew = building.score(again)
    full = pd.read_parquet(again.models / anew / "scored" / "scores.parquet").set_index("listing_id")["score"]
    assert np.abs(full[ids] - scores[ids]).max() < CLOSE
    assert full[ids].max() > 0.2 > full[ids].min()  # some stand out: it is no test of zeros
    building.index(again)
    with Catalogue(workspace) as at_once, Catalogue(again) as rebuilt:
        assert at_once.version.ranked == rebuilt.version.ranked == rebuilt.version.listings
        clicked = set(rebuilt.known_pairs().to_numpy().ravel())  # propagation waits for the rebuild
        for space in Space:
            for listing_id in [*ids, *others["listing_id"].head(20)]:
                if space is Space.UNIFIED and listing_id in clicked:
                    continue
                one, other = (c.neighbours(listing_id, space, 8) for c in (at_once, rebuilt))
                if space is Space.UNIFIED and {n.listing_id for n in (*one, *other)} & clicked & set(ids):
                    continue
                np.testing.assert_allclose([n.distance for n in one], [n.distance for n in other], atol=2e-3)
    with open_store(again) as store:
        assert store.waiting(anew).empty


def test_arrivals_and_the_others_are_neighbours(
    arrived: tuple[Workspace, list[str], pd.DataFrame], marketplace: Marketplace
) -> None:
    workspace, ids, _ = arrived
    listings = pd.read_csv(marketplace.files.listings, dtype=str, keep_default_na=False)
    twin = listings["listing_id"].iloc[0]
    with Catalogue(workspace) as catalogue:
        assert catalogue.neighbours(twin, Space.PHOTO, 3)[0].listing_id == "new-0"
        assert catalogue.neighbours("new-0", Space.PHOTO, 3)[0].listing_id == twin
        assert catalogue.evidence("new-0").related_sharers == [twin]
        ranked = catalogue.store.ranked_listing("new-0")
        assert catalogue.store.rank_neighbours(ranked.rank - 1)[1] == "new-0"


def test_again_adds_nothing(arrived: tuple[Workspace, list[str], pd.DataFrame]) -> None:
    done = arrive(arrived[0])
    assert (done.arrived, done.not_encoded) == (0, 0)


def test_what_is_stopped_half_way_shows_nothing_and_is_made_good(
    marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    ids = imported(marketplace, workspace, tmp_path)

    def stopped(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("mmquality.store.Store.add_arrivals", stopped)
        arrive(workspace)
    with Catalogue(workspace) as catalogue:
        assert catalogue.version.revision == 0
        with pytest.raises(UnknownListingError, match="`mmquality arrive`"):
            catalogue.neighbours("new-0", Space.TITLE)
        assert arrive(workspace).arrived == len(ids)
        catalogue.follow(catalogue.store.current_version())  # as a server does
        assert len(catalogue.neighbours("new-0", Space.TITLE)) == 10


def test_later_arrivals_find_earlier_ones_and_not_what_was_removed(
    marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    imported(marketplace, workspace, tmp_path)
    arrive(workspace)
    listings = pd.read_csv(marketplace.files.listings, dtype=str, keep_default_na=False)
    first, second = listings["listing_id"].iloc[[0, LEAP]]
    file = tmp_path / "more.csv"
    listings.head(1).assign(listing_id="later").to_csv(file, index=False)
    import_files(workspace, InputFiles(file, marketplace.files.images))
    with open_store(workspace) as store:
        assert store.remove_listings([first, "new-1"], "ann") == 2
    assert arrive(workspace).arrived == 1
    with Catalogue(workspace) as catalogue:
        near = [n.listing_id for n in catalogue.neighbours("later", Space.PHOTO, 150)]
        assert near[0] == "new-0" and not {first, "new-1"} & set(near)
        with pytest.raises(UnknownListingError, match="was removed"):
            catalogue.neighbours(first, Space.PHOTO)
        assert "new-1" not in [n.listing_id for n in catalogue.neighbours(second, Space.PHOTO, 150)]
    import_files(workspace, InputFiles(marketplace.files.listings, marketplace.files.images))
    assert arrive(workspace).arrived == 2  # the one that came back, and the one that was retitled
    # As many as came first are not written again with the few that came later; these are, together.
    assert parts_of(workspace, marketplace.published, 3) == [1, 3]
    assert arrivals_path(workspace, marketplace.published, 2).exists()  # somebody may be reading it
    monkeypatch.setattr("mmquality.pipeline.arrivals._A_WHILE", 0)
    forget_earlier(workspace, marketplace.published)
    assert not arrivals_path(workspace, marketplace.published, 2).exists()
    with Catalogue(workspace) as catalogue:
        assert catalogue.neighbours("later", Space.PHOTO, 3)[0].listing_id in (first, "new-0")
        total = catalogue.store.ranking_page(RankingQuery(), 1, 1).total
        assert total == catalogue.store.listing_count() == catalogue.version.ranked


def test_a_model_that_kept_no_ground_says_what_to_run(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    imported(marketplace, workspace, tmp_path)
    shutil.rmtree(workspace.models / marketplace.published / GROUND)
    with pytest.raises(ModelFileError, match="earlier mmquality"):
        arrive(workspace)


def test_without_a_model_nothing_can_arrive(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "workspace")
    import_files(workspace, InputFiles(marketplace.files.listings, marketplace.files.images))
    with pytest.raises(WorkspaceError, match="No model has been published"):
        arriving.arrive(workspace)


def test_the_commands_say_what_they_did(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    ids = imported(marketplace, workspace, tmp_path)
    place = ["-w", str(workspace.root)]
    done = CliRunner().invoke(main, ["arrive", *place])
    assert f"{len(ids)} listings joined {marketplace.published}." in done.output, done.output
    done = CliRunner().invoke(main, ["arrive", *place])
    assert done.output == f"No listing joined {marketplace.published}: none waits.\n"
    named = tmp_path / "sold.csv"
    named.write_text(f"listing_id,why\n{ids[0]},sold\n{ids[1]},sold\n")
    done = CliRunner().invoke(main, ["remove", ids[1], ids[2], "--from", str(named), *place])
    assert done.output == "3 listings removed.\n"
    unknown = CliRunner().invoke(main, ["remove", "nobody", *place])
    assert unknown.exit_code == 1 and "no 'nobody': 1 of 1 id unknown; nothing was" in unknown.output
    named.write_text("listing_id\n" + "\n".join(f"x{n}" for n in range(7)) + f"\n{ids[3]}\n")
    unknown = CliRunner().invoke(main, ["remove", "--from", str(named), *place])
    assert "no 'x0', 'x1', 'x2', 'x3', 'x4' and 2 more: 7 of 8 ids unknown" in unknown.output
    assert "--skip-unknown" in unknown.output
    done = CliRunner().invoke(main, ["remove", "--from", str(named), "--skip-unknown", *place])
    assert done.output == "1 listing removed. 7 ids unknown, and left out.\n"
    named.write_text(f"listing_id,why\n{ids[4]},sold\n,sold\n  ,sold\n")
    done = CliRunner().invoke(main, ["remove", "--from", str(named), *place])
    assert done.output == "1 listing removed. 2 rows without an id, and left out.\n"
    nothing = CliRunner().invoke(main, ["remove", *place])
    assert nothing.exit_code == 2 and "nothing to remove" in nothing.output


def test_a_title_and_a_photo_are_enough_and_nothing_else_makes_a_listing_arrive(
    marketplace: Marketplace, tmp_path: Path
) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    listings = pd.read_csv(marketplace.files.listings, dtype=str, keep_default_na=False)
    new = listings.loc[[0], ["listing_id", "title", "image"]].assign(listing_id="bare")
    moved = listings.iloc[[3]].assign(category="Another one", price="1.23")
    for rows, arrives in ((new, 1), (moved, 0)):
        rows.to_csv(tmp_path / "some.csv", index=False)
        done = import_files(workspace, InputFiles(tmp_path / "some.csv", marketplace.files.images))
        assert done.changed
        encode(workspace)
        assert arrive(workspace).arrived == arrives


def test_what_is_not_encoded_waits(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    file = tmp_path / "new.csv"
    listings = pd.read_csv(marketplace.files.listings, dtype=str, keep_default_na=False).head(2)
    listings.assign(listing_id=["a", "b"], title=[listings["title"].iloc[0], "Never read before"]).to_csv(
        file, index=False
    )
    import_files(workspace, InputFiles(file, marketplace.files.images))
    done = arrive(workspace)
    assert (done.arrived, done.not_encoded) == (1, 1)
    encode(workspace)
    done = arrive(workspace)
    assert (done.arrived, done.not_encoded) == (1, 0)
