"""Which part of the ranking an analyst is going through: as values, as a database query, as an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
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
    "Newest import first": "-imported",
    "Most shown first": "-impressions",
    "Most clicked first": "-clicks",
    "Price, highest first": "-price",
    "Price, lowest first": "price",
    "Title A–Z": "title",
}

ARRIVED = {  # lately, in the ranking
    "any time": None,
    "in the last hour": timedelta(hours=1),
    "in the last day": timedelta(days=1),
    "in the last week": timedelta(days=7),
}

VIEWS = ("Gallery", "Table")
SIZES = ("Small", "Large")


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
    size: str = "Small"
    where: tuple[str, ...] = ()  # "colour:Red": any of an attribute's values, all of the attributes
    min_price: float | None = None
    max_price: float | None = None
    like: str = ""  # the id of a listing: those nearest to it
    among: str = ""  # the name of a kept selection: its listings alone
    arrived: str = "any time"  # when the listing joined the ranking, a key of `ARRIVED`
    version: str = ""  # the model version whose ranking it is; "" = the one in force

    @property
    def narrowed(self) -> bool:
        """Whether some listings of the ranking are filtered away."""
        default = Filters()
        shown = {name: getattr(default, name) for name in ("sort", "page", "view", "size", "version")}
        return replace(self, q=self.q.strip(), **shown) != default

    @property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        """The values asked for, by attribute."""
        found: dict[str, tuple[str, ...]] = {}
        for name, _, value in (asked.partition(":") for asked in self.where):
            found[name] = (*found.get(name, ()), value)
        return found

    def having(self, name: str, values: Sequence[str]) -> Filters:
        """The same filters with these values of an attribute, none to leave it open; the first page of it."""
        others = [asked for asked in self.where if asked.partition(":")[0] != name]
        return replace(self, where=(*others, *(f"{name}:{value}" for value in values)), page=1)

    def shared(self) -> Filters:
        """What a saved view keeps: everything but the page one happens to be on."""
        return replace(self, page=1)

    def query(self, similar: Sequence[str] | None = None) -> RankingQuery:
        """The same as the store understands it; `similar` are the listings that are `like` one."""
        low, high = self.score
        return RankingQuery(
            category=tuple("" if name == NO_CATEGORY else name for name in self.category),
            min_score=low / 100 if low > 0 else None,
            max_score=high / 100 if high < 100 else None,
            text=self.q,
            label=LABEL_STATES.get(self.label),
            sort=SORTS.get(self.sort, "rank"),
            attributes=tuple(self.attributes.items()),
            min_price=self.min_price,
            max_price=self.max_price,
            listing_ids=None if similar is None else tuple(similar),
            version=self.version or None,
            among=self.among,
            arrived_since=_since(ARRIVED.get(self.arrived)),
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
            size=_known(_last(params, "size", ""), SIZES, default.size),
            where=tuple(dict.fromkeys(asked for asked in params.get("where", ()) if asked.partition(":")[2])),
            min_price=_price(_last(params, "min_price", "")),
            max_price=_price(_last(params, "max_price", "")),
            like=_last(params, "like", ""),
            among=_last(params, "among", ""),
            arrived=_known(_last(params, "arrived", ""), ARRIVED, default.arrived),
            version=_last(params, "version", ""),
        )


def _since(lately: timedelta | None) -> datetime | None:
    """The moment from which on, to the minute: within it a question stays the same question."""
    return None if lately is None else datetime.now(UTC).replace(second=0, microsecond=0) - lately


def _texts(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, tuple) else [str(value)]


def _last(params: Mapping[str, Sequence[str]], name: str, default: str) -> str:
    values = params.get(name)
    return values[-1] if values else default


def _known(value: str, known: Mapping[str, object] | Sequence[str], default: str) -> str:
    return value if value in known else default


def _positive(value: str) -> int:
    return max(int(value), 1) if value.isdecimal() else 1


def _price(value: str) -> float | None:
    try:
        price = float(value)
    except ValueError:
        return None
    return price if 0 <= price < float("inf") else None


def _range(values: Sequence[str]) -> tuple[int, int] | None:
    if len(values) != 2 or not all(value.isdecimal() for value in values):
        return None
    low, high = (min(int(value), 100) for value in values)
    return (low, high) if low <= high else None
