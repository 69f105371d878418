"""Text that strangers wrote, made fit to be shown: a title is never markup, whatever its seller typed."""

from __future__ import annotations

import html
import re

# In Markdown a backslash escapes any ASCII punctuation; that settles everything the parser reads.
_PUNCTUATION = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")
# Some rewriting happens after parsing (web addresses, `:emoji:`, `->`): an invisible word joiner stops it.
_REWRITTEN = re.compile(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)|(?<=[-<>=!~+])(?=[-<>=])", re.IGNORECASE)
_JOINER = "\u2060"
# Characters that turn the reading direction of what follows them: a title could disguise the page with them.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """One line of text, white space collapsed, direction overrides removed; not yet escaped."""
    return " ".join(_DIRECTION.sub("", text).split())


def as_markdown(text: str) -> str:
    """`text` as Markdown that shows exactly `text`: for labels, links and captions of Streamlit elements."""
    escaped = (_PUNCTUATION.sub(r"\\\1", piece) for piece in _REWRITTEN.split(plain(text)))
    return _JOINER.join(escaped)


def as_html(text: str) -> str:
    """`text` as HTML that shows exactly `text`, between tags or inside a quoted attribute."""
    return html.escape(plain(text), quote=True)
