"""The small pieces that pages are made of; those that return `str` give HTML with its texts escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import streamlit as st

from mmquality.pages.escaping import as_html, as_markdown
from mmquality.pages.wording import percent, verdict
from mmquality.records import Label, Listing

_CODE = re.compile(r"`([^`]+)`")
HEADED = "headed"  # in a visit's state: whether this run has drawn the page's heading


def header(title: str, *facts: str) -> None:
    """The page's heading with a few quiet facts beside it (plain texts); the only one of its level."""
    st.session_state[HEADED] = True
    told = "".join(f"<span>{as_html(fact)}</span>" for fact in facts if fact)
    st.html(f'<header class="mmq-head"><h1>{as_html(title)}</h1><p>{told}</p></header>')


def section(title: str, explanation: str = "") -> None:
    """A heading inside a page with one line that says how to read what follows."""
    told = f"<p>{as_html(explanation)}</p>" if explanation else ""
    st.html(f'<div class="mmq-section"><h2>{as_html(title)}</h2>{told}</div>')


def notice(title: str, body: str, commands: str = "", name: str = "") -> None:
    """An empty state: what is missing and, where a command helps, which one to run.

    `name` tells it from another one on the same page. What is between backticks in `body` is set as code.
    """
    told = _CODE.sub(r"<code>\1</code>", as_html(body))
    with st.container(key=f"notice-{name}" if name else "notice", border=True):
        st.html(f'<div class="mmq-notice"><h2>{as_html(title)}</h2><p>{told}</p></div>')
        if commands:
            st.code(commands, language=None, wrap_lines=True)  # a shell's colours take "import" for a command


def level(score: float) -> str:
    """How alarming a mismatch score is, in three steps; names a colour of the style sheet."""
    return "high" if score >= 0.8 else "middle" if score >= 0.5 else "low"


def score_bar(score: float) -> str:
    """A mismatch score as a bar with its percentage; the colour grows warmer with the score."""
    return (
        f'<div class="mmq-score mmq-{level(score)}" title="Mismatch score">'
        f"{_bar(score)}<b>{percent(score)}</b></div>"
    )


def label_badge(label: Label | None, with_reason: bool = True) -> str:
    """A listing's verdict as a small badge; empty where there is none."""
    if label is None:
        return ""
    words = verdict(label) if with_reason else verdict(label).split(" · ")[0]
    by = as_html(label.analyst)
    return f'<span class="mmq-badge mmq-{label.verdict}" title="by {by}">{as_html(words)}</span>'


def disputed_note() -> str:
    """What it means that analysts disagree."""
    return (
        '<p class="mmq-verdict"><span class="mmq-badge mmq-unsure">Disputed</span><span>Analysts disagree. '
        "The verdict of somebody else settles it; until then it teaches no model.</span></p>"
    )


def distance_bar(name: str, value: float, share: float) -> str:
    """One figure of a neighbour: its name, a thin bar of `share` (0…1) of the width, the number."""
    return f'<div class="mmq-figure"><span>{name}</span>{_bar(share)}<b>{value:.2f}</b></div>'


def title(listing: Listing) -> str:
    """A listing's title as the heading of its page; browser.js knows by the id that another one came."""
    return f'<h2 class="mmq-title" data-listing="{as_html(listing.listing_id)}">{as_html(listing.title)}</h2>'


def chips(listing: Listing) -> str:
    """Category, price and seller of a listing, where known."""
    return "".join(f"<span>{as_html(fact)}</span>" for fact in _facts(listing))


def word_chips(words: Sequence[str], category: str, nothing: str) -> str:
    """Words as chips, then a category where there is one; `nothing` says that there are no words."""
    if not words and not category:
        return f'<p class="mmq-words mmq-none">{as_html(nothing)}</p>'
    chips = "".join(f"<b>{as_html(word)}</b>" for word in words)
    where = f"<span>mostly in {as_html(category)}</span>" if category else ""
    return f'<p class="mmq-words">{chips}{where}</p>'


def attributes(listing: Listing) -> str:
    """Every other column of the catalogue file as a list of terms; empty where there are none."""
    return terms({"Id": listing.listing_id, **listing.attributes})


def terms(named: Mapping[str, object]) -> str:
    """Names and what each of them says or means, one below the other."""
    items = "".join(
        f"<dt>{as_html(name)}</dt><dd>{as_html(str(value))}</dd>" for name, value in named.items()
    )
    return f'<dl class="mmq-attributes">{items}</dl>'


def facts(named: Mapping[str, object]) -> str:
    """Named values side by side."""
    items = "".join(
        f"<div><dt>{as_html(name.replace('_', ' '))}</dt><dd>{as_html(_value(value))}</dd></div>"
        for name, value in named.items()
    )
    return f'<dl class="mmq-facts">{items}</dl>'


def histogram(counts: Sequence[int], score: float) -> str:
    """A tiny histogram of all scores with the bin of `score` marked: where a listing stands."""
    marked = min(int(score * len(counts)), len(counts) - 1)
    most = max(counts, default=0) or 1
    # The root keeps the long tail visible beside the crowd of good listings.
    heights = [max(3, round(100 * (n / most) ** 0.5)) for n in counts]
    classes = ["mmq-here" if i == marked else "" for i in range(len(counts))]
    bars = "".join(
        f'<i class="{name}" style="height:{height}%"></i>'
        for name, height in zip(classes, heights, strict=True)
    )
    return f'<div class="mmq-histogram mmq-{level(score)}" aria-hidden="true">{bars}</div>'


def caption(text: str) -> None:
    """A quiet line of plain text; nothing for an empty one."""
    if text:
        st.caption(as_markdown(text))


def _bar(share: float) -> str:
    return f'<i><i style="width:{100 * min(max(share, 0), 1):.1f}%"></i></i>'


def _value(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _facts(listing: Listing) -> list[str]:
    price = f"price {listing.price:,.2f}" if listing.price is not None else ""
    seller = f"seller {listing.seller}" if listing.seller else ""
    return [fact for fact in (listing.category or "", price, seller) if fact]
