"""What a language model is asked: one listing as data, the reasons there are; nothing of people."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from mmquality.config import LLMConfig
from mmquality.explaining.text import clean

_LONGEST_TITLE, _LONGEST_TEXT = 500, 200  # characters
_MOST_ATTRIBUTES = 20
_OF_PEOPLE = re.compile(
    "seller|vendor|merchant|shop|store|user|customer|owner|contact|mail|phone|address|account", re.IGNORECASE
)
_ELSEWHERE = re.compile(r"://|@")  # an address, of a page or of a person


@dataclass(frozen=True)
class Question:
    """One listing, and what is known of it. `evidence` holds texts, numbers, lists and mappings of them."""

    title: str
    photo_hash: str
    category: str | None = None
    price: float | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)  # code → words of those that may be given
    score: float | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)
    photo: bytes | None = field(default=None, repr=False)  # a JPEG

    def key(self, config: LLMConfig) -> str:
        """The same for the same listing, model, prompt and reasons: what was asked is not paid twice.

        Score and evidence are not in it; they change a little with every model of ours.
        """
        asked = config.url, config.model, config.images, prompt_version()
        said = self.title, self.photo_hash, self.category, self.price, sorted(self.attributes.items())
        text = json.dumps([*asked, *said, sorted(self.reasons.items())])
        return hashlib.sha256(text.encode()).hexdigest()

    def data(self) -> str:
        """The listing as JSON in which no text can end the element around it."""
        told = {
            "category": self.category,
            "price": self.price,
            "attributes": _described(self.attributes),
            "mismatch_score": None if self.score is None else round(self.score, 3),
            "evidence": self.evidence,
        }
        title = {"title": clean(self.title, _LONGEST_TITLE)}
        text = json.dumps({**title, **_cleaned(told)}, ensure_ascii=False, indent=1)
        return text.replace("<", "\\u003c").replace(">", "\\u003e")

    def held(self, quotes: Sequence[str]) -> tuple[str, ...]:
        """Those of the quotes that go out; where the photo does, they may stand in it."""
        if self.photo is not None:
            return tuple(quotes)
        sent = self.data().casefold()
        return tuple(q for q in quotes if json.dumps(q, ensure_ascii=False)[1:-1].casefold() in sent)

    def messages(self) -> list[dict[str, object]]:
        """As the protocol wants them: what is to be done, then the data."""
        reasons = "\n".join(f"- `{code}`: {words}" for code, words in self.reasons.items())
        asked = f"{_prompt()}\nThe reasons:\n\n{reasons}\n"
        data: object = f"<listing>\n{self.data()}\n</listing>"
        if self.photo is not None:
            address = f"data:image/jpeg;base64,{base64.b64encode(self.photo).decode()}"
            data = [
                {"type": "text", "text": data},
                {"type": "image_url", "image_url": {"url": address}},
            ]
        return [{"role": "system", "content": asked}, {"role": "user", "content": data}]


def prompt_version() -> str:
    """Tells the prompt from every other one."""
    return hashlib.sha256(_prompt().encode()).hexdigest()[:12]


@cache
def _prompt() -> str:
    return files("mmquality.explaining").joinpath("prompt.md").read_text("utf-8")


def _described(attributes: Mapping[str, str]) -> dict[str, str]:
    """Attributes that describe the product, not the people behind it."""
    fit = {
        name: value
        for name, value in attributes.items()
        if value and not _OF_PEOPLE.search(name) and not _ELSEWHERE.search(value)
    }
    return dict(list(fit.items())[:_MOST_ATTRIBUTES])


def _cleaned(told: Mapping[str, object]) -> dict[str, object]:
    """Every text in it, names too, as one short line."""
    return {clean(name, _LONGEST_TEXT): _shortened(value) for name, value in told.items()}


def _shortened(value: object) -> object:
    if isinstance(value, str):
        return clean(value, _LONGEST_TEXT)
    if isinstance(value, Mapping):
        return _cleaned(value)
    return [_shortened(inner) for inner in value] if isinstance(value, Sequence) else value
