"""What several test files share: one thread for tensors, fresh databases on both engines, a marketplace."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from databases import copy_file, make_tables, tables_of
from sqlalchemy import create_engine, text

from mmquality.store import Store

if TYPE_CHECKING:
    from marketplace import Marketplace
    from workspaces import Fixture

# Tiny tensors gain nothing from threads, and results stay the same from machine to machine. Set before torch,
# faiss and the worker processes of a test start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A suite that is started in the background inherits that Ctrl+C is ignored; so would the programs it tests.
signal.signal(signal.SIGINT, signal.default_int_handler)

ENGINES = ("sqlite", "postgresql")
NewDatabase = Callable[[str], str]


@pytest.fixture(scope="session")
def marketplace(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Marketplace:
    """A sample marketplace from files to a published model, real encoders and all. Only to be read.

    Where several processes test, the first that needs it builds it, and each has a copy: all look at theirs.
    """
    from marketplace import build_marketplace, copied, shared  # here, for tests that need no torch

    if worker_id == "master":
        return build_marketplace(tmp_path_factory.mktemp("marketplace"))
    built = shared(tmp_path_factory.getbasetemp().parent / "marketplace")
    return copied(built, tmp_path_factory.mktemp("marketplace"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    """A small finished workspace that no test changes."""
    from workspaces import small_workspace

    return small_workspace(tmp_path_factory.mktemp("finished") / "shop")


@pytest.fixture
def shown(finished: Fixture, monkeypatch: pytest.MonkeyPatch) -> Fixture:
    """The file's finished workspace, and the dashboard's environment pointing to it."""
    monkeypatch.setenv("MMQ_WORKSPACE", str(finished.workspace.root))
    return finished


@pytest.fixture
def reported(shown: Fixture) -> Iterator[Fixture]:
    """The same without a report; those that a test keeps there go with it."""
    yield shown
    shutil.rmtree(shown.workspace.evaluations, ignore_errors=True)


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fixture:
    """A workspace of one's own, and the dashboard's environment pointing to it."""
    from workspaces import small_workspace

    fixture = small_workspace(tmp_path / "shop")
    monkeypatch.setenv("MMQ_WORKSPACE", str(fixture.workspace.root))
    return fixture


@pytest.fixture
def plain_queue(fresh: Fixture, monkeypatch: pytest.MonkeyPatch) -> Fixture:
    """`fresh`, with neither control cases nor second reviews, and verdicts as quick as they come."""
    from mmquality.pages import verdicts
    from mmquality.pipeline.settings import change_settings

    change_settings(fresh.workspace, control_share=0.0, second_share=0.0)
    monkeypatch.setattr(verdicts, "_PAUSE", 0.0)
    return fresh


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the test run.

    Skips where the server's programs are not installed, or where root finds no user `postgres` for them.
    """
    pg_ctl, initdb = _program("pg_ctl"), _program("initdb")
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="mmq-pg-", dir="/tmp"))  # a socket's path must be short
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = str(folder / "data")
    create = [
        initdb,
        "-D",
        data,
        "-U",
        "mmquality",
        "-A",
        "trust",
        "--no-sync",
        "--encoding=UTF8",
        "--locale=C",
    ]
    if "--icu-locale" in _run(
        [initdb, "--help"], user
    ):  # sorts unlike Python: the store must not depend on it
        create += ["--locale-provider=icu", "--icu-locale=en"]
    # Nothing here has to survive a crash.
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off"
    try:
        _run(create, user)
        _run([pg_ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start"], user)
        try:
            yield f"postgresql+psycopg://mmquality@/postgres?host={folder}"
        finally:
            _run([pg_ctl, "-D", data, "-m", "immediate", "-w", "stop"], user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewDatabase:
    """Makes empty databases: give "sqlite" or "postgresql", get an address."""

    def make(engine: str) -> str:
        if engine == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('database') / 'mmquality.db'}"
        # A schema of its own is as empty as a database, and made much sooner.
        server: str = request.getfixturevalue("postgresql_server")
        name = f"test_{uuid4().hex}"
        admin = create_engine(server)
        with admin.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {name}"))
        admin.dispose()
        return f"{server}&options=-csearch_path%3D{name}"

    return make


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, new_database: NewDatabase) -> str:
    """An empty database, on each of the two engines."""
    return new_database(request.param)


@pytest.fixture
def store(database_url: str, migrated: Callable[[str], None]) -> Iterator[Store]:
    """An empty store, on each of the two engines."""
    migrated(database_url)
    with Store.open(database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def migrated(new_database: NewDatabase) -> Callable[[str], None]:
    """Gives an empty database the tables of a store: copies what migrations made once, which takes longer."""

    @cache
    def made(engine: str) -> str:
        url = new_database(engine)
        Store.open(url).close()
        return url

    @cache
    def statements() -> str:
        made("postgresql")  # from now on the server has the extension that the next one is indexed with
        url = new_database("postgresql")
        Store.open(url).close()
        return tables_of(url, _program("pg_dump"))

    def fill(url: str) -> None:
        if url.startswith("sqlite"):
            copy_file(made("sqlite"), url)
        else:
            make_tables(url, statements())

    return fill


def _program(name: str) -> str:
    installed = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))  # Debian keeps them off the PATH
    found = shutil.which(name) or (installed[-1] if installed else None)
    if found is None:
        pytest.skip(f"PostgreSQL's {name} is not installed")
    return found


def _user() -> str | None:
    """Whom to run the server as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")


def _run(command: list[str], user: str | None) -> str:
    """What the command prints; the test run fails where the command does."""
    done = subprocess.run(
        command,
        user=user,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        pytest.fail(f"{command[0]} failed:\n{done.stdout.decode()}")
    return done.stdout.decode()
