"""A listing's place in the ranking and its score in words: what stands beside the photo."""

from __future__ import annotations

from mmquality.errors import UnknownListingError
from mmquality.pages import reasons
from mmquality.pages.asking import score_histogram
from mmquality.pages.components import histogram
from mmquality.pages.escaping import as_html
from mmquality.pages.wording import percent
from mmquality.pipeline.evidence import Evidence
from mmquality.pipeline.reading import Catalogue
from mmquality.records import RankedListing

_BARS = 50  # of the histogram, each of two per cent


def place(catalogue: Catalogue, listing_id: str) -> RankedListing | None:
    """The listing's place in the ranking; `None` for a listing imported after the model was trained."""
    try:
        return catalogue.store.ranked_listing(listing_id)
    except UnknownListingError:
        return None


def standing(catalogue: Catalogue, ranked: RankedListing, found: Evidence | str) -> str:
    """The score in words, as a place in the catalogue's histogram, and the reason in a sentence."""
    ranked_in_all = catalogue.version.ranked if catalogue.version else 1
    counts = score_histogram(catalogue)["count"].to_numpy().reshape(_BARS, -1).sum(axis=1).tolist()
    better = (ranked_in_all - ranked.rank) / ranked_in_all
    why = "" if isinstance(found, str) else as_html(reasons.why(ranked.score, better, found))
    return (
        f'<div class="mmq-standing"><strong>{percent(ranked.score)}</strong>{histogram(counts, ranked.score)}'
        f"<p>mismatch</p><p>Rank {ranked.rank:,} of {ranked_in_all:,} · more suspicious than "
        f"{percent(better)} of the catalogue</p></div>"
        + (f'<p class="mmq-why"><b>Why it is ranked here</b> {why}</p>' if why else "")
    )
