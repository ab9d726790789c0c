"""Which few columns tell most: orthogonal matching pursuit (Pati, Rezaiifar & Krishnaprasad 1993) for classes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from infoscope.core.shapes import TensorMatrix

ROUNDS = 16  # beyond as many columns several join at once
LEAST = 1e-10  # of the largest first correlation: a column that adds no more is a copy of others, or constant
DECAY, TOLERANCE, ITERATIONS = 1e-3, 1e-4, 60  # of the fits between the rounds


def pursued(x: TensorMatrix, y: np.ndarray, k: int, most: int) -> np.ndarray:
    """Columns of standardised rows ``x [n, d]``, at most ``most``, in the order in which they join, for classes ``y``
    in 0..k-1; one at least."""
    import torch

    from infoscope.measure.usable.softmax_regression import Regression, solve

    n = len(x)
    own = torch.nn.functional.one_hot(torch.as_tensor(y, dtype=torch.long), k).to(x)

    def residual(columns: np.ndarray) -> TensorMatrix:
        if not len(columns):
            return own - own.mean(0)
        rows = x[:, columns].double()
        found = solve(rows, rows.square().mean(0), [Regression(y, DECAY)], k, TOLERANCE, ITERATIONS)
        return own - found.logits(slice(0, 1), rows)[0].softmax(-1).to(x)

    return _joined(x, residual, min(most, x.shape[1]), n)


def pursued_quantities(x: TensorMatrix, y: np.ndarray, most: int) -> np.ndarray:
    """The same for quantities ``y [n, e]``, each taken by its standard deviation."""
    import torch

    sd = y.std(0)
    wanted = torch.as_tensor((y - y.mean(0)) / np.where(sd > 0, sd, 1.0)).to(x)

    def residual(columns: np.ndarray) -> TensorMatrix:
        if not len(columns):
            return wanted
        rows = x[:, columns].double()
        moments = rows.T @ rows / len(rows) + DECAY * torch.eye(len(columns), dtype=rows.dtype, device=rows.device)
        return wanted - (rows @ torch.linalg.solve(moments, rows.T @ wanted.double() / len(rows))).to(x)

    return _joined(x, residual, min(most, x.shape[1]), len(x))


def _joined(x: TensorMatrix, residual: Callable[[np.ndarray], TensorMatrix], most: int, n: int) -> np.ndarray:
    found = np.zeros(0, np.int64)
    at_once, first = -(-most // ROUNDS), 0.0
    while len(found) < most:
        told = (x.T @ residual(found) / n).square().sum(1).double().cpu().numpy()
        told[found] = -1.0
        best = np.argsort(-told, kind="stable")[: min(at_once, most - len(found))]
        if not len(found):
            first = float(told[best[0]])
        else:
            best = best[told[best] > LEAST * first]
        if not len(best):
            break
        found = np.concatenate([found, best])
    return found
