"""A download stays for a while after Streamlit has forgotten it; pictures go at once."""

from __future__ import annotations

import pytest
from streamlit.runtime import memory_media_file_storage
from streamlit.runtime.media_file_storage import MediaFileKind, MediaFileStorageError

from mmquality.pages import downloads
from mmquality.pages.downloads import LastingDownloads, let_downloads_last

DOWNLOAD, PICTURE = MediaFileKind.DOWNLOADABLE, MediaFileKind.MEDIA


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock says."""
    clock = [1_000.0]
    monkeypatch.setattr(downloads.time, "monotonic", lambda: clock[0])
    return clock


def holds(storage: LastingDownloads, file_id: str) -> bool:
    try:
        return bool(storage.get_file(f"{file_id}.csv").content)
    except MediaFileStorageError:
        return False


def test_a_download_stays_for_a_while(now: list[float]) -> None:
    storage = LastingDownloads("/media")
    first, second = (storage.load_and_get_id(data, "text/csv", DOWNLOAD) for data in (b"a", b"b"))
    storage.delete_file(first)
    now[0] += 59
    storage.delete_file(second)
    assert holds(storage, first) and holds(storage, second)
    now[0] += 2
    storage.delete_file(second)
    assert not holds(storage, first) and holds(storage, second)
    now[0] += 59
    storage.delete_file(second)
    assert not holds(storage, second)


def test_what_is_made_again_stays(now: list[float]) -> None:
    storage = LastingDownloads("/media")
    again, other = (storage.load_and_get_id(data, "text/csv", DOWNLOAD) for data in (b"a", b"b"))
    storage.delete_file(again)
    assert storage.load_and_get_id(b"a", "text/csv", DOWNLOAD) == again
    now[0] += 61
    storage.delete_file(other)
    assert holds(storage, again)


def test_a_picture_goes_at_once() -> None:
    storage = LastingDownloads("/media")
    picture = storage.load_and_get_id(b"a", "image/png", PICTURE)
    storage.delete_file(picture)
    assert not holds(storage, picture)


def test_streamlit_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_media_file_storage, "MemoryMediaFileStorage", None)
    let_downloads_last()
    assert memory_media_file_storage.MemoryMediaFileStorage is LastingDownloads
