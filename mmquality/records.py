"""The vocabulary: the few nouns that every room of mmquality shares."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import chain, zip_longest


class Verdict(StrEnum):
    """What an analyst says of a listing."""

    MISMATCH = "mismatch"
    MATCH = "match"
    UNSURE = "unsure"


class Reason(StrEnum):
    """Why title and photo do not belong together; mandatory for a mismatch, absent for a match."""

    WRONG_PRODUCT = "wrong_product"
    WRONG_VARIANT = "wrong_variant"
    PLACEHOLDER = "placeholder"
    TEXT_OR_LOGO = "text_or_logo"
    ACCESSORY_ONLY = "accessory_only"
    SEVERAL_PRODUCTS = "several_products"
    POOR_PHOTO = "poor_photo"
    TITLE_WRONG = "title_wrong"
    OTHER = "other"


REASONS: Mapping[str, str] = {  # in words, in the order in which they are offered
    Reason.WRONG_PRODUCT: "Wrong product",
    Reason.WRONG_VARIANT: "Wrong variant",
    Reason.PLACEHOLDER: "Placeholder",
    Reason.TEXT_OR_LOGO: "Text or logo",
    Reason.ACCESSORY_ONLY: "Accessory only",
    Reason.SEVERAL_PRODUCTS: "Several products",
    Reason.POOR_PHOTO: "Poor photo",
    Reason.TITLE_WRONG: "Title is wrong",
    Reason.OTHER: "Other",
}


class Drawn(StrEnum):
    """How a case came before the analyst."""

    BROWSED = "browsed"  # opened from a page, chosen by the analyst
    QUEUE = "queue"  # handed out by the queue, by its place in the ranking
    CONTROL = "control"  # handed out by the queue, at random from the whole catalogue: what rates rest on
    SECOND = "second"  # handed out again to somebody who did not see the first verdict
    DISPUTE = "dispute"  # handed out to be settled, with both verdicts of those who disagree
    IMPORTED = "imported"  # given elsewhere, read from a file


class Suggestion(StrEnum):
    """What an analyst made of a language model's suggestion."""

    ACCEPTED = "accepted"  # verdict, reason and note are as they were suggested
    EDITED = "edited"


class Role(StrEnum):
    """Who may do what: each may do what those before it may."""

    VIEWER = "viewer"  # looks on
    ANALYST = "analyst"  # labels, takes own labels back, exports
    ADJUDICATOR = "adjudicator"  # settles disagreements, takes others' labels back, imports labels
    ADMIN = "admin"  # trains, puts models in force, says how the queue works


class Space(StrEnum):
    """The embedding spaces in which neighbours are searched."""

    UNIFIED = "unified"
    TITLE = "title"
    PHOTO = "photo"


def count(number: int, noun: str, plural: str = "") -> str:
    """`3,000 listings`, `1 listing`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size_in_words(size: int) -> str:
    """Bytes as people say them: `648.0 GB`, `12.5 MB`, `3.1 kB`."""
    unit, name = next((u for u in ((1e9, "GB"), (1e6, "MB")) if size >= u[0]), (1e3, "kB"))
    return f"{size / unit:,.1f} {name}"


UNSEEN = -1  # the fold of a listing that a model was not trained on as it now is
FLAGGED = 0.5  # the mismatch score from which on a listing is one to review, unless somebody says otherwise
LEAST_TOLD, MOST_TOLD = 0.001, 0.999  # of shares that are neither 0 nor 1


def percent(share: float) -> str:
    """A share 0…1 as a whole percentage, never rounded up to 100 % or down to 0 % when it is neither."""
    near_an_end = 0.99 < share < 1 or 0 < share < 0.01
    return f"{short_of_the_ends(share):.1%}" if near_an_end else f"{share:.0%}"


def short_of_the_ends(share: float) -> float:
    """A share that a tenth of a percent does not round up to 1 or down to 0 when it is neither."""
    return share if share in (0, 1) else min(max(share, LEAST_TOLD), MOST_TOLD)


_NUMBER = re.compile(r"\d[\d.,]*")
PRODUCT_ATTRIBUTES = ("product_code", "product_id", "item_group_id")


def product_of(attributes: Mapping[str, str]) -> str | None:
    """The product that a listing is a variant of (a colour, a size), where the catalogue names it."""
    return next((attributes[name] for name in PRODUCT_ATTRIBUTES if attributes.get(name)), None)


UNKNOWN, REMOVED = "is not in the catalogue", "was removed from the catalogue"  # reasons, of an id


@dataclass(frozen=True)
class RowProblem:
    """One row of an input file that could not be used, and why.

    `row` counts as a person would in the file: in a CSV the header is row 1, so the first listing is row 2
    (a line of JSON Lines or a row of Parquet counts from 1).
    """

    file: str
    row: int
    column: str
    reason: str
    value: str = ""

    @property
    def words(self) -> str:
        """Column and reason."""
        return f"{self.column}: {self.reason}" if self.column else f"the row {self.reason}"

    @property
    def kind(self) -> str:
        """The same for all problems of a sort: `words`, whose numbers differ by row, with "…" for each."""
        return kind_of(self.words)


def kind_of(words: str) -> str:
    """The `RowProblem.kind` of a problem's words, or of those of `count_kinds`."""
    return _NUMBER.sub("…", words)


def count_kinds(problems: Iterable[RowProblem]) -> dict[str, int]:
    """How often each kind of problem occurred, the most frequent first, each by its words.

    A number is "…" only where it differs within the kind: what every row should be is told as it is.
    """
    numbers: dict[tuple[str, ...], list[str]] = {}
    counts: Counter[tuple[str, ...]] = Counter()
    for words, often in Counter(problem.words for problem in problems).items():
        between, own = tuple(_NUMBER.split(words)), _NUMBER.findall(words)
        before = numbers.get(between, own)
        numbers[between] = [a if a == b else "…" for a, b in zip(before, own, strict=True)]
        counts[between] += often
    told = Counter[str]()
    for between, number in counts.items():
        told["".join(chain.from_iterable(zip_longest(between, numbers[between], fillvalue="")))] += number
    return dict(told.most_common())


@dataclass(frozen=True)
class Listing:
    """A listing as stored: what the seller gave, where its photo lies, and what the click log says."""

    listing_id: str
    title: str
    image: str  # as written in the catalogue file
    photo_path: str  # the photo's file on disk
    title_hash: str  # SHA-256 of the title's UTF-8
    photo_hash: str  # SHA-256 of the photo file's bytes
    category: str | None = None
    price: float | None = None
    seller: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)  # every other column of the catalogue file
    impressions: int = 0
    clicks: int = 0


@dataclass(frozen=True)
class ModelVersion:
    """A model whose scores were published; `name` is also its folder below the workspace's models/."""

    name: str
    created_at: datetime
    listings: int  # that it was published with
    summary: dict[str, object] = field(default_factory=dict)  # settings and metrics worth showing
    arrived: int = 0  # listings that it ranks beside those
    gone: int = 0  # of those, from its ranking: removed, or arrived anew with another title or photo
    revision: int = 0  # rises whenever a listing arrives or leaves
    arrivals: int = 0  # which files hold the vectors of what arrived; 0 = none did

    @property
    def ranked(self) -> int:
        """How many listings it ranks now."""
        return self.listings + self.arrived - self.gone


@dataclass(frozen=True)
class Label:
    """One verdict of one analyst: an append-only event; a listing's newest label is the one that counts."""

    label_id: int
    listing_id: str
    verdict: Verdict
    reason: str | None  # a code: one of `Reason`, or of the workspace's own
    note: str
    analyst: str
    created_at: datetime  # UTC
    model_version: str | None  # what the analyst saw: version, score and rank at that moment
    score: float | None
    rank: int | None
    drawn: Drawn = Drawn.BROWSED
    score_hidden: bool = False  # whether the score was kept from the analyst until the verdict
    batch: str | None = None  # shared by labels that were given together
    threshold: float | None = None  # the score from which on the analyst reviewed; None = all of the ranking
    neighbours: tuple[str, ...] = ()  # ids of the listings that were shown beside it, in their order
    explanation_id: int | None = None  # the language model's suggestion that was taken up, and …
    suggestion: Suggestion | None = None  # … what the analyst made of it


@dataclass(frozen=True)
class GivenLabel:
    """A label that was given elsewhere; None where it is not known when."""

    listing_id: str
    verdict: Verdict
    reason: str | None
    note: str
    analyst: str
    created_at: datetime | None


@dataclass(frozen=True)
class RankedListing:
    """A listing with its place in the ranking of one model version, and its newest label."""

    listing: Listing
    score: float  # mismatch score, 0 (belongs together) … 1 (does not)
    rank: int  # 1 = worst
    label: Label | None = None


@dataclass(frozen=True)
class Neighbour:
    """A listing near another one.

    `distance` is the Euclidean distance of the unit vectors in the searched space: 0 = same, 2 = opposite.
    `title_similarity` is the cosine of the two title embeddings whatever the space.
    """

    listing_id: str
    position: int  # 1 = nearest
    distance: float
    title_similarity: float
