"""The command line: what it prints where, its exit status, and one sentence for all that goes wrong."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from marketplace import LISTINGS, Marketplace, copy_of, encoded_beforehand, first_rows
from shop import write_shop

from mmquality import __version__
from mmquality.cli import main, serving, stopping, terminal
from mmquality.cli.stopping import stopped
from mmquality.config import Workspace
from mmquality.pipeline import building
from mmquality.pipeline.encoding import EncodeSummary
from mmquality.pipeline.places import index_path, open_store
from mmquality.records import Space
from mmquality.store import EXPORT_ENDINGS, DeadLetter, Intake, RankingQuery

PROJECT = Path(__file__).parents[1]


def run(*arguments: str | Path, ok: bool = True) -> Result:
    """A command in this process, as if its output went to a file."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert (result.exit_code == 0) == ok, result.output
    return result


def error(result: Result, status: int = 1) -> str:
    """The one sentence of a command that failed; nothing on standard output, no traceback."""
    assert result.exit_code == status and result.stdout == ""
    before, _, sentence = result.stderr.rpartition("Error: ")
    assert "Traceback" not in result.stderr and "Error" not in before
    assert status == 2 or sentence.count("\n") == 1
    return sentence.strip()


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(("evaluate", "mismatch"), command) of every command, groups included."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands())
LEAVES = {path: command for path, command in COMMANDS.items() if not isinstance(command, click.Group)}


@pytest.fixture
def workspace(marketplace: Marketplace, tmp_path: Path) -> Workspace:
    """A copy of the built marketplace, to be changed."""
    return copy_of(marketplace, tmp_path / "workspace")


@pytest.fixture
def worst(marketplace: Marketplace) -> str:
    """The id at the top of the ranking."""
    ranked = json.loads(run("rank", "-w", marketplace.workspace.root, "--top", 1, "--json").stdout)
    return str(ranked["listings"][0]["listing_id"])


class TestHelp:
    @pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
    def test_of_every_command(self, path: tuple[str, ...], tmp_path: Path, monkeypatch: Any) -> None:
        monkeypatch.chdir(tmp_path)  # where there is no workspace
        shown = run(*path, "--help").stdout
        assert shown.startswith("Usage: ") and str(COMMANDS[path].help).split("\n")[0] in shown
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
    def test_of_every_option(self, path: tuple[str, ...]) -> None:
        for parameter in COMMANDS[path].params:
            if isinstance(parameter, click.Option):
                assert parameter.help and parameter.help.endswith((".", ")")), parameter.name

    def test_fits_the_list_of_commands(self) -> None:
        for group in (path for path, command in COMMANDS.items() if isinstance(command, click.Group)):
            assert "..." not in run(*group, "--help").stdout.split("Commands:")[1]
        assert "..." not in run("--help").stdout.split("Commands:")[1]

    def test_names_the_commands_in_the_order_of_use(self) -> None:
        shown = run("-h").stdout
        names = [name for name in main.commands if f"\n  {name} " in shown]
        assert names == list(main.commands) == sorted(names, key=lambda name: shown.index(f"\n  {name} "))

    def test_version(self) -> None:
        assert run("--version").stdout.strip() == f"mmquality, version {__version__}"


class TestReading:
    """Commands that change nothing."""

    def test_rank(self, marketplace: Marketplace, worst: str) -> None:
        shown = run("rank", "-w", marketplace.workspace.root, "--top", 3)
        header, *rows = shown.stdout.splitlines()
        assert header.split() == ["rank", "score", "listing", "label", "title"]
        assert [row.split()[0] for row in rows] == ["1", "2", "3"] and worst in rows[0]
        assert shown.stderr == ""

    def test_rank_as_json(self, marketplace: Marketplace) -> None:
        shown = run("rank", "-w", marketplace.workspace.root, "--top", 100_000, "--json")
        found = json.loads(shown.stdout)
        assert found["version"] == "v0001" and shown.stderr == ""
        assert [row["rank"] for row in found["listings"]] == list(range(1, LISTINGS + 1))
        assert set(found["listings"][0]) == {
            "rank", "score", "listing_id", "title", "category", "image", "verdict",
        }  # fmt: skip

    def test_rank_says_what_has_no_score(
        self, workspace: Workspace, marketplace: Marketplace, tmp_path: Path
    ) -> None:
        first_rows(marketplace.files.listings, 1).assign(listing_id="new").to_csv(tmp_path / "new.csv")
        run("import", "-w", workspace.root, "--listings", tmp_path / "new.csv")
        shown = run("rank", "-w", workspace.root, "--json")
        assert json.loads(shown.stdout)["version"] == "v0001"
        assert "Listings without a score in v0001: 1." in run("rank", "-w", workspace.root).stderr

    @pytest.mark.parametrize("space", list(Space))
    def test_neighbours(self, marketplace: Marketplace, worst: str, space: str) -> None:
        command = ("neighbours", worst, "-w", marketplace.workspace.root, "--space", space, "-k", 4)
        found = json.loads(run(*command, "--json").stdout)
        assert (found["listing_id"], found["space"]) == (worst, space)
        assert [n["position"] for n in found["neighbours"]] == [1, 2, 3, 4]
        rows = run(*command).stdout.splitlines()[1:]
        assert [n["listing_id"] in row for n, row in zip(found["neighbours"], rows, strict=True)] == [
            True
        ] * 4

    def test_evaluate_mismatch(self, marketplace: Marketplace) -> None:
        files = marketplace.files
        command = ("evaluate", "mismatch", "-w", marketplace.workspace.root, "--truth", files.planted)
        assert set(json.loads(run(*command, "--json").stdout)) == {"catalogue", "by_kind"}
        found = json.loads(run(*command, "--split", files.split, "--json").stdout)
        assert list(found) == ["catalogue", "test", "by_kind"]
        assert set(found["catalogue"]) == {
            "auc", "ap", "precision_at_n", "precision_at_50", "n", "positives", "ece", "brier",
        }  # fmt: skip
        rows = run(*command, "--split", files.split).stdout.splitlines()
        assert [row.split()[0] for row in rows] == [
            "listings",
            "catalogue",
            "test",
            *["kind:"] * len(found["by_kind"]),
        ]

    def test_evaluate_mismatch_leaves_out_what_was_removed(
        self, marketplace: Marketplace, tmp_path: Path
    ) -> None:
        workspace, planted = copy_of(marketplace, tmp_path / "workspace"), marketplace.files.planted
        command = ("evaluate", "mismatch", "-w", workspace.root, "--truth", planted, "--json")
        before = json.loads(run(*command).stdout)["catalogue"]
        wrong = pd.read_csv(planted)["listing_id"].tolist()
        with open_store(workspace) as store:
            right = [i for i in store.ranking_ids(RankingQuery(), 30) if i not in wrong]
            store.remove_listings([wrong[0], *right[:3]], "ada")
        after = json.loads(run(*command).stdout)["catalogue"]
        assert after["n"] == before["n"] - 4 and after["positives"] == before["positives"] - 1

    def test_evaluate_recall(self, marketplace: Marketplace) -> None:
        command = (
            "evaluate", "recall", "-w", marketplace.workspace.root, "--pairs", marketplace.files.co_clicks,
        )  # fmt: skip
        found = json.loads(run(*command, "--json").stdout)
        assert set(found) == {"title", "photo", "concat", "unified", "queries", "pairs_trained_on"}
        assert set(found["unified"]) == {"recall@10", "recall@50", "recall@100"}
        assert f"{found['queries']:,} queries" in run(*command).stdout

    def test_models_list(self, marketplace: Marketplace) -> None:
        found = json.loads(run("models", "-w", marketplace.workspace.root, "list", "--json").stdout)
        assert found["current"] == "v0001" and [v["listings"] for v in found["versions"]] == [LISTINGS]
        pd.Timestamp(found["versions"][0]["created_at"])
        shown = run("models", "list", "-w", marketplace.workspace.root).stdout
        assert "v0001" in shown and "in force" in shown

    def test_titles_cannot_take_over_the_terminal(
        self, workspace: Workspace, marketplace: Marketplace
    ) -> None:
        with open_store(workspace) as store, store._write() as connection:
            connection.exec_driver_sql("UPDATE listings SET title = 'red \x1b[31m\x07\nand so on'")
        rows = run("rank", "-w", workspace.root, "--top", 3).stdout
        assert "\x1b" not in rows and "\x07" not in rows and len(rows.splitlines()) == 4


class TestLabels:
    def test_in_and_out(self, workspace: Workspace, worst: str, tmp_path: Path) -> None:
        given = ("--verdict", "mismatch", "--reason", "wrong_product", "--note", "a box", "--analyst", "ada")
        assert run("label", worst, "-w", workspace.root, *given).stdout == f"{worst}: mismatch, by ada.\n"
        assert json.loads(run("rank", "-w", workspace.root, "--json").stdout)["listings"][0]["verdict"] == (
            "mismatch"
        )
        for name in (f"labels{ending}" for ending in EXPORT_ENDINGS):
            shown = run("export", "-w", workspace.root, "--out", tmp_path / name).stdout
            assert shown == f"1 label written to {tmp_path / name}.\n"
            assert (tmp_path / name).stat().st_size > 0

    def test_some_of_them(self, workspace: Workspace, worst: str, tmp_path: Path) -> None:
        for verdict in (("mismatch", "--reason", "other"), ("match",)):
            run("label", worst, "-w", workspace.root, "--analyst", "ada", "--verdict", *verdict)
        for asked, number in (
            (("--by", "ada"), 1), (("--by", "grace"), 0), (("--verdict", "match", "--all"), 1),
            (("--all",), 2), (("--reason", "other"), 0), (("--title", "no such title"), 0),
        ):  # fmt: skip
            shown = run("export", "-w", workspace.root, "--out", tmp_path / "labels.csv", *asked).stdout
            assert shown.startswith("1 label " if number == 1 else f"{number} labels "), asked

    def test_made_elsewhere(self, workspace: Workspace, worst: str, tmp_path: Path) -> None:
        path = tmp_path / "made.csv"
        path.write_text(f"listing_id,verdict,analyst\n{worst},match,ann\nnobody,match,ann\n")
        shown = run("import-labels", path, "-w", workspace.root).stdout
        assert shown.startswith("Labels: 1 added, 0 known before.\nRows that could not be used: 1 ")
        assert "made.csv, row 3, listing_id: is not in the catalogue" in shown
        assert "0 added, 1 known" in run("import-labels", path, "-w", workspace.root).stdout
        path.write_text(f"listing_id,verdict,reason\n{worst},mismatch,other\n")
        again = ("import-labels", path, "-w", workspace.root, "--analyst", "bob")
        assert "differs from the label that stands" in run(*again).stdout
        shown = run(*again, "--conflicts", "replace").stdout
        assert shown == "Labels: 1 added, 0 known before.\n1 label replaced one that said otherwise.\n"
        path.write_text("listing_id,verdict\nnobody,match\n")
        none = run("import-labels", path, "-w", workspace.root, ok=False)
        assert none.exit_code == 1 and "No row could be used, so no label was added." in none.stderr

    def test_by_whom(self, workspace: Workspace, worst: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MMQ_ANALYST", "grace")
        assert "by grace" in run("label", worst, "-w", workspace.root, "--verdict", "match").stdout
        monkeypatch.delenv("MMQ_ANALYST")
        monkeypatch.setenv("LOGNAME", "edith")
        assert "by edith" in run("label", worst, "-w", workspace.root, "--verdict", "unsure").stdout

    def test_by_nobody(self, workspace: Workspace, worst: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def nameless() -> str:
            raise KeyError("getpwuid(): uid not found: 4711")

        monkeypatch.delenv("MMQ_ANALYST", raising=False)
        monkeypatch.setattr("getpass.getuser", nameless)
        result = run("label", worst, "-w", workspace.root, "--verdict", "match", ok=False)
        assert "--analyst" in error(result, 2)


class TestModels:
    def test_rollback_and_promote(self, workspace: Workspace) -> None:
        place = ("-w", workspace.root)
        scored = run("score", *place).stdout
        assert (
            "the model of v0001, as a new version, v0002. The next step puts it in force instead of v0001."
            in scored
        )
        assert "Next: mmquality index" in scored
        assert run("index", *place).stdout.startswith("Model v0002 is in force. Look at it: mmquality serve")
        assert run("models", "rollback", *place).stdout == "Model v0001 is in force again.\n"
        assert run("models", *place, "promote", "v0002").stdout == "Model v0002 is in force.\n"
        assert json.loads(run("models", "list", *place, "--json").stdout)["current"] == "v0002"
        assert "is in force" in error(run("models", "forget", "v0002", *place, ok=False))
        assert "nothing to forget" in error(run("models", "forget", "../v0001", *place, ok=False))
        told = run("models", "forget", "v0001", *place).stdout
        assert re.match(
            r"The vectors and indexes of model v0001 are gone; [\d.]+ MB are free again\.\n", told
        )
        assert "mmquality score --model v0001 -w" in told
        assert not (workspace.models / "v0001" / "index").exists()
        assert "score --model v0001" in error(run("models", "promote", "v0001", *place, ok=False))

    def test_the_list_shows_what_each_takes(self, workspace: Workspace) -> None:
        place = ("-w", workspace.root)
        run("score", *place), run("index", *place), run("models", "forget", "v0001", *place)
        again = run("score", "--model", "v0001", *place).stdout
        assert again.startswith("Scored with the model of v0001, as a new version, v0003.")
        listed = json.loads(run("models", "list", *place, "--json").stdout)
        assert [(v["name"], v["forgotten"]) for v in listed["versions"]] == [
            ("v0002", False),
            ("v0001", True),
        ]
        of = {v["name"]: v["bytes"] for v in listed["versions"] + listed["unpublished"]}
        assert of == {
            name: sum(path.stat().st_size for path in (workspace.models / name).rglob("*") if path.is_file())
            for name in ("v0001", "v0002", "v0003")
        }
        lines = run("models", "list", *place).stdout.splitlines()
        assert lines[1].split()[:3] == ["v0003", "not", "published"] and " MB" in lines[1]
        assert "in force" in lines[2] and "forgotten" in lines[3]
        assert "v0003, which was never published, is gone" in run("models", "forget", "v0003", *place).stdout

    def test_the_workspace_after_the_command_counts(
        self, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path / "none"))
        run("models", "-w", workspace.root, "list")
        run("models", "list", "-w", workspace.root)
        run("models", "-w", tmp_path / "none", "list", "-w", workspace.root)
        run("models", "list", ok=False)
        monkeypatch.setenv("MMQ_WORKSPACE", str(workspace.root))
        run("models", "list")


class TestBuilding:
    """The steps, each with its next one; nothing that was made is made again."""

    def test_step_by_step(self, marketplace: Marketplace, tmp_path: Path) -> None:
        workspace = encoded_beforehand(marketplace, tmp_path / "my shop")
        first_rows(marketplace.files.listings, 60).to_csv(tmp_path / "listings.csv", index=False)
        place = ("-w", workspace.root)
        listings = ("--listings", tmp_path / "listings.csv", "--images", marketplace.files.images)
        steps = [
            ("import", *place, *listings, "--impressions", marketplace.files.impressions, "--name", "Shop"),
            ("encode", *place),
            ("train", *place, "--epochs", 1, "--seed", 3, "--projection", "transe"),
            ("score", *place),
            ("index", *place),
        ]
        for step, following in zip(steps, ["encode", "train", "score", "index", "serve"], strict=True):
            *before, last = run(*step).stdout.splitlines()
            if step[0] == "score":
                assert before == ["Scored with v0001. The next step puts it in force."]
            assert last.endswith(f": mmquality {following} -w '{workspace.root}'")  # quoted: it has a space
        nothing = "Nothing changed, and no listing waits for the model: no step is due."
        assert run(*steps[0]).stdout.splitlines()[-1] == nothing
        table = first_rows(marketplace.files.listings, 61)
        table.to_csv(tmp_path / "listings.csv", index=False)
        for said in ("", "Nothing changed. "):  # by the second one, and encoding is due all the same
            assert run(*steps[0]).stdout.splitlines()[-1].startswith(f"{said}Next: mmquality encode")
        (version,) = json.loads(run("models", "list", *place, "--json").stdout)["versions"]
        assert version["summary"]["projection"] == "transe" and version["summary"]["catalogue"] == "Shop"

    def test_build(self, marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        encoded_beforehand(marketplace, tmp_path / "shop")
        monkeypatch.chdir(tmp_path)
        table = first_rows(marketplace.files.listings, 40)
        table.loc[40] = table.loc[0]  # a problem: the id is there twice
        table.to_csv("listings.csv", index=False)
        files = ("--listings", "listings.csv", "--images", marketplace.files.images)
        shown = run("build", "-w", "shop", *files, "--epochs", 1)
        assert shown.stdout.splitlines()[0] == "Listings: 40 added, 0 updated, 0 unchanged."
        assert "listings.csv, row 42, listing_id:" in shown.stdout
        assert shown.stdout.endswith("Model v0001 is in force. Look at it: mmquality serve -w shop\n")
        for line in ("Checking photos: 40 in ", "Encoding photos: nothing to do", "Training networks: 6 in "):
            assert line in shown.stderr
        assert "self-supervised" in shown.stderr and "\r" not in shown.stderr

    def test_import_counts_kinds_of_problems(self, tmp_path: Path) -> None:
        shop = write_shop(tmp_path / "shop")
        rows = [f"M{n},{'x' * (2001 + n)},photos/L0.jpg,1\n" for n in range(30)]
        rows += [f"N{n},,photos/L0.jpg,1\n" for n in range(3)]
        with (shop / "listings.csv").open("a") as file:
            file.writelines(rows)
        shown = run(
            "import", "-w", tmp_path / "w", "--listings", shop / "listings.csv", "--images", shop
        ).stdout
        assert (
            f"Rows that could not be used: 33 (all of them: mmquality problems -w {tmp_path / 'w'})" in shown
        )
        assert "  30 × title: has … characters; the limit is 2,000\n  3 × title: is empty\n" in shown
        assert shown.count("listings.csv, row ") == 5

    def test_import_of_nothing_that_can_be_used(self, tmp_path: Path) -> None:
        shop = write_shop(tmp_path / "shop")
        (shop / "none.csv").write_text("listing_id,title,image\nA1,,photos/L0.jpg\nA2,Lamp,photos/none.jpg\n")
        for command in ("import", "build"):
            files = ("--listings", shop / "none.csv", "--images", shop)
            shown = run(command, "-w", tmp_path / "w", *files, ok=False)
            assert shown.exit_code == 1 and "No row could be used" in shown.stderr
            assert f"2 (all of them: mmquality problems -w {tmp_path / 'w'})" in shown.stdout
            assert "Next:" not in shown.stdout

    def test_import_of_another_folder_of_photos(self, tmp_path: Path) -> None:
        shop = write_shop(tmp_path / "shop")
        files = ("--listings", shop / "listings.csv", "--images", shop / "photos")
        shown = run("import", "-w", tmp_path / "w", *files, ok=False)
        where = f"'photos/L0.jpg' in {shop / 'photos'} does not exist; give --images the folder"
        assert shown.exit_code == 1 and where in shown.stderr

    def test_import_from_a_folder_that_may_not_be_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop, look = write_shop(tmp_path / "shop"), Path.stat

        def refused(path: Path, **how: bool) -> os.stat_result:
            if path.suffix == ".jpg":
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return look(path, **how)

        monkeypatch.setattr(Path, "stat", refused)
        files = ("--listings", shop / "listings.csv", "--images", shop)
        shown = run("import", "-w", tmp_path / "w", *files, ok=False)
        assert shown.exit_code == 1 and "Mend the file" not in shown.stderr
        assert f"'photos/L0.jpg' in {shop} cannot be opened (Permission denied); give" in shown.stderr
        assert "see that it and its files may be read" in shown.stderr

    def test_problems_of_an_import(self, tmp_path: Path) -> None:
        shop, place = write_shop(tmp_path / "shop"), ("-w", tmp_path / "w")
        with (shop / "listings.csv").open("a") as file:
            file.writelines(f"N{n},,photos/L0.jpg,1\n" for n in range(3))
        run("import", *place, "--listings", shop / "listings.csv", "--images", shop)
        run("import", *place, "--impressions", shop / "log.csv")
        assert "Import 2 (" in run("problems", *place).stdout
        shown = run("problems", *place, "--import", "1", "--top", 2)
        assert "): 3 rows could not be used.\n" in shown.stdout and shown.stdout.count("is empty") == 2
        assert "--out FILE writes all" in shown.stderr
        told = json.loads(run("problems", *place, "--import", 1, "--json").stdout)
        assert told["total"] == 3 and [row["column"] for row in told["problems"]] == ["title"] * 3
        run("problems", *place, "--import", 1, "--out", tmp_path / "problems.csv")
        table = pd.read_csv(tmp_path / "problems.csv", keep_default_na=False)
        assert table.to_dict("records") == told["problems"]
        assert "There is no import 7; the last one is 2." in error(
            run("problems", *place, "--import", 7, ok=False)
        )
        letter = DeadLetter("folder /drop", "a.jsonl, row 1", "title is empty", "{}")
        with open_store(Workspace.at(tmp_path / "w")) as store:
            store.take_in(Intake("folder /drop", pd.DataFrame(), letters=[letter]), "watch")
        assert "1 listing could not be used: mmquality watch letters -w" in run("problems", *place).stderr

    def test_import_of_clicks_alone(self, tmp_path: Path) -> None:
        shop = write_shop(tmp_path / "shop")
        place = ("-w", tmp_path / "w")
        run("import", *place, "--listings", shop / "listings.csv", "--images", shop)
        shown = run("import", *place, "--impressions", shop / "log.csv").stdout.splitlines()
        assert shown[0] == "Impressions: 2 read, 2 of them new."
        assert shown[-1].startswith("Next: mmquality train")
        shown = run("import", *place, "--co-clicks", shop / "pairs.csv").stdout.splitlines()
        assert shown[0] == "Co-clicks: 1 read, 1 new pair."
        (shop / "pairs.csv").write_text("listing_id,other_id\nL4,L3\nL1,L2\nL2,L1\n")
        shown = run("import", *place, "--co-clicks", shop / "pairs.csv").stdout.splitlines()
        assert shown[0] == "Co-clicks: 3 read, 1 new pair; 2 name a pair again, either way round."

    def test_encoders_are_passed_on(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        given: list[object] = []

        def encode(*arguments: object) -> object:
            given.append(arguments[1:3])
            return EncodeSummary(0, 0, 0, 0)

        monkeypatch.setattr("mmquality.pipeline.encoding.encode", encode)
        place = ("encode", "-w", workspace.root)
        run(*place)
        run(*place, "--text-encoder", "bert-base-uncased", "--photo-vectors", "p.npy", "--photo-ids", "i.txt")
        (nothing, (text, photo)) = given
        assert nothing == (None, None)
        assert (text.name, text.vectors) == ("bert-base-uncased", None)  # type: ignore[attr-defined]
        assert (photo.vectors, photo.ids) == (Path("p.npy"), Path("i.txt"))  # type: ignore[attr-defined]


WRONG_CALLS: dict[str, tuple[tuple[str, ...], str]] = {
    "no such command": (("repair",), "No such command"),
    "no such option": (("rank", "--upwards"), "No such option"),
    "no listing": (("neighbours",), "Missing argument"),
    "no such space": (("neighbours", "L1", "--space", "sound"), "'sound' is not one of"),
    "no such verdict": (("label", "L1", "--verdict", "bad"), "'bad' is not one of"),
    "no verdict": (("label", "L1"), "Missing option '--verdict'"),
    "mismatch without a reason": (("label", "L1", "--verdict", "mismatch"), "wrong_product"),
    "match with a reason": (("label", "L1", "--verdict", "match", "--reason", "other"), "no --reason"),
    "top of nothing": (("rank", "--top", "0"), "--top"),
    "import of nothing": (("import",), "nothing to import"),
    "build of nothing": (("build",), "nothing to import"),
    "photos of no listings": (("import", "--impressions", "f.csv", "--images", "d"), "--listings"),
    "ids of no vectors": (("encode", "--title-ids", "f.txt"), "--title-vectors"),
    "two encoders": (("encode", "--photo-encoder", "x", "--photo-vectors", "y.npy"), "not both"),
    "seed that is none": (("train", "--seed", "-1"), "--seed"),
    "no epoch": (("train", "--epochs", "0"), "--epochs"),
    "no such projection": (("train", "--projection", "transd"), "'transd' is not one of"),
    "workspace is a file": (("rank", "-w", __file__), "is a file"),
    "workspace is a URL": (
        ("import", "-w", "s3://bucket/shop"),
        "s3://bucket/shop is a URL, and a workspace is",
    ),
    "workspace of a group is a URL": (("models", "-w", "gs://b/w", "list"), "gs://b/w is a URL"),
    "workspace after a command is a URL": (("models", "list", "-w", "gs://b/w"), "gs://b/w is a URL"),
    "no truth": (("evaluate", "mismatch"), "Missing option '--truth'"),
    "tiny demo": (("demo", "--listings", "5"), "--listings"),
    "port of nobody": (("serve", "--port", "70000"), "--port"),
}


@pytest.mark.parametrize(("arguments", "sentence"), WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_a_wrong_call_ends_with_2(
    arguments: tuple[str, ...], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sentence in error(run(*arguments, ok=False), 2)
    assert list(tmp_path.iterdir()) == []


def test_a_url_in_the_environment_is_no_workspace_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMQ_WORKSPACE", "s3://bucket/shop")
    assert "s3://bucket/shop is a URL" in error(run("rank", ok=False), 2)
    assert list(tmp_path.iterdir()) == []


NEEDS_WORKSPACE = {
    "encode": (), "train": (), "score": (), "index": (), "rank": (), "rank as json": ("--json",),
    "problems": (), "neighbours": ("L1",), "label": ("L1", "--verdict", "match"),
    "export": ("--out", "labels.csv"),
    "import-labels": ("labels.csv",), "reasons set": ("stolen", "Stolen"), "reasons hide": ("other",),
    "models list": (), "models promote": ("v0001",), "models rollback": (),
    "models forget": ("v0001",),
    "evaluate mismatch": ("--truth", "f.csv"), "evaluate recall": ("--pairs", "f.csv"),
}  # fmt: skip


@pytest.mark.parametrize("name", NEEDS_WORKSPACE)
def test_no_workspace_is_said(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = name.removesuffix(" as json").split()
    sentence = error(run(*command, *NEEDS_WORKSPACE[name], ok=False))
    assert "There is no workspace database at " in sentence and "mmquality build" in sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["rank", "neighbours", "evaluate mismatch", "evaluate recall"])
def test_no_model_is_said(name: str, tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    run("import", "-w", tmp_path / "w", "--listings", shop / "listings.csv", "--images", shop)
    result = run(*name.split(), *NEEDS_WORKSPACE[name], "-w", tmp_path / "w", ok=False)
    assert "No model has been published" in error(result)


class TestOneSentence:
    """For everything else that a person can mend: exit status 1 and no traceback."""

    @pytest.mark.parametrize("command", ["neighbours", "label"])
    def test_an_unknown_listing_and_those_near_it(
        self, workspace: Workspace, worst: str, command: str
    ) -> None:
        verdict = ("--verdict", "match") if command == "label" else ()
        sentence = error(run(command, worst.upper() + "0", "-w", workspace.root, *verdict, ok=False))
        assert "has no listing" in sentence and "Near it" not in sentence
        sentence = error(run(command, worst + "0", "-w", workspace.root, *verdict, ok=False))
        assert re.search(rf"Near it: .*{worst}", sentence)

    @pytest.mark.parametrize("command", ["neighbours", "label"])
    def test_a_removed_listing(self, workspace: Workspace, worst: str, command: str) -> None:
        run("remove", worst, "-w", workspace.root)
        verdict = ("--verdict", "match") if command == "label" else ()
        sentence = error(run(command, worst, "-w", workspace.root, *verdict, ok=False))
        assert f"{worst!r} was removed from the catalogue. An import brings it back." in sentence
        assert "Near it" not in sentence

    def test_a_listing_that_came_after_the_model(
        self, workspace: Workspace, marketplace: Marketplace, tmp_path: Path
    ) -> None:
        first_rows(marketplace.files.listings, 1).assign(listing_id="new").to_csv(tmp_path / "new.csv")
        run("import", "-w", workspace.root, "--listings", tmp_path / "new.csv")
        sentence = error(run("neighbours", "new", "-w", workspace.root, ok=False))
        assert "mmquality arrive" in sentence and "Near it" not in sentence

    def test_a_file_that_is_not_there(self, workspace: Workspace, tmp_path: Path) -> None:
        missing = tmp_path / "none.csv"
        for command in (
            ("import", "--listings", missing),
            ("import", "--impressions", missing),
            ("build", "--co-clicks", missing),
            ("evaluate", "mismatch", "--truth", missing),
            ("evaluate", "recall", "--pairs", missing),
        ):
            assert "none.csv does not exist" in error(run(*command, "-w", workspace.root, ok=False))
        for command in (
            ("--title-vectors", tmp_path / "none.parquet"),
            ("--text-encoder", tmp_path / "none"),
        ):
            assert "none" in error(run("encode", "-w", workspace.root, *command, ok=False))

    def test_an_export_of_an_unknown_kind(self, workspace: Workspace, tmp_path: Path) -> None:
        result = run("export", "-w", workspace.root, "--out", tmp_path / "labels.xlsx", ok=False)
        assert "labels.xlsx" in error(result) and ".parquet" in error(result)

    def test_a_model_that_was_never_published(self, workspace: Workspace) -> None:
        assert "'v0009'" in error(run("models", "promote", "v0009", "-w", workspace.root, ok=False))
        assert "no earlier version" in error(run("models", "rollback", "-w", workspace.root, ok=False))

    def test_damage(self, workspace: Workspace, worst: str) -> None:
        path = index_path(workspace, "v0001", Space.TITLE)
        for damage, told in (
            (path.unlink, "No such file"),
            (partial(path.write_bytes, b"nonsense"), "damaged"),
        ):
            damage()
            sentence = error(run("neighbours", worst, "-w", workspace.root, ok=False))
            assert told in sentence and "mmquality index" in sentence and "faiss::" not in sentence
        (workspace.root / "workspace.json").write_text("nonsense")
        assert "workspace.json cannot be read" in error(run("encode", "-w", workspace.root, ok=False))
        (workspace.root / "mmquality.db").write_bytes(b"nonsense" * 1000)
        for left in workspace.root.glob("mmquality.db-*"):
            left.unlink()
        assert "not a database" in error(run("rank", "-w", workspace.root, ok=False))

    def test_a_place_that_cannot_be_written(self, tmp_path: Path) -> None:
        shop = write_shop(tmp_path / "shop")
        files = ("--listings", shop / "listings.csv", "--images", shop)
        sentence = error(run("import", "-w", shop / "log.csv" / "w", *files, ok=False))
        assert f"log.csv/w cannot be made: {shop / 'log.csv'} is a file" in sentence

    def test_a_letter_that_is_not_there(self, workspace: Workspace) -> None:
        for option, done in (("--retry", "tried again"), ("--dismiss", "dismissed")):
            refused = run("watch", "letters", option, 99, "-w", workspace.root, ok=False)
            sentence = error(refused)
            assert refused.stderr == f"Error: {sentence}\n"
            assert f"99: no letter of that number can be {done}." in sentence

    def test_what_the_system_refuses(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(13, "Permission denied", "/models/scores.parquet")

        monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
        sentence = error(run("score", "-w", workspace.root, ok=False))
        assert sentence.startswith("/models/scores.parquet: Permission denied.")

    def test_an_address_of_no_database(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)  # where there is no workspace
        monkeypatch.setenv("MMQ_DATABASE_URL", "mysql://ada:secret@host/shop")
        sentence = error(run("rank", ok=False))
        assert "neither SQLite nor PostgreSQL" in sentence and "secret" not in sentence

    def test_a_programming_error_is_none_of_them(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def wrong(*_: object) -> None:
            raise AssertionError("a bug")

        monkeypatch.setattr(building, "score", wrong)
        with pytest.raises(AssertionError, match="a bug"):
            run("score", "-w", workspace.root)


class TestServing:
    @pytest.fixture
    def started(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """What `serve` would become."""
        found: list[Any] = []
        monkeypatch.setattr(os, "execvpe", lambda program, arguments, environment: found.append(
            (arguments, environment)
        ))  # fmt: skip
        monkeypatch.setattr(os, "chdir", lambda folder: None)
        return found

    def test_serve_hands_its_workspace_on(
        self, started: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MMQ_WORKSPACE", "another")
        shown = run("serve", "-w", tmp_path / "shop", "--port", 8600)
        ((arguments, environment),) = started
        assert arguments[1:5] == ["-m", "mmquality.pages.server", "run", str(PROJECT / "app.py")]
        assert {"--server.port=8600", "--server.address=127.0.0.1", "--server.headless=true"} <= set(
            arguments
        )
        assert environment["MMQ_WORKSPACE"] == str(tmp_path / "shop")
        assert environment["MMQ_DATABASE_URL"].endswith("shop/mmquality.db")
        assert "http://127.0.0.1:8600" in shown.stderr and shown.stdout == ""
        assert "There is no workspace database at" in shown.stderr
        assert "The dashboard opens all the same" in shown.stderr

    @pytest.mark.parametrize(
        ("address", "environment", "problem"),
        [
            ("0.0.0.0", {}, "anybody could come in"),
            ("10.0.0.7", {"MMQ_ACCESS": "local"}, "anybody could come in"),
            ("0.0.0.0", {"MMQ_ACCESS": "proxy", "MMQ_ACCESS_HEADER": "X-User"}, "MMQ_PROXY_SECRET"),
            ("127.0.0.1", {"MMQ_ACCESS": "proxy"}, "names no header to trust"),
            ("127.0.0.1", {"MMQ_ACCESS": "anyone"}, "it can be local, proxy, oidc"),
        ],
    )
    def test_it_listens_nowhere_that_just_anybody_could_come_in(
        self, started: list[Any], address: str, environment: dict[str, str], problem: str, monkeypatch: Any
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert problem in error(run("serve", "--address", address, ok=False))
        assert not started

    def test_a_port_that_is_taken_is_told_before_anything_else(self, started: list[Any]) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            told = error(run("serve", "--port", other.getsockname()[1], ok=False))
        assert "name another port with --port" in told and not started

    def test_it_listens_elsewhere_where_people_sign_in(self, started: list[Any], monkeypatch: Any) -> None:
        for name, value in {"ACCESS": "proxy", "ACCESS_HEADER": "X-User", "PROXY_SECRET": "s"}.items():
            monkeypatch.setenv(f"MMQ_{name}", value)
        assert "Nobody signs in" not in run("serve", "--address", "0.0.0.0").stderr
        assert "--server.address=0.0.0.0" in started[0][0]

    def test_without_a_checkout(self, started: list[Any], tmp_path: Path, monkeypatch: Any) -> None:
        monkeypatch.setattr(serving.mmquality, "__file__", str(tmp_path / "mmquality" / "__init__.py"))
        assert "run from a checkout" in error(run("serve", ok=False))
        assert not started


def process(*arguments: str | Path, cwd: Path, **options: Any) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    command = [sys.executable, "-m", "mmquality", *(str(argument) for argument in arguments)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), **options.pop("env", {})}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=cwd, env=environment, start_new_session=True, **{**pipes, **options})


class TestAsAProcess:
    @pytest.mark.parametrize(
        ("arguments", "status"), [(("--version",), 0), (("rank",), 1), (("rank", "--upwards"), 2)]
    )
    def test_exit_status(self, arguments: tuple[str, ...], status: int, tmp_path: Path) -> None:
        started = process(*arguments, cwd=tmp_path)
        out, err = started.communicate(timeout=60)
        assert started.returncode == status and "Traceback" not in err
        assert bool(out) == (status == 0) and bool(err) == (status != 0)

    def test_json_alone_on_standard_output(self, marketplace: Marketplace, tmp_path: Path) -> None:
        started = process(
            "rank", "--json", cwd=tmp_path, env={"MMQ_WORKSPACE": str(marketplace.workspace.root)}
        )
        out, err = started.communicate(timeout=60)
        assert started.returncode == 0 and err == ""
        assert len(json.loads(out)["listings"]) == 20

    def test_a_reader_that_leaves_early(self, marketplace: Marketplace, tmp_path: Path) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        started = process("rank", "-w", marketplace.workspace.root, cwd=tmp_path, stdout=writer)
        os.close(writer)
        _, err = started.communicate(timeout=60)
        assert started.returncode == 1 and err == ""

    def test_interrupted(self, tmp_path: Path) -> None:
        """Ctrl+C reaches the whole process group of a terminal."""
        shop = write_shop(tmp_path / "shop")
        script = (
            "import sys, time; from mmquality.pipeline import importing; from mmquality.cli import main\n"
            "def slow(*_, **__): print('now', file=sys.stderr, flush=True); time.sleep(60)\n"
            "importing.read_catalogue = slow; main()"
        )
        command = [sys.executable, "-c", script, "import", "-w", "w", "--listings", shop / "listings.csv"]
        with subprocess.Popen(
            [*command, "--images", shop], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        ) as started:  # fmt: skip
            assert started.stderr is not None and started.stderr.readline() == "now\n"
            os.killpg(started.pid, signal.SIGINT)
            out, err = started.communicate(timeout=60)
        assert started.returncode == 1
        assert err == f"\n{stopped('import')}\n"
        assert not (tmp_path / "w").exists()

    def test_what_stops_an_encoding_keeps_what_it_did(self, marketplace: Marketplace, tmp_path: Path) -> None:
        """And says so; the same command then has less to do."""
        workspace = copy_of(marketplace, tmp_path / "shop")
        shutil.rmtree(workspace.embeddings)
        script = (
            "from mmquality.pipeline import encoding; from mmquality.cli import main\n"
            "encoding._TITLES = 10; put, done = encoding.EmbeddingCache.put, []\n"
            "def stopping(*given):\n"
            "    put(*given); done.append(1)\n"
            "    if len(done) == 3: raise KeyboardInterrupt\n"
            "encoding.EmbeddingCache.put = stopping; main()"
        )
        stopped_one = subprocess.run(
            [sys.executable, "-c", script, "encode", "-w", workspace.root],
            env=os.environ | {"PYTHONPATH": str(PROJECT)}, capture_output=True, text=True,
        )  # fmt: skip
        assert stopped_one.returncode == 1 and stopped_one.stderr.endswith(f"\n{stopped('encode')}\n")
        assert "(30 were there already)" in run("encode", "-w", workspace.root).stdout

    def test_only_commands_that_there_are_keep_something(self) -> None:
        assert set(stopping._KEPT) <= set(main.commands)


class TestProgress:
    def test_plain_lines_off_a_terminal(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(terminal, "_EVERY", 0)
        reporter = terminal.TerminalReporter()
        with reporter.stage("Encoding photos", 3_000) as advance:
            advance(1_000, "a note")
            advance(2_000)
        with reporter.stage("Reading clicks.csv") as advance:
            advance(5)
        with reporter.stage("Copying", 3_000_000, in_bytes=True) as advance:
            advance(1_200_000)
        with reporter.stage("Encoding titles", 0):
            pass
        reporter.say("One fact.\x1b[31m")
        shown = capsys.readouterr()
        assert shown.out == ""
        assert re.sub(r"\d+\.\d s", "… s", shown.err).splitlines() == [
            "Encoding photos: 1,000 of 3,000, a note",
            "Encoding photos: 3,000 of 3,000",
            "Encoding photos: 3,000 in … s",
            "Reading clicks.csv: 5",
            "Reading clicks.csv: 5 in … s",
            "Copying: 1.2 MB of 3.0 MB",
            "Copying: 1.2 MB in … s",
            "Encoding titles: nothing to do",
            "One fact. [31m",
        ]

    def test_time_remaining_is_told_from_steps_not_from_the_wait_for_the_first(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Processes start for ten seconds; then each step takes one."""
        clock = iter([0, 10, 11, 21, 31, 41])
        monkeypatch.setattr(terminal, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        with terminal.TerminalReporter().stage("Training networks", 300) as advance:
            for more in (1, 1, 10, 288):
                advance(more)
        assert capsys.readouterr().err.splitlines() == [
            "Training networks: 1 of 300",
            "Training networks: 12 of 300, about 5 min left",
            "Training networks: 300 of 300",
            "Training networks: 300 in 41.0 s",
        ]

    def test_a_bar_tells_time_remaining_as_the_lines_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first step is done after ten seconds of start; then each takes one."""
        now = 0.0
        monkeypatch.setattr(terminal, "time", SimpleNamespace(monotonic=lambda: now))
        with terminal._Bar(total=300, file=io.StringIO()) as bar:
            assert "<?, ?it/s]" in str(bar)
            for now, remaining in ((10, "?"), (11, "?"), (14, "?"), (15, "04:54"), (31, "04:38")):
                bar.update(now - 9 - bar.n)
                assert f"{bar.n}/300" in str(bar) and f"<{remaining}, " in str(bar)

    def test_no_end_is_claimed_of_what_failed(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(ValueError), terminal.TerminalReporter().stage("Training", 6):
            raise ValueError
        assert capsys.readouterr().err == ""

    def test_a_bar_on_a_terminal(self) -> None:
        """In a real one, of which this test holds the other end."""
        ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        code = (
            "from mmquality.cli.terminal import TerminalReporter\n"
            "with TerminalReporter().stage('Encoding photos', 4) as advance: advance(4, 'loss 0.5')"
        )
        environment = os.environ | {"PYTHONPATH": str(PROJECT)}
        subprocess.run([sys.executable, "-c", code], stderr=theirs, env=environment, check=True)
        os.close(theirs)
        shown = os.read(ours, 10_000).decode()
        os.close(ours)
        assert "Encoding photos: 100%" in shown and "4/4" in shown and "\r" in shown
        assert "loss 0.5]" in shown


def test_json_has_no_form_for_what_is_no_json() -> None:
    """Else a figure of another library would come out as a text, and nobody would notice."""
    with pytest.raises(TypeError, match="float32 has no form in JSON"):
        terminal.print_json({"score": np.float32(0.5)})


class TestServingIsRefused:
    """What `serve` refuses before anybody comes."""

    def test_a_role_that_there_is_not(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MMQ_DEFAULT_ROLE", "boss")
        assert "MMQ_DEFAULT_ROLE is 'boss'" in error(run("serve", "-w", workspace.root, ok=False))

    def test_a_provider_that_nobody_named(
        self, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MMQ_ACCESS", "oidc")
        monkeypatch.setenv("HOME", str(tmp_path))
        assert "but no [auth] is in" in error(run("serve", "-w", workspace.root, ok=False))

    def test_a_port_for_figures_that_is_taken(self, workspace: Workspace) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            ports = ("--port", _free(), "--metrics-port", taken.getsockname()[1])
            sentence = error(run("serve", "-w", workspace.root, *ports, ok=False))
        assert "answer to Prometheus" in sentence and "another port with --metrics-port" in sentence


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
