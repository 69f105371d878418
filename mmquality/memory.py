"""Memory that is free again goes back to the system."""

from __future__ import annotations

import ctypes

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # glibc's names for what `mallopt` sets
_LARGE, _FREE_AT_THE_END = 16 << 20, 64 << 20  # bytes


def give_back_large_blocks() -> None:
    """From now on, a block of 16 MB or more is this process's only until it is freed; call it before work.

    glibc raises that limit by itself to 32 MB as blocks are freed. The blocks in which a catalogue is gone
    through then lie in its heap, which keeps the holes between them: training on 100,000 listings held 600 MB
    of which 240 were in use. Where the C library is another one, nothing is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _FREE_AT_THE_END)  # setting the one limit turns off that this one grows


def give_back_free_memory() -> None:
    """What is free between what is in use goes back to the system now, before others want memory.

    Arrow's pool is its own: it keeps the room of a whole file that was read.
    """
    import pyarrow as pa  # here: `--help` has no use for it

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
