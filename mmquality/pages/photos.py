"""Photos as the browser gets them: small, upright, and never missing without saying so."""

from __future__ import annotations

import base64
import io

import streamlit as st
from streamlit import runtime

from mmquality.anywhere import read_bytes, size_and_stamp
from mmquality.data.photos import PhotoProblem, load_rgb
from mmquality.pages.components import caption
from mmquality.pages.escaping import as_html, plain
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Listing

_LARGE, _LARGER, _SMALL, _CELL = 1600, 640, 256, 96  # longest side in pixels: full photo … table cell
_ORIGINAL = 5_000  # pixels; hardly any photo is larger
_LIGHT = 60_000  # bytes
_ZOOMS = ("Whole photo", "Closer")
_SHOWN_BY_BROWSERS = {  # by how a file begins
    b"\xff\xd8\xff\xe0": "image/jpeg",
    b"\xff\xd8\xff\xe1": "image/jpeg",
    b"\xff\xd8\xff\xdb": "image/jpeg",
    b"\x89PNG": "image/png",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
_MISSING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120">'
    '<rect width="120" height="120" fill="#8883"/>'
    '<text x="60" y="64" font-family="sans-serif" font-size="11" fill="#888" text-anchor="middle">'
    "photo not found</text></svg>"
)
_NOT_FOUND = f"data:image/svg+xml;base64,{base64.b64encode(_MISSING.encode()).decode()}"


def thumbnail(catalogue: Catalogue, listing: Listing, large: bool = False) -> str:
    """A listing's small photo as HTML, as wide as its place, which may be `large`.

    `st.image` would make an element of each, and look into every file with Pillow first.
    """
    content = _jpeg_or_note(listing, _LARGER) if large else _small(catalogue, listing)
    address = _NOT_FOUND if isinstance(content, str) else _served(content, f"{listing.photo_hash} {large}")
    return f'<img src="{as_html(address)}" alt="{as_html(listing.title)}">'


def _served(content: bytes, place: str) -> str:
    """The address of a photo for as long as this visit shows it, relative as links are."""
    kind = _SHOWN_BY_BROWSERS.get(content[:4], "image/jpeg")
    return runtime.get_instance().media_file_mgr.add(content, kind, place).lstrip("/")


def _small(catalogue: Catalogue, listing: Listing) -> bytes | str:
    path = catalogue.thumbnail(listing)
    try:
        content = read_bytes(path) if size_and_stamp(path)[0] <= _LIGHT else b""
    except OSError:
        content = b""
    return content if content[:4] in _SHOWN_BY_BROWSERS else _jpeg_or_note(listing, _SMALL)


def full_photo(listing: Listing) -> None:
    """A listing's photo, large."""
    st.image(_jpeg_or_note(listing, _LARGE), width="stretch", alt=plain(listing.title))


def zoomable_photo(listing: Listing) -> None:
    """A listing's photo, large, and a key that shows it as large as it is."""
    full_photo(listing)
    if st.button("Full size", key="full-size", shortcut="F", icon=":material/zoom_in:", type="tertiary"):
        _full_size(listing)


@st.dialog("The photo at its full size", width="large", icon=":material/zoom_in:")
def _full_size(listing: Listing) -> None:
    size = st.segmented_control(
        "Size", _ZOOMS, default=_ZOOMS[0], required=True, key="zoom", label_visibility="collapsed"
    )
    with st.container(key="zoom-closer" if size == _ZOOMS[1] else "zoom-whole"):
        st.image(_jpeg_or_note(listing, _ORIGINAL), width="stretch", alt=plain(listing.title))
    caption(listing.title)


def cell_photo(catalogue: Catalogue, listing: Listing) -> str | None:
    """A data URI of a very small photo for a table's cell; `None` where the photo is gone."""
    try:
        jpeg = _jpeg(str(catalogue.thumbnail(listing)), listing.photo_hash, _CELL)
    except PhotoProblem:
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _jpeg_or_note(listing: Listing, side: int) -> bytes | str:
    try:
        return _jpeg(listing.photo_path, listing.photo_hash, side)
    except PhotoProblem:
        return _MISSING


@st.cache_data(max_entries=2_000, max_size="200 MB", show_spinner=False)
def _jpeg(path: str, photo_hash: str, side: int) -> bytes:
    """An upright RGB JPEG, which every browser shows, its longer side at most `side`; kept per content."""
    picture = load_rgb(path, side)
    picture.thumbnail((side, side))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=86)
    return stream.getvalue()
