"""A tiny CLIP and a tiny SigLIP: the score is that of transformers itself, errors say what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmquality.encoders.clip import BATCH, load_clip
from mmquality.errors import EncoderError

WORDS = ["red", "blue", "mug", "shoe", "lamp"]
TITLES = ["red mug", "blue shoe", "lamp lamp lamp lamp lamp lamp lamp lamp lamp lamp", "unknown"]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
VISION = SIZES | {"image_size": 28, "patch_size": 14}


def save_clip(folder: Path, kind: str) -> Path:
    """Random weights, a tokenizer of whole words and an image processor, as `transformers` saves them."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import (
        CLIPConfig,
        CLIPModel,
        PreTrainedTokenizerFast,
        SiglipConfig,
        SiglipModel,
    )
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    torch.manual_seed(0)
    vocabulary = {word: n for n, word in enumerate(["<pad>", "<unk>", "<bos>", "<eos>", *WORDS])}
    text = SIZES | {
        "vocab_size": len(vocabulary), "max_position_embeddings": 8,
        "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3,
    }  # fmt: skip
    if kind == "clip":
        CLIPModel(CLIPConfig(text_config=text, vision_config=VISION, projection_dim=12)).save_pretrained(
            folder
        )
    else:
        SiglipModel(
            SiglipConfig(text_config=text | {"projection_size": 16}, vision_config=VISION)
        ).save_pretrained(folder)
    words = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    words.post_processor = TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 2), ("<eos>", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", pad_token="<pad>", bos_token="<bos>", eos_token="<eos>"
    ).save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}).save_pretrained(
        folder
    )
    return folder


@pytest.fixture(scope="module", params=["clip", "siglip"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp(request.param) / f"tiny-{request.param}", request.param)


def photos(count: int) -> list[Image.Image]:
    rng = np.random.default_rng(1)
    return [Image.fromarray(rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)) for _ in range(count)]


def test_the_distance_is_one_less_the_cosine_of_both_features(checkpoint: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    model = AutoModel.from_pretrained(checkpoint).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    processor = CLIPImageProcessorPil.from_pretrained(checkpoint)
    siglip = "siglip" in checkpoint.name  # whose texts are padded to full length and have no mask
    padding = "max_length" if siglip else "longest"
    expected = []
    for title, photo in zip(TITLES, photos(4), strict=True):
        words = tokenizer([title], padding=padding, max_length=8, truncation=True, return_tensors="pt")
        with torch.no_grad():
            both = model(
                input_ids=words["input_ids"],
                attention_mask=None if siglip else words["attention_mask"],
                pixel_values=processor(images=[photo], return_tensors="pt")["pixel_values"],
            )
        expected.append(1 - float((both.text_embeds * both.image_embeds).sum()))
    found = load_clip(str(checkpoint)).cosine_distance(TITLES, photos(4))
    assert found.dtype == np.float64 and found.std() > 1e-3
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_batches_change_nothing_and_are_told(checkpoint: Path) -> None:
    encoder, seen = load_clip(str(checkpoint)), []
    titles = [TITLES[n % 4] for n in range(BATCH + 3)]
    together = encoder.cosine_distance(titles, photos(BATCH + 3), lambda *done: seen.append(done))
    alone = [encoder.cosine_distance([t], [p])[0] for t, p in zip(titles, photos(BATCH + 3), strict=True)]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert seen == [(BATCH, BATCH + 3), (BATCH + 3, BATCH + 3)]
    assert encoder.cosine_distance([], []).shape == (0,)


def test_only_safetensors_are_read(tmp_path: Path) -> None:
    folder = save_clip(tmp_path / "old", "clip")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="no weights in safetensors form"):
        load_clip(str(folder))


def test_a_model_of_photos_alone_is_no_clip(tmp_path: Path) -> None:
    from transformers import ViTConfig, ViTModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    ViTModel(ViTConfig(**VISION)).save_pretrained(tmp_path / "vit")
    CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size=28).save_pretrained(tmp_path / "vit")
    with pytest.raises(EncoderError, match="it must be a CLIP or SigLIP checkpoint"):
        load_clip(str(tmp_path / "vit"))


def test_a_name_that_is_nowhere() -> None:
    with pytest.raises(EncoderError, match="check the path"):
        load_clip("no/such/folder/here")
