"""A bucket that speaks S3: moto's server on this machine, reached over HTTP as any other is."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_work import Colours, SlowTitles
from PIL import Image
from shop import everything, write_shop
from upath import UPath

from mmquality.anywhere import UNTOLD, place, size_and_stamp
from mmquality.config import Workspace
from mmquality.engine import open_engine
from mmquality.errors import InputFileError
from mmquality.pipeline import encoding
from mmquality.pipeline.encoding import EncodeSummary, encode
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.places import open_store
from mmquality.records import Verdict
from mmquality.store import export_labels

# Ray and what it brings warn of their own settings; s3fs leaves its connections to the end of the process.
pytestmark = pytest.mark.filterwarnings("ignore")
TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def s3() -> Iterator[None]:
    """A service without a bucket, which the environment names, as it does for who works on a real one."""
    pytest.importorskip("s3fs", reason="needs the extra 's3'")
    server = pytest.importorskip("moto.server", reason="moto is not installed, see requirements-dev.txt")
    service = server.ThreadedMotoServer(port=0, verbose=False)
    service.start()
    host, port = service.get_host_and_port()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patched.setenv("AWS_ACCESS_KEY_ID", "shop")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patched.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield
    service.stop()


@pytest.fixture
def bucket(s3: None) -> UPath:
    """An empty bucket, as a person names it."""
    found = place(f"s3://shops-{uuid.uuid4().hex}")
    assert isinstance(found, UPath)
    found.fs.mkdir(found.path)
    return found


@pytest.fixture
def shop(bucket: UPath, tmp_path: Path) -> UPath:
    """The files of a shop, in the bucket."""
    bucket.fs.put(str(write_shop(tmp_path / "shop")), f"{bucket.path.rstrip('/')}/shop", recursive=True)
    return bucket / "shop"


def imported(shop: UPath, folder: Path) -> Workspace:
    workspace = Workspace.at(folder)
    import_files(workspace, InputFiles(shop / "listings.csv", shop, shop / "log.csv", shop / "pairs.csv"))
    return workspace


def vectors(workspace: Workspace) -> list[bytes]:
    return [path.read_bytes() for path in sorted(workspace.embeddings.rglob("*.safetensors"))]


def test_an_import_gives_what_files_give(shop: UPath, tmp_path: Path) -> None:
    here, there = Workspace.at(tmp_path / "here"), imported(shop, tmp_path / "there")
    import_files(here, everything(tmp_path / "shop"))
    columns = ["listing_id", "title", "photo_hash", "photo_size", "impressions", "clicks"]
    with open_store(here) as one, open_store(there) as other:
        found = other.catalogue_frame([*columns, "photo_path"])
        assert found[columns].equals(one.catalogue_frame(columns))
    assert found["photo_path"][0] == str(shop / "photos" / "L0.jpg")


def test_a_photo_is_known_by_its_content(shop: UPath, tmp_path: Path) -> None:
    photo = shop / "photos" / "L2.jpg"
    before = size_and_stamp(photo)
    photo.write_bytes(photo.read_bytes())  # anew, and the same
    assert size_and_stamp(photo) == before and before[1] != UNTOLD
    with photo.open("wb") as file:
        Image.new("RGB", (40, 40), "red").save(file, "PNG")
    assert size_and_stamp(photo)[1] != before[1]


def test_workers_of_ray_read_it_and_give_the_same_bytes(
    shop: UPath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    monkeypatch.setattr(
        encoding, "load_text_encoder", lambda name: SlowTitles(tmp_path)
    )  # not slow: it is there
    monkeypatch.setattr(encoding, "load_photo_encoder", lambda name: Colours())
    monkeypatch.setattr(encoding, "_PHOTOS", 2)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), str(TESTS.parent)]))  # for the workers
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # one worker: each takes seconds to start
    there, again, here = (Workspace.at(tmp_path / name) for name in ("there", "again", "here"))
    for workspace in (there, again):
        imported(shop, workspace.root)
    import_files(here, everything(tmp_path / "shop"))
    with open_engine("ray") as engine:
        assert encode(there, engine=engine) == EncodeSummary(6, 0, 6, 0)
    encode(again)
    encode(here)
    assert vectors(there) == vectors(again) == vectors(here) != []


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_export_is_that_of_a_file(bucket: UPath, shop: UPath, tmp_path: Path, ending: str) -> None:
    target = bucket / "out" / f"labels.{ending}"
    with open_store(imported(shop, tmp_path / "workspace")) as store:
        store.add_label("L1", Verdict.MATCH, None, "", "ada")
        assert export_labels(store, target) == 1
        export_labels(store, tmp_path / f"labels.{ending}")
    assert target.read_bytes() == (tmp_path / f"labels.{ending}").read_bytes()


@pytest.mark.parametrize(
    ("listings", "images", "why"),
    [
        ("none.csv", "", r"none\.csv does not exist; check the path"),
        ("listings.csv", "none", "none does not exist; give the folder"),
        ("", "", "is a folder; give a file inside it"),
    ],
)
def test_what_is_not_there_is_said(shop: UPath, tmp_path: Path, listings: str, images: str, why: str) -> None:
    with pytest.raises(InputFileError, match=why):
        import_files(Workspace.at(tmp_path / "w"), InputFiles(shop / listings, shop / images))


def test_a_service_that_does_not_answer_is_said(shop: UPath, tmp_path: Path) -> None:
    once = {"retries": {"total_max_attempts": 1}}
    nobody = UPath(str(shop / "listings.csv"), endpoint_url="http://127.0.0.1:9", config_kwargs=once)
    with pytest.raises(InputFileError, match="Could not connect to .*; check the address and your access"):
        import_files(Workspace.at(tmp_path / "w"), InputFiles(nobody, shop))
