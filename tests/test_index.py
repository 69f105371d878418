"""The neighbour index against brute-force NumPy; ids of every kind; damage told."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmquality.errors import ModelFileError, UnknownListingError
from mmquality.ids import Ids, save_table
from mmquality.index import GrownIndex, NeighbourIndex, distance_of, lists, neighbours, unit
from mmquality.rows import Stored

ODD_IDS = [
    "plain",
    "with\nnewline",
    "tab\t,\"quote'",
    "größe 茶碗 🏺",
    " space ",
    "",
    "007",
    "a/../b",
    "\u2028",
]


def vectors(n: int, d: int = 8, seed: int = 0, distinct: int | None = None) -> np.ndarray:
    """(n, d) float32; only `distinct` different rows where that is given, so that there are ties."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(distinct or n, d)).astype(np.float32)
    return rows[rng.integers(0, len(rows), n)] if distinct else rows


def names(n: int) -> list[str]:
    return [f"id-{row}" for row in range(n)]


def all_distances(queries: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Euclidean distances of unit vectors, in double precision, (queries, n)."""
    a, b = (x.astype(float) / np.linalg.norm(x.astype(float), axis=1, keepdims=True) for x in (queries, v))
    return np.linalg.norm(a[:, None] - b[None], axis=2)


@given(
    n=st.integers(1, 40),
    k=st.integers(1, 50),
    seed=st.integers(0, 1_000),
    distinct=st.sampled_from([None, 1, 3]),
)
@settings(max_examples=40, deadline=None)
def test_search_agrees_with_brute_force_up_to_ties(n: int, k: int, seed: int, distinct: int | None) -> None:
    v, queries = vectors(n, seed=seed, distinct=distinct), vectors(5, seed=seed + 1)
    rows, distances = NeighbourIndex.build(v, names(n)).search(queries, k)
    brute = all_distances(queries, v)
    assert rows.shape == distances.shape == (5, min(k, n))
    assert all(len(set(row)) == len(row) for row in rows.tolist())
    np.testing.assert_allclose(distances, np.sort(brute, axis=1)[:, :k], atol=2e-3)
    np.testing.assert_allclose(np.take_along_axis(brute, rows, axis=1), distances, atol=2e-3)


@given(
    n=st.integers(1, 30),
    k=st.integers(0, 40),
    seed=st.integers(0, 1_000),
    distinct=st.sampled_from([None, 1, 2]),
)
@settings(max_examples=40, deadline=None)
def test_nearest_never_names_the_listing_itself(n: int, k: int, seed: int, distinct: int | None) -> None:
    v = vectors(n, seed=seed, distinct=distinct)
    found = NeighbourIndex.build(v, names(n)).nearest("id-0", k)
    others = np.sort(all_distances(v[:1], v[1:])[0])[:k] if n > 1 else []
    assert len({i for i, _ in found}) == len(found) == min(k, n - 1) and "id-0" not in {i for i, _ in found}
    np.testing.assert_allclose([d for _, d in found], others, atol=2e-3)


def test_distance_is_0_for_the_same_and_2_for_the_opposite() -> None:
    v = np.array([[1, 0], [5, 0], [-1, 0], [0, 3]], dtype=np.float32)
    found = dict(NeighbourIndex.build(v, list("abcd")).nearest("a", 3))
    assert found == pytest.approx({"b": 0, "d": 2**0.5, "c": 2})
    assert distance_of(np.float32([1.0000001, -1.0000001])).tolist() == [0, 2]  # rounding is no NaN


def test_lengths_do_not_matter_and_zeros_stay_zeros() -> None:
    v = vectors(10)
    longer = v * np.arange(1, 11, dtype=np.float32)[:, None]
    np.testing.assert_allclose(unit(longer), unit(v), atol=1e-6)
    assert not unit(np.zeros((2, 3), np.float32)).any()
    index = NeighbourIndex.build(np.vstack([v, np.zeros((1, 8), np.float32)]), names(11))
    assert all(d == pytest.approx(2**0.5) for _, d in index.nearest("id-10", 10))


def test_vectors_come_back_at_unit_length_in_the_order_asked_for() -> None:
    v = vectors(6)
    index = NeighbourIndex.build(v, names(6))
    np.testing.assert_allclose(index.vectors(["id-4", "id-0", "id-4"]), unit(v)[[4, 0, 4]], atol=1e-6)
    assert index.vectors([]).shape == (0, 8)


def test_nothing_to_find() -> None:
    empty = NeighbourIndex.build(np.empty((0, 8), np.float32), [])
    assert empty.search(vectors(2), 5)[0].shape == (2, 0) and len(empty) == 0
    alone = NeighbourIndex.build(vectors(1), ["only"])
    assert alone.nearest("only", 5) == []


def test_unknown_listings_are_told() -> None:
    index = NeighbourIndex.build(vectors(3), names(3))
    assert "id-2" in index and "id-3" not in index
    for ask in (lambda: index.nearest("id-3", 1), lambda: index.vectors(["id-0", "id-3"])):
        with pytest.raises(UnknownListingError, match="'id-3' is not in the index. Run `mmquality index`"):
            ask()


def test_every_vector_needs_its_id() -> None:
    with pytest.raises(ValueError, match="3 vectors for 2 ids"):
        NeighbourIndex.build(vectors(3), names(2))


def saved(folder: Path, ids: list[str]) -> Path:
    NeighbourIndex.build(vectors(len(ids)), ids).save(folder / "title.faiss")
    return folder / "title.faiss"


def test_an_index_survives_the_disk_with_any_ids(tmp_path: Path) -> None:
    index = NeighbourIndex.load(saved(tmp_path, ODD_IDS))
    fresh = NeighbourIndex.build(vectors(len(ODD_IDS)), ODD_IDS)
    assert list(index.ids) == ODD_IDS
    for listing_id in ODD_IDS:
        found, wanted = index.nearest(listing_id, 5), fresh.nearest(listing_id, 5)
        assert [other for other, _ in found] == [other for other, _ in wanted]
        assert dict(found) == pytest.approx(dict(wanted), abs=2e-3)  # half precision


def test_copies_are_at_no_distance_on_the_disk_either(tmp_path: Path) -> None:
    v = vectors(9)
    v[4] = v[0]
    NeighbourIndex.build(v, names(9)).save(tmp_path / "title.faiss")
    index = NeighbourIndex.load(tmp_path / "title.faiss")
    (listing_id, distance), *others = index.nearest("id-0", 8)
    assert listing_id == "id-4" and distance == pytest.approx(0, abs=1e-3)
    assert [d for _, d in others] == sorted(d for _, d in others)
    np.testing.assert_allclose(np.linalg.norm(index.vectors(names(9)), axis=1), 1, atol=1e-6)


def ids_file(path: Path) -> Path:
    return path.with_suffix(".ids.arrow")


def earlier(path: Path) -> Path:
    return path.with_suffix(".ids.json")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no vectors": lambda path: path.unlink(),
    "no ids": lambda path: ids_file(path).unlink(),
    "vectors end early": lambda path: path.write_bytes(path.read_bytes()[:-7]),
    "vectors are empty": lambda path: path.write_bytes(b""),
    "vectors are something else": lambda path: path.write_bytes(b"not an index at all, but long enough" * 9),
    "ids end early": lambda path: ids_file(path).write_bytes(ids_file(path).read_bytes()[:-7]),
    "ids are empty": lambda path: ids_file(path).write_bytes(b""),
    "ids are something else": lambda path: save_table(ids_file(path), {"listing_id": ODD_IDS}),
    "ids are numbers": lambda path: save_table(
        ids_file(path), {"listing_id": list(range(9)), "order": np.arange(9, dtype=np.uint64)}
    ),
    "an id is missing": lambda path: save_table(ids_file(path), Ids(ODD_IDS[1:]).columns()),
    "earlier ids end early": lambda path: earlier(path).write_text('["a", "b'),
    "earlier ids are no text": lambda path: earlier(path).write_bytes(b"\xff\xfe\x00"),
    "earlier ids are an object": lambda path: earlier(path).write_text(
        json.dumps(dict.fromkeys("abcdefghi"))
    ),
    "earlier ids are numbers": lambda path: earlier(path).write_text(json.dumps(list(range(9)))),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_told_with_the_way_out(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    path = saved(tmp_path, ODD_IDS)
    damage(path)
    with pytest.raises(ModelFileError, match=r"title\..* Run `mmquality index` again\.$"):
        NeighbourIndex.load(path)


def test_an_index_of_an_earlier_version_keeps_its_ids_as_json(tmp_path: Path) -> None:
    path = saved(tmp_path, ODD_IDS)
    ids_file(path).unlink()
    earlier(path).write_text(json.dumps(ODD_IDS), encoding="utf-8")
    assert list(NeighbourIndex.load(path).ids) == ODD_IDS


def test_an_index_that_is_in_use_may_be_made_anew(tmp_path: Path) -> None:
    index = NeighbourIndex.load(saved(tmp_path, ODD_IDS))
    saved(tmp_path, ODD_IDS[:2])
    assert list(index.ids) == ODD_IDS and len(index.nearest("plain", 9)) == 8


def test_the_index_is_exact() -> None:
    assert isinstance(NeighbourIndex.build(vectors(3), names(3))._index, faiss.IndexFlatIP)


@pytest.fixture
def in_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index of any size has its vectors in lists in its file."""
    monkeypatch.setattr(neighbours, "_GONE_THROUGH", 0)


def on_the_disk(folder: Path, v: np.ndarray) -> NeighbourIndex:
    """An index of these vectors, saved and loaded."""
    done: list[int] = []
    NeighbourIndex.build(v, names(len(v))).save(folder / "unified.faiss", done.append)
    assert sum(done) == len(v)
    return NeighbourIndex.load(folder / "unified.faiss")


@pytest.mark.parametrize("through", [10**9, 0], ids="gone-through in-lists".split())
def test_written_from_a_file_it_is_as_built_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, through: int
) -> None:
    monkeypatch.setattr(neighbours, "_GONE_THROUGH", through)
    v, done = vectors(2_000), list[int]()
    stored = Stored.create(tmp_path / "v.npy", v.shape, v.dtype)
    stored[:] = v
    (tmp_path / "built").mkdir()
    NeighbourIndex.build(v, names(2_000)).save(tmp_path / "built" / "title.faiss")
    NeighbourIndex.write(tmp_path / "title.faiss", stored, names(2_000), done.append)
    for name in ("title.faiss", "title.ids.arrow"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "built" / name).read_bytes()
    assert sum(done) == 2_000


@pytest.mark.usefixtures("in_lists")
class TestLists:
    @pytest.mark.parametrize("block", [100, 4_096])
    def test_the_file_is_the_one_that_faiss_writes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
    ) -> None:
        """However many blocks the cores write, one beside the other."""
        monkeypatch.setattr(lists, "_AT_ONCE", block)
        v = unit(vectors(2_000))
        lists.write(tmp_path / "ours.faiss", v, lambda done: None)
        index = lists._learnt(v, np.random.default_rng(0))
        index.add(v)
        index.make_direct_map()
        index.nprobe = faiss.read_index(str(tmp_path / "ours.faiss")).nprobe
        faiss.write_index(index, str(tmp_path / "theirs.faiss"))
        assert (tmp_path / "ours.faiss").read_bytes() == (tmp_path / "theirs.faiss").read_bytes()

    def test_their_recall_is_that_of_brute_force(self, tmp_path: Path) -> None:
        v = vectors(3_000, 8)
        index = on_the_disk(tmp_path, v)
        assert isinstance(index._index, faiss.IndexIVF) and index._index.nprobe < index._index.nlist
        sample = names(3_000)[::5]
        brute = np.sort(all_distances(v[::5], v), axis=1)[:, 1:11]
        found = np.array([[d for _, d in index.nearest(i, 10)] for i in sample])
        hits = (found <= brute[:, -1:] + 1e-3).mean()
        assert 0.99 <= index.recall and hits == pytest.approx(index.recall, abs=0.01)
        np.testing.assert_allclose(found[:, 0], brute[:, 0], atol=2e-3)
        np.testing.assert_allclose(index.vectors(sample), unit(v[::5]), atol=1e-3)

    @pytest.mark.parametrize("components", [64, 4])
    def test_around_centres_they_find_the_very_rows(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, components: int
    ) -> None:
        """Told by few components, lists are worse and searches wider; what is told of them stays true."""
        monkeypatch.setattr(lists, "_COMPONENTS", components)
        monkeypatch.setattr(lists, "ENOUGH", 0.97)
        rng = np.random.default_rng(1)
        v = unit(rng.normal(size=(60, 100))[rng.integers(0, 60, 5_000)] + 0.5 * vectors(5_000, 100))
        index = on_the_disk(tmp_path, v)
        assert isinstance(index._index, faiss.IndexIVF)
        assert faiss.downcast_index(index._index.quantizer).index.d == components
        asked = np.arange(0, 5_000, 5)
        true = NeighbourIndex.build(v, names(5_000)).search_others(v[asked], asked, 10)[0]
        found = index.search_others(v[asked], asked, 10)[0]
        hits = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, true, strict=True)])
        assert 0.97 <= index.recall and hits == pytest.approx(index.recall, abs=0.015)

    @settings(max_examples=15, deadline=None)
    @given(
        n=st.integers(2, 300),
        d=st.sampled_from([1, 3, 70]),
        seed=st.integers(0, 99),
        distinct=st.sampled_from([None, 1, 3]),
        block=st.integers(1, 99),
    )
    def test_every_vector_is_in_a_list_once_whatever_is_read_at_a_time(
        self, n: int, d: int, seed: int, distinct: int | None, block: int
    ) -> None:
        v = unit(vectors(n, d, seed, distinct))
        v[0] = 0
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(lists, "_AT_ONCE", block)
            patch.setattr(lists, "ENOUGH", 0)
            path = Path(folder) / "title.faiss"
            index = NeighbourIndex.write(path, v, names(n))
            assert isinstance(index._index, faiss.IndexIVF)
            rows = index.search(v[:1], n)[0]
            assert sorted(rows[0]) == list(range(n))
            np.testing.assert_allclose(index.vectors_at(np.arange(n)), v, atol=1e-3)

    def test_what_has_gone_is_not_found_in_them(self, tmp_path: Path) -> None:
        v = vectors(1_000)
        gone = set(names(1_000)[::3])
        grown = GrownIndex((on_the_disk(tmp_path, v), gone))
        stay = np.setdiff1d(np.arange(1_000), np.arange(0, 1_000, 3))
        brute = np.sort(all_distances(v[1:2], v[stay])[0])[1:]
        found = grown.nearest("id-1", len(stay))
        assert {i for i, _ in found} == {f"id-{row}" for row in stay} - {"id-1"}
        np.testing.assert_allclose([d for _, d in found], brute, atol=2e-3)

    def test_without_enough_recall_everything_is_gone_through(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lists, "ENOUGH", 1.1)
        index = on_the_disk(tmp_path, vectors(300))
        assert isinstance(index._index, faiss.IndexScalarQuantizer) and index.recall == 1
        assert lists.write(tmp_path / "none.faiss", unit(vectors(300)), lambda done: None) is None
        assert not (tmp_path / "none.faiss").exists()

    def test_lists_of_an_earlier_version_are_searched(self, tmp_path: Path) -> None:
        """Their centres had all dimensions, and were found by inner product."""
        v = unit(vectors(2_000))
        earlier_lists = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(8), 8, 90, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT, False
        )
        earlier_lists.cp.spherical, earlier_lists.cp.min_points_per_centroid = True, 1
        earlier_lists.train(v)
        earlier_lists.add(v)
        earlier_lists.make_direct_map()
        earlier_lists.nprobe = 32
        path = saved(tmp_path, names(2_000))
        faiss.write_index(earlier_lists, str(path))
        index = NeighbourIndex.load(path)
        brute = np.sort(all_distances(v[:200], v), axis=1)[:, 1:11]
        found = np.array([[d for _, d in index.nearest(i, 10)] for i in names(200)])
        assert (found <= brute[:, -1:] + 1e-3).mean() >= 0.99
        np.testing.assert_allclose(index.vectors(names(2_000)), v, atol=1e-3)

    def test_whoever_asks_for_more_than_lists_hold_gets_them(self, tmp_path: Path) -> None:
        v = vectors(2_000)
        v[:500] = v[0]
        index = on_the_disk(tmp_path, v)
        index.read_ahead()
        found = index.nearest("id-7", 1_900)
        assert len({i for i, _ in found}) == 1_900
        assert all(d == pytest.approx(0, abs=1e-3) for _, d in found[:499])
        brute = np.sort(all_distances(v[7:8], v)[0])[1:1_901]
        np.testing.assert_allclose([d for _, d in found], brute, atol=2e-3)

    def test_a_few_vectors_may_be_in_lists(self, tmp_path: Path) -> None:
        index = on_the_disk(tmp_path, vectors(3))
        assert len(index.nearest("id-0", 10)) == 2 and index.recall == 1


def test_without_lists_the_file_is_the_one_that_faiss_writes(tmp_path: Path) -> None:
    v = vectors(20_000)  # more than one block
    path = tmp_path / "title.faiss"
    NeighbourIndex.build(v, names(20_000)).save(path)
    flat = faiss.IndexScalarQuantizer(8, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    flat.add(unit(v))
    faiss.write_index(flat, str(tmp_path / "theirs.faiss"))
    assert path.read_bytes() == (tmp_path / "theirs.faiss").read_bytes()


def test_an_index_that_says_it_holds_more_than_it_does_is_refused(tmp_path: Path) -> None:
    """FAISS believes its header, and would read beyond the end."""
    path = tmp_path / "small.faiss"
    NeighbourIndex.build(np.eye(8, dtype=np.float32), list("abcdefgh")).save(path)
    data = path.read_bytes()
    for value in (9, 10**6, 2**40):
        number = (8).to_bytes(8, "little")  # how many vectors there are, behind kind and dimensions
        path.write_bytes(data[:8] + data[8:16].replace(number, value.to_bytes(8, "little")) + data[16:])
        assert path.read_bytes() != data
        with pytest.raises(ModelFileError, match="cannot be read"):
            NeighbourIndex.load(path)


def test_an_index_of_vectors_that_are_no_numbers_says_so(tmp_path: Path) -> None:
    path = tmp_path / "small.faiss"
    NeighbourIndex.build(np.full((8, 8), np.nan, np.float32), list("abcdefgh")).save(path)
    with pytest.raises(ModelFileError, match=r"small\.faiss holds vectors that are no numbers"):
        NeighbourIndex.load(path).nearest("a", 3)
