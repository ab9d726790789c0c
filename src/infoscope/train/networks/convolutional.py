"""Convolutional classifiers of images, many members at once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from torch import nn

from infoscope.core import check
from infoscope.core.errors import InputError, unknown_name
from infoscope.train.networks._architectures import ARCHITECTURES
from infoscope.train.noise import DropoutKind, Noise, noise_of
from infoscope.train.stages import Staged


@dataclass(frozen=True)
class Convolutional(Staged):
    """Convolutional layers and a softmax output on images.

    ===================  ==========================================================================================
    architecture         layers before ``features`` and ``output``
    ===================  ==========================================================================================
    ``"resnet18"``       3x3 convolution, ``block1`` … ``block8``: the pre-activation ResNet-18 for 32x32 images
    ``"all_cnn"``        ``conv1`` … ``conv7``, 3x3, of 96 96 96/2 192 192 192/2 192 planes; ``features`` begins with
                         a 1x1 convolution (Springenberg et al. 2015, All-CNN-C). With BatchNorm, which the original
                         lacks, without its dropout. Its last 1x1 convolution and average are ``output``: a linear
                         map and an average change places without a difference
    ``"small_resnet"``   3x3 convolution (stride 2 from 24 pixels on), ``block1`` … ``block3`` of 16, 32, 64 planes:
                         training takes some 0.4 CPU seconds for a thousand images
    ``"small_cnn"``      ``conv1``, ``conv2``: 5x5 convolutions without a margin, of 16 and 32 planes, tanh, 2x2
                         max-pooling; ``features`` is fully connected, 128 tanh units. After Goldfeld et al. 2019,
                         but its sizes were not checked against the paper
    ===================  ==========================================================================================

    ``features`` is the layer before the output; but in the small CNN it is the average of the last map over places.

    Sites, standardised inputs and statistics are those of :class:`infoscope.train.stages.Staged`.

    Attributes
    ----------
    shape: channels, height and width. classes: logits. width: planes of the first layer, None means the
    architecture's own; all others keep their ratio to it.
    noise: standard deviation of Gaussian noise added to the output of every layer but ``output`` in training (to maps
    at each place, after pooling). dropout: in its place, as in :class:`FullyConnected`. Both are off in evaluation.
    The noise of a site that is an average over h · w places has standard deviation noise / sqrt(h · w).

    >>> from infoscope.train.networks.convolutional import Convolutional
    >>> network = Convolutional("small_resnet", shape=(1, 8, 8), classes=3, width=4)
    >>> network.layers
    ('block1', 'block2', 'block3', 'features', 'output')
    >>> parameters = network.initial(seeds=(0, 1))  # two members
    >>> x = torch.rand(5, 64)  # images as flat rows
    >>> {site: tuple(t.shape) for site, t in network.representations(parameters, x, ["features", "output"]).items()}
    {'features': (2, 5, 16), 'output': (2, 5, 3)}
    """

    architecture: Literal["resnet18", "all_cnn", "small_resnet", "small_cnn"]
    shape: tuple[int, int, int] = (3, 32, 32)
    classes: int = 10
    width: int | None = None
    noise: float = 0.0
    dropout: float = 0.0
    dropout_kind: DropoutKind = "binary"

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise unknown_name("architecture", self.architecture, ARCHITECTURES)
        object.__setattr__(self, "shape", tuple(check.count(side, "a side of shape") for side in self.shape))
        least = ARCHITECTURES[self.architecture][2]
        if len(self.shape) != 3 or min(self.shape[1:]) < least:
            raise InputError(
                f"shape is {self.shape}, {self.architecture} wants (channels, height, width) with at least {least} "
                "pixels a side: take another architecture or larger images"
            )
        check.count(self.classes, "classes", 2)
        if self.width is not None:
            check.count(self.width, "width")
        noise_of(self.noise, self.dropout, self.dropout_kind)

    @property
    def disturbance(self) -> Noise | None:
        """What training does to the output of every layer but the last."""
        return noise_of(self.noise, self.dropout, self.dropout_kind)

    @property
    def gain(self) -> Literal["relu", "tanh"]:
        return "tanh" if self.architecture == "small_cnn" else "relu"

    def hidden(self) -> tuple[OrderedDict[str, nn.Module], int]:
        build, width, _ = ARCHITECTURES[self.architecture]
        return build(self.shape, self.width or width)
