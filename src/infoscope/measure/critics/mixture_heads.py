"""Conditional and marginal densities of Y as mixtures of diagonal Gaussians, for a stack of models at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from infoscope.measure.critics.inputs import canonical
from infoscope.measure.critics.networks import Layers

FLOOR = -4.0  # of a log standard deviation, in units of that of Y
FLAT = 1e-6  # of the largest variance: a direction with less is left out
BREAK = 0.05  # size of the last layer at the start, so that components can part


@dataclass(frozen=True)
class Coordinates:
    """Y in coordinates of unit variance, the first ones canonical, and what a Gaussian says of them given X.

    y: ``[n, q]``. centre: ``[n, q]``, the linear prediction. log_scale: ``[q]``, of the rest.
    """

    y: Tensor
    centre: Tensor
    log_scale: Tensor


def coordinates(x: Tensor, y: Tensor, rows: Tensor, width: int) -> Coordinates:
    """From scores ``x [n, p]`` and ``y [n, e]``, fitted to ``rows``; ``width`` columns, zeros behind those of rank."""
    values, vectors = torch.linalg.eigh(torch.cov(y[rows].T).reshape(y.shape[1], -1))
    full = values > FLAT * values[-1]
    white = (y - y[rows].mean(0)) @ (vectors[:, full] / values[full].sqrt())
    found = canonical(x, white, rows)
    u = (x - found.u_mean) @ found.u_directions
    basis, upper = torch.linalg.qr(found.v_directions, mode="complete")
    r = len(found.correlations)
    turned = white @ basis
    signs = upper.diagonal().sign()
    centre, log_scale = torch.zeros(len(y), width, dtype=y.dtype), torch.zeros(width, dtype=y.dtype)
    centre[:, :r] = u * found.correlations * signs[:r]
    log_scale[:r] = 0.5 * torch.log1p(-(found.correlations**2))
    blank = turned.new_zeros(len(y), width - turned.shape[1])
    return Coordinates(torch.cat([turned, blank], 1).float(), centre.float(), log_scale.float())


def rank(y: Tensor, rows: Tensor) -> int:
    """How many columns :func:`coordinates` of ``rows`` have."""
    values = torch.linalg.eigvalsh(torch.cov(y[rows].T).reshape(y.shape[1], -1))
    return int((values > FLAT * values[-1]).sum())


class MixtureHeads:
    """q(y given x), a network's corrections to the Gaussian prediction, and q(y), of ``components`` parts each."""

    def __init__(self, dx: int, q: int, hidden: list[int], components: int) -> None:
        self.q, self.components = q, components
        self.network = Layers([dx, *hidden, components * (1 + 2 * q)])

    def initial(self, copies: int, generator: torch.Generator) -> list[Tensor]:
        """The network's tensors, then the marginal's ``[m, 1, c (1 + 2 q)]``."""
        marginal = BREAK * torch.randn(copies, 1, self.network.widths[-1], generator=generator)
        return [*self.network.initial(copies, generator, BREAK), marginal]

    def log_densities(
        self, parameters: list[Tensor], x: Tensor, y: Tensor, centre: Tensor, log_scale: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """ln q(y given x) and ln q(y), ``[m, b]``, and the share of log scales at their FLOOR, ``[m]``.

        x: ``[m, b, dx]``, y and centre: ``[m, b, q]``, log_scale: ``[m, 1, q]``.
        """
        given, at_floor = self._mixture(self.network(parameters[:-1], x), y, centre, log_scale)
        alone, _ = self._mixture(parameters[-1].expand(-1, y.shape[1], -1), y, torch.zeros_like(y), log_scale * 0)
        return given, alone, at_floor

    def _mixture(self, raw: Tensor, y: Tensor, centre: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
        """Log density ``[m, b]`` of Gaussians at centre + e^log_scale · shift, of log scale log_scale + more."""
        m, b, _ = raw.shape
        weights, rest = raw[:, :, : self.components], raw[:, :, self.components :]
        shift, more = rest.reshape(m, b, self.components, 2, self.q).unbind(3)
        base = log_scale[:, :, None]
        scale = (base + more).clamp(min=FLOOR)
        z = (y[:, :, None] - centre[:, :, None] - base.exp() * shift) * (-scale).exp()
        each = (-0.5 * z * z - scale - 0.5 * math.log(2 * math.pi)).sum(3)
        at_floor = (scale <= FLOOR).float().mean((1, 2, 3))
        return (weights.log_softmax(2) + each).logsumexp(2), at_floor
