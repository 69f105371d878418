"""Files that are made when a button is pressed stay until a browser has had time to ask for them.

Streamlit forgets such a file once two runs of anybody's have ended, fetched or not. Where twenty people work
that is a moment, and the browser is told that there is no such file.
"""

from __future__ import annotations

import time
from threading import Lock

from streamlit.runtime import memory_media_file_storage
from streamlit.runtime.media_file_storage import MediaFileKind
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

_A_WHILE = 60.0  # seconds


class LastingDownloads(MemoryMediaFileStorage):
    """Streamlit's own storage, but for downloads: they go a while after they were deleted."""

    def __init__(self, media_endpoint: str) -> None:
        super().__init__(media_endpoint)
        self._deleted: dict[str, float] = {}  # file id → when; the oldest first
        self._lock = Lock()

    def load_and_get_id(
        self,
        path_or_data: str | bytes,
        mimetype: str,
        kind: MediaFileKind,
        filename: str | None = None,
    ) -> str:
        """Add a file and return its id, which is its content's."""
        with self._lock:
            file_id = super().load_and_get_id(path_or_data, mimetype, kind, filename)
            self._deleted.pop(file_id, None)
        return file_id

    def delete_file(self, file_id: str) -> None:
        """Delete a picture now, a download later: with the next file that is deleted a while from now."""
        with self._lock:
            if self.get_file(file_id).kind is not MediaFileKind.DOWNLOADABLE:
                super().delete_file(file_id)
            else:
                self._deleted.setdefault(file_id, time.monotonic())
            over = time.monotonic() - _A_WHILE
            for old in [old for old, when in self._deleted.items() if when < over]:
                del self._deleted[old]
                super().delete_file(old)


def let_downloads_last() -> None:
    """Let the server that is started next keep them; Streamlit asks nobody which storage it shall take."""
    memory_media_file_storage.MemoryMediaFileStorage = LastingDownloads  # type: ignore[misc]
