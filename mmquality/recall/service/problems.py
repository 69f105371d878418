"""Errors as RFC 9457 problem details: what happened, in one sentence."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from mmquality.data.photos import PhotoProblem
from mmquality.errors import (
    EncoderError,
    MMQualityError,
    NotLearntError,
    QuestionError,
    UnknownFilterError,
    UnknownListingError,
)
from mmquality.recall.service.lanes import BusyError

MEDIA_TYPE = "application/problem+json"
_STATUS: dict[type[MMQualityError], int] = {  # the first that fits
    UnknownListingError: 404,
    UnknownFilterError: 404,
    NotLearntError: 409,  # the workspace cannot answer this, whoever asks
    EncoderError: 409,
    QuestionError: 422,
    PhotoProblem: 422,
}
_OURS = "Something went wrong here; the server's log says what."
_log = logging.getLogger(__name__)
_A_MOMENT = {"Retry-After": "1"}  # seconds


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The answer to a request that cannot be answered."""
    told = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(told.model_dump(), status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses, for a route's description."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def too_slow(seconds: float) -> JSONResponse:
    """The answer to a request that took too long."""
    return problem(503, f"This took longer than {seconds:g} s and was given up; try again.", _A_MOMENT)


def add_handlers(app: FastAPI) -> None:
    """Turn every error into a problem."""

    @app.exception_handler(MMQualityError)
    def known(_: Request, error: Exception) -> JSONResponse:
        status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 500)
        if status == 500:  # it names places on this machine
            _log.error("%s", error)
        return problem(status, _OURS if status == 500 else str(error))

    @app.exception_handler(BusyError)
    def busy(_: Request, __: Exception) -> JSONResponse:
        return problem(503, "Too many requests are waiting; try again in a moment.", _A_MOMENT)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        said = _sentence(error.detail)
        if error.status_code in (404, 405):  # of the framework: a listing that is not there is ours
            asked = f"{request.method} {request.url.path!r}"
            said = f"There is nothing to {asked}; /openapi.json says what there is."
        return problem(error.status_code, said, headers)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = " ".join(str(part) for part in first["loc"])
        return problem(422, _sentence(f"{where}: {first['msg']}"))

    @app.exception_handler(Exception)
    def unknown(_: Request, __: Exception) -> JSONResponse:
        return problem(500, _OURS)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
