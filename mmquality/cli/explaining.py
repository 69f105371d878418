"""explain: a language model's suggestion for a listing."""

from __future__ import annotations

from dataclasses import asdict

import click

from mmquality.cli import options
from mmquality.cli.suggesting import suggesting_ids
from mmquality.cli.terminal import print_json, printable
from mmquality.config import Workspace
from mmquality.errors import ExplanationError, WorkspaceError
from mmquality.explaining.endpoint import endpoint
from mmquality.pipeline.explanations import explain as ask
from mmquality.pipeline.label_reasons import label_reasons
from mmquality.pipeline.people import whoami
from mmquality.pipeline.reading import Catalogue
from mmquality.store import Explanation

_NOT_TOLD = ("question", "title_hash", "photo_hash")


@click.command()
@click.argument("listing_id")
@options.workspace
@click.option("--again", is_flag=True, help="Ask, even if the same was asked and answered before.")
@click.option("--by", envvar="MMQ_ANALYST", help="Who asks (or MMQ_ANALYST; by default, your login).")
@options.as_json
def explain(workspace: Workspace, listing_id: str, again: bool, by: str | None, as_json: bool) -> None:
    """Ask a language model about a listing.

    The one at MMQ_LLM_URL. It suggests a verdict, a reason and a sentence; it labels nothing.
    """
    config = endpoint()
    if config is None:
        raise WorkspaceError(
            "No language model is set up: set MMQ_LLM_URL and MMQ_LLM_MODEL; docs/explanations.md says how."
        )
    with Catalogue(workspace) as catalogue, suggesting_ids(catalogue.store, listing_id):
        said = ask(catalogue, listing_id, config, by or whoami(), again)
    if said.failure:
        raise ExplanationError(said.failure)
    if as_json:
        print_json({name: value for name, value in asdict(said).items() if name not in _NOT_TOLD})
        return
    _print(said, label_reasons(workspace).in_words(said.reason) if said.reason else "")


def _print(said: Explanation, reason: str) -> None:
    told = [f"{said.listing_id}: {' · '.join(filter(None, (str(said.verdict), reason)))}", said.sentence]
    told += [f"Quoted: {'; '.join(said.quotes)}"] if said.quotes else []
    told += ["The listing tries to tell the model what to answer."] if said.instructions else []
    cost = "" if said.cost is None else f", cost {said.cost:.2g}"
    told.append(f"{said.model} at {said.host}, {said.seconds:.1f} s{cost}, asked by {said.analyst}.")
    for line in told:
        click.echo(printable(line))
