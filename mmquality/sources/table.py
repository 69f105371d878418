"""A table, or a view, in any database that SQLAlchemy reads: asked again and again for what is newer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import MetaData, RowMapping, Select, Table, create_engine, make_url, or_, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from mmquality.errors import SourceError
from mmquality.sources.seam import Batch, Change, Letter, batch_of, change_of

_PART = ""  # a table has one position
_ASK = 0.5  # seconds between two questions that found nothing


@dataclass(frozen=True)
class Columns:
    """What the table's columns are called."""

    watermark: str = "updated_at"  # rises with every change of a row
    id: str = "listing_id"
    deleted: str = "deleted"  # true, 1 or yes where the listing is gone; may be absent


class GrowingTable:
    """Rows in the order of the watermark, equal ones by id; the position is both of the last row.

    A row that becomes visible with an older watermark than one that was read already is not seen: let the
    watermark rise as rows are committed. Rows without a watermark are not seen either.
    """

    def __init__(self, url: str, table: str, columns: Columns = Columns()) -> None:
        try:
            parsed = make_url(url)
            self._engine = create_engine(parsed)
        except (ArgumentError, ModuleNotFoundError, SQLAlchemyError) as error:
            raise SourceError(
                f"The address of the table {table} cannot be used ({error}); write dialect://user@host/name "
                "and install that database's driver."
            ) from error
        self._named, self._columns = table, columns
        self.name = f"table {parsed.render_as_string(hide_password=True)} {table}"
        self._after: tuple[Any, str] | None = None

    def open(self, positions: Mapping[str, str]) -> None:
        """Raises `SourceError` where there is no such table, or it lacks a column."""
        schema, _, name = self._named.rpartition(".")
        with _plain_errors(self.name):
            self._table = Table(name, MetaData(), schema=schema or None, autoload_with=self._engine)
        for column in (self._columns.watermark, self._columns.id):
            if column not in self._table.c:
                there = ", ".join(self._table.c.keys())
                raise SourceError(f"The {self.name} has no column {column!r}; it has {there}.")
        if _PART in positions:
            self._after = _known(positions[_PART])

    def read(self, most: int, wait: float) -> Batch | None:
        ends = time.monotonic() + wait
        while True:
            with _plain_errors(self.name), self._engine.connect() as connection:
                rows = connection.execute(self._query(most)).mappings().all()
            if rows:
                return self._batch(rows)
            if time.monotonic() >= ends:
                return None
            time.sleep(min(_ASK, wait))

    def unread(self) -> bool:
        return False

    def stored(self, batch: Batch) -> None:
        return None

    def close(self) -> None:
        self._engine.dispose()

    def _query(self, most: int) -> Select[Any]:
        mark, key = self._table.c[self._columns.watermark], self._table.c[self._columns.id]
        query = select(self._table).where(mark.is_not(None)).order_by(mark, key).limit(most)
        if self._after is None:
            return query
        last, last_key = self._after
        return query.where(or_(mark > last, (mark == last) & (key > last_key)))

    def _batch(self, rows: Sequence[RowMapping]) -> Batch:
        seen, last = time.time(), rows[-1]
        self._after = last[self._columns.watermark], last[self._columns.id]
        return batch_of([self._change(row, seen) for row in rows], {_PART: _told(*self._after)})

    def _change(self, row: RowMapping, seen: float) -> Change | Letter:
        values = {name: _text(value) for name, value in row.items() if name != self._columns.watermark}
        values["listing_id"] = values.pop(self._columns.id)
        place = f"{self._named}, {self._columns.id} {values['listing_id']}"
        return change_of(values, self._columns.deleted, place, seen)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _told(mark: Any, key: Any) -> str:
    """A position as text: JSON has no moments."""
    moment = isinstance(mark, date)
    told = mark.isoformat() if moment else mark if isinstance(mark, (int, float, str)) else str(mark)
    return json.dumps({"moment": moment, "watermark": told, "id": key})


def _known(position: str) -> tuple[Any, Any]:
    told = json.loads(position)
    mark = datetime.fromisoformat(told["watermark"]) if told["moment"] else told["watermark"]
    return mark, told["id"]


@contextmanager
def _plain_errors(name: str) -> Iterator[None]:
    """What a database says as one sentence."""
    try:
        yield
    except SQLAlchemyError as error:
        why = getattr(error, "orig", None) or error or type(error).__name__
        raise SourceError(
            f"The {name} cannot be read ({why}). See that it is there and may be read, then start again: "
            "what was stored is kept."
        ) from error
