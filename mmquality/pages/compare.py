"""Compare: title-only and photo-only recall beside unified recall, for one listing."""

from __future__ import annotations

from mmquality.pages import compare_listing, session
from mmquality.pages.components import header
from mmquality.pipeline.reading import Catalogue


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    header("Compare", "title-only recall beside unified recall")
    compare_listing.show(catalogue)


show(session.catalogue())
