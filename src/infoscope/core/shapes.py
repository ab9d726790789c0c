"""Arrays by their axes: ``m`` members, ``n`` rows, ``d`` and ``e`` features, ``k`` classes, ``q`` other rows.

One letter is one length throughout a call. An axis without a letter (``_``) may have any length, also in one call. In
use these cost nothing: pyright reads the kind of array, whoever reads the code the axes. With ``INFOSCOPE_SHAPES`` set,
as one test does, they are jaxtyping's, which beartype holds every call to.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Annotated as Bool
    from typing import Annotated as Float
    from typing import Annotated as Int
    from typing import Annotated as Real
    from typing import Annotated as Shaped

    from numpy.typing import ArrayLike as ArrayLike
    from torch import Tensor as Tensor
elif "INFOSCOPE_SHAPES" in os.environ:
    from typing import Any as ArrayLike

    from jaxtyping import Bool, Float, Int, Real, Shaped
    from torch import Tensor
else:
    from typing import Annotated

    Bool = Float = Int = Real = Shaped = Annotated

    class Tensor:
        """Stands for ``torch.Tensor`` where torch need not be imported."""

    class ArrayLike:
        """Stands for what ``numpy.asarray`` takes, or a tensor: arrays as a person passes them."""


#: An array that was checked: of NumPy, or of torch on any device.
Array = np.ndarray | Tensor

# Representations and what stands beside their rows.
Members = Float[Array, "m n d"]
Rows = Float[Array, "n d"]
Beside = Float[Array, "n e"]
Elsewhere = Float[Array, "q d"]
RowsOrLabels = Shaped[Array, "n *e"]

NumpyRows = Float[np.ndarray, "n d"]
NumpyBeside = Float[np.ndarray, "n e"]
NumpyElsewhere = Float[np.ndarray, "q d"]
TensorMembers = Float[Tensor, "m n d"]
TensorRows = Float[Tensor, "n d"]

Column = Float[np.ndarray, "n"]
Labels = Int[np.ndarray, "n"]
Flags = Bool[np.ndarray, "n"]
MemberColumns = Float[np.ndarray, "m n"]
ClassRows = Float[np.ndarray, "k d"]
PerClass = Float[np.ndarray, "k"]
Pairs = Float[Array, "n n"]
Products = Float[np.ndarray, "d d"]

# Axes without a name.
Vector = Float[np.ndarray, "_"]
Matrix = Float[np.ndarray, "_ _"]
Block = Float[np.ndarray, "_ _ _"]
Floats = Float[np.ndarray, "..."]
Indices = Int[np.ndarray, "_"]
IndexTable = Int[np.ndarray, "_ _"]
Marks = Bool[np.ndarray, "_"]
TensorVector = Float[Tensor, "_"]
TensorMatrix = Float[Tensor, "_ _"]
