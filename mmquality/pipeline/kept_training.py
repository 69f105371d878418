"""What a training has finished, on the workspace's disk until its version is saved: one that was stopped, by
whatever it was, goes on there and comes to the very same model.

A folder is named by a digest of all that the first look depends on; in it is one for the networks, named by a
digest of what they depend on beside it. So other clicks or labels make networks anew, but not the first look;
another catalogue, seed or torch makes all of it anew. Beside each folder the last other one stays: of two
trainings that are stopped in turns both go on, and no disk fills up. Weights are as they were trained, in
single precision.
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
from mmquality.pipeline.assembling import Assembled, listings_in_bytes
from mmquality.pipeline.places import trainings_path
from mmquality.pipeline.progress import Reporter
from mmquality.pipeline.scratch import left_behind, locked
from mmquality.training import ranks
from mmquality.training.finished import Finished, FirstLook, Trained

T = TypeVar("T")
Losses = list[dict[str, float]]
Say = Callable[[str], object]

_TRUSTED, _INPUTS, _LOSSES, _DIGEST = "trusted", "inputs.", "losses", "sha256"
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
    catalogue = place / _name_of_first_look(assembled, network_config, config)
    networks = catalogue / _name_of_networks(assembled)
    kept = _Kept(catalogue, networks)
    with room_for(place):
        for folder in (place, catalogue, networks):
            make_folder(folder)
            check_writable(folder)
        if _clear(catalogue) and not kept.look_path.exists():
            reporter.say("A training that was stopped had other listings or settings; this one begins anew.")
        _clear(networks)
        lock = locked(catalogue)
    try:
        yield _found(kept, network_config, config, len(assembled.data), reporter.say)
        shutil.rmtree(networks, ignore_errors=True)
        if not _beside(networks):
            shutil.rmtree(catalogue, ignore_errors=True)
    finally:
        os.close(lock)


def _name_of_first_look(assembled: Assembled, network_config: NetworkConfig, config: TrainingConfig) -> str:
    """A digest of all that decides what comes out on a machine like this one, but for clicks and verdicts."""
    digest = sha256()
    for piece in listings_in_bytes(assembled.catalogue, assembled.told):
        digest.update(piece)
    digest.update(assembled.data.product_key.tobytes())  # what is one product is in one fold
    settings = {
        "encoders": (assembled.settings.text_encoder, assembled.settings.photo_encoder),
        "network": asdict(network_config),
        "training": asdict(config),
        "versions": (__version__, torch.__version__),
        "device": chosen_device().partition(":")[0],
        "processes": ranks.started(),  # which round differently
    }
    digest.update(json.dumps(settings, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def _name_of_networks(assembled: Assembled) -> str:
    """With clicks and verdicts in it."""
    return str(assembled.fingerprint["sha256"])[:16]


def _beside(folder: Path) -> list[Path]:
    """The folders beside one, the one last worked in first."""
    others = [other for other in left_behind(folder.parent) if other != folder]
    return sorted(others, key=lambda other: other.stat().st_mtime, reverse=True)


def _clear(own: Path) -> bool:
    """Remove the folders beside one's own but for the last with anything finished; whether there is one."""
    os.utime(own)
    others = _beside(own)
    finished = [folder for folder in others if any(folder.rglob("*.safetensors"))]
    for folder in others:
        if folder not in finished[:1]:
            shutil.rmtree(folder, ignore_errors=True)
    return bool(finished)


@dataclass(frozen=True)
class _Kept:
    """The `Keep` in two folders."""

    catalogue: Path
    networks: Path

    def look(self, look: FirstLook) -> None:
        tensors = {f"{_INPUTS}{name}": tensor for name, tensor in look.inputs.state_dict().items()}
        _write(self.look_path, tensors | {_TRUSTED: torch.from_numpy(look.trusted)})

    def network(self, number: int, trained: Trained) -> None:
        network, losses = trained
        own = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith(_INPUTS)}
        _write(self.network_path(number), own, losses)

    @property
    def look_path(self) -> Path:
        return self.catalogue / "first-look.safetensors"

    def network_path(self, number: int) -> Path:
        return self.networks / f"network-{number}.safetensors"


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
    kept: _Kept, network_config: NetworkConfig, config: TrainingConfig, listings: int, say: Say
) -> Finished:
    """What is there and whole."""
    read_look = partial(_look, network_config, listings)
    look = _whole(kept.look_path, read_look, "The training begins anew", say)
    if look is None:
        return Finished(keep=kept)
    networks: dict[int, Trained] = {}
    for number in range(config.folds + 1):
        read = partial(_network, network_config, look.inputs)
        if trained := _whole(kept.network_path(number), read, "That network is trained anew", say):
            networks[number] = trained
    say(
        f"Going on with a training that was stopped: first look and {len(networks)} of {config.folds + 1} "
        "networks are there."
    )
    return Finished(look, networks, kept)


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
    trusted = tensors.pop(_TRUSTED).numpy().copy()
    if trusted.shape != (listings,):
        raise ValueError(f"it is of {len(trusted):,} listings, not of {listings:,}")
    inputs = Inputs(config)
    inputs.load_state_dict({name.removeprefix(_INPUTS): tensor for name, tensor in tensors.items()})
    return FirstLook(inputs, trusted)


def _network(config: NetworkConfig, inputs: Inputs, tensors: dict[str, Tensor], losses: Losses) -> Trained:
    network = SiameseNetwork(config, inputs)
    shared = {f"{_INPUTS}{name}": tensor for name, tensor in inputs.state_dict().items()}
    network.load_state_dict(tensors | shared)
    return network.eval(), losses
