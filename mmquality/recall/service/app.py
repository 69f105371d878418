"""The service: two questions, and what those who run it ask."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request
from fastapi.responses import PlainTextResponse
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.exceptions import HTTPException

from mmquality import __version__
from mmquality.config import RecallConfig
from mmquality.recall.recall import Recall
from mmquality.recall.service.door import Door
from mmquality.recall.service.lanes import Lane
from mmquality.recall.service.problems import Problem, add_handlers, documented
from mmquality.recall.service.schemas import Answer, Health, Options, Versions, form
from mmquality.recall.service.sent import new_listing

_ALWAYS = (401, 405, 503)
_BEARER = {"WWW-Authenticate": "Bearer"}


def create_app(recall: Recall, config: RecallConfig) -> FastAPI:
    """The ASGI application around an open `recall`, which stays its caller's to close."""
    registry = CollectorRegistry()
    searches = Lane("searches", config.searches, config.waiting)
    encodings = Lane("encodings", 1, config.encodings - 1)
    _gauges(registry, recall, searches, encodings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        searches.close()
        encodings.close()

    app = FastAPI(
        title="mmquality recall", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        description="Similar listings, for one of the catalogue or for a title and a photo.",
    )  # fmt: skip
    app.include_router(_open_to_all(recall))
    known = _known_callers(config.token) if config.token else []
    app.include_router(_questions(recall, config, searches, encodings), dependencies=known)
    app.include_router(_operations(recall, registry), dependencies=known)
    app.add_middleware(Door, config=config, registry=registry)
    add_handlers(app)
    _describe_problems(app)
    return app


def _questions(recall: Recall, config: RecallConfig, searches: Lane, encodings: Lane) -> APIRouter:
    router = APIRouter(tags=["recall"])

    @router.get("/similar/{listing_id:path}", responses=documented(*_ALWAYS, 404, 409, 422))
    async def similar(
        listing_id: Annotated[str, Path(examples=["sample-00351"])], options: Annotated[Options, Query()]
    ) -> Answer:
        """Listings similar to one of the catalogue."""
        return Answer.of(await searches.run(lambda: recall.similar(listing_id, **options.asked())))

    @router.post(
        "/similar",
        responses=documented(*_ALWAYS, 400, 404, 409, 413, 415, 422),
        openapi_extra=form(config.limits),
    )
    async def similar_to(request: Request, options: Annotated[Options, Query()]) -> Answer:
        """Listings similar to one that is not in the catalogue: its title, photo, category, attributes."""
        listing = await new_listing(request, config.limits)
        asked = options.asked() | {"limits": config.limits}
        return Answer.of(await encodings.run(lambda: recall.similar_to(listing, **asked)))

    return router


def _operations(recall: Recall, registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/version", responses=documented(*_ALWAYS))
    async def version() -> Versions:
        """The model that answers."""
        now = recall.version
        return Versions(mmquality=__version__, model=now.name, revision=now.revision, listings=now.ranked)

    @router.get("/metrics", response_class=PlainTextResponse, responses=documented(*_ALWAYS))
    async def metrics() -> PlainTextResponse:
        """Figures for Prometheus."""
        return PlainTextResponse(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _open_to_all(recall: Recall) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/health", responses=documented(405, 503))
    async def health() -> Health:
        """Whether it answers: for whoever starts it anew, without a token."""
        return Health(status="behind" if recall.trouble else "ok")

    return router


def _known_callers(token: str) -> list[Any]:
    """What lets callers through who show the token, and describes that they have to."""
    shown = HTTPBearer(auto_error=False, scheme_name="token", description="MMQ_RECALL_TOKEN")

    async def check(request: Request) -> None:
        given = await shown(request)
        if given is None:
            raise HTTPException(401, "Send the token as Authorization: Bearer.", _BEARER)
        if not hmac.compare_digest(given.credentials.encode(), token.encode()):
            raise HTTPException(
                401, "This token is not the right one; ask whoever runs the service.", _BEARER
            )

    return [Depends(shown), Depends(check)]


def _gauges(registry: CollectorRegistry, recall: Recall, *lanes: Lane) -> None:
    taken = Gauge("mmq_recall_taken", "Work begun or waiting.", ["lane"], registry=registry)
    for lane in lanes:
        taken.labels(lane.name).set_function(partial(getattr, lane, "taken"))
    ranked = Gauge("mmq_recall_listings", "Listings that the model in force ranks.", registry=registry)
    ranked.set_function(lambda: recall.version.ranked)
    behind = Gauge("mmq_recall_behind", "1 where what is in force could not be opened.", registry=registry)
    behind.set_function(lambda: bool(recall.trouble))


def _describe_problems(app: FastAPI) -> None:
    """Put the problem's schema where the routes' descriptions look for it."""
    described = app.openapi()
    described.setdefault("components", {}).setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
