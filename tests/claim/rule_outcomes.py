"""What rules say of made-up rows, and curves to make them up from."""

from __future__ import annotations

import numpy as np

from infoscope.core.claim import Outcome, combine
from infoscope.core.units import nats


def outcomes(figure, rows) -> dict[str, Outcome]:
    """The outcome of each claim of ``figure``, by the last part of the claim's name."""
    return {judged.claim.id.split("/")[-1]: combine(judged.findings) for judged in figure.judge(rows)}


def bits_curve(*values: float) -> np.ndarray:
    return nats(1.0) * np.array(values)


def falling(drop_bits: float) -> np.ndarray:
    """Peaks at epoch 25 at 8 bits, then falls: all of it is done at epoch 400."""
    return bits_curve(5, 6, 7, 8, 8 - drop_bits / 2, 8 - drop_bits, 8 - drop_bits, 8 - drop_bits)


def late(drop_bits: float) -> np.ndarray:
    """Peaks at epoch 2000 at 8 bits and falls until 8000."""
    return bits_curve(1, 2, 3, 4, 5, 6, 8, 8 - drop_bits)
