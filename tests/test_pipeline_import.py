"""Imports that go wrong change nothing and say why in one sentence; bad rows are reported, the rest used."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image
from shop import IDS, LOG, everything, write_shop

from mmquality.cli.root import main
from mmquality.config import ImportLimits, Workspace
from mmquality.errors import InputFileError, NoWorkspaceError, WorkspaceError
from mmquality.pipeline import importing
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.importing import ImportSummary, InputFiles, import_files
from mmquality.pipeline.places import open_store, thumbnail_path
from mmquality.pipeline.progress import Silent
from mmquality.pipeline.settings import load_settings
from mmquality.records import RowProblem, count_kinds, kind_of
from mmquality.store import Store, UpsertCounts


class Told(Silent):
    """What an import says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


@pytest.fixture
def workspace(shop: Path, tmp_path: Path) -> Workspace:
    """A workspace into which the shop was imported."""
    made = Workspace.at(tmp_path / "workspace")
    import_files(made, everything(shop))
    return made


def parquet(path: Path, frame: pd.DataFrame, row_group: int = 2) -> Path:
    pq.write_table(pa.Table.from_pandas(frame), path, row_group_size=row_group, use_dictionary=False)
    return path


def broken_midway(path: Path, frame: pd.DataFrame) -> Path:
    """A Parquet file whose last row group is damaged: what comes before it can be read."""
    parquet(path, frame)
    data = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(pq.ParquetFile(path).num_row_groups - 1)
    place = start.column(0).data_page_offset
    data[place : place + 60] = b"\xff" * 60
    path.write_bytes(data)
    return path


def state(workspace: Workspace) -> tuple[object, ...]:
    """What must not change: listings, clicks, reports, settings."""
    with open_store(workspace) as store:
        clicks = {path.name: path.read_bytes() for path in sorted(workspace.clicks.iterdir())}
        return (
            store.catalogue_frame().to_json(),
            clicks,
            store.import_reports(),
            (workspace.root / "workspace.json").read_bytes(),
        )


def without_image_column(shop: Path) -> InputFiles:
    table = pd.read_csv(shop / "listings.csv").drop(columns="image")
    table.to_csv(shop / "bad.csv", index=False)
    return InputFiles(shop / "bad.csv", shop)


def broken_catalogue(shop: Path) -> InputFiles:
    table = pd.read_csv(shop / "listings.csv").assign(title="changed")
    return InputFiles(broken_midway(shop / "bad.parquet", table), shop)


def broken_impressions(shop: Path) -> InputFiles:
    log = pd.DataFrame(
        {
            "session_id": [f"s{n}" for n in range(6)],
            "shown_at": "2026-02-01T10:00:00",
            "seed_listing_id": "",
            "listing_id": IDS,
            "position": 1,
            "clicked": True,
        }
    )
    changed = pd.read_csv(shop / "listings.csv").assign(title="changed")
    changed.to_csv(shop / "changed.csv", index=False)
    return InputFiles(shop / "changed.csv", shop, broken_midway(shop / "bad.parquet", log))


def impressions_without_position(shop: Path) -> InputFiles:
    (shop / "bad.csv").write_text(
        "session_id,shown_at,seed_listing_id,listing_id,clicked\ns,2026-01-01,,L1,1\n"
    )
    return InputFiles(shop / "listings.csv", shop, shop / "bad.csv")


def one_column_of_pairs(shop: Path) -> InputFiles:
    (shop / "bad.csv").write_text("listing_id\nL1\n")
    return InputFiles(shop / "listings.csv", shop, None, shop / "bad.csv")


def pairs_of_orders(shop: Path) -> InputFiles:
    (shop / "bad.csv").write_text("order_id,listing_id,other_id\n9,L1,L2\n")
    return InputFiles(shop / "listings.csv", shop, None, shop / "bad.csv")


UNUSABLE: list[tuple[Callable[[Path], InputFiles], str]] = [
    (lambda shop: InputFiles(shop / "none.csv", shop), r"none\.csv does not exist"),
    (lambda shop: InputFiles(shop / "listings.csv", shop / "none"), "none does not exist; give the folder"),
    (lambda shop: InputFiles(shop / "listings.csv", shop / "log.csv"), "is not a folder"),
    (without_image_column, "has no column 'image'"),
    (broken_catalogue, r"bad\.parquet is no readable Parquet file"),
    (broken_impressions, r"bad\.parquet is no readable Parquet file"),
    (impressions_without_position, "has no column 'position'"),
    (one_column_of_pairs, "fewer than two columns of ids"),
    (
        pairs_of_orders,
        r"None of the rows of .*bad\.csv can be used \(row 2, order_id: '.*' is not in",
    ),
    (lambda shop: InputFiles(images=shop), "nothing to import"),
    (lambda shop: InputFiles(), "nothing to import"),
]
NAMES = [
    "no such file", "no folder of photos", "photos are a file", "no column", "catalogue broken midway",
    "impressions broken midway", "no position", "no pairs", "pairs of others", "images alone", "nothing",
]  # fmt: skip


@pytest.mark.parametrize(("files", "sentence"), UNUSABLE, ids=NAMES)
class TestAFileThatCannotBeUsed:
    def test_changes_nothing(
        self, workspace: Workspace, shop: Path, files: Callable[[Path], InputFiles], sentence: str
    ) -> None:
        before = state(workspace)
        with pytest.raises(InputFileError, match=sentence) as error:
            import_files(workspace, files(shop))
        assert "\n" not in str(error.value)
        assert state(workspace) == before

    def test_makes_no_workspace(
        self, shop: Path, tmp_path: Path, files: Callable[[Path], InputFiles], sentence: str
    ) -> None:
        with pytest.raises(InputFileError, match=sentence):
            import_files(Workspace.at(tmp_path / "fresh"), files(shop))
        assert not (tmp_path / "fresh").exists()


def no_utf_8_at_the_end(shop: Path) -> InputFiles:
    (shop / "log.csv").write_bytes((LOG * 1_000).encode() + "s2,é\n".encode("latin-1"))
    return everything(shop)


@pytest.mark.parametrize("broken", [impressions_without_position, one_column_of_pairs, no_utf_8_at_the_end])
def test_a_wrong_click_log_is_told_before_a_photo_is_looked_at(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[Path], InputFiles]
) -> None:
    monkeypatch.setattr(
        importing, "read_catalogue", lambda *_, **__: pytest.fail("the photos were looked at")
    )
    with pytest.raises(InputFileError):
        import_files(Workspace.at(tmp_path / "new"), broken(shop))


def test_a_broken_file_can_be_read_up_to_the_damage(shop: Path) -> None:
    """Else the two cases above would only show a file that is refused when it is opened."""
    listings = broken_catalogue(shop).listings
    assert listings is not None
    assert next(pq.ParquetFile(listings).iter_batches(batch_size=2)).num_rows == 2


def test_clicks_may_come_alone_later(workspace: Workspace, shop: Path) -> None:
    (shop / "more.csv").write_text(LOG + "s2,2026-01-02T10:00:00,L1,L2,1,1\n")
    summary = import_files(workspace, InputFiles(impressions=shop / "more.csv"))
    assert (summary.listings, summary.impressions, summary.co_clicks) == (UpsertCounts(), 1, 0)
    with open_store(workspace) as store:
        assert (store.listing("L2").impressions, store.listing("L2").clicks) == (2, 1)
        assert "images" not in store.import_reports()[0].summary


def test_clicks_alone_need_listings(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="needs the listings.*--listings"):
        import_files(Workspace.at(tmp_path / "fresh"), InputFiles(impressions=shop / "log.csv"))
    assert not (tmp_path / "fresh").exists()


def test_the_folder_of_photos_is_remembered(workspace: Workspace, shop: Path) -> None:
    assert import_files(workspace, InputFiles(shop / "listings.csv")).listings == UpsertCounts(unchanged=6)


def test_a_folder_in_which_no_photo_was_is_not_remembered(workspace: Workspace, shop: Path) -> None:
    before, told = (workspace.root / "workspace.json").read_bytes(), Told()
    wrong = InputFiles(shop / "listings.csv", shop / "photos")
    assert import_files(workspace, wrong, reporter=told).listings == UpsertCounts()
    assert (workspace.root / "workspace.json").read_bytes() == before and told.lines == []


def test_the_first_import_needs_the_folder_of_photos(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="--images"):
        import_files(Workspace.at(tmp_path / "fresh"), InputFiles(shop / "listings.csv"))


def test_relative_paths_hold_from_anywhere(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.at(tmp_path / "fresh")
    monkeypatch.chdir(shop)
    import_files(workspace, InputFiles(Path("listings.csv"), Path(".")))
    monkeypatch.chdir(tmp_path)
    assert load_settings(workspace).name == "shop"
    assert import_files(workspace, InputFiles(shop / "listings.csv")).listings.unchanged == 6
    with open_store(workspace) as store:
        assert Path(store.listing("L0").photo_path).is_file()


def test_the_catalogue_keeps_its_name(shop: Path, tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "fresh")
    import_files(workspace, everything(shop), catalogue_name="My shop")
    assert load_settings(workspace).name == "My shop"
    import_files(workspace, everything(shop))
    assert load_settings(workspace).name == "My shop"
    import_files(workspace, everything(shop), catalogue_name="Our shop")
    assert load_settings(workspace).name == "Our shop"


def test_rows_that_cannot_be_used_are_reported_and_the_rest_is_used(shop: Path, tmp_path: Path) -> None:
    with (shop / "listings.csv").open("a") as file:
        file.write("L0,twice,photos/L0.jpg,1\nL7,,photos/L1.jpg,1\nL8,no photo,photos/none.jpg,1\n")
        file.write("L9,outside,../secret.jpg,1\n")
    (shop / "photos" / "L5.jpg").write_bytes(b"not a photo")
    with (shop / "log.csv").open("a") as file:
        file.write("s1,2026-01-01T10:00:00,L0,L8,3,1\n")
    workspace = Workspace.at(tmp_path / "fresh")

    summary = import_files(workspace, everything(shop))

    assert summary.listings == UpsertCounts(added=5)
    where = [(p.file, p.row, p.column) for p in summary.problems]
    assert where == [
        ("listings.csv", 7, "image"),
        ("listings.csv", 8, "listing_id"),
        ("listings.csv", 9, "title"),
        ("listings.csv", 10, "image"),
        ("listings.csv", 11, "image"),
        ("log.csv", 4, "listing_id"),
    ]
    with open_store(workspace) as store:
        (report,) = store.import_reports()
        assert report.problems == 6 == report.summary["problems"]
        assert store.import_problems(report.report_id).rows == summary.problems
        assert report.summary["reasons"] == summary.problem_counts()


def test_problems_that_differ_in_numbers_count_together() -> None:
    reasons = ["has 9,000 × 8,000 pixels", "has 12000 × 1 pixels", "does not exist"]
    problems = [RowProblem("f.csv", n, "image", reason) for n, reason in enumerate(reasons)]
    summary = ImportSummary(UpsertCounts(), problems=problems)
    assert summary.problem_counts() == {"image: has … × … pixels": 2, "image: does not exist": 1}


@pytest.mark.parametrize(
    "reason",
    [
        "is not a time such as 2026-01-31T14:05:00", "is before 1970", "is not a whole number from 0 on",
        "has … characters; the limit is 2,000",
    ],
)  # fmt: skip
def test_numbers_that_all_of_a_kind_share_are_told(reason: str) -> None:
    lengths = "2,001", "2,001", "3,500"
    problems = [RowProblem("f.csv", n, "c1", reason.replace("…", length)) for n, length in enumerate(lengths)]
    assert count_kinds(problems) == {f"c1: {reason}": 3}


def test_limits_are_obeyed(shop: Path, tmp_path: Path) -> None:
    summary = import_files(
        Workspace.at(tmp_path / "fresh"), everything(shop), ImportLimits(max_title_characters=5)
    )
    assert summary.listings == UpsertCounts() and len(summary.problems) == 6 + 3  # no listing, so no click


def test_a_damaged_workspace_json_stops_the_import_before_it_writes(workspace: Workspace, shop: Path) -> None:
    (workspace.root / "workspace.json").write_text("{not json")
    before = state(workspace)
    (shop / "more.csv").write_text(LOG + "s2,2026-01-02T10:00:00,L1,L2,1,1\n")
    with pytest.raises(WorkspaceError, match=r"workspace\.json cannot be read"):
        import_files(workspace, InputFiles(impressions=shop / "more.csv"))
    assert state(workspace) == before


def test_an_import_that_was_killed_is_made_good_by_the_next(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.at(tmp_path / "fresh")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Store, "set_click_counts", killed)
        import_files(workspace, everything(shop))
    summary = import_files(workspace, everything(shop))
    assert summary.listings == UpsertCounts(unchanged=6)
    with open_store(workspace) as store:
        assert (store.listing("L1").impressions, store.listing("L1").clicks) == (1, 1)
        assert len(store.import_reports()) == 1
    assert len(pd.read_parquet(workspace.clicks / "impressions.parquet")) == 2


def test_a_new_database_takes_all_listings_of_an_old_folder(workspace: Workspace, shop: Path) -> None:
    """The click log of the folder is kept; what it says of listings that are not there does no harm."""
    for file in workspace.root.glob("mmquality.db*"):
        file.unlink()
    few = pd.read_csv(shop / "listings.csv").head(2)
    few.to_csv(shop / "few.csv", index=False)
    import_files(workspace, InputFiles(shop / "few.csv", shop, shop / "log.csv"))
    with open_store(workspace) as store:
        assert store.listing("L1").impressions == 1


def test_large_photos_get_a_thumbnail_once(shop: Path, tmp_path: Path) -> None:
    noise = Image.effect_noise((700, 500), 120)
    noise.convert("RGB").save(shop / "photos" / "L0.jpg", quality=95)
    workspace = Workspace.at(tmp_path / "fresh")
    import_files(workspace, everything(shop))
    with open_store(workspace) as store:
        listing = store.listing("L0")
        small = store.listing("L1")
    thumbnail = thumbnail_path(workspace, listing.photo_hash)
    with Image.open(thumbnail) as image:
        assert max(image.size) == 256
    assert not thumbnail_path(workspace, small.photo_hash).exists()
    made = thumbnail.stat().st_mtime_ns
    import_files(workspace, everything(shop))
    assert thumbnail.stat().st_mtime_ns == made


def test_a_photo_that_goes_while_it_is_imported_gets_no_thumbnail(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.effect_noise((700, 500), 120).convert("RGB").save(shop / "photos" / "L0.jpg", quality=95)
    workspace = Workspace.at(tmp_path / "fresh")
    save = Store.save_import_report

    def and_then_the_photo_goes(*given: object) -> int:
        (shop / "photos" / "L0.jpg").unlink()
        return save(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "save_import_report", and_then_the_photo_goes)
    assert import_files(workspace, everything(shop)).listings.added == 6
    assert not list(workspace.thumbnails.rglob("*.jpg"))


def test_moved_photos_are_not_new_ones(workspace: Workspace, shop: Path, tmp_path: Path) -> None:
    shutil.move(shop, tmp_path / "moved")
    summary = import_files(workspace, everything(tmp_path / "moved"))
    assert summary.listings == UpsertCounts(updated=6)  # they lie elsewhere
    assert json.loads((workspace.root / "workspace.json").read_text())["images"] == str(tmp_path / "moved")


def test_another_catalogues_photos_leave_those_of_the_first_where_they_are(
    workspace: Workspace, shop: Path, tmp_path: Path
) -> None:
    """The folder is remembered for what names none, and the import says which one that is."""
    other, told = write_shop(tmp_path / "other"), Told()
    (other / "listings.csv").write_text("listing_id,title,image\nM0,Wool scarf,photos/L1.jpg\n")
    more = InputFiles(other / "listings.csv", other)
    assert import_files(workspace, more, reporter=told).listings == UpsertCounts(added=1)
    with open_store(workspace) as store:
        assert store.listing("L1").photo_path == str(shop / "photos" / "L1.jpg")
        assert store.listing("M0").photo_path == str(other / "photos" / "L1.jpg")
    assert import_files(workspace, replace(more, images=None), reporter=told).listings.unchanged == 1
    strangers, changed, looked_for = told.lines
    assert strangers.startswith("Of 1 listing none was in the catalogue, which had 6 others")
    assert changed.startswith("Where no --images is given") and f"in {other} from now on" in changed
    assert f"no longer in {shop}." in changed
    assert looked_for == f"Photos are looked for in {other}, as in the import before."


def test_the_folder_of_another_catalogue_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    """Where no folder is named, one name that both catalogues have does not bring a foreign photo in."""
    path = tmp_path / "other.csv"
    rows = [f"M{n},Scarf,photos/{'L1' if n == 0 else f'M{n}'}.jpg" for n in range(10)]
    path.write_text("listing_id,title,image\n" + "\n".join(rows) + "\n")
    with pytest.raises(InputFileError, match=r"9 of 10 photos .*'photos/M1.jpg' is.* Give --images"):
        import_files(workspace, InputFiles(path))
    with open_store(workspace) as store:
        assert store.listing_count() == len(IDS) and len(store.import_reports()) == 1
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))  # 8 of 9: a catalogue with gaps
    assert import_files(workspace, InputFiles(path)).listings.added == 1


def test_an_import_that_knows_no_listing_says_so(workspace: Workspace, shop: Path) -> None:
    """Ids that are written otherwise would double the catalogue without a word."""
    rows, told = pd.read_csv(shop / "listings.csv"), Told()
    rows.assign(listing_id="M" + rows["listing_id"]).to_csv(shop / "otherwise.csv", index=False)
    files = InputFiles(shop / "otherwise.csv", shop)
    summary = import_files(workspace, files, reporter=told)
    assert summary.listings.added == 6 and summary.strangers
    assert (
        len(told.lines) == 1
        and "Of 6 listings none was in the catalogue, which had 6 others" in told.lines[0]
    )
    assert "('L0' in the catalogue, 'ML0' in the file)" in told.lines[0]
    with open_store(workspace) as store:
        store.remove_listings(["M" + i for i in IDS], "ana")
    assert not import_files(workspace, files, reporter=told).strangers  # they come back
    assert len(told.lines) == 1


def test_the_last_line_after_strangers_says_how_to_take_them_out_again(
    workspace: Workspace, shop: Path, tmp_path: Path
) -> None:
    rows, file = pd.read_csv(shop / "listings.csv"), tmp_path / "two words.csv"
    rows.assign(listing_id="M" + rows["listing_id"]).to_csv(file, index=False)
    given = ["--listings", str(file), "--images", str(shop), "-w", str(workspace.root)]
    done = CliRunner().invoke(main, ["import", *given])
    *_, out, onwards = done.stdout.splitlines()
    place = f"-w {workspace.root}"
    assert out == f"Where they are in the catalogue under other ids: mmquality remove --from '{file}' {place}"
    assert onwards == f"Where they are new listings: mmquality encode {place}"


@pytest.mark.parametrize(("before", "behind"), [("00", ""), ("", ".0")])
def test_ids_that_lost_their_zeros_double_no_catalogue(tmp_path: Path, before: str, behind: str) -> None:
    """Not even where one of them is as it was."""
    shop, workspace = write_shop(tmp_path / "shop"), Workspace.at(tmp_path / "workspace")
    rows = pd.read_csv(shop / "listings.csv")
    ids = [f"{before}{number}{behind}" for number in range(1, 6)] + ["500"]
    rows.assign(listing_id=ids).to_csv(shop / "listings.csv", index=False)
    import_files(workspace, InputFiles(shop / "listings.csv", shop))
    rows.assign(listing_id=["1", "2", "3", "4", "5", "500"]).to_csv(shop / "lost.csv", index=False)
    lost = InputFiles(shop / "lost.csv", shop)
    named = f"of 6 listings of .*lost.csv 5 are not .* 5 of these are .*'{before}1{behind}' .*'1' .*--new-ids"
    with pytest.raises(InputFileError, match=named):
        import_files(workspace, lost)
    with open_store(workspace) as store:
        assert store.listing_count() == 6 and len(store.import_reports()) == 1
    assert import_files(workspace, replace(lost, new_ids=True)).listings.added == 5


def test_clicks_of_which_none_can_be_used_name_the_id_that_may_be_meant(tmp_path: Path) -> None:
    shop, workspace = write_shop(tmp_path / "shop"), Workspace.at(tmp_path / "workspace")
    rows = pd.read_csv(shop / "listings.csv")
    ids = [f"00{number}" for number in range(1, 7)]
    rows.assign(listing_id=ids).to_csv(shop / "listings.csv", index=False)
    import_files(workspace, InputFiles(shop / "listings.csv", shop))
    (shop / "pairs.csv").write_text("listing_id,other_id\n3,4\n")
    named = r"row 2, listing_id: '3' is not in the catalogue, is the first; the catalogue has '003'"
    with pytest.raises(InputFileError, match=named):
        import_files(workspace, InputFiles(co_clicks=shop / "pairs.csv"))
    with open_store(workspace) as store:
        store.remove_listings(["003"], "ana")
    (shop / "pairs.csv").write_text("listing_id,other_id\n001,002\n003,004\nzz,001\n")
    problems = import_files(workspace, InputFiles(co_clicks=shop / "pairs.csv")).problems
    assert [problem.reason for problem in problems] == [
        "was removed from the catalogue",
        "is not in the catalogue",
    ]


def test_a_few_alike_among_many_new_ones_are_no_reason_to_refuse(workspace: Workspace, shop: Path) -> None:
    rows = pd.read_csv(shop / "listings.csv")
    ids = ["0L0", "0L1", "M2", "M3", "M4", "M5"]
    rows.assign(listing_id=ids).to_csv(shop / "new.csv", index=False)
    assert import_files(workspace, InputFiles(shop / "new.csv", shop)).listings.added == 6


def test_floats_are_the_integers_that_the_catalogue_has(tmp_path: Path) -> None:
    """Ids, clicks and pairs that pandas wrote after a gap are those that it wrote before."""
    shop, workspace = write_shop(tmp_path / "shop"), Workspace.at(tmp_path / "workspace")
    rows = pd.read_csv(shop / "listings.csv").assign(listing_id=range(111586001, 111586007))
    rows.to_csv(shop / "listings.csv", index=False)
    assert import_files(workspace, InputFiles(shop / "listings.csv", shop)).listings.added == 6
    floats = rows.assign(listing_id=rows["listing_id"].astype(float))
    floats.to_csv(shop / "floats.csv", index=False)
    floats.to_parquet(shop / "floats.parquet")
    (shop / "log.csv").write_text(LOG + "s1,2026-01-01T10:00:00,111586001.0,111586002,1,1\n"
                                  "s1,2026-01-01T10:00:00,,111586003,2,1\n")  # fmt: skip
    (shop / "pairs.csv").write_text("listing_id,other_id\n111586001,111586002.0\n")
    for name in ("floats.csv", "floats.parquet"):
        files = InputFiles(shop / name, shop, shop / "log.csv", shop / "pairs.csv")
        done = import_files(workspace, files)
        assert (done.listings, done.impressions, done.co_clicks) == (UpsertCounts(unchanged=6), 2, 1)
        assert not done.problems


def test_ids_that_are_no_integers_stay_as_they_are(tmp_path: Path) -> None:
    """A shop in which 1.0 and 1.1 are listings has no listing 1, whatever a later file holds."""
    shop, workspace = write_shop(tmp_path / "shop"), Workspace.at(tmp_path / "workspace")
    rows = pd.read_csv(shop / "listings.csv", dtype=str).assign(
        listing_id=["1.0", "1.1", "1", "2.0", "3", "4"]
    )
    rows.to_csv(shop / "listings.csv", index=False)
    (shop / "pairs.csv").write_text("listing_id,other_id\n1.0,2.0\n")
    done = import_files(workspace, InputFiles(shop / "listings.csv", shop, co_clicks=shop / "pairs.csv"))
    assert (done.listings.added, done.co_clicks) == (6, 1)
    rows[rows["listing_id"].isin(["1.0", "2.0"])].to_csv(shop / "again.csv", index=False)
    assert import_files(workspace, InputFiles(shop / "again.csv", shop)).listings == UpsertCounts(unchanged=2)


def test_imports_at_once_lose_no_click(workspace: Workspace, shop: Path) -> None:
    """Each process reads the kept log, adds its rows and writes it back."""
    logs = []
    for n in range(4):
        logs.append(shop / f"log{n}.csv")
        logs[-1].write_text(LOG + f"many{n},2026-01-02T10:00:00,L0,L{n + 1},1,1\n")
    start = threading.Barrier(len(logs))

    def one(log: Path) -> None:
        start.wait()
        import_files(workspace, InputFiles(impressions=log))

    threads = [threading.Thread(target=one, args=(log,)) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pd.read_parquet(workspace.clicks / "impressions.parquet")) == 2 + len(logs)
    with open_store(workspace) as store:
        assert [store.listing(i).clicks for i in IDS] == [0, 2, 1, 1, 1, 0]
        assert len(store.import_reports()) == 1 + len(logs)


def test_on_either_database(database_url: str, shop: Path, tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "elsewhere", database_url)
    with pytest.raises(InputFileError):
        import_files(workspace, InputFiles(shop / "none.csv", shop))
    with pytest.raises(NoWorkspaceError):
        open_store(workspace)
    assert import_files(workspace, everything(shop)).listings.added == 6
    assert import_files(workspace, everything(shop)).listings.unchanged == 6
    with open_store(workspace) as store:
        assert (store.listing("L1").clicks, len(store.import_reports())) == (1, 2)
    assert load_settings(workspace).name == "shop"


def test_nothing_usable_is_said_by_the_next_step(shop: Path, tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "fresh")
    summary = import_files(workspace, InputFiles(shop / "listings.csv", shop / "photos"))
    assert summary.problem_counts() == {"image: does not exist": 6}
    with pytest.raises(WorkspaceError, match="holds no listings.*mmquality import"):
        encode(workspace)


@pytest.mark.parametrize(
    ("column", "reason", "kind"),
    [
        ("title", "has 2,001 characters; the limit is 2,000", "title: has … characters; the limit is …"),
        ("", "is not valid JSON", "the row is not valid JSON"),
    ],
)
def test_a_problem_counts_under_one_name_everywhere(column: str, reason: str, kind: str) -> None:
    problem = RowProblem("listings.jsonl", 3, column, reason)
    assert problem.kind == kind
    (told,) = ImportSummary(UpsertCounts(), problems=[problem]).problem_counts()
    assert told == problem.words and kind_of(told) == kind


def test_a_file_of_unusable_rows_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    workspace = Workspace.at(tmp_path / "fresh")
    (shop / "wrong.csv").write_text("listing_id,title,image\n" + "1,a,nowhere.jpg\n" * 4)
    with pytest.raises(InputFileError, match=r"wrong\.csv has more than 3 rows that .*row 2, image"):
        import_files(workspace, InputFiles(shop / "wrong.csv", shop), ImportLimits(max_problems=3))
    assert not workspace.root.exists()
