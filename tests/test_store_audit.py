"""The audit: who did what, and when, filtered and paged; nothing that lies there is ever changed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from catalogues import fill, publish
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

import mmquality.store
from mmquality.records import Reason, Verdict
from mmquality.store import AUDIT_COLUMNS, AuditQuery, Deed, Store, audit
from mmquality.store.events import events
from mmquality.store.tables import label_withdrawals, labels

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def busy(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[Store]:
    """Forty deeds, some at the same moment."""
    with Store.open(new_database(request.param)) as store:
        publish(store, "v1", dict.fromkeys(fill(store, 5), 0.5))
        for n in range(20):
            verdict, reason = ((Verdict.MATCH, None), (Verdict.MISMATCH, Reason.OTHER))[n % 2]
            label = store.add_label(f"L{n % 5:03d}", verdict, reason, f"note {n}", ["ann", "bob"][n % 3 == 0])
            if n % 4 == 0:
                store.undo_label(label.label_id, "cid")
        store.add_labels(["L000", "L001"], Verdict.UNSURE, None, "", "bob")
        store.make_current("v1", by="ann")
        for n in range(10):
            store.note([Deed.EXPORT, Deed.IMPORT, Deed.REASONS][n % 3], ["ann", "cid"][n % 2], f"f{n}", "x")
        with store._write() as connection:  # tests may turn the clock; nothing else may
            for table in (labels, label_withdrawals, events):
                key = next(iter(table.primary_key))
                for number in list(connection.execute(table.select()).scalars()):
                    moment = START + timedelta(hours=number // 2)
                    connection.execute(update(table).where(key == number).values(created_at=moment))
        yield store


hours = st.none() | st.integers(-1, 14).map(lambda n: START + timedelta(hours=n))
queries = st.builds(
    AuditQuery,
    kind=st.none() | st.sampled_from(Deed),
    analyst=st.none() | st.sampled_from(["ann", "bob", "cid", "eve"]),
    since=hours,
    until=hours,
    listing_id=st.none() | st.sampled_from(["L000", "L004", "nobody"]),
)


def wanted(row: Any, query: AuditQuery) -> bool:
    """Whether a deed belongs to the answer, said without SQL."""
    return (
        (query.kind is None or row.kind == query.kind)
        and (query.analyst is None or row.analyst == query.analyst)
        and (query.since is None or row.at >= query.since)
        and (query.until is None or row.at < query.until)
        and (query.listing_id is None or row.listing_id == query.listing_id)
    )


@settings(max_examples=50, deadline=None)
@given(query=queries, size=st.integers(3, 20))
def test_filters_and_pages_are_those_of_a_plain_loop(busy: Store, query: AuditQuery, size: int) -> None:
    everything = list(busy.iter_audit())
    assert len(everything) == 22 + 5 + 2 + 1 + 10
    assert [row.at for row in everything] == sorted((row.at for row in everything), reverse=True)
    expected = [row for row in everything if wanted(row, query)]
    pages = [busy.audit_page(query, page, size) for page in range(1, len(expected) // size + 3)]
    assert {page.total for page in pages} == {len(expected)}
    assert [row for page in pages for row in page.rows] == expected == list(busy.iter_audit(query))


def test_a_deed_says_who_what_and_of_which_listing(busy: Store) -> None:
    given_ = next(row for row in busy.iter_audit() if row.kind == Deed.LABEL and row.number == 2)
    assert given_._fields == AUDIT_COLUMNS
    assert (given_.analyst, given_.listing_id, given_.verdict, given_.reason) == (
        "ann", "L001", "mismatch", "other"
    )  # fmt: skip
    assert (given_.what, given_.title.startswith("red mug_set")) == ("note 1", True)
    back = next(row for row in busy.iter_audit() if row.kind == Deed.WITHDRAWAL and row.number == 1)
    assert (back.analyst, back.what, back.listing_id) == ("cid", "bob", "L000")  # whose label it was
    models = busy.audit_page(AuditQuery(kind=Deed.MODEL)).rows
    assert [(row.subject, row.what) for row in models][:2] == [("v1", "put in force")] * 2
    assert busy.actors() == ["ann", "bob", "cid"]


def test_deeds_end_after_so_many(busy: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_DEEDS", 7)
    assert busy.audit_page(size=5).total == 7
    assert [len(busy.audit_page(page=page, size=5).rows) for page in (1, 2, 3)] == [5, 2, 0]


def test_no_statement_changes_or_deletes_an_event() -> None:
    """In the store's code, `update(…)`, `delete(…)` and upserts of these tables do not occur."""
    kept = {"labels", "label_withdrawals", "events"}
    for file in Path(mmquality.store.__file__).parent.rglob("*.py"):
        calls = [n for n in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(n, ast.Call)]
        for call in calls:
            if ast.unparse(call.func).split(".")[-1] in ("update", "delete", "upsert"):
                named = {ast.unparse(argument) for argument in call.args}
                assert not named & kept, f"{file.name}:{call.lineno}: {ast.unparse(call)}"
