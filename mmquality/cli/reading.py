"""rank and neighbours: what a workspace's model found, without the dashboard."""

from __future__ import annotations

import math
from dataclasses import asdict

import click

from mmquality.cli import options
from mmquality.cli.suggesting import suggesting_ids
from mmquality.cli.terminal import print_json, print_table
from mmquality.config import Workspace
from mmquality.pipeline.reading import Catalogue
from mmquality.records import RankedListing, Space, percent
from mmquality.store import RankingQuery, Store

_PAGE = 1_000  # listings read at a time


@click.command()
@options.workspace
@click.option("--top", default=20, show_default=True, type=click.IntRange(1), help="How many listings.")
@options.as_json
def rank(workspace: Workspace, top: int, as_json: bool) -> None:
    """List the worst listings first."""
    with Catalogue(workspace) as catalogue:
        version = catalogue.published_version()
        worst = _worst(catalogue.store, top)
        unscored = catalogue.store.unscored_count()
    if as_json:
        print_json({"version": version.name, "listings": [_as_json(row) for row in worst]})
        return
    rows = [
        [r.rank, percent(r.score), r.listing.listing_id, r.label.verdict if r.label else "", r.listing.title]
        for r in worst
    ]
    print_table(["rank", "score", "listing", "label", "title"], rows)
    if unscored:
        click.echo(
            f"Listings without a score in {version.name}: {unscored:,}. Run encode, then arrive, for them.",
            err=True,
        )


@click.command()
@click.argument("listing_id")
@options.workspace
@click.option(
    "--space",
    type=click.Choice([str(space) for space in Space]),
    default=str(Space.UNIFIED),
    show_default=True,
    help="Where to search.",
)
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="How many neighbours.")
@options.as_json
def neighbours(workspace: Workspace, listing_id: str, space: str, k: int, as_json: bool) -> None:
    """List a listing's nearest neighbours.

    Distances go from 0 (the same) to 2 (opposite).
    """
    with Catalogue(workspace) as catalogue:
        with suggesting_ids(catalogue.store, listing_id):
            found = catalogue.neighbours(listing_id, Space(space), k)
        listings = catalogue.store.listings_by_id([n.listing_id for n in found])
    if as_json:
        print_json({"listing_id": listing_id, "space": space, "neighbours": [asdict(n) for n in found]})
        return
    rows = [
        [n.position, n.distance, n.title_similarity, n.listing_id, listings[n.listing_id].title]
        for n in found
        if n.listing_id in listings
    ]
    print_table(["nearest", "distance", "title similarity", "listing", "title"], rows)


def _worst(store: Store, top: int) -> list[RankedListing]:
    rows: list[RankedListing] = []
    size = min(top, _PAGE)
    for page in range(1, math.ceil(top / size) + 1):
        found = store.ranking_page(RankingQuery(), page, size).rows
        rows += found
        if len(found) < size:
            break
    return rows[:top]


def _as_json(row: RankedListing) -> dict[str, object]:
    listing = row.listing
    return {
        "rank": row.rank,
        "score": row.score,
        "listing_id": listing.listing_id,
        "title": listing.title,
        "category": listing.category,
        "image": listing.image,
        "verdict": row.label.verdict if row.label else None,
    }
