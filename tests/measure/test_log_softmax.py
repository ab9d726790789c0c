"""Logarithms of softmax are SciPy's, to the bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import special

from infoscope.measure.usable.log_softmax import log_softmax

NUMBERS = st.floats(-1e6, 1e6) | st.just(-np.inf)


@given(arrays(np.float64, array_shapes(min_dims=1, max_dims=3, max_side=12), elements=NUMBERS))
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_it_is_that_of_scipy(x):
    for axis in range(-1, x.ndim):
        np.testing.assert_array_equal(log_softmax(x, axis), special.log_softmax(x, axis=axis))


def test_probabilities_add_up_to_one_and_nothing_is_lost_far_from_it():
    x = np.array([[1000.0, 1.0], [0.0, -np.inf]])
    np.testing.assert_array_equal(log_softmax(x), [[0.0, -999.0], [0.0, -np.inf]])
