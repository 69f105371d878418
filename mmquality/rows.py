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
_Move = Callable[[int, tuple[memoryview], int], int]  # `os.preadv` or `os.pwritev`


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


class InFile:
    """An array whose rows lie in a file one after the other, read and written where they lie.

    Nothing stays mapped: a map counts all that it ever touched as this process's memory, sixteen pages for
    each row, so that a few thousand rows from anywhere would be the whole file. Rows that follow each other
    in the file and in what is asked for are one read; who asks for many has them sorted.
    """

    def __init__(self, path: Path, offset: int, shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
        """`offset` bytes into the file begins the first row."""
        self.path, self.offset, self.shape, self.dtype = path, offset, shape, np.dtype(dtype)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: Any) -> npt.NDArray[Any]:
        """A copy. Raises `OSError`, or `ValueError` where the file is too short."""
        numbers = _numbers(rows, len(self))
        found = np.empty((*numbers.shape, *self.shape[1:]), self.dtype)
        self._each_run(numbers, found, os.O_RDONLY, os.preadv)
        return found

    def __setitem__(self, rows: Any, values: Any) -> None:
        numbers = _numbers(rows, len(self))
        given = np.broadcast_to(values, (*numbers.shape, *self.shape[1:]))
        self._each_run(numbers, np.require(given, self.dtype, "C"), os.O_WRONLY, os.pwritev)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self[:], dtype)

    def _each_run(self, numbers: Ints, array: npt.NDArray[Any], flags: int, move: _Move) -> None:
        """Move the rows of `array` from or to their places in the file."""
        if not array.size:
            return
        width, numbers = array.nbytes // numbers.size, numbers.reshape(-1)
        begin = np.append(0, np.flatnonzero(np.diff(numbers) != 1) + 1)  # of rows that follow each other
        place = (self.offset + width * numbers[begin]).tolist()
        ends = np.append(begin[1:], len(numbers)) * width
        content = array.reshape(-1).view(np.uint8).data
        file = os.open(self.path, flags)
        try:
            for start, end, where in zip((begin * width).tolist(), ends.tolist(), place, strict=True):
                while (moved := move(file, (content[start:end],), where)) < end - start:
                    if not moved:
                        raise ValueError("the file ends early")
                    start, where = start + moved, where + moved  # the system may move fewer at a time
        finally:
            os.close(file)


class Stored(InFile):
    """An array in a `.npy` file.

    What is read is a copy: nothing of the file stays in this process's memory. The system keeps in its own
    what there is room for.
    """

    def __init__(self, path: Path) -> None:
        """An array that is there. Raises `OSError` or `ValueError` where it is damaged or not there."""
        mapped = np.load(path, mmap_mode="r")
        if not mapped.flags.c_contiguous:
            raise ValueError("its rows do not lie one after the other")
        super().__init__(path, mapped.offset, mapped.shape, mapped.dtype)

    @classmethod
    def create(cls, path: str | Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Stored:
        """A new array of zeros in the place of what was there. Raises `OSError` where there is no room."""
        np.lib.format.open_memmap(path, "w+", dtype, shape)
        with open(path, "r+b") as file:  # told now that the disk is full, not in the middle of the work
            os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
        return cls(Path(path))

    def move(self, path: Path) -> None:
        """Give the file another place."""
        self.path = Path(shutil.move(self.path, path))


def _numbers(rows: Any, n: int) -> Ints:
    """Which of n rows are meant, as NumPy means them. Raises `IndexError`."""
    if isinstance(rows, slice):
        return np.arange(*rows.indices(n))
    rows = np.asarray(rows)
    if rows.dtype == np.bool_:
        if rows.shape != (n,):
            raise IndexError(f"{rows.shape} do not say of each of {n} rows whether it is meant")
        return np.flatnonzero(rows)
    if rows.size and not -n <= rows.min() <= rows.max() < n:
        raise IndexError(f"there are {n} rows, asked for are {rows.min()} to {rows.max()}")
    return np.asarray(np.where(rows < 0, rows + n, rows), np.int64)


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
        return self._make(_numbers(rows, len(self)))

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
