"""The database is looked at, and copied, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogues import fill, publish
from sqlalchemy import delete

from mmquality.errors import WorkspaceError
from mmquality.records import Verdict
from mmquality.store import Store
from mmquality.store.places import ROOM
from mmquality.store.tables import current_labels, scores


@pytest.fixture
def sound(store: Store) -> Store:
    """Six listings, two versions, a label that another one followed, and one that was withdrawn."""
    fill(store, 6)
    for version in ("v1", "v2"):
        publish(store, version, {f"L{n:03d}": n / 10 for n in range(6)})
    for verdict in (Verdict.MATCH, Verdict.UNSURE):
        store.add_label("L001", verdict, None, "", "ann")
    store.undo_label(store.add_label("L002", Verdict.MATCH, None, "", "ann").label_id, "ann")
    return store


def test_a_sound_database_has_no_faults(sound: Store) -> None:
    assert sound.faults() == []


def test_what_does_not_fit_is_told(sound: Store) -> None:
    with sound._write() as connection:
        connection.execute(delete(current_labels))
        connection.execute(delete(scores).where(scores.c.version_id == 2, scores.c.place == 4 << ROOM))
    assert sound.faults() == [
        "Of 1 listings another label counts than the newest.",
        "The ranking of model v2 has gaps: 5 scores, the last at rank 6.",
    ]


def test_a_copy_is_as_the_database_was(sound: Store, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    if sound._engine.dialect.name == "postgresql":
        with pytest.raises(WorkspaceError, match="pg_dump"):
            sound.copy_to(file)
        return
    sound.copy_to(file)
    sound.add_label("L003", Verdict.MATCH, None, "", "ann")
    with Store.open(f"sqlite:///{file}") as copy:
        assert list(copy.current_labels()["listing_id"]) == ["L001"] and copy.listing_count() == 6
