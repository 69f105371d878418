"""What is freed is no longer held."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HOLES = """
import sys
import numpy as np
from pathlib import Path
from mmquality.memory import give_back_free_memory, give_back_large_blocks

def held():
    told = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in told if line.startswith("Anonymous")) / 1e3

if sys.argv[1] == "given back":
    give_back_large_blocks()
np.ones(30_000_000, np.uint8)  # freed: from now on, glibc keeps such blocks in its heap
before, blocks, small = held(), [], []
for _ in range(8):
    blocks.append(np.ones(25_000_000, np.uint8))
    small.append(np.ones(100_000, np.uint8))
del blocks
if sys.argv[1] == "given back at last":
    give_back_free_memory()
print(held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_lies_between_small_blocks_is_given_back() -> None:
    kept, given_back, at_last = (
        float(subprocess.run([sys.executable, "-c", _HOLES, how], capture_output=True, check=True).stdout)
        for how in ("kept", "given back", "given back at last")
    )
    assert kept > 100  # MB: else this shows nothing
    assert given_back < 10 and at_last < 10
