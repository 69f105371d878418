"""Arrays of which no more is in memory than the rows that somebody is looking at.

They lie in files, or are made when they are asked for. A catalogue of any length is gone through with them in
blocks; where all of it is wanted in memory, `array[:]` is a NumPy array like any other.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
BLOCK = 16_384  # rows at a time, by default


class Rows(Protocol):
    """What is read by rows: a NumPy array, or one of those below. A slice or array of rows gives an array."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...


class Writable(Rows, Protocol):
    """What can be written by rows as well."""

    def __setitem__(self, rows: Any, values: Any, /) -> None: ...


New = Callable[[tuple[int, ...], npt.DTypeLike], Writable]  # shape, type → an array, its content anything


def in_memory(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Writable:
    """The `New` of those who have room."""
    return np.empty(shape, dtype)


class Stored:
    """An array in a `.npy` file, mapped only while some of it is read or written.

    What is read is a copy: nothing of the file stays in this process's memory. The system keeps in its own
    what there is room for.
    """

    def __init__(self, path: Path) -> None:
        """An array that is there. Raises `OSError` or `ValueError` where it is damaged or not there."""
        mapped = np.load(path, mmap_mode="r")
        self.path, self.shape, self.dtype = path, mapped.shape, mapped.dtype

    @classmethod
    def create(cls, path: str | Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Stored:
        """A new array of zeros in the place of what was there. Raises `OSError` where there is no room."""
        np.lib.format.open_memmap(path, "w+", dtype, shape)
        with open(path, "r+b") as file:  # written on a disk that is full, a map would end the process
            os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
        return cls(Path(path))

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: Any) -> Any:
        return np.array(np.load(self.path, mmap_mode="r")[rows])

    def __setitem__(self, rows: Any, values: Any) -> None:
        mapped = np.load(self.path, mmap_mode="r+")
        if isinstance(rows, slice) and rows.step is None and mapped.flags.c_contiguous:
            self._write(mapped, rows, values)  # a map would fault page by page: thrice the time
        else:
            mapped[rows] = values

    def _write(self, mapped: np.memmap, rows: slice, values: Any) -> None:
        start, stop, _ = rows.indices(len(self))
        block = np.require(np.broadcast_to(values, (max(stop - start, 0), *self.shape[1:])), self.dtype, "C")
        with self.path.open("r+b") as file:
            file.seek(mapped.offset + start * mapped.strides[0])
            file.write(block.data)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self[:], dtype)

    def move(self, path: Path) -> None:
        """Give the file another place."""
        self.path = Path(shutil.move(self.path, path))


def in_folder(folder: str | Path) -> New:
    """The `New` of those who have not: each array is a file in `folder`."""
    number = count()
    return lambda shape, dtype: Stored.create(Path(folder) / f"{next(number)}.npy", shape, dtype)


class Made:
    """float32 rows (n, dim) that `make` gives, by their numbers, whenever they are asked for."""

    dtype = np.dtype(np.float32)

    def __init__(self, n: int, dim: int, make: Callable[[Ints], npt.NDArray[np.float32]]) -> None:
        self.shape = n, dim
        self._make = make

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return self._make(np.arange(len(self))[rows])

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self[:], dtype)


def blocks(n: int, size: int | None = None) -> Iterator[slice]:
    """0 … n in slices of at most `size`, by default `BLOCK`."""
    size = size or BLOCK
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def kept(array: Rows, new: New, dtype: npt.DTypeLike = np.float32) -> Writable:
    """A copy of `array` in a new place, block by block."""
    copy = new(array.shape, dtype)
    for rows in blocks(len(array)):
        copy[rows] = array[rows]
    return copy
