"""Which device is chosen, what is refused, and that the choice reaches who computes."""

from __future__ import annotations

import os

import pytest
import torch
from click.testing import CliRunner

from mmquality.cli import main
from mmquality.config import Workspace
from mmquality.devices import chosen_device
from mmquality.encoders import compiled
from mmquality.errors import DeviceError, WorkspaceError
from mmquality.pipeline import building, label_loop
from mmquality.pipeline.importing import InputFiles


def with_gpus(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """A machine on which torch finds so many GPUs."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: number > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: number)


@pytest.mark.parametrize(
    ("wanted", "gpus", "local_rank", "chosen"),
    [
        (None, 0, None, "cpu"),
        (None, 1, None, "cuda:0"),
        ("auto", 0, None, "cpu"),
        ("auto", 4, "3", "cuda:3"),
        ("cuda", 2, "3", "cuda:1"),
        ("cpu", 2, "1", "cpu"),
    ],
)
def test_the_device_that_is_chosen(
    monkeypatch: pytest.MonkeyPatch, wanted: str | None, gpus: int, local_rank: str | None, chosen: str
) -> None:
    for name, value in (("MMQ_DEVICE", wanted), ("LOCAL_RANK", local_rank)):
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    with_gpus(monkeypatch, gpus)
    assert chosen_device() == chosen


@pytest.mark.parametrize(
    ("wanted", "said"), [("cuda", "no GPU"), ("tpu", "'tpu'; it can be auto, cpu or cuda")]
)
def test_a_device_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, wanted: str, said: str
) -> None:
    monkeypatch.setenv("MMQ_DEVICE", wanted)
    with_gpus(monkeypatch, 0)
    with pytest.raises(DeviceError, match=said):
        chosen_device()


def test_the_option_reaches_every_process(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("MMQ_DEVICE", "auto")
    CliRunner().invoke(main, ["train", "-w", str(tmp_path), "--device", "cpu"])
    assert os.environ["MMQ_DEVICE"] == "cpu"


@pytest.mark.parametrize("known", [True, False])
def test_onnx_runtime_takes_a_gpu_that_it_knows(monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    import onnxruntime

    providers = ["CUDAExecutionProvider"] * known + ["CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
    monkeypatch.setattr(compiled, "chosen_device", lambda: "cuda:1")
    gpu = [("CUDAExecutionProvider", {"device_id": 1})] * known
    assert compiled._providers() == [*gpu, "CPUExecutionProvider"]


@pytest.mark.parametrize("command", ["build", "retrain"])
def test_commands_for_one_process_refuse_torchrun(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, command: str
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    workspace = Workspace.at(str(tmp_path))
    with pytest.raises(WorkspaceError, match=f"mmquality {command}` without torchrun"):
        building.build(workspace, InputFiles()) if command == "build" else label_loop.retrain(workspace)
