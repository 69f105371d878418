"""The whole path on a small sample marketplace: from files to a ranked queue, a label and a figure."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from marketplace import (
    LISTINGS,
    QUICK,
    Marketplace,
    contents,
    copy_of,
    copy_of_files,
    encoded_beforehand,
    first_rows,
    input_files,
)
from PIL import Image

from mmquality.config import Workspace
from mmquality.data.sample import SampleFiles
from mmquality.errors import UnknownListingError, WorkspaceError
from mmquality.evaluation.recall import evaluate_recall
from mmquality.evaluation.truth import evaluate_mismatch
from mmquality.pipeline import building, training_run
from mmquality.pipeline.assembling import assemble
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.known_clicks import MOST_CLICKS
from mmquality.pipeline.places import open_store
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.taught import teachers
from mmquality.pipeline.trained_on import folds_of
from mmquality.records import UNSEEN, Reason, Space, Verdict
from mmquality.store import LabelFilter, RankingQuery, Store, UpsertCounts, export_labels


def test_from_files_to_a_labelled_queue(marketplace: Marketplace, tmp_path: Path) -> None:
    # import: every listing, every click, no problem
    assert marketplace.imported.listings == UpsertCounts(added=LISTINGS)
    assert marketplace.imported.impressions > LISTINGS and marketplace.imported.co_clicks > 0
    assert marketplace.imported.problems == []
    # encode: one embedding for each distinct title and photo
    catalogue = first_rows(marketplace.files.listings, LISTINGS)
    assert marketplace.encoded.titles == catalogue["title"].nunique()
    assert 0 < marketplace.encoded.photos <= LISTINGS
    # train, score, index: one version, which is in force
    assert marketplace.trained == marketplace.scored == marketplace.published == "v0001"
    workspace = copy_of(marketplace, tmp_path / "workspace")
    with Catalogue(workspace) as opened:
        version = opened.published_version()
        assert version.listings == LISTINGS and "impressions" in str(version.summary["taught_by"])
        # rank: everything, worst first
        page = opened.store.ranking_page(RankingQuery(), 1, LISTINGS)
        scores = [row.score for row in page.rows]
        assert page.total == LISTINGS and scores == sorted(scores, reverse=True)
        assert 0 <= scores[-1] < scores[0] <= 1
        worst = page.rows[0].listing.listing_id
        # neighbours: in every space, never the listing itself
        for space in Space:
            found = opened.neighbours(worst, space, 5)
            assert [n.position for n in found] == [1, 2, 3, 4, 5]
            assert worst not in {n.listing_id for n in found}
            assert sorted(n.distance for n in found) == [n.distance for n in found]
        comparison = opened.comparison(worst, 5)
        overlap = comparison.overlap(Space.TITLE)
        assert overlap + len(comparison.entered(Space.TITLE)) == 5
        assert overlap + len(comparison.left(Space.TITLE)) == 5
        evidence = opened.evidence(worst, 3)
        assert len(evidence.photo_looks_like) == len(evidence.title_asks_for) == 3
        # label and export
        opened.store.add_label(worst, Verdict.MISMATCH, Reason.WRONG_PRODUCT, "a lamp", "ada")
        assert export_labels(opened.store, tmp_path / "labels.csv") == 1
        # evaluate, against a truth that nothing above has read
        files = marketplace.files
        mismatch = evaluate_mismatch(opened.scores(), files.planted, files.split)
        recall = evaluate_recall(opened.indexes(), files.co_clicks, None, opened.products())
    exported = pd.read_csv(tmp_path / "labels.csv").iloc[0]
    assert (exported["listing_id"], exported["rank"], exported["model_version"]) == (worst, 1, "v0001")
    assert mismatch["catalogue"]["n"] == LISTINGS and 0 < mismatch["test"]["n"] < LISTINGS  # type: ignore[index]
    assert set(recall) == {"title", "photo", "unified", "concat", "queries", "pairs_trained_on"}


def test_every_stage_says_how_far_it_is(marketplace: Marketplace) -> None:
    photos, titles = marketplace.encoded.photos, marketplace.encoded.titles
    for stage in (
        f"Checking photos: {LISTINGS}",
        f"Encoding titles: {titles} of {titles}",
        f"Encoding photos: {photos} of {photos}",
        "Reading the catalogue: 1 of 1",
        "First look: 1 of 1",
        "Calibrating: 1 of 1",
        f"Scoring listings: {LISTINGS} of {LISTINGS}",
        f"Indexing title, photo and both: {3 * LISTINGS} of {3 * LISTINGS}",
    ):
        assert stage in marketplace.said
    steps = next(line for line in marketplace.said if line.startswith("Training networks: "))
    done, total = map(int, steps.removeprefix("Training networks: ").split(" of "))
    assert done == total >= 6
    assert sum(line.startswith("Training on 150 listings with ") for line in marketplace.said) == 1


def test_photos_look_like_what_they_show(marketplace: Marketplace) -> None:
    """The real encoders are at work: a photo's nearest neighbours are often of its own product type."""
    truth = first_rows(marketplace.files.listings, LISTINGS).set_index("listing_id")["product_type"]
    with Catalogue(marketplace.workspace) as opened:
        nearest = {i: opened.neighbours(i, Space.PHOTO, 1)[0].listing_id for i in truth.index}
    same = np.mean([truth[i] == truth[other] for i, other in nearest.items()])
    assert same > 5 / truth.nunique()


def test_a_second_encode_encodes_nothing(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    before = contents(workspace.embeddings)
    again = encode(workspace)
    assert (again.titles, again.photos) == (0, 0)
    assert again.titles_cached == marketplace.encoded.titles
    assert again.photos_cached == marketplace.encoded.photos
    assert contents(workspace.embeddings) == before


def test_a_changed_photo_is_encoded_alone_and_unseen(marketplace: Marketplace, tmp_path: Path) -> None:
    files = copy_of_files(marketplace.files, tmp_path / "files")
    workspace = copy_of(marketplace, tmp_path / "workspace")
    changed = changed_photo(files, 3)
    summary = import_files(workspace, InputFiles(files.listings, files.images))
    assert summary.listings.added == 0  # "updated" for all: the photos lie in another folder now
    assert (encode(workspace).photos, encode(workspace).photos) == (1, 0)
    with Store.open(workspace.database_url) as store:
        listings = assemble(workspace, store).catalogue
        fold = folds_of(workspace.models / "v0001", listings)
    assert listings.loc[fold == UNSEEN, "listing_id"].tolist() == [changed]
    assert building.score(workspace) == building.index(workspace) == "v0002"
    with Catalogue(workspace) as opened:
        history = opened.store.score_history(changed)
        assert [version.name for version, _, _ in history] == ["v0001", "v0002"]
        assert opened.store.unscored_count() == 0


def test_a_second_import_changes_what_changed(marketplace: Marketplace, tmp_path: Path) -> None:
    files = copy_of_files(marketplace.files, tmp_path / "files")
    workspace = Workspace.at(tmp_path / "workspace")
    import_files(workspace, input_files(files))
    table = first_rows(files.listings, LISTINGS).drop(index=[0])  # what a file no longer names stays
    table.loc[1, "title"] = "a title that is new"
    table.loc[2, "price"] = "1.00"
    changed_photo(files, 3)
    table.loc[LISTINGS] = table.loc[4].replace(table.loc[4, "listing_id"], "brand-new")
    table.to_csv(files.listings, index=False)

    summary = import_files(workspace, InputFiles(files.listings))  # the folder of photos is remembered

    assert summary.listings == UpsertCounts(added=1, updated=3, unchanged=LISTINGS - 4)
    with open_store(workspace) as store:
        assert store.listing_count() == LISTINGS + 1
        assert store.listing(table.loc[1, "listing_id"]).title == "a title that is new"
        assert store.listing("brand-new").impressions == 0
        assert store.listing(table.loc[4, "listing_id"]).impressions > 0  # clicks are left alone
        newest, first = store.import_reports()
        assert (newest.summary["updated"], first.summary["added"]) == (3, LISTINGS)


def test_the_same_clicks_again_change_nothing(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    before = contents(workspace.clicks)
    summary = import_files(
        workspace,
        InputFiles(impressions=marketplace.files.impressions, co_clicks=marketplace.files.co_clicks),
    )
    assert summary.listings == UpsertCounts() and summary.impressions == marketplace.imported.impressions
    for kind in ("impressions", "co_clicks"):
        after = pd.read_parquet(workspace.clicks / f"{kind}.parquet")
        assert len(after) == len(pd.read_parquet(marketplace.workspace.clicks / f"{kind}.parquet"))
    assert set(contents(workspace.clicks)) == set(before)


@pytest.mark.parametrize("kinds", [("impressions",), ("co_clicks",), ("impressions", "co_clicks"), ()])
def test_any_mix_of_clicks_teaches(marketplace: Marketplace, tmp_path: Path, kinds: tuple[str, ...]) -> None:
    workspace = encoded_beforehand(marketplace, tmp_path)
    few = first_rows(marketplace.files.listings, 60)
    few.to_csv(tmp_path / "listings.csv", index=False)
    clicks = {kind: getattr(marketplace.files, kind) for kind in kinds}
    files = InputFiles(tmp_path / "listings.csv", marketplace.files.images, **clicks)
    summary, version = building.build(workspace, files, QUICK)
    assert summary.listings.added == 60
    with Catalogue(workspace) as opened:
        assert opened.published_version().name == version
        taught = str(opened.published_version().summary["taught_by"])
        assert opened.store.ranking_page(RankingQuery(), 1, 1).total == 60
    assert ("impressions" in taught) == ("impressions" in kinds)
    # Two listings clicked in one session go together, so impressions give pairs as well.
    assert ("co-clicks" in taught) == bool(kinds)
    assert ("self-supervised" in taught) == (not kinds)


def test_the_same_seed_gives_the_same_scores(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    assert building.train(workspace, QUICK) == "v0002"
    with pytest.raises(WorkspaceError, match="v0002 has not scored.*mmquality score"):
        building.index(workspace)
    with Catalogue(workspace) as opened:  # what is half made does not show
        assert opened.published_version().name == "v0001"
    assert building.score(workspace) == building.index(workspace) == "v0002"
    with Catalogue(marketplace.workspace) as first, Catalogue(workspace) as second:
        assert second.published_version().name == "v0002"
        pd.testing.assert_frame_equal(first.scores(), second.scores())


def test_verdicts_teach_the_next_model(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    with open_store(workspace) as store:
        page = store.ranking_page(RankingQuery(), 1, 3).rows
        store.add_label(page[0].listing.listing_id, Verdict.MISMATCH, Reason.OTHER, "", "ada")
        store.add_label(page[1].listing.listing_id, Verdict.MATCH, None, "", "ada")
        store.add_label(page[2].listing.listing_id, Verdict.UNSURE, None, "", "ada")
        assembled = assemble(workspace, store)
        assert store.ranking_page(RankingQuery(label=LabelFilter.UNLABELLED), 1, 1).total == LISTINGS - 3
    verdicts = dict(zip(assembled.catalogue["listing_id"], assembled.data.verdict, strict=True))
    assert verdicts[page[0].listing.listing_id] == 1
    assert verdicts[page[1].listing.listing_id] == 0
    assert np.isnan(verdicts[page[2].listing.listing_id])
    assert "2 labels" in teachers(assembled)


def test_a_crawlers_session_pairs_nothing(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    ids = first_rows(marketplace.files.listings, LISTINGS)["listing_id"].tolist()
    with open_store(workspace) as store:
        before = len(assemble(workspace, store).data.pairs)
    (tmp_path / "log.csv").write_text(log_of("crawler", ids[: MOST_CLICKS + 1]), encoding="utf-8")
    import_files(workspace, InputFiles(impressions=tmp_path / "log.csv"))
    with open_store(workspace) as store:
        assembled = assemble(workspace, store)
    assert len(assembled.data.pairs) == before
    assert assembled.data.shown.sum() == marketplace.imported.impressions + MOST_CLICKS + 1


def test_too_few_listings_are_said(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = encoded_beforehand(marketplace, tmp_path)
    first_rows(marketplace.files.listings, 19).to_csv(tmp_path / "listings.csv", index=False)
    import_files(workspace, InputFiles(tmp_path / "listings.csv", marketplace.files.images))
    encode(workspace)
    with pytest.raises(WorkspaceError, match="19 listings; training needs at least 20"):
        building.train(workspace)


def test_a_training_process_that_is_killed_is_said(
    marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise BrokenProcessPool("A process in the process pool was terminated abruptly")

    workspace = copy_of(marketplace, tmp_path / "workspace")
    monkeypatch.setattr(training_run, "train_ensemble", killed)
    with pytest.raises(WorkspaceError, match="ended from outside.*memory.*mmquality train"):
        building.train(workspace)
    assert [path.name for path in workspace.models.iterdir()] == ["v0001"]


class TestWhatIsMissingIsSaid:
    """Every step, run too early, names the step before it."""

    def test_no_workspace(self, tmp_path: Path) -> None:
        workspace = Workspace.at(tmp_path / "none")
        for step in (encode, building.train, building.score, building.index):
            with pytest.raises(WorkspaceError, match="no workspace database at .*mmquality build"):
                step(workspace)
        assert not workspace.root.exists()

    def test_not_encoded(self, marketplace: Marketplace, tmp_path: Path) -> None:
        workspace = Workspace.at(tmp_path)
        import_files(workspace, InputFiles(marketplace.files.listings, marketplace.files.images))
        with pytest.raises(WorkspaceError, match="mmquality encode"):
            building.train(workspace)
        with pytest.raises(WorkspaceError, match="mmquality train"):
            building.score(workspace)

    def test_new_listings_not_encoded(self, marketplace: Marketplace, tmp_path: Path) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        files = copy_of_files(marketplace.files, tmp_path / "files")
        changed_photo(files, 0)
        import_files(workspace, InputFiles(files.listings, files.images))
        for step in (building.train, building.score):
            with pytest.raises(WorkspaceError, match="1 of 150 listings are not encoded yet.*encode"):
                step(workspace)

    def test_no_model(self, marketplace: Marketplace, tmp_path: Path) -> None:
        workspace = Workspace.at(tmp_path)
        import_files(workspace, InputFiles(marketplace.files.listings, marketplace.files.images))
        with Catalogue(workspace) as opened:
            for reading in (opened.scores, opened.indexes, opened.published_version):
                with pytest.raises(WorkspaceError, match="No model has been published.*mmquality build"):
                    reading()

    def test_listings_that_are_not_there(self, marketplace: Marketplace, tmp_path: Path) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        table = first_rows(marketplace.files.listings, 1).assign(listing_id="brand-new")
        table.to_csv(tmp_path / "more.csv", index=False)
        import_files(workspace, InputFiles(tmp_path / "more.csv", marketplace.files.images))
        with Catalogue(workspace) as opened:
            with pytest.raises(UnknownListingError, match="imported after model v0001.*mmquality arrive"):
                opened.neighbours("brand-new", Space.TITLE)
            with pytest.raises(UnknownListingError, match="has no listing 'nobody'"):
                opened.neighbours("nobody", Space.TITLE)


def changed_photo(files: SampleFiles, row: int) -> str:
    """Draw another photo over that of a row; gives its listing_id."""
    listing = first_rows(files.listings, row + 1).iloc[row]
    path = files.images / str(listing["image"])
    Image.new("RGB", (64, 64), "teal").save(path, "JPEG")
    return str(listing["listing_id"])


def log_of(session: str, clicked: list[str]) -> str:
    """Impressions, all clicked, of one session without seeds."""
    header = "session_id,shown_at,seed_listing_id,listing_id,position,clicked\n"
    return header + "".join(f"{session},2026-01-01T10:00:00,,{i},{n},1\n" for n, i in enumerate(clicked, 1))
