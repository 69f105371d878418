"""The store as a page may use it: reading is for everybody who was let in, everything else for a role.

Every call of a page goes through here, on the server: a button that was not drawn is no way round. What is
not named below is refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

from mmquality.errors import NotAllowedError
from mmquality.pages import access, operators
from mmquality.pages.access import Visitor
from mmquality.records import Drawn, Role
from mmquality.store import Order, Store

READING = frozenset(
    (
        "actors", "analysts", "audit_page", "batch", "catalogue_chunks", "catalogue_frame", "categories",
        "check_writable",
        "arrival_seconds", "current_labels", "current_version", "dead_letters", "disputed", "explanation_for",
        "explanation_use", "facets",
        "faults", "filter_names", "flagged", "ids_of",
        "import_problems", "import_reports", "judged_as", "judged_before", "judged_scores",
        "judged_since", "judged_twice", "judged_unseen", "keep_selection", "known_as",
        "label_counts", "label_events", "label_history", "labelled_among", "labelled_by", "labelled_places",
        "labels_page", "letters_to_retry", "owner", "positions", "read_only",
        "labels_per_day", "last_change", "listing", "listing_count", "listing_ids", "listings_by_id",
        "listings_with_photo", "moved", "photo_stamps", "problem_counts", "rank_neighbour",
        "rank_neighbours", "ranked_groups", "ranked_listing", "ranked_numbers", "ranking_ids",
        "ranking_page", "read_ahead", "reason_counts", "removed", "role_of", "roles", "saved_views",
        "score_histogram", "score_history", "scores_among", "scores_where", "titles", "unscored_count",
        "unknown", "upcoming", "verdicts", "version_scores", "versions", "waiting", "waiting_version",
    )
)  # fmt: skip
ROLES: Mapping[str, tuple[Role, str]] = {
    "add_label": (Role.ANALYST, "Labelling"),
    "add_labels": (Role.ANALYST, "Labelling"),
    "add_explanation": (Role.ANALYST, "Asking the language model"),
    "undo_label": (Role.ANALYST, "Taking a label back"),
    "undo_batch": (Role.ANALYST, "Taking labels back"),
    "next_case": (Role.ANALYST, "Reviewing"),
    "take_up": (Role.ANALYST, "Reviewing"),
    "give_back": (Role.ANALYST, "Reviewing"),
    "save_view": (Role.ANALYST, "Saving a view"),
    "rename_view": (Role.ANALYST, "Renaming a view"),
    "delete_view": (Role.ANALYST, "Deleting a view"),
    "iter_labels": (Role.ANALYST, "Exporting"),
    "iter_audit": (Role.ANALYST, "Exporting"),
    "note": (Role.ANALYST, "Exporting"),
    "import_labels": (Role.ADJUDICATOR, "Importing labels"),
    "settle_letters": (Role.ADMIN, "Settling dead letters"),
    "take_in": (Role.ADMIN, "Importing listings"),
    "save_import_report": (Role.ADJUDICATOR, "Importing labels"),
    "make_current": (Role.ADMIN, "Putting a model in force"),
    "publish": (Role.ADMIN, "Publishing a model"),
    "give_role": (Role.ADMIN, "Giving a role"),
    "take_role": (Role.ADMIN, "Taking a role"),
    "upsert_listings": (Role.ADMIN, "Importing listings"),
    "load_listings": (Role.ADMIN, "Importing listings"),
    "add_arrivals": (Role.ADMIN, "Scoring new listings"),
    "remove_listings": (Role.ADMIN, "Removing listings"),
    "set_click_counts": (Role.ADMIN, "Importing clicks"),
    "claim": (Role.ADMIN, "Claiming the database"),
    "copy_to": (Role.ADMIN, "Copying the database"),
    "close": (Role.ADMIN, "Closing the database"),
}
_BY = ("analyst", "by")  # arguments that name who does it


class Guard:
    """Stands before a store and looks at every call."""

    def __init__(self, store: Store, who: Callable[[], Visitor]) -> None:
        self._store, self._who = store, who

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name in READING:
            return found
        if name not in ROLES:
            raise NotAllowedError(f"Pages do not use {name}; nothing was changed.")

        @wraps(found)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            given = inspect.signature(found).bind(*args, **kwargs).arguments
            self._check(name, given)
            with operators.call(name):
                return found(*args, **kwargs)

        return guarded

    def _check(self, name: str, given: Mapping[str, Any]) -> None:
        visitor = self._who()
        visitor.must_be(*ROLES[name])
        if not visitor.person:
            return
        asked_for = given.get("drawn") is Drawn.DISPUTE or given.get("order") is Order.DISPUTES
        if asked_for or self._settles(given, visitor.person):
            visitor.must_be(Role.ADJUDICATOR, "Settling a disagreement")
        if name in ("undo_label", "undo_batch"):
            whose = self._store.labelled_by(given.get("label_id"), given.get("batch"))
            if whose - {visitor.person}:
                visitor.must_be(Role.ADJUDICATOR, "Taking back what somebody else said")
        if any(given[argument] != visitor.person for argument in _BY if given.get(argument)):
            error = NotAllowedError("This was to be written down under another name; nothing was changed.")
            raise operators.refused(error, visitor.person)

    def _settles(self, given: Mapping[str, Any], person: str) -> bool:
        """Whether this is a verdict on what others disagree about, wherever the listing was opened."""
        if "verdict" not in given:
            return False
        ids = given["listing_ids"] if "listing_ids" in given else [given["listing_id"]]
        histories = map(self._store.label_history, self._store.disputed(ids))
        return any(person not in {past.label.analyst for past in history} for history in histories)


def guarded(store: Store) -> Store:
    """The store for pages: who asks is looked up at every call."""
    return cast(Store, Guard(store, lambda: access.visitor(store)))


def for_this_visit(store: Store) -> Store:
    """The store for work that goes on when nobody's visit stands behind it: who asks is who asks now."""
    if not isinstance(store, Guard):
        return store
    visitor = store._who()
    return cast(Store, Guard(store._store, lambda: visitor))
