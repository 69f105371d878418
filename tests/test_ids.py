"""Ids in a mapped file: every one is found at its row, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmquality.ids import Ids, map_table, save_table

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(ids=st.lists(names, unique=True, max_size=30), others=st.lists(names, max_size=5))
@settings(max_examples=80, deadline=None)
def test_a_row_is_where_a_list_has_it(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], others: list[str]
) -> None:
    path = tmp_path_factory.mktemp("ids") / "ids.arrow"
    save_table(path, Ids(ids).columns())
    for found in (Ids(ids), Ids.of(map_table(path))):
        assert list(found) == ids == [found[row] for row in range(len(found))] and found[::2] == ids[::2]
        assert [found.row(name) for name in ids] == list(range(len(ids)))
        assert all((name in found) == (name in ids) for name in others)


def test_a_column_in_pieces_is_one_list_of_ids() -> None:
    """A column of more than some hundred thousand rows comes in pieces from its file."""
    column = pd.concat([pd.Series(["b", "a"], dtype="str"), pd.Series(["c"], dtype="str")])
    found = Ids(column)
    assert list(found) == ["b", "a", "c"] and [found.row(name) for name in "abcd"] == [1, 0, 2, None]


def test_what_no_title_can_be_is_no_id() -> None:
    assert Ids(["a", "b"]).row("\ud800") is None and 7 not in Ids(["a"])


def test_a_table_without_ids_is_refused(tmp_path: Path) -> None:
    save_table(tmp_path / "t.arrow", {"order": [1]}, {"about": "nothing"})
    table = map_table(tmp_path / "t.arrow")
    assert table.schema.metadata == {b"about": b"nothing"}
    with pytest.raises(ValueError, match="no ids"):
        Ids.of(table)
