"""A file given by a user, before its content is looked at: there, a file, of a known kind, readable as text.

Every way in which it can be unusable ends in one `InputFileError`: a sentence with the file and the remedy.
"""

from __future__ import annotations

import codecs
import gzip
import io
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, TextIO, cast

from mmquality.anywhere import Place, as_from_a_disk, is_remote
from mmquality.config import ImportLimits
from mmquality.data.values import strip_controls
from mmquality.errors import InputFileError

Kind = Literal["csv", "json", "parquet"]

ROW = "_row"  # the column in which tables keep each row's number; a file's own column of that name is renamed

_KINDS: dict[str, Kind] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
MOST_COLUMNS = 1_000
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
_BLOCK = 1 << 20


def file_kind(path: Place) -> Kind:
    """What the suffix says of an existing, non-empty, regular file. Raises `InputFileError`."""
    try:
        with as_from_a_disk(path):
            info = path.stat()
    except FileNotFoundError as error:
        raise InputFileError(f"{path} does not exist; check the path.") from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if stat.S_ISDIR(info.st_mode):
        raise InputFileError(f"{path} is a folder; give a file inside it.")
    if not stat.S_ISREG(info.st_mode):
        raise InputFileError(f"{path} is not a regular file; save it to disk first.")
    if info.st_size == 0:
        raise InputFileError(f"{path} is empty; write the file again.")
    compressed = path.suffix.lower() == ".gz"
    if path.suffix.lower() in SPREADSHEETS:
        raise InputFileError(f"{path} is a spreadsheet; save it as CSV (UTF-8) and give that.")
    kind = _KINDS.get(Path(path.stem).suffix.lower() if compressed else path.suffix.lower())
    if kind is None or (compressed and kind == "parquet"):
        raise InputFileError(
            f"{path} has an unknown ending; give a .csv, .tsv, .jsonl (also .gz) or .parquet file."
        )
    return kind


@contextmanager
def open_text(path: Place) -> Iterator[TextIO]:
    """The file as UTF-8 text, unpacked where its name ends in .gz, line ends untouched."""
    try:
        with _opened(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            yield text
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise _unreadable(path, error) from error


def check_utf8(path: Place, limits: ImportLimits | None = None) -> None:
    """Read the file to its end, so that damage, a wrong encoding or a bomb is known before a row is used."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    most = (limits or ImportLimits()).of(path.stat().st_size)
    lines = unpacked = 0
    try:
        with _opened(path) as raw:
            while block := raw.read(_BLOCK):
                if not lines and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    raise InputFileError(f"{path} is UTF-16; save it as UTF-8.")
                decoder.decode(block)
                unpacked += len(block)
                if unpacked > most:
                    raise bomb(path)
                lines += block.count(b"\n")
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line = lines + error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise InputFileError(
            f"{path} is not UTF-8 (byte 0x{byte:02x} in line {line}); save it as UTF-8."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error


def bomb(path: Place) -> InputFileError:
    """What is said of a packed file that holds far more than files do."""
    return InputFileError(
        f"{path} unpacks to so many times its size that it looks like a decompression bomb; unpack it "
        "yourself, or raise the limit (--limit max_unpacking=…)."
    )


def column_names(path: Place, names: Sequence[str], required: Sequence[str]) -> list[str]:
    """The columns' names as tables use them: trimmed, never empty, each once ("colour", "colour (2)").

    Raises `InputFileError` where a required one is missing or there twice, or where there are too many.
    """
    if len(names) > MOST_COLUMNS:
        raise InputFileError(f"{path} has {len(names):,} columns; leave at most {MOST_COLUMNS:,}.")
    trimmed = [strip_controls(name) or f"column {i}" for i, name in enumerate(names, start=1)]
    if missing := [name for name in required if name not in trimmed]:
        one = len(missing) == 1
        column, which = ("column", "the one that is meant") if one else ("columns", "those that are meant")
        raise InputFileError(
            f"{path} has no {column} {listed(missing)}; it has {listed(trimmed)}. Rename {which} to "
            f"{listed(missing)}, or check that it is the right file."
        )
    for name in required:
        if trimmed.count(name) > 1:
            raise InputFileError(f"{path} has more than one column {name!r}; rename the others.")
    unique = {ROW: None}
    for name in trimmed:
        number = 2
        candidate = name
        while candidate in unique:
            candidate, number = f"{name} ({number})", number + 1
        unique[candidate] = None
    return list(unique)[1:]


def listed(names: Sequence[str]) -> str:
    """The first twenty names, quoted, for an error message."""
    shown = ", ".join(repr(name[:60]) for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")


@contextmanager
def _opened(path: Place) -> Iterator[BinaryIO]:
    with as_from_a_disk(path), cast(BinaryIO, path.open("rb")) as file:
        if path.suffix.lower() != ".gz":
            yield file
            return
        with gzip.open(file, "rb") as unpacked:
            yield cast(BinaryIO, unpacked)


def _unreadable(path: Place, error: Exception) -> InputFileError:
    why = getattr(error, "strerror", None) or error
    remedy = "check the address and your access to it" if is_remote(path) else "check it, or write it again"
    return InputFileError(f"{path} cannot be read ({why}); {remedy}.")
