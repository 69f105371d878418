"""What every benchmark script shares: the machine, timed commands, bars, and the tables in the docs."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

DOCS = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PACKAGES = ("torch", "faiss-cpu", "sentence-transformers", "numpy", "pandas", "scikit-learn", "streamlit")


def parser(doc: str | None, short: str) -> argparse.ArgumentParser:
    """What every script may be asked: its text as the help, `--short` (what that is), `--json`."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--short", action="store_true", help=short)
    made.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    return made


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    names = [line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(terse=True),
        "load": round(os.getloadavg()[0], 2),
    }


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def versions() -> dict[str, str]:
    """Python and the packages whose version moves the figures."""
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in PACKAGES
    }


@dataclass(frozen=True)
class Finished:
    """A command that ran to its end."""

    out: str
    err: str
    seconds: float
    peak_bytes: int  # of the command and its children together; 0 where nobody watched


def run(*command: str, watched: bool = False, of: Callable[[psutil.Process], int] | None = None) -> Finished:
    """Run a command, measuring wall time and, where it is `watched`, the peak memory of its process tree.

    Memory is `of` each process, by default its proportional set size.

    Raises `RuntimeError` with the command's last words where it fails.
    """
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = Peak(process.pid, of)
    if watched:
        peak.start()
    out, err = process.communicate()
    if watched:
        peak.stop()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed with {process.returncode}:\n{err[-2000:]}")
    return Finished(out, err, time.monotonic() - started, peak.bytes)


class Peak(threading.Thread):
    """Samples the memory of a process and its descendants; by default shared pages count once.

    A look goes through all their pages: there are so many that it takes a twentieth of one core at most.
    """

    def __init__(self, pid: int, of: Callable[[psutil.Process], int] | None = None) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._of = of or _pss
        self._root = psutil.Process(pid)
        self._ended = threading.Event()

    def run(self) -> None:
        pause = 0.25
        while not self._ended.wait(pause):
            started = time.thread_time()
            try:
                tree = [self._root, *self._root.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            self.bytes = max(self.bytes, sum(map(self._of, tree)))
            pause = max(0.25, 20 * (time.thread_time() - started))

    def stop(self) -> None:
        self._ended.set()
        self.join()


class Highest(threading.Thread):
    """The highest of what `look` says, ten times a second while the block runs."""

    def __init__(self, look: Callable[[], int]) -> None:
        super().__init__(daemon=True)
        self.value = 0
        self._look, self._ended = look, threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.1):
            self.value = max(self.value, self._look())

    def __enter__(self) -> Highest:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


def anonymous_bytes(pid: int) -> int:
    """Memory of a process that no file backs: what cannot be dropped and read again."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * int(next(line.split()[1] for line in told.splitlines() if line.startswith("Anonymous:")))


def anonymous(process: psutil.Process) -> int:
    """`anonymous_bytes`, 0 of a process that ended between listing and reading."""
    try:
        return anonymous_bytes(process.pid)
    except (OSError, StopIteration):
        return 0


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:  # it ended between listing and reading
        return 0


def bar(value: float, limit: float, at_least: bool = True) -> dict[str, Any]:
    """One promise and whether it holds."""
    return {"value": value, "bar": limit, "holds": value >= limit if at_least else value <= limit}


def finish(
    rows: list[dict[str, Any]], bars: dict[str, Any], seed: int, as_json: bool, section: str | None
) -> None:
    """Print the report, as one object with `--json`, else as tables; those go into `section` of the docs."""
    report = {"machine": machine(), "versions": versions(), "seed": seed, "rows": rows, "bars": bars}
    text = markdown(report)
    print(json.dumps(report, indent=2) if as_json else text)
    if section:
        write_section(section, text)


def finish_tables(
    tables: dict[str, Any], texts: list[str], bars: dict[str, Any], given: argparse.Namespace, section: str
) -> None:
    """Print tables that are Markdown already; with `--json` as one object; into `section` of the docs unless
    `--short`."""
    made = {"machine": machine(), "versions": versions(), "seed": given.seed, "seeds": given.seeds}
    text = "\n".join([*texts, _made_with(f"Seed {given.seed}, {given.seeds} of them.")])
    if bars:
        text += "\n\n" + table(_promises(bars))
    print(json.dumps(made | {"tables": tables, "bars": bars}, indent=2) if given.json else text)
    if not given.short:
        write_section(section, text)


def markdown(report: dict[str, Any]) -> str:
    """The report as Markdown tables."""
    lines = [table(report["rows"]), "", _made_with(f"Seed {report['seed']}.")]
    if report["bars"]:
        lines += ["", table(_promises(report["bars"]))]
    return "\n".join(lines)


def _made_with(seeds: str) -> str:
    m = machine()
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    return (
        f"Machine: {m['cpu']}, {m['cores']} cores, {m['memory_gib']} GiB, {m['system']}; "
        f"load average when done {m['load']}. {packages}. {seeds}"
    )


def _promises(bars: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"promise": name, **{k: b[k] for k in ("value", "bar")}, "holds": "yes" if b["holds"] else "**no**"}
        for name, b in bars.items()
    ]


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as a Markdown table, the first row's keys as its header."""
    header = list(rows[0])
    body = [[_cell(row.get(name)) for name in header] for row in rows]
    rows_of_cells = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows_of_cells)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.0e}" if 0 < abs(value) < 0.0005 else f"{value:.3f}"
    return "" if value is None else str(value)


def write_section(name: str, text: str, page: Path = DOCS) -> None:
    """Replace the part of docs/benchmarks.md, or of another page, between the markers of `name`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    document = page.read_text(encoding="utf-8")
    before, after = document.split(begin)[0], document.split(end)[1]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
