"""The ranking by category and seller: counted once, kept beside the version, counted anew after an import."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from workspaces import Fixture, small_workspace

from mmquality.pipeline.group_ranks import group_ranks
from mmquality.store import Groups, Store


@pytest.fixture
def shop(tmp_path: Path) -> Fixture:
    return small_workspace(tmp_path / "shop")


def told(groups: Sequence[Groups]) -> list[list[str]]:
    """The group of each rank."""
    return [[str(found.names[code]) for code in found.codes] for found in groups]


def test_what_was_counted_is_read_again(shop: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(shop.workspace.database_url) as store:
        counted = group_ranks(shop.workspace, store, "v1")
        wanted = store.ranked_groups("category", "seller")
        assert told(counted) == told(wanted) and len(counted[0].codes) == 60
        monkeypatch.setattr(Store, "ranked_groups", lambda *_: pytest.fail("counted again"))
        read = group_ranks(shop.workspace, store, "v1")
        assert told(read) == told(wanted)
        for before, after in zip(wanted, read, strict=True):
            assert before.most_flagged(20) == after.most_flagged(20)


def test_an_import_and_a_damaged_file_have_it_counted_anew(shop: Fixture) -> None:
    with Store.open(shop.workspace.database_url) as store:
        group_ranks(shop.workspace, store, "v1")
        (kept,) = (shop.workspace.models / "v1").glob("groups-*.arrow")
        kept.write_bytes(kept.read_bytes()[:-9])
        assert told(group_ranks(shop.workspace, store, "v1")) == told(
            store.ranked_groups("category", "seller")
        )
        store.save_import_report({"added": 0}, [])
        group_ranks(shop.workspace, store, "v1")
        assert len(list((shop.workspace.models / "v1").glob("groups-*.arrow"))) == 2
        assert all(
            np.issubdtype(found.codes.dtype, np.integer) for found in group_ranks(shop.workspace, store, "v1")
        )
