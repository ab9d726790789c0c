"""The four convolutional architectures, as lists of stages."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn


class PreActivationBlock(nn.Module):
    """BatchNorm, ReLU, 3x3 convolution, twice, added to the block's input (He et al. 2016, identity mappings).

    Where the number of planes or the side changes, the shortcut is a 1x1 convolution of the activated input.
    """

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(into), nn.BatchNorm2d(out)
        self.conv1 = nn.Conv2d(into, out, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        changes = stride > 1 or into != out
        self.shortcut = nn.Conv2d(into, out, 1, stride, bias=False) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        a = torch.relu(self.norm1(x))
        kept = x if self.shortcut is None else self.shortcut(a)
        return self.conv2(torch.relu(self.norm2(self.conv1(a)))) + kept


# Each takes the shape of the images and the planes of the first layer, and gives the stages up to ``features`` and how
# many features there are.
Built = tuple["OrderedDict[str, nn.Module]", int]


def resnet18(shape: tuple[int, int, int], width: int) -> Built:
    stages: OrderedDict[str, nn.Module] = OrderedDict(stem=nn.Conv2d(shape[0], width, 3, 1, 1, bias=False))
    planes = [width * factor for factor in (1, 1, 2, 2, 4, 4, 8, 8)]
    for i, (into, out) in enumerate(zip([width, *planes], planes, strict=False)):
        stages[f"block{i + 1}"] = PreActivationBlock(into, out, 2 if i in (2, 4, 6) else 1)
    return _pooled(stages, planes[-1])


def small_resnet(shape: tuple[int, int, int], width: int) -> Built:
    stride = 2 if min(shape[1:]) >= 24 else 1
    stages: OrderedDict[str, nn.Module] = OrderedDict(stem=nn.Conv2d(shape[0], width, 3, stride, 1, bias=False))
    planes = [width, 2 * width, 4 * width]
    for i, (into, out) in enumerate(zip([width, *planes], planes, strict=False)):
        stages[f"block{i + 1}"] = PreActivationBlock(into, out, 1 if i == 0 else 2)
    return _pooled(stages, planes[-1])


def _pooled(stages: OrderedDict[str, nn.Module], planes: int) -> Built:
    stages["features"] = nn.Sequential(
        OrderedDict(norm=nn.BatchNorm2d(planes), relu=nn.ReLU(), pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    )
    return stages, planes


def all_cnn(shape: tuple[int, int, int], width: int) -> Built:
    stages: OrderedDict[str, nn.Module] = OrderedDict()
    planes = [width, width, width, 2 * width, 2 * width, 2 * width, 2 * width]
    for i, (into, out) in enumerate(zip([shape[0], *planes], planes, strict=False)):
        stages[f"conv{i + 1}"] = nn.Sequential(_convolution(into, out, 3, 2 if i in (2, 5) else 1))
    last = _convolution(2 * width, 2 * width, 1, 1)
    stages["features"] = nn.Sequential(OrderedDict(last, pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten()))
    return stages, 2 * width


def _convolution(into: int, out: int, side: int, stride: int) -> OrderedDict[str, nn.Module]:
    conv = nn.Conv2d(into, out, side, stride, side // 2, bias=False)
    return OrderedDict(conv=conv, norm=nn.BatchNorm2d(out), relu=nn.ReLU())


def small_cnn(shape: tuple[int, int, int], width: int) -> Built:
    stages: OrderedDict[str, nn.Module] = OrderedDict()
    for i, (into, out) in enumerate(((shape[0], width), (width, 2 * width))):
        convolution: OrderedDict[str, nn.Module] = OrderedDict(conv=nn.Conv2d(into, out, 5), tanh=nn.Tanh())
        convolution["pool"] = nn.MaxPool2d(2)
        stages[f"conv{i + 1}"] = nn.Sequential(convolution)
    left = [((side - 4) // 2 - 4) // 2 for side in shape[1:]]
    linear = nn.Linear(2 * width * left[0] * left[1], 8 * width)
    stages["features"] = nn.Sequential(OrderedDict(flatten=nn.Flatten(), linear=linear, tanh=nn.Tanh()))
    return stages, 8 * width


#: Each architecture: how its stages are made, the planes of its first layer, and the least side of its images.
ARCHITECTURES: dict[str, tuple[Callable[[tuple[int, int, int], int], Built], int, int]] = {
    "resnet18": (resnet18, 64, 8),
    "all_cnn": (all_cnn, 96, 4),
    "small_resnet": (small_resnet, 16, 4),
    "small_cnn": (small_cnn, 16, 16),
}
