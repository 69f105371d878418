"""The soak's own arithmetic; and, for some seconds, the soak."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "benchmarks"))


def test_a_leak_is_told_from_noise() -> None:
    from soak import growth

    at, rng = np.arange(600.0), np.random.default_rng(7)
    noise = 300 + rng.normal(0, 4, 600)
    flat, leaking = (list(zip(at, line, strict=True)) for line in (noise, noise + at / 10))
    warming = list(zip(at, noise - 100 * np.exp(-at / 40), strict=True))
    for samples, holds in ((flat, True), (warming, True), (leaking, False)):
        grown, allowed = growth(samples) or (np.nan, np.nan)
        assert (grown <= allowed) is holds
    assert growth(flat[:200]) is None


@pytest.mark.timeout(300)
def test_a_few_analysts_work_at_once_without_a_fault() -> None:
    command = [sys.executable, "benchmarks/soak.py", "--short", "--json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["rows"][0]["verdicts"] > 0 and all(bar["holds"] for bar in found["bars"].values())
