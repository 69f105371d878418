"""Arrays by rows: whatever is asked of them, they answer as the NumPy array that they stand for."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmquality.rows import Made, Stored, blocks, in_folder, in_memory, kept

DISTINCT = st.one_of(
    st.builds(slice, st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([None, 1, 2, -1])),
    st.lists(st.integers(-7, 6), max_size=7, unique_by=lambda row: row % 7).map(
        lambda rows: np.array(rows, dtype=np.int64)
    ),
    st.lists(st.booleans(), min_size=7, max_size=7).map(np.array),
)
KEYS = DISTINCT | st.lists(st.integers(-7, 6), max_size=9).map(lambda rows: np.array(rows, dtype=np.int32))
TYPES = st.sampled_from([np.float16, np.float32, np.int32, np.float64])


def some(n: int = 7, dim: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, dim)).astype(np.float32)


@given(KEYS)
@settings(max_examples=60, deadline=None)
def test_rows_are_read_as_from_an_array(tmp_path_factory: pytest.TempPathFactory, key: object) -> None:
    array = some()
    stored = Stored.create(tmp_path_factory.mktemp("rows") / "a.npy", array.shape, array.dtype)
    stored[:] = array
    for rows in (stored, Made(7, 3, lambda rows: array[rows])):
        np.testing.assert_array_equal(rows[key], array[key], strict=True)
        np.testing.assert_array_equal(np.asarray(rows), array)
        assert (rows.shape, rows.dtype, len(rows)) == (array.shape, array.dtype, 7)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no list of what is mapped")
def test_nothing_stays_mapped(tmp_path: Path) -> None:
    stored, array = Stored.create(tmp_path / "a.npy", (3_000, 3), np.float32), some(3_000)
    stored[:] = array
    rows = np.random.default_rng(1).integers(0, 3_000, (500, 2))
    np.testing.assert_array_equal(stored[rows], array[rows])
    assert str(stored.path) not in Path("/proc/self/maps").read_text()


@given(DISTINCT, TYPES, st.booleans())
@settings(max_examples=60, deadline=None)
def test_rows_are_written_as_into_an_array(
    tmp_path_factory: pytest.TempPathFactory, key: object, dtype: type, one_for_all: bool
) -> None:
    array = (9 * some()).astype(dtype)
    stored = Stored.create(tmp_path_factory.mktemp("rows") / "a.npy", array.shape, dtype)
    stored[:] = array
    values = 5 if one_for_all else 9 * some()[: len(array[key])] + 1
    stored[key] = array[key] = np.asarray(values, dtype)
    np.testing.assert_array_equal(stored[:], array, strict=True)
    np.testing.assert_array_equal(np.load(stored.path), array)


@pytest.mark.parametrize("key", [np.array([0, 7]), np.array([-8]), np.array([True, False])])
def test_rows_that_are_not_there_are_refused(tmp_path: Path, key: np.ndarray) -> None:
    stored = Stored.create(tmp_path / "a.npy", (7, 3), np.float32)
    for rows in (stored, Made(7, 3, lambda rows: some()[rows])):
        with pytest.raises(IndexError):
            rows[key]
    with pytest.raises(IndexError):
        stored[key] = 1


def test_a_file_that_became_too_short_is_told(tmp_path: Path) -> None:
    stored = Stored.create(tmp_path / "a.npy", (7, 3), np.float32)
    os.truncate(stored.path, stored.path.stat().st_size - 1)
    assert not stored[:6].any()
    with pytest.raises(ValueError, match="ends early"):
        stored[np.array([2, 6])]


def test_the_system_may_move_a_few_bytes_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = Stored.create(tmp_path / "a.npy", (7, 3), np.float32)
    read, write = os.preadv, os.pwritev
    monkeypatch.setattr(os, "preadv", lambda file, parts, place: read(file, [parts[0][:5]], place))
    monkeypatch.setattr(os, "pwritev", lambda file, parts, place: write(file, [parts[0][:5]], place))
    stored[:] = some()
    np.testing.assert_array_equal(stored[np.array([6, 1, 2])], some()[[6, 1, 2]])


def test_columns_one_after_the_other_are_no_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.asfortranarray(some()))
    with pytest.raises(ValueError, match="rows do not lie"):
        Stored(tmp_path / "a.npy")


def test_what_is_written_by_rows_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    array, stored = np.zeros((7, 3), np.float32), Stored.create(tmp_path / "a.npy", (7, 3), np.float32)
    for rows in (slice(2, 4), np.array([6, 0])):
        array[rows] = stored[rows] = some(2)
    np.testing.assert_array_equal(Stored(tmp_path / "a.npy")[:], array)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)


def test_what_was_read_is_a_copy(tmp_path: Path) -> None:
    stored = Stored.create(tmp_path / "a.npy", (2, 2), np.float32)
    stored[:1][:] = 1
    assert not stored[:].any()


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_an_array_may_be_empty(tmp_path: Path, shape: tuple[int, int]) -> None:
    stored = Stored.create(tmp_path / "a.npy", shape, np.float32)
    stored[:] = np.empty(shape)
    assert stored[:].shape == shape


def test_a_file_may_move(tmp_path: Path) -> None:
    stored = Stored.create(tmp_path / "a.npy", (2, 2), np.float32)
    stored.move(tmp_path / "b.npy")
    stored[:] = 1
    assert np.load(tmp_path / "b.npy").all() and not (tmp_path / "a.npy").exists()


def test_a_full_disk_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        Stored.create(tmp_path / "a.npy", (2, 2), np.float32)


@pytest.mark.parametrize(("n", "size"), [(0, 3), (1, 3), (6, 3), (7, 3)])
def test_blocks_go_through_everything_once(n: int, size: int) -> None:
    found = list(blocks(n, size))
    assert [row for block in found for row in range(n)[block]] == list(range(n))
    assert all(block.stop - block.start <= size for block in found)


def test_a_copy_is_kept_in_the_new_place() -> None:
    array = some(40_000, 2)
    copy = kept(Made(40_000, 2, lambda rows: array[rows]), in_memory)
    np.testing.assert_array_equal(copy[:], array)


def test_arrays_in_a_folder_have_files_of_their_own(tmp_path: Path) -> None:
    new = in_folder(tmp_path)
    one, other = new((2, 2), np.float32), new((2, 2), np.float32)
    one[:], other[:] = 1, 2
    assert one[:].all() and (other[:] == 2).all() and len(list(tmp_path.iterdir())) == 2
