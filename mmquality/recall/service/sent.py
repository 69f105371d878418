"""A new listing as a form sends it."""

from __future__ import annotations

import json

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from mmquality.config import ImportLimits
from mmquality.errors import QuestionError
from mmquality.recall.newcomer import NewListing

_FIELDS = ("title", "photo", "category", "attributes")
_LONGEST = 1_000_000  # bytes of a field that is no file


async def new_listing(request: Request, limits: ImportLimits) -> NewListing:
    """The listing in a request's form. Raises `QuestionError`, `HTTPException` where it is no form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(415, "Send multipart/form-data: title, photo, and category or attributes.")
    async with request.form(max_files=1, max_fields=len(_FIELDS), max_part_size=_LONGEST) as form:
        _check_names(form)
        photo = form.get("photo")
        if not isinstance(photo, UploadFile):
            raise QuestionError("The form has no file named photo; send one.")
        return NewListing(
            _text(form, "title"), await photo.read(), _text(form, "category"),
            _attributes(_text(form, "attributes"), limits.max_title_characters),
        )  # fmt: skip


def _check_names(form: FormData) -> None:
    names = [name for name, _ in form.multi_items()]
    unknown = sorted(set(names) - set(_FIELDS))
    if unknown:
        raise QuestionError(f"The form has a field {unknown[0]!r}; it may have {', '.join(_FIELDS)}.")
    if twice := [name for name in _FIELDS if names.count(name) > 1]:
        raise QuestionError(f"The form has {twice[0]} more than once; send one.")


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    if not isinstance(value, str):
        raise QuestionError(f"The form's field {name} is a file; send text.")
    return value


def _attributes(text: str, longest: int) -> dict[str, str]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise QuestionError(f"attributes is not JSON ({error}); send an object of texts.") from error
    texts = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
    if not texts or any(len(value) > longest for value in found.values()):
        raise QuestionError(f"attributes is no object of texts of at most {longest:,} characters; send one.")
    return dict(found)
