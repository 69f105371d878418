"""What goes in and out over HTTP, with examples."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mmquality.config import ImportLimits
from mmquality.errors import QuestionError
from mmquality.recall.asked import MOST, MOST_CLICKS, MOST_VALUES, SUSPECT, Mismatch, Treatment
from mmquality.recall.recall import Found
from mmquality.records import Space

_Filter = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": r"^[^=]+="})]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Options(BaseModel):
    """The query of both questions."""

    model_config = ConfigDict(extra="forbid")

    k: int = Field(10, ge=1, le=MOST, description="How many listings.")
    space: Space = Field(Space.UNIFIED, description="By which embedding.")
    where: list[_Filter] = Field(
        [],
        max_length=MOST_VALUES,
        description="name=value of an attribute, or of category; the same name again: any of these. "
        "A value that no listing has finds none.",
        examples=[["product_type=lamp", "colour=red", "colour=teal"]],
    )
    mismatch: Treatment | None = Field(
        None, description="Of listings with a mismatch score of `threshold` or more: drop, or show last."
    )
    threshold: float = Field(SUSPECT, ge=0, le=1, description="Goes with `mismatch`, which it needs.")
    diversity: float = Field(0, ge=0, le=1, description="0 = the nearest, 1 = as different as can be.")
    clicks: list[_Id] = Field(
        [],
        max_length=MOST_CLICKS,
        description="What the visitor clicked, the newest last; left out of the answer. Nothing is kept. "
        "Ids that the catalogue does not hold count for nothing.",
    )

    def asked(self) -> dict[str, Any]:
        """As arguments of `Recall`. Raises `QuestionError` for what its type alone does not tell."""
        if self.mismatch is None and "threshold" in self.model_fields_set:
            raise QuestionError("threshold goes with mismatch; send mismatch=drop or mismatch=demote, too.")
        where: dict[str, list[str]] = {}
        for name, equals, value in (given.partition("=") for given in self.where):
            if not (name and equals):
                raise QuestionError("where is attribute=value, as in where=colour=red; send it like that.")
            where.setdefault(name, []).append(value)
        treated = None if self.mismatch is None else Mismatch(self.mismatch, self.threshold)
        return {
            "k": self.k, "space": self.space, "where": where, "mismatch": treated,
            "diversity": self.diversity, "clicks": self.clicks,
        }  # fmt: skip


class SimilarListing(BaseModel):
    """One listing that was found."""

    listing_id: str = Field(examples=["sample-00230"])
    position: int = Field(ge=1, examples=[1])
    distance: float = Field(ge=0, le=2, description="0 = same, 2 = opposite.", examples=[0.41])
    mismatch: float = Field(ge=0, le=1, description="The mismatch score.", examples=[0.03])


class Answer(BaseModel):
    """The listings, the best first, and which model found them."""

    model: str = Field(examples=["v0001"])
    revision: int = Field(ge=0, description="Rises as listings arrive and leave.", examples=[0])
    listings: list[SimilarListing]

    @classmethod
    def of(cls, found: Found) -> Answer:
        """What `Recall` found."""
        listings = [SimilarListing(**vars(one)) for one in found.listings]
        return cls(model=found.version, revision=found.revision, listings=listings)


class Health(BaseModel):
    """Whether the service answers, and from what is in force."""

    status: Literal["ok", "behind"] = Field(
        description="behind: what is in force now could not be opened; the server's log says why."
    )


class Versions(BaseModel):
    """Who answers."""

    mmquality: str = Field(examples=["0.1.0"])
    model: str = Field(examples=["v0001"])
    revision: int = Field(ge=0, examples=[0])
    listings: int = Field(ge=0, examples=[7804])


def form(limits: ImportLimits) -> dict[str, Any]:
    """The description of the body of POST /similar."""
    text = {"type": "string", "maxLength": limits.max_title_characters}
    properties = {
        "title": text | {"minLength": 1, "examples": ["Desk lamp, red shade, E27"]},
        "photo": {
            "type": "string",
            "format": "binary",
            "description": f"At most {limits.max_photo_bytes / 1e6:g} MB.",
        },
        "category": text | {"examples": ["Lamps"]},
        "attributes": {
            "type": "object",
            "additionalProperties": text,
            "description": "As JSON: further columns of a catalogue.",
            "examples": [{"colour": "red"}],
        },
    }
    schema = {"type": "object", "required": ["title", "photo"], "additionalProperties": False}
    encoding = {"attributes": {"contentType": "application/json"}, "photo": {"contentType": "image/*"}}
    content = {"schema": schema | {"properties": properties}, "encoding": encoding}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": content}}}
