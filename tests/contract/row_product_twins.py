"""What ``infoscope.kernels.row_products`` writes for LLVM, in NumPy, by the names that numba has for it."""

from __future__ import annotations

from typing import Any

import numpy as np

NOTHING, ITSELF = -1, -2


def set_product(
    p: Any, at: int, across: int, down: int, outs: int, ins: int, a: Any, ai: int, z: Any, zi: int, lanes: int,
    begin: int,
) -> None:  # fmt: skip
    weights = p[at + across * np.arange(outs)[:, None] + down * np.arange(ins)]
    found = weights @ a[ai : ai + ins, :lanes]
    if begin == ITSELF:
        found = found + z[zi : zi + outs, :lanes]
    elif begin != NOTHING:
        found = found + p[begin : begin + outs, None]
    z[zi : zi + outs, :lanes] = found


def add_moments(d: Any, at: int, outs: int, ins: int, g: Any, gi: int, a: Any, ai: int, lanes: int) -> None:
    d[at : at + outs * ins] += (g[gi : gi + outs, :lanes] @ a[ai : ai + ins, :lanes].T).ravel()


def set_columns(x: Any, rows: Any, at: int, a: Any, lanes: int) -> None:
    a[: x.shape[1], :lanes] = x[rows[at : at + lanes]].T


TWINS = {"set_product": set_product, "add_moments": add_moments, "set_columns": set_columns}
