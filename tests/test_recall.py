"""`Recall`: filters, treatment of mismatches, clicks, and following what is published and what arrives."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from marketplace import Marketplace, contents, copy_of
from workspaces import Fixture, small_workspace

from mmquality.data.photos import PhotoProblem
from mmquality.errors import EncoderError, NotLearntError, QuestionError, UnknownListingError, WorkspaceError
from mmquality.pipeline.arriving import arrive
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.places import open_store
from mmquality.pipeline.reading import Catalogue
from mmquality.recall import Mismatch, NewListing, Recall, Treatment
from mmquality.recall.weights import Weight, keep_weight
from mmquality.records import ModelVersion, Space


def ids(found: object) -> list[str]:
    return [one.listing_id for one in found.listings]  # type: ignore[attr-defined]


def test_similar_listings_are_those_that_pages_show(finished: Fixture) -> None:
    with Recall.open(finished.workspace.root) as recall, Catalogue(finished.workspace) as catalogue:
        for space in Space:
            found = recall.similar("L014", k=12, space=space)
            shown = catalogue.neighbours("L014", space, 12)
            assert [(n.listing_id, n.position) for n in shown] == [
                (one.listing_id, one.position) for one in found.listings
            ]
            np.testing.assert_allclose(
                [one.distance for one in found.listings], [n.distance for n in shown], atol=1e-6
            )
        scores = catalogue.store.version_scores("v1").set_index("listing_id")["score"]
        assert all(one.mismatch == scores[one.listing_id] for one in found.listings)
        assert (found.version, found.revision) == ("v1", 0)
        assert len(recall.similar("L014", k=1_000).listings) == 59


def test_mismatches_are_dropped_or_come_last(finished: Fixture) -> None:
    with Recall.open(finished.workspace) as recall:
        plain = recall.similar("L014", k=30)
        suspects = {one.listing_id for one in plain.listings if one.mismatch >= 0.5}
        assert suspects
        dropped = recall.similar("L014", k=30, mismatch=Mismatch(threshold=0.5))
        assert len(dropped.listings) == 30 and max(one.mismatch for one in dropped.listings) < 0.5
        demoted = ids(recall.similar("L014", k=30, mismatch=Mismatch(Treatment.DEMOTE, 0.5)))
        assert sorted(demoted) == sorted(ids(plain)) and set(demoted[-len(suspects) :]) == suspects
        assert not recall.similar("L014", mismatch=Mismatch(threshold=0.0)).listings


def test_a_value_that_no_listing_has_finds_none(finished: Fixture) -> None:
    with Recall.open(finished.workspace) as recall:
        assert not recall.similar("L014", where={"condition": "broken"}).listings
        assert not recall.similar("L014", where={"category": "Submarines"}).listings
        assert recall.similar("L014", where={"condition": ["broken", "new"]}).listings


def test_clicks_draw_the_answer_towards_them_once_their_weight_is_known(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "shop").workspace
    with Recall.open(workspace) as recall:
        with pytest.raises(NotLearntError, match="`mmquality evaluate sessions`"):
            recall.similar("L014", clicks=["L052"])
        keep_weight(workspace, Weight(0.0, 3.0))
        plain = ids(recall.similar("L014", k=59))
        assert ids(recall.similar("L014", k=58, clicks=["L052", "no such listing"])) == [
            one for one in plain if one != "L052"
        ]
        keep_weight(workspace, Weight(0.9, 3.0))
        before = contents(workspace.root)
        drawn = recall.similar("L014", k=5, clicks=["L053", "L052"])
        assert contents(workspace.root) == before  # nothing of a visitor is kept
        assert {"L052", "L053"}.isdisjoint(ids(drawn))
        assert all(one[:3] == "L05" or one == "L060" for one in ids(drawn)[:3])  # chairs, as the clicks
        away = {one.listing_id: one.distance for one in recall.similar("L014", k=59).listings}
        assert all(one.distance == pytest.approx(away[one.listing_id], abs=1e-6) for one in drawn.listings)
        (workspace.evaluations / "click_weight.json").write_text("{")
        with pytest.raises(WorkspaceError, match="cannot be read"):
            recall.similar("L014", clicks=["L052"])


@pytest.mark.parametrize(
    "asked, said",
    [
        ({"k": 0}, "k is 0; ask for 1 to 1,000"),
        ({"k": 1_001}, "ask for 1 to 1,000"),
        ({"space": "sound"}, "no space 'sound'; ask in unified, title, photo"),
        ({"diversity": float("nan")}, "diversity is nan"),
        ({"mismatch": Mismatch(threshold=1.5)}, "threshold is 1.5"),
        ({"clicks": ["x"] * 101}, "101 clicks"),
        ({"where": {"colour": ["x"] * 101}}, "more than 100 values"),
    ],
)
def test_what_cannot_be_asked_is_said(finished: Fixture, asked: dict[str, object], said: str) -> None:
    with Recall.open(finished.workspace) as recall, pytest.raises(QuestionError, match=said):
        recall.similar("L014", **asked)  # type: ignore[arg-type]


def test_a_listing_that_is_not_there_is_told(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "shop").workspace
    with Recall.open(workspace) as recall:
        with pytest.raises(UnknownListingError, match="no listing 'X'"):
            recall.similar("X")
        with open_store(workspace) as store:
            store.remove_listings(["L014"], "ann")
        recall.refresh()
        with pytest.raises(UnknownListingError, match="was removed"):
            recall.similar("L014")
        assert "L014" not in ids(recall.similar("L013", k=59))
    with pytest.raises(WorkspaceError, match="`mmquality build`"):
        Recall.open(small_workspace(tmp_path / "empty", version=None).workspace)


def test_it_follows_what_is_published_and_answers_meanwhile(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "shop").workspace
    with Recall.open(workspace) as recall, open_store(workspace) as store:
        shutil.copytree(workspace.models / "v1", workspace.models / "v2")
        (workspace.models / "v2" / "index" / "unified.faiss").write_bytes(b"damaged")
        every = store.version_scores("v1")[["listing_id", "score"]]
        published = ModelVersion("v2", datetime(2026, 4, 1, tzinfo=UTC), 60)
        store.publish(published, every.assign(score=0.25))
        until(lambda: recall.trouble)
        assert "unified.faiss cannot be read" in recall.trouble
        assert recall.similar("L014").version == "v1"
        whole = workspace.models / "v1" / "index" / "unified.faiss"
        shutil.copy(whole, workspace.models / "v2" / "index" / "unified.faiss")
        until(lambda: recall.version.name == "v2" and not recall.trouble)
        assert {one.mismatch for one in recall.similar("L014").listings} == {0.25}


def until(condition: object, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def test_threads_share_it(finished: Fixture) -> None:
    with Recall.open(finished.workspace) as recall:
        asked = [f"L{n:03d}" for n in range(1, 61)]
        alone = [ids(recall.similar(i, where={"condition": "new"})) for i in asked]
        with ThreadPoolExecutor(8) as pool:
            assert (
                list(pool.map(lambda i: ids(recall.similar(i, where={"condition": "new"})), asked)) == alone
            )


def test_a_new_listing_is_read_as_if_it_had_been_added(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    rows = pd.read_csv(marketplace.files.listings, dtype=str, keep_default_na=False)
    row = rows.iloc[3].to_dict() | {"listing_id": "new", "title": "A  title that nobody has given before"}
    beside = {name: row[name] for name in rows if name not in ("listing_id", "title", "image", "category")}
    photo = (marketplace.files.images / row["image"]).read_bytes()
    new = NewListing(row["title"], photo, row["category"], beside)
    with Recall.open(workspace) as recall:
        before = {space: recall.similar_to(new, 20, space) for space in Space}
        pd.DataFrame([row]).to_csv(tmp_path / "new.csv", index=False)
        import_files(workspace, InputFiles(tmp_path / "new.csv", marketplace.files.images))
        encode(workspace)
        arrive(workspace)
        recall.refresh()
        for space, found in before.items():
            added = recall.similar("new", 20, space)
            np.testing.assert_allclose(
                [one.distance for one in found.listings], [one.distance for one in added.listings], atol=2e-3
            )
        assert ids(recall.similar_to(new, 1)) == ["new"]  # it follows what arrives
        for wrong, said in (
            (NewListing(" ", photo), "The title has 0 characters"),
            (NewListing("A lamp", b""), "empty file"),
            (NewListing("A lamp", b"no photo"), "not an image of a known format"),
        ):
            with pytest.raises((QuestionError, PhotoProblem), match=said):
                recall.similar_to(wrong)


def test_vectors_made_elsewhere_leave_nothing_to_read_with(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    settings = workspace.root / "workspace.json"
    settings.write_text(settings.read_text().replace('"vectors": null', '"vectors": "/made/photos.npy"'))
    photo = next(marketplace.files.images.rglob("*.jpg")).read_bytes()
    with Recall.open(workspace) as recall:
        with pytest.raises(EncoderError, match="were encoded elsewhere"):
            recall.similar_to(NewListing("A lamp", photo))
        assert recall.similar(marketplace_id(marketplace)).listings


def marketplace_id(marketplace: Marketplace) -> str:
    with open_store(marketplace.workspace) as store:
        return str(store.version_scores(marketplace.published)["listing_id"].iloc[-1])
