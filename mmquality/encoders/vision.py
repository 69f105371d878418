"""Vision models of `transformers` (ResNet, ConvNeXt, ViT, CLIP …): RGB photos in, pooled features out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from mmquality.devices import chosen_device
from mmquality.encoders.source import loading

if TYPE_CHECKING:
    import torch

Features = Callable[[list[Image.Image]], np.ndarray]  # RGB photos -> (photos, dim)

UNKNOWN_SIDE = 448


def load_vision_model(folder: Path, name: str) -> tuple[Features, int]:
    """The feature function of the model in `folder`, and the side at which photos are best decoded.

    Photos are prepared as the folder's `preprocessor_config.json` says. Raises EncoderError where the folder
    holds no vision model.
    """
    needs = "a vision model that transformers knows, with its preprocessor_config.json, in safetensors form"
    with loading(name, needs) as report:
        from transformers import AutoImageProcessor, AutoModel

        # The PIL backend: torchvision, which the other one needs, is not among the requirements.
        processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True, backend="pil")
        model = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype="float32"
        )
        pooler_is_trained = not any("pooler" in key.split(".") for key in report.missing)
        features = _feature_function(processor, model.eval(), pooler_is_trained)
        side = _decoding_side(processor)
        features(
            [Image.new("RGB", (side, side))]
        )  # a model of another kind fails here, not on the first photo
    return features, side


def _feature_function(processor: Any, model: Any, pooler_is_trained: bool) -> Features:
    import torch

    device = chosen_device()
    model = model.to(device)
    # CLIP and its kin are a pair of towers; the photo's one has a method of its own.
    forward = getattr(model, "get_image_features", model)

    def features(photos: list[Image.Image]) -> np.ndarray:
        pixels = processor(images=photos, return_tensors="pt")["pixel_values"].to(device)
        with torch.inference_mode():
            vectors: np.ndarray = _pooled(forward(pixel_values=pixels), pooler_is_trained).cpu().numpy()
        return vectors

    return features


def _pooled(output: Any, pooler_is_trained: bool) -> torch.Tensor:
    """(photos, dim): the model's own pooled output, or its last layer's mean where that is not trained."""
    import torch

    if isinstance(output, torch.Tensor):
        return output.flatten(1)
    pooled: torch.Tensor | None = getattr(output, "pooler_output", None)
    if pooled is not None and pooler_is_trained:
        return pooled.flatten(1)  # ResNet's is (photos, dim, 1, 1)
    last: torch.Tensor = output.last_hidden_state  # (photos, dim, height, width) or (photos, tokens, dim)
    return last.mean(dim=(2, 3) if last.ndim == 4 else 1)


def _decoding_side(processor: Any) -> int:
    """The largest side to which the processor resizes, in pixels."""
    size = dict(processor.size or {})
    sides = [size[key] for key in ("shortest_edge", "longest_edge", "height", "width") if key in size]
    # ConvNeXt's processor, which is ResNet's too, resizes to side / crop_pct and keeps the middle.
    return int(max(sides, default=UNKNOWN_SIDE) / (getattr(processor, "crop_pct", None) or 1))
