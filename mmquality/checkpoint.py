"""A trained model on disk: weights in safetensors, everything else in JSON beside them. Never pickle."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, device

from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.errors import ModelFileError
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.suspicion.weighing import Weighing

FORMAT = 3  # raised when an older program could not read a newer checkpoint
WEIGHTS, CONFIG, METRICS = "model.safetensors", "config.json", "metrics.json"
_INPUTS = "inputs."
_DAMAGE = (
    SafetensorError, OSError, LookupError, TypeError, ValueError, AttributeError, RuntimeError,
    ArithmeticError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True)
class Scales:
    """What turns logits, neighbours and clicks into scores; fitted once after training (`mmquality.scoring`).

    Logits of networks that saw a listing and of networks that did not live on different scales, so each
    has its own mean and standard deviation.
    """

    in_sample: tuple[tuple[float, float], ...]  # of each fold network, then the full one, on what it saw
    out_of_fold: tuple[tuple[float, float], ...]  # of each fold network on the fold that it did not
    slope: float = 1.0  # first guess of P(mismatch) = σ(slope · standardised logits + intercept)
    intercept: float = 0.0
    weighing: Weighing = Weighing()  # logit and neighbours → log-odds
    blend: tuple[float, float, float] = (1.0, 0.0, 0.0)  # of these log-odds, of in-sample logits, constant
    share: float = 0.05  # of mismatches in the catalogue; moves the scores, hardly the ranking
    verdicts: tuple[float, float] = (1.0, 0.0)  # slope and shift that analysts' verdicts gave the log-odds
    place_rates: tuple[float, ...] = ()  # click rate of each place on the page, () without a log
    photo_effect: tuple[float, float, float] = (1.0, 1.0, 1.0)  # fields of `clicks.PhotoEffect`


@dataclass(frozen=True)
class Checkpoint:
    """A model as published: networks, scales, and where it comes from."""

    network_config: NetworkConfig
    training_config: TrainingConfig
    text_encoder: str  # ids of the encoders whose vectors it reads
    photo_encoder: str
    network: SiameseNetwork
    fold_networks: list[SiameseNetwork]
    scales: Scales
    fingerprint: dict[str, Any] = field(default_factory=dict)  # of the data it was trained on
    metrics: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Write `checkpoint` into the existing `folder`: weights in half precision, shared inputs once.

    Raises `ModelFileError` where a weight is not a number or too large for half precision.
    """
    save_file(_halved(checkpoint), folder / WEIGHTS)
    config = {
        "format": FORMAT,
        "network": asdict(checkpoint.network_config),
        "training": asdict(checkpoint.training_config),
        "text_encoder": checkpoint.text_encoder,
        "photo_encoder": checkpoint.photo_encoder,
        "folds": len(checkpoint.fold_networks),
        "scales": asdict(checkpoint.scales),
        "fingerprint": checkpoint.fingerprint,
    }
    _write_json(folder / CONFIG, config)
    _write_json(folder / METRICS, checkpoint.metrics)


def _halved(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """Every weight under "network.name", in half precision."""
    networks = {"full": checkpoint.network}
    networks |= {f"fold{number}": network for number, network in enumerate(checkpoint.fold_networks)}
    weights = {
        f"{name}.{key}": tensor.half().contiguous()
        for name, network in networks.items()
        for key, tensor in network.state_dict().items()
        if name == "full" or not key.startswith(_INPUTS)
    }
    broken = [name for name, tensor in weights.items() if not tensor.isfinite().all()]
    if broken:
        raise ModelFileError(
            f"Training went astray: {broken[0]} is not a number, or too large for half precision. "
            "Nothing was saved; train again with another seed."
        )
    return weights


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read what `save_checkpoint` wrote, networks in evaluation mode.

    Raises `ModelFileError` for a checkpoint that is missing, damaged, incomplete or of a newer format.
    """
    config = _read_json(folder / CONFIG)
    _check_format(folder, config.get("format"))
    try:
        network_config = NetworkConfig(**config["network"])
        weights = load_file(folder / WEIGHTS)
        broken = [name for name, tensor in weights.items() if not tensor.isfinite().all()]
        if broken:
            raise ValueError(f"{broken[0]} is not a number")
        network = _network(network_config, weights, "full")
        folds = [
            _network(network_config, weights, f"fold{number}", network.inputs)
            for number in range(config["folds"])
        ]
        scales = {f.name: _tuples(config["scales"][f.name]) for f in fields(Scales)}
        scales["weighing"] = Weighing(**{k: _tuples(v) for k, v in scales["weighing"].items()})
        return Checkpoint(
            network_config=network_config,
            training_config=TrainingConfig(**config["training"]),
            text_encoder=config["text_encoder"],
            photo_encoder=config["photo_encoder"],
            network=network,
            fold_networks=folds,
            scales=Scales(**scales),
            fingerprint=config["fingerprint"],
            metrics=_read_json(folder / METRICS),
        )
    except _DAMAGE as error:
        raise ModelFileError(
            f"The checkpoint {folder} is damaged or incomplete ({error}). Restore it, or train again."
        ) from error


def _check_format(folder: Path, found: object) -> None:
    if found == FORMAT:
        return
    if isinstance(found, int) and found < FORMAT:
        raise ModelFileError(
            f"The checkpoint {folder} is of an earlier mmquality (format {found}, this one reads {FORMAT}). "
            "Its scores and the labels stay; make a new model with `mmquality retrain`."
        )
    raise ModelFileError(
        f"The checkpoint {folder} has format {found!r}; this version of mmquality reads format {FORMAT}. "
        "Upgrade mmquality, or train again."
    )


def _network(
    config: NetworkConfig, weights: dict[str, Any], name: str, inputs: Inputs | None = None
) -> SiameseNetwork:
    """The network saved under `name`; one that shares another's `inputs` was saved without them."""
    prefix = f"{name}."
    own = {
        key.removeprefix(prefix): tensor.float() for key, tensor in weights.items() if key.startswith(prefix)
    }
    if inputs is not None:
        own |= {f"{_INPUTS}{key}": tensor for key, tensor in inputs.state_dict().items()}
    with device("meta"):  # a shape that does not fit its weights is found before it takes memory
        SiameseNetwork(config).load_state_dict(own, assign=True)
    network = SiameseNetwork(config, inputs)
    network.load_state_dict(own)
    return network.eval()


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples they were."""
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(
            f"The checkpoint file {path} cannot be read ({error}). Restore it, or train again."
        ) from error
    if not isinstance(content, dict):
        raise ModelFileError(
            f"The checkpoint file {path} does not hold a JSON object. Restore it, or train again."
        )
    return content
