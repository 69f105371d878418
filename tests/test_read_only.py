"""A workspace that may only be read is read; what would write to it says so and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from language_model import language_model
from marketplace import Marketplace, copy_of
from packed import unpack
from workspaces import small_workspace

from mmquality.cli import main
from mmquality.pages import links
from mmquality.records import Verdict
from mmquality.store import Store

PROJECT = Path(__file__).parents[1]
PAGES = sorted(p.stem for p in vars(links).values() if isinstance(p, Path) and p.suffix)
# A file system of a process's own, as in `test_full_disk.py`; to write to it even root has no right.
_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
_MOUNT = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
_RUN = """
import json, sys
from click.testing import CliRunner
from mmquality.cli import main
for command in json.loads(sys.argv[1]):
    done = CliRunner().invoke(main, command)
    print(json.dumps([done.exit_code, done.stdout, done.stderr]))
"""

_PAGES = """
import json, sys
from dashboard import button, opened
from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline import background
for page, of_page, label in json.loads(sys.argv[1]):
    app = opened(page, of_page)
    said = [caption.value for caption in app.caption if "may not be written to" in caption.value]
    print(json.dumps([button(app, label).disabled, said]))
try:
    background.start(Workspace.at(sys.argv[2]), "map", ["map"], by="ada")
except WorkspaceError as error:
    print(error)
"""

_EVERY_PAGE = """
import sys
from dashboard import opened
for page in sys.argv[1:]:
    opened(page)
"""


@pytest.fixture(autouse=True)
def _mounts(tmp_path: Path) -> None:
    if subprocess.run([*_NAMESPACE, _MOUNT, str(tmp_path), "true"], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """With one label."""
    workspace = small_workspace(tmp_path / "shop").workspace
    with Store.open(workspace.database_url) as store:
        store.add_label("L012", Verdict.MATCH, None, "", "ada")
    return workspace.root


def run(shop: Path, *commands: Sequence[str]) -> list[list[str]]:
    """(exit status, standard output, standard error) of each command where nobody may write to `shop`."""
    asked = json.dumps([[*command, "-w", str(shop)] for command in commands])
    return [json.loads(line) for line in printed(shop, _RUN, asked)]


def printed(shop: Path, code: str, *arguments: str) -> list[str]:
    """What Python code prints where nobody may write to `shop`."""
    words = ["env", f"PYTHONPATH={PROJECT}:{PROJECT / 'tests'}", f"MMQ_WORKSPACE={shop}"]
    words += [sys.executable, "-c", code, *arguments]
    done = subprocess.run([*_NAMESPACE, _MOUNT, str(shop), *words], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()


def test_it_is_read(shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    done = run(
        shop, ["rank", "--top", "3"], ["problems"], ["neighbours", "L012"], ["export", "--out", str(file)]
    )
    assert [status for status, *_ in done] == [0, 0, 0, 0], done
    assert "L012" in file.read_text() and "Not noted in the audit" in done[3][2]


def test_it_is_read_beside_somebody_who_writes(shop: Path) -> None:
    with Store.open(f"sqlite:///{shop / 'mmquality.db'}") as store:
        store.add_label("L014", Verdict.MATCH, None, "", "ada")
        assert (shop / "mmquality.db-wal").stat().st_size  # where alone the label is
        ((status, shown, _),) = run(shop, ["audit"])
    assert status == 0 and "L014" in shown


def test_what_writes_says_so(shop: Path) -> None:
    label = ["label", "L014", "--verdict", "match"]
    for status, shown, said in run(shop, label, ["encode"], ["score"], ["arrive"]):
        assert status == 1 and not shown
        assert said.startswith(f"Error: {shop} may not be written to") and said.count("\n") == 1
        assert "nothing was changed. Get permission to write to it and all in it" in said


def test_pages_offer_no_work_that_could_not_be_kept(shop: Path) -> None:
    offered = [
        ["map", {}, "Draw the map"], ["models", {}, "Train again"], ["experiments", {}, "Run it"],
        ["compare", {"of": "Whole catalogue"}, "Measure it"],
    ]  # fmt: skip
    *pages, started = printed(shop, _PAGES, json.dumps(offered), str(shop))
    for disabled, said in map(json.loads, pages):
        assert disabled and len(said) == 1, said
    assert len(pages) == len(offered) and started.startswith(f"{shop} may not be written to; nothing was")


def test_every_page_opens(marketplace: Marketplace, tmp_path: Path) -> None:
    """Also after an import, which makes what was kept for pages out of date."""
    workspace = copy_of(marketplace, tmp_path / "shop")
    with Store.open(workspace.database_url) as store:
        store.save_import_report({"added": 1})
    printed(workspace.root, _EVERY_PAGE, *PAGES)


LATE = [
    ["map"], ["retrain", "--if-labels", "1"], ["ablate", "--out", "tables"], ["evaluate", "sessions"],
    ["evaluate", "peers", "--truth", "labels.csv"],
]  # fmt: skip


def test_what_works_for_long_says_so_first(shop: Path, tmp_path: Path) -> None:
    """Before it reads anything: this workspace has no files of a model."""
    truth = tmp_path / "truth.csv"
    truth.write_text("listing_id,kind\nL012,wrong product\n")
    commands = [[str(truth) if word == "labels.csv" else word for word in command] for command in LATE]
    for command, (status, shown, said) in zip(LATE, run(shop, *commands), strict=True):
        assert status == 1 and not shown and said.startswith(f"Error: {shop} may not be"), (command, said)


def test_a_language_model_is_asked_nothing_whose_answer_could_not_be_kept(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with language_model() as model:
        monkeypatch.setenv("MMQ_LLM_URL", model.url)
        monkeypatch.setenv("MMQ_LLM_MODEL", "tiny")
        ((status, _, said),) = run(shop, ["explain", "L012"])
        assert status == 1 and said.startswith(f"Error: {shop} may not be written to") and not model.sent
        kept = CliRunner().invoke(main, ["explain", "L012", "-w", str(shop)])
        assert run(shop, ["explain", "L012"])[0][:2] == [0, kept.stdout] and len(model.sent) == 1


def test_what_was_found_is_shown_though_it_is_not_kept(marketplace: Marketplace, tmp_path: Path) -> None:
    shop = copy_of(marketplace, tmp_path / "shop").root
    commands = [["experiment", "--visitors", "600"], ["health"], ["evaluate", "spaces"]]
    for command, (status, shown, said) in zip(commands, run(shop, *commands), strict=True):
        assert status == 0 and shown, (command, said)
        assert f"Not kept for the dashboard: {shop} may not be written to" in said


@contextmanager
def somebody_elses(place: Path, mode: int) -> Iterator[None]:
    """Of a user whom the namespace of `run` does not know: there even root reads nothing of his."""
    try:
        os.chown(place, 12_345, 12_345)
    except PermissionError:
        pytest.skip("only root can give a file away")
    place.chmod(mode)
    yield
    os.chown(place, os.getuid(), os.getgid())


@pytest.mark.parametrize("name", ["mmquality.db", "mmquality.db-wal"])
def test_what_may_not_be_read_either_says_so(shop: Path, name: str) -> None:
    with Store.open(f"sqlite:///{shop / 'mmquality.db'}") as store:
        store.add_label("L014", Verdict.MATCH, None, "", "ada")
        with somebody_elses(shop / name, 0o600):
            (ranked, _, said), (looked, found, _) = run(shop, ["rank"], ["doctor"])
    refused = f"{shop / name} may not be read here: no permission. Get it"
    assert ranked == looked == 1 and said.startswith(f"Error: {refused}")
    assert refused in found and "that you may read and write it" in found and "server" not in found


def test_a_database_in_a_folder_that_may_not_be_entered_says_so(shop: Path) -> None:
    url = f"sqlite:///{shop / 'mmquality.db'}"
    opening = f"""
from mmquality.store import Store
try:
    Store.open({url!r}, create=False)
except Exception as error:
    print(error)
"""
    with somebody_elses(shop, 0o700):
        (said,) = printed(shop, opening)
    assert said.startswith(f"{shop / 'mmquality.db'} may not be read here")


def test_an_older_one_must_be_written_to_first(shop: Path) -> None:
    shutil.rmtree(shop)
    earlier = PROJECT / "tests" / "earlier" / "0016.tar.xz"
    unpack(earlier, shop)
    ((status, _, said),) = run(shop, ["rank"])
    assert status == 1 and said.startswith(f"Error: {shop} may not be written to")
