"""The orders of minibatches, which decide every stored trajectory: they may never change."""

import numpy as np
import pytest

from infoscope.kernels.counter_draws import batch_order


@pytest.mark.parametrize(
    ("seed", "epoch", "expected"),
    [(0, 0, [1, 2, 6, 5, 4, 0, 3, 7]), (0, 1, [4, 0, 5, 2, 7, 6, 3, 1]), (7, 3, [6, 1, 2, 5, 3, 7, 0, 4])],
)
def test_orders_are_those_that_stored_runs_were_trained_with(seed, epoch, expected):
    order = np.arange(8)
    batch_order(seed, epoch, order)
    assert order.tolist() == expected
