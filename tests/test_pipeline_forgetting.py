"""Old versions give their room back: what is large goes, what is told of them stays, and the model, too."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from marketplace import Marketplace, contents, copy_of
from shop import IDS, everything, write_shop

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline import building, forgetting, versions
from mmquality.pipeline.forgetting import forget, room
from mmquality.pipeline.importing import import_files
from mmquality.pipeline.locking import makes_models
from mmquality.pipeline.places import index_path, open_store
from mmquality.pipeline.scored import load_scores, load_unified
from mmquality.pipeline.versions import (
    new_version,
    promote,
    published_names,
    rollback,
    unpublished,
    working_version,
)
from mmquality.records import ModelVersion, Space, size_in_words
from mmquality.store import Store

LARGE = ("index", "scored", "ground", "arrivals/0001")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.at(tmp_path / "workspace")
    import_files(made, everything(write_shop(tmp_path / "shop")))
    return made


def make(workspace: Workspace, store: Store, published: bool = True) -> str:
    """A version of small files and large ones, that hold nothing."""
    with new_version(workspace, published_names(store)) as draft:
        for name in ("config.json", "judgement.json", "labels.parquet", "map.parquet"):
            (draft.folder / name).write_text(name)
        for folder in LARGE:
            (draft.folder / folder).mkdir(parents=True)
            (draft.folder / folder / "unified.faiss").write_bytes(bytes(1000))
    if published:
        scores = pd.DataFrame({"listing_id": IDS, "score": 0.5})
        store.publish(ModelVersion(draft.name, datetime.now(UTC), len(IDS)), scores)
    return draft.name


def test_what_is_large_goes_and_every_other_file_stays(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        make(workspace, store), make(workspace, store)
        before, scores = contents(workspace.models / "v0001"), store.version_scores("v0001")
        other = contents(workspace.models / "v0002")
        assert forget(workspace, store, "v0001") == forgetting.Forgotten(4000, published=True)
        kept = {name: data for name, data in before.items() if "/" not in name}
        assert len(kept) == 4 and contents(workspace.models / "v0001") == kept
        assert contents(workspace.models / "v0002") == other
        pd.testing.assert_frame_equal(store.version_scores("v0001"), scores)
        assert [version.name for version in store.versions()] == ["v0002", "v0001"]
        assert room(workspace.models / "v0001") == sum(map(len, kept.values()))


@pytest.mark.parametrize("name", ["v0001", "v0009", "../v0002", ".", "", "new"])
def test_nothing_goes_where_there_is_nothing_to_forget(workspace: Workspace, name: str) -> None:
    with open_store(workspace) as store:
        make(workspace, store), make(workspace, store)
        forget(workspace, store, "v0001")
        before = contents(workspace.models)
        with pytest.raises(WorkspaceError, match="there is nothing to forget"):
            forget(workspace, store, name)
        assert contents(workspace.models) == before


def test_the_version_in_force_stays(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        make(workspace, store)
        with pytest.raises(WorkspaceError, match="v0001 is in force"):
            forget(workspace, store, "v0001")
        assert room(workspace.models / "v0001") > 4000


def test_a_version_never_published_goes_altogether(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        make(workspace, store), make(workspace, store, published=False), make(workspace, store, False)
        assert unpublished(workspace, store) == ["v0003", "v0002"]
        size = room(workspace.models / "v0003")
        assert forget(workspace, store, "v0003") == forgetting.Forgotten(size, published=False)
        assert working_version(workspace, store) == ("v0002", False)
        forget(workspace, store, "v0002")
        assert working_version(workspace, store) == ("v0001", True)
        assert [path.name for path in workspace.models.iterdir()] == ["v0001"]


def test_a_forgotten_version_is_left_out_by_a_rollback_and_says_how_to_come_back(
    workspace: Workspace,
) -> None:
    with open_store(workspace) as store:
        make(workspace, store), make(workspace, store), make(workspace, store)
        forget(workspace, store, "v0002")
        with pytest.raises(WorkspaceError, match=r"v0002 was forgotten.*`mmquality score --model v0002`"):
            promote(workspace, store, "v0002")
        assert rollback(workspace, store) == "v0001"


def test_stopped_halfway_it_cannot_be_put_in_force_and_can_be_forgotten_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed, remove = list[str](), shutil.rmtree

    def killed(folder: Path) -> None:
        if removed:
            raise KeyboardInterrupt
        removed.append(folder.name)
        remove(folder)

    with open_store(workspace) as store:
        make(workspace, store), make(workspace, store)
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(shutil, "rmtree", killed)
            forget(workspace, store, "v0001")
        assert removed == ["index"]
        with pytest.raises(WorkspaceError, match="cannot be put in force"):
            promote(workspace, store, "v0001")
        assert forget(workspace, store, "v0001").freed == 3000


def test_not_while_models_are_made(workspace: Workspace) -> None:
    """A version that is being scored has not been published either."""
    begun, done = threading.Event(), threading.Event()
    made = workspace.root / ".models.lock"

    @makes_models
    def score(workspace: Workspace) -> None:
        begun.set()
        done.wait(20)

    with open_store(workspace) as store:
        make(workspace, store, published=False)
        other = threading.Thread(target=score, args=(workspace,))
        other.start()
        begun.wait(20)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mmquality.pipeline.locking._held", set())  # as in another process
            with pytest.raises(WorkspaceError, match=r"`mmquality score` .* is at work on the models"):
                forget(workspace, store, "v0001")
        done.set()
        other.join()
        assert made.exists() and unpublished(workspace, store) == ["v0001"]


@pytest.mark.parametrize("first", ["forget", "promote", "rollback"])
def test_a_version_is_not_put_in_force_while_its_files_go(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Whoever comes first has looked, and not done yet, when the other one begins; the other one waits."""
    begun, go = threading.Event(), threading.Event()
    pause_in = (forgetting, "drop") if first == "forget" else (versions, "is_kept")
    does = getattr(*pause_in)

    def paused(*args: object) -> object:
        begun.set()
        assert go.wait(20)
        return does(*args)

    def put(store: Store) -> None:
        rollback(workspace, store) if first == "rollback" else promote(workspace, store, "v0001")

    def begin(deed: Callable[[Store], object], refused: list[str]) -> threading.Thread:
        def run() -> None:
            with open_store(workspace) as store:
                try:
                    deed(store)
                except WorkspaceError as error:
                    refused.append(str(error))

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    with open_store(workspace) as store:
        make(workspace, store), make(workspace, store)
    monkeypatch.setattr(*pause_in, paused)
    deeds = [partial(forget, workspace, name="v0001"), put]
    one, other = deeds if first == "forget" else deeds[::-1]
    of_one, of_other = list[str](), list[str]()
    threads = [begin(one, of_one)]
    assert begun.wait(20)
    threads.append(begin(other, of_other))
    threads[1].join(0.3)
    assert threads[1].is_alive()
    go.set()
    for thread in threads:
        thread.join(20)
    assert not of_one and len(of_other) == 1
    assert ("was forgotten" if first == "forget" else "v0001 is in force") in of_other[0]
    with open_store(workspace) as store:
        current = store.current_version()
    assert current is not None and current.name == ("v0002" if first == "forget" else "v0001")
    assert index_path(workspace, current.name, Space.UNIFIED).exists()


def test_a_forgotten_model_scores_again_as_a_new_version(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    first = workspace.models / "v0001"
    before, vectors = load_scores(first), np.array(load_unified(first)[:])
    building.score(workspace), building.index(workspace)
    with open_store(workspace) as store:
        size = room(first)
        assert 0 < forget(workspace, store, "v0001").freed < size
    assert building.score(workspace, model="v0001") == "v0003"
    again = workspace.models / "v0003"
    pd.testing.assert_frame_equal(load_scores(again), before)
    assert np.allclose(load_unified(again)[:], vectors, atol=1e-6)
    assert building.index(workspace) == "v0003"
    assert index_path(workspace, "v0003", Space.TITLE).exists() and room(first) > 0
    with pytest.raises(WorkspaceError, match="no model v0009"):
        building.score(workspace, model="v0009")


def test_the_model_that_waits_is_scored_in_its_place(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    assert building.score(workspace) == "v0002"
    assert building.score(workspace, model="v0002") == "v0002"
    assert building.score(workspace, model="v0001") == "v0003"
    assert building.score(workspace, model="v0002") == "v0004"  # an older one that waits no more


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0.0 kB"), (720, "0.7 kB"), (1_000_000, "1.0 MB"), (64e6, "64.0 MB"), (1.2345e12, "1,234.5 GB")],
)
def test_sizes_are_said_in_their_own_unit(size: float, words: str) -> None:
    assert size_in_words(int(size)) == words
