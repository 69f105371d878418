"""Vectors made elsewhere come in from files, or the file is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmquality.encoders.precomputed import read_vectors
from mmquality.errors import EncoderError, InputFileError

IDS = ["007", "b", "ü 1"]
ARRAY = np.arange(6, dtype=np.float32).reshape(3, 2)


def save(folder: Path, array: np.ndarray, ids: list[str] = IDS) -> tuple[Path, Path]:
    np.save(folder / "v.npy", array)
    (folder / "ids.txt").write_text("\n".join(ids) + "\n", encoding="utf-8")
    return folder / "v.npy", folder / "ids.txt"


def ids_csv(path: Path) -> Path:
    pd.DataFrame({"title": "x", "listing_id": IDS}).to_csv(path / "ids.csv", index=False)
    return path / "ids.csv"


def ids_single_column(path: Path) -> Path:
    pd.DataFrame({"sku": IDS}).to_csv(path / "ids.csv", index=False)
    return path / "ids.csv"


def ids_npy(path: Path) -> Path:
    np.save(path / "ids.npy", np.array(IDS))
    return path / "ids.npy"


def ids_windows(path: Path) -> Path:
    (path / "ids.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(IDS).encode())
    return path / "ids.txt"


@pytest.mark.parametrize("write_ids", [ids_csv, ids_single_column, ids_npy, ids_windows])
def test_npy_with_ids_in_every_form(tmp_path: Path, write_ids) -> None:
    np.save(tmp_path / "v.npy", ARRAY.astype(np.float64))
    vectors = read_vectors(tmp_path / "v.npy", write_ids(tmp_path))
    assert list(vectors.listing_ids) == IDS
    assert (vectors.dim, vectors.array.dtype) == (2, np.float32)
    np.testing.assert_array_equal(vectors.rows(["b", "007"]), ARRAY[[1, 0]])


def test_parquet_with_a_column_of_lists(tmp_path: Path) -> None:
    pd.DataFrame({"listing_id": IDS, "vector": list(ARRAY)}).to_parquet(tmp_path / "v.parquet")
    np.testing.assert_array_equal(read_vectors(tmp_path / "v.parquet").rows(IDS), ARRAY)


def test_parquet_with_a_column_per_dimension_and_whole_number_ids(tmp_path: Path) -> None:
    frame = pd.DataFrame({"listing_id": [7, 8, 9], "d0": ARRAY[:, 0], "d1": ARRAY[:, 1]})
    frame.to_parquet(tmp_path / "v.parquet")
    np.testing.assert_array_equal(read_vectors(tmp_path / "v.parquet").rows(["9", "7"]), ARRAY[[2, 0]])


def test_the_id_changes_with_the_vectors_and_with_the_ids(tmp_path: Path) -> None:
    made = [
        read_vectors(*save(tmp_path, array, ids)).id
        for array, ids in [(ARRAY, IDS), (ARRAY, IDS), (ARRAY + 1, IDS), (ARRAY, ["x", "y", "z"])]
    ]
    assert made[0] == made[1]
    assert len(set(made)) == 3
    assert made[0].startswith("precomputed-")


def test_a_listing_without_a_vector_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="1 of 2 listings have no vector .*'c'"):
        read_vectors(*save(tmp_path, ARRAY)).rows(["b", "c"])


@pytest.mark.parametrize(
    ("array", "ids", "reason"),
    [
        (ARRAY, IDS[:2], "3 vectors for 2 ids"),
        (ARRAY, ["a", "b", "a"], "'a' has two vectors"),
        (ARRAY, ["a", " ", "c"], "id of vector 2 is empty"),
        (np.array([[1, 2], [np.nan, 1], [3, 4]]), IDS, "1 vectors hold NaN .*'b'"),
        (np.array([[1, 2], [3, 4], [1, np.inf]]), IDS, "'ü 1'"),
        (np.full((3, 2), 1e300), IDS, "infinite"),
        (np.zeros(3), IDS, r"float64 of shape \(3,\)"),
        (np.zeros((3, 0)), IDS, r"shape \(3, 0\)"),
        (np.array([["a"], ["b"], ["c"]]), IDS, "<U1"),
    ],
)
def test_unusable_vectors_are_refused(tmp_path: Path, array: np.ndarray, ids: list[str], reason: str) -> None:
    with pytest.raises(InputFileError, match=reason):
        read_vectors(*save(tmp_path, array, ids))


def ragged(path: Path) -> None:
    pd.DataFrame({"listing_id": IDS, "vector": [[1.0], [1.0, 2.0], [1.0]]}).to_parquet(path)


def gap(path: Path) -> None:
    pd.DataFrame({"listing_id": IDS, "vector": [[1.0], None, [1.0]]}).to_parquet(path)


def hole(path: Path) -> None:
    pd.DataFrame({"listing_id": IDS, "d0": [1.0, None, 2.0]}).to_parquet(path)


def no_id(path: Path) -> None:
    pd.DataFrame({"sku": IDS, "d0": 1.0}).to_parquet(path)


def null_id(path: Path) -> None:
    pd.DataFrame({"listing_id": ["a", None, "c"], "d0": 1.0}).to_parquet(path)


def float_id(path: Path) -> None:
    pd.DataFrame({"listing_id": [1.0, 2.5, 3.0], "d0": 1.0}).to_parquet(path)


def broken(path: Path) -> None:
    path.write_bytes(b"PAR1 no more")


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (ragged, "differ in length"),
        (gap, "differ in length"),
        (hole, "NaN"),
        (no_id, "no column listing_id"),
        (null_id, "vector 2 is empty"),
        (float_id, "text or whole numbers"),
        (broken, "cannot be read as Parquet"),
        (lambda path: None, "cannot be read as Parquet"),
    ],
)
def test_unusable_parquet_is_refused(tmp_path: Path, write, reason: str) -> None:
    write(tmp_path / "v.parquet")
    with pytest.raises(InputFileError, match=reason):
        read_vectors(tmp_path / "v.parquet")


def test_a_pickled_array_is_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "ids.txt").write_text("a")
    with pytest.raises(InputFileError, match="cannot be read as an .npy"):
        read_vectors(tmp_path / "v.npy", tmp_path / "ids.txt")


@pytest.mark.parametrize(
    ("vectors", "ids"), [("v.npy", None), ("v.csv", "ids.txt"), ("v.parquet", "ids.txt")], ids=str
)
def test_other_pairs_of_files_are_refused_with_the_two_that_work(vectors: str, ids: str | None) -> None:
    with pytest.raises(InputFileError, match="give a .parquet file alone, or an .npy file"):
        read_vectors(Path(vectors), ids and Path(ids))


def test_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="ids.txt cannot be read"):
        read_vectors(tmp_path / "v.npy", tmp_path / "ids.txt")


@pytest.mark.parametrize(
    "header",
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 8), }", "{'descr': (((", "\xd7"],
)
def test_a_header_that_lies_takes_no_memory(tmp_path: Path, header: str) -> None:
    text = header.encode("latin1").ljust(117) + b"\n"
    path = tmp_path / "v.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(32))
    (tmp_path / "ids.txt").write_text("a")
    with pytest.raises(InputFileError, match=r"v\.npy cannot be read as an \.npy array"):
        read_vectors(path, tmp_path / "ids.txt")


def test_an_archive_under_the_name_of_an_array_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "v.npy").open("wb") as file:
        np.savez(file, a=np.zeros((1, 2)))
    (tmp_path / "ids.txt").write_text("a")
    with pytest.raises(InputFileError, match=r"v\.npy cannot be read"):
        read_vectors(tmp_path / "v.npy", tmp_path / "ids.txt")
