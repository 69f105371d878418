"""First listings that are made ready while their file is read: SQLite holds what loading them would write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from catalogues import frame, publish, row

from mmquality.store import RankingQuery, Store, UpsertCounts
from mmquality.store.first_listings import FirstListings
from mmquality.store.text import as_json

TABLES = (
    "listings",
    "listing_changes",
    "attributes",
    "attribute_values",
    "listing_values",
    "category_counts",
)
TITLES = ("Telescope", "Ünïcode STRASSE ß", "nul \0 byte", "Zoom lens 50 mm", "日本語の本 a")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'copied.db'}") as opened:
        yield opened


def chunks() -> list[pd.DataFrame]:
    odd = []
    for n in range(20, 30):
        given = {"si\0ze": str(n % 2), "si\ufffdze": str(n % 2), "seller": "x", "n": n % 3, "é": " a  b "}
        seller, category = None if n % 4 else f"s\0{n % 2}", None if n % 3 else ""
        title = f"{TITLES[n % 5]} {n}"
        odd.append(row(n, title=title, category=category, seller=seller, attributes=given))
    return [frame([row(n) for n in range(20)]), frame(odd), frame([row(30, category=None, seller=None)])]


def load(store: Store, frames: list[pd.DataFrame]) -> UpsertCounts:
    with FirstListings() as first:
        for each in frames:
            first.add(each.assign(attributes=each["attributes"].map(as_json)))
        return store.load_listings(frames, first)


def contents(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(file)) as connection:
        found = {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in TABLES
        }
        found["threes"] = connection.execute("SELECT term, doc FROM title_threes").fetchall()
        found["indexes"] = connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
        connection.execute("INSERT INTO title_letters (title_letters) VALUES ('integrity-check')")
    return found


def test_what_was_made_ready_is_what_loading_writes(store: Store, tmp_path: Path) -> None:
    assert load(store, chunks()) == UpsertCounts(added=31)
    with Store.open(f"sqlite:///{tmp_path / 'loaded.db'}") as loaded:
        assert loaded.load_listings(chunks()) == UpsertCounts(added=31)
    assert contents(tmp_path / "copied.db") == contents(tmp_path / "loaded.db")


def test_the_letters_that_were_copied_are_kept_from_then_on(store: Store) -> None:
    load(store, chunks())
    assert store.upsert_listings(frame([row(3, title="Quadrant"), row(40, title="Sextant")])).updated == 1
    publish(store, "v1", {f"L{n:03d}": 1 - n / 100 for n in (*range(31), 40)})
    found = {
        text: store.ranking_ids(RankingQuery(text=text), 9) for text in ("quadr", "xtan", "ünïco", "\ufffd")
    }
    assert found == {
        "quadr": ["L003"],
        "xtan": ["L040"],
        "ünïco": ["L021", "L026"],
        "\ufffd": ["L022", "L027"],
    }


def test_an_id_that_comes_twice_is_left_to_loading(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    assert load(store, [frame([row(0), row(1)]), frame([row(1), row(2)])]) == UpsertCounts(3, 0, 1)
    assert "UNIQUE constraint failed" in caplog.text


def test_others_that_came_first_stay(store: Store) -> None:
    store.upsert_listings(frame([row(0), row(1, title="another")]))
    assert load(store, [frame([row(n) for n in range(3)])]) == UpsertCounts(1, 1, 1)


def test_letters_that_could_not_be_made_ready_are_written_with_the_rest(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(first: FirstListings) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(FirstListings, "_write_letters", full)
    assert load(store, chunks()) == UpsertCounts(added=31)
    assert "disk is full" in caplog.text and len(contents(tmp_path / "copied.db")["threes"]) > 100


def test_a_copy_that_fails_leaves_the_catalogue_empty_and_the_store_usable(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(first: FirstListings, connection: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(FirstListings, "copy_letters", killed)
        load(store, chunks())
    assert (store.listing_count(), store.facets()) == (0, [])
    assert load(store, chunks()) == UpsertCounts(added=31)


def test_postgresql_is_loaded(tmp_path: Path) -> None:
    assert FirstListings.suit(f"sqlite:///{tmp_path}/a.db") and not FirstListings.suit("postgresql://host/a")
