"""Seconds of each stage for a catalogue of any length: what other scripts measured, and how a stage grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log, sqrt
from typing import Any

from mmquality.config import TrainingConfig

MILLION, FIVE, LARGE = 1_000_000, 5_000_000, 100_000_000
MACHINES = 8  # of the example
CORES = 2  # that networks were trained on, one each
Row = dict[str, Any]
Results = Callable[[str], list[Row]]  # the rows of a script; none where it has not measured

# Decision 12, of a million listings on two cores: seconds in which the nearest of 4,000 lists are told, among
# all centres and by a graph of them. In each of two spaces a listing asks twice (in the table, 179 s for 92).
PER_LIST, GRAPH_FROM = 250, 16_384  # listings; lists
AMONG_ALL, BY_GRAPH, ASKED = 11e-6, 55e-6, 2 * 2
# Decision 30: 20 of 32 s are products, of each vector with 300 listings and 64 components in the dimensions
# of three spaces, 384, 1,904 and 896, and with 4,000 centres of 64 numbers, which alone become more (4√n).
CENTRES = 3 * 4_000 * 64
AMONG_CENTRES = 20 / 32 * CENTRES / (CENTRES + (300 + 64) * (384 + 1_904 + 896))


@dataclass(frozen=True)
class Growth:
    """Seconds of a stage, measured up to some size."""

    stage: str
    listings: int
    law: str
    at: Callable[[int], float]  # so many listings
    divided: bool = False  # among machines
    summed: bool = True  # a part of the way from files to a ranking

    def over(self, machines: int) -> float:
        """Seconds for a hundred million."""
        return self.at(LARGE) / (machines if self.divided else 1)


def power(stage: str, points: list[tuple[int, float]], divided: bool = False, summed: bool = True) -> Growth:
    """Through the smallest and the largest size; in proportion where there is one, and at the least.

    What grows slower has a start that does not grow, and of a hundred million nothing else is seen.
    """
    (few, quick), (many, slow) = min(points), max(points)
    exponent = max(log(slow / quick) / log(many / few), 1.0) if many > few else 1.0
    law = "n" if exponent == 1 else f"n^{exponent:.3f}"
    return Growth(stage, many, law, lambda n: slow * float((n / many) ** exponent), divided, summed)


def importing(found: Results) -> Iterator[Growth]:
    """Each way of importing without its start; a floor is a part of one. The first way is a photo for each
    listing, which a catalogue is imported in once; then come its clicks."""
    rows = [row for row in found("importing") if not row["way"].startswith("floor")]
    for way in dict.fromkeys(row["way"] for row in rows):
        of_way = [(_number(r["listings"]), r["seconds"] - r["of it start"]) for r in rows if r["way"] == way]
        yield power(f"import: {way}", of_way, summed=way in ("SQLite, a photo each", "SQLite, clicks"))


def encoding(found: Results) -> Iterator[Growth]:
    """Titles and photos of the slowest catalogue, all that was measured of it at once.

    Fewer of them were measured another way, the quickest of several rounds: that tells of no growth.
    """
    rows = found("encoding")
    for what in dict.fromkeys(row["of"] for row in rows):
        most = {
            row["catalogue"]: row
            for row in sorted(rows, key=lambda row: int(row["listings"]))
            if row["of"] == what
        }
        slowest = max(most.values(), key=lambda row: float(row["ours ms"]))
        point = (slowest["listings"], slowest["ours ms"] * slowest["listings"] / 1e3)
        yield power(f"encode: {what}", [point], divided=True)


def training(found: Results) -> Iterator[Growth]:
    """Inputs, first look, networks, scales. What is the work of scoring is told by the seconds of scoring."""
    rows, of_scoring = (
        found("speed_training"),
        {stage.stage.split(": ")[1]: stage for stage in scoring(found)},
    )
    if rows:
        inputs = [(_number(row["listings"]), row["moments s"] + row["standardise s"]) for row in rows]
        yield power("train: inputs", inputs)
        yield networks(max(rows, key=lambda row: _number(row["listings"])))
    if {"networks", "neighbours", "terms"} <= set(of_scoring):
        yield _of(of_scoring, "train: first look", {"neighbours": 1, "terms": 2})
        yield _of(of_scoring, "train: scales", {"networks": 1 + 2 / 6, "neighbours": 1, "terms": 3})


def networks(measured: Row) -> Growth:
    """The one of everything and those of the folds, a core each, none from more than it may learn from."""
    config, listings = TrainingConfig(), _number(measured["listings"])
    each = (measured["start s"] + config.epochs * measured["epoch s"]) / listings

    def at(n: int) -> float:
        of_fold = min(n * (1 - 1 / config.folds), config.most_listings)
        return float(each * (min(n, config.most_listings) + config.folds * of_fold) / CORES)

    name = f"train: {config.folds + 1} networks, {config.epochs} epochs"
    return Growth(name, listings, f"n, up to {config.most_listings:,} a network", at, divided=True)


def _of(stages: dict[str, Growth], name: str, times: dict[str, float]) -> Growth:
    """Stages of scoring, some of them several times."""
    parts = [(stages[stage], many) for stage, many in times.items()]
    told = " and ".join(f"{many:.2g} × {stage}" for stage, many in times.items())
    least = min(part.listings for part, _ in parts)
    return Growth(name, least, f"as {told}", lambda n: sum(many * part.at(n) for part, many in parts))


def scoring(found: Results) -> Iterator[Growth]:
    """Its columns of seconds are named by their sizes. Bare products are what a stage is held against, texts
    a part of networks, and of a hundred million all indexes are in lists."""
    left_out = ("bare products", "bare products by core", "texts", "indexes")
    for row in (row for row in found("speed") if row["stage"] not in left_out):
        points = [(_number(name[:-2]), value) for name, value in row.items() if name.endswith(" s") and value]
        name = f"score and index: {row['stage']}"
        grown = {"neighbours": neighbours, "indexes in lists": indexes}.get(row["stage"])
        yield grown(name, *max(points)) if grown else power(name, points, divided=row["stage"] == "networks")


def neighbours(name: str, listings: int, seconds: float) -> Growth:
    """Of many lists a graph tells which are near; among all centres that would grow with the square."""

    def lists_told(n: int) -> float:
        lists = n / PER_LIST
        return AMONG_ALL * lists / 4_000 if lists < GRAPH_FROM else BY_GRAPH * log(lists) / log(4_000)

    rest = seconds / listings - ASKED * lists_told(listings)
    law = f"n and n², from {GRAPH_FROM * PER_LIST:,} on n log n"
    return Growth(name, listings, law, lambda n: n * (rest + ASKED * lists_told(n)))


def indexes(name: str, listings: int, seconds: float) -> Growth:
    """A vector is held against all centres, of which there are 4√n; the rest is the same for each."""

    def at(n: int) -> float:
        return seconds * n / listings * (1 + AMONG_CENTRES * (sqrt(n / listings) - 1))

    return Growth(name, listings, f"n, of it {AMONG_CENTRES:.0%} n^1.5", at)


def stages(found: Results) -> list[Growth]:
    """All of them that were measured, in the order of a build."""
    return [stage for of in (importing, encoding, training, scoring) for stage in of(found)]


def seconds_table(found: Results) -> list[Row]:
    """A row for each stage, and one for those that lead from files to a ranking."""
    of_all = stages(found)
    rows = [
        _row(stage.stage, f"{stage.listings:,}", stage.law, *map(stage.at, (MILLION, FIVE, LARGE)))
        for stage in of_all
    ]
    summed = [stage for stage in of_all if stage.summed]
    sums = (sum(stage.at(n) for stage in summed) for n in (MILLION, FIVE, LARGE))
    return [*rows, _row("all of it, once", "", "", *sums)] if rows else []


def _row(stage: str, measured: str, law: str, million: float, five: float, large: float) -> Row:
    return {
        "stage": stage,
        "measured up to": measured,
        "grows with": law,
        "s for a million": round(million),
        "hours for five million": five / 3600,
        "hours for a hundred million": round(large / 3600, 1),
    }


def machines_table(found: Results) -> list[Row]:
    """Hours for a hundred million on one machine and on several, by command."""
    summed = [stage for stage in stages(found) if stage.summed]
    groups = {stage.stage.split(": ")[0]: 0 for stage in summed}
    rows = [_divided(name, [s for s in summed if s.stage.startswith(f"{name}: ")]) for name in groups]
    return [*rows, _divided("all of it, once", summed)] if rows else []


def _divided(name: str, stages: list[Growth]) -> Row:
    return {
        "of a hundred million listings": name,
        "hours, one machine": round(sum(stage.over(1) for stage in stages) / 3600, 1),
        "of it divided": round(sum(stage.over(1) for stage in stages if stage.divided) / 3600, 1),
        f"hours, {MACHINES} machines": round(sum(stage.over(MACHINES) for stage in stages) / 3600, 1),
    }


def _number(told: int | str) -> int:
    return int(str(told).replace(",", ""))
