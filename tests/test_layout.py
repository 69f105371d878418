"""The shape of the code: imports point down only, libraries stay in their rooms, files stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "mmquality"
ROWS = [  # from top to bottom; rooms on one row do not know each other
    {"__main__"},
    {"cli", "pages"},
    {"recall"},
    {"pipeline"},
    {"evaluation", "training", "scoring", "experiments"},
    {"checkpoint", "store", "sources"},
    {"network", "encoders", "data", "suspicion", "logs", "explaining"},
    {
        "config",
        "processes",
        "devices",
        "linear",
        "clicks",
        "graph",
        "words",
        "index",
        "engine",
        "anywhere",
    },
    {"ids"},
    {"files"},
    {"errors", "records", "rows", "cores", "memory"},
]
LEVEL = {room: len(ROWS) - row for row, rooms in enumerate(ROWS) for room in rooms}
OF_THE_PACKAGE = ("", "__version__")  # the package itself, which imports nothing
LONGEST_FILE = 300  # lines
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    """The part of the package that a file belongs to; the package's own `__init__` belongs to none."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a file imports, also inside functions and for type checking only."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports relatively"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def foreign(room: str) -> set[str]:
    """The libraries that a room's files import."""
    files = [file for file in FILES if room_of(file) == room]
    assert files, f"there is no room {room}"
    return {name.split(".")[0] for file in files for _, name in imports(file)} - {"mmquality"}


@pytest.mark.parametrize("room", sorted(LEVEL))
def test_imports_point_down(room: str) -> None:
    for file in (file for file in FILES if room_of(file) == room):
        for line, name in imports(file):
            package, _, rest = name.partition(".")
            other = rest.partition(".")[0]
            if package == "mmquality" and other not in (room, *OF_THE_PACKAGE):
                assert other in LEVEL, f"{file}:{line} imports {name}, which is no room"
                assert LEVEL[other] < LEVEL[room], f"{file}:{line}: {room} must not know {other}"


def test_every_room_exists_and_has_a_row() -> None:
    assert {room_of(file) for file in FILES} - {"__init__"} == set(LEVEL)


def test_the_package_itself_imports_nothing() -> None:
    assert not list(imports(PACKAGE / "__init__.py"))


def test_the_command_line_is_a_package() -> None:
    assert (PACKAGE / "cli" / "__init__.py").exists() and not (PACKAGE / "cli.py").exists()


def test_the_dashboards_entry_knows_pages_alone() -> None:
    known = {name.split(".")[0] for _, name in imports(PROJECT / "app.py")}
    ours = {
        ".".join(name.split(".")[:2]) for _, name in imports(PROJECT / "app.py") if name.startswith("mmq")
    }
    assert known <= {"streamlit", "mmquality", "__future__"} and ours == {"mmquality.pages"}


TENSORS = {"torch", "safetensors", "transformers", "sentence_transformers"}
LEARNING = TENSORS | {"sklearn", "scipy", "faiss"}
SCREENS = {"streamlit", "plotly", "click", "tqdm"}
TABLES = {"sqlalchemy", "alembic", "psycopg"}
FILES_AND_PHOTOS = {"PIL", "pyarrow", "pathlib", "json"}
FORBIDDEN = {
    "errors": LEARNING | SCREENS | TABLES | FILES_AND_PHOTOS | {"numpy", "pandas"},
    "records": LEARNING | SCREENS | TABLES | FILES_AND_PHOTOS | {"numpy", "pandas"},
    "config": LEARNING | SCREENS | TABLES | {"numpy", "pandas"},
    "logs": LEARNING | SCREENS | TABLES | {"PIL", "pyarrow", "numpy", "pandas"},
    "linear": {"sklearn", "faiss", "pandas"} | SCREENS | TABLES | FILES_AND_PHOTOS,
    "clicks": TENSORS | {"sklearn", "faiss", "pandas"} | SCREENS | TABLES | FILES_AND_PHOTOS,
    "graph": TENSORS | {"sklearn", "faiss", "pandas"} | SCREENS | TABLES | FILES_AND_PHOTOS,
    "anywhere": LEARNING | SCREENS | TABLES | {"PIL", "pyarrow", "numpy", "pandas"},
    "engine": LEARNING | SCREENS | TABLES | FILES_AND_PHOTOS | {"numpy", "pandas"},
    "words": LEARNING | SCREENS | TABLES | FILES_AND_PHOTOS | {"numpy", "pandas"},
    "data": LEARNING | SCREENS | TABLES,
    "encoders": {"faiss"} | SCREENS | TABLES,
    "network": {"sklearn", "faiss", "pandas"} | SCREENS | TABLES | FILES_AND_PHOTOS,
    "explaining": LEARNING | SCREENS | TABLES | {"PIL", "pyarrow", "pathlib", "numpy", "pandas"},
    "store": LEARNING | SCREENS,
    "sources": LEARNING | SCREENS | {"alembic", "psycopg", "numpy", "pandas"},
    "index": TENSORS | SCREENS | TABLES,
    "checkpoint": {"pickle", "sklearn"} | SCREENS | TABLES,
    "training": SCREENS | TABLES | FILES_AND_PHOTOS,
    "scoring": SCREENS | TABLES | FILES_AND_PHOTOS,
    "evaluation": (TENSORS - {"torch"}) | SCREENS | TABLES,  # peers: one of them is a network
    "recall": LEARNING | SCREENS | TABLES | {"PIL"},
    "experiments": TENSORS | {"faiss"} | SCREENS | TABLES | FILES_AND_PHOTOS,
    "pipeline": {"streamlit", "plotly", "click"} | TABLES,
    "cli": LEARNING | TABLES | {"plotly"},
    "pages": LEARNING | {"alembic", "psycopg", "click", "tqdm"},
}


@pytest.mark.parametrize("room", FORBIDDEN)
def test_libraries_stay_in_their_rooms(room: str) -> None:
    assert not foreign(room) & FORBIDDEN[room]


def test_pages_hold_no_queries() -> None:
    """A page may take a database's address apart, to hide its password; for rows it asks the store."""
    for file in FILES:
        if room_of(file) == "pages":
            taken = {name for _, name in imports(file) if name.startswith("sqlalchemy")}
            assert taken <= {"sqlalchemy.make_url"}, f"{file.name} imports {taken}"


def test_nothing_is_unpickled() -> None:
    for file in FILES:
        known = {name.split(".")[0] for _, name in imports(file)}
        assert not known & {"pickle", "joblib", "shelve", "dill"}, file
        calls = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)]
        for call in (call for call in calls if ast.unparse(call.func) == "torch.load"):
            assert {ast.unparse(k) for k in call.keywords} >= {"weights_only=True"}, f"{file}:{call.lineno}"


def test_what_people_wait_for_starts_without_torch() -> None:
    modules = ("mmquality.cli", "mmquality.store", "mmquality.pipeline.reading")
    assert loaded_by(f"import {', '.join(modules)}", "torch", "ray") == []


def test_no_page_waits_for_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes seconds, in which nobody else's page moves, and memory for good."""
    monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path / "none"))
    code = """
        from importlib import import_module
        from pkgutil import iter_modules
        from mmquality import pages
        from mmquality.pages.session import NothingToShow
        for page in iter_modules(pages.__path__):
            try: import_module(f"mmquality.pages.{page.name}")
            except NothingToShow: pass  # everything is imported before a page is drawn
    """
    assert loaded_by(dedent(code), "torch", "sklearn", "transformers") == []


def loaded_by(code: str, *heavy: str) -> list[str]:
    """Which of the modules `heavy` a new process has loaded after running `code`."""
    told = f"{code}\nimport sys; print(*(name for name in {heavy} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_files_say_what_they_are_and_stay_small() -> None:
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert text.count("\n") <= LONGEST_FILE, file
        assert not text or ast.get_docstring(ast.parse(text)), f"{file} has no docstring"


def test_there_is_no_drawer_for_everything() -> None:
    assert not {file.stem for file in FILES} & {"utils", "util", "helpers", "common", "misc", "tools"}
