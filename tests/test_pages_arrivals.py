"""Pages that were open before show what arrived since, and miss what was removed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from dashboard import button, card_titles, opened, store_of, texts
from workspaces import Fixture

from mmquality.index import NeighbourIndex
from mmquality.pages.wording import VERDICTS
from mmquality.pipeline.arrivals import ArrivedVectors
from mmquality.pipeline.ground import Standing
from mmquality.pipeline.places import arrivals_path, index_path
from mmquality.records import Space, Verdict
from mmquality.store import Arrival, DeadLetter, Intake, LetterState, Store

TITLE = "A lamp that came this morning"


def test_a_page_shows_what_arrived_and_misses_what_was_removed(fresh: Fixture) -> None:
    app = opened("overview")
    assert "arrived since" not in texts(app)
    with store_of(fresh) as store:
        _arrive(fresh, store)
    assert "1 arrived since; the next full score weighs them with the rest" in texts(opened("overview"))
    assert card_titles(opened("ranking"))[0] == TITLE
    assert TITLE in card_titles(opened("listing", id="L012"))  # its neighbour
    assert "Rank 1 of 61" in texts(opened("listing", id="later"))
    with store_of(fresh) as store:
        store.remove_listings(["later", "L011"], "ann")
    assert TITLE not in card_titles(opened("ranking"))
    assert TITLE not in card_titles(opened("listing", id="L012"))
    removed = opened("listing", id="later")
    assert "was removed from the catalogue" in texts(removed)
    assert button(opened("listing", id="L012"), VERDICTS[Verdict.MATCH])
    assert VERDICTS[Verdict.MATCH] not in [b.label for b in removed.button]
    audit = opened("labels", show="audit").dataframe[0].value
    assert audit["kind"].tolist()[:2] == ["Listing removed"] * 2


def test_what_arrived_lately_is_a_filter(fresh: Fixture) -> None:
    with store_of(fresh) as store:
        _arrive(fresh, store)
    app = opened("ranking", arrived="in the last hour")
    assert card_titles(app) == [TITLE] and "arrived in the last hour" in [b.label for b in app.button]
    assert len(card_titles(opened("ranking", arrived="whenever"))) > 1


def test_letters_are_tried_again_and_dismissed_on_the_import_report(fresh: Fixture) -> None:
    assert "From watchers" not in texts(opened("imports"))
    letters = [DeadLetter("folder /drop", f"a.jsonl, row {n}", "title is empty", "{}") for n in (1, 2)]
    with store_of(fresh) as store:
        store.take_in(Intake("folder /drop", pd.DataFrame(), letters=letters), "watch")
    app = opened("imports")
    assert ("stands below" in texts(app)) == ("Every row was used" in texts(app))
    assert app.dataframe[-1].value["place"].tolist() == ["a.jsonl, row 2", "a.jsonl, row 1"]
    button(app, "Try again: all").click().run()
    assert "From watchers" not in texts(app)
    with store_of(fresh) as store:
        assert len(store.letters_to_retry(10)[0]) == 2
        store.take_in(Intake("folder /drop", pd.DataFrame(), letters=letters[:1]), "watch")
    button(opened("imports"), "Dismiss: all").click().run()
    with store_of(fresh) as store:
        assert store.dead_letters().total == 0 and store.dead_letters(LetterState.DISMISSED).total == 3


def _arrive(fresh: Fixture, store: Store) -> None:
    """A listing with the vectors of L012 joins the ranking as its worst."""
    version = store.current_version()
    assert version is not None
    like = store.listing("L012")
    stored = {name: getattr(like, name) for name in ("category", "price", "seller", "attributes", "image")}
    stored |= {"photo_path": like.photo_path, "photo_hash": like.photo_hash, "title_hash": "later"}
    row = {"listing_id": "later", "title": TITLE, **stored, "photo_size": 1, "photo_mtime_ns": 1}
    store.upsert_listings(pd.DataFrame([row]).astype({"price": "Float64"}))
    spaces = {}
    for space in Space:
        own = NeighbourIndex.load(index_path(fresh.workspace, version.name, space))
        spaces[space] = NeighbourIndex.build(own.vectors(["L012"]), ["later"])
    ground = Standing(spaces[Space.TITLE], spaces[Space.PHOTO], np.ones(1))
    ArrivedVectors(spaces, ground).save(arrivals_path(fresh.workspace, version.name, 1), [1])
    waiting = store.waiting(version.name).iloc[0]
    arrival = Arrival(int(waiting["listing_no"]), "later", 1.0, int(waiting["change_no"]))
    assert store.add_arrivals(version.name, [arrival], 1) == 1
