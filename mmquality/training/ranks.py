"""Processes that train one network together, as torchrun starts them.

Every one has the same catalogue, draws the same batches and knows the whole loss, but sends only its part of
a batch's rows through the layers; what comes out is gathered, so that in-batch negatives are those of the
whole batch. The gradients are then averaged by torch's DistributedDataParallel. What comes out is what one
process would compute, but for rounding. One that runs alone goes through here untouched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from mmquality.network.towers import part_of_batch


class RankLost(Exception):
    """One of the processes that train together has ended in the middle of its work."""


Found = TypeVar("Found", bound=Tensor | tuple[Tensor, ...])

# The others wait while the first has its first look. A process that dies is missed at once, not after this.
_PATIENCE = timedelta(days=1)
_LOST = ("by peer", "Broken pipe")  # in what gloo says then: connection closed by peer, reset by peer


def started() -> int:
    """How many processes torchrun has started to train together; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def started_by_torchrun() -> bool:
    """Whether there are other processes to train with."""
    return started() > 1


def is_first() -> bool:
    """Whether this is the process that does what is done once, and writes."""
    return not started_by_torchrun() or os.environ["RANK"] == "0"


@contextmanager
def together(device: str) -> Iterator[None]:
    """One group with the others that torchrun started, for the time of the block; alone without it.

    Raises `RankLost` where one of them is gone.
    """
    if not started_by_torchrun():
        yield
        return
    dist.init_process_group("cpu:gloo,cuda:nccl" if device != "cpu" else "gloo", timeout=_PATIENCE)
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, dist.DistError) or any(words in str(error) for words in _LOST):
            raise RankLost(str(error)) from error
        raise
    finally:
        dist.destroy_process_group()


def count() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def from_the_first(tensors: Iterable[Tensor]) -> None:
    """Overwrite `tensors` with what the first process has in them, so that no rounding tells them apart."""
    if count() > 1:
        for tensor in tensors:
            dist.broadcast(tensor, 0)


def told_by_the_first(value: Any) -> Any:
    """What the first process has as `value`, numbers and containers of them, in each process."""
    if count() == 1:
        return value
    told = [value]
    dist.broadcast_object_list(told, 0, device=torch.device("cpu"))
    return told[0]


def averaging(losses: nn.Module) -> nn.Module:
    """`losses`, after whose backward pass every process has the mean of all gradients."""
    if count() == 1:
        return losses
    # Terms of the loss come and go with what a batch has to say, and with them parameters.
    return DistributedDataParallel(losses, forward_sync_buffers=False, find_unused_parameters=True)


def in_parts(work: Callable[..., Found], *inputs: Tensor) -> Found:
    """`work(*inputs)`, of which each process computes its part of the rows (n, …); all get the whole.

    `work` treats rows one by one and gives n of them.
    """
    if count() == 1:
        return work(*inputs)
    n, rank = len(inputs[0]), dist.get_rank()
    rows = slice(n * rank // count(), n * (rank + 1) // count())
    with part_of_batch(rows, n):
        found = work(*(tensor[rows] for tensor in inputs))
    if isinstance(found, Tensor):
        return cast(Found, _whole(found, rows, n))
    return type(found)(*(_whole(tensor, rows, n) for tensor in found))


def _whole(part: Tensor, rows: slice, n: int) -> Tensor:
    return cast(Tensor, _Whole.apply(part, rows, n))  # type: ignore[no-untyped-call]


class _Whole(torch.autograd.Function):
    """A part of the rows → all of them, (n, …), the others' from the others.

    Each process then has the whole loss and its gradient; what of it belongs to a row is the sum over all
    processes, of which the averaging of the parameters' gradients takes the mean.
    """

    @staticmethod
    def forward(context: Any, part: Tensor, rows: slice, n: int) -> Tensor:
        context.rows = rows
        whole = part.new_zeros((n, *part.shape[1:]))
        whole[rows] = part
        dist.all_reduce(whole)
        return whole

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        gradient = gradients[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(gradient)
        return gradient[context.rows], None, None
