"""The catalogue: usable rows become listings, every other row becomes a problem, nothing stops the rest."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mmquality.config import ImportLimits
from mmquality.data import photo_stamps, tables
from mmquality.data.catalogue import LISTING_COLUMNS, CatalogueChunk, read_catalogue
from mmquality.data.photos import Photo
from mmquality.errors import InputFileError
from mmquality.records import RowProblem

REAL = Path(os.environ.get("MMQ_LISTINGS") or Path(__file__).parents[2] / "shared" / "listings")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a few photos, usable and not."""
    folder = tmp_path / "shop"
    (folder / "images").mkdir(parents=True)
    for i, colour in enumerate(("red", "green", "blue")):
        Image.new("RGB", (40, 30), colour).save(folder / "images" / f"{i}.jpg")
    (folder / "images" / "broken.jpg").write_bytes((folder / "images" / "0.jpg").read_bytes()[:300])
    Image.new("L", (2000, 1000)).save(folder / "images" / "large.png")
    (tmp_path / "secret.jpg").write_bytes((folder / "images" / "0.jpg").read_bytes())
    return folder


def _catalogue(shop: Path, text: str) -> Path:
    path = shop / "listings.csv"
    path.write_bytes(text.encode())
    return path


def _whole(chunks: list[CatalogueChunk]) -> tuple[pd.DataFrame, list[RowProblem]]:
    frame = pd.concat([chunk.listings for chunk in chunks], ignore_index=True)
    return frame, [problem for chunk in chunks for problem in chunk.problems]


def test_a_listing_has_everything_that_the_file_says(shop: Path) -> None:
    path = _catalogue(
        shop,
        "listing_id,title,image,price,category,seller,colour,note,price_usd\n"
        '007, Red\tmug ,images/0.jpg,"1,299.00",Kitchen,bob,red,,5\n'
        'null,NA,images\\1.jpg,on request,,,NA,"two\nlines",\n',
    )
    frame, problems = _whole(list(read_catalogue(path, shop)))
    assert not problems
    assert tuple(frame.columns) == LISTING_COLUMNS
    first, second = frame.to_dict("records")
    photo = Path(os.path.realpath(shop)) / "images" / "0.jpg"
    assert first == {
        "listing_id": "007",
        "title": "Red mug",
        "category": "Kitchen",
        "price": 1299.0,
        "seller": "bob",
        "attributes": '{"colour":"red","price_usd":"5"}',
        "image": "images/0.jpg",
        "photo_path": str(photo),
        "title_hash": hashlib.sha256(b"Red mug").hexdigest(),
        "photo_hash": hashlib.sha256(photo.read_bytes()).hexdigest(),
        "photo_size": photo.stat().st_size,
        "photo_mtime_ns": photo.stat().st_mtime_ns,
    }
    assert (second["listing_id"], second["title"], second["category"], second["seller"]) == (
        "null",
        "NA",
        None,
        None,
    )
    assert pd.isna(second["price"])
    assert second["attributes"] == '{"colour":"NA","note":"two\\nlines","price":"on request"}'


def test_only_what_is_required_is_required(shop: Path) -> None:
    frame, _ = _whole(
        list(read_catalogue(_catalogue(shop, "image,title,listing_id\nimages/0.jpg,a,1\n"), shop))
    )
    row = frame.iloc[0]
    assert (row["category"], row["seller"], row["attributes"]) == (None, None, "{}")
    assert pd.isna(row["price"])
    assert frame["price"].dtype == "float64"


def test_every_row_that_cannot_be_used_is_reported_and_stops_nothing(shop: Path) -> None:
    long_title, long_id = "t" * 2_001, "i" * 201
    rows = [
        ("1,good,images/0.jpg", None, ""),
        (",a,images/0.jpg", "listing_id", "is empty"),
        (f"{long_id},a,images/0.jpg", "listing_id", "is longer than 200 characters"),
        ("2\0,a,images/0.jpg", "listing_id", "has characters that cannot be seen"),
        ("3, \u200b ,images/0.jpg", "title", "is empty"),
        (f"4,{long_title},images/0.jpg", "title", "has 2,001 characters; the limit is 2,000"),
        ("5,a,", "image", "is empty"),
        ("6,a,images/none.jpg", "image", "does not exist"),
        ("7,a,images", "image", "is a folder, not a file"),
        ("8,a,images/broken.jpg", "image", "cannot be decoded"),
        ("9,a,listings.csv", "image", "is not an image of a known format"),
        ("10,a,images/large.png", "image", "has 2000 × 1000 pixels; the limit is 1 megapixels"),
        ("11,a,../secret.jpg", "image", "leads out of the folder of photos"),
        ("12,a,/etc/passwd", "image", "is an absolute path"),
        ("1,again,images/1.jpg", "listing_id", "is a duplicate of row 2"),
        ("13,a", "", "has 2 fields where the header has 3"),
        ("6,good now,images/1.jpg", None, ""),
        (" 6 ,twice,images/1.jpg", "listing_id", "is a duplicate of row 18"),
        ("14,good,images/2.jpg", None, ""),
    ]
    path = _catalogue(shop, "listing_id,title,image\n" + "".join(f"{line}\n" for line, _, _ in rows))
    limits = ImportLimits(max_photo_pixels=1_000_000)
    frame, problems = _whole(list(read_catalogue(path, shop, limits=limits)))
    expected = [(i, column, reason) for i, (_, column, reason) in enumerate(rows, 2) if column is not None]
    assert [(problem.row, problem.column) for problem in problems] == [
        (i, column) for i, column, _ in expected
    ]
    for problem, (_, _, reason) in zip(problems, expected, strict=True):
        assert problem.file == "listings.csv"
        assert problem.reason.startswith(reason)
        assert len(problem.value) <= 201 and "\0" not in problem.value
    assert frame["listing_id"].tolist() == ["1", "6", "14"]


def test_an_id_is_what_can_be_seen_of_it(shop: Path) -> None:
    """Two that look the same are one, however they are written, or are refused."""
    composed, apart = "Caf\u00e9", "Cafe\u0301"
    hidden = ["a\u200bb", "a\u202eb", "a\u00adb", "a\ufe0fb", "a\u3164", "a\u2060b", "\u200d"]
    ids = [composed, apart, *hidden, "ümlaut", "日本"]
    text = "listing_id,title,image\n" + "".join(f"{listing_id},t,images/0.jpg\n" for listing_id in ids)
    frame, problems = _whole(list(read_catalogue(_catalogue(shop, text), shop)))
    assert frame["listing_id"].tolist() == [composed, "ümlaut", "日本"]
    assert [p.reason for p in problems] == ["is a duplicate of row 2"] + [
        "has characters that cannot be seen"
    ] * len(hidden)


@pytest.mark.parametrize("title", ["\u200b\u200d", "\ufe0f", "\U000e0041\U000e0042", "\u2066\u2069"])
def test_a_title_of_which_nothing_can_be_seen_is_empty(shop: Path, title: str) -> None:
    text = f"listing_id,title,image\n1,{title},images/0.jpg\n2,!,images/0.jpg\n"
    frame, problems = _whole(list(read_catalogue(_catalogue(shop, text), shop)))
    assert [(p.column, p.reason) for p in problems] == [("title", "is empty")]
    assert frame["title"].tolist() == ["!"]


def test_ids_are_unique_across_chunks(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MOST_ROWS", 2)
    text = "listing_id,title,image\n" + "".join(f"{i},t,images/0.jpg\n" for i in (1, 2, 3, 1, 4, 3))
    chunks = list(read_catalogue(_catalogue(shop, text), shop))
    assert len(chunks) == 3
    frame, problems = _whole(chunks)
    assert frame["listing_id"].tolist() == ["1", "2", "3", "4"]
    assert [(p.row, p.reason) for p in problems] == [
        (5, "is a duplicate of row 2"),
        (7, "is a duplicate of row 4"),
    ]


def test_the_three_kinds_of_file_give_the_same_listings(shop: Path) -> None:
    frame = pd.DataFrame(
        {
            "listing_id": ["1", "2"],
            "title": ["a", "b"],
            "image": ["images/0.jpg", "images/1.jpg"],
            "price": [1.5, 2.0],
            "stock": [3, 4],
        }
    )
    frame.to_csv(shop / "a.csv", index=False)
    frame.to_parquet(shop / "a.parquet")
    frame.to_json(shop / "a.jsonl", orient="records", lines=True)
    read = [_whole(list(read_catalogue(shop / f"a.{end}", shop)))[0] for end in ("csv", "parquet", "jsonl")]
    pd.testing.assert_frame_equal(read[0], read[1])
    pd.testing.assert_frame_equal(read[0], read[2])


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the photos that are decoded from now on."""
    decoded: list[str] = []
    check: Callable[[Path, ImportLimits], Photo] = photo_stamps.check_photo

    def counting(path: Path, limits: ImportLimits) -> Photo:
        decoded.append(path.name)
        return check(path, limits)

    monkeypatch.setattr(photo_stamps, "check_photo", counting)
    return decoded


def test_a_photo_that_many_parts_of_a_file_show_is_decoded_once(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_MOST_ROWS", 3)
    text = "listing_id,title,image\n" + "".join(f"{i},t,images/{i % 2}.jpg\n" for i in range(9))
    decoded = _counted(monkeypatch)
    chunks = list(read_catalogue(_catalogue(shop, text), shop))
    assert len(chunks) == 3 and sorted(decoded) == ["0.jpg", "1.jpg"]
    assert _whole(chunks)[0]["photo_hash"].nunique() == 2


def test_unchanged_photos_are_not_decoded_again(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "listing_id,title,image\n" + "".join(f"{i},t,images/{i % 3}.jpg\n" for i in range(6))
    path = _catalogue(shop, text)
    decoded = _counted(monkeypatch)
    first, _ = _whole(list(read_catalogue(path, shop)))
    assert sorted(decoded) == ["0.jpg", "1.jpg", "2.jpg"]  # each once, though two listings show it
    stamps = {
        row.photo_path: (row.photo_size, row.photo_mtime_ns, row.photo_hash) for row in first.itertuples()
    }
    decoded.clear()
    again, _ = _whole(list(read_catalogue(path, shop, known=stamps)))
    assert decoded == []
    pd.testing.assert_frame_equal(first, again)

    Image.new("RGB", (50, 50), "white").save(shop / "images" / "1.jpg")
    os.utime(shop / "images" / "2.jpg", ns=(1, 1))
    changed, _ = _whole(list(read_catalogue(path, shop, known=stamps)))
    assert sorted(decoded) == ["1.jpg", "2.jpg"]
    same = (first["photo_hash"] == changed["photo_hash"]).tolist()
    assert same == [True, False, True] * 2

    (shop / "images" / "0.jpg").unlink()
    _, problems = _whole(list(read_catalogue(path, shop, known=stamps)))
    assert [problem.reason for problem in problems] == ["does not exist"] * 2
    tight = ImportLimits(max_photo_bytes=10)
    _, problems = _whole(list(read_catalogue(path, shop, known=stamps, limits=tight)))
    assert len(problems) == 6


def test_progress_counts_every_photo_once(shop: Path) -> None:
    rows = "".join(f"{i},t,images/{i % 3}.jpg\n" for i in range(40)) + "x,t,../a.jpg\ny,t,none.jpg\n"
    seen: list[int] = []
    list(read_catalogue(_catalogue(shop, "listing_id,title,image\n" + rows), shop, progress=seen.append))
    assert sum(seen) == 5


def test_many_photos_are_checked_in_processes_with_the_same_result(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"images/{name}" for name in ("0.jpg", "broken.jpg", "1.jpg", "none.jpg", "large.png")]
    text = "listing_id,title,image\n" + "".join(f"{i},t,{name}\n" for i, name in enumerate(names))
    path = _catalogue(shop, text)
    here = list(read_catalogue(path, shop, workers=1))
    monkeypatch.setattr(photo_stamps, "_WORTH_PROCESSES", 1)
    monkeypatch.setattr(photo_stamps, "_BATCH", 2)
    there = list(read_catalogue(path, shop, workers=2))
    pd.testing.assert_frame_equal(here[0].listings, there[0].listings)
    assert here[0].problems == there[0].problems
    assert len(here[0].problems) == 2


def _end_this_process(path: Path, limits: ImportLimits) -> str:
    if os.getpid() != int(path.parent.name):
        os._exit(1)
    return f"hash of {path.name}"


def test_a_process_that_is_killed_costs_time_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / str(os.getpid())
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.jpg").write_bytes(b"x")
    monkeypatch.setattr(photo_stamps, "_WORTH_PROCESSES", 1)
    monkeypatch.setattr(photo_stamps, "_content_hash", _end_this_process)
    with photo_stamps.PhotoStamps(folder, {}, ImportLimits(), workers=2) as stamps:
        found = stamps.find([f"{i}.jpg" for i in range(3)])
    assert [photo.stamp.hash for photo in found.values()] == [f"hash of {i}.jpg" for i in range(3)]
    assert "ended from outside" in caplog.text


@pytest.mark.parametrize(
    ("root", "reason"), [("nowhere", "does not exist"), ("listings.csv", "is not a folder")]
)
def test_a_folder_that_cannot_be_used_says_so(shop: Path, root: str, reason: str) -> None:
    path = _catalogue(shop, "listing_id,title,image\n1,t,images/0.jpg\n")
    with pytest.raises(InputFileError, match=reason):
        read_catalogue(path, shop / root)
    with pytest.raises(InputFileError, match="no column 'title'"):
        read_catalogue(_catalogue(shop, "listing_id,image\n1,x\n"), shop)


WORDS = st.sampled_from(
    ["1", "2", "", "title", "images/0.jpg", "../x", "\0", "é", "$5", "now", '"', ",", "\n", "\r\n"]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(WORDS, max_size=40).map("".join), cuts=st.lists(st.integers(0, 300), max_size=3))
def test_a_mutated_catalogue_raises_nothing_but_input_file_errors(
    shop: Path, body: str, cuts: list[int]
) -> None:
    text = f"listing_id,title,image,price\n1,a,images/0.jpg,2\n{body}\n9,b,images/1.jpg,\n"
    for cut in cuts:
        text = text[:cut] + text[cut + 1 :]
    started = time.perf_counter()
    try:
        frame, problems = _whole(list(read_catalogue(_catalogue(shop, text), shop, workers=1)))
    except InputFileError as error:
        assert "listings.csv" in str(error)
    else:
        assert frame["listing_id"].is_unique and (frame["title"] != "").all()
        assert all(problem.reason and problem.row > 1 for problem in problems)
    assert time.perf_counter() - started < 10


@pytest.mark.skipif(not REAL.is_dir(), reason="the real listings are not on this machine")
@pytest.mark.parametrize("name", ["ebay_antiquities", "amazon_electronics", "hm_fashion"])
def test_real_listings_are_usable(name: str, tmp_path: Path) -> None:
    folder, path = REAL / name, tmp_path / "listings.csv"
    listings = pd.read_csv(folder / "listings.csv", dtype=str, keep_default_na=False)[::4]  # photos take long
    listings.to_csv(path, index=False)
    frame, problems = _whole(list(read_catalogue(path, folder)))
    assert not problems
    assert frame["listing_id"].tolist() == listings["listing_id"].tolist()
    assert frame["photo_hash"].str.len().eq(64).all()
