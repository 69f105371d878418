"""What a workspace remembers: written whole, read as it is now."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline.settings import CatalogueSettings, change_settings, load_settings


def test_there_are_settings_before_there_is_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in ("nowhere", "file"):
        assert load_settings(Workspace.at(tmp_path / place)) == CatalogueSettings()


def test_what_was_changed_is_read_by_whoever_wrote_it(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    for share in (0.1, 0.2):
        change_settings(workspace, name="shop", second_share=share)
        assert load_settings(workspace) == CatalogueSettings(name="shop", second_share=share)
    path = tmp_path / "workspace.json"
    path.write_text(path.read_text().replace("shop", "my shop"))  # by hand, in place
    assert load_settings(workspace).name == "my shop"


def test_a_damaged_file_is_said_every_time(tmp_path: Path) -> None:
    (tmp_path / "workspace.json").write_text('{"second_share": 2}')
    for _ in range(2):
        with pytest.raises(WorkspaceError, match="workspace.json cannot be read"):
            load_settings(Workspace.at(tmp_path))


def test_settings_of_nothing_but_brackets_are_damaged(tmp_path: Path) -> None:
    (tmp_path / "workspace.json").write_text("[" * 100_000)
    with pytest.raises(WorkspaceError, match=r"workspace\.json cannot be read"):
        load_settings(Workspace.at(tmp_path))
