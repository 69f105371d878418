"""Labels out and in again, in every format: each once; what stands stays unless it is to be replaced."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from catalogues import fill, frame, publish
from catalogues import row as listing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from mmquality.config import ImportLimits
from mmquality.errors import InputFileError, MMQualityError
from mmquality.pipeline import label_importing
from mmquality.pipeline.label_importing import import_labels
from mmquality.records import Drawn, Reason, Verdict
from mmquality.store import EXPORT_ENDINGS, Fate, LabelQuery, Store, export_labels
from mmquality.store.tables import labels

ALL = LabelQuery(newest_only=False)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def said(store: Store, query: LabelQuery = ALL) -> list[tuple[Any, ...]]:
    """What the labels say, the newest first."""
    rows = [found.label for found in store.labels_page(query, size=100).rows]
    return [(x.listing_id, str(x.verdict), x.reason, x.note, x.analyst, x.created_at) for x in rows]


def file(path: Path, *rows: tuple[str, str, str, str]) -> Path:
    """(listing_id, verdict, analyst, created_at) as JSON Lines."""
    names = ("listing_id", "verdict", "analyst", "created_at")
    lines = [json.dumps(dict(zip(names, row, strict=True)) | {"reason": REASON[row[1]]}) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


REASON = {"mismatch": "other", "match": "", "unsure": ""}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[tuple[Store, Store]]:
    """Two stores with the same catalogue, used by many examples one after another."""
    with (
        Store.open(new_database(request.param)) as here,
        Store.open(new_database(request.param)) as elsewhere,
    ):
        fill(here, 400)
        fill(elsewhere, 400)
        yield here, elsewhere


texts = st.text(max_size=8) | st.text("=+'@-\t\r\n ,;\"{}[]é😀", max_size=6)
names = texts.map(str.strip).filter(lambda name: name and "\0" not in name)
verdicts = st.sampled_from([
    (Verdict.MATCH, None), (Verdict.UNSURE, None), (Verdict.UNSURE, Reason.OTHER),
    (Verdict.MISMATCH, Reason.OTHER), (Verdict.MISMATCH, Reason.POOR_PHOTO),
])  # fmt: skip


@pytest.mark.parametrize("ending", EXPORT_ENDINGS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_=st.lists(st.tuples(verdicts, texts, names), min_size=1, max_size=6))
def test_what_goes_out_comes_in(
    pair: tuple[Store, Store], tmp_path: Path, ending: str, given_: list[tuple[Any, str, str]]
) -> None:
    here, elsewhere = pair
    before = here.label_events()[0]
    for n, ((verdict, reason), note, analyst) in enumerate(given_):
        here.add_label(f"L{(before + n) % 400:03d}", verdict, reason, note, analyst)
    path = tmp_path / f"labels{ending}"
    export_labels(here, path, ALL)
    done = import_labels(elsewhere, path, replace=True)
    assert done.problems == [] and done.fates[Fate.UNKNOWN] == 0
    assert sorted(said_all(elsewhere), key=repr) == sorted(said_all(here), key=repr)
    assert import_labels(elsewhere, path, replace=True).added == 0
    assert import_labels(here, path).added == 0


def said_all(store: Store) -> list[tuple[Any, ...]]:
    return [
        (r.listing_id, r.verdict, r.reason, r.note, r.analyst, r.created_at) for r in store.iter_labels(ALL)
    ]


def test_labels_of_a_file_are_events_with_their_provenance_and_go_back_together(
    store: Store, tmp_path: Path
) -> None:
    publish(store, "v1", dict.fromkeys(fill(store, 3), 0.5))
    rows = (("L001", "match", "ann", "2026-03-01T12:00Z"), ("L000", "mismatch", "bob", "2026-02-01T12:00Z"))
    done = import_labels(store, file(tmp_path / "made.jsonl", *rows, ("L999", "match", "ann", "")))
    assert (done.added, done.fates[Fate.UNKNOWN]) == (2, 1)
    first = store.labels_page().rows[0].label
    assert (first.listing_id, first.created_at, first.drawn) == ("L001", NOON, Drawn.IMPORTED)
    assert (first.batch, first.score, first.model_version) == (done.batch, None, None)
    assert done.batch.startswith("made.jsonl ")
    assert [(p.file, p.row, p.column) for p in done.problems] == [("made.jsonl", 3, "listing_id")]
    report = store.import_reports()[0]
    assert (report.summary["labels_added"], report.problems) == (2, 1)
    assert store.undo_batch(done.batch, "ann") == 2
    assert store.labels_page().total == 0
    assert (
        import_labels(store, tmp_path / "made.jsonl").added == 2
    )  # what was imported and withdrawn comes back


def test_a_removed_listing_is_a_problem_of_its_row(store: Store, tmp_path: Path) -> None:
    fill(store, 3)
    store.remove_listings(["L001"], "ann")
    rows = [(i, "match", "ann", "") for i in ("L000", "L001", "L002")]
    done = import_labels(store, file(tmp_path / "l.jsonl", *rows))
    assert (done.added, done.used) == (2, 2)
    (problem,) = done.problems
    assert (problem.row, problem.value) == (2, "L001")
    assert problem.words == "listing_id: was removed from the catalogue"


def test_ids_written_as_floats_are_the_catalogues_integers(store: Store, tmp_path: Path) -> None:
    store.upsert_listings(frame([listing(1, listing_id="7"), listing(2, listing_id="8.0x")]))
    (tmp_path / "l.csv").write_text("listing_id,verdict,analyst\n7.0,match,ann\n")
    assert import_labels(store, tmp_path / "l.csv").fates == {Fate.ADDED: 1}
    store.upsert_listings(frame([listing(3, listing_id="7.0")]))
    assert import_labels(store, tmp_path / "l.csv").fates == {Fate.ADDED: 1}
    assert {found.label.listing_id for found in store.labels_page().rows} == {"7", "7.0"}


def test_what_stands_stays_and_what_differs_is_reported(store: Store, tmp_path: Path) -> None:
    fill(store, 4)
    for listing_id, verdict in (("L000", Verdict.MATCH), ("L001", Verdict.MATCH)):
        store.add_label(listing_id, verdict, None, "", "ann")
    rows = [(i, "mismatch", "bob", "2026-03-01T12:00Z") for i in ("L000", "L002")]
    path = file(tmp_path / "l.jsonl", *rows, ("L001", "match", "bob", ""), ("L002", "match", "eve", ""))
    done = import_labels(store, path)
    assert done.fates == {Fate.DIFFERS: 1, Fate.AGREES: 1, Fate.ADDED: 2}
    assert [(p.row, p.column, p.value) for p in done.problems] == [(1, "verdict", "mismatch (L000)")]
    assert store.label_counts()[Verdict.MATCH] == 3  # of L002 the later one
    again = import_labels(store, path, replace=True)
    assert again.fates == {Fate.REPLACED: 1, Fate.ADDED: 1, Fate.KNOWN: 2} and again.conflicts == 1
    assert said(store, LabelQuery(listing_id="L000"))[0][1] == "mismatch"
    store.undo_batch(again.batch, "ann")
    assert said(store, LabelQuery(listing_id="L000"))[0][1] == "match"


def test_what_was_taken_back_here_does_not_come_in_again(store: Store, tmp_path: Path) -> None:
    fill(store, 1)
    label = store.add_label("L000", Verdict.MATCH, None, "", "ann")
    export_labels(store, tmp_path / "labels.parquet")
    store.undo_label(label.label_id, "ann")
    assert import_labels(store, tmp_path / "labels.parquet").fates == {Fate.KNOWN: 1}


def test_an_import_that_was_stopped_is_finished_by_the_same_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(store, 7)
    path = file(tmp_path / "l.jsonl", *((i, "match", "ann", f"2026-03-0{n + 1}") for n, i in enumerate(ids)))
    monkeypatch.setattr(label_importing, "_AT_ONCE", 3)
    add, calls = store.import_labels, 0

    def stopped(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return add(*given)

    monkeypatch.setattr(store, "import_labels", stopped)
    with pytest.raises(KeyboardInterrupt):
        import_labels(store, path)
    assert store.labels_page().total == 3
    done = import_labels(store, path)
    assert done.fates == {Fate.KNOWN: 3, Fate.ADDED: 4}
    assert [row[0] for row in said(store)] == ids[::-1]
    with store._read() as connection:
        assert connection.execute(select(func.count()).select_from(labels)).scalar_one() == 7


def test_nothing_is_written_of_a_file_that_cannot_be_used(store: Store, tmp_path: Path) -> None:
    fill(store, 1)
    (tmp_path / "l.json").write_text('[{"listing_id": "L000", "verdict": "match", "analyst": "a"}, {"li')
    with pytest.raises(MMQualityError, match="item 2 cannot be read"):
        import_labels(store, tmp_path / "l.json")
    assert store.labels_page().total == 0 and store.import_reports() == []
    with pytest.raises(MMQualityError, match="No such file"):
        import_labels(store, tmp_path / "absent.csv")


def test_the_later_label_counts_whatever_its_place_in_the_file(store: Store, tmp_path: Path) -> None:
    fill(store, 1)
    days = [NOON + timedelta(days=n) for n in (3, 1, 2)]
    rows = [
        ("L000", v, "ann", d.isoformat()) for v, d in zip(("unsure", "match", "match"), days, strict=True)
    ]
    import_labels(store, file(tmp_path / "l.jsonl", *rows))
    assert said(store, LabelQuery())[0][1] == "unsure"


def test_a_file_of_nothing_but_unusable_rows_is_refused_before_anything_is_written(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "no.csv").write_text("listing_id,verdict\n" + "L001,perhaps\n" * 4)
    with pytest.raises(InputFileError, match=r"no.csv has more than 3 rows that cannot be used \(row 2"):
        import_labels(store, tmp_path / "no.csv", limits=ImportLimits(max_problems=3))
    assert not store.import_reports()
    assert len(import_labels(store, tmp_path / "no.csv", limits=ImportLimits(max_problems=4)).problems) == 4
