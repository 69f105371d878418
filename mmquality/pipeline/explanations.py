"""A listing and its evidence → a language model → the store: asked once, kept whatever comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mmquality.anywhere import place
from mmquality.config import LLMConfig
from mmquality.data.photos import small_jpeg
from mmquality.errors import ModelFileError, RemovedListingError, UnknownListingError
from mmquality.explaining.question import Question, prompt_version
from mmquality.pipeline.evidence import Evidence
from mmquality.pipeline.label_reasons import label_reasons
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Listing
from mmquality.store import Explanation, Store

_SIDE = 512  # pixels of the photo that goes out
_TITLES = 5  # of listings like it that go out


def explain(
    catalogue: Catalogue, listing_id: str, config: LLMConfig, by: str, again: bool = False
) -> Explanation:
    """Ask about a listing; where this very question was answered before, that answer, unless `again`.

    What came of it is kept, a failure too. Raises `UnknownListingError`, `WorkspaceError` without a model,
    and `PhotoProblem` where the photo is to go out and cannot be read; and as `ask` does.
    """
    listing = catalogue.store.listing(listing_id)
    version = catalogue.published_version().name
    found = None if again else known(catalogue, listing, config)
    return found or ask(
        catalogue.store, listing, question_about(catalogue, listing, config), config, by, version
    )


def known(catalogue: Catalogue, listing: Listing, config: LLMConfig) -> Explanation | None:
    """The answer that this question got before, if it did."""
    question = _bare(catalogue, listing)
    return catalogue.store.explanation_for(listing.listing_id, question.key(config))


def ask(
    store: Store, listing: Listing, question: Question, config: LLMConfig, by: str, version: str
) -> Explanation:
    """Send the question, wait for what comes of it, and keep that.

    Nothing is sent, and nothing paid, where the answer could not be kept, or is of no use: raises
    `WorkspaceError` where the workspace may only be read, `RemovedListingError`.
    """
    from mmquality.explaining.client import ask as ask_endpoint  # here, as openai is an extra

    store.check_writable()
    if store.removed([listing.listing_id]):
        raise RemovedListingError(listing.listing_id)
    reply = ask_endpoint(config, question)
    answer = reply.answer
    told = Explanation(
        listing.listing_id, listing.title_hash, listing.photo_hash, question.key(config), config.host,
        prompt_version(), reply.model or config.model, question.photo is not None, reply.seconds,
        failure=reply.failure, tokens_in=reply.tokens_in, tokens_out=reply.tokens_out,
        cost=config.cost(reply.tokens_in, reply.tokens_out), model_version=version,
        **({} if answer is None else dict(answer)),
    )  # fmt: skip
    return store.add_explanation(told, by)


def question_about(catalogue: Catalogue, listing: Listing, config: LLMConfig) -> Question:
    """What goes out about a listing. Raises as `explain` does."""
    bare = _bare(catalogue, listing)
    if config.images:
        bare = replace(bare, photo=small_jpeg(place(listing.photo_path), _SIDE))
    try:
        evidence = catalogue.evidence(listing.listing_id)
        score = catalogue.store.ranked_listing(listing.listing_id).score
    except (UnknownListingError, ModelFileError):  # not ranked yet: title and photo are there all the same
        return bare
    return replace(bare, score=score, evidence=_told(catalogue.store, evidence))


def _bare(catalogue: Catalogue, listing: Listing) -> Question:
    """What the seller gave, and what may be answered."""
    reasons = label_reasons(catalogue.workspace).offered
    return Question(
        listing.title, listing.photo_hash, listing.category, listing.price, listing.attributes, reasons
    )


def _told(store: Store, found: Evidence) -> dict[str, object]:
    """What the page shows beside a listing, by titles instead of ids."""
    near = [neighbour.listing_id for neighbour in found.photo_looks_like]
    told: dict[str, object] = {
        "words_of_titles_with_photos_like_this": found.looks_like,
        "titles_with_photos_like_this": _titles(store, near),
        "category_of_photos_like_this": found.other_category or "the same",
        "words_of_this_title_that_those_lack": found.asks_for,
        "words_of_this_title_that_those_share": found.shared_words,
        "listings_with_this_photo_and_unrelated_titles": len(found.unrelated_sharers),
        "listings_with_this_photo_and_related_titles": len(found.related_sharers),
        "unrelated_titles_with_this_photo": _titles(store, found.unrelated_sharers),
    }
    if found.clicks is not None:
        shown = {"shown": found.clicks.shown, "clicked": found.clicks.clicks}
        told["clicks"] = {**shown, "expected": round(found.clicks.expected, 1), "means": found.clicks.word}
    return told


def _titles(store: Store, listing_ids: Sequence[str]) -> list[str]:
    titles = store.titles(listing_ids[:_TITLES])
    return [titles[listing_id] for listing_id in listing_ids[:_TITLES] if listing_id in titles]
