"""Import reports: every import and every row it could not use can be looked up later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from mmquality.records import RowProblem
from mmquality.store import Store


def problems(count: int) -> Iterator[RowProblem]:
    for n in range(count):
        yield RowProblem(
            "catalogue.csv", n + 2, "title" if n % 3 else "image", f"reason {n}", f"value \0 {n}"
        )


def test_a_report_comes_back_with_its_problems_in_order(store: Store) -> None:
    empty = store.save_import_report({"added": 3})
    report_id = store.save_import_report({"added": 1, "files": ["é.csv"]}, problems(25))
    newest, oldest = store.import_reports()
    assert (newest.report_id, newest.summary, newest.problems) == (
        report_id,
        {"added": 1, "files": ["é.csv"]},
        25,
    )
    assert (oldest.report_id, oldest.problems) == (empty, 0)
    assert newest.created_at.tzinfo == UTC
    page = store.import_problems(report_id, page=2, size=10)
    assert page.total == 25
    assert [problem.row for problem in page.rows] == list(range(12, 22))
    assert page.rows[0] == RowProblem("catalogue.csv", 12, "title", "reason 10", "value \ufffd 10")


def test_problems_are_counted_and_filtered_by_column(store: Store) -> None:
    report_id = store.save_import_report({}, problems(7))
    store.save_import_report({}, problems(2))
    assert store.problem_counts(report_id) == [("title", 4), ("image", 3)]
    page = store.import_problems(report_id, column="image")
    assert [problem.row for problem in page.rows] == [2, 5, 8]
    assert store.import_problems(report_id, column="price").rows == []
    assert store.import_problems(report_id, page=10**30).rows == []
    assert store.import_problems(999).total == 0


def test_very_many_problems_are_kept(store: Store) -> None:
    report_id = store.save_import_report({}, problems(10_050))
    assert store.import_reports()[0].problems == 10_050
    assert [problem.row for problem in store.import_problems(report_id, 202).rows] == list(
        range(10_052, 10_052)
    )
    assert store.import_problems(report_id, 201).rows[-1].row == 10_051


def test_a_report_whose_problems_fail_half_way_is_not_kept(store: Store) -> None:
    def broken() -> Iterator[RowProblem]:
        yield from problems(3)
        raise ZeroDivisionError

    try:
        store.save_import_report({}, broken())
    except ZeroDivisionError:
        pass
    assert store.import_reports() == []
