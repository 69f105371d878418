"""The demo: its workspace is built once, with the shipped model where that fits, never over another one."""

from __future__ import annotations

from pathlib import Path

import pytest
from marketplace import QUICK, Listening
from shop import everything, write_shop

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline import building, demo
from mmquality.pipeline.demo import SAMPLE_NAME, build_sample
from mmquality.pipeline.importing import import_files
from mmquality.pipeline.mapping import map_path
from mmquality.pipeline.progress import Reporter
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.spaces import read_report
from mmquality.pipeline.trained import copy_trained
from mmquality.store import RankingQuery

SIZE = 50


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[Workspace]:
    """Where a model was trained; quickly."""
    found: list[Workspace] = []

    def train(workspace: Workspace, reporter: Reporter | None = None) -> str:
        found.append(workspace)
        return building.train(workspace, QUICK, reporter)

    monkeypatch.setattr(demo, "train", train)
    return found


def test_the_sample_is_built_once_and_its_model_shipped(
    tmp_path: Path, trainings: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "shipped"
    monkeypatch.setattr(demo, "SHIPPED", shipped)
    first, reporter = Workspace.at(tmp_path / "first"), Listening()
    assert build_sample(first, SIZE, reporter) == "v0001" and trainings == [first]
    with Catalogue(first) as opened:
        assert opened.published_version().summary["catalogue"] == SAMPLE_NAME == opened.name
        assert opened.store.ranking_page(RankingQuery(), 1, 1).total == SIZE
        scores = opened.scores()
    assert map_path(first, "v0001").exists() and read_report(first, "v0001") is not None
    assert reporter.heard[0] == f"Drawing the sample marketplace: {SIZE} of {SIZE}"

    again = Listening()
    assert build_sample(first, SIZE, again) == "v0001" and again.heard == []

    # The model that was trained is shipped; the sample that was drawn is drawn no more.
    shipped.mkdir()
    copy_trained(first.models / "v0001", shipped)
    second, reporter = Workspace.at(tmp_path / "second"), Listening()
    (tmp_path / "second").mkdir()
    (first.root / "sample").rename(second.root / "sample")
    (first.root / "embeddings").rename(second.root / "embeddings")
    assert build_sample(second, SIZE, reporter) == "v0001" and trainings == [first]
    assert not [line for line in reporter.heard if line.startswith(("Drawing", "Training"))]
    with Catalogue(second) as opened:
        assert opened.scores().equals(scores)

    # One that was trained on another sample does not fit.
    (shipped / "config.json").write_text(
        (shipped / "config.json").read_text().replace('"sha256": "', '"sha256": "0')
    )
    third, reporter = Workspace.at(tmp_path / "third"), Listening()
    (tmp_path / "third").mkdir()
    (second.root / "sample").rename(third.root / "sample")
    (second.root / "embeddings").rename(third.root / "embeddings")
    build_sample(third, SIZE, reporter)
    assert trainings == [first, third]
    assert "The shipped model was trained on another sample; training one on this." in reporter.heard


def test_a_catalogue_of_ones_own_is_left_alone(tmp_path: Path, trainings: list[Workspace]) -> None:
    workspace = Workspace.at(tmp_path / "workspace")
    import_files(workspace, everything(write_shop(tmp_path / "shop")))
    with pytest.raises(WorkspaceError, match="holds a catalogue of your own.*mmquality serve"):
        build_sample(workspace, SIZE)
    with Catalogue(workspace) as opened:
        assert opened.store.listing_count() == 6
    assert not (workspace.root / "sample").exists() and not trainings
