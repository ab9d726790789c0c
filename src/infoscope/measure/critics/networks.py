"""The critics f(x, y): a Gaussian's log-density ratio plus a small network, for a stack of models at once.

The Gaussian part is that of the canonical coordinates (u, v) of the normal scores, with correlations r:

    sum_k  -ln(1 - r_k²)/2 + (2 r_k u_k v_k - r_k² (u_k² + v_k²)) / (2 (1 - r_k²)),

which is the whole truth where the copula is Gaussian. The network starts at zero and adds what it can show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from infoscope.measure.critics.inputs import CanonicalDirections

EMBEDDING = 32  # columns of the two embeddings of the separable critic
PARTNERS = 31  # other y that each x of a training batch is paired with by the concatenated critic


@dataclass(frozen=True)
class CriticInputs:
    """What ``m`` models see of ``n`` rows.

    x: ``[members, n, dx]``, y: ``[n, dy]``, both float32; member: ``[m]``, whose x a model sees. u, v: the Gaussian
    part ``[m, n, r + 2]``, such that its score of row i of x and row j of y is ``u[i] · v[j]``.
    """

    x: Tensor
    y: Tensor
    member: Tensor
    u: Tensor
    v: Tensor

    def take(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """x, y, u and v of ``rows [m, b]``, each ``[m, b, ...]``."""
        model = torch.arange(len(rows), device=rows.device)[:, None]
        return self.x[self.member[:, None], rows], self.y[rows], self.u[model, rows], self.v[model, rows]


class PairScores(NamedTuple):
    """Scores of a batch: of each row's own pair ``[m, b]``, of every pair looked at ``[m, b, k]``, ``own [b, k]``."""

    joint: Tensor
    every: Tensor
    own: Tensor

    @property
    def others(self) -> Tensor:
        """Scores of the pairs of different rows; -inf in the place of the others."""
        return self.every.masked_fill(self.own, -torch.inf)

    @property
    def partners(self) -> int:
        return self.every.shape[2] - 1


def gaussian_part(fitted: Sequence[CanonicalDirections], x: Sequence[Tensor], y: Tensor) -> tuple[Tensor, Tensor]:
    """``u`` and ``v`` of :class:`CriticInputs`; ``x`` holds the scores of each model's member, ``y`` those of Y."""
    width = max(len(one.correlations) for one in fitted)
    lefts, rights = [], []
    for one, mine in zip(fitted, x, strict=True):
        r = one.correlations
        u, v = (mine - one.u_mean) @ one.u_directions, (y - one.v_mean) @ one.v_directions
        weight = 1 / (1 - r * r)
        alone = -0.5 * r * r * weight
        blank = u.new_zeros(len(u), width - len(r))
        of_u = (u * u) @ alone + 0.5 * weight.log().sum()
        of_v = (v * v) @ alone
        lefts.append(torch.column_stack([u * (r * weight), blank, of_u, torch.ones_like(of_u)]))
        rights.append(torch.column_stack([v, blank, torch.ones_like(of_v), of_v]))
    return torch.stack(lefts).float(), torch.stack(rights).float()


class Layers:
    """A stack of multilayer perceptrons of the same widths; weights ``[m, in, out]``, biases ``[m, 1, out]``."""

    def __init__(self, widths: Sequence[int]) -> None:
        self.widths = list(widths)

    @property
    def tensors(self) -> int:
        return 2 * (len(self.widths) - 1)

    def initial(self, copies: int, generator: torch.Generator, last: float) -> list[Tensor]:
        """He's initial weights; those of the last layer times ``last``."""
        found = []
        for place, (a, b) in enumerate(pairwise(self.widths)):
            size = math.sqrt(2 / a) * (last if place == len(self.widths) - 2 else 1)
            found += [torch.randn(copies, a, b, generator=generator) * size, torch.zeros(copies, 1, b)]
        return found

    def __call__(self, parameters: list[Tensor], h: Tensor) -> Tensor:
        for place in range(0, self.tensors, 2):
            h = torch.baddbmm(parameters[place + 1], h.relu() if place else h, parameters[place])
        return h


class Separable:
    """f(x, y) = a(x) + b(y) + g(x)·h(y): two towers, so that all pairs of a batch are one matrix product."""

    all_pairs = True

    def __init__(self, dx: int, dy: int, hidden: Sequence[int]) -> None:
        self.towers = Layers([dx, *hidden, EMBEDDING + 1]), Layers([dy, *hidden, EMBEDDING + 1])

    def initial(self, copies: int, generator: torch.Generator) -> list[Tensor]:
        """The tower of x ends at zero, that of y does not, so the network starts at zero and can leave it."""
        x, y = self.towers[0].initial(copies, generator, 0.0), self.towers[1].initial(copies, generator, 0.5)
        y[-2][:, :, -1] = 0
        return x + y

    def embed(self, parameters: list[Tensor], rows: CriticInputs, chosen: Tensor) -> tuple[Tensor, Tensor]:
        x, y, u, v = rows.take(chosen)
        cut = self.towers[0].tensors
        g, h = self.towers[0](parameters[:cut], x), self.towers[1](parameters[cut:], y)
        one = torch.ones_like(g[:, :, :1])
        return torch.cat([u, g, one], 2), torch.cat([v, h[:, :, :-1], one, h[:, :, -1:]], 2)

    def training_pairs(self, parameters: list[Tensor], left: Tensor, right: Tensor) -> PairScores:
        scores = self.block(parameters, left, right, None)
        own = torch.eye(scores.shape[1], dtype=torch.bool, device=scores.device)
        return PairScores(scores.diagonal(dim1=1, dim2=2), scores, own)

    def partners(self, n: int) -> int:
        """How many other y a held-out row is compared with, of the ``n`` held out."""
        return n - 1

    def block(self, parameters: list[Tensor], left: Tensor, right: Tensor, partners: Tensor | None) -> Tensor:
        """Scores ``[m, b, n]`` of ``left [m, b, k]`` with every ``right [m, n, k]``."""
        return torch.bmm(left, right.transpose(1, 2))


class Concatenated:
    """f(x, y) = MLP(x, y). Its first layer is a sum over x and y, so it is applied once a row, the rest once a pair."""

    all_pairs = False

    def __init__(self, dx: int, dy: int, hidden: Sequence[int]) -> None:
        self.first = Layers([dx, hidden[0]]), Layers([dy, hidden[0]])
        self.rest = Layers([*hidden, 1])
        self.width = hidden[0]

    def initial(self, copies: int, generator: torch.Generator) -> list[Tensor]:
        x, y = (layers.initial(copies, generator, 1.0) for layers in self.first)
        return [*x, *y, *self.rest.initial(copies, generator, 0.0)]

    def embed(self, parameters: list[Tensor], rows: CriticInputs, chosen: Tensor) -> tuple[Tensor, Tensor]:
        x, y, u, v = rows.take(chosen)
        return torch.cat([u, self.first[0](parameters[:2], x)], 2), torch.cat([v, self.first[1](parameters[2:4], y)], 2)

    def training_pairs(self, parameters: list[Tensor], left: Tensor, right: Tensor) -> PairScores:
        n = left.shape[1]
        shifts = torch.arange(min(PARTNERS + 1, n), device=left.device)
        scores = self.block(parameters, left, right, (torch.arange(n, device=left.device)[:, None] + shifts) % n)
        return PairScores(scores[:, :, 0], scores, (shifts == 0).expand(n, -1))

    def partners(self, n: int) -> int:
        return min(n - 1, 511)

    def block(self, parameters: list[Tensor], left: Tensor, right: Tensor, partners: Tensor | None) -> Tensor:
        """Scores ``[m, b, k]`` of each of ``left [m, b, c]`` with its ``partners [b, k]`` among ``right [m, n, c]``."""
        assert partners is not None
        chosen = right[:, partners]
        cut = left.shape[2] - self.width
        gaussian = (left[:, :, None, :cut] * chosen[:, :, :, :cut]).sum(3)
        hidden = left[:, :, None, cut:] + chosen[:, :, :, cut:]
        m, b, k, _ = hidden.shape
        return gaussian + self.rest(parameters[4:], hidden.reshape(m, b * k, -1).relu()).reshape(m, b, k)


def rows_of(x: Sequence[np.ndarray], y: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
    """Network inputs of each member and of y, on the device."""
    return torch.from_numpy(np.stack(x)).to(device), torch.from_numpy(y).to(device)
