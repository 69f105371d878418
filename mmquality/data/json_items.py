"""The items of a JSON array, one after another: a file of a million needs no more memory than one of ten."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from mmquality.data.delimited import LONGEST_LINE
from mmquality.errors import InputFileError

_BLOCK = 1 << 18  # characters
_SPACE = re.compile(r"[ \t\r\n]*")
_decode = json.JSONDecoder().raw_decode


def begins_array(handle: TextIO) -> bool:
    """Whether a text begins as a JSON array does."""
    begin = handle.read(_BLOCK).lstrip()
    return begin.startswith("[")


def array_items(path: Path, handle: TextIO) -> Iterator[Any]:
    """The items of the array that `handle` holds; `path` is named where it is none: `InputFileError`."""
    buffer = _Buffer(path, handle)
    if buffer.next_character() != "[":
        raise InputFileError(f"{path} is no JSON array.")
    buffer.place += 1
    if buffer.next_character() == "]":
        return
    while True:
        yield buffer.item()
        after = buffer.next_character()
        buffer.place += 1
        if after == "]":
            return
        if after != ",":
            raise buffer.damaged("has no comma after it")


class _Buffer:
    """The part of the text that was read and not used yet begins at `place`."""

    def __init__(self, path: Path, handle: TextIO) -> None:
        self.place, self._text, self._items = 0, "", 0
        self._path, self._handle = path, handle

    def next_character(self) -> str:
        """The next one that is not white space, which stays; "" at the end."""
        while True:
            match = _SPACE.match(self._text, self.place)
            self.place = match.end() if match else self.place
            if self.place < len(self._text):
                return self._text[self.place]
            if not self._more():
                return ""

    def item(self) -> Any:
        """The next value, whole."""
        self.next_character()
        while True:
            try:
                found, end = _decode(self._text, self.place)
            except (ValueError, RecursionError) as error:
                if len(self._text) - self.place > LONGEST_LINE or not self._more():
                    raise self.damaged(f"cannot be read ({str(error)[:80]})") from error
                continue
            self.place, self._items = end, self._items + 1
            return found

    def damaged(self, why: str) -> InputFileError:
        return InputFileError(f"{self._path} is damaged: item {self._items + 1} {why}. Write it again.")

    def _more(self) -> bool:
        block = self._handle.read(_BLOCK)
        self._text, self.place = self._text[self.place :] + block, 0
        return bool(block)
