"""What an ensemble's network is to trainers, the replay and the measures: plain values that can run many members."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from infoscope.core.errors import unknown_name
from infoscope.train.noise import Noise

Order = Callable[[int], np.ndarray]
Batch = Callable[[int], int]
Head = Literal["softmax", "sigmoids"]


class Network(abc.ABC):
    """A frozen dataclass in ``train/networks``, whose file name is its kind. Its fields are what a run stores of it.

    It derives from what it offers to trainers: :class:`Dense` layers, or modules in stages
    (:class:`infoscope.train.stages.Staged`). Parameters are stacked: ``{name: tensor [m, …]}``; buffers too. Inputs
    come as the task has them, one flat row a sample ``[n, features]``; a network that wants images reshapes.

    Facts: sees_images, whether it takes its inputs for images. noise: the standard deviation of the Gaussian noise that
    is added behind every hidden layer in training. disturbance: that, or another noise; None for none.
    """

    sees_images: ClassVar[bool] = False
    noise: float = 0.0

    @property
    def kind(self) -> str:
        """The name it is stored by: that of its file."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def disturbance(self) -> Noise | None:
        """What training does to the output of every hidden layer."""
        return None

    @property
    @abc.abstractmethod
    def inputs(self) -> int:
        """Columns of the input."""

    @property
    @abc.abstractmethod
    def outputs(self) -> int:
        """Columns of the output: as many logits as there are classes."""

    @property
    @abc.abstractmethod
    def layers(self) -> tuple[str, ...]:
        """The sites that are read where none are named, from input to output."""

    @property
    @abc.abstractmethod
    def places(self) -> Mapping[str, int]:
        """Every site that can be named, and its place from input to output."""

    @abc.abstractmethod
    def initial(self, seeds: Iterable[int]) -> dict[str, Tensor]:
        """Stacked initial parameters; a member's depend on its own seed and on nothing else."""

    @abc.abstractmethod
    def logits(self, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """Logits ``[m, n, classes]`` on ``x``, ``[n, d]`` shared or ``[m, n, d]`` each its own, as in evaluation."""

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """What training lowers, in nats for each row ``[…]``: cross-entropy of the softmax of ``logits [… , classes]``.

        labels: classes ``[…]``.
        """
        each = functional.cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="none")
        return each.reshape(labels.shape)

    @abc.abstractmethod
    def representations(
        self, parameters: Mapping[str, Tensor], x: Tensor, sites: Iterable[str] = ()
    ) -> dict[str, Tensor]:
        """What each of ``sites`` (none: ``layers``) holds ``{site: T [m, n, d]}``, as in evaluation: without noise."""

    @abc.abstractmethod
    def propagated(
        self, parameters: Mapping[str, Tensor], x: Tensor, sites: Iterable[str], replicas: int, seed: int
    ) -> dict[str, Tensor]:
        """The clean outputs of noisy forwards ``{site: S [m, n, replicas, d]}``: the noise of the layers before a site
        is on, its own is not added yet (Goldfeld et al. 2019). Of a network without noise all replicas are alike.
        """

    @abc.abstractmethod
    def module(self, parameters: Mapping[str, Tensor], member: int = 0) -> nn.Module:
        """One member as an ordinary ``nn.Module``."""

    def prepared(
        self, parameters: dict[str, Tensor], x: np.ndarray, train: np.ndarray, order: Order, batch: Batch
    ) -> dict[str, Tensor]:
        """The initial ``parameters`` with what only data can tell, such as how the inputs are scaled.

        x: inputs ``[n, d]``. train: training rows of each member ``[m, n_train]``. order: the rows of a member's
        training in the order of its first epoch, by the member's place. batch: how many rows a minibatch of so many
        training rows has.
        """
        return parameters

    def _wanted(self, sites: Iterable[str]) -> set[str]:
        """``sites``, or the layers where none are named.

        Raises
        ------
        UnknownNameError: a site that there is not.
        """
        wanted = set(sites) or set(self.layers)
        if unknown := wanted - set(self.places):
            raise unknown_name("site", min(unknown), self.places)
        return wanted


class Dense(Network):
    """Offers dense layers, one behind the other: each ``{layer}.linear.weight [out, in]`` and ``….bias [out]``.

    widths: units from input to output. activation: of every hidden layer, a name of
    :data:`infoscope.train.activations.ACTIVATIONS`. head: of the output, ``"softmax"``, or ``"sigmoids"``: a sigmoid
    of its own for each class, trained to be 1 for rows of that class and 0 for others.
    """

    widths: tuple[int, ...]
    activation: str
    head: Head = "softmax"

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Of each row the cross-entropy of the softmax, or the sum over the sigmoids of each one's."""
        if self.head == "softmax":
            return super().losses(logits, labels)
        hit = functional.one_hot(labels, logits.shape[-1]).to(logits.dtype)
        return functional.binary_cross_entropy_with_logits(logits, hit, reduction="none").sum(-1)

    def shapes(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Each layer's name and weight shape ``(out, in)``."""
        return zip(self.layers, zip(self.widths[1:], self.widths[:-1], strict=True), strict=True)
