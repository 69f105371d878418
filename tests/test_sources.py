"""Sources: what they tell, in which order, and that they go on behind the position that was stored."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from mmquality.errors import InputFileError, SourceError
from mmquality.sources import Batch, Columns, Folder, GrowingTable, Source, Topic


def told(batch: Batch | None) -> list[tuple[str, bool]]:
    """Ids, and whether the listing is there."""
    return [] if batch is None else [(change.listing_id, change.row is not None) for change in batch.changes]


def everything(source: Source, most: int = 100, store: bool = True) -> list[Batch]:
    """All batches that are there, each stored as soon as it is read."""
    found = []
    while (batch := source.read(most, 0.3)) is not None:
        found.append(batch)
        if store:
            source.stored(batch)
    return found


def drop(folder: Path, name: str, *rows: dict[str, Any] | str) -> Path:
    """A file that appears whole."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    part = folder / f".{name}"
    part.write_text("".join(f"{line}\n" for line in lines))
    part.rename(folder / name)
    return folder / name


def listing(number: int, **more: Any) -> dict[str, Any]:
    return {"listing_id": f"L{number}", "title": f"Title {number}", "image": "a.jpg", **more}


def test_a_file_is_told_row_by_row_and_moved_once_it_is_stored(tmp_path: Path) -> None:
    said: list[str] = []
    source = Folder(tmp_path, settled=0.0, say=said.append)
    source.open({})
    drop(tmp_path, "a.jsonl", listing(1, price=7.0), "{broken", {"listing_id": "L2", "deleted": True})
    pd.DataFrame([listing(3)]).to_parquet(tmp_path / "b.parquet")
    (tmp_path / "notes.txt").write_text("not for us")
    first, second = everything(source)
    assert told(first) == [("L1", True), ("L2", False)] and told(second) == [("L3", True)]
    assert first.changes[0].row == {"listing_id": "L1", "title": "Title 1", "image": "a.jpg", "price": "7"}
    assert [letter.place for letter in first.letters] == ["a.jsonl, row 2"]
    assert "not valid JSON" in first.letters[0].reason
    assert sorted(path.name for path in tmp_path.iterdir()) == ["done", "notes.txt"]
    assert said == [
        "notes.txt is left alone: files that end in .txt are not read. Drop JSON Lines, CSV or Parquet."
    ]
    drop(tmp_path, "a.jsonl", listing(4))  # the same name once more is another file
    assert [told(batch) for batch in everything(source)] == [[("L4", True)]]
    assert sorted(path.name for path in (tmp_path / "done").iterdir()) == [
        "2-a.jsonl",
        "a.jsonl",
        "b.parquet",
    ]


def test_a_file_that_is_being_written_waits(tmp_path: Path) -> None:
    source = Folder(tmp_path, settled=0.4)
    source.open({})
    with (tmp_path / "slow.jsonl").open("w") as file:
        for number in range(4):
            file.write(json.dumps(listing(number)) + "\n")
            file.flush()
            assert source.read(100, 0.2) is None and source.unread()
    (batch,) = everything(source)
    assert len(batch) == 4 and not source.unread()


def test_a_file_that_is_moved_away_while_the_folder_is_looked_at_is_no_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches are stored by another thread than the one that looks."""
    source = Folder(tmp_path, settled=0.0)
    source.open({})
    drop(tmp_path, "a.jsonl", listing(1))
    waiting = [source.read(100, 0.3)]
    look = source._look

    def look_and_be_overtaken() -> None:
        look()
        if waiting and (batch := waiting.pop()) is not None:
            source.stored(batch)

    monkeypatch.setattr(source, "_look", look_and_be_overtaken)
    assert source.read(100, 0.3) is None and not waiting
    assert (tmp_path / "done" / "a.jsonl").exists()


@pytest.mark.parametrize("stored", range(4))
def test_a_folder_goes_on_behind_what_was_stored(tmp_path: Path, stored: int) -> None:
    drop(tmp_path, "a.jsonl", *(listing(number) for number in range(5)))
    first = Folder(tmp_path, settled=0.0)
    first.open({})
    batches = everything(first, most=2, store=False)  # and then it is killed
    assert list(map(len, batches)) == [2, 2, 1]
    positions = batches[stored - 1].positions if stored else {}
    again = Folder(tmp_path, settled=0.0)
    again.open(positions)
    rest = [one for batch in everything(again, most=2) for one in told(batch)]
    assert rest == [(f"L{number}", True) for number in range(min(2 * stored, 5), 5)]
    assert (tmp_path / "done" / "a.jsonl").exists()


def test_a_file_that_cannot_be_read_is_one_letter(tmp_path: Path) -> None:
    source = Folder(tmp_path, settled=0.0)
    source.open({})
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    (batch,) = everything(source)
    assert not batch.changes and "no readable Parquet file" in batch.letters[0].reason
    assert (tmp_path / "done" / "bad.parquet").exists()
    with pytest.raises(InputFileError, match="not a folder"):
        Folder(tmp_path / "nowhere").open({})


@pytest.fixture
def table(tmp_path: Path) -> Iterator[tuple[str, Callable[[str], None]]]:
    """A shop's own database, and how to write to it."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine = create_engine(url)

    def write(statement: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(statement))

    write("CREATE TABLE items (sku TEXT, title TEXT, image TEXT, price REAL, gone BOOLEAN, changed DATETIME)")
    yield url, write
    engine.dispose()


COLUMNS = Columns("changed", "sku", "gone")


def test_a_spreadsheet_is_one_letter_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "listings.xlsx").write_bytes(b"PK")
    source = Folder(tmp_path, settled=0)
    source.open({})
    (letter,) = [letter for batch in everything(source) for letter in batch.letters]
    assert letter.reason.endswith("is a spreadsheet; save it as CSV (UTF-8) and give that.")
    assert (tmp_path / "done" / "listings.xlsx").exists()


def test_a_table_is_read_by_its_watermark_and_equal_ones_by_id(
    table: tuple[str, Callable[[str], None]],
) -> None:
    url, write = table
    for sku, gone, second in (("b", 0, 1), ("a", 0, 1), ("c", 1, 1), ("d", 0, 0)):
        moment = f"2026-01-01 00:00:0{second}.000000"
        write(f"INSERT INTO items VALUES ('{sku}', 't', 'a.jpg', 9.5, {gone}, '{moment}')")
    write("INSERT INTO items VALUES ('never', 't', 'a.jpg', 9.5, 0, NULL)")
    source = GrowingTable(url, "items", COLUMNS)
    source.open({})
    batches = everything(source, most=2)
    assert [told(b) for b in batches] == [[("d", True), ("a", True)], [("b", True), ("c", False)]]
    row = {"listing_id": "d", "title": "t", "image": "a.jpg", "price": "9.5"}
    assert batches[0].changes[0].row == row
    write("UPDATE items SET title = 'other', changed = '2026-01-01 00:00:02.000000' WHERE sku = 'a'")
    for position in (batches[0].positions, batches[1].positions):
        again = GrowingTable(url, "items", COLUMNS)
        again.open(position)
        rest = [one for batch in everything(again) for one in told(batch)]
        assert rest == [
            *([("b", True), ("c", False)] if position is batches[0].positions else []),
            ("a", True),
        ]
        again.close()
    source.close()


def test_a_table_that_cannot_be_read_says_so(table: tuple[str, Callable[[str], None]]) -> None:
    for name, columns, why in (
        ("nothing", COLUMNS, "nothing"),
        ("items", Columns(), "no column 'updated_at'"),
    ):
        source = GrowingTable(table[0], name, columns)
        with pytest.raises(SourceError, match=why):
            source.open({})
        source.close()
    with pytest.raises(SourceError, match="cannot be used"):
        GrowingTable("no address", "items")


class Messages:
    """A consumer of one partition that holds these (key, value) pairs."""

    def __init__(self, pairs: list[tuple[bytes | None, bytes | None]]) -> None:
        self.pairs, self.offset, self.committed, self.closed = pairs, 0, [], False

    def __call__(self, settings: dict[str, Any]) -> Messages:
        self.settings = settings
        return self

    def subscribe(self, topics: list[str], on_assign: Callable[[Any, list[Any]], None]) -> None:
        on_assign(self, [SimpleNamespace(topic=topics[0], partition=0, offset=-1001)])

    def assign(self, partitions: list[Any]) -> None:
        self.offset = max(partitions[0].offset, 0)

    def get_watermark_offsets(self, partition: Any, timeout: float) -> tuple[int, int]:
        return 0, len(self.pairs)

    def consume(self, num_messages: int, timeout: float) -> list[Any]:
        start, self.offset = self.offset, min(self.offset + num_messages, len(self.pairs))
        return [_message(n, *self.pairs[n]) for n in range(start, self.offset)]

    def commit(self, offsets: list[Any], asynchronous: bool) -> None:
        self.committed += [(one.partition, one.offset) for one in offsets]

    def close(self) -> None:
        self.closed = True


def _message(offset: int, key: bytes | None, value: bytes | None) -> Any:
    said = {"error": None, "partition": 0, "offset": offset, "key": key, "value": value}
    return SimpleNamespace(**{name: lambda said=said: said for name, said in said.items()})


def test_a_topic_tells_listings_tombstones_and_what_is_broken() -> None:
    pytest.importorskip("confluent_kafka")
    messages = Messages(
        [(b"L1", json.dumps({"title": "t", "image": "a.jpg"}).encode()), (b"L2", None), (b"L3", b"{broken"),
         (None, None), (b"L4", b'{"deleted": true}')]
    )  # fmt: skip
    source = Topic("broker:9092", "listings", "shop", consumer=messages)
    source.open({})
    assert source.unread() and messages.settings["enable.auto.commit"] is False
    batch = source.read(10, 0)
    assert batch is not None and told(batch) == [("L1", True), ("L2", False), ("L4", False)]
    assert [(x.place, x.listing_id) for x in batch.letters] == [
        ("listings[0], offset 2", "L3"), ("listings[0], offset 3", "")
    ]  # fmt: skip
    assert not messages.committed and not source.unread()
    source.stored(batch)
    assert messages.committed == [(0, 5)] and source.read(10, 0) is None
    again = Topic("broker:9092", "listings", "shop", consumer=messages)
    again.open({"0": "3"})  # of the database, whatever Kafka was told
    assert told(again.read(10, 0)) == [("L4", False)]
    again.close()
    assert messages.closed


def test_a_topic_of_a_real_client() -> None:
    """Against the brokers that librdkafka itself plays: its protocol, groups and offsets."""
    kafka = pytest.importorskip("confluent_kafka")
    producer = kafka.Producer({"test.mock.num.brokers": 1})
    brokers = producer.list_topics(timeout=10).brokers.values()
    servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    for number in range(6):
        producer.produce("listings", key=f"L{number}", value=json.dumps(listing(number)))
    producer.produce("listings", key="L0", value=None)
    producer.flush(10)
    positions: dict[str, str] = {}
    seen: list[tuple[str, bool]] = []
    for _ in range(2):  # the second one goes on behind the first, and finds nothing
        source = Topic(servers, "listings", "shop", settings={"session.timeout.ms": "6000"})
        source.open(positions)
        deadline = time.monotonic() + 30
        while source.unread() and time.monotonic() < deadline:
            batch = source.read(3, 0.5)
            if batch is not None:
                seen += told(batch)
                positions |= batch.positions
                source.stored(batch)
        source.close()
    assert sorted(seen) == sorted([*((f"L{number}", True) for number in range(6)), ("L0", False)])


def test_no_client_no_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(SourceError, match=r"mmquality\[kafka\]"):
        Topic("broker:9092", "listings", "shop")
