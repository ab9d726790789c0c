"""An ensemble: a network, how it is trained, what on, and by which seeds.

A member's initial weights, split, batch orders and noise are functions of its seed.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from infoscope.core.errors import InputError
from infoscope.kernels.counter_draws import batch_order
from infoscope.train.network import Network
from infoscope.train.recipe import Recipe


@dataclass(frozen=True)
class Ensemble:
    """A network, how it is trained, and what on.

    Attributes
    ----------
    x: inputs ``[n, d]`` float32. y: trained labels ``[n]`` int32. train: training rows of each member ``[m, n_train]``.
    seeds: one a member.
    first_x, first_y: what stands in their place during the recipe's perturbed beginning; None where it is the same.
    """

    network: Network
    recipe: Recipe
    x: np.ndarray
    y: np.ndarray
    train: np.ndarray
    seeds: tuple[int, ...]
    first_x: np.ndarray | None = None
    first_y: np.ndarray | None = None

    def __post_init__(self) -> None:
        wanted, outputs = self.network.inputs, self.network.outputs
        if self.x.shape[1] != wanted:
            raise InputError(
                f"the inputs have {self.x.shape[1]} columns, the network takes {wanted}: change its widths"
            )
        for y in (self.y, self.first_y):
            if y is not None and int(y.max()) >= outputs:
                raise InputError(
                    f"labels go up to {int(y.max())}, the network has {outputs} outputs: change its widths"
                )
        if len(self.train) != len(self.seeds):
            raise InputError(f"{len(self.train)} sets of training rows for {len(self.seeds)} seeds: pass one a seed")
        if self.recipe.augmentation and not self.network.sees_images:
            raise InputError(
                f"augmentation is {self.recipe.augmentation} and the network {self.network.kind}, wanted one that sees "
                "images: take a convolutional network, or no augmentation"
            )
        if self.recipe.beginning and self.first_x is None and self.first_y is None:
            raise InputError("the recipe has a beginning, wanted its data: pass first_x or first_y, or no beginning")

    def of(self, members: slice) -> Ensemble:
        """Those members alone."""
        return dataclasses.replace(self, train=self.train[members], seeds=self.seeds[members])

    def data(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and labels of the epoch that begins after ``epoch`` epochs."""
        begins = self.recipe.begins(epoch)
        x = self.first_x if begins and self.first_x is not None else self.x
        return x, self.first_y if begins and self.first_y is not None else self.y

    def stretches(self, first: int, last: int) -> list[range]:
        """The epochs from ``first`` to ``last``, cut where the perturbed beginning ends."""
        cut = self.recipe.beginning.epochs if self.recipe.beginning else first
        return [part for part in (range(first, min(cut, last)), range(max(cut, first), last)) if part]

    def orders(self, epoch: int, members: slice = slice(None)) -> np.ndarray:
        """The training rows of ``members`` in the order in which each takes them in ``epoch`` ``[m, n_train]``."""
        orders = np.array(self.train[members], dtype=np.int64)
        for order, seed in zip(orders, self.seeds[members], strict=True):
            batch_order(seed, epoch, order)
        return orders

    def step(self, epoch: int) -> int:
        """Optimiser updates done after ``epoch`` epochs."""
        return self.recipe.updates(epoch, self.train.shape[1])

    def order(self, member: int) -> np.ndarray:
        """The training rows of ``member`` in the order of its first epoch ``[n_train]``."""
        return self.orders(0, slice(member, member + 1))[0]

    def initial(self) -> dict[str, Tensor]:
        """Stacked parameters before the first update, with what only the data can tell."""
        parameters = self.network.initial(self.seeds)
        return self.network.prepared(parameters, self.x, self.train, self.order, self.recipe.batch_size)
