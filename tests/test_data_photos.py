"""Photos: found, checked, loaded; whatever a file holds, the only error is a PhotoProblem."""

from __future__ import annotations

import hashlib
import io
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mmquality.config import ImportLimits
from mmquality.data.photo_places import resolve_photo
from mmquality.data.photos import (
    PhotoProblem,
    check_photo,
    checked,
    load_rgb,
    read_many,
    write_thumbnail,
)

LIMITS = ImportLimits()
ON_ITS_SIDE = 6  # EXIF: turn clockwise by a quarter to see it upright


def _photo(width: int = 400, height: int = 300) -> Image.Image:
    """Red left half, blue right half: enough to tell how it was turned."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    return image


def _bytes(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _grey16() -> Image.Image:
    return Image.fromarray(np.asarray(_photo().convert("L")).astype(np.uint16) * 257)


def _clear_half() -> Image.Image:
    image = _photo().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 200, 300))
    return image


FILES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: _bytes(_photo(), "JPEG"),
    "progressive jpeg": lambda: _bytes(_photo(), "JPEG", progressive=True),
    "grey jpeg": lambda: _bytes(_photo().convert("L"), "JPEG"),
    "cmyk jpeg": lambda: _bytes(_photo().convert("CMYK"), "JPEG"),
    "mpo": lambda: _bytes(_photo(), "MPO", save_all=True, append_images=[_photo()]),
    "png": lambda: _bytes(_photo(), "PNG"),
    "palette png": lambda: _bytes(_photo().convert("P"), "PNG"),
    "palette png, one colour clear": lambda: _bytes(_photo().convert("P"), "PNG", transparency=0),
    "palette png, alpha per colour": lambda: _bytes(_photo().convert("P"), "PNG", transparency=b"\x80" * 9),
    "alpha png": lambda: _bytes(_clear_half(), "PNG"),
    "grey alpha png": lambda: _bytes(_clear_half().convert("LA"), "PNG"),
    "bilevel png": lambda: _bytes(_photo().convert("1"), "PNG"),
    "16-bit png": lambda: _bytes(_grey16(), "PNG"),
    "animated png": lambda: _bytes(
        _photo(), "PNG", save_all=True, append_images=[_photo(400, 300).rotate(90)]
    ),
    "animated gif": lambda: _bytes(_photo(), "GIF", save_all=True, append_images=[_photo().rotate(90)]),
    "webp": lambda: _bytes(_photo(), "WEBP"),
    "bmp": lambda: _bytes(_photo(), "BMP"),
    "avif": lambda: _bytes(_photo(), "AVIF"),
    "cmyk tiff": lambda: _bytes(_photo().convert("CMYK"), "TIFF"),
    "32-bit integer tiff": lambda: _bytes(_photo().convert("I"), "TIFF"),
    "float tiff": lambda: _bytes(_photo().convert("F"), "TIFF"),
    "float tiff of nothing but NaN": lambda: _bytes(
        Image.fromarray(np.full((300, 400), np.nan, np.float32)), "TIFF"
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_photo_is_checked_and_loaded_as_rgb(tmp_path: Path, kind: str) -> None:
    data = FILES[kind]()
    path = tmp_path / "photo.jpg"  # the suffix says nothing
    path.write_bytes(data)
    photo = check_photo(path, LIMITS)
    assert (photo.width, photo.height) == (400, 300)
    assert photo.hash == hashlib.sha256(data).hexdigest()
    for side in (64, 224, 1000):
        image = load_rgb(path, side)
        assert image.mode == "RGB"
        assert min(image.size) >= min(side, 300)
        assert image.width / image.height == pytest.approx(4 / 3, abs=0.05)


def test_a_sixteen_bit_photo_keeps_its_greys(tmp_path: Path) -> None:
    _grey16().save(tmp_path / "deep.png")
    eight = np.asarray(_photo().convert("L").convert("RGB"))
    assert np.array_equal(np.asarray(load_rgb(tmp_path / "deep.png", 300)), eight)


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    _clear_half().save(tmp_path / "clear.png")
    image = load_rgb(tmp_path / "clear.png", 100)
    assert image.getpixel((2, 50)) == (255, 255, 255)
    assert image.getpixel((image.width - 2, 50)) == (0, 0, 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photo_taken_sideways_comes_upright(tmp_path: Path, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = ON_ITS_SIDE
    path = tmp_path / "sideways"
    path.write_bytes(_bytes(_photo(), kind, exif=exif))
    photo = check_photo(path, LIMITS)
    assert (photo.width, photo.height) == (300, 400)
    image = load_rgb(path, 300)
    assert image.size == (300, 400)
    red, _, blue = image.getpixel((150, 50))  # the left half became the upper one
    assert red > 200 and blue < 60


def test_damaged_exif_does_not_cost_the_photo(tmp_path: Path) -> None:
    path = tmp_path / "odd.jpg"
    path.write_bytes(_bytes(_photo(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 40))
    assert check_photo(path, LIMITS).width == 400
    assert load_rgb(path, 100).mode == "RGB"


@pytest.mark.parametrize("packing", ["tiff_lzw", "tiff_deflate"])
def test_a_damaged_tiff_is_told_by_us_alone(packing: str, capfd: pytest.CaptureFixture[str]) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8))
    data = bytearray(_bytes(noise, "TIFF", compression=packing))
    data[len(data) // 3 : len(data) // 3 + 400] = b"\xff" * 400
    with pytest.raises(PhotoProblem, match="cannot be decoded"):
        checked("damaged.tif", bytes(data), LIMITS)
    assert capfd.readouterr().err == ""


def test_a_large_jpeg_comes_reduced(tmp_path: Path) -> None:
    _photo(2000, 1500).save(tmp_path / "large.jpg")
    assert load_rgb(tmp_path / "large.jpg", 224).size == (500, 375)
    assert load_rgb(tmp_path / "large.jpg", 1500).size == (2000, 1500)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.99])
def test_a_truncated_photo_is_refused_although_it_is_decoded_small(
    tmp_path: Path, kept: float, progressive: bool
) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (600, 800, 3), dtype=np.uint8))
    data = _bytes(noise, "JPEG", progressive=progressive)
    path = tmp_path / "cut.jpg"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(PhotoProblem, match="cannot be decoded|known format"):
        check_photo(path, LIMITS)


def test_what_is_no_photo_is_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no photo")
    (tmp_path / "drawing.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    os.mkfifo(tmp_path / "pipe.jpg")
    reasons = {
        "empty.jpg": "empty file",
        "text.jpg": "known format",
        "drawing.eps": "known format",
        "pipe.jpg": "regular file",
        "missing.jpg": "does not exist",
        ".": "folder",
        "x" * 300: "cannot be opened",
    }
    for name, reason in reasons.items():
        with pytest.raises(PhotoProblem) as problem:
            check_photo(tmp_path / name, LIMITS)
        assert reason in problem.value.reason
        assert str(tmp_path) in str(problem.value)


def test_too_many_bytes_pixels_or_scans_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(FILES["progressive jpeg"]())
    with pytest.raises(PhotoProblem, match="MB; the limit is 0.001 MB"):
        check_photo(path, ImportLimits(max_photo_bytes=1000))
    with pytest.raises(PhotoProblem, match="400 × 300 pixels; the limit is 0.1 megapixels"):
        check_photo(path, ImportLimits(max_photo_pixels=100_000))
    data = path.read_bytes()
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    path.write_bytes(data[:-2] + last_scan * 100 + data[-2:])
    with pytest.raises(PhotoProblem, match="scans"):
        check_photo(path, LIMITS)


@pytest.mark.parametrize("side", [9_500, 14_000])  # Pillow warns of the first and refuses the second
def test_a_decompression_bomb_is_refused_at_its_header(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_bytes(Image.new("1", (side, side)), "PNG"))
    assert path.stat().st_size < 50_000
    with warnings.catch_warnings(record=True) as seen:
        with pytest.raises(PhotoProblem, match="pixels"):
            check_photo(path, LIMITS)
    assert not seen


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("", "file name"),
        (".", "file name"),
        ("a\0b.jpg", "file name"),
        ("\ud800.jpg", "file name"),
        ("/etc/passwd", "absolute"),
        ("C:\\photos\\a.jpg", "absolute"),
        ("\\\\server\\share\\a.jpg", "absolute"),
        ("../a.jpg", "leads out"),
        ("images/../../a.jpg", "leads out"),
        ("images\\..\\..\\a.jpg", "leads out"),
        ("https://shop.example/a.jpg", "web address"),
        ("out/secret.jpg", "link"),
        ("secret.jpg", "link"),
    ],
)
def test_a_photo_is_only_looked_for_below_its_folder(tmp_path: Path, image: str, reason: str) -> None:
    root, outside = tmp_path / "photos", tmp_path / "photos-elsewhere"
    root.mkdir()
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(b"x")
    (root / "out").symlink_to(outside)
    (root / "secret.jpg").symlink_to(outside / "secret.jpg")
    with pytest.raises(PhotoProblem) as problem:
        resolve_photo(root, image)
    assert reason in problem.value.reason


def test_both_separators_and_links_within_the_folder_are_fine(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(b"x")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "images" / "a.jpg")
    for image in ("images/a.jpg", "images\\a.jpg", " ./images//a.jpg ", "b.jpg"):
        assert resolve_photo(tmp_path, image).read_bytes() == b"x"
    assert resolve_photo(tmp_path, "not-there.jpg") == Path(os.path.realpath(tmp_path)) / "not-there.jpg"


def test_many_photos_come_in_order_and_no_more_than_needed_are_read(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.png" for i in range(40)]
    for i, path in enumerate(paths):
        Image.new("RGB", (8, 8), (i, 0, 0)).save(path)
    assert [photo().getpixel((0, 0))[0] for photo in read_many(paths, 8, workers=3)] == list(range(40))
    asked = []
    photos = read_many((asked.append(path) or path for path in paths), 8, workers=2)
    next(photos)
    photos.close()
    assert len(asked) <= 9
    assert list(read_many([], 8)) == []


def test_a_photo_that_vanished_is_named_in_its_turn(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    photos = read_many([tmp_path / "a.png", tmp_path / "b.png"], 8)
    next(photos)
    with pytest.raises(PhotoProblem, match="b.png.*does not exist"):
        next(photos)


def test_a_photo_that_is_damaged_is_named_where_it_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no photo")
    (photo,) = read_many([tmp_path / "a.png"], 8)
    with pytest.raises(PhotoProblem, match="a.png.*not an image of a known format"):
        photo()


def test_a_thumbnail_is_a_small_upright_jpeg_and_leaves_nothing_else(tmp_path: Path) -> None:
    _photo(1000, 500).save(tmp_path / "photo.png")
    target = tmp_path / "thumbnails" / "ab.jpg"
    write_thumbnail(tmp_path / "photo.png", target)
    with Image.open(target) as image:
        assert (image.format, image.size) == ("JPEG", (256, 128))
    assert list(target.parent.iterdir()) == [target]
    with pytest.raises(PhotoProblem):
        write_thumbnail(tmp_path / "none.png", target)


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _survives(path: Path) -> None:
    started = time.perf_counter()
    for read in (lambda: check_photo(path, LIMITS), lambda: load_rgb(path, 64)):
        try:
            read()
        except PhotoProblem as problem:
            assert problem.reason
    assert time.perf_counter() - started < 20


@FUZZ
@given(data=st.binary(max_size=400))
def test_random_bytes_raise_nothing_but_photo_problems(tmp_path: Path, data: bytes) -> None:
    for magic in (
        b"",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"BM",
        b"II*\0",
        b"RIFF\x10\0\0\0WEBPVP8 ",
    ):
        (tmp_path / "fuzz").write_bytes(magic + data)
        _survives(tmp_path / "fuzz")


@FUZZ
@given(kind=st.sampled_from(sorted(FILES)), data=st.data())
def test_damaged_photos_raise_nothing_but_photo_problems(
    tmp_path: Path, kind: str, data: st.DataObject
) -> None:
    damaged = bytearray(FILES[kind]())
    places = st.integers(0, len(damaged) - 1)
    header = st.integers(0, min(200, len(damaged) - 1))
    for place, value in data.draw(st.lists(st.tuples(places | header, st.integers(0, 255)), max_size=12)):
        damaged[place] = value
    start, length = data.draw(st.tuples(places, st.integers(0, 60)))
    del damaged[start : start + length]
    (tmp_path / "fuzz").write_bytes(bytes(damaged))
    _survives(tmp_path / "fuzz")


@given(image=st.text(st.characters(), max_size=30))
def test_no_name_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, image: str) -> None:
    root = Path(os.path.realpath(tmp_path_factory.getbasetemp()))
    try:
        assert resolve_photo(root, image).is_relative_to(root)
    except PhotoProblem as problem:
        assert problem.reason


@pytest.mark.parametrize(
    ("size", "kind", "limit"),
    [
        ((20_001, 1), "PNG", "20,000 on a side"),
        ((5_001, 5_000), "PNG", "25 megapixels where it is no JPEG"),
        ((5_001, 5_000), "GIF", "25 megapixels where it is no JPEG"),
        ((5_001, 5_000), "WEBP", "25 megapixels where it is no JPEG"),
        ((8_000, 6_251), "JPEG", "50 megapixels"),
    ],
)
def test_what_takes_much_memory_is_refused_before_it_is_decoded(
    tmp_path: Path, size: tuple[int, int], kind: str, limit: str
) -> None:
    path = tmp_path / "photo"
    path.write_bytes(
        _bytes(Image.new("L", size), kind, **({"lossless": True, "method": 0} if kind == "WEBP" else {}))
    )
    with pytest.raises(PhotoProblem) as problem:
        check_photo(path, LIMITS)
    assert problem.value.reason == f"has {size[0]} × {size[1]} pixels; the limit is {limit}"


@pytest.mark.parametrize(
    "kind", ["svg", "html behind a gif", "gif behind a jpeg", "huge exif", "absurd orientation"]
)
def test_files_that_lie_are_photos_or_nothing(tmp_path: Path, kind: str) -> None:
    """What counts are the pixels that a decoder of ours finds; whatever else is in the file is never read."""
    exif = Image.Exif()
    exif[0x0112] = 6_000
    lies = {
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "html behind a gif": _bytes(_photo(), "GIF") + b"<script>alert(1)</script>",
        "gif behind a jpeg": _bytes(_photo(), "JPEG") + _bytes(_photo(), "GIF"),
        "huge exif": _bytes(_photo(), "PNG", exif=b"Exif\0\0II*\0" + b"\xff" * 3_000_000),
        "absurd orientation": _bytes(_photo(), "JPEG", exif=exif),
    }
    (tmp_path / "photo.jpg").write_bytes(lies[kind])
    if kind == "svg":
        with pytest.raises(PhotoProblem, match="known format"):
            check_photo(tmp_path / "photo.jpg", LIMITS)
        return
    seen = check_photo(tmp_path / "photo.jpg", LIMITS)
    assert (seen.width, seen.height) == (400, 300)
    write_thumbnail(tmp_path / "photo.jpg", tmp_path / "small.jpg")
    assert b"script" not in (tmp_path / "small.jpg").read_bytes()
