"""How the queue of Review works: the order in which cases come, control cases, second reviews."""

from __future__ import annotations

import streamlit as st

from mmquality.errors import MMQualityError
from mmquality.pages import links, session, verdicts
from mmquality.pages.filters import Filters
from mmquality.pages.widgets import choice
from mmquality.pages.wording import percent
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.settings import CatalogueSettings, change_settings
from mmquality.records import Role
from mmquality.store import Order

ORDERS = {
    "Worst first": Order.WORST,
    "Most uncertain first": Order.UNCERTAIN,
    "Most varied first": Order.VARIED,
    "Newest import first": Order.NEWEST,
    links.DISAGREEMENTS: Order.DISPUTES,
}
_SHARES = (0.0, 0.02, 0.05, 0.1, 0.2)


def settings(catalogue: Catalogue, filters: Filters, now: CatalogueSettings) -> Order:
    """What the queue is worked by; gives the order in which cases come."""
    order = ORDERS[choice("Hand out", list(ORDERS), "order", 260)]
    _share(
        catalogue, "Control cases", "control_share", now,
        "Drawn at random from the whole catalogue and not marked. They alone tell how many mismatches the "
        "ranking misses.",
    )  # fmt: skip
    _share(
        catalogue, "Second reviews", "second_share", now,
        "Of the cases judged, how many somebody else judges, too, without seeing the first verdict. They "
        "tell how well analysts agree.",
    )  # fmt: skip
    st.page_link(
        links.RANKING, label="Choose what is reviewed, in the ranking", icon=":material/filter_alt:",
        query_params=filters.params(),
    )  # fmt: skip
    return order


def _share(catalogue: Catalogue, label: str, name: str, settings: CatalogueSettings, means: str) -> None:
    """One of the shares that everybody who reviews this catalogue goes by."""
    share, key = getattr(settings, name), name.replace("_", "-")
    st.select_slider(
        label, sorted({*_SHARES, share}), value=share, format_func=percent, key=key, on_change=_set_share,
        args=(catalogue, name, key), help=f"{means} For everybody who reviews this catalogue.",
    )  # fmt: skip


def _set_share(catalogue: Catalogue, name: str, key: str) -> None:
    try:
        session.visitor().must_be(Role.ADMIN, "Changing how the queue works")
    except MMQualityError as error:
        verdicts.say(":material/error:", str(error))
        return
    change_settings(catalogue.workspace, **{name: float(st.session_state[key])})
