"""What unified recall is worth to a catalogue: against plain Python, on pairs held out and on known ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from marketplace import Marketplace, copy_of

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline import spaces
from mmquality.pipeline.held_out import save_held_out
from mmquality.pipeline.known_clicks import known_clicks
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.spaces import compare_spaces, read_report, report_path
from mmquality.records import Space


@pytest.fixture(scope="module")
def measured(
    marketplace: Marketplace, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, spaces.SpacesReport]:
    """A workspace whose model was measured."""
    workspace = copy_of(marketplace, tmp_path_factory.mktemp("measured") / "workspace")
    return workspace, compare_spaces(workspace)


def partners(workspace: Workspace, catalogue: Catalogue) -> dict[str, set[str]]:
    """listing_id → the listings of another product that were clicked together with it."""
    ids = catalogue.indexes()[Space.TITLE].ids
    product = catalogue.products()
    found: dict[str, set[str]] = {}
    for a, b in ((ids[i], ids[j]) for i, j in known_clicks(workspace.clicks, ids).pairs):
        if a not in product or product[a] != product.get(b):
            found.setdefault(a, set()).add(b)
            found.setdefault(b, set()).add(a)
    return found


def test_recall_is_that_of_every_listing_asked_one_by_one(
    measured: tuple[Workspace, spaces.SpacesReport],
) -> None:
    workspace, report = measured
    with Catalogue(workspace) as catalogue:
        wanted = partners(workspace, catalogue)
        assert report.queries == len(wanted)
        for told in report.recall:
            shares = [
                len({n.listing_id for n in catalogue.neighbours(i, Space(told.name), told.k)} & others)
                / min(told.k, len(others))
                for i, others in wanted.items()
            ]
            assert told.value == pytest.approx(np.mean(shares))
            assert told.low <= told.value <= told.high and told.queries == len(wanted)
    assert {(m.name, m.k) for m in report.recall} == {(s, k) for s in Space for k in spaces.AT}


def test_shared_neighbours_are_counted(measured: tuple[Workspace, spaces.SpacesReport]) -> None:
    workspace, report = measured
    with Catalogue(workspace) as catalogue:
        ids = catalogue.indexes()[Space.TITLE].ids
        overlap = {i: catalogue.comparison(i, 10).overlap(Space.TITLE) for i in ids}
    assert report.shared == np.bincount(list(overlap.values()), minlength=11).tolist()
    assert sorted(report.apart) == sorted(ids)
    assert [overlap[i] for i in report.apart] == sorted(overlap.values())


def test_the_gain_of_a_category_is_the_mean_of_its_listings(
    measured: tuple[Workspace, spaces.SpacesReport],
) -> None:
    _, report = measured
    by_k = {(m.name, m.k): m.value for m in report.recall}
    told = {m.name: (m.value, m.queries) for m in report.gains}
    if sum(n for _, n in told.values()) == report.queries:  # no category was too small to be told
        mean = sum(value * n for value, n in told.values()) / report.queries
        assert mean == pytest.approx(by_k["unified", 10] - by_k["title", 10])
    assert [m.value for m in report.gains] == sorted((m.value for m in report.gains), reverse=True)


def test_without_a_hold_out_the_model_knows_the_pairs(
    measured: tuple[Workspace, spaces.SpacesReport],
) -> None:
    _, report = measured
    assert not report.held_out and report.known == 1


def test_held_out_listings_alone_are_asked(
    marketplace: Marketplace, tmp_path: Path, measured: tuple[Workspace, spaces.SpacesReport]
) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    with Catalogue(workspace) as catalogue:
        asked = sorted(partners(workspace, catalogue))[::3]
    save_held_out(asked, workspace.models / marketplace.published)
    report = compare_spaces(workspace)
    assert report.held_out and report.queries == len(asked) < measured[1].queries


def test_without_pairs_lists_are_compared_all_the_same(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    for file in workspace.clicks.glob("*.parquet"):
        file.unlink()
    report = compare_spaces(workspace)
    assert (report.queries, report.recall, report.gains, report.known) == (0, [], [], None)
    assert sum(report.shared) == len(report.apart) > 0


def test_listings_that_were_removed_are_neither_asked_nor_found(
    marketplace: Marketplace, tmp_path: Path
) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    with Catalogue(workspace) as catalogue:
        ids = list(catalogue.indexes()[Space.TITLE].ids)
        gone = sorted(partners(workspace, catalogue))[::5]
        catalogue.store.remove_listings(gone, "ada")
    report = compare_spaces(workspace)
    with Catalogue(workspace) as catalogue:
        wanted = partners(workspace, catalogue)
        left = {i: others - set(gone) for i, others in wanted.items() if i not in gone and others - set(gone)}
        found = {i: {n.listing_id for n in catalogue.neighbours(i, Space.UNIFIED, 10)} for i in left}
    assert report.queries == len(left) and sorted(report.apart) == sorted(set(ids) - set(gone))
    at_10 = {m.name: m.value for m in report.recall if m.k == 10}
    shares = [len(found[i] & others) / min(10, len(others)) for i, others in left.items()]
    assert at_10["unified"] == pytest.approx(np.mean(shares))


@pytest.mark.parametrize("left", [0, 1])
def test_of_a_catalogue_that_was_emptied_it_says_so(
    marketplace: Marketplace, tmp_path: Path, left: int
) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    with Catalogue(workspace) as catalogue:
        catalogue.store.remove_listings(list(catalogue.indexes()[Space.TITLE].ids)[left:], "ada")
    with pytest.raises(WorkspaceError, match="fewer than two listings are in the catalogue"):
        compare_spaces(workspace)


def test_a_large_catalogue_is_sampled(
    marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spaces, "QUERIES", 20)
    workspace = copy_of(marketplace, tmp_path / "workspace")
    first, again = compare_spaces(workspace), compare_spaces(workspace)
    assert first == again and first.queries == len(first.apart) == sum(first.shared) == 20


def test_a_report_is_kept_with_its_version(measured: tuple[Workspace, spaces.SpacesReport]) -> None:
    workspace, report = measured
    assert read_report(workspace, report.version) == report
    assert read_report(workspace, "v0099") is None
    report_path(workspace, "v0098").write_text("{")
    with pytest.raises(WorkspaceError, match="evaluate spaces"):
        read_report(workspace, "v0098")
