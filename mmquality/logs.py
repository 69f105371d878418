"""Events for operators: one line each on standard error, nothing unless `MMQ_LOG` says so.

`event("verdict", listing="L1", analyst="ana")` is one JSON object (`MMQ_LOG=json`) or one line of words and
`name=value` (`text`). What strangers wrote cannot break a line or take over a terminal, and what is secret
here (`_secrets`) is in no line, wherever it came from.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
from typing import Any
from urllib.parse import unquote

from pythonjsonlogger.json import JsonFormatter

from mmquality.config import LogConfig

STREAM = "MMQ_LOG_STREAM"  # in the environment of a job: the number of its server's standard error
_ADDRESSES = ("MMQ_DATABASE_URL", "MMQ_VECTORS_URL", "MMQ_LLM_URL")
_WORDS = ("MMQ_PROXY_SECRET", "MMQ_LLM_KEY")
_PASSWORD = re.compile(r"://[^/@:]*:(.*)@")  # of an address that need not be a right one
_HIDDEN = "***"
_log = logging.getLogger("mmquality")
_hidden: set[str] = set()


class _Text(logging.Formatter):
    """`2026-11-29T19:00:00.123Z INFO verdict listing=L1 analyst="Ana B."`."""

    def format(self, record: logging.LogRecord) -> str:
        facts = dict(record.msg) if isinstance(record.msg, dict) else {"event": record.getMessage()}
        name = facts.pop("event")
        named = "".join(f" {fact}={_word(value)}" for fact, value in facts.items())
        return f"{self.formatTime(record)} {record.levelname} {name}{named}"


def set_up(config: LogConfig) -> None:
    """Let events of this process be seen as `config` says; those of a job go where its server's go."""
    for handler in list(_log.handlers):
        _log.removeHandler(handler)
    _log.propagate = False
    logging.raiseExceptions = False  # whoever reads the lines may be gone; the work goes on
    if not config.form:
        return
    handed_on = os.environ.get(STREAM)
    stream = open(int(handed_on), "w", encoding="utf-8", closefd=False) if handed_on else sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_in_utc(_json() if config.form == "json" else _Text()))
    _log.addHandler(handler)
    _log.setLevel(config.level)


def _json() -> logging.Formatter:
    return JsonFormatter("%(asctime)s %(levelname)s", rename_fields={"asctime": "at", "levelname": "level"})


def _in_utc(formatter: logging.Formatter) -> logging.Formatter:
    formatter.converter = time.gmtime
    formatter.default_time_format, formatter.default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"
    return formatter


def event(name: str, level: int = logging.INFO, **facts: object) -> None:
    """Tell of one event; facts that are None are left out."""
    if _log.handlers and _log.isEnabledFor(level):
        secrets = _secrets()
        told = {name: _clean(fact, secrets) for name, fact in facts.items() if fact is not None}
        _log.log(level, {"event": name, **told})


def hide(*secrets: str) -> None:
    """Let these words be in no event from now on."""
    _hidden.update(filter(None, secrets))


def without_secrets(text: str) -> str:
    """`text` without what is secret here."""
    return str(_clean(text, _secrets()))


def _secrets() -> list[str]:
    """Passwords of addresses, secrets and keys, what was hidden; the longest first."""
    found = {*(os.environ.get(name) or "" for name in _WORDS), *_hidden}
    for name in _ADDRESSES:
        for written in _PASSWORD.findall(os.environ.get(name) or ""):
            found |= {written, unquote(written)}
    return sorted(found - {""}, key=len, reverse=True)


def _clean(fact: object, secrets: list[str]) -> object:
    """Text without control characters and secrets; numbers as they are."""
    if fact is None or isinstance(fact, bool | int | float):
        return fact
    text = str(fact)
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    return "".join(c if c.isprintable() else " " for c in text)


def _word(fact: Any) -> str:
    """As it is where it is one word, else in quotes."""
    text = f"{fact:.3f}" if isinstance(fact, float) else str(fact)
    plain = text and not any(c.isspace() or c in '"=' for c in text)
    return text if plain else json.dumps(text, ensure_ascii=False)
