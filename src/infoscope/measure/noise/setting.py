"""What a noisy layer is asked about: its clean samples, its noise, and what follows from the number of replicas."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.shapes import Array
from infoscope.measure.noise import posterior
from infoscope.measure.noise.mixture import DOUBLE_ERROR, Mixture

Population = Literal["dataset", "sample"]
AddedBy = Literal["network", "analysis"]
MOST_CENTRES = 2**13


def check_population(population: str | None) -> Population:
    """``population`` when it was said.

    Raises
    ------
    InputError: when it was not, with what the two mean.
    """
    for known in get_args(Population):
        if population == known:
            return known
    raise InputError(
        f"population is {population!r}, wanted 'dataset' (these inputs are all there are, each equally likely: "
        "nothing is estimated but an integral) or 'sample' (they were drawn from a law: a bracket is); say which"
    )


class Setting:
    """Clean samples ``s [n, d]`` or ``[n, R, d]``, the noise upon them, and the mixture of Gaussians that they make.

    n, forwards, d: inputs, noisy forwards of each, units. replicas: how many forwards of an input stand for it in the
    mixture of all, and are drawn around. kinds: classes ``[v, n]`` of the inputs.
    """

    def __init__(
        self, s: Array, noise: float, population: Population, labels: dict[str, np.ndarray], added_by: AddedBy
    ) -> None:
        whole = s if s.ndim == 3 else s[:, None]
        self.n, self.forwards, self.d = whole.shape
        self.replicas = min(self.forwards, max(2, MOST_CENTRES // self.n))
        self.noise, self.labels, self.added_by = float(noise), labels, added_by
        self.deep, self.dataset = self.replicas > 1, population == "dataset"
        self.plain = np.asarray(check.on_cpu(whole), np.float64)
        self.constant = bool((self.plain == self.plain[:1, :1]).all())
        whose = np.repeat(np.arange(self.n), self.replicas)
        classes = [np.repeat(y, self.replicas) for y in labels.values()]
        classes = ([whose] if self.deep else []) + classes
        stacked = np.stack(classes) if classes else np.zeros((0, len(whose)), np.int64)
        self.mixture = Mixture(whole[:, : self.replicas].reshape(-1, self.d), self.noise, stacked)
        self.kinds = np.stack(list(labels.values())) if labels else np.zeros((0, self.n), np.int64)
        self.of_noise = self.d / 2 * math.log(2 * math.pi * math.e * self.noise**2)

    @cached_property
    def fine(self) -> bool:
        """Whether a matrix multiply has the digits for distances in units of the noise."""
        reach = np.abs(self.plain - self.plain.mean(axis=(0, 1))).max() / self.noise
        return bool(2.0**-50 * self.d * reach**2 < DOUBLE_ERROR)

    @cached_property
    def moments(self) -> posterior.ReplicaMoments:
        return posterior.ReplicaMoments(self.plain)

    @property
    def few(self) -> bool:
        """Whether other inputs are stood for by a few of their replicas."""
        return self.replicas < self.forwards

    @property
    def judged(self) -> bool:
        """Whether there are replicas enough to fit Gaussians to some and judge others, and digits enough for them."""
        return self.forwards >= posterior.FEWEST and self.fine

    @property
    def judged_only(self) -> bool:
        """Whether Gaussians stand for the other inputs: of a dataset they bound everything from both sides."""
        return self.few and self.judged and self.dataset
