"""CLIP and SigLIP checkpoints put titles and photos into one space: the cosine of the two is a score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from mmquality.encoders import Progress
from mmquality.encoders.photo import Photo, decoded
from mmquality.encoders.source import encoder_id, loading, model_folder
from mmquality.encoders.vision import load_vision_model
from mmquality.errors import EncoderError

BATCH = 32


class ClipEncoder:
    """Both towers of a checkpoint. `side` is the side at which photos are best decoded, in pixels."""

    def __init__(self, id: str, texts: Any, photos: Any, side: int) -> None:
        self.id, self.side = id, side
        self._texts, self._photos = texts, photos

    def cosine_distance(
        self, titles: Sequence[str], photos: Iterable[Photo], progress: Progress | None = None
    ) -> npt.NDArray[np.float64]:
        """`1 − cos` of each title with the photo of the same place, (len(titles),): 0 alike … 2 opposite.

        Photos are drawn a batch at a time. Raises EncoderError where features are not finite.
        """
        remaining, distance = iter(photos), np.empty(len(titles))
        for start in range(0, len(titles), BATCH):
            batch = [decoded(photo) for photo in islice(remaining, BATCH)]
            block = slice(start, start + BATCH)
            a, b = _unit(self._texts(list(titles[block]))), _unit(self._photos(batch))
            distance[block] = 1 - (a * b).sum(axis=1)
            if progress:
                progress(min(start + BATCH, len(titles)), len(titles))
        if not np.isfinite(distance).all():
            raise EncoderError(f"The model {self.id} gives vectors that are not finite; use another.")
        return distance


def load_clip(name: str) -> ClipEncoder:
    """The checkpoint called `name`: a folder or a Hugging Face hub name, in safetensors form.

    No code that comes with a model is ever run. Raises EncoderError when the model cannot be had or used.
    """
    folder = model_folder(name)
    photos, side = load_vision_model(folder, name)
    texts = _text_features(folder, name)
    with loading(name, _NEEDS):
        if texts(["a title"]).shape[1] != photos([Image.new("RGB", (side, side))]).shape[1]:
            raise ValueError("its text and image features differ in length")
    return ClipEncoder(encoder_id(Path(name).name, folder), texts, photos, side)


_NEEDS = "a CLIP or SigLIP checkpoint that transformers knows, with its tokenizer, in safetensors form"


def _text_features(folder: Path, name: str) -> Any:
    """A function from titles to their features in the common space, (titles, dim)."""
    with loading(name, _NEEDS):
        import torch
        from transformers import AutoModel, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype="float32"
        ).eval()
        if not hasattr(model, "get_text_features"):
            raise ValueError(f"{type(model).__name__} has no text features in a space with photos")
        longest = int(model.config.text_config.max_position_embeddings)
        # SigLIP was trained on texts padded to full length, without a mask.
        siglip = "siglip" in model.config.model_type
        padding = "max_length" if siglip else True
        keys = {"input_ids"} if siglip else {"input_ids", "attention_mask"}

    def features(titles: list[str]) -> npt.NDArray[np.float32]:
        words = tokenizer(titles, padding=padding, truncation=True, max_length=longest, return_tensors="pt")
        with torch.inference_mode():
            found = model.get_text_features(**{key: words[key] for key in keys})
        vectors: npt.NDArray[np.float32] = getattr(found, "pooler_output", found).numpy()
        return vectors

    return features


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12))
