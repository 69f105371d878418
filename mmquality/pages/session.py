"""What one visit works with: the catalogue at the model version in force, and the analyst's name."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from urllib.parse import quote, unquote

import streamlit as st
from sqlalchemy import make_url

from mmquality.config import Workspace
from mmquality.errors import NoWorkspaceError, WorkspaceError
from mmquality.pages import access
from mmquality.pages.access import Visitor
from mmquality.pages.guard import guarded
from mmquality.pages.place import workspace
from mmquality.pipeline.reading import Catalogue

ANALYST_KEY = "analyst"
_COOKIE = "mmquality-analyst"
_YEAR = 365 * 24 * 3600  # seconds
SAMPLE = "sample marketplace"


class NothingToShow(Exception):
    """A page has nothing to show yet: what `components.notice` says below the page's heading."""


def default_analyst() -> str:
    """Who labels as long as nobody wrote a name in the sidebar."""
    return os.environ.get("MMQ_ANALYST") or "analyst"


def analyst() -> str:
    """Who labels: whom the sign-in names; where nobody signs in, the name in the sidebar. In each case as the
    workspace spells it (decision 28)."""
    name = access.person() or str(st.session_state.get(ANALYST_KEY) or "").strip() or default_analyst()
    found = find_catalogue()
    return found.store.known_as(name) if found else name


def named_analyst() -> str | None:
    """Who labels, as long as somebody said so: by signing in, in the sidebar, or by `MMQ_ANALYST`."""
    written = str(st.session_state.get(ANALYST_KEY) or "").strip()
    return analyst() if access.person() or os.environ.get("MMQ_ANALYST") or written else None


def visitor() -> Visitor:
    """Who visits, and what they may do."""
    found = find_catalogue() if access.person() else None  # where nobody signs in, nobody is looked up
    return access.visitor(found.store if found else None)


def remembered_analyst() -> str:
    """The name that was written in this browser before."""
    kept = st.context.cookies.get(_COOKIE)
    return unquote(kept) if isinstance(kept, str) else ""


def remember_analyst() -> None:
    """Have the browser remember the name, or forget it where there is none."""
    name = str(st.session_state.get(ANALYST_KEY) or "").strip()
    if name or remembered_analyst():
        kept = f"{_COOKIE}={quote(name, safe='')};path=/;samesite=lax;max-age={_YEAR if name else 0}"
        # Quoted, a name is letters, digits and "%_.-~": it cannot end the text that it is in.
        st.html(f'<script>document.cookie = "{kept}"</script>', unsafe_allow_javascript=True)


def find_catalogue() -> Catalogue | None:
    """The catalogue at the model version in force; `None` where there is none that can be opened."""
    try:
        return _catalogue()
    except WorkspaceError:
        return None


def catalogue() -> Catalogue:
    """The catalogue, for a page that shows scores. Raises `NothingToShow` without listings or a model."""
    found = filled_catalogue()
    if found.version is None:
        raise NothingToShow(
            "No model has been trained yet",
            "The listings are there; their scores are not. Encode, train and score them:",
            f"mmquality encode -w {folder()}\nmmquality train -w {folder()}\n"
            f"mmquality score -w {folder()}\nmmquality index -w {folder()}",
        )
    return found


def filled_catalogue() -> Catalogue:
    """The catalogue, for a page that needs listings only. Raises `NothingToShow` without any."""
    found = any_catalogue()
    if not found.store.listing_count():
        raise NothingToShow(
            "No listings yet", "This workspace is empty. Bring in a catalogue:", first_commands()
        )
    return found


def any_catalogue() -> Catalogue:
    """The catalogue, for a page that can say something about an empty one. Raises `NothingToShow` where there
    is no workspace."""
    try:
        return _catalogue()
    except NoWorkspaceError as error:
        raise NothingToShow("No workspace yet", str(error), first_commands()) from error


def is_sample(found: Catalogue) -> bool:
    """Whether the catalogue is the drawn sample marketplace."""
    return found.version is not None and found.version.summary.get("catalogue") == SAMPLE


def _catalogue() -> Catalogue:
    place = workspace()
    key = (str(place.root), place.database_url, _identity(place.database_url))
    opened = _open(*key, None)
    current = opened.store.current_version()
    if current == opened.version:
        return opened
    if current is None or opened.version is None or current.created_at != opened.version.created_at:
        opened = _open(*key, current.name if current else None)
    if current is not None and opened.version != current:
        opened.follow(current)
    return opened


@st.cache_resource(max_entries=4, show_spinner=False)
def _open(root: str, database_url: str, identity: str, version: str | None) -> Catalogue:
    """One opened catalogue per model version, shared by all visits; its indexes are read once."""
    found = Catalogue(Workspace.at(root, database_url))
    found.store = guarded(found.store)
    found.read_ahead()
    return found


def _identity(database_url: str) -> str:
    """Tells a database file from another one that was later put in its place."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return ""
    try:
        return str(os.stat(url.database).st_ino)
    except OSError:
        return ""


def folder() -> str:
    """The workspace as one would type it: short below the current folder, in full elsewhere."""
    root = workspace().root
    return shlex.quote(str(root.relative_to(Path.cwd()) if root.is_relative_to(Path.cwd()) else root))


def commands(*steps: str) -> str:
    """Command lines for this workspace, one for each step."""
    return "\n".join(f"mmquality {step} -w {folder()}" for step in steps)


def first_commands() -> str:
    """How a workspace comes to be."""
    return (
        f"# your own catalogue\nmmquality build -w {folder()} --listings listings.csv --images photos/\n\n"
        "# or the sample marketplace\nmmquality demo"
    )
