"""Files at URLs: imported, encoded and written to as files on a disk are, and nothing outside is reached."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from shop import IDS, everything, write_shop
from upath import UPath

from mmquality.anywhere import UNTOLD, place, size_and_stamp
from mmquality.cli import main
from mmquality.config import ImportLimits, Workspace
from mmquality.data.catalogue import read_catalogue
from mmquality.data.photo_places import resolve_photo
from mmquality.data.photos import PhotoProblem, check_photo, load_rgb
from mmquality.errors import InputFileError, MMQualityError
from mmquality.pipeline.encoding import as_imported
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.places import open_store, thumbnail_path
from mmquality.pipeline.tables import write_tables
from mmquality.records import Verdict
from mmquality.store import export_labels


@pytest.fixture
def bucket() -> Iterator[UPath]:
    """An empty place in fsspec's file system in memory, which stands for an object store."""
    found = UPath("memory://bucket")
    yield found
    found.fs.store.clear()
    found.fs.pseudo_dirs[:] = [""]


@pytest.fixture
def shop(bucket: UPath, tmp_path: Path) -> UPath:
    """The files of a shop, in the bucket."""
    bucket.fs.put(str(write_shop(tmp_path / "shop")), "/bucket/shop", recursive=True)
    return bucket / "shop"


def stored(workspace: Workspace) -> pd.DataFrame:
    columns = ["listing_id", "title", "photo_path", "photo_hash", "photo_size", "photo_mtime_ns"]
    with open_store(workspace) as store:
        return store.catalogue_frame(columns)


def put_photo(place: UPath, colour: str) -> None:
    with place.open("wb") as file:
        Image.new("RGB", (40, 40), colour).save(file, "PNG")


class TestPlaces:
    def test_of_this_machine_are_paths(self) -> None:
        assert place("shop/a.csv") == Path("shop/a.csv") and place("file:///tmp/a.csv") == Path("/tmp/a.csv")
        assert isinstance(place("file:///tmp/a.csv"), Path) and place(Path("a")) == Path("a")

    @pytest.mark.parametrize(
        ("url", "why"),
        [
            (
                "teleport://bucket/a.csv",
                "teleport://bucket/a.csv cannot be read here .*; install its package",
            ),
            ("sftp://me:secret@host/a.csv", "address with a password in it would be stored and shown"),
        ],
    )
    def test_that_cannot_be_used_are_refused(self, url: str, why: str) -> None:
        with pytest.raises(InputFileError, match=why) as refused:
            place(url)
        assert "secret" not in str(refused.value)

    def test_without_a_package_say_which(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def none(protocol: str) -> None:
            raise ImportError("Install s3fs to access S3")

        monkeypatch.setattr("fsspec.get_filesystem_class", none)
        with pytest.raises(InputFileError, match=r"s3://bucket/a\.csv cannot be read here \(Install s3fs"):
            place("s3://bucket/a.csv")


class TestStamps:
    """Size, and what the service tells of content or time."""

    def told(self, monkeypatch: pytest.MonkeyPatch, photo: UPath, **info: Any) -> tuple[int, int]:
        monkeypatch.setattr(type(photo.fs), "info", lambda self, path, **_: {"name": path, "size": 7, **info})
        return size_and_stamp(photo)

    def test_change_with_the_file(self, bucket: UPath) -> None:
        put_photo(bucket / "a.png", "red")
        before = size_and_stamp(bucket / "a.png")
        assert size_and_stamp(bucket / "a.png") == before and before[1] != UNTOLD
        put_photo(bucket / "a.png", "blue")
        assert size_and_stamp(bucket / "a.png")[1] != before[1]

    def test_follow_the_content_where_it_has_a_tag(
        self, bucket: UPath, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one, again, other = (self.told(monkeypatch, bucket / "a", ETag=tag) for tag in ("x", "x", "y"))
        assert one == again != other and one[0] == 7
        assert 0 <= one[1] < 2**63  # as the store keeps it

    def test_are_untold_where_nothing_is(self, bucket: UPath, monkeypatch: pytest.MonkeyPatch) -> None:
        def never(self: object, path: str) -> None:
            raise NotImplementedError

        monkeypatch.setattr(type(bucket.fs), "modified", never)
        assert self.told(monkeypatch, bucket / "a") == (7, UNTOLD)


class TestPhotosBelowAUrl:
    @pytest.mark.parametrize(
        "image",
        [
            "../secret.png", "a/../../secret.png", "/secret.png", "memory://secret.png", "C:\\secret.png",
            "x::file:///etc/passwd", "x::file", "a/b::c.png", "", "..\\secret.png", "a\0.png",
        ],
    )  # fmt: skip
    def test_do_not_escape(self, bucket: UPath, image: str) -> None:
        with pytest.raises(PhotoProblem):
            resolve_photo(bucket / "shop", image)

    @pytest.mark.parametrize("image", ["%2e%2e/secret.png", "a?b.png", "a#b.png", "..%2fsecret.png"])
    def test_are_names_and_nothing_else_to_a_web_server(self, image: str) -> None:
        pytest.importorskip("aiohttp", reason="fsspec reads http:// by aiohttp")
        found = resolve_photo(UPath("https://shop.example/photos"), image)
        assert str(found).startswith("https://shop.example/photos/") and not {"?", "#"} & set(str(found))
        assert "%2e" not in str(found).replace("%252e", "") and "%2f" not in str(found).replace("%252f", "")

    @given(st.text(alphabet=st.sampled_from("ab./\\:?#%*~ é\n"), max_size=12))
    def test_stay_below_whatever_their_name(self, image: str) -> None:
        root = UPath("memory://bucket/shop")
        try:
            found = resolve_photo(root, image)
        except PhotoProblem:
            return
        inside = found.path.removeprefix("/bucket/shop/")
        assert found.path.startswith("/bucket/shop/") and ".." not in inside.split("/")
        assert place(str(found)).path == found.path  # as it is found again from the database

    def test_are_checked_as_files_are(self, bucket: UPath) -> None:
        put_photo(bucket / "a.png", "red")
        data = (bucket / "a.png").read_bytes()
        assert check_photo(bucket / "a.png", ImportLimits()).hash == hashlib.sha256(data).hexdigest()
        assert load_rgb(str(bucket / "a.png"), 8).getpixel((3, 3)) == (255, 0, 0)
        with pytest.raises(PhotoProblem, match="which is the limit"):
            check_photo(bucket / "a.png", ImportLimits(max_photo_bytes=len(data) - 1))
        with pytest.raises(PhotoProblem, match="does not exist"):
            check_photo(bucket / "none.png", ImportLimits())
        (bucket / "empty.png").write_bytes(b"")
        with pytest.raises(PhotoProblem, match="is an empty file"):
            check_photo(bucket / "empty.png", ImportLimits())


class TestImporting:
    def test_gives_what_files_give(self, shop: UPath, tmp_path: Path) -> None:
        there, here = Workspace.at(tmp_path / "there"), Workspace.at(tmp_path / "here")
        files = InputFiles(shop / "listings.csv", shop, shop / "log.csv", shop / "pairs.csv")
        said = import_files(there, files)
        assert said.images == str(shop)
        assert replace(said, images=str(tmp_path / "shop")) == import_files(
            here, everything(tmp_path / "shop")
        )
        same = ["listing_id", "title", "photo_hash", "photo_size"]
        pd.testing.assert_frame_equal(stored(there)[same], stored(here)[same])
        assert stored(there)["photo_path"][0] == "memory://bucket/shop/photos/L0.jpg"
        # No page should wait for a bucket: even small photos get a thumbnail.
        assert all(thumbnail_path(there, photo_hash).exists() for photo_hash in stored(there)["photo_hash"])

    @pytest.mark.parametrize("ending", ["csv.gz", "jsonl", "parquet"])
    def test_reads_every_kind(self, shop: UPath, tmp_path: Path, ending: str) -> None:
        frame = pd.read_csv(tmp_path / "shop" / "listings.csv", dtype=str)
        file = tmp_path / f"again.{ending}"
        if ending == "parquet":
            frame.to_parquet(file)
        elif ending == "jsonl":
            frame.to_json(file, orient="records", lines=True)
        else:
            frame.to_csv(file, index=False)
        shop.fs.put_file(str(file), (shop / file.name).path)
        chunks = list(read_catalogue(str(shop / file.name), str(shop)))
        assert [i for chunk in chunks for i in chunk.listings["listing_id"]] == IDS
        assert not any(chunk.problems for chunk in chunks)

    def test_again_reads_only_photos_that_changed(
        self, shop: UPath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        workspace = Workspace.at(tmp_path / "workspace")
        import_files(workspace, InputFiles(shop / "listings.csv", shop))
        put_photo(shop / "photos" / "L2.jpg", "red")
        read: list[str] = []
        cat = type(shop.fs).cat_file
        monkeypatch.setattr(
            type(shop.fs), "cat_file", lambda self, path, **k: read.append(path) or cat(self, path, **k)
        )
        done = import_files(workspace, InputFiles(shop / "listings.csv"))  # the photos where they were
        assert (done.listings.updated, done.listings.unchanged) == (1, 5)
        assert set(read) == {"/bucket/shop/photos/L2.jpg"}

    def test_reports_rows_that_reach_outside(self, shop: UPath, tmp_path: Path) -> None:
        put_photo(shop.parent / "secret.png", "red")
        (shop / "listings.csv").write_text(
            "listing_id,title,image\nL0,One,../secret.png\nL1,Two,photos/L1.jpg\n"
        )
        done = import_files(Workspace.at(tmp_path / "w"), InputFiles(shop / "listings.csv", shop))
        assert [problem.reason for problem in done.problems] == ["leads out of the folder of photos"]

    @pytest.mark.parametrize(
        ("listings", "images", "why"),
        [
            ("memory://bucket/none.csv", "memory://bucket/shop", "none.csv does not exist; check the path"),
            ("memory://bucket/shop", "memory://bucket/shop", "is a folder; give a file inside it"),
            ("memory://bucket/shop/listings.csv", "memory://bucket/none", "does not exist; give the folder"),
        ],
    )
    def test_says_what_is_not_there(
        self, shop: UPath, tmp_path: Path, listings: str, images: str, why: str
    ) -> None:
        with pytest.raises(InputFileError, match=why):
            import_files(Workspace.at(tmp_path / "w"), InputFiles(place(listings), place(images)))

    def test_says_that_a_service_does_not_answer(
        self, shop: UPath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class NoCredentialsError(Exception):
            """As boto's, of no kind that anybody knows."""

        def refused(*_: object, **__: object) -> None:
            raise NoCredentialsError("Unable to locate credentials")

        monkeypatch.setattr(type(shop.fs), "info", refused)
        with pytest.raises(
            InputFileError, match=r"Unable to locate credentials\); check the address and your"
        ):
            import_files(Workspace.at(tmp_path / "w"), InputFiles(shop / "listings.csv", shop))


def test_encoding_knows_which_photos_are_as_they_were_imported(shop: UPath, tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "workspace")
    import_files(workspace, InputFiles(shop / "listings.csv", shop))
    catalogue = stored(workspace)
    data = (shop / "photos" / "L1.jpg").read_bytes()
    (shop / "photos" / "L1.jpg").write_bytes(data)  # copied anew: another time, the same content
    put_photo(shop / "photos" / "L2.jpg", "red")
    (shop / "photos" / "L3.jpg").unlink()
    assert as_imported(catalogue)["listing_id"].tolist() == ["L0", "L1", "L4", "L5"]
    assert as_imported(catalogue.assign(photo_mtime_ns=UNTOLD))["listing_id"].tolist() == [
        "L0", "L1", "L4", "L5",
    ]  # fmt: skip


class TestWriting:
    @pytest.fixture
    def workspace(self, shop: UPath, tmp_path: Path) -> Workspace:
        made = Workspace.at(tmp_path / "workspace")
        import_files(made, InputFiles(shop / "listings.csv", shop))
        with open_store(made) as store:
            store.add_label("L1", Verdict.MATCH, None, "", "ada")
        return made

    @pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "label-studio.zip"])
    def test_an_export_is_that_of_a_file(
        self, workspace: Workspace, bucket: UPath, tmp_path: Path, ending: str
    ) -> None:
        with open_store(workspace) as store:
            assert export_labels(store, str(bucket / f"labels.{ending}")) == 1
            export_labels(store, tmp_path / f"labels.{ending}")
        there, here = (bucket / f"labels.{ending}").read_bytes(), (tmp_path / f"labels.{ending}").read_bytes()
        assert there == here or ending.endswith("zip") and len(there) == len(here)  # archives know the time

    def test_an_export_that_fails_leaves_nothing(
        self, workspace: Workspace, bucket: UPath, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*_: object, **__: object) -> None:
            raise RuntimeError("403 Forbidden")

        monkeypatch.setattr(type(bucket.fs), "put_file", refused)
        with open_store(workspace) as store, pytest.raises(MMQualityError, match="403 Forbidden"):
            export_labels(store, bucket / "labels.csv")
        assert not (bucket / "labels.csv").exists()

    def test_tables_go_below_a_url(self, bucket: UPath) -> None:
        write_tables(bucket / "tables", {"costs": pd.DataFrame({"method": ["ours"], "seconds": [1.5]})})
        assert (bucket / "tables" / "costs.csv").read_text() == "method,seconds\nours,1.5\n"
        assert (bucket / "tables" / "costs.md").read_text().startswith("| method | seconds |")


def test_the_command_line_takes_urls(shop: UPath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, [*arguments, "-w", str(tmp_path / "w")])
        assert done.exit_code == 0, done.output
        return done.stdout

    where = str(shop)
    run(
        "import",
        "--listings",
        f"{where}/listings.csv",
        "--images",
        where,
        "--co-clicks",
        f"{where}/pairs.csv",
    )
    run("label", "L1", "--verdict", "match", "--analyst", "ada")
    assert "written to memory://bucket/labels.csv" in run("export", "--out", "memory://bucket/labels.csv")
    run("audit", "--out", "memory://bucket/audit.csv")
    assert b"L1" in UPath("memory://bucket/labels.csv").read_bytes()
    assert b"ada" in UPath("memory://bucket/audit.csv").read_bytes()
    refused = CliRunner().invoke(main, ["import", "--listings", "teleport://x/l.csv", "--images", where])
    assert refused.exit_code == 1 and "Error: teleport://x/l.csv cannot be read here" in refused.output


def test_file_urls_are_the_same_files(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    files = InputFiles(place(f"file://{shop}/listings.csv"), place(f"file://{shop}"))
    import_files(Workspace.at(tmp_path / "w"), files)
    assert stored(Workspace.at(tmp_path / "w"))["photo_path"][0] == os.path.realpath(
        shop / "photos" / "L0.jpg"
    )
