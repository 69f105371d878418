"""The embedding cache: nothing is encoded twice, nothing is stale, damage is told."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmquality.encoders.cache import EmbeddingCache
from mmquality.errors import EncoderError, ModelFileError


def sha(content: object) -> str:
    return hashlib.sha256(str(content).encode()).hexdigest()


def vectors(count: int, dim: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)


def test_what_was_put_is_got_in_any_order_and_after_opening_again(tmp_path: Path) -> None:
    hashes, array = [sha(n) for n in range(5)], vectors(5)
    EmbeddingCache(tmp_path, "encoder-1").put(hashes, array)
    cache = EmbeddingCache(tmp_path, "encoder-1")
    order = [3, 0, 3, 4]
    np.testing.assert_array_equal(cache.get([hashes[n] for n in order]), array[order])
    assert (len(cache), cache.dim) == (5, 4)


def test_missing_names_each_unknown_hash_once_in_order(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "encoder-1")
    cache.put([sha("a")], vectors(1))
    assert cache.missing([sha("c"), sha("a"), sha("b"), sha("c")]) == [sha("c"), sha("b")]


def test_another_encoder_sees_nothing_of_it(tmp_path: Path) -> None:
    EmbeddingCache(tmp_path, "encoder-1").put([sha("a")], vectors(1))
    assert EmbeddingCache(tmp_path, "encoder-2").missing([sha("a")]) == [sha("a")]


def test_a_hash_keeps_its_first_vector_and_a_known_one_writes_no_file(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "encoder-1")
    first = vectors(2)
    cache.put([sha("a"), sha("a")], first)
    cache.put([sha("a")], vectors(1, seed=1))
    np.testing.assert_array_equal(cache.get([sha("a")]), first[:1])
    assert len(list(tmp_path.rglob("*.safetensors"))) == 1


def test_two_writers_do_not_overwrite_each_other(tmp_path: Path) -> None:
    one, two = EmbeddingCache(tmp_path, "encoder-1"), EmbeddingCache(tmp_path, "encoder-1")
    one.put([sha("a"), sha("b")], vectors(2))
    two.put([sha("b"), sha("c")], vectors(2))
    assert EmbeddingCache(tmp_path, "encoder-1").missing([sha("a"), sha("b"), sha("c")]) == []


def test_asking_for_what_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="1 of 1 embeddings .* run `mmquality encode`"):
        EmbeddingCache(tmp_path, "encoder-1").get([sha("a")])


@pytest.mark.parametrize(
    "array",
    [vectors(1), vectors(2, dim=3), np.full((2, 4), np.nan), np.zeros(8)],
    ids="rows dim nan flat".split(),
)
def test_vectors_that_do_not_fit_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    cache = EmbeddingCache(tmp_path, "encoder-1")
    cache.put([sha("a")], vectors(1))
    with pytest.raises(EncoderError, match="encoder-1"):
        cache.put([sha("b"), sha("c")], array)
    assert cache.missing([sha("b")]) == [sha("b")]


@pytest.mark.parametrize("keep", [0, 6, 40, -5], ids="empty header tensors tail".split())
def test_a_damaged_segment_is_named_with_the_way_out(tmp_path: Path, keep: int) -> None:
    EmbeddingCache(tmp_path, "encoder-1").put([sha("a")], vectors(1))
    (segment,) = tmp_path.rglob("*.safetensors")
    segment.write_bytes(segment.read_bytes()[:keep])
    with pytest.raises(ModelFileError, match=f"{segment.name} is damaged .* delete it"):
        EmbeddingCache(tmp_path, "encoder-1")


def test_segments_of_two_dimensions_are_damage(tmp_path: Path) -> None:
    one, two = EmbeddingCache(tmp_path, "encoder-1"), EmbeddingCache(tmp_path, "encoder-1")
    one.put([sha("a")], vectors(1, dim=4))
    two.put([sha("b")], vectors(1, dim=5))
    with pytest.raises(ModelFileError, match="dimensions"):
        EmbeddingCache(tmp_path, "encoder-1")


def test_what_a_killed_run_leaves_behind_is_ignored(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "encoder-1")
    cache.put([sha("a")], vectors(1))
    (tmp_path / "encoder-1" / "000001-0badc0de.part").write_bytes(b"half of a segm")
    assert len(EmbeddingCache(tmp_path, "encoder-1")) == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 20), max_size=8), max_size=6))
def test_any_sequence_of_puts_behaves_as_a_dictionary(tmp_path_factory: pytest.TempPathFactory, puts) -> None:
    folder, expected = tmp_path_factory.mktemp("cache"), {}
    cache = EmbeddingCache(folder, "encoder-1")
    for seed, numbers in enumerate(puts):
        array = vectors(len(numbers), seed=seed)
        cache.put([sha(n) for n in numbers], array)
        for number, vector in zip(numbers, array, strict=True):
            expected.setdefault(number, vector)
    for reader in (cache, EmbeddingCache(folder, "encoder-1")):
        got = reader.get([sha(n) for n in expected])
        np.testing.assert_array_equal(got, np.array(list(expected.values())).reshape(got.shape))


def test_rows_are_read_wherever_the_folder_is_seen(tmp_path: Path) -> None:
    hashes, array = [sha(n) for n in range(6)], vectors(6)
    cache = EmbeddingCache(tmp_path, "encoder-1")
    cache.put(hashes[:4], array[:4])
    cache.put(hashes[4:], array[4:])
    order = [5, 0, 5, 3]
    placed = cache.placed([hashes[n] for n in order])
    np.testing.assert_array_equal(placed[:], array[order])
    np.testing.assert_array_equal(np.asarray(placed), array[order])
    assert (placed.shape, placed.dtype) == ((4, 4), np.float32)
    part = placed.part(slice(1, 3))
    np.testing.assert_array_equal(part[:], array[order[1:3]])
    assert [len(rows.segments) for rows in (placed, part, placed.part(slice(1, 2)))] == [2, 2, 1]
    for path in (tmp_path / "encoder-1").iterdir():
        path.unlink()
    with pytest.raises(ModelFileError, match="is not there on .*; share the workspace's folder"):
        placed[:]


def test_many_small_segments_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmquality.encoders.cache._SMALL", 2)
    monkeypatch.setattr("mmquality.encoders.cache._MANY", 4)
    cache, rng = EmbeddingCache(tmp_path, "encoder"), np.random.default_rng(0)
    kept = {f"{n:064d}": rng.normal(size=3).astype(np.float32) for n in range(12)}
    ids = list(kept)
    sizes = [3, 1, 2, 1]
    for start, size in zip(np.cumsum([0, *sizes]).tolist(), sizes, strict=False):
        cache.put(ids[start : start + size], np.stack([kept[i] for i in ids[start : start + size]]))
        cache.fold()
    assert len(list(tmp_path.rglob("*.safetensors"))) == 4  # three small ones are not many
    cache.put(ids[7:8], np.stack([kept[ids[7]]]))
    cache.fold()
    assert len(list(tmp_path.rglob("*.safetensors"))) == 2
    for one in (cache, EmbeddingCache(tmp_path, "encoder")):
        np.testing.assert_array_equal(one.get(ids[:8]), np.stack([kept[i] for i in ids[:8]]))
        assert not one.has(ids[8:]).any() and len(one) == 8
