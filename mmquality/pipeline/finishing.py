"""No training is lost to what goes on beside it, or fails after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmquality.config import Workspace
from mmquality.errors import MMQualityError, NotEncodedError, WorkspaceError
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.locking import nobody_encodes
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.pipeline.scored import has_scored

_OFTEN = 10  # imports that one step takes in, each of which ended between its encoding and its reading


def taking_in(workspace: Workspace, step: Callable[[], str], reporter: Reporter | None = None) -> str:
    """What a step that reads the encoded catalogue returns; what was imported meanwhile is encoded first.

    Where another process is encoding it already, the step waits for that one.
    """
    for _ in range(_OFTEN):
        try:
            return step()
        except NotEncodedError:
            (reporter or Silent()).say(
                "Listings were imported meanwhile. They are encoded and taken in, after any process that is "
                "encoding already."
            )
            nobody_encodes(workspace)
            encode(workspace, reporter=reporter)
    return step()


@contextmanager
def finishable(workspace: Workspace, version: str, reporter: Reporter | None = None) -> Iterator[None]:
    """The steps after a training: whatever ends them early, the trained version and the way on are named."""
    try:
        yield
    except MMQualityError as error:
        raise WorkspaceError(f"{error} {_way_on(workspace, version)}") from error
    except BaseException:  # stopped, or a bug
        (reporter or Silent()).say(_way_on(workspace, version))
        raise


def _way_on(workspace: Workspace, version: str) -> str:
    if has_scored(workspace.models / version):
        return f"Model {version} is trained and has scored the catalogue: `mmquality index` puts it in force."
    return f"Model {version} is trained: `mmquality score`, then `mmquality index` put it in force."
