"""Work on every core: all of it, in order, at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from mmquality.cores import on_every_core


@pytest.fixture
def two_threads() -> Iterator[None]:
    """As many as torch has, whatever the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
class TestTwoCores:
    def test_work_is_done_at_once_and_comes_in_order(self) -> None:
        both = threading.Barrier(2, timeout=60)  # which one alone would wait at for ever

        def work(number: int) -> int:
            both.wait()
            return number**2

        assert list(on_every_core(work, range(6))) == [n**2 for n in range(6)]

    def test_work_has_one_thread_and_leaves_the_others_as_they_were(self) -> None:
        assert list(on_every_core(lambda part: torch.get_num_threads(), range(4))) == [1] * 4
        assert torch.get_num_threads() == 2

    def test_parts_are_drawn_a_few_ahead(self) -> None:
        drawn = []
        done = on_every_core(lambda part: part, (drawn.append(n) or n for n in range(100)))
        next(done)
        assert len(drawn) < 10
        done.close()
        assert torch.get_num_threads() == 2

    def test_what_fails_is_told_in_its_turn(self) -> None:
        done = on_every_core(lambda part: 1 // part, [2, 1, 0, 1])
        assert [next(done), next(done)] == [0, 1]
        with pytest.raises(ZeroDivisionError):
            next(done)
