"""What a language model may answer: a verdict, a reason that is offered, one sentence; all else is refused.

A listing can talk a model into anything. So it is the answer that is looked at: nothing but these few fields
is read from it, and nothing in them can be followed, run, or taken for more than a suggestion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationError,
)

from mmquality.errors import ExplanationError
from mmquality.explaining.text import clean
from mmquality.records import Verdict

LONGEST_SENTENCE, _LONGEST_QUOTE, _MOST_QUOTES = 300, 80, 5
_LONGEST_ANSWER = 100_000  # characters; of more, nobody looks for a JSON object
_LINK = re.compile(r"://|\bwww\.|\]\(|</?\w|`|\*\*|\bjavascript:|\bdata:", re.IGNORECASE)


def _in_sight(value: object) -> object:
    return clean(value, _LONGEST_ANSWER) if isinstance(value, str) else value


def _without_links(text: str) -> str:
    if _LINK.search(text):
        raise ValueError("holds a link or markup")
    return text


Words = Annotated[StrictStr, BeforeValidator(_in_sight), AfterValidator(_without_links)]


class Answer(BaseModel):
    """A suggestion, and nothing more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: Verdict
    reason: StrictStr | None = None  # a code
    sentence: Annotated[Words, Field(min_length=1, max_length=LONGEST_SENTENCE)]
    quotes: Annotated[
        tuple[Annotated[Words, Field(max_length=_LONGEST_QUOTE)], ...], Field(max_length=_MOST_QUOTES)
    ] = ()
    instructions: StrictBool = False  # whether the listing tried to tell the model what to answer


def answer_schema(reasons: Iterable[str]) -> dict[str, Any]:
    """The answer's JSON schema, for endpoints that keep to one; lengths are for `read_answer` to see to."""
    text = {"type": "string"}
    properties = {
        "verdict": {"type": "string", "enum": [str(verdict) for verdict in Verdict]},
        "reason": {"anyOf": [{"type": "string", "enum": list(reasons)}, {"type": "null"}]},
        "sentence": text,
        "quotes": {"type": "array", "items": text},
        "instructions": {"type": "boolean"},
    }
    shape = {"type": "object", "properties": properties, "required": list(properties)}
    return {**shape, "additionalProperties": False}


def read_answer(text: str, reasons: Iterable[str]) -> Answer:
    """The answer in what a model wrote; whatever it thought aloud before, or put around it, is passed over.

    Raises `ExplanationError` for one that is not as it should be.
    """
    said = text[:_LONGEST_ANSWER].rpartition("</think>")[2]
    try:
        answer = Answer.model_validate_json(said[said.find("{") : said.rfind("}") + 1])
    except ValidationError as error:
        raise _refused(_first(error)) from error
    if (
        answer.verdict is not Verdict.MISMATCH
    ):  # nothing else has a reason; "other" beside a match is harmless
        return answer.model_copy(update={"reason": None})
    if answer.reason not in set(reasons):
        raise _refused(
            "names no reason that is offered" if answer.reason else "gives no reason for a mismatch"
        )
    return answer


def _first(error: ValidationError) -> str:
    """What is wrong, in our words: the model's own are not to be shown."""
    fault = error.errors(include_url=False, include_input=False)[0]
    where, kind = ".".join(map(str, fault["loc"][:1])), fault["type"]
    if kind == "json_invalid":
        return "is no JSON object"
    if kind == "extra_forbidden":
        return "holds more than was asked for"
    return f"has no usable {where or 'form'} ({fault['msg'].removeprefix('Value error, ')})"


def _refused(why: str) -> ExplanationError:
    return ExplanationError(
        f"The language model's answer {why}, so it is not shown; ask again, or set MMQ_LLM_MODEL to another."
    )
