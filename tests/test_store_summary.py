"""The catalogue in figures, on both engines, against plain loops."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from catalogues import fill, frame, publish, row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from mmquality.records import Drawn, Reason, Verdict
from mmquality.store import Flagged, GroupRate, Groups, Store
from mmquality.store.tables import labels

SCORES = {f"L{n:03d}": n / 20 for n in range(20)}  # L019 is the worst; some scores lie on whole per cents


@pytest.fixture
def ranked(store: Store) -> Store:
    """Twenty scored listings and three that were imported after the model."""
    fill(store, 23)
    publish(store, "v0", dict.fromkeys(SCORES, 0.99))  # an earlier version must not be counted
    publish(store, "v1", SCORES)
    return store


def say(store: Store, listing_id: str, verdict: Verdict, drawn: Drawn = Drawn.BROWSED) -> int:
    """Label a listing; the label's number."""
    reason = Reason.OTHER if verdict is Verdict.MISMATCH else None
    return store.add_label(listing_id, verdict, reason, "", "ann", drawn=drawn).label_id


class TestFlagged:
    @pytest.mark.parametrize("threshold", [0.0, 0.35, 0.5, 0.501, 0.95, 1.0])
    def test_is_what_scores_the_threshold_or_more(self, ranked: Store, threshold: float) -> None:
        said = {
            "L019": Verdict.MISMATCH,
            "L010": Verdict.UNSURE,
            "L002": Verdict.MATCH,
            "L021": Verdict.MATCH,
        }
        for listing_id, verdict in said.items():
            say(ranked, listing_id, verdict)
        ranked.undo_label(say(ranked, "L018", Verdict.MATCH), "ann")
        flagged = {listing_id for listing_id, score in SCORES.items() if score >= threshold}
        found = ranked.flagged(threshold)
        assert found == Flagged(len(flagged), len(flagged & set(said)))
        assert found.left == len(flagged - set(said))

    def test_nothing_without_a_version(self, store: Store) -> None:
        assert store.flagged(0.5) == Flagged(0, 0)


class TestGroups:
    def test_hold_every_ranked_listing(self, ranked: Store) -> None:
        by_category, by_seller = ranked.ranked_groups("category", "seller")
        worst_first = sorted(SCORES, key=lambda i: -SCORES[i])
        catalogue = {i: ranked.listing(i) for i in worst_first}
        assert [by_category.names[c] for c in by_category.codes] == [
            catalogue[i].category or "" for i in worst_first
        ]
        assert [by_seller.names[c] for c in by_seller.codes] == [catalogue[i].seller for i in worst_first]

    def test_follow_the_version_in_force(self, ranked: Store) -> None:
        publish(ranked, "v2", {"L001": 0.1, "L002": 0.9})
        (found,) = ranked.ranked_groups("category")
        assert [found.names[c] for c in found.codes] == ["Mugs", "Cameras"]

    def test_are_none_without_a_version(self, store: Store) -> None:
        fill(store, 3)
        (found,) = store.ranked_groups("seller")
        assert found.most_flagged(3) == [] and not len(found.codes)

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.sampled_from(["", "a", "b", "c", "d"]), min_size=1), st.data())
    def test_those_with_the_most_flagged_come_first(self, by_rank: list[str], data: st.DataObject) -> None:
        names = sorted(set(by_rank))
        flagged, most = data.draw(st.integers(0, len(by_rank))), data.draw(st.integers(1, 6))
        hits, sizes = Counter(by_rank[:flagged]), Counter(by_rank)
        expected = sorted(hits, key=lambda name: (-hits[name], name))[:most]
        codes = np.array([names.index(name) for name in by_rank], dtype=np.int32)
        groups = Groups(names, codes)
        assert groups.most_flagged(flagged, most) == [GroupRate(n, hits[n], sizes[n]) for n in expected]


class TestVerdicts:
    def test_come_with_the_score_that_was_seen(self, ranked: Store) -> None:
        say(ranked, "L019", Verdict.MISMATCH)
        say(ranked, "L004", Verdict.MATCH, Drawn.CONTROL)
        say(ranked, "L005", Verdict.UNSURE, Drawn.CONTROL)
        say(ranked, "L021", Verdict.MATCH)  # not scored: it says nothing of a score
        publish(ranked, "v2", dict.fromkeys(SCORES, 0.5))
        found = ranked.judged_scores().sort_values("score", ignore_index=True)
        assert found.to_dict("list") == {
            "version": ["v1", "v1"],
            "score": [0.2, 0.95],
            "mismatch": [False, True],
            "control": [True, False],
        }

    def test_a_control_case_stays_one_when_it_is_judged_again(self, ranked: Store) -> None:
        say(ranked, "L004", Verdict.MATCH, Drawn.CONTROL)
        say(ranked, "L004", Verdict.MISMATCH)
        found = ranked.judged_scores()
        assert found[["mismatch", "control"]].to_numpy().tolist() == [[True, True]]

    def test_without_verdicts_the_columns_are_there(self, store: Store) -> None:
        found = store.judged_scores()
        assert found.empty and list(found.columns) == ["version", "score", "mismatch", "control"]
        assert found["mismatch"].dtype == bool

    def test_events_change_with_every_label_and_every_undo(self, ranked: Store) -> None:
        seen = {ranked.label_events()}
        number = say(ranked, "L001", Verdict.MATCH)
        seen.add(ranked.label_events())
        ranked.undo_label(number, "ann")
        seen.add(ranked.label_events())
        say(ranked, "L001", Verdict.MATCH)
        seen.add(ranked.label_events())
        assert len(seen) == 4


class TestLabelsPerDay:
    def test_are_counted_by_utc_day_and_analyst(self, ranked: Store) -> None:
        midnight = datetime(2026, 3, 5, tzinfo=UTC)
        given_at = [
            ("ann", midnight - timedelta(days=1, microseconds=1)),  # before the time asked for
            ("ann", midnight - timedelta(microseconds=1)),
            ("ben", midnight),
            ("ann", midnight + timedelta(hours=23, minutes=59)),
            ("ann", midnight + timedelta(hours=3)),
        ]
        for number, (analyst, moment) in enumerate(given_at):
            label = ranked.add_label(f"L{number:03d}", Verdict.MATCH, None, "", analyst)
            _set_time(ranked, label.label_id, moment)
        withdrawn = ranked.add_label("L009", Verdict.MATCH, None, "", "ben").label_id
        _set_time(ranked, withdrawn, midnight)
        ranked.undo_label(withdrawn, "ben")
        found = ranked.labels_per_day(midnight - timedelta(days=1))
        assert list(found.itertuples(index=False, name=None)) == [
            (date(2026, 3, 4), "ann", 1),
            (date(2026, 3, 5), "ann", 2),
            (date(2026, 3, 5), "ben", 1),
        ]

    def test_none_is_an_empty_table(self, store: Store) -> None:
        found = store.labels_per_day(datetime(2026, 1, 1, tzinfo=UTC))
        assert found.empty and list(found.columns) == ["day", "analyst", "labels"]


def test_listings_that_name_no_group_are_one(store: Store) -> None:
    store.upsert_listings(frame([row(0, category=None), row(1, category=""), row(2, category="b")]))
    publish(store, "v1", {"L000": 0.9, "L001": 0.8, "L002": 0.7})
    (found,) = store.ranked_groups("category")
    assert found.most_flagged(3) == [GroupRate("", 2, 2), GroupRate("b", 1, 1)]


def _set_time(store: Store, label_id: int, moment: datetime) -> None:
    with store._write() as connection:
        connection.execute(update(labels).where(labels.c.label_id == label_id).values(created_at=moment))
