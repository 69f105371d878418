"""Where a named model's files lie, and a short fingerprint of what is in them."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmquality.errors import EncoderError

# What a model needs and nothing that can run code: no pickles (*.bin, *.pth), no *.py.
MODEL_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
OTHER_RUNTIMES = ["onnx/*", "openvino/*"]
HEADS = {"pooler", "head", "classifier"}  # weights that an encoder can do without


def model_folder(name: str, hub_names: Sequence[str] = ()) -> Path:
    """The folder of a model: `name` itself when it is one, else the Hugging Face hub's (cached) copy.

    `hub_names` are tried in order, by default `name` alone. Environment variables of `huggingface_hub` count
    (HF_HUB_OFFLINE, HF_HOME, HF_TOKEN). Raises EncoderError when nothing usable is found.
    """
    if Path(name).is_dir():
        folder = Path(name)
    elif re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        folder = _from_hub(name, hub_names or (name,))
    else:
        raise EncoderError(f"There is no model folder {name}; check the path, or give a hub name.")
    if not any(folder.rglob("*.safetensors")):
        raise EncoderError(
            f"The model {name} has no weights in safetensors form; load it once with its own library and "
            "save it with save_pretrained(), then give that folder."
        )
    return folder


def _from_hub(name: str, hub_names: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    for hub_name in hub_names:
        try:
            with without_progress_bars():
                return Path(
                    snapshot_download(hub_name, allow_patterns=MODEL_FILES, ignore_patterns=OTHER_RUNTIMES)
                )
        except (OSError, HfHubHTTPError, HFValidationError) as error:
            cause = error
    raise EncoderError(
        f"The model {name} is no folder here, is not in the Hugging Face cache and cannot be downloaded "
        f"({type(cause).__name__}); give the path of a folder that holds it, or connect once to download it."
    ) from cause


@contextmanager
def without_progress_bars() -> Iterator[None]:
    """The libraries' own bars (downloads, "Loading weights") are off inside; the caller shows progress."""
    from transformers.utils import logging as transformers_logging

    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


class LoadReport(logging.Filter):
    """Takes the table that `transformers` logs of weights that do not fit out of the log, and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.missing: list[str] = []  # weights that were filled with random numbers

    @property
    def missing_in_encoder(self) -> list[str]:
        return [key for key in self.missing if not HEADS.intersection(key.split("."))]

    def filter(self, record: logging.LogRecord) -> bool:
        message = re.sub(r"\x1b\[\d*m", "", record.getMessage())
        if "LOAD REPORT" not in message:
            return True
        self.missing += re.findall(r"^(\S.*?) *\| (?:MISSING|MISMATCH)", message, re.MULTILINE)
        return False


@contextmanager
def loading(name: str, needs: str) -> Iterator[LoadReport]:
    """Inside, a model is loaded without a word; whatever is wrong with it becomes an EncoderError.

    `transformers` fills weights that are not in the file with random numbers and goes on; that is no encoder,
    unless they belong to a head that the features do not pass through.
    """
    report, logger = LoadReport(), logging.getLogger("transformers.modeling_utils")
    logger.addFilter(report)
    try:
        with without_progress_bars():
            yield report
        if report.missing_in_encoder:
            raise ValueError("weights are missing")
    except Exception as error:  # what a foreign model can raise has no common type
        reason = str(error).partition("\n")[0]
        if report.missing_in_encoder:
            reason = f"its weights do not fit its config.json, {report.missing_in_encoder[0]} for one"
        raise EncoderError(f"The model {name} cannot be used ({reason}); it must be {needs}.") from error
    finally:
        logger.removeFilter(report)


def encoder_id(name: str, files: Path | Iterable[Path]) -> str:
    """`name` and 12 hex digits of the SHA-256 of a model's files, fit for a folder name.

    `files` is a model folder or the files that count. Other weights, tokenizer or preprocessing: another id.
    """
    if isinstance(files, Path):
        suffixes = {Path(pattern).suffix for pattern in MODEL_FILES}
        files = (path for path in files.rglob("*") if path.suffix in suffixes)
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    plain_name = re.sub(r"[^A-Za-z0-9._-]", "-", name)
    return f"{plain_name}-{digest.hexdigest()[:12]}"
