"""rank, neighbours, label, export, models: what a workspace holds, without the dashboard."""

from __future__ import annotations

import getpass
import os
from dataclasses import asdict
from pathlib import Path

import click

from mmquality.cli import options
from mmquality.cli.terminal import print_json, print_table
from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.records import RankedListing, Reason, Space, Verdict
from mmquality.store import RankingQuery, Store, export_labels


@click.command()
@options.workspace
@click.option("--top", default=20, show_default=True, type=click.IntRange(1), help="How many listings.")
@options.as_json
def rank(workspace: Workspace, top: int, as_json: bool) -> None:
    """List the worst listings first."""
    store = _store(workspace)
    version = store.current_version()
    if version is None:
        raise WorkspaceError(f"No model has been published in {workspace.root}. Run `mmquality build` first.")
    page = store.ranking_page(RankingQuery(), 1, top)
    if as_json:
        print_json({"version": version.name, "listings": [_ranked(row) for row in page.rows]})
        return
    rows = [
        [r.rank, r.score, r.listing.listing_id, r.label.verdict if r.label else "", r.listing.title]
        for r in page.rows
    ]
    print_table(["rank", "score", "listing", "label", "title"], rows)


def _ranked(row: RankedListing) -> dict[str, object]:
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
    """List a listing's nearest neighbours (distance: 0 = same, 2 = opposite)."""
    from mmquality.pipeline.reading import Catalogue

    catalogue = Catalogue(workspace)
    found = catalogue.neighbours(listing_id, Space(space), k)
    if as_json:
        print_json({"listing_id": listing_id, "space": space, "neighbours": [asdict(n) for n in found]})
        return
    listings = catalogue.store.listings_by_id([n.listing_id for n in found])
    rows = [
        [n.position, n.distance, n.title_similarity, n.listing_id, listings[n.listing_id].title]
        for n in found
        if n.listing_id in listings
    ]
    print_table(["nearest", "distance", "title similarity", "listing", "title"], rows)


@click.command()
@click.argument("listing_id")
@options.workspace
@click.option(
    "--verdict", type=click.Choice([str(v) for v in Verdict]), required=True, help="What you say of it."
)
@click.option("--reason", type=click.Choice([str(r) for r in Reason]), help="Why; a mismatch needs one.")
@click.option("--note", default="", help="Anything worth remembering.")
@click.option("--analyst", envvar="MMQ_ANALYST", help="Who says so (or MMQ_ANALYST; by default, your login).")
def label(
    workspace: Workspace, listing_id: str, verdict: str, reason: str | None, note: str, analyst: str | None
) -> None:
    """Label a listing."""
    who = analyst or os.environ.get("USER") or getpass.getuser()
    said = _store(workspace).add_label(
        listing_id, Verdict(verdict), Reason(reason) if reason else None, note, who
    )
    click.echo(f"{said.listing_id}: {said.verdict}, by {said.analyst}.")


@click.command()
@options.workspace
@options.file("--out", "The file to write; .csv, .parquet or .jsonl.", required=True)
def export(workspace: Workspace, out: Path) -> None:
    """Write all labels with their provenance to a file."""
    count = export_labels(_store(workspace), out)
    click.echo(f"{count:,} labels written to {out}.")


@click.group()
@options.workspace
@click.pass_context
def models(context: click.Context, workspace: Workspace) -> None:
    """List model versions, put one in force, or go back to the one before."""
    context.obj = _store(workspace)


@models.command("list")
@options.as_json
@click.pass_obj
def list_models(store: Store, as_json: bool) -> None:
    """All published versions, the newest first."""
    current = store.current_version()
    versions = store.versions()
    if as_json:
        print_json({"current": current.name if current else None, "versions": [asdict(v) for v in versions]})
        return
    rows = [
        [v.name, "in force" if current and v.name == current.name else "", f"{v.created_at:%Y-%m-%d %H:%M}",
         v.listings, v.summary.get("taught_by", "")]
        for v in versions
    ]  # fmt: skip
    print_table(["version", "", "published (UTC)", "listings", "taught by"], rows)


@models.command()
@click.argument("version")
@click.pass_obj
def promote(store: Store, version: str) -> None:
    """Put VERSION in force."""
    store.make_current(version)
    click.echo(f"Model {version} is in force.")


@models.command()
@click.pass_obj
def rollback(store: Store) -> None:
    """Put the version published before the one in force in force again."""
    current = store.current_version()
    versions = [v.name for v in store.versions()]
    before = versions[versions.index(current.name) + 1 :] if current else []
    if not before:
        raise WorkspaceError("There is no earlier version to go back to; see `mmquality models list`.")
    store.make_current(before[0])
    click.echo(f"Model {before[0]} is in force again.")


def _store(workspace: Workspace) -> Store:
    return Store.open(workspace.database_url, create=False)
