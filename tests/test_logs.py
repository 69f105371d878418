"""What operators get to read: its form and level, nothing that breaks a line, no secret, nothing undone."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from workspaces import Fixture, small_workspace

from mmquality import logs
from mmquality.cli import main
from mmquality.config import LogConfig
from mmquality.errors import MMQualityError, WorkspaceError
from mmquality.records import Reason, Verdict
from mmquality.store import Store


@pytest.fixture(autouse=True)
def quiet_afterwards() -> Iterator[None]:
    yield
    logs.set_up(LogConfig())
    logs._hidden.clear()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The events that were written as JSON, their moment left out."""
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert all(one.pop("at").endswith("Z") for one in said)
    return said


def test_nothing_is_said_unless_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(LogConfig.of_environment())
    logs.event("verdict", listing="L1")
    assert capsys.readouterr().err == ""


def test_json_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(LogConfig("json"))
    logs.event("verdict", listing="L1", reason=None, seconds=0.25)
    assert lines(capsys) == [{"level": "INFO", "event": "verdict", "listing": "L1", "seconds": 0.25}]
    logs.set_up(LogConfig("text"))
    logs.event("verdict", listing="L1", analyst='Ana "B"', seconds=0.25)
    said = capsys.readouterr().err
    assert said.endswith(' INFO verdict listing=L1 analyst="Ana \\"B\\"" seconds=0.250\n')


@pytest.mark.parametrize("form", ["json", "text"])
def test_strangers_cannot_break_a_line_or_take_over_a_terminal(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up(LogConfig(form))
    logs.event("failure", sentence="a\x1b[2Jb\nINFO verdict\u202ec\x00")
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "u001b" not in said
    assert all(c.isprintable() for c in said.rstrip("\n"))


def test_the_level_is_the_least(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMQ_LOG", "json")
    monkeypatch.setenv("MMQ_LOG_LEVEL", "warning")
    logs.set_up(LogConfig.of_environment())
    logs.event("verdict")
    logs.event("refusal", logging.WARNING)
    assert [one["event"] for one in lines(capsys)] == ["refusal"]


@pytest.mark.parametrize(("name", "value"), [("MMQ_LOG", "xml"), ("MMQ_LOG_LEVEL", "loud")])
def test_what_is_set_up_wrongly_is_said(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WorkspaceError, match=f"{name} is .*; it can be"):
        LogConfig.of_environment()


def test_secrets_are_in_no_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMQ_DATABASE_URL", "postgresql://ana:p%40ss%2Fword@host/shop")
    monkeypatch.setenv("MMQ_VECTORS_URL", "http://ana:milvus-word@host:19530")
    monkeypatch.setenv("MMQ_PROXY_SECRET", "only-the-proxy")
    monkeypatch.setenv("MMQ_LLM_KEY", "sk-key")
    logs.hide("from-the-provider")
    logs.set_up(LogConfig("json"))
    secret = ("p%40ss%2Fword", "p@ss/word", "milvus-word", "only-the-proxy", "from-the-provider", "sk-key")
    logs.event("failure", sentence=f"cannot reach {' '.join(secret)}")
    assert lines(capsys)[0]["sentence"] == "cannot reach *** *** *** *** *** ***"
    assert logs.without_secrets("at p@ss/word") == "at ***"


def test_what_the_store_does_is_told_once_it_is_so(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(LogConfig("json"))
    store.save_import_report({"added": 3, "updated": 1, "files": {"listings": "a.csv"}})
    with pytest.raises(MMQualityError):
        store.add_label("nobody's", Verdict.MATCH, None, "", "ana")
    told = lines(capsys)
    assert [(one["event"], one["added"], one["problems"]) for one in told] == [("import", 3, 0)]
    with pytest.raises(RuntimeError), store._write() as connection:
        from mmquality.store.database import tell

        tell(connection, "verdict")
        raise RuntimeError
    assert not lines(capsys)


def test_verdicts_withdrawals_and_publications_are_told(
    fresh: Fixture, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up(LogConfig("json"))
    with Store.open(fresh.workspace.database_url) as store:
        label = store.add_label("L001", Verdict.MISMATCH, Reason.OTHER, "a note", "ana")
        store.undo_label(label.label_id, "ana")
        store.add_labels(["L002", "L003"], Verdict.MATCH, None, "", "ben")
        store.make_current("v1", "root")
    told = lines(capsys)
    assert [one["event"] for one in told] == ["verdict", "withdrawal", "verdict", "model"]
    assert told[0] == {
        "level": "INFO", "event": "verdict", "listing": "L001", "verdict": "mismatch", "reason": "other",
        "analyst": "ana", "drawn": "browsed",
    }  # fmt: skip
    assert (told[2]["listings"], told[3]["subject"], told[3]["what"]) == (2, "v1", "put in force")


def test_a_command_is_one_event_and_a_failure_has_its_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_workspace(tmp_path / "shop")
    monkeypatch.setenv("MMQ_LOG", "json")
    done = CliRunner().invoke(main, ["rank", "-w", str(tmp_path / "shop"), "--top", "1"])
    said = json.loads(done.stderr)
    assert (said["event"], said["command"], said["outcome"]) == ("command", "rank", "done")
    failed = CliRunner().invoke(main, ["rank", "-w", str(tmp_path / "none")])
    told = [json.loads(line) for line in failed.stderr.splitlines() if line.startswith("{")]
    assert [one["event"] for one in told] == ["command", "failure"] and told[0]["outcome"] == "failed"
    assert told[1]["sentence"] in failed.stderr.splitlines()[-1] and failed.exit_code == 1
