"""What a training has finished, on the workspace's disk until its version is saved: one that was stopped, by
whatever it was, goes on there and comes to the very same model.

Each training has a folder, named by a digest of everything that its networks depend on: another catalogue,
another seed, another torch begins anew. Beside a training's own folder the last other one stays, so that two
that are stopped in turns both go on, and no disk fills up. Weights are as they were trained, in single
precision.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mmquality import __version__
from mmquality.config import NetworkConfig, TrainingConfig, Workspace
from mmquality.devices import chosen_device
from mmquality.files import check_writable, make_folder, room_for, whole_file
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.pipeline.assembling import Assembled
from mmquality.pipeline.places import trainings_path
from mmquality.pipeline.progress import Reporter
from mmquality.pipeline.scratch import left_behind, locked
from mmquality.training import ranks
from mmquality.training.finished import Finished, FirstLook, Trained

T = TypeVar("T")
Losses = list[dict[str, float]]
Say = Callable[[str], object]

_OWNED, _INPUTS, _LOSSES, _DIGEST = "owned", "inputs.", "losses", "sha256"
_DAMAGE = (SafetensorError, OSError, LookupError, TypeError, ValueError, AttributeError, RuntimeError)


@contextmanager
def kept_training(
    workspace: Workspace,
    assembled: Assembled,
    network_config: NetworkConfig,
    config: TrainingConfig,
    reporter: Reporter,
) -> Iterator[Finished]:
    """What an earlier training of the same has left; what this one finishes is kept until the block ends
    without an error.

    Of the processes that train together the first one keeps and finds.
    """
    if not ranks.is_first():
        yield Finished()
        return
    place = trainings_path(workspace)
    folder = place / _name(assembled, network_config, config)
    with room_for(place):
        make_folder(place)
        if _clear(place, folder) and not folder.exists():
            reporter.say(
                "A training that was stopped had other listings, clicks, labels or settings: this one begins "
                "anew."
            )
        make_folder(folder)
        check_writable(place, folder)
        lock = locked(folder)
    try:
        os.utime(folder)
        yield _found(folder, network_config, config, len(assembled.data), reporter.say)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _name(assembled: Assembled, network_config: NetworkConfig, config: TrainingConfig) -> str:
    """A digest of all that decides what a training comes to, on a machine like this one."""
    depends_on = {
        "data": assembled.fingerprint,
        "products": sha256(assembled.data.product_key.tobytes()).hexdigest(),  # they decide the folds, too
        "encoders": (assembled.settings.text_encoder, assembled.settings.photo_encoder),
        "network": asdict(network_config),
        "training": asdict(config),
        "versions": (__version__, torch.__version__),
        "device": chosen_device().partition(":")[0],
        "processes": ranks.started(),  # which round differently
    }
    return sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()[:16]


def _clear(place: Path, own: Path) -> bool:
    """Remove what other trainings than `own` left, but for the last that finished anything; whether it is
    there."""
    others = [folder for folder in left_behind(place) if folder != own]
    finished = [folder for folder in others if _look_path(folder).exists()]
    last = max(finished, key=lambda folder: folder.stat().st_mtime, default=None)
    for folder in others:
        if folder != last:
            shutil.rmtree(folder, ignore_errors=True)
    return last is not None


@dataclass(frozen=True)
class _Kept:
    """The `Keep` in a folder."""

    folder: Path

    def look(self, look: FirstLook) -> None:
        tensors = {f"{_INPUTS}{name}": tensor for name, tensor in look.inputs.state_dict().items()}
        _write(_look_path(self.folder), tensors | {_OWNED: torch.from_numpy(look.owned)})

    def network(self, number: int, trained: Trained) -> None:
        network, losses = trained
        own = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith(_INPUTS)}
        _write(_network_path(self.folder, number), own, losses)


def _look_path(folder: Path) -> Path:
    return folder / "first-look.safetensors"


def _network_path(folder: Path, number: int) -> Path:
    return folder / f"network-{number}.safetensors"


def _write(path: Path, tensors: dict[str, Tensor], losses: Losses | None = None) -> None:
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    told = {_LOSSES: json.dumps(losses or []), _DIGEST: _digest(tensors)}
    with whole_file(path) as part:
        save_file(tensors, part, told)


def _digest(tensors: dict[str, Tensor]) -> str:
    """The format itself does not tell a byte that has changed."""
    digest = sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _found(
    folder: Path, network_config: NetworkConfig, config: TrainingConfig, listings: int, say: Say
) -> Finished:
    """What is there and whole."""
    look = _whole(
        _look_path(folder), partial(_look, network_config, listings), "The training begins anew", say
    )
    if look is None:
        return Finished(keep=_Kept(folder))
    networks: dict[int, Trained] = {}
    for number in range(config.folds + 1):
        read, path = partial(_network, network_config, look.inputs), _network_path(folder, number)
        if trained := _whole(path, read, "That network is trained anew", say):
            networks[number] = trained
    say(
        f"Going on with a training that was stopped: first look and {len(networks)} of {config.folds + 1} "
        "networks are there."
    )
    return Finished(look, networks, _Kept(folder))


def _whole(path: Path, read: Callable[[dict[str, Tensor], Losses], T], so: str, say: Say) -> T | None:
    """What `read` makes of a file's content; None where it is not there or damaged, which is said."""
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            told, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
        if told[_DIGEST] != _digest(tensors):
            raise ValueError("its content is not what was written")
        return read(tensors, json.loads(told[_LOSSES]))
    except _DAMAGE as error:
        say(f"{path} is damaged ({error}). {so}.")
        return None


def _look(config: NetworkConfig, listings: int, tensors: dict[str, Tensor], _: Losses) -> FirstLook:
    owned = tensors.pop(_OWNED).numpy().copy()
    if owned.shape != (listings,):
        raise ValueError(f"it is of {len(owned):,} listings, not of {listings:,}")
    inputs = Inputs(config)
    inputs.load_state_dict({name.removeprefix(_INPUTS): tensor for name, tensor in tensors.items()})
    return FirstLook(inputs, owned)


def _network(config: NetworkConfig, inputs: Inputs, tensors: dict[str, Tensor], losses: Losses) -> Trained:
    network = SiameseNetwork(config, inputs)
    shared = {f"{_INPUTS}{name}": tensor for name, tensor in inputs.state_dict().items()}
    network.load_state_dict(tensors | shared)
    return network.eval(), losses
