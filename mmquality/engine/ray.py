"""Work on blocks as a Ray Data pipeline: as many actors as the cluster has cores for, each with the work.

An actor that dies is started again and its block is done anew: a lost worker costs time, not data. A block
whose actors die four times in a row is given up, as a photo that ends its reader would end every one.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import cache
from itertools import islice
from typing import Any

from mmquality.engine import Block, Result, Tell, Work, nobody
from mmquality.errors import EngineError, MMQualityError

ADDRESS, _TOKEN = "RAY_ADDRESS", "RAY_AUTH_TOKEN"
_KNOCK, _PATIENCE = 10.0, 60.0  # seconds for a machine to answer, and for its cluster
_WINDOW = 256  # blocks in Ray's store at once; actors start anew for the next ones
_RETRIES = 3  # of a block whose actor died


class Ray:
    """The cluster that this process is connected to."""

    def map_blocks(
        self, work: Work[Block, Result], blocks: Iterable[Block], tell: Tell = nobody, threads: int = 1
    ) -> Iterator[Result]:
        """`work` of every block; some are done ahead of the reader."""
        waiting = iter(blocks)
        while window := list(islice(waiting, _WINDOW)):
            yield from _mapped(work, window, tell, threads)


class _Worker:
    """The work, where it is done: a block's result, rows done and error go back as one value."""

    def __init__(self, work: Work[Any, Any]) -> None:
        self._work = work

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        told: list[int] = []
        try:
            return {"answer": (self._work(row["block"], told.append), sum(told), None)}
        except MMQualityError as error:  # a sentence for a person, which Ray would wrap in its traceback
            return {"answer": (None, sum(told), error)}


def _mapped(work: Work[Block, Result], blocks: list[Block], tell: Tell, threads: int) -> Iterator[Result]:
    import ray

    cores, room = _room(threads)
    actors = min(len(blocks), room)
    dataset = ray.data.from_items([{"block": block} for block in blocks], override_num_blocks=len(blocks))
    answers = dataset.map(
        _Worker,
        fn_constructor_args=(work,),
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors, initial_size=actors),
        num_cpus=cores,
        max_restarts=-1,
        max_task_retries=_RETRIES,
    )
    try:
        for row in answers.iter_rows():
            result, told, error = row["answer"]
            if error is not None:
                raise error
            tell(told)
            yield result
    except ray.exceptions.RayTaskError:
        raise  # a mistake in the program, with its traceback
    except ray.exceptions.RayError as error:
        raise EngineError(
            f"Ray gave up ({str(error).splitlines()[0]}). What was done is kept: see that its machines run "
            "and have memory, then give the same command again."
        ) from error


def _room(threads: int) -> tuple[int, int]:
    """Cores to reserve for an actor of so many threads, and how many such actors the cluster has room for."""
    import ray

    machines = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    cores = max(1, min(threads, max(machines)))
    return cores, max(1, sum(machine // cores for machine in machines))


@contextmanager
def connected() -> Iterator[Ray]:
    """The cluster at RAY_ADDRESS; where that is not set, this machine's cores, for the time of the block.

    Raises `EngineError` where Ray is not installed or no cluster answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
    address = os.environ.get(ADDRESS, "")
    address = "" if address == "local" else address
    # Standard error is where Ray tells of workers that died; results have the other one.
    with redirect_stdout(sys.stderr), _token_for(address):
        _connect(address)
        import ray

        try:
            yield Ray()
        finally:
            ray.shutdown()


@contextmanager
def _token_for(address: str) -> Iterator[None]:
    """For a cluster of our own, a token for its time alone: Ray would write one into the home, and later
    clusters ask for it."""
    if address or _TOKEN in os.environ:
        yield
        return
    os.environ[_TOKEN] = _own_token()
    try:
        yield
    finally:
        del os.environ[_TOKEN]


@cache
def _own_token() -> str:
    """One for each process: Ray goes on showing the first that it has read."""
    return secrets.token_hex(32)


def _connect(address: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Ray warns of its own settings
            import ray
            import ray.data

            context = ray.data.DataContext.get_current()
    except ImportError as error:
        raise EngineError("The Ray engine needs Ray: pip install 'mmquality[ray]'.") from error
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    logging.getLogger("ray").setLevel(logging.ERROR)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what goes wrong is raised
    _check_answers(address)
    if address:
        failure = _initialise_within(_PATIENCE, address)
    else:
        failure = _initialise("local")
    if failure is not None:
        raise _no_cluster(address, failure) from failure


def _initialise(address: str) -> Exception | None:
    """Why there is no Ray now; None where there is."""
    import ray

    try:
        if _host_and_port(address):
            _show_token(address)
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        return error
    return None


def _show_token(address: str) -> None:
    """Show this user's token to a cluster that asks for one; by itself Ray does so for "auto" alone.

    Only to such a one: the workers of a cluster without a token have none to show when they answer.
    Raises Ray's `AuthenticationError` where the token is another, or there is none.
    """
    import ray
    from ray._private.authentication import authentication_token_setup as tokens

    tokens.ensure_token_if_auth_enabled(create_token_if_missing=False)
    try:
        ray._raylet.GcsClient(address=address)
    except ray.exceptions.AuthenticationError:
        if not tokens.maybe_enable_token_auth_if_token_available(warn_if_disabled=False):
            raise
        ray._raylet.GcsClient(address=address)


def _initialise_within(seconds: float, address: str) -> Exception | None:
    """The same of a cluster elsewhere: where something else listens, Ray would try for a quarter of an hour.

    Not for one that is started here: it ends with the thread that started it.
    """
    outcome: list[Exception | None] = []
    thread = threading.Thread(target=lambda: outcome.append(_initialise(address)), daemon=True)
    thread.start()
    thread.join(seconds)
    return outcome[0] if outcome else TimeoutError(f"nothing of Ray within {seconds:.0f} s")


def _check_answers(address: str) -> None:
    """Knock at HOST:PORT: Ray itself would wait for minutes. "auto" and the like are left to Ray."""
    if place := _host_and_port(address.rpartition("://")[2]):
        try:
            socket.create_connection(place, _KNOCK).close()
        except OSError as error:
            raise _no_cluster(address, error) from error


def _host_and_port(address: str) -> tuple[str, int] | None:
    host, _, port = address.rpartition(":")
    return (host, int(port)) if host and "/" not in host and port.isdigit() else None


def _no_cluster(address: str, error: Exception) -> EngineError:
    if type(error).__name__ == "AuthenticationError":  # Ray's, which may not be installed
        return EngineError(
            f"The Ray cluster at {ADDRESS}={address} asks for a token; this user has none, or another. "
            f"Copy ~/.ray/auth_token here from where the cluster was started, or set {_TOKEN}."
        )
    if not address:
        return EngineError(f"Ray cannot start here ({error}); make room in memory and on the disk of /tmp.")
    return EngineError(
        f"No Ray cluster answers at {ADDRESS}={address} ({error}). Start one with `ray start --head`, or "
        f"unset {ADDRESS} to use this machine alone."
    )
