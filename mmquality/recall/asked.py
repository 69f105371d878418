"""What is asked of recall: how many, in which space, which ones, in which order; checked once, here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from mmquality.data.values import clean_text
from mmquality.errors import QuestionError
from mmquality.records import Space
from mmquality.store import RankingQuery

MOST, MOST_CLICKS, MOST_VALUES = 1_000, 100, 100  # neighbours, clicks, values of filters in one question
CATEGORY = "category"
SUSPECT = 0.05  # a score: the place of a right listing that is left out goes to the next one (decision 24)


class Treatment(StrEnum):
    """What becomes of neighbours whose mismatch score is high."""

    DROP = "drop"  # others take their places
    DEMOTE = "demote"  # of the nearest, they come last


@dataclass(frozen=True)
class Mismatch:
    """How to treat neighbours with a mismatch score of `threshold` or more, 0 … 1."""

    treatment: Treatment = Treatment.DROP
    threshold: float = SUSPECT


@dataclass(frozen=True)
class Asked:
    """One question.

    :param where: of each named attribute, or "category" ("" = listings without one), any of these values;
        a value that no listing has finds none
    :param diversity: 0 = the nearest, 1 = those that are least like each other; between, both count
    :param clicks: ids that a visitor clicked, the newest last; the answer leaves them out; ids that the
        catalogue does not hold count for nothing
    """

    k: int = 10
    space: Space = Space.UNIFIED
    where: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    mismatch: Mismatch | None = None
    diversity: float = 0.0
    clicks: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raises `QuestionError` for what is out of bounds; NaN is neither in nor out."""
        if not 1 <= self.k <= MOST:
            raise QuestionError(f"k is {self.k}; ask for 1 to {MOST:,} listings.")
        if self.space not in list(Space):
            raise QuestionError(f"There is no space {self.space!r}; ask in {', '.join(Space)}.")
        if not 0 <= self.diversity <= 1:
            raise QuestionError(f"diversity is {self.diversity}; give a number from 0 to 1.")
        if self.mismatch is not None and not 0 <= self.mismatch.threshold <= 1:
            raise QuestionError(
                f"The mismatch threshold is {self.mismatch.threshold}; give a number from 0 to 1."
            )
        if len(self.clicks) > MOST_CLICKS:
            raise QuestionError(f"There are {len(self.clicks)} clicks; give at most the last {MOST_CLICKS}.")
        if sum(len(values) for _, values in self._filters()) > MOST_VALUES:
            raise QuestionError(f"The filters name more than {MOST_VALUES} values; name fewer.")

    @property
    def below(self) -> float:
        """Only listings that score less than this are wanted; infinity where all are."""
        drops = self.mismatch is not None and self.mismatch.treatment is Treatment.DROP
        return self.mismatch.threshold if self.mismatch is not None and drops else float("inf")

    def query(self, version: str) -> RankingQuery:
        """The filters as the store knows them, of a model version."""
        named = {name: tuple(sorted(set(values))) for name, values in self._filters() if values}
        category = tuple(map(clean_text, named.pop(CATEGORY, ())))
        attributes = {name: tuple(" ".join(value.split()) for value in named[name]) for name in sorted(named)}
        return RankingQuery(category=category, attributes=tuple(attributes.items()), version=version)

    def _filters(self) -> list[tuple[str, Sequence[str]]]:
        return [(name, [of] if isinstance(of, str) else of) for name, of in self.where.items()]
