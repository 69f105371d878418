"""demo and serve: the dashboard."""

from __future__ import annotations

import os
import socket
import sys
import tomllib
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

import click

import mmquality
from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter
from mmquality.config import Access, AccessConfig, Workspace
from mmquality.errors import NoWorkspaceError, WorkspaceError
from mmquality.explaining.endpoint import endpoint
from mmquality.records import Role

HERE = "127.0.0.1"
_port = click.option(
    "--port", default=8501, show_default=True, type=click.IntRange(1, 65535), help="Where it listens."
)


@click.command()
@options.workspace
@_port
@click.option(
    "--listings", default=3000, show_default=True, type=click.IntRange(50), help="Size of the sample."
)
@click.option("--serve/--no-serve", default=True, help="Open the dashboard at the end.")
def demo(workspace: Workspace, port: int, listings: int, serve: bool) -> None:
    """The sample marketplace, end to end, then the dashboard."""
    from mmquality.pipeline.demo import build_sample

    version = build_sample(workspace, listings, TerminalReporter())
    click.echo(f"The sample marketplace is ready (model {version}).")
    if serve:
        _dashboard(workspace, port)


@click.command()
@options.workspace
@_port
@click.option(
    "--address", default=HERE, show_default=True, help="Another one needs people to sign in: see MMQ_ACCESS."
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    help="Where Prometheus may ask for figures.",
)
@click.option(
    "--metrics-address", default=HERE, show_default=True, help="Figures name no listing and no person."
)
def serve(
    workspace: Workspace, port: int, address: str, metrics_port: int | None, metrics_address: str
) -> None:
    """Open the dashboard on this machine.

    As long as nobody signs in (MMQ_ACCESS is local) it listens on this machine only.
    """
    from mmquality.pipeline.places import open_store

    try:
        open_store(workspace).close()
    except NoWorkspaceError as error:  # it may be built while the dashboard is open
        click.echo(f"{error} The dashboard opens all the same, and shows it once it is there.", err=True)
    _dashboard(workspace, port, address, (metrics_address, metrics_port) if metrics_port else None)


def _dashboard(
    workspace: Workspace, port: int, address: str = HERE, metrics: tuple[str, int] | None = None
) -> None:
    """Become the Streamlit server.

    Raises `WorkspaceError` for an address where just anybody could come in, and for wrong settings.
    """
    _check_access(address)
    endpoint()  # a language model that is set up wrongly is said now, not to an analyst
    home = Path(mmquality.__file__).parents[1]
    app = home / "app.py"
    if not app.exists():
        raise WorkspaceError(
            f"The dashboard's app.py is not beside the package ({app}); run from a checkout."
        )
    place = {"MMQ_WORKSPACE": str(workspace.root), "MMQ_DATABASE_URL": workspace.database_url}
    check_free("dashboard", address, port)
    if metrics:
        check_free("answer to Prometheus", *metrics, "--metrics-port")
        place["MMQ_METRICS"] = f"{metrics[0]}:{metrics[1]}"
    click.echo(f"Dashboard: http://{address}:{port} (Ctrl+C ends it)", err=True)
    if AccessConfig.of_environment().how is Access.LOCAL:
        click.echo(
            "Nobody signs in: whoever can reach this machine's own address may do everything.", err=True
        )
    sys.stdout.flush()
    os.chdir(home)  # Streamlit reads the theme from .streamlit/ below the current folder
    server = {"port": port, "address": address, "headless": "true"}
    flags = [f"--server.{name}={value}" for name, value in server.items()]
    command = [sys.executable, "-m", "mmquality.pages.server", "run", str(app), *flags]
    os.execvpe(sys.executable, command, os.environ | place)


def check_free(server: str, address: str, port: int, option: str = "--port") -> None:
    """Raises `WorkspaceError` where somebody listens already on what is to be the server's."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as error:
            raise WorkspaceError(
                f"The {server} cannot listen on {address}, port {port}: {error.strerror}. Another program "
                f"may do so already; name another port with {option}."
            ) from error


def _check_access(address: str) -> None:
    """Raises `WorkspaceError` where who reaches the address could be anybody."""
    config = AccessConfig.of_environment()
    if config.default_role not in list(Role):
        raise WorkspaceError(f"MMQ_DEFAULT_ROLE is {config.default_role!r}; it can be {', '.join(Role)}.")
    if config.how is Access.OIDC:
        _check_provider()
    if is_here(address):
        return
    if config.how is Access.LOCAL:
        raise WorkspaceError(
            f"On {address} anybody could come in, for nobody signs in. Set MMQ_ACCESS to proxy or oidc, or "
            "leave --address out; docs/operations.md says how."
        )
    if config.how is Access.PROXY and not config.secret:
        raise WorkspaceError(
            f"On {address} anybody could send the header that names a person. Set MMQ_PROXY_SECRET, which "
            f"only the proxy knows, or listen on {HERE}."
        )


def _check_provider() -> None:
    """Raises `WorkspaceError` where nobody could sign in: nothing is known of a provider."""
    if find_spec("authlib") is None:
        raise WorkspaceError("MMQ_ACCESS is oidc, which needs Authlib: pip install 'mmquality[oidc]'.")
    homes = Path.home(), Path(mmquality.__file__).parents[1]
    places = [home / ".streamlit" / "secrets.toml" for home in homes]
    if not any("auth" in tomllib.loads(path.read_text("utf-8")) for path in places if path.is_file()):
        raise WorkspaceError(
            f"MMQ_ACCESS is oidc, but no [auth] is in {' or '.join(map(str, places))}; "
            "docs/operations.md says what goes there."
        )


def is_here(address: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
