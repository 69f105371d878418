"""How text is searched: the same answer on both engines, whatever their idea of upper and lower case."""

from __future__ import annotations

import json
import unicodedata

import orjson
from sqlalchemy import ColumnElement, and_

from mmquality.errors import MMQualityError

_MOST_WORDS = 100


def folded(text: str) -> str:
    """The text as it is compared: Unicode NFC, without case."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def words(text: str) -> list[str]:
    """The different words to look for, folded. Raises `MMQualityError` when there are more than a hundred."""
    found = list(dict.fromkeys(folded(text).split()))
    if len(found) > _MOST_WORDS:
        raise MMQualityError(f"The search text has {len(found)} words; use at most {_MOST_WORDS}.")
    return found


def contains_every_word(column: ColumnElement[str], text: str) -> ColumnElement[bool] | None:
    """Whether the (folded) column holds every word of `text` somewhere; None when there is no word."""
    needed = words(text)
    if not needed:
        return None
    return and_(*(column.contains(word, autoescape=True) for word in needed))


def storable(text: str) -> str:
    """The text with the replacement character for what a database cannot hold: NUL and lone surrogates."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    return text.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def all_storable(texts: list[str | None]) -> list[str | None]:
    """`storable` of each text, quickly where all of them are: as nearly always."""
    together = "".join(filter(None, texts))
    if "\0" not in together and (together.isascii() or _encodable(together)):
        return texts
    return [None if text is None else storable(text) for text in texts]


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def as_json(value: object) -> str:
    """The value as JSON text that a database can hold."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # lone surrogates
        return storable(json.dumps(value, ensure_ascii=False))
