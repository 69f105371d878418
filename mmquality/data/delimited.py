"""CSV and TSV, with recovery after damage.

Where each line of a block is one record with all its fields, Arrow reads the block at once, column by column.
Otherwise the standard library's parser does, because it tells exactly which record is which; on top of it a
quotation mark that is never closed costs one record, not the rest of the file. Where all is in order, which
that parser says in its strict mode, it reads many lines at once; where it is not, record by record.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from typing import TextIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

DELIMITERS = (",", "\t", ";", "|")
LONGEST_LINE = 1_000_000  # characters; more would be read into memory for nothing
_BLOCK = 500_000  # characters read at once

Record = list[str] | str  # the record's fields, or why it has none


class Lines:
    """The lines of a text file, each cut at `LONGEST_LINE` characters; lines can be given back."""

    def __init__(self, handle: TextIO) -> None:
        self._handle = handle
        self._given_back: deque[str] = deque()
        self.taken: list[str] = []  # since it was last cleared
        self.cut = False  # whether one of those was longer than it may be

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else ""
        if not line or line[-1] not in "\r\n":  # the last one of a block may go on
            line += self._handle.readline(LONGEST_LINE - len(line))
        if not line:
            raise StopIteration
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            self.cut = True
            self._skip_line()
        self.taken.append(line)
        return line

    def _skip_line(self) -> None:
        while (rest := self._handle.readline(LONGEST_LINE)) and rest[-1] not in "\r\n":
            continue

    def block(self) -> str:
        """Many lines at once, "" at the end of the file; a last one that is very long is not whole."""
        return self._handle.read(_BLOCK) + self._handle.readline(LONGEST_LINE - _BLOCK)

    def give_back(self, block: str) -> None:
        """Let the lines of a block be read one by one."""
        self._given_back.extend(io.StringIO(block, newline=""))

    @property
    def between_blocks(self) -> bool:
        """Whether nothing that was given back is left."""
        return not self._given_back

    def give_back_all_but_first(self) -> None:
        """Let the lines taken, except the first, be read again."""
        self._given_back.extendleft(reversed(self.taken[1:]))

    def start_record(self) -> None:
        """Forget what was taken."""
        self.taken.clear()
        self.cut = False


def read_records(handle: TextIO, delimiter: str) -> Iterator[list[Record]]:
    """Every record of the file in order, some at a time, the header included, blank lines as empty lists.

    A record that spans several lines because of a quotation mark that is not closed properly is reported as
    broken, and reading goes on at its second line.
    """
    lines = Lines(handle)
    while block := lines.block():
        yield _records(lines, block, delimiter)


def read_blocks(handle: TextIO, delimiter: str, columns: int) -> Iterator[pa.Table | list[Record]]:
    """As `read_records`, but records of so many fields as columns of strings where they can be read so."""
    lines = Lines(handle)
    while block := lines.block():
        table = _in_columns(block, delimiter, columns)
        yield _records(lines, block, delimiter) if table is None else table


def _in_columns(block: str, delimiter: str, columns: int) -> pa.Table | None:
    """The records of a block in columns; None unless each of its lines is a whole one with all its fields.

    Arrow and the standard library agree on such a line, closed quotation marks or not.
    """
    if _may_go_on(block):
        return None
    data, names = block.encode(), [str(number) for number in range(columns)]
    try:
        table = read_csv(
            pa.py_buffer(data),
            ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            ParseOptions(delimiter=delimiter, newlines_in_values=True),
            ConvertOptions(column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:  # another number of fields
        return None
    lines = block.count("\n") + block.count("\r") - block.count("\r\n") + (block[-1] not in "\r\n")
    longest = max(pc.max(pc.binary_length(column)).as_py() or 0 for column in table.columns)
    # Fewer records than lines: some are blank, or a quotation mark spans them.
    return table if len(table) == lines and longest <= csv.field_size_limit() else None


def _records(lines: Lines, block: str, delimiter: str) -> list[Record]:
    records = _in_order(block, delimiter)
    if records is None:
        lines.give_back(block)
        records = list(_one_by_one(lines, delimiter))
    return records


def _may_go_on(block: str) -> bool:
    """Whether the last line may not be whole: it is very long, or the file ends without a line end."""
    return block[-1] not in "\r\n" and len(block) >= _BLOCK


def _in_order(block: str, delimiter: str) -> list[Record] | None:
    """The records of a block of whole lines; None where one of them, or its end, is not as it should be."""
    if _may_go_on(block):
        return None
    try:
        return list(csv.reader(io.StringIO(block, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None


def _one_by_one(lines: Lines, delimiter: str) -> Iterator[Record]:
    """The records of the lines that were given back, and what the last of them needs of the file."""
    reader = csv.reader(lines, delimiter=delimiter)
    while not lines.between_blocks:
        lines.start_record()
        record: Record
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # a field beyond the parser's limit
            record = f"cannot be read as CSV ({error})"
        if lines.cut:
            record = f"is longer than {LONGEST_LINE:,} characters"
        elif len(lines.taken) > 1 and (isinstance(record, str) or not _well_formed(lines.taken, delimiter)):
            record = "has a quotation mark that is not closed"
            lines.give_back_all_but_first()
        yield record


def _well_formed(lines: list[str], delimiter: str) -> bool:
    try:
        return len(list(csv.reader(lines, delimiter=delimiter, strict=True))) == 1
    except csv.Error:
        return False
