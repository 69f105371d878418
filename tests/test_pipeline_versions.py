"""Model versions: whole or not there, never overwritten, and the one in force is the one that was chosen."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from marketplace import Marketplace, contents, copy_of
from shop import IDS, everything, write_shop

from mmquality import files
from mmquality.config import Workspace
from mmquality.errors import ModelFileError, NoRoomError, WorkspaceError
from mmquality.pipeline import building
from mmquality.pipeline.folders import whole_folder
from mmquality.pipeline.importing import import_files
from mmquality.pipeline.places import index_path, open_store
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.scored import load_scores, load_unified, save_scored
from mmquality.pipeline.versions import new_version, promote, published_names, rollback, working_version
from mmquality.records import ModelVersion, Space
from mmquality.store import Store


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.at(tmp_path / "workspace")
    import_files(made, everything(write_shop(tmp_path / "shop")))
    return made


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def make(workspace: Workspace, store: Store) -> str:
    """A version with a model and an index that hold nothing."""
    with new_version(workspace, published_names(store)) as draft:
        (draft.folder / "config.json").write_text("{}")
        (draft.folder / "index").mkdir()
        (draft.folder / "index" / f"{Space.UNIFIED}.faiss").write_text("an index")
    return draft.name


def publish(store: Store, name: str) -> None:
    scores = pd.DataFrame({"listing_id": IDS, "score": 0.5})
    store.publish(ModelVersion(name, datetime.now(UTC), len(IDS)), scores)


class TestWholeFolder:
    def test_appears_at_the_end(self, tmp_path: Path) -> None:
        with whole_folder(tmp_path / "it") as folder:
            (folder / "file").write_text("new")
            assert not (tmp_path / "it").exists()
        assert contents(tmp_path) == {"it/file": b"new"}

    def test_replaces_the_old_one_altogether(self, tmp_path: Path) -> None:
        (tmp_path / "it").mkdir()
        (tmp_path / "it" / "old").write_text("old")
        with whole_folder(tmp_path / "it") as folder:
            (folder / "new").write_text("new")
        assert contents(tmp_path) == {"it/new": b"new"} and not hidden(tmp_path)

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
    def test_an_error_leaves_nothing(self, tmp_path: Path, error: type[BaseException]) -> None:
        (tmp_path / "it").mkdir()
        (tmp_path / "it" / "old").write_text("old")
        with pytest.raises(error), whole_folder(tmp_path / "it") as folder:
            (folder / "new").write_text("new")
            raise error
        assert contents(tmp_path) == {"it/old": b"old"} and not hidden(tmp_path)

    def test_what_a_killed_process_left_is_cleared_after_a_day(self, tmp_path: Path) -> None:
        left, recent = tmp_path / ".it-0a.part", tmp_path / ".it-0b.part"
        for folder in (left, recent):
            folder.mkdir()
            (folder / "file").write_text("half")
        os.utime(left, (1, 1))
        with whole_folder(tmp_path / "it"):
            pass
        assert hidden(tmp_path) == [recent.name]
        assert files._ABANDONED >= 60 * 60  # no training takes that long to write its files


class TestNewVersion:
    def test_takes_the_next_name(self, workspace: Workspace) -> None:
        with open_store(workspace) as store:
            assert [make(workspace, store) for _ in range(3)] == ["v0001", "v0002", "v0003"]
        assert not hidden(workspace.models)

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_an_error_leaves_nothing(self, workspace: Workspace, error: type[BaseException]) -> None:
        with open_store(workspace) as store:
            with pytest.raises(error), new_version(workspace, published_names(store)) as draft:
                (draft.folder / "model.safetensors").write_bytes(b"half of i")
                raise error
            assert draft.name == "" and list(workspace.models.iterdir()) == []
            assert make(workspace, store) == "v0001"

    def test_two_at_once_are_two(self, workspace: Workspace) -> None:
        with open_store(workspace) as store:
            with new_version(workspace, published_names(store)) as slow:
                (slow.folder / "who").write_text("slow")
                with new_version(workspace, published_names(store)) as quick:
                    (quick.folder / "who").write_text("quick")
            assert (quick.name, slow.name) == ("v0001", "v0002")
        assert (workspace.models / "v0001" / "who").read_text() == "quick"
        assert (workspace.models / "v0002" / "who").read_text() == "slow"

    def test_many_at_once_are_many(self, workspace: Workspace) -> None:
        start, names = threading.Barrier(8), []

        def one() -> None:
            with open_store(workspace) as store, new_version(workspace, published_names(store)) as draft:
                (draft.folder / "file").write_text("x")
                start.wait()
            names.append(draft.name)

        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(names) == [f"v{n:04d}" for n in range(1, 9)]

    def test_a_published_name_is_never_used_again(self, workspace: Workspace) -> None:
        """Else `index` would put the old scores of that name in force."""
        with open_store(workspace) as store:
            publish(store, "v0007")
            assert make(workspace, store) == "v0008"

    def test_a_strangers_folder_is_left_alone(self, workspace: Workspace) -> None:
        for name in ("v0004", "v1", "very-old", "v0005.bak"):
            (workspace.models / name).mkdir(parents=True)
        with open_store(workspace) as store:
            assert make(workspace, store) == "v0005"

    def test_no_room_is_an_error(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with open_store(workspace) as store:
            monkeypatch.setattr(os, "rename", full)
            with pytest.raises(NoRoomError, match="its disk is full"):
                make(workspace, store)


class TestInForce:
    def test_a_trained_version_waits_for_its_publication(self, workspace: Workspace) -> None:
        with open_store(workspace) as store:
            with pytest.raises(WorkspaceError, match="mmquality train"):
                working_version(workspace, store)
            make(workspace, store)
            assert working_version(workspace, store) == ("v0001", False)
            publish(store, "v0001")
            assert working_version(workspace, store) == ("v0001", True)
            make(workspace, store)
            assert working_version(workspace, store) == ("v0002", False)

    def test_after_a_rollback_the_older_one_is_worked_on(self, workspace: Workspace) -> None:
        with open_store(workspace) as store:
            for _ in range(3):
                publish(store, make(workspace, store))
            assert rollback(workspace, store) == "v0002"
            assert working_version(workspace, store) == ("v0002", True)
            assert rollback(workspace, store) == "v0001"
            with pytest.raises(WorkspaceError, match="no earlier version"):
                rollback(workspace, store)
            promote(workspace, store, "v0003")
            assert working_version(workspace, store) == ("v0003", True)

    def test_rollback_before_the_first_version(self, workspace: Workspace) -> None:
        with open_store(workspace) as store, pytest.raises(WorkspaceError, match="no earlier version"):
            rollback(workspace, store)

    def test_only_what_is_whole_can_be_put_in_force(self, workspace: Workspace) -> None:
        with open_store(workspace) as store:
            publish(store, make(workspace, store))
            publish(store, make(workspace, store))
            index_path(workspace, "v0001", Space.UNIFIED).unlink()
            for put in (lambda: promote(workspace, store, "v0001"), lambda: rollback(workspace, store)):
                with pytest.raises(WorkspaceError, match=r"v0001 cannot be put in force: .*unified\.faiss"):
                    put()
            with pytest.raises(WorkspaceError, match="no model version 'v0009'"):
                promote(workspace, store, "v0009")
            current = store.current_version()
            assert current is not None and current.name == "v0002"


class TestOnTheSample:
    """The same with a real model."""

    def test_a_published_version_is_scored_as_a_new_one(
        self, marketplace: Marketplace, tmp_path: Path
    ) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        old = workspace.models / "v0001"
        before = contents(old)
        assert building.score(workspace) == "v0002"
        with Catalogue(workspace) as opened:
            assert opened.published_version().name == "v0001"
        assert building.score(workspace) == "v0002"  # not published yet: scored again in its place
        assert building.index(workspace) == "v0002"
        assert contents(old) == before
        model = {name: data for name, data in before.items() if "/" not in name}
        assert {n: d for n, d in contents(workspace.models / "v0002").items() if "/" not in n} == model

    def test_rollback_and_promotion_change_what_is_read(
        self, marketplace: Marketplace, tmp_path: Path
    ) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        building.score(workspace)
        building.index(workspace)
        with open_store(workspace) as store:
            assert rollback(workspace, store) == "v0001"
        with Catalogue(workspace) as opened:
            assert opened.published_version().name == "v0001"
        before = contents(workspace.models / "v0002")
        assert building.index(workspace) == "v0001"  # rebuilt for the one in force, which stays in force
        assert contents(workspace.models / "v0002") == before
        assert building.score(workspace) == "v0003"  # from the model of v0001

    def test_a_damaged_index_is_built_again(self, marketplace: Marketplace, tmp_path: Path) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        path = index_path(workspace, "v0001", Space.UNIFIED)
        path.write_bytes(path.read_bytes()[:1000])
        listing = str(load_scores(workspace.models / "v0001")["listing_id"][0])
        with Catalogue(workspace) as opened, pytest.raises(ModelFileError, match="mmquality index"):
            opened.neighbours(listing, Space.UNIFIED)
        assert building.index(workspace) == "v0001"
        with Catalogue(workspace) as opened:
            assert len(opened.neighbours(listing, Space.UNIFIED)) == 10
            assert [v.name for v in opened.store.versions()] == ["v0001"]

    @pytest.mark.parametrize(
        "name", ["model.safetensors", "config.json", "metrics.json", "trained_on.parquet"]
    )
    @pytest.mark.parametrize("damage", ["gone", "cut", "nonsense"])
    def test_a_damaged_model_is_told(
        self, marketplace: Marketplace, tmp_path: Path, name: str, damage: str
    ) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        path = workspace.models / "v0001" / name
        data = path.read_bytes()
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(data[: len(data) // 2] if damage == "cut" else b"\0nonsense")
        with pytest.raises(ModelFileError, match="v0001"):
            building.score(workspace)
        assert [path.name for path in workspace.models.iterdir()] == ["v0001"]

    @pytest.mark.parametrize("name", ["scores.parquet", "unified.npy"])
    def test_damaged_scores_are_told(self, marketplace: Marketplace, tmp_path: Path, name: str) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        (workspace.models / "v0001" / "scored" / name).write_bytes(b"nonsense")
        with pytest.raises(ModelFileError, match="mmquality score"):
            building.index(workspace)
        building.score(workspace)
        assert building.index(workspace) == "v0002"

    def test_scores_and_embeddings_appear_together(
        self, marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = copy_of(marketplace, tmp_path / "workspace").models / "v0001"
        scores, unified = load_scores(folder), load_unified(folder)

        def killed(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(pd.DataFrame, "to_parquet", killed)
        with pytest.raises(KeyboardInterrupt):
            save_scored(folder, scores.head(3), scores["score"].to_numpy()[:3], unified[:3])
        assert len(load_scores(folder)) == len(load_unified(folder)) == len(scores)

    def test_another_encoder_needs_another_model(self, marketplace: Marketplace, tmp_path: Path) -> None:
        workspace = copy_of(marketplace, tmp_path / "workspace")
        settings = workspace.root / "workspace.json"
        settings.write_text(settings.read_text().replace("all-MiniLM-L6-v2-", "another-"))
        with pytest.raises(WorkspaceError, match=r"another-.*mmquality train"):
            building.score(workspace)
