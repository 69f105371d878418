"""Opening a workspace's database: made, migrated, shared, or refused with a sentence."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.script import ScriptDirectory
from catalogues import fill, frame, row
from sqlalchemy import Column, Connection, MetaData, Table, create_engine, insert, inspect, select, text
from sqlalchemy.exc import StatementError

from mmquality.errors import WorkspaceError
from mmquality.store import RankingQuery, Store, database, schema
from mmquality.store.conditions import conditions
from mmquality.store.schema import VERSION_TABLE
from mmquality.store.tables import UtcDateTime, metadata

if TYPE_CHECKING:
    from conftest import NewDatabase

_COUNT = """
import sys
from mmquality.store import Store
with Store.open(sys.argv[1]) as store:
    print(store.listing_count())
"""


def shape(connection: Connection) -> dict[str, Any]:
    """Everything that the database says of its tables."""
    look = inspect(connection)
    return {
        table: {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(table)
            ],
            "key": look.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(str(u["column_names"]) for u in look.get_unique_constraints(table)),
            "refers": sorted(
                f"{f['constrained_columns']} {f['referred_table']}" for f in look.get_foreign_keys(table)
            ),
            "indexes": sorted(
                f"{i['name']} {i['column_names']} {i['unique']}" for i in look.get_indexes(table)
            ),
            "checks": sorted(c["sqltext"] for c in look.get_check_constraints(table)),
        }
        for table in sorted(set(look.get_table_names()) - {VERSION_TABLE})
    }


def test_the_migrations_make_the_tables_that_the_code_expects(database_url: str) -> None:
    Store.open(database_url).close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        migrated = shape(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert migrated == shape(connection)
    engine.dispose()


@pytest.mark.parametrize(("share", "pieces"), [(0.25, True), (0.0, False)])
def test_a_file_is_read_ahead_where_it_is_a_small_part_of_memory(
    store: Store, monkeypatch: pytest.MonkeyPatch, share: float, pieces: bool
) -> None:
    read: list[str] = []
    monkeypatch.setattr(database.subprocess, "run", lambda command, check: read.append(command[-1]))
    monkeypatch.setattr(database, "_READ_AHEAD", share)
    store.read_ahead()
    in_a_file = store._engine.dialect.name == "sqlite"
    assert read == [store._engine.url.database] * (in_a_file and pieces)


@pytest.mark.parametrize("looked_up", ["read_ahead", "listing_count"])
def test_what_is_written_is_kept_whoever_else_comes_and_goes(tmp_path: Path, looked_up: str) -> None:
    """To open and close the file, even to read it, would undo the locks that tell others of this process."""
    url = f"sqlite:///{tmp_path / 'mmquality.db'}"
    with Store.open(url) as store:
        fill(store, 3)
        getattr(store, looked_up)()
        log = (tmp_path / "mmquality.db-wal").stat().st_ino
        come_and_go = [sys.executable, "-c", _COUNT, url]
        assert subprocess.run(come_and_go, capture_output=True, check=True).stdout == b"3\n"
        assert (tmp_path / "mmquality.db-wal").stat().st_ino == log
        store.upsert_listings(frame([row(3)]))
        assert subprocess.run(come_and_go, capture_output=True, check=True).stdout == b"4\n"


@pytest.mark.parametrize(("told", "reckoned"), [("", "1.1"), ("%20-crandom_page_cost%3D2", "2")])
def test_postgresql_reckons_with_quick_disks_unless_it_was_told(
    new_database: NewDatabase, told: str, reckoned: str
) -> None:
    with Store.open(new_database("postgresql") + told) as store, store._read() as connection:
        assert connection.exec_driver_sql("SHOW random_page_cost").scalar_one() == reckoned
        assert connection.exec_driver_sql("SHOW jit").scalar_one() == "off"


@pytest.mark.parametrize(("text", "planned"), [("lamp", "force_custom_plan"), ("", "auto")])
def test_postgresql_plans_for_the_word_that_is_asked_for(
    new_database: NewDatabase, text: str, planned: str
) -> None:
    with Store.open(new_database("postgresql")) as store, store._read() as connection:
        conditions(connection, RankingQuery(text=text))
        assert connection.exec_driver_sql("SHOW plan_cache_mode").scalar_one() == planned


def test_migrations_are_named_after_their_schemas() -> None:
    script = ScriptDirectory.from_config(schema._config())
    assert schema._known() == sorted(revision.revision for revision in script.walk_revisions())
    assert schema._known()[-1] == script.get_current_head()


def test_opening_again_keeps_everything(database_url: str) -> None:
    with Store.open(database_url) as store:
        fill(store, 3)
    with Store.open(database_url, create=False) as store:
        assert store.listing_count() == 3


def test_a_newer_schema_is_refused(database_url: str) -> None:
    Store.open(database_url).close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(WorkspaceError, match=r"newer mmquality \(its schema is 9999, .* up to 0020"):
        Store.open(database_url)
    engine.dispose()


def test_another_programs_tables_are_not_touched(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE listings (id INTEGER)"))
    with pytest.raises(WorkspaceError, match=r"tables of another program \(listings\)"):
        Store.open(database_url)
    assert inspect(engine).get_table_names() == ["listings"]
    engine.dispose()


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("names", [["notes"], ["notes", "people", "places", "things"]])
def test_another_programs_file_is_refused_and_not_changed(
    tmp_path: Path, names: list[str], create: bool
) -> None:
    file = tmp_path / "mmquality.db"
    with closing(sqlite3.connect(file)) as other, other:
        for name in names:
            other.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY AUTOINCREMENT)")
    before = file.read_bytes()
    with pytest.raises(
        WorkspaceError, match=r"mmquality.db already holds .* \(notes.* left as it is"
    ) as told:
        Store.open(f"sqlite:///{file}", create)
    assert ("things" in str(told.value), "and 1 more" in str(told.value)) == (False, len(names) > 3)
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]


def test_a_file_of_no_bytes_is_an_empty_workspace(tmp_path: Path) -> None:
    (tmp_path / "mmquality.db").touch()
    with Store.open(f"sqlite:///{tmp_path / 'mmquality.db'}") as store:
        assert store.listing_count() == 0


def test_a_database_that_must_be_there_is_not_made(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="mmquality build"):
        Store.open(database_url, create=False)
    with pytest.raises(WorkspaceError, match="no workspace database at"):
        Store.open(f"sqlite:///{tmp_path / 'absent' / 'mmquality.db'}", create=False)
    assert not (tmp_path / "absent").exists()


def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    Store.open(f"sqlite:///{tmp_path / 'a' / 'b' / 'mmquality.db'}").close()
    assert (tmp_path / "a" / "b" / "mmquality.db").is_file()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a shopping list " * 100)
    with pytest.raises(WorkspaceError, match=r"notes.txt cannot be opened: file is not a database"):
        Store.open(f"sqlite:///{tmp_path / 'notes.txt'}")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "is a file"),
        ("sqlite:///:memory:", "is a file"),
        ("mysql://u:secret@h/d", "neither SQLite nor PostgreSQL"),
        ("not an address with secret", "cannot be read"),
        ("postgresql://u:secret@127.0.0.1:1/d", "cannot be opened"),
        ("postgres://u:secret@127.0.0.1:1/d", "cannot be opened"),
    ],
)
def test_addresses_that_cannot_work_are_refused_without_telling_passwords(url: str, words: str) -> None:
    with pytest.raises(WorkspaceError, match=words) as caught:
        Store.open(url)
    assert "secret" not in str(caught.value)


def test_sqlite_is_set_up_for_many_readers_and_foreign_keys(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'mmquality.db'}") as store, store._read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_reading_goes_on_while_another_one_writes(store: Store) -> None:
    fill(store, 1)
    with store._write() as connection:
        connection.execute(text("UPDATE listings SET title = 'half done'"))
        assert store.listing("L000").title == row(0)["title"]
    assert store.listing("L000").title == "half done"


def test_a_write_that_fails_changes_nothing(store: Store) -> None:
    fill(store, 2)
    with pytest.raises(ZeroDivisionError), store._write() as connection:
        connection.execute(text("UPDATE listings SET title = 'half done'"))
        raise ZeroDivisionError
    assert store.listing("L000").title == row(0)["title"]


def test_a_locked_database_is_an_error_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmquality.store.engines.LOCK_WAIT_SECONDS", 0.1)
    with Store.open(f"sqlite:///{tmp_path / 'mmquality.db'}") as store:
        other = sqlite3.connect(tmp_path / "mmquality.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(WorkspaceError, match=r"could not be written: database is locked.*try again"):
            fill(store, 1)
        other.close()


def test_threads_share_one_store(store: Store) -> None:
    def work(thread: int) -> None:
        for n in range(10):
            store.upsert_listings(frame([row(n, listing_id=f"T{thread}-{n}")]))
            assert store.listing(f"T{thread}-{n}").listing_id == f"T{thread}-{n}"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.listing_count() == 60


def open_and_add(url: str, barrier: Any, process: int) -> None:
    barrier.wait()
    with Store.open(url) as store:
        store.upsert_listings(frame([row(0, listing_id=f"P{process}")]))


def test_processes_that_open_an_empty_database_at_once_make_it_once(database_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    processes = [context.Process(target=open_and_add, args=(database_url, barrier, n)) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 3
    with Store.open(database_url, create=False) as store:
        assert store.listing_count() == 3


def test_moments_come_back_aware_and_in_utc(database_url: str) -> None:
    moments = Table("moments", MetaData(), Column("at", UtcDateTime))
    paris = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2)))
    engine = create_engine(database_url)
    with engine.begin() as connection:
        moments.create(connection)
        connection.execute(insert(moments), [{"at": paris}, {"at": None}])
        back = connection.execute(select(moments.c.at).where(moments.c.at == paris)).scalar_one()
        with pytest.raises(StatementError, match="no time zone"):
            connection.execute(insert(moments).values(at=datetime(2026, 7, 1)))
    engine.dispose()
    assert back == paris and back.tzinfo == UTC


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("database is locked", "database is locked"),
        ("server closed it.\n\tIt may have ended.\n", "server closed it; It may have ended"),
        ('port 1 failed: refused\n\tIs it accepting TCP/IP connections?\n', "port 1 failed: refused"),
        ("Is it there?", "Is it there?"),
    ],
)  # fmt: skip
def test_a_drivers_lines_fit_into_a_sentence(said: str, words: str) -> None:
    assert database.driver_words(Exception(said)) == words
