"""Neighbours in Milvus, held against the same in files: on milvus-lite, in this process."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from dashboard import opened, texts
from marketplace import Marketplace, copy_of
from test_cli import error, run
from test_index import ODD_IDS, all_distances, names, vectors
from test_pipeline_arriving import imported
from workspaces import Fixture

from mmquality import rows as arrays
from mmquality.config import Workspace
from mmquality.errors import ModelFileError, VectorDatabaseError
from mmquality.index import GrownIndex, NeighbourIndex, VectorIndex, keeping, milvus, neighbours, unit
from mmquality.pipeline import building
from mmquality.pipeline.arriving import arrive
from mmquality.pipeline.doctor import Health, examine
from mmquality.pipeline.places import index_path, open_store
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Space
from mmquality.rows import Made
from mmquality.store import RankingQuery

for needed in ("pymilvus", "milvus_lite"):
    pytest.importorskip(needed, reason=f"{needed} is not installed, see requirements-dev.txt")

NOWHERE = "http://ada:secret@127.0.0.1:1/shop"
Client = Any


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of an empty database of this file's own."""
    return f"milvus://{tmp_path_factory.mktemp('milvus')}/vectors.db"


@pytest.fixture(scope="module")
def client(database: str) -> Client:
    """Its own client, past ours."""
    return milvus._opened(database)


def kept(folder: Path, v: np.ndarray, ids: list[str], database: str, name: str = "shop v1") -> VectorIndex:
    """An index of these vectors, uploaded and loaded."""
    done: list[int] = []
    path = folder / "title.faiss"
    at_once = keeping.keep(v, ids, path, database, name, done.append)
    assert sum(done) == len(v) and not path.exists() and list(at_once.ids) == ids
    return keeping.load(path, database)


def collection(folder: Path) -> str:
    """Where the index of a folder has its vectors."""
    found = keeping.collection_of(folder / "title.faiss")
    assert found is not None
    return found.name


class TestIndex:
    def test_search_agrees_with_brute_force(self, tmp_path: Path, database: str) -> None:
        v, queries = vectors(40, seed=1), vectors(5, seed=2)
        index = kept(tmp_path, v, names(40), database)
        brute = np.sort(all_distances(queries, v), axis=1)
        for k in (1, 7, 40, 99):
            rows, distances = index.search(queries, k)
            assert rows.shape == distances.shape == (5, min(k, 40))
            np.testing.assert_allclose(distances, brute[:, :k], atol=1e-3)
            of_rows = np.take_along_axis(all_distances(queries, v), rows, 1)
            np.testing.assert_allclose(of_rows, distances, atol=1e-3)
        assert index.search(queries[:0], 3)[0].shape == (0, 0) and index.search(queries, 0)[1].shape == (5, 0)

    def test_any_ids_survive_and_find_what_files_find(self, tmp_path: Path, database: str) -> None:
        ids, v = ODD_IDS, vectors(len(ODD_IDS))
        index, fresh = kept(tmp_path, v, ids, database), NeighbourIndex.build(v, ids)
        assert list(index.ids) == ids and len(index) == len(ids) and "007" in index
        for listing_id in ids:
            found, wanted = index.nearest(listing_id, 5), fresh.nearest(listing_id, 5)
            assert [other for other, _ in found] == [other for other, _ in wanted]
            assert dict(found) == pytest.approx(dict(wanted), abs=1e-3)

    def test_vectors_come_back_in_the_order_asked_for(
        self, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(milvus, "_AT_ONCE", 7)
        v = vectors(30)
        index = kept(tmp_path, v, names(30), database)
        rows = np.array([29, 3, 3, 0, *range(30)])
        np.testing.assert_allclose(index.vectors_at(rows), unit(v)[rows], atol=1e-6)

    def test_many_vectors_are_in_lists_that_find_nearly_all(
        self, tmp_path: Path, database: str, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(neighbours, "_GONE_THROUGH", 0)
        v = vectors(3_000, 8)
        v[:200] = v[0]
        index = kept(tmp_path, v, names(3_000), database)
        known = keeping.collection_of(tmp_path / "title.faiss")
        assert known is not None and 0 < known.width < known.lists and 0.99 <= index.recall <= 1
        again = keeping.keep(v, names(3_000), tmp_path / "title.faiss", database, "shop v1")
        assert again.recall == index.recall
        assert client.describe_index(known.name, "vector")["index_type"] == "IVF_FLAT"
        brute = np.sort(all_distances(v[200:400], v), axis=1)[:, 1:11]
        found = index.search_others(unit(v[200:400]), np.arange(200, 400), 10)[1]
        assert (found <= brute[:, -1:] + 1e-3).mean() >= 0.98
        assert len({i for i, _ in index.nearest("id-7", 2_900)}) == 2_900  # more than a few lists hold


class TestUpload:
    def test_one_that_stopped_goes_on_where_it_was(
        self, database: str, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(milvus, "_AT_ONCE", 10)
        v = unit(vectors(35, seed=5))
        with pytest.raises(KeyboardInterrupt):
            milvus.upload(database, "stopped", stopping_at(20, v), lambda done: None)
        assert milvus._count(client, "stopped") == 20
        done: list[int] = []
        milvus.upload(database, "stopped", v, done.append)
        assert done == [20, 10, 5] and milvus._count(client, "stopped") == 35
        milvus.upload(database, "stopped", v, done.append)
        assert done[3:] == [35]

    def test_one_that_stopped_is_no_index(
        self, tmp_path: Path, database: str, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Until every row is there nothing names the collection; then the next upload goes on with it."""
        monkeypatch.setattr(milvus, "_AT_ONCE", 10)
        v, ids, path = unit(vectors(35, seed=6)), names(35), tmp_path / "title.faiss"
        before = set(client.list_collections())
        with (
            patch.object(milvus, "_await_index", side_effect=KeyboardInterrupt),
            pytest.raises(KeyboardInterrupt),
        ):
            keeping.keep(v, ids, path, database, "killed")
        assert not keeping.is_kept(path) and not list(tmp_path.iterdir())
        index = kept(tmp_path, v, ids, database, "killed")
        assert set(client.list_collections()) - before == {collection(tmp_path)}
        np.testing.assert_allclose(index.vectors_at(np.arange(35)), v, atol=1e-6)

    @pytest.mark.parametrize("through", [0, 10**9], ids="lists flat".split())
    def test_no_more_than_a_block_is_in_memory(
        self, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch, through: int
    ) -> None:
        """However many vectors there are: all of them are asked for, block by block."""
        monkeypatch.setattr(neighbours, "_GONE_THROUGH", through)
        monkeypatch.setattr(milvus, "_AT_ONCE", 10)
        monkeypatch.setattr(arrays, "BLOCK", 16)
        monkeypatch.setattr(milvus, "ASKED", 5)
        v, asked = vectors(200, seed=7), list[int]()

        def read(rows: np.ndarray) -> np.ndarray:
            asked.append(len(rows))
            return v[rows]

        index = keeping.keep(
            Made(*v.shape, read), names(200), tmp_path / "title.faiss", database, f"{through}"
        )
        assert max(asked) == 16 and sum(asked) >= 2 * len(v)  # read for the name, and to be sent
        np.testing.assert_allclose(index.vectors(names(200)), unit(v), atol=1e-6)

    def test_a_name_tells_vectors_whatever_is_read_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        v = neighbours.at_unit_length(vectors(50))
        found = set()
        for size in (1, 7, 50, 1_000):
            monkeypatch.setattr(arrays, "BLOCK", size)
            found.add(keeping._collection_name("shop", v))
        assert len(found) == 1

    def test_ids_of_other_vectors_are_refused(self, tmp_path: Path, database: str, client: Client) -> None:
        before = client.list_collections()
        with pytest.raises(ValueError, match="9 vectors for 8 ids"):
            keeping.keep(vectors(9), names(8), tmp_path / "title.faiss", database)
        assert client.list_collections() == before

    def test_other_vectors_are_another_collection(self, tmp_path: Path, database: str) -> None:
        for folder in ("a", "b", "c"):
            (tmp_path / folder).mkdir()
        kept(tmp_path / "a", vectors(9, seed=1), names(9), database, "größe/茶碗 v1")
        kept(tmp_path / "b", vectors(9, seed=2), names(9), database, "größe/茶碗 v1")
        kept(tmp_path / "c", vectors(9, seed=1), names(9), database, "größe/茶碗 v1")
        assert collection(tmp_path / "a") == collection(tmp_path / "c") != collection(tmp_path / "b")


def stopping_at(row: int, v: np.ndarray) -> Made:
    """Vectors, as if somebody pressed Ctrl+C before this row."""

    def read(rows: np.ndarray) -> np.ndarray:
        if row in rows:
            raise KeyboardInterrupt
        return v[rows]

    return Made(*v.shape, read)


class TestErrors:
    def test_a_server_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(VectorDatabaseError, match="http://127.0.0.1:1/shop cannot be reached .* it runs"):
            kept(tmp_path, vectors(3), names(3), NOWHERE)

    @pytest.mark.parametrize("address", ["mysql://host/x", "host:19530", "/folder/file.db", "http://"])
    def test_an_address_of_something_else(self, address: str) -> None:
        with pytest.raises(VectorDatabaseError, match="it must be http://host:19530"):
            milvus.drop(address, {"x"})

    def test_a_collection_that_is_gone(self, tmp_path: Path, database: str) -> None:
        kept(tmp_path, vectors(9), names(9), database)
        milvus.drop(database, {collection(tmp_path), "never there"})
        with pytest.raises(VectorDatabaseError, match=r"has no collection mmq_\w+. Run `mmquality index`"):
            keeping.load(tmp_path / "title.faiss", database)

    def test_a_server_that_was_started_anew_loads_again(
        self, tmp_path: Path, database: str, client: Client
    ) -> None:
        index = kept(tmp_path, vectors(9), names(9), database)
        for question in (lambda: index.nearest("id-4", 3), lambda: index.search(vectors(1), 3)[0]):
            client.release_collection(collection(tmp_path))
            assert len(question())

    def test_rows_that_are_gone_are_said_and_sent_again(
        self, tmp_path: Path, database: str, client: Client
    ) -> None:
        index = kept(tmp_path, vectors(9, seed=9), names(9), database)
        client.delete(collection(tmp_path), ids=[4])
        with pytest.raises(VectorDatabaseError, match="is not complete"):
            index.vectors(["id-4"])
        with pytest.raises(VectorDatabaseError, match="is not complete"):
            index.search(vectors(1), 9)
        again = kept(tmp_path, vectors(9, seed=9), names(9), database)
        assert again.vectors(["id-4"]).shape == (1, 8)

    def test_a_database_that_is_not_named(self, tmp_path: Path, database: str) -> None:
        kept(tmp_path, vectors(9), names(9), database)
        with pytest.raises(VectorDatabaseError, match="Name it in MMQ_VECTORS_URL"):
            keeping.load(tmp_path / "title.faiss")
        with pytest.raises(VectorDatabaseError, match="Name it in MMQ_VECTORS_URL"):
            keeping.drop({collection(tmp_path)}, None)

    def test_ids_that_are_damaged(self, tmp_path: Path, database: str) -> None:
        kept(tmp_path, vectors(9), names(9), database)
        (tmp_path / "title.ids.arrow").write_bytes(b"damaged")
        with pytest.raises(ModelFileError, match="Run `mmquality index` again"):
            keeping.load(tmp_path / "title.faiss", database)

    def test_a_client_that_is_not_installed(self, tmp_path: Path) -> None:
        with (
            patch.dict("sys.modules", {"pymilvus": None}),
            pytest.raises(VectorDatabaseError, match=r"pip install 'mmquality\[milvus\]'"),
        ):
            milvus.drop("http://ada:secret@host:19530", {"x"})


@pytest.fixture(scope="module")
def both(
    marketplace: Marketplace, database: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, Workspace]:
    """The same workspace by files, and by the database as `mmquality index` fills it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MMQ_VECTORS_URL", database)
        uploaded = copy_of(marketplace, tmp_path_factory.mktemp("uploaded") / "shop")
        assert building.index(uploaded) == marketplace.published
    return marketplace.workspace, uploaded


class TestTheSameCommands:
    def test_neighbours_and_distances_are_those_of_files(
        self, both: tuple[Workspace, Workspace], database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        files, uploaded = both
        assert not list(uploaded.models.rglob("index/*.faiss"))
        with Catalogue(files) as catalogue:
            some = list(catalogue.indexes()[Space.TITLE].ids)[::30]
        for listing_id in some:
            for space in Space:
                call = ("neighbours", listing_id, "--space", str(space), "-k", "8", "--json", "-w")
                monkeypatch.delenv("MMQ_VECTORS_URL", raising=False)
                wanted = json.loads(run(*call, files.root).stdout)["neighbours"]
                monkeypatch.setenv("MMQ_VECTORS_URL", database)
                found = json.loads(run(*call, uploaded.root).stdout)["neighbours"]
                for one, other in zip(found, wanted, strict=True):
                    for figure in ("distance", "title_similarity"):
                        assert one[figure] == pytest.approx(other[figure], abs=3e-3)
                assert len({n["listing_id"] for n in found} & {n["listing_id"] for n in wanted}) >= 7

    def test_the_doctor_tells_a_server_that_is_down_from_an_index_that_is_gone(
        self, both: tuple[Workspace, Workspace]
    ) -> None:
        _, uploaded = both
        assert not [found for found in examine(uploaded) if found.health is Health.FAULT]
        (down,) = [x for x in examine(replace(uploaded, vectors_url=NOWHERE)) if x.health is Health.FAULT]
        assert "http://127.0.0.1:1/shop cannot be reached" in down.what and "See that it runs" in down.what
        assert "mmquality index" not in down.what + down.remedy and "secret" not in down.what

    def test_pages_and_evaluations_read_either(self, both: tuple[Workspace, Workspace]) -> None:
        with Catalogue(both[0]) as files, Catalogue(both[1]) as uploaded:
            assert isinstance(uploaded.indexes()[Space.PHOTO], milvus.MilvusIndex)
            listing_id = files.indexes()[Space.PHOTO].ids[3]
            compared = (files.comparison(listing_id), uploaded.comparison(listing_id))
            wanted, found = (sorted(comparison.distance.values()) for comparison in compared)
            assert found == pytest.approx(wanted, abs=3e-3)
            assert files.evidence(listing_id).looks_like == uploaded.evidence(listing_id).looks_like
            assert files.glances([listing_id]) == uploaded.glances([listing_id])

    def test_listings_arrive_and_leave_beside_the_database(
        self, both: tuple[Workspace, Workspace], marketplace: Marketplace, database: str, client: Client,
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        """Nothing is uploaded for them, and neighbours are those of files that went the same way."""
        before, shops = client.list_collections(), list[Workspace]()
        for name, built in zip(("files", "uploaded"), both, strict=True):
            monkeypatch.setenv("MMQ_VECTORS_URL", database if name == "uploaded" else "")
            shops.append(Workspace.at(tmp_path / name))
            shutil.copytree(built.root, shops[-1].root)
            arrived = imported(marketplace, shops[-1], tmp_path)
            assert arrive(shops[-1]).arrived == len(arrived)
            with open_store(shops[-1]) as store:
                gone = store.ranking_ids(RankingQuery(), 5)
                store.remove_listings(gone, "ada")
        assert client.list_collections() == before
        with Catalogue(shops[0]) as files, Catalogue(shops[1]) as uploaded:
            asked = [i for i in [*arrived, *files.indexes()[Space.TITLE].ids[:9]] if i not in gone]
            for space in Space:
                index = uploaded._index(space)
                assert isinstance(index, GrownIndex) and index.recall == 1
                for listing_id in asked:
                    wanted, found = (dict(c._index(space).nearest(listing_id, 10)) for c in (files, uploaded))
                    assert not {*gone, listing_id} & found.keys()
                    assert sorted(found.values()) == pytest.approx(sorted(wanted.values()), abs=3e-3)

    def test_again_nothing_is_uploaded_and_a_version_can_be_forgotten(
        self, both: tuple[Workspace, Workspace], database: str, client: Client, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setenv("MMQ_VECTORS_URL", database)
        shutil.copytree(both[1].root, tmp_path / "shop")
        shop = Workspace.at(tmp_path / "shop")
        before = client.list_collections()
        building.index(shop)
        assert client.list_collections() == before
        first = building.score(shop)  # published, so it becomes a version anew
        building.index(shop)
        assert len(client.list_collections()) == len(before) + 3
        assert "is in force" in error(run("models", "forget", first, "-w", shop.root, ok=False))
        run("models", "rollback", "-w", shop.root)
        run("models", "forget", first, "-w", shop.root)
        assert sorted(client.list_collections()) == sorted(before)
        assert "was forgotten" in error(run("models", "promote", first, "-w", shop.root, ok=False))
        assert "nothing to forget" in error(run("models", "forget", first, "-w", shop.root, ok=False))


class TestDashboard:
    @pytest.fixture
    def uploaded(self, fresh: Fixture, database: str, monkeypatch: pytest.MonkeyPatch) -> Fixture:
        """A finished workspace whose vectors are in the database."""
        for space in Space:
            path = index_path(fresh.workspace, "v1", space)
            built = NeighbourIndex.load(path)
            path.unlink()
            keeping.keep(built.vectors(built.ids), built.ids, path, database, str(space))
        monkeypatch.setenv("MMQ_VECTORS_URL", database)
        return fresh

    def test_a_listing_is_shown_beside_those_like_it(self, uploaded: Fixture) -> None:
        page = texts(opened("listing", id="L004"))
        assert "photos like this one are sold as" in page.lower() and "mmq-rows" in page
        assert "mmq-rows" in texts(opened("compare", id="L004"))
        assert "looks like" in texts(opened("ranking"))

    def test_a_database_that_cannot_be_reached_is_said(
        self, uploaded: Fixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MMQ_VECTORS_URL", NOWHERE)
        for page in ("listing", "compare"):
            told = texts(opened(page, id="L004"))
            assert "http://127.0.0.1:1/shop cannot be reached" in told and "secret" not in told
        opened("ranking")
        sentence = error(run("neighbours", "L004", "-w", uploaded.workspace.root, ok=False))
        assert "See that it runs" in sentence and "secret" not in sentence
