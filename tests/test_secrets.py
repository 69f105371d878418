"""No secret in anything that mmquality prints, logs, shows, exports or writes into a workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from dashboard import opened, texts
from shop import write_shop
from streamlit.testing.v1 import AppTest

from mmquality import logs
from mmquality.cli import main
from mmquality.config import LogConfig

_SECRETS = ("s3cret-word", "only-the-proxy-knows")


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Events are logged as widely as can be."""
    monkeypatch.setenv("MMQ_PROXY_SECRET", _SECRETS[1])
    monkeypatch.setenv("MMQ_LOG", "json")
    monkeypatch.setenv("MMQ_LOG_LEVEL", "debug")
    monkeypatch.setattr(logs, "STREAM", "MMQ_NO_STREAM")
    yield
    logs.set_up(LogConfig())


def _said(*words: str) -> str:
    """Everything that a command says; none may end in a stack trace."""
    result = CliRunner().invoke(main, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output + result.stderr


def test_commands_exports_and_files(
    new_database: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = new_database("postgresql").replace("mmquality@", f"mmquality:{_SECRETS[0]}@")
    monkeypatch.setenv("MMQ_DATABASE_URL", address)
    files, out, place = write_shop(tmp_path / "delivery"), tmp_path / "out", ("-w", str(tmp_path / "shop"))
    out.mkdir()
    said = [
        _said("import", *place, "--listings", str(files / "listings.csv"), "--images", str(files)),
        _said("label", "L1", *place, "--verdict", "match", "--by", "ana"),
        *(_said("export", *place, "--out", str(out / f"labels.{end}")) for end in ("csv", "jsonl")),
        _said("audit", *place, "--out", str(out / "audit.csv")),
        _said("roles", "set", "ana", "analyst", *place),
        *(_said(*words, *place) for words in (("doctor",), ("doctor", "--json"), ("audit",), ("rank",))),
        *(_said(*words, *place) for words in (("models", "list"), ("reasons", "list"), ("train",))),
        _said("backup", *place, "--out", str(out / "shop.tar")),
    ]
    assert '"event": "verdict"' in said[1] and (out / "labels.csv").stat().st_size
    written = [
        file.read_bytes() for root in (out, tmp_path / "shop") for file in root.rglob("*") if file.is_file()
    ]
    assert len(written) > 4
    for secret in _SECRETS:
        assert not [text for text in said if secret in text]
        assert not [content for content in written if secret.encode() in content]


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://ana:{_SECRETS[0]}@127.0.0.1:1/shop",
        f"mysql://ana:{_SECRETS[0]}@127.0.0.1/shop",
        f"postgresql://ana:{_SECRETS[0]}@[/shop",
    ],
    ids=["unreachable", "another kind", "unreadable"],
)
def test_an_address_that_does_not_work(
    address: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MMQ_DATABASE_URL", address)
    said = [
        _said(*words) for words in (("doctor",), ("rank",), ("audit",), ("serve", "--address", "0.0.0.0"))
    ]
    assert all("Error" in text or "FAULT" in text for text in said)
    logs.set_up(LogConfig("json", "DEBUG"))
    for page in ("ranking", "overview", "models"):
        said.append(_shown(opened(page)))
        assert "This page cannot be shown" in said[-1]
    said += list(capfd.readouterr())
    for secret in _SECRETS:
        assert not [text for text in said if secret in text]


def _shown(app: AppTest) -> str:
    parts = [texts(app), *(c.value for c in (*app.code, *app.caption, *app.markdown, *app.error))]
    return "\n".join(map(str, parts))
