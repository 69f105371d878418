"""Where work on blocks is done: in this process, or by Ray on as many machines as there are.

An engine is only how one function is applied to blocks, in order. What a block holds and how large it is, is
for the caller to say, and the same for every engine: so are the results, to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

from mmquality.cores import on_every_core

Block = TypeVar("Block")
Result = TypeVar("Result")
Tell = Callable[[int], object]  # called with how many more rows of a block are done
Work = Callable[[Block, Tell], Result]

ENGINES = ("local", "ray")


def nobody(done: int) -> None:
    """Told how far work is, where it interests nobody."""


class Engine(Protocol):
    """How work is applied to blocks."""

    def map_blocks(
        self, work: Work[Block, Result], blocks: Iterable[Block], tell: Tell = nobody, threads: int = 1
    ) -> Iterator[Result]:
        """`work` of every block, in the order of the blocks, each exactly once.

        `work` and blocks may travel to other machines, `work` once to each process that does it; `threads` is
        how many it uses. Raises what `work` raises, and `EngineError` where the machines fail.
        """


class Local:
    """Here: work of one thread on a block for every core, any other on one block after another."""

    def map_blocks(
        self, work: Work[Block, Result], blocks: Iterable[Block], tell: Tell = nobody, threads: int = 1
    ) -> Iterator[Result]:
        """`work` of every block; where it is done on every core, a few blocks ahead of the reader."""

        def done(block: Block) -> Result:
            return work(block, tell)

        return on_every_core(done, blocks) if threads == 1 else map(done, blocks)


def open_engine(name: str) -> AbstractContextManager[Engine]:
    """The engine called `name`, one of `ENGINES`, for a `with` block. Raises `EngineError`."""
    if name == "local":
        return nullcontext(Local())
    from mmquality.engine.ray import connected  # here, as Ray is an extra

    return connected()
