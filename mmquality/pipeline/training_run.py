"""One run of training on a workspace's disk and devices: alone, or as one of the processes of torchrun."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool

from mmquality.config import NetworkConfig, TrainingConfig, Workspace
from mmquality.devices import chosen_device
from mmquality.errors import WorkspaceError
from mmquality.files import check_room, make_folder
from mmquality.pipeline.progress import Reporter
from mmquality.pipeline.scratch import scratch
from mmquality.training import ranks
from mmquality.training.data import TrainingData
from mmquality.training.ensemble import Ensemble, train_ensemble
from mmquality.training.finished import Finished

_BYTES = 2  # of a weight: half precision
_BYTES_PER_LISTING = 140  # of its hashes, compressed; they and the components are most of a model's files


def check_alone(command: str) -> None:
    """Raises `WorkspaceError` where torchrun has started several processes of a command that is for one."""
    if ranks.started_by_torchrun():
        raise WorkspaceError(
            f"Run `mmquality {command}` without torchrun, which is for `mmquality train` alone. "
            "Nothing was changed."
        )


def check_model_fits(workspace: Workspace, network: NetworkConfig, listings: int) -> None:
    """Raises `NoRoomError` where a model trained on so many listings could not be kept: asked before."""
    components = network.title_components * network.title_dim + network.photo_components * network.photo_dim
    make_folder(workspace.models)
    check_room(workspace.models, _BYTES * components + _BYTES_PER_LISTING * listings)


def trained_ensemble(
    workspace: Workspace,
    data: TrainingData,
    network_config: NetworkConfig,
    config: TrainingConfig,
    finished: Finished,
    reporter: Reporter,
) -> Ensemble:
    """`train_ensemble` on the chosen device, together with whoever torchrun started; `finished` is there.

    Raises `WorkspaceError` where one of the processes was ended from outside.
    """
    device = chosen_device()
    if len(data) > config.most_listings:
        reporter.say(f"Each network learns from {config.most_listings:,} of them, drawn at random.")
    try:
        with scratch(workspace) as room, ranks.together(device):
            return train_ensemble(
                data,
                network_config,
                config,
                stage=reporter.stage,
                scratch=str(room.folder),
                device=device,
                finished=finished,
            )
    except (BrokenProcessPool, ranks.RankLost) as error:
        raise WorkspaceError(
            "A training process was ended from outside, most likely for want of memory. Each network that "
            "was trained is kept; make room, then run the same command again: it goes on with the others."
        ) from error
