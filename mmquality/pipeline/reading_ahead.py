"""A source is read ahead by a thread, into a queue with little room: when it is full, reading waits."""

from __future__ import annotations

from queue import Empty, Full, Queue
from threading import Event, Thread
from types import TracebackType
from typing import Self

from mmquality.sources import Batch, Source

_WAIT = 0.5  # seconds that a source may wait for something to come
_ROOM = 8  # batches that wait to be stored


class ReadAhead:
    """Use it in a `with` block, which opens and closes nothing but the thread."""

    def __init__(self, source: Source, most: int, once: bool) -> None:
        self._source, self._most, self._once = source, most, once
        self._queue: Queue[Batch] = Queue(_ROOM)
        self._stop = Event()
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name="source", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def take(self, most: int, wait: float) -> list[Batch]:
        """What waits to be stored, about so many changes; none where nothing came for `wait` seconds.

        Raises what the source raised, once all before it was taken.
        """
        taken: list[Batch] = []
        while sum(map(len, taken)) < most:
            try:
                taken.append(self._queue.get(timeout=wait) if not taken else self._queue.get_nowait())
            except Empty:
                break
        if not taken and self._error is not None and self._queue.empty():
            raise self._error
        return taken

    @property
    def ended(self) -> bool:
        """Whether everything was read, and taken."""
        return not self._thread.is_alive() and self._queue.empty()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                batch = self._source.read(self._most, _WAIT)
                if batch is not None:
                    self._put(batch)
                elif self._once and not self._source.unread():
                    return
        except Exception as error:  # noqa: BLE001 - told where batches are taken
            self._error = error

    def _put(self, batch: Batch) -> None:
        while not self._stop.is_set():
            try:
                return self._queue.put(batch, timeout=_WAIT)
            except Full:
                continue
