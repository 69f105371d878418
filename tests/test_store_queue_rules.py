"""The queue through any course of events: no case before two, and nobody judges unseen what he has seen."""

from __future__ import annotations

import random
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from catalogues import fill, frame, publish, row
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mmquality.pipeline.label_values import teaching_labels
from mmquality.records import Drawn, Reason, Verdict
from mmquality.store import Case, Order, RankingQuery, Store
from mmquality.store.standing import second_draw

COUNT = 4
IDS = [f"L{n:03d}" for n in range(COUNT)]
people = st.sampled_from(["ann", "bob", "cy"])
words = st.sampled_from(Verdict)


@cache
def template() -> Path:
    """A database with a ranking of a few listings."""
    path = Path(tempfile.mkdtemp(prefix="mmq-queue-")) / "mmquality.db"
    with Store.open(f"sqlite:///{path}") as store:
        fill(store, COUNT)
        publish(store, "v1", {listing_id: 1 - n / COUNT for n, listing_id in enumerate(IDS)})
    return path


@dataclass
class Said:
    """A label, as a person would remember it."""

    label_id: int
    analyst: str
    verdict: Verdict
    drawn: Drawn
    photo: int


class QueueRules(RuleBasedStateMachine):
    """Analysts draw, judge, browse and undo; imports change photos."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        copy = shutil.copy(template(), self._folder.name)
        self.store = Store.open(f"sqlite:///{copy}")
        self.said: dict[str, list[Said]] = {listing_id: [] for listing_id in IDS}  # and not withdrawn
        self.photo = dict.fromkeys(IDS, 0)
        self.holds: dict[str, Case] = {}

    def teardown(self) -> None:
        self.store.close()
        self._folder.cleanup()

    def on_this_content(self, listing_id: str) -> list[Said]:
        """What was said of the listing as it is, where the newest verdict is of that."""
        said = self.said[listing_id]
        return [s for s in said if s.photo == said[-1].photo] if self.judged(listing_id) else []

    def judged(self, listing_id: str) -> bool:
        said = self.said[listing_id]
        return bool(said) and said[-1].photo == self.photo[listing_id]

    @rule(who=people, order=st.sampled_from(Order), share=st.sampled_from([0, 0.5, 1]), control=st.booleans())
    def draw(self, who: str, order: Order, share: float, control: bool) -> None:
        before = self.holds.pop(who, None)
        case = self.store.next_case(
            who, RankingQuery(), float(control), second_share=share, order=order, rng=random.Random(1)
        )
        if case is None:
            taken = {held.listing_id for held in self.holds.values()}
            assert order is Order.DISPUTES or all(map(self.judged, set(IDS) - taken))
            return
        assert case.listing_id not in {held.listing_id for held in self.holds.values()}
        said = self.on_this_content(case.listing_id)
        if case.drawn in (Drawn.QUEUE, Drawn.CONTROL):
            assert not said and case.changed == bool(self.said[case.listing_id])
        else:
            assert who not in {s.analyst for s in self.said[case.listing_id]}
        if case.drawn is Drawn.SECOND:
            assert len({s.analyst for s in said}) == 1 and said[-1].verdict is not Verdict.UNSURE
            assert said[-1].drawn in (Drawn.QUEUE, Drawn.CONTROL)
            assert case == before or second_draw(case.listing_id) < share
        if case.drawn is Drawn.DISPUTE:
            assert len({s.verdict for s in said}) > 1
        self.holds[who] = case

    @rule(who=people, verdict=words)
    def judge(self, who: str, verdict: Verdict) -> None:
        if who in self.holds:
            self.label(self.holds[who].listing_id, who, verdict, self.holds[who].drawn)

    @rule(who=people, verdict=words, listing_id=st.sampled_from(IDS))
    def browse(self, who: str, verdict: Verdict, listing_id: str) -> None:
        self.label(listing_id, who, verdict, Drawn.BROWSED)

    def label(self, listing_id: str, who: str, verdict: Verdict, drawn: Drawn) -> None:
        reason = Reason.OTHER if verdict is Verdict.MISMATCH else None
        label = self.store.add_label(listing_id, verdict, reason, "", who, drawn=drawn)
        self.said[listing_id].append(Said(label.label_id, who, verdict, drawn, self.photo[listing_id]))
        self.holds = {name: case for name, case in self.holds.items() if case.listing_id != listing_id}

    @rule(listing_id=st.sampled_from(IDS), last=st.booleans())
    def undo(self, listing_id: str, last: bool) -> None:
        if self.said[listing_id]:
            self.store.undo_label(self.said[listing_id].pop(-1 if last else 0).label_id, "ann")

    @rule(number=st.integers(0, COUNT - 1))
    def another_photo(self, number: int) -> None:
        now = self.photo[IDS[number]] = 1 - self.photo[IDS[number]]
        self.store.upsert_listings(frame([row(number, **{"photo_hash": "another"} if now else {})]))

    @invariant()
    def only_what_nobody_disputes_teaches(self) -> None:
        teaching = set(teaching_labels(self.store)["listing_id"])
        assert teaching == {listing_id for listing_id in IDS if self.teaches(listing_id)}

    def teaches(self, listing_id: str) -> bool:
        said = self.on_this_content(listing_id)
        return bool(said) and said[-1].verdict is not Verdict.UNSURE and settled(said)


def settled(said: list[Said]) -> bool:
    """Whether those agree who spoke since somebody else judged what others disagreed on."""
    begin = 0
    for n in range(1, len(said)):
        if not of_one_mind(said[begin:n]) and said[n].analyst not in opinions(said[begin:n]):
            begin = n
    return of_one_mind(said[begin:])


def of_one_mind(said: list[Said]) -> bool:
    return len(set(opinions(said).values())) == 1


def opinions(said: list[Said]) -> dict[str, Verdict]:
    """Everybody's last word, but for those who were unsure before somebody was sure."""
    last = {s.analyst: (n, s.verdict) for n, s in enumerate(said)}
    sure = max((n for n, s in enumerate(said) if s.verdict is not Verdict.UNSURE), default=-1)
    return {who: word for who, (n, word) in last.items() if word is not Verdict.UNSURE or n > sure}


QueueRules.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestQueueRules = QueueRules.TestCase
