"""A training is not lost: not to an import beside it, not to a step that fails after it."""

from __future__ import annotations

import fcntl
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from marketplace import LISTINGS, QUICK, Listening, Marketplace, copy_of, first_rows, input_files

from mmquality.config import Workspace
from mmquality.errors import NoRoomError, NotEncodedError, WorkspaceError
from mmquality.pipeline import building, finishing, label_loop
from mmquality.pipeline.arriving import arrive
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.finishing import finishable, taking_in
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.label_loop import Publish, retrain
from mmquality.pipeline.label_snapshot import load_snapshot
from mmquality.pipeline.places import open_store
from mmquality.pipeline.retrain_trigger import since_training
from mmquality.records import Verdict
from mmquality.store import Store


@pytest.fixture
def shop(marketplace: Marketplace, tmp_path: Path) -> Workspace:
    """With two labels that no model knows."""
    workspace = copy_of(marketplace, tmp_path / "shop")
    with open_store(workspace) as store:
        for listing_id in store.catalogue_frame(["listing_id"])["listing_id"].head(2):
            store.add_label(listing_id, Verdict.MATCH, None, "", "ann")
    return workspace


def import_new(marketplace: Marketplace, workspace: Workspace, listing_id: str) -> None:
    """A listing with a title and a category of its own."""
    row = first_rows(marketplace.files.listings, 1).assign(
        listing_id=listing_id, title=f"Kite {listing_id}", category=f"kites {listing_id}"
    )
    file = workspace.root / f"{listing_id}.csv"
    row.to_csv(file, index=False)
    import_files(workspace, InputFiles(file, marketplace.files.images))


def before(
    monkeypatch: pytest.MonkeyPatch, name: str, happens: Callable[[], object], of: Any = building
) -> None:
    """Let something happen right before a part of a step."""
    step = getattr(of, name)

    def both(*args: Any, **kwargs: Any) -> Any:
        happens()
        return step(*args, **kwargs)

    monkeypatch.setattr(of, name, both)


def fail() -> None:
    raise WorkspaceError("The database is away.")


def ranked(workspace: Workspace, version: str) -> set[str]:
    with open_store(workspace) as store:
        return set(store.version_scores(version)["listing_id"])


@pytest.mark.parametrize("train_again", ["retrain", "build"])
def test_what_is_imported_while_it_trains_is_taken_in(
    marketplace: Marketplace, shop: Workspace, monkeypatch: pytest.MonkeyPatch, train_again: str
) -> None:
    before(monkeypatch, "trained_ensemble", lambda: import_new(marketplace, shop, "new"))
    reporter = Listening()
    if train_again == "retrain":
        version = retrain(shop, QUICK, Publish.ALWAYS, reporter).version
    else:
        _, version = building.build(shop, input_files(marketplace.files), QUICK, reporter=reporter)
    assert "new" in ranked(shop, version) and len(ranked(shop, version)) == LISTINGS + 1
    assert len([line for line in reporter.heard if "imported meanwhile" in line]) == 1
    with open_store(shop) as store:
        assert store.waiting(version).empty


def test_what_is_imported_while_it_indexes_waits_for_arrive(
    marketplace: Marketplace, shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(monkeypatch, "build_indexes", lambda: import_new(marketplace, shop, "late"))
    version = retrain(shop, QUICK, Publish.ALWAYS).version
    assert "late" not in ranked(shop, version)
    encode(shop)
    arrive(shop)
    assert "late" in ranked(shop, version)


def test_an_encoding_beside_it_is_waited_for(marketplace: Marketplace, shop: Workspace) -> None:
    import_new(marketplace, shop, "new")
    lock = (shop.root / ".encode.lock").open("a+")
    fcntl.flock(lock, fcntl.LOCK_EX)
    closing = threading.Timer(0.3, lock.close)
    closing.start()
    begun = time.monotonic()
    assert taking_in(shop, lambda: building.score(shop)) == "v0002"
    assert time.monotonic() - begun > 0.3


def test_a_catalogue_that_never_rests_ends_with_the_error(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "_OFTEN", 2)

    def never() -> str:
        raise NotEncodedError("1 of 2 listings are not encoded yet.")

    with pytest.raises(NotEncodedError):
        taking_in(shop, never)


@pytest.mark.parametrize(
    ("part", "of", "way_on"),
    [
        (
            "score_catalogue",
            building,
            "v0002 is trained: `mmquality score`, then `mmquality index` put",
        ),
        ("judge", label_loop, "v0002 is trained and has scored the catalogue: `mmquality index` puts it in"),
        ("build_indexes", building, "v0002 is trained and has scored .* `mmquality index` puts it in force"),
    ],
)
def test_a_step_that_fails_after_the_training_names_the_way_on_and_the_labels_stay_new(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch, part: str, of: Any, way_on: str
) -> None:
    with monkeypatch.context() as patched:
        before(patched, part, fail, of)
        with pytest.raises(WorkspaceError, match=f"The database is away. Model {way_on}"):
            retrain(shop, QUICK, Publish.ALWAYS)
    assert since_training(shop).new_labels == 2
    if part == "score_catalogue":
        building.score(shop)
    assert building.index(shop) == "v0002" and since_training(shop).new_labels == 0
    with open_store(shop) as store:
        assert store.current_version().name == "v0002"


def test_who_is_stopped_after_the_training_is_told(shop: Workspace) -> None:
    reporter = Listening()
    with pytest.raises(KeyboardInterrupt), finishable(shop, "v0009", reporter):
        raise KeyboardInterrupt
    assert reporter.heard == [
        "Model v0009 is trained: `mmquality score`, then `mmquality index` put it in force."
    ]


def test_a_training_that_was_judged_counts_though_an_older_model_is_published_after_it(
    shop: Workspace,
) -> None:
    """Else a schedule would train the same labels again for ever."""
    assert not retrain(shop, QUICK, Publish.UNLESS_WORSE).in_force  # two labels are too few to judge by
    assert since_training(shop).new_labels == 0
    building.score(shop)
    assert building.index(shop) == "v0003"  # the first model, which knows none of them
    snapshot = load_snapshot(shop.models / "v0003")
    assert isinstance(snapshot, pd.DataFrame) and snapshot.empty
    assert since_training(shop).new_labels == 0
    (shop.models / "v0002" / "labels.parquet").write_bytes(b"nonsense")
    assert since_training(shop).new_labels == 2


def test_a_database_that_goes_away_while_it_trains_or_scores_loses_nothing(
    marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`index`, which writes into it, then finishes what they made."""
    shop = copy_of(marketplace, tmp_path / "shop")
    for step, part in (
        (lambda: building.train(shop, QUICK), "trained_ensemble"),
        (lambda: building.score(shop), "score_catalogue"),
    ):
        with monkeypatch.context() as patched:
            before(patched, part, lambda: patched.setattr(Store, "_read", lambda _: fail()))
            assert step() == "v0002"
    assert building.index(shop) == "v0002"
    with monkeypatch.context() as patched:  # scores of a published model are a version of their own
        before(patched, "score_catalogue", lambda: patched.setattr(Store, "_read", lambda _: fail()))
        assert building.score(shop) == "v0003"


def test_room_for_the_model_is_asked_for_before_the_training(
    marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = copy_of(marketplace, tmp_path / "shop")
    before(monkeypatch, "trained_ensemble", lambda: pytest.fail("trained in vain"))
    usage = type(shutil.disk_usage(shop.root))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 10**5, 10**5))
    with pytest.raises(NoRoomError, match=r"models has no room for [0-9]+\.[0-9] kB: its disk is full"):
        building.train(shop, QUICK)
