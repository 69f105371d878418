"""Embeddings on disk by (encoder id, content hash): what was encoded once is not encoded again.

A cache is a folder of segments, `<encoder id>/<number>-<random>.safetensors`, each with `hashes` (ASCII in
uint8) and `vectors` (float32). A segment appears complete, by a rename, and never changes: several processes
may use a cache at once; a hash that two of them wrote has the same vector in both segments.
"""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from mmquality.encoders.lookup import Lookup
from mmquality.errors import EncoderError, ModelFileError
from mmquality.files import whole_file
from mmquality.rows import BLOCK, InFile

FORMAT = "1"  # of a segment, in its metadata; those that earlier versions wrote say nothing of it
_SMALL, _MANY = 1_000, 500  # rows of a segment; small segments that are worth a file of their own


@dataclass(frozen=True)
class CachedRows:
    """Rows of a cache's segments, read when they are asked for by whoever sees the same folder."""

    segments: list[Path]
    places: npt.NDArray[np.int32]  # (n, 2) of each row: which of `segments`, and which row of it
    dim: int

    dtype = np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, dim)"""
        return len(self), self.dim

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: slice | npt.NDArray[Any]) -> np.ndarray:
        """float32 (n, dim). Raises ModelFileError where a segment is damaged or not on this machine."""
        segment, row = self.places[rows].T
        used = np.unique(segment)
        if len(used) == 1:
            return self._read(used[0], row)
        vectors = np.empty((len(row), self.dim), dtype=np.float32)
        for number in used:
            wanted = segment == number
            vectors[wanted] = self._read(number, row[wanted])
        return vectors

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self[:], dtype)

    def part(self, rows: slice) -> CachedRows:
        """Some of the rows, with the segments that they lie in alone: little to send."""
        used, segment = np.unique(self.places[rows, 0], return_inverse=True)
        places = np.stack([segment, self.places[rows, 1]], axis=1).astype(np.int32)
        return CachedRows([self.segments[number] for number in used], places, self.dim)

    def _read(self, number: int, rows: npt.NDArray[np.int32]) -> np.ndarray:
        path = self.segments[number]
        if not path.exists():
            raise ModelFileError(
                f"The embedding cache file {path} is not there on {socket.gethostname()}; share the "
                "workspace's folder with all machines that work on it, or run `mmquality encode` again."
            )
        return _read_vectors(path, rows)


class EmbeddingCache:
    """The embeddings of one encoder below `folder`. It sees its own writes, and others' when opened anew."""

    def __init__(self, folder: Path, encoder_id: str) -> None:
        """Reads the hashes only, not the vectors. Raises ModelFileError where a segment is damaged."""
        self.encoder_id = encoder_id
        self._folder = folder / encoder_id
        self._open()

    def _open(self) -> None:
        self.dim = 0  # 0 as long as the cache is empty
        self._segments: list[Path] = []
        self._starts = [0]  # of each segment, and of the next one: rows are numbered through all of them
        self._lookup = Lookup()  # hash → row
        for path in sorted(self._folder.glob("*.safetensors")):
            self._register(path)

    def __len__(self) -> int:
        return len(self._lookup)

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """The hashes that have no vector here, each once, in the order of their first appearance."""
        distinct = list(dict.fromkeys(hashes))
        return [distinct[place] for place in np.flatnonzero(~self.has(distinct))]

    def has(self, hashes: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Whether each of these hashes has a vector here, (len(hashes),)."""
        return np.asarray(self._lookup.find(hashes) >= 0)

    def put(self, hashes: Sequence[str], vectors: np.ndarray) -> None:
        """Keep row i of `vectors`, (len(hashes), dim), for `hashes[i]`; a hash that is here keeps its vector.

        When it returns the vectors are on disk. Raises EncoderError where the shape or a number does not fit.
        """
        self._check(hashes, vectors)
        new = self.missing(hashes)
        if not new:
            return
        rows = {key: row for row, key in reversed(list(enumerate(hashes)))}
        path = self._new_path()
        _write(path, new, vectors[[rows[key] for key in new]])
        self._register(path)

    def get(self, hashes: Sequence[str]) -> np.ndarray:
        """float32 (len(hashes), dim), in the order given. Raises EncoderError where a hash has no vector."""
        return self.placed(hashes)[:]

    def placed(self, hashes: Iterable[str]) -> CachedRows:
        """The vectors of these hashes, to be read when they are asked for. Raises EncoderError as `get`."""
        remaining = iter(hashes)
        blocks = iter(lambda: list(islice(remaining, BLOCK)), [])
        places = [np.empty((0, 2), np.int32), *map(self._places, blocks)]
        return CachedRows(self._segments, np.concatenate(places), self.dim)

    def _places(self, hashes: Sequence[str]) -> npt.NDArray[np.int32]:
        rows = self._lookup.find(hashes)
        if (rows < 0).any():
            raise EncoderError(
                f"{len(self.missing(hashes))} of {len(set(hashes))} embeddings are not in {self._folder}; "
                "run `mmquality encode` to make them."
            )
        segments = np.searchsorted(self._starts, rows, side="right") - 1
        return np.stack([segments, rows - np.array(self._starts)[segments]], axis=1).astype(np.int32)

    def fold(self) -> None:
        """Put small segments into one file, where there are many; nobody else may use this cache meanwhile.

        Whoever is stopped in between leaves vectors twice, and loses none.
        """
        sizes = np.diff(self._starts)
        small = [path for path, rows in zip(self._segments, sizes, strict=True) if rows <= _SMALL]
        if len(small) < _MANY:
            return
        hashes = [key.decode("ascii") for path in small for key in _read_hashes(path)[0].tolist()]
        _write(self._new_path(), hashes, np.concatenate([_read_vectors(path) for path in small]))
        for path in small:
            path.unlink()
        self._open()

    def _new_path(self) -> Path:
        return self._folder / f"{len(self._segments):06d}-{uuid.uuid4().hex[:8]}.safetensors"

    def _check(self, hashes: Sequence[str], vectors: np.ndarray) -> None:
        if vectors.ndim != 2 or len(vectors) != len(hashes) or self.dim not in (0, vectors.shape[1]):
            raise EncoderError(
                f"Vectors of shape {vectors.shape} for {len(hashes)} hashes do not fit the cache of "
                f"{self.encoder_id}, which holds {self.dim or 'any number of'} dimensions; encode them again."
            )
        if not np.isfinite(vectors).all():
            raise EncoderError(
                f"The encoder {self.encoder_id} gave vectors that are not finite; use another."
            )

    def _register(self, path: Path) -> None:
        hashes, dim = _read_hashes(path)
        if self.dim not in (0, dim):
            raise ModelFileError(_damaged(path, f"it has {dim} dimensions, the others {self.dim}"))
        self.dim = dim
        self._lookup.add(hashes, self._starts[-1])
        self._starts.append(self._starts[-1] + len(hashes))
        self._segments.append(path)


def _write(path: Path, hashes: Sequence[str], vectors: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    characters = np.array([key.encode("ascii") for key in hashes])  # bytes of one width, zero-padded
    tensors = {
        "hashes": characters.view(np.uint8).reshape(len(hashes), -1),
        "vectors": np.ascontiguousarray(vectors, dtype=np.float32),
    }
    with whole_file(path) as unfinished:
        save_file(tensors, unfinished, {"format": FORMAT})


def _read_hashes(path: Path) -> tuple[npt.NDArray[np.bytes_], int]:
    """A segment's hashes, and the dimension of its vectors."""
    try:
        with safe_open(path, framework="np") as segment:
            _check_format(path, (segment.metadata() or {}).get("format", FORMAT))
            characters: np.ndarray = segment.get_tensor("hashes")
            rows, dim = segment.get_slice("vectors").get_shape()
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelFileError(_damaged(path, str(error))) from error
    if rows != len(characters):
        raise ModelFileError(_damaged(path, f"{len(characters)} hashes for {rows} vectors"))
    keys = np.ascontiguousarray(characters).view(f"S{characters.shape[1]}").ravel()
    return keys, int(dim)


def _check_format(path: Path, found: str) -> None:
    if found != FORMAT:
        raise ModelFileError(
            f"The embedding cache file {path} was written by a newer mmquality (its format is {found}, this "
            f"version reads {FORMAT}); install that version, or move it away and run `mmquality encode`."
        )


def _read_vectors(path: Path, rows: slice | npt.NDArray[np.int32] = slice(None)) -> np.ndarray:
    """Some of a segment's vectors, by default all.

    The library would read all of them. A file begins with the length of its header, in 8 bytes, and the
    header, in JSON; `data_offsets` count from its end.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            told = json.loads(file.read(length))["vectors"]
        start = 8 + length + told["data_offsets"][0]
        return InFile(path, start, tuple(told["shape"]), np.float32)[rows]
    except (OSError, ValueError, LookupError) as error:
        raise ModelFileError(_damaged(path, str(error))) from error


def _damaged(path: Path, why: str) -> str:
    return (
        f"The embedding cache file {path} is damaged ({why}); delete it and run `mmquality encode`, "
        "which encodes again what it held."
    )
