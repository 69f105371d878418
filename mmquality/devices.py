"""Where tensors are computed: on a GPU where there is one, on the CPU everywhere."""

from __future__ import annotations

import os

from mmquality.errors import DeviceError

CHOICES = ("auto", "cpu", "cuda")
VARIABLE = "MMQ_DEVICE"


def chosen_device() -> str:
    """`cpu` or `cuda:N`, as `MMQ_DEVICE` says: `cpu`, `cuda`, or `auto`, which takes a GPU that is there.

    Of several GPUs each process of torchrun has its own. Raises `DeviceError` for one that is not there.
    """
    wanted = os.environ.get(VARIABLE) or "auto"
    if wanted not in CHOICES:
        raise DeviceError(f"{VARIABLE} is {wanted!r}; it can be {', '.join(CHOICES[:-1])} or {CHOICES[-1]}.")
    if wanted == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return f"cuda:{int(os.environ.get('LOCAL_RANK', '0')) % torch.cuda.device_count()}"
    if wanted == "cuda":
        raise DeviceError(
            "There is no GPU that torch can use. Give --device cpu (or MMQ_DEVICE=cpu), or install a torch "
            "that was built for the GPU of this machine."
        )
    return "cpu"
