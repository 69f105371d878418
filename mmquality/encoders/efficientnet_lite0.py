"""EfficientNet-Lite0, the default photo network: 4.7 million weights, trained on ImageNet at 224 px.

The Lite family is EfficientNet without squeeze-and-excitation, and with ReLU6 instead of swish. The weights
are Google's, and so are the conventions that come with them: pixels enter as (x - 127) / 128, batch norm's
epsilon is 1e-3, and a convolution pads as TensorFlow's "SAME": at stride 2 it looks half a step further right
and down than PyTorch's, which looks left and up. So the network stands upside down here: photo and kernels
turned by 180 degrees give the same pooled features without a padded copy of the widest layers.

The last layer was trained to tell a thousand classes apart, and forgets what sets two things of one class
apart: colour, texture, parts. Layers halfway still know, so their pooled features stand beside its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import accumulate

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import hardtanh_, interpolate, normalize
from torch.nn.utils.fusion import fuse_conv_bn_eval

SIDE = 224
LAST = 1280  # features of the last layer

# repeats, kernel, stride of the first block, expansion, output channels
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
HALFWAY = (4, 5, 6)  # stages whose pooled output stands beside the last layer's
HALFWAY_WEIGHT = 0.5
FEATURES = LAST + sum(STAGES[stage][-1] for stage in HALFWAY)


def squeezed(photo: Image.Image) -> Tensor:
    """The whole RGB photo as the network takes it, uint8 (1, 3, SIDE, SIDE).

    Not cropped: what gives a mismatch away may stand at the edge of a tall or wide photo. Squeezed rather
    than padded: the simpler of two that came out equal. Bicubic as Pillow does it, in a third of the time; a
    colour may come out one or two of 255 apart.
    """
    pixels, (width, height) = torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None], photo.size
    # Pillow begins with the height, too, where there is more to be gained, and rounds in between.
    if height > SIDE and height - SIDE > 2 * (width - SIDE):
        pixels = interpolate(pixels, (SIDE, width), mode="bicubic", antialias=True)
    return interpolate(pixels, (SIDE, SIDE), mode="bicubic", antialias=True)


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)


def relu6(x: Tensor) -> Tensor:
    """In place: half of the time goes into moving memory."""
    return hardtanh_(x, 0.0, 6.0)


def batch_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):
    """Inverted residual: widen (1 x 1), filter each channel (k x k), narrow (1 x 1)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        self.expands = expansion > 1
        if self.expands:
            self.expand_conv, self.bn0 = convolution(inputs, inner, 1), batch_norm(inner)
        self.depthwise_conv = convolution(inner, inner, kernel, stride, groups=inner)
        self.bn1 = batch_norm(inner)
        self.project_conv, self.bn2 = convolution(inner, outputs, 1), batch_norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = relu6(self.bn0(self.expand_conv(x))) if self.expands else x
        hidden = relu6(self.bn1(self.depthwise_conv(hidden)))
        hidden = self.bn2(self.project_conv(hidden))
        return x + hidden if self.residual else hidden


class EfficientNetLite0(nn.Module):
    """`forward` gives the features of a photo, `classify` ImageNet's 1000 logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem, self.bn0 = convolution(3, 32, 3, 2), batch_norm(32)
        blocks, inputs = [], 32
        for repeats, kernel, stride, expansion, outputs in STAGES:
            for n in range(repeats):
                blocks.append(Block(inputs, outputs, kernel, stride if n == 0 else 1, expansion))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.conv_head, self.bn1 = convolution(inputs, LAST, 1), batch_norm(LAST)
        self.fc = nn.Linear(LAST, 1000)

    def forward(self, pixels: Tensor) -> Tensor:
        """(n, 3, 224, 224) RGB values 0…255 -> (n, 1904).

        The pooled last layer at unit length, then those halfway at half of it, so that the cosine of two
        photos is the weighted mean of their cosines by layer.
        """
        *halfway, last = self.pooled(pixels)
        weighted = [HALFWAY_WEIGHT * normalize(layer, dim=1) for layer in reversed(halfway)]
        return torch.cat([normalize(last, dim=1), *weighted], dim=1)

    def pooled(self, pixels: Tensor) -> list[Tensor]:
        """Mean over the photo of the output of each stage `HALFWAY`, and of the last layer, (n, channels)."""
        ends = list(accumulate(repeats for repeats, *_ in STAGES))
        kept = {ends[stage] for stage in HALFWAY}
        x = (pixels.flip(2, 3).float() - 127) / 128
        x = relu6(self.bn0(self.conv_stem(x)))
        layers = []
        for number, block in enumerate(self.blocks, 1):
            x = block(x)
            if number in kept:
                layers.append(x.mean(dim=(2, 3)))
        x = relu6(self.bn1(self.conv_head(x)))
        return [*layers, x.mean(dim=(2, 3))]

    def classify(self, pixels: Tensor) -> Tensor:
        """(n, 3, 224, 224) RGB values 0…255 -> (n, 1000) logits."""
        logits: Tensor = self.fc(self.pooled(pixels)[-1])
        return logits

    def fold(self) -> EfficientNetLite0:
        """Multiply every batch norm into the convolution before it: same results, less work."""
        self.eval()
        for module in [self, *self.blocks]:
            for conv, norm in FOLDS:
                if hasattr(module, conv):
                    fused = fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm))
                    # Channels last: oneDNN's depthwise convolutions are three times as fast.
                    fused.weight.data = fused.weight.data.contiguous(memory_format=torch.channels_last)
                    setattr(module, conv, fused)
                    setattr(module, norm, nn.Identity())
        return self


FOLDS = (
    ("conv_stem", "bn0"),
    ("expand_conv", "bn0"),
    ("depthwise_conv", "bn1"),
    ("project_conv", "bn2"),
    ("conv_head", "bn1"),
)


def from_weights(state: Mapping[str, Tensor]) -> EfficientNetLite0:
    """The network, ready for inference, from a state dict named as `_blocks.0._bn1.bias`.

    Raises RuntimeError when the weights are those of another network.
    """
    turned = {
        re.sub(r"(^|\.)_", r"\1", name): value.flip(2, 3) if value.ndim == 4 else value
        for name, value in state.items()
    }
    network = EfficientNetLite0()
    network.load_state_dict(turned)
    return network.fold()
