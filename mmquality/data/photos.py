"""Photos: checked before they are trusted, loaded as RGB at the scale needed.

A photo is judged by its bytes, never by its suffix, and only by the decoders of `FORMATS`. The first frame
of an animation counts; EXIF orientation is applied; transparency is laid on white; 16-bit greys become 8-bit.
"""

from __future__ import annotations

import hashlib
import io
import re
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from mmquality.anywhere import Place, place, read_bytes
from mmquality.config import ImportLimits
from mmquality.cores import ahead
from mmquality.data.quiet_pillow import hush_pillow
from mmquality.errors import MMQualityError
from mmquality.files import whole_file

if TYPE_CHECKING:
    from upath import UPath


# No decoder that runs another program or a script, such as the one for EPS.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

_DECODED_SMALL = ("JPEG", "MPO")
_LARGE = 5_000_000  # pixels; of larger photos a process decodes one at a time, whatever its threads
_CHECK_SIDE = 32  # a check makes as few pixels as it can; every byte is still decoded
_MAX_JPEG_SCANS = 60  # a camera writes 1, a progressive JPEG about 10, a file made to harm thousands
_JPEG_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
_LARGE_LOCK = threading.Lock()
_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PhotoProblem(MMQualityError):
    """A photo that cannot be used; `reason` is the predicate alone, fit for an import report."""

    def __init__(self, photo: str | Place, reason: str) -> None:
        super().__init__(photo, reason)
        self.photo = str(photo)
        self.reason = reason

    def __str__(self) -> str:
        named = f" {self.photo!r}" if self.photo else ""  # one that was sent has no name
        return f"The photo{named} cannot be used: it {self.reason}."


@dataclass(frozen=True)
class Photo:
    """A photo that was decoded: SHA-256 of its bytes, and its size in pixels as a person sees it."""

    hash: str
    width: int
    height: int


def check_photo(path: Place, limits: ImportLimits) -> Photo:
    """Decode the photo in full and return its content hash and size.

    Raises `PhotoProblem` where the file is missing, empty, beyond `limits`, of no known format, or damaged.
    Whatever passes here can be loaded by `load_rgb`.
    """
    return checked(path, _read(path, limits.max_photo_bytes), limits)


def checked(photo: str | Place, data: bytes, limits: ImportLimits) -> Photo:
    """`check_photo` of bytes that are here already; `photo` is its name for people, "" where it has none."""
    if not data:
        raise PhotoProblem(photo, "is an empty file")
    if len(data) > limits.max_photo_bytes:
        raise PhotoProblem(photo, _too_large(limits.max_photo_bytes))
    with _opened(photo, data) as image:
        width, height = image.size
        _check_size(photo, image, limits)
        if len(_JPEG_SCAN.findall(data)) > _MAX_JPEG_SCANS:
            raise PhotoProblem(photo, f"has more than {_MAX_JPEG_SCANS} scans; save it anew as a JPEG")
        _decoded(photo, image, _CHECK_SIDE)
        if 5 <= _orientation(image) <= 8:  # lies on its side
            width, height = height, width
    return Photo(hashlib.sha256(data).hexdigest(), width, height)


def _check_size(photo: str | Place, image: Image.Image, limits: ImportLimits) -> None:
    width, height = image.size
    if max(width, height) > limits.max_photo_side:
        limit = f"{limits.max_photo_side:,} on a side"
    elif width * height > limits.max_photo_pixels:
        limit = f"{limits.max_photo_pixels / 1e6:g} megapixels"
    elif image.format not in _DECODED_SMALL and width * height > limits.max_whole_photo_pixels:
        limit = f"{limits.max_whole_photo_pixels / 1e6:g} megapixels where it is no JPEG"
    else:
        return
    raise PhotoProblem(photo, f"has {width} × {height} pixels; the limit is {limit}")


def load_rgb(path: str | Place, side: int, photo_hash: str | None = None) -> Image.Image:
    """The photo as an upright RGB image; its shorter side has at least `side` pixels where the file has them.

    A larger photo comes reduced (JPEGs while they are decoded, then by a whole factor): its shorter side has
    fewer than about twice `side` pixels. Raises `PhotoProblem`, also where the SHA-256 of its bytes is not
    `photo_hash`.
    """
    return as_rgb(path, _read_known(path, photo_hash), side)


def as_rgb(photo: str | Place, data: bytes, side: int) -> Image.Image:
    """`load_rgb` of bytes that are here already; `photo` is its name for people."""
    with _opened(photo, data) as image:
        return _decoded(photo, image, side)


def read_many(
    paths: Iterable[str | Place],
    side: int,
    workers: int | None = None,
    hashes: Iterable[str | None] | None = None,
) -> Iterator[Callable[[], Image.Image]]:
    """For every path, in order, the function that gives what `load_rgb` does: files are read ahead, and
    decoded by whoever wants them.

    Memory holds at most four files per worker. A file that cannot be read raises its `PhotoProblem` in its
    turn, one that cannot be decoded when its function is called.
    """

    def read(photo: tuple[str | Place, str | None]) -> Callable[[], Image.Image]:
        path, known = photo
        return partial(as_rgb, path, _read_known(path, known), side)

    photos = zip(paths, repeat(None) if hashes is None else hashes, strict=False)
    return ahead(read, photos, workers)


def write_thumbnail(path: str | Place, target: Path, side: int = 256) -> None:
    """Write a small upright JPEG of the photo, longest side `side`, to `target` in one atomic step."""
    data = small_jpeg(path, side)
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as part:
        part.write_bytes(data)


def small_jpeg(path: str | Place, side: int) -> bytes:
    """An upright JPEG of the photo, longest side at most `side`: its pixels, and nothing else of the file."""
    image = load_rgb(path, side)
    image.thumbnail((side, side))
    image.info.clear()  # Pillow would carry a JPEG's comment over
    made = io.BytesIO()
    image.save(made, "JPEG", quality=85)
    return made.getvalue()


def _read_known(path: str | Place, photo_hash: str | None) -> bytes:
    data = _read(place(path))
    if photo_hash is not None and hashlib.sha256(data).hexdigest() != photo_hash:
        raise PhotoProblem(path, "has changed since its import")
    return data


def _read(path: Place, max_bytes: int | None = None) -> bytes:
    """The bytes of a regular file; a pipe or a device would keep the reader waiting."""
    data = _read_here(path, max_bytes) if isinstance(path, Path) else _read_there(path, max_bytes)
    if not data:
        raise PhotoProblem(path, "is an empty file")
    return data


def _read_there(path: UPath, max_bytes: int | None) -> bytes:
    """One request; of a file that is too large no more than shows it."""
    try:
        data = read_bytes(path, max_bytes and max_bytes + 1)
    except FileNotFoundError as error:
        raise PhotoProblem(path, "does not exist") from error
    except (OSError, ValueError) as error:
        raise PhotoProblem(
            path, f"cannot be reached ({getattr(error, 'strerror', None) or error})"
        ) from error
    if max_bytes is not None and len(data) > max_bytes:
        raise PhotoProblem(path, _too_large(max_bytes))
    return data


def _too_large(max_bytes: int) -> str:
    return f"has more than {max_bytes / 1e6:g} MB, which is the limit"


def _read_here(path: Path, max_bytes: int | None) -> bytes:
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise PhotoProblem(path, "is a folder, not a file" if path.is_dir() else "is not a regular file")
        if max_bytes is not None and info.st_size > max_bytes:
            raise PhotoProblem(path, f"has {info.st_size / 1e6:.1f} MB; the limit is {max_bytes / 1e6:g} MB")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise PhotoProblem(path, "does not exist") from error
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise PhotoProblem(path, f"cannot be opened ({getattr(error, 'strerror', None) or error})") from error
    return data


def _opened(path: str | Place, data: bytes) -> Image.Image:
    """The image with its header read and nothing decoded."""
    hush_pillow()
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise PhotoProblem(path, f"is not an image of a known format ({', '.join(FORMATS)})") from error
    except Image.DecompressionBombError as error:
        raise PhotoProblem(path, "has so many pixels that it looks like a decompression bomb") from error
    except Exception as error:  # a hostile header makes decoders raise nearly anything
        raise PhotoProblem(path, f"cannot be decoded ({error or type(error).__name__})") from error


def _decoded(path: str | Place, image: Image.Image, side: int) -> Image.Image:
    large = image.size[0] * image.size[1] > _LARGE
    try:
        with _LARGE_LOCK if large else nullcontext():
            image.draft(None, (side, side))  # JPEG only: decode at 1/2, 1/4 or 1/8 scale
            image.load()
            return _upright(_flat(image, side), _orientation(image))
    except Exception as error:  # as above: struct.error, SyntaxError, IndexError, … all mean a damaged file
        raise PhotoProblem(path, f"cannot be decoded ({error or type(error).__name__})") from error


def _flat(image: Image.Image, side: int) -> Image.Image:
    """RGB, reduced by a whole factor that leaves `side` pixels; transparent parts become white."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image)
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    factor = min(image.size) // side
    if factor > 1:
        image = image.reduce(factor)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Greys of 16 bits to 8; 32-bit greys, which have no agreed white, are stretched to 0…255."""
    import numpy as np

    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    values = np.nan_to_num(np.asarray(image, np.float32), copy=True)  # no infinities
    low, high = float(values.min()), float(values.max())
    values /= 2  # of which the largest difference is a number, too
    values -= low / 2
    values *= 255 / max((high - low) / 2, 1e-9)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # damaged EXIF says nothing about the pixels, which are fine
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _UPRIGHT.get(orientation)
    return image if turn is None else image.transpose(turn)
