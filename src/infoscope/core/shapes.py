"""Arrays by their axes: ``m`` members, ``n`` rows, ``d`` features; ``e`` those of a variable beside, ``f`` of a third.

One letter is one length throughout a call. An axis without a letter (``_``) may have any length, also in one call. What
a contribution is asked with says its letters, and no name stands here that nobody takes. In use these cost nothing:
pyright reads the kind of array, whoever reads the code the axes. With ``INFOSCOPE_SHAPES`` set, as one test does, they
are jaxtyping's, which beartype holds every call to.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Annotated as Bool
    from typing import Annotated as Float
    from typing import Annotated as Integer
    from typing import Annotated as Shaped

    from numpy.typing import ArrayLike as _NumpyLike
    from torch import Tensor as Tensor
    from torch import device

    Device = device
    ArrayLike = _NumpyLike | Tensor
elif "INFOSCOPE_SHAPES" in os.environ:
    from typing import Any as ArrayLike

    from jaxtyping import Bool, Float, Integer, Shaped
    from torch import Tensor
    from torch import device as Device
else:
    from typing import Annotated

    Bool = Float = Integer = Shaped = Annotated

    class Tensor:
        """Stands for ``torch.Tensor`` where torch need not be imported."""

    class Device:
        """Stands for ``torch.device``."""

    class ArrayLike:
        """Stands for what ``numpy.asarray`` takes, or a tensor: arrays as a person passes them."""


#: An array that was checked: of NumPy, or of torch on any device.
Array = np.ndarray | Tensor

# Representations and what stands beside their rows.
Members = Float[Array, "m n d"]
AnyRows = Float[Array, "n d"]
Beside = Float[Array, "n e"]
GivenRows = Float[Array, "n f"]
RowsOrLabels = Shaped[Array, "n *_rest"]

NumpyRows = Float[np.ndarray, "n d"]
TensorMembers = Float[Tensor, "m n d"]
TensorRows = Float[Tensor, "n d"]

Labels = Integer[np.ndarray, "n"]

# Axes without a name.
Vector = Float[np.ndarray, "_"]
Matrix = Float[np.ndarray, "_ _"]
Block = Float[np.ndarray, "_ _ _"]
Block4 = Float[np.ndarray, "_ _ _ _"]
Indices = Integer[np.ndarray, "_"]
IndexTable = Integer[np.ndarray, "_ _"]
IndexBlock = Integer[np.ndarray, "_ _ _"]
Marks = Bool[np.ndarray, "_"]
MarkTable = Bool[np.ndarray, "_ _"]
TensorVector = Float[Tensor, "_"]
TensorMatrix = Float[Tensor, "_ _"]
AnyArray = Shaped[Array, "..."]
VectorOrNumber = Vector | float
