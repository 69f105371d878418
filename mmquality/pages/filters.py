"""Which part of the ranking an analyst is going through: as values, as a database query, as an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from mmquality.store import LabelFilter, RankingQuery

NO_CATEGORY = "(no category)"

LABEL_STATES: dict[str, LabelFilter | None] = {
    "Any label": None,
    "Unlabelled": LabelFilter.UNLABELLED,
    "Labelled": LabelFilter.LABELLED,
    "Mismatch": LabelFilter.MISMATCH,
    "Match": LabelFilter.MATCH,
    "Unsure": LabelFilter.UNSURE,
}

SORTS = {
    "Worst first": "rank",
    "Best first": "-rank",
    "Most shown first": "-impressions",
    "Price, highest first": "-price",
    "Price, lowest first": "price",
    "Title A–Z": "title",
}

VIEWS = ("Gallery", "Table")


@dataclass(frozen=True)
class Filters:
    """The state of the ranking page, named as its query parameters; a default is not written."""

    q: str = ""
    category: tuple[str, ...] = ()
    score: tuple[int, int] = (0, 100)  # percent, both included
    label: str = "Any label"
    sort: str = "Worst first"
    page: int = 1
    view: str = "Gallery"

    @property
    def narrowed(self) -> bool:
        """Whether some listings of the ranking are filtered away."""
        return (
            Filters(q=self.q.strip(), category=self.category, score=self.score, label=self.label) != Filters()
        )

    def query(self) -> RankingQuery:
        """The same as the store understands it."""
        low, high = self.score
        return RankingQuery(
            category=tuple("" if name == NO_CATEGORY else name for name in self.category),
            min_score=low / 100 if low > 0 else None,
            max_score=high / 100 if high < 100 else None,
            text=self.q,
            label=LABEL_STATES.get(self.label),
            sort=SORTS.get(self.sort, "rank"),
        )

    def params(self) -> dict[str, list[str]]:
        """Query parameters of the ranking page; what has its default is left out."""
        default = Filters()
        return {name: _texts(value) for name, value in vars(self).items() if value != getattr(default, name)}

    def address(self) -> str:
        """The query parameters as one text, to be carried along from listing to listing."""
        return urlencode(self.params(), doseq=True)

    @classmethod
    def at(cls, address: str) -> Filters:
        """What `address()` wrote; anything that cannot be understood falls back to its default."""
        return cls.of(parse_qs(address))

    @classmethod
    def of(cls, params: Mapping[str, Sequence[str]]) -> Filters:
        """The filters in query parameters (each name with its list of values)."""
        default = cls()
        return cls(
            q=_last(params, "q", ""),
            category=tuple(params.get("category", ())),
            score=_range(params.get("score", ())) or default.score,
            label=_known(_last(params, "label", ""), LABEL_STATES, default.label),
            sort=_known(_last(params, "sort", ""), SORTS, default.sort),
            page=_positive(_last(params, "page", "1")),
            view=_known(_last(params, "view", ""), VIEWS, default.view),
        )


def _texts(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, tuple) else [str(value)]


def _last(params: Mapping[str, Sequence[str]], name: str, default: str) -> str:
    values = params.get(name)
    return values[-1] if values else default


def _known(value: str, known: Mapping[str, object] | Sequence[str], default: str) -> str:
    return value if value in known else default


def _positive(value: str) -> int:
    return max(int(value), 1) if value.isdecimal() else 1


def _range(values: Sequence[str]) -> tuple[int, int] | None:
    if len(values) != 2 or not all(value.isdecimal() for value in values):
        return None
    low, high = (min(int(value), 100) for value in values)
    return (low, high) if low <= high else None
