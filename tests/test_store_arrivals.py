"""Listings that join or leave a published ranking, against a ranking that is numbered anew every time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from catalogues import fill, frame, publish, row
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mmquality.errors import ModelFileError, WorkspaceError
from mmquality.records import Verdict
from mmquality.store import LabelFilter, RankingQuery, Store
from mmquality.store.arrivals import Arrival
from mmquality.store.tables import scores

OWN, LATER = 30, 12


@dataclass
class Oracle:
    """The ranking as a list: score and id, worst first, equal ones as they came."""

    rows: list[tuple[float, str]] = field(default_factory=list)

    def publish(self, scored: dict[str, float]) -> None:
        self.rows = [(score, i) for i, score in sorted(scored.items(), key=lambda one: (-one[1], one[0]))]

    def leave(self, ids: set[str]) -> None:
        self.rows = [(score, i) for score, i in self.rows if i not in ids]

    def arrive(self, scored: dict[str, float]) -> None:
        self.leave(set(scored))
        joined = [*self.rows, *((scored[i], i) for i in sorted(scored))]
        self.rows = sorted(joined, key=lambda one: -one[0])  # stable

    @property
    def ids(self) -> list[str]:
        return [i for _, i in self.rows]


def arrive(store: Store, oracle: Oracle, values: dict[str, float]) -> None:
    """Let those of the waiting listings that have a value join, on both sides."""
    version = store.current_version()
    assert version is not None
    waiting = store.waiting(version.name)
    arrivals = [
        Arrival(no, i, values[i], change)
        for no, i, change in zip(
            waiting["listing_no"].tolist(), waiting["listing_id"], waiting["change_no"].tolist(), strict=True
        )
        if i in values
    ]
    assert store.add_arrivals(version.name, arrivals, version.arrivals + 1) == len(arrivals)
    oracle.arrive({a.listing_id: a.score for a in arrivals})


def changed(number: int, times: int) -> dict[str, object]:
    """The listing of this number with another title."""
    return row(number, title=f"changed {times}", title_hash=f"changed {number} {times}")


def check(store: Store, oracle: Oracle, came: list[str], chance: random.Random) -> None:
    """Whatever the store answers is what the list says; `came` are listings in the order of their import."""
    ids, total = oracle.ids, len(oracle.ids)
    version = store.current_version()
    assert version is not None and version.ranked == total
    size = chance.randint(1, 9)
    for sort in ("rank", "-rank"):
        order = ids if sort == "rank" else ids[::-1]
        for page in range(1, total // size + 2):
            answer = store.ranking_page(RankingQuery(sort=sort), page, size)
            assert answer.total == total
            assert [r.listing.listing_id for r in answer.rows] == order[(page - 1) * size : page * size]
            assert [(r.score, r.listing.listing_id) for r in answer.rows] == [
                oracle.rows[r.rank - 1] for r in answer.rows
            ]
    low, high = sorted((chance.choice([chance.random(), 0.25, 0.5, 0.75]), chance.random()))
    for query in (
        RankingQuery(min_score=low, max_score=high),
        RankingQuery(min_score=low),
        RankingQuery(max_score=high),
        RankingQuery(min_score=low, label=LabelFilter.UNLABELLED),
        RankingQuery(category=("Mugs", ""), min_score=low),
        RankingQuery(text="changed", sort="-rank"),
    ):
        wanted = [
            (n, score, i)
            for n, (score, i) in enumerate(oracle.rows, 1)
            if (query.min_score is None or score >= query.min_score)
            and (query.max_score is None or score <= query.max_score)
        ]
        known = store.listings_by_id(i for _, _, i in wanted)
        labelled = store.verdicts()
        wanted = [
            one
            for one in wanted
            if (not query.category or (known[one[2]].category or "") in query.category)
            and query.text in known[one[2]].title
            and (query.label is None or one[2] not in labelled)
        ]
        found = store.ranking_page(query, 1, OWN + LATER)
        told = [(r.rank, r.score, r.listing.listing_id) for r in found.rows]
        assert told == (wanted if query.sort == "rank" else wanted[::-1])
        assert found.total == len(wanted)
    if total:
        at = chance.randint(1, total)
        ends = [None, *ids, None]
        assert store.rank_neighbours(at) == (ends[at - 1], ends[at + 1])
        assert store.ranked_listing(ids[at - 1]).rank == at
        assert store.score_history(ids[at - 1])[-1][1:] == (oracle.rows[at - 1][0], at)
    assert store.ranking_ids(RankingQuery(sort="imported"), 100) == sorted(ids, key=came.index)
    histogram = store.score_histogram(20)
    assert histogram["count"].tolist() == np.histogram([s for s, _ in oracle.rows], 20, (0, 1))[0].tolist()
    flagged = store.flagged(low)
    assert flagged.listings == sum(score >= low for score, _ in oracle.rows)
    assert flagged.labelled == sum(score >= low and i in store.verdicts() for score, i in oracle.rows)
    (groups,) = store.ranked_groups("category")
    known = store.listings_by_id(ids)
    assert [groups.names[c] for c in groups.codes] == [known[i].category or "" for i in ids]
    assert store.version_scores(version.name)["listing_id"].tolist() == ids


values = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("import"), st.sets(st.integers(0, OWN + LATER - 1), min_size=1, max_size=6)),
        st.tuples(st.just("arrive"), st.sets(st.integers(0, OWN + LATER - 1), min_size=1)),
        st.tuples(st.just("remove"), st.sets(st.integers(0, OWN + LATER - 1), min_size=1, max_size=6)),
        st.tuples(st.just("label"), st.sets(st.integers(0, OWN + LATER - 1), min_size=1, max_size=3)),
    ),
    min_size=3,
    max_size=9,
)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@settings(max_examples=25, deadline=None)
@given(data=st.data(), own=st.lists(values, min_size=OWN, max_size=OWN), done=steps, seed=st.integers(0, 99))
def test_every_answer_is_that_of_a_ranking_numbered_anew(
    bench: Callable[[str], tuple[Store, list[str]]],
    engine: str,
    data: st.DataObject,
    own: list[float],
    done: list,
    seed: int,
) -> None:
    store, came = bench(engine)
    oracle, chance, times = Oracle(), random.Random(seed), 0
    everything = [row(n)["listing_id"] for n in range(OWN + LATER)]
    in_it = set(store.catalogue_frame(["listing_id"])["listing_id"])
    store.remove_listings(in_it - set(everything[:OWN]), "ann")
    store.upsert_listings(frame([row(n) for n in range(OWN)]))
    in_it = set(everything[:OWN])
    came += [i for i in everything[:OWN] if i not in came]
    publish(store, f"v{len(store.versions())}", dict(zip(everything, own, strict=False)))
    oracle.publish(dict(zip(everything, own, strict=False)))
    for what, numbers in done:
        times += 1
        ids = {everything[n] for n in numbers}
        if what == "import":
            store.upsert_listings(frame([changed(n, times + 10 * seed) for n in sorted(numbers)]))
            in_it |= ids
            came += sorted(ids - set(came))
        elif what == "arrive":
            arrive(store, oracle, {i: data.draw(values) for i in sorted(ids)})
        elif what == "remove":
            known = ids & set(store.listings_by_id(ids))
            assert store.remove_listings(known, "ann") == len(known & in_it)
            in_it -= known
            oracle.leave(known)
        else:
            for listing_id in sorted(ids & in_it):
                label = store.add_label(listing_id, Verdict.MATCH, None, "", "ann")
                place = oracle.ids.index(listing_id) + 1 if listing_id in oracle.ids else None
                assert label.rank == place
    check(store, oracle, came, chance)
    assert store.listing_count() == len(in_it)
    assert store.unscored_count() == len(in_it) - len(oracle.rows)


@pytest.fixture(scope="module")
def bench(new_database: Callable[[str], str]) -> Iterator[Callable[[str], tuple[Store, list[str]]]]:
    """One store for each engine, for as many rankings as one likes, and who came into it, in order."""
    opened: dict[str, tuple[Store, list[str]]] = {}

    def store(engine: str) -> tuple[Store, list[str]]:
        if engine not in opened:
            opened[engine] = Store.open(new_database(engine)), []
        return opened[engine]

    yield store
    for one, _ in opened.values():
        one.close()


def two_waiting(store: Store) -> list[Arrival]:
    """A version of five listings, and two that came since."""
    publish(store, "v1", dict.fromkeys(fill(store, 5), 0.5))
    store.upsert_listings(frame([row(5), row(6)]))
    rows = store.waiting("v1")[["listing_no", "listing_id", "change_no"]].itertuples(index=False)
    return [Arrival(number, listing_id, 0.5, change) for number, listing_id, change in rows]


def test_what_changed_or_left_meanwhile_waits_on(store: Store) -> None:
    arrivals = two_waiting(store)
    store.upsert_listings(frame([changed(5, 1)]))
    store.remove_listings(["L006"], "ann")
    assert store.add_arrivals("v1", arrivals, 1) == 0
    assert store.waiting("v1")["listing_id"].tolist() == ["L005"]


def test_arrivals_of_another_version_or_with_bad_scores_change_nothing(store: Store) -> None:
    arrivals = two_waiting(store)
    with pytest.raises(ModelFileError, match="not numbers in 0…1"):
        store.add_arrivals("v1", [Arrival(1, "L000", float("nan"), 1)], 1)
    assert store.add_arrivals("v1", arrivals, 1) == 2
    with pytest.raises(WorkspaceError, match="`mmquality arrive` again"):
        store.add_arrivals("v1", arrivals, 1)  # somebody was quicker
    publish(store, "v2", {"L000": 0.5})
    with pytest.raises(WorkspaceError, match="another model was put in force"):
        store.add_arrivals("v1", arrivals, 2)
    assert store.waiting("v2").empty


def test_a_version_knows_the_catalogue_as_it_was_when_it_was_read(store: Store) -> None:
    ids = fill(store, 3)
    known = store.last_change()
    store.upsert_listings(frame([changed(1, 1)]))
    version = publish(store, "v0", dict.fromkeys(ids, 0.5))
    scored = store.version_scores("v0")[["listing_id", "score"]]
    store.publish(replace(version, name="v1"), scored, changes_known=known)
    assert store.waiting("v0").empty and store.waiting("v1")["listing_id"].tolist() == ["L001"]


def test_rows_that_were_there_are_not_written(store: Store) -> None:
    arrivals = two_waiting(store)
    before = places(store)
    store.add_arrivals("v1", arrivals, 1)
    assert before.items() <= places(store).items()


def places(store: Store) -> dict[int, int]:
    """Where each row of the ranking lies."""
    with store._read() as connection:
        return {no: place for no, place in connection.execute(select(scores.c.listing_no, scores.c.place))}


def test_those_that_arrive_at_one_spot_one_after_the_other_stand_in_order(store: Store) -> None:
    oracle, chance = Oracle(), random.Random(7)
    own = {"L000": 0.9, "L001": 0.5, "L002": 0.1}
    fill(store, 3)
    publish(store, "v1", own)
    oracle.publish(own)
    there = len(own)
    for times in range(22):
        number = chance.choice([there, chance.randrange(there)])  # a new one, or one with another title
        there += number == there
        store.upsert_listings(frame([changed(number, times)]))
        arrive(store, oracle, {f"L{number:03d}": chance.choice([0.5, 0.6, 0.7, chance.random()])})
        page = store.ranking_page(RankingQuery(), 1, 50)
        assert [ranked.listing.listing_id for ranked in page.rows] == oracle.ids
    check(store, oracle, [f"L{number:03d}" for number in range(there)], chance)
