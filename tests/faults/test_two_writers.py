"""The short form of ``two_writers.py``, which says what is tried."""

import os

import pytest

if not hasattr(os, "fork"):
    pytest.skip("the trials fork, which this system does not", allow_module_level=True)

from two_writers import TRIALS

PAIRS = 5


@pytest.mark.parametrize("words", TRIALS)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_of_two_writers_one_enters(words):
    trial, share = TRIALS[words]
    assert [trial() for _ in range(max(1, round(PAIRS * share)))] == ["one"] * max(1, round(PAIRS * share))
