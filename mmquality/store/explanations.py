"""What a language model was asked, and what it said: rows that are added, never changed, never deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Double,
    ForeignKey,
    Index,
    RowMapping,
    Table,
    case,
    cast,
    func,
    insert,
    select,
)

from mmquality.errors import MMQualityError, UnknownListingError
from mmquality.records import Suggestion, Verdict
from mmquality.store.database import Database, tell
from mmquality.store.tables import (
    RowNumber,
    StoredText,
    UtcDateTime,
    labels,
    listings,
    metadata,
    model_versions,
)

explanations = Table(
    "explanations",
    metadata,
    Column("explanation_id", RowNumber, primary_key=True),
    Column("listing_no", ForeignKey("listings.listing_no"), nullable=False),
    Column("version_id", ForeignKey("model_versions.version_id")),  # whose score and evidence went out
    Column("analyst", StoredText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("title_hash", StoredText, nullable=False),  # what it was about
    Column("photo_hash", StoredText, nullable=False),
    Column("question", StoredText, nullable=False),  # the same for the same question
    Column("host", StoredText, nullable=False),
    Column("prompt", StoredText, nullable=False),  # its version
    Column("model", StoredText, nullable=False),  # as the endpoint named it
    Column("sentence", StoredText, nullable=False),
    Column("quotes", StoredText, nullable=False),  # a JSON list
    Column("failure", StoredText, nullable=False),  # why there is no answer; "" = there is one
    Column("with_photo", Boolean, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("tokens_in", BigInteger),  # NULL = the endpoint does not say
    Column("tokens_out", BigInteger),
    Column("cost", Double),  # NULL = nobody knows
    Column("verdict", StoredText),
    Column("reason", StoredText),
    Column("instructions", Boolean, nullable=False),
    Index("ix_explanations_listing_no", "listing_no", "explanation_id"),
    Index("ix_explanations_created_at", "created_at"),
    Index("ix_explanations_by", "analyst", "created_at"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class Explanation:
    """One question about a listing and what came of it: a suggestion, or `failure`, in a sentence."""

    listing_id: str
    title_hash: str
    photo_hash: str
    question: str
    host: str
    prompt: str
    model: str
    with_photo: bool
    seconds: float
    verdict: Verdict | None = None
    reason: str | None = None
    sentence: str = ""
    quotes: tuple[str, ...] = ()
    instructions: bool = False  # whether the listing tried to tell the model what to answer
    failure: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None  # in the money of MMQ_LLM_PRICE
    model_version: str | None = None  # of ours, whose score and evidence went out
    analyst: str = ""  # who asked
    created_at: datetime = datetime.min
    explanation_id: int = 0  # 0 = not stored yet


@dataclass(frozen=True)
class ExplanationUse:
    """What became of one language model's suggestions; those that are neither were not used."""

    model: str
    host: str
    asked: int
    failed: int
    accepted: int
    edited: int
    tokens_in: int
    tokens_out: int
    cost: float | None  # None = nobody knows of any
    seconds: float  # that a question takes, on average


class ExplanationStore(Database):
    """The part of the store that keeps what a language model was asked."""

    def add_explanation(self, told: Explanation, by: str) -> Explanation:
        """Keep a question and what came of it. Raises `UnknownListingError`."""
        given = replace(told, analyst=by.strip(), created_at=datetime.now(UTC))
        with self._write() as connection:
            added = insert(explanations).returning(explanations.c.explanation_id)
            number = connection.execute(added, _row(connection, given)).scalar_one()
            facts = {"listing": told.listing_id, "model": told.model, "host": told.host, "analyst": by}
            outcome = {"verdict": told.verdict, "failure": told.failure or None}
            tell(connection, "question", **facts, **outcome, seconds=told.seconds, cost=told.cost)
        return replace(given, explanation_id=number)

    def explanation_for(self, listing_id: str, question: str) -> Explanation | None:
        """The newest answer to this very question; None where there was none yet."""
        query = (
            select(explanations, listings.c.listing_id, model_versions.c.name.label("model_version"))
            .join(listings, listings.c.listing_no == explanations.c.listing_no)
            .outerjoin(model_versions, model_versions.c.version_id == explanations.c.version_id)
            .where(listings.c.listing_id == listing_id, explanations.c.question == question)
            .where(explanations.c.failure == "")
            .order_by(explanations.c.explanation_id.desc())
            .limit(1)
        )
        with self._read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _explanation(row)

    def explanation_use(self) -> list[ExplanationUse]:
        """What became of each language model's suggestions, the most asked first.

        A suggestion that several labels took up counts once, as accepted where one of them left it as it was.
        """
        with self._read() as connection:
            return [ExplanationUse(**row) for row in connection.execute(_USE).mappings()]


_best = func.min(labels.c.suggestion).label("suggestion")  # "accepted" comes before "edited"
_taken = select(labels.c.explanation_id, _best).where(labels.c.explanation_id.is_not(None))
_made = _taken.group_by(labels.c.explanation_id).subquery("made")


def _how_many(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((which, 1)))


def _tokens(name: str) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(explanations.c[name]), 0), BigInteger).label(name)


_USE = (
    select(
        explanations.c.model,
        explanations.c.host,
        func.count().label("asked"),
        _how_many(explanations.c.failure != "").label("failed"),
        *(_how_many(_made.c.suggestion == made.value).label(made.value) for made in Suggestion),
        _tokens("tokens_in"),
        _tokens("tokens_out"),
        func.sum(explanations.c.cost).label("cost"),
        func.avg(explanations.c.seconds).label("seconds"),
    )
    .outerjoin(_made, _made.c.explanation_id == explanations.c.explanation_id)
    .group_by(explanations.c.model, explanations.c.host)
    .order_by(func.count().desc(), explanations.c.model, explanations.c.host)
)


def taken_up(
    connection: Connection, explanation_id: int, listing_no: int, said: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns of a label that say which suggestion its analyst took up, and whether it stayed as it was.

    Raises `MMQualityError` for one that is none, or is about another listing.
    """
    columns = [explanations.c[name] for name in ("verdict", "reason", "sentence")]
    here = (explanations.c.explanation_id == explanation_id) & (explanations.c.listing_no == listing_no)
    query = select(*columns).where(here, explanations.c.failure == "")
    found = connection.execute(query).one_or_none()
    if found is None:
        raise MMQualityError("That suggestion is none for this listing; reload the page and label again.")
    same = tuple(found) == (said["verdict"], said["reason"], said["note"].strip())
    made = Suggestion.ACCEPTED if same else Suggestion.EDITED
    return {"explanation_id": explanation_id, "suggestion": made.value}


_AS_THEY_ARE = tuple(
    column.name for column in explanations.c
    if column.name not in ("explanation_id", "listing_no", "version_id", "quotes")
)  # fmt: skip


def _row(connection: Connection, given: Explanation) -> dict[str, Any]:
    number = select(listings.c.listing_no).where(listings.c.listing_id == given.listing_id)
    listing_no = connection.execute(number).scalar_one_or_none()
    if listing_no is None:
        raise UnknownListingError(f"The catalogue has no listing {given.listing_id!r}; check the id.")
    version = select(model_versions.c.version_id).where(model_versions.c.name == given.model_version)
    told = asdict(given)
    return {
        **{name: told[name] for name in _AS_THEY_ARE},
        "listing_no": listing_no,
        "version_id": connection.execute(version).scalar_one_or_none(),
        "quotes": json.dumps(given.quotes, ensure_ascii=False),
    }


def _explanation(row: RowMapping) -> Explanation:
    said = {name: row[name] for name in (*_AS_THEY_ARE, "explanation_id", "listing_id", "model_version")}
    quotes, verdict = tuple(json.loads(row["quotes"])), Verdict(row["verdict"])
    return Explanation(**{**said, "quotes": quotes, "verdict": verdict})
