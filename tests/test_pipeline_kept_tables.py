"""Tables that pages need of the whole catalogue: made once, kept beside the version, made anew when due."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from workspaces import Fixture, small_workspace

from mmquality.errors import WorkspaceError
from mmquality.pipeline.kept_tables import group_ranks, keep, ranked_numbers
from mmquality.store import Groups, Store


@pytest.fixture
def shop(tmp_path: Path) -> Fixture:
    return small_workspace(tmp_path / "shop")


def told(groups: Sequence[Groups]) -> list[list[str]]:
    """The group of each rank."""
    return [[str(found.names[code]) for code in found.codes] for found in groups]


def test_what_was_kept_is_read_again(shop: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(shop.workspace.database_url) as store:
        keep(shop.workspace, store, "v1")
        groups, numbers = store.ranked_groups("category", "seller"), store.ranked_numbers("v1")
        for name in ("ranked_groups", "ranked_numbers"):
            monkeypatch.setattr(Store, name, lambda *_: pytest.fail("gone through again"))
        read = group_ranks(shop.workspace, store, "v1")
        assert told(read) == told(groups) and len(read[0].codes) == 60
        assert [g.most_flagged(20) for g in read] == [g.most_flagged(20) for g in groups]
        pd.testing.assert_frame_equal(ranked_numbers(shop.workspace, store, "v1"), numbers)


def test_an_import_and_a_damaged_file_have_it_made_anew(shop: Fixture) -> None:
    kept = shop.workspace.models / "v1" / "index" / "groups.arrow"
    with Store.open(shop.workspace.database_url) as store:
        keep(shop.workspace, store, "v1")
        kept.write_bytes(kept.read_bytes()[:-9])
        assert told(group_ranks(shop.workspace, store, "v1")) == told(
            store.ranked_groups("category", "seller")
        )
        before = kept.read_bytes()
        group_ranks(shop.workspace, store, "v1")
        assert kept.read_bytes() == before
        store.save_import_report({"added": 0}, [])
        group_ranks(shop.workspace, store, "v1")
        assert kept.read_bytes() != before


def test_a_version_that_was_never_published_has_none(shop: Fixture) -> None:
    with Store.open(shop.workspace.database_url) as store, pytest.raises(WorkspaceError):
        ranked_numbers(shop.workspace, store, "v9")
