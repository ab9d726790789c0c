"""Adam (Kingma & Ba 2015) as each engine wants it: compiled over one row of numbers, or over torch tensors.

There are two orders of the same arithmetic in that paper. Algorithm 1 corrects both moments for having started at zero
and adds epsilon to the corrected root; section 2 ends with a cheaper one, which adds epsilon to the root as it is and
puts both corrections into the length of the step. Networks train by the first, as ``torch.optim`` does; probes and
critics by the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from infoscope.kernels.compiling import njit

if TYPE_CHECKING:
    from torch import Tensor

F = np.float32
BETAS = (0.9, 0.999)  # of networks
SHORT_BETAS = (0.9, 0.99)  # of probes and critics, which make few updates
EPSILON = 1e-8
_FAST = {"reassoc", "contract", "arcp", "nsz"}  # not nnan/ninf: what diverges must stay visibly diverged
_FIRST, _SECOND = F(BETAS[0]), F(BETAS[1])
_NEW_FIRST, _NEW_SECOND = F(0.1), F(0.001)  # 1 - beta, rounded once


@njit(error_model="numpy", forceinline=True)
def _power(base, exponent):
    """base ** exponent for a whole exponent from 1 on; numba takes a third of a second to compile its own."""
    power = 1.0
    while exponent:
        if exponent & 1:
            power *= base
        exponent >>= 1
        base *= base
    return power


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def compiled(p, m, v, gradient, step, rate):
    """One update of ``p`` and its moments ``m``, ``v`` in place: algorithm 1 with :data:`BETAS`; ``step`` from 1 on."""
    scale = F(rate / (1.0 - _power(0.9, step)))
    unbias = F(1.0 / np.sqrt(1.0 - _power(0.999, step)))
    for k in range(len(p)):
        m[k] = _FIRST * m[k] + _NEW_FIRST * gradient[k]
        v[k] = _SECOND * v[k] + _NEW_SECOND * gradient[k] * gradient[k]
        p[k] -= scale * m[k] / (np.sqrt(v[k]) * unbias + F(EPSILON))


#: What :func:`compiled_averaged` is told of the moments: the weight of a new gradient, of the old second moment, of a
#: new square, and epsilon.
SHORT_MOMENTS = tuple(F(c) for c in (1 - SHORT_BETAS[0], SHORT_BETAS[1], 1 - SHORT_BETAS[1], EPSILON))


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy", inline="always")
def compiled_averaged(p, first, second, average, gradient, decays, keep, step, part, moments):
    """Decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2), the cheaper order, and a running average.

    keep: the factor that ``p`` is kept by where it ``decays``. step: its length, corrections included. part: of the way
    to ``p`` that ``average`` goes. moments: :data:`SHORT_MOMENTS`.
    """
    new_first, old_second, new_second, small = moments
    for j in range(len(gradient)):
        m = first[j] + (gradient[j] - first[j]) * new_first
        v = second[j] * old_second + gradient[j] * gradient[j] * new_second
        w = p[j] * (keep if decays[j] else F(1)) - step * m / (np.sqrt(v) + small)
        first[j] = m
        second[j] = v
        p[j] = w
        average[j] += (w - average[j]) * part


def correction(step: int) -> float:
    """What the cheaper order multiplies a step by, because both moments start at zero."""
    return (1 - SHORT_BETAS[1] ** step) ** 0.5 / (1 - SHORT_BETAS[0] ** step)


def on_tensor(parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, rate: float, step: int) -> None:
    """One update of ``parameter`` and its moments in place: algorithm 1 with :data:`BETAS`; ``step`` from 1 on.

    Written out because ``torch.optim`` knows no stacked members.
    """
    first.lerp_(gradient, 1 - BETAS[0])
    second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
    unbiased = second.sqrt().div_((1 - BETAS[1] ** step) ** 0.5).add_(EPSILON)
    parameter.addcdiv_(first, unbiased, value=-rate / (1 - BETAS[0] ** step))


def on_tensors(
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    first: Sequence[Tensor],
    second: Sequence[Tensor],
    rate: float,
    step: int,
) -> None:
    """One update of all ``parameters`` and their moments in place: the cheaper order with :data:`SHORT_BETAS`.

    Written out because ``torch.optim`` takes seconds to import.
    """
    import torch

    each: Any = torch
    each._foreach_lerp_(first, gradients, 1 - SHORT_BETAS[0])
    each._foreach_mul_(second, SHORT_BETAS[1])
    each._foreach_addcmul_(second, gradients, gradients, 1 - SHORT_BETAS[1])
    size = each._foreach_sqrt(second)
    each._foreach_add_(size, EPSILON)
    each._foreach_addcdiv_(parameters, first, size, -rate * correction(step))
