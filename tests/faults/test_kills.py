"""The short form of ``kills.py``, which says what is tried: each kind of run killed once."""

import os
import random
import signal

import pytest

if not hasattr(os, "fork") or not hasattr(signal, "SIGKILL"):
    pytest.skip("the trials fork and kill, which this system does not", allow_module_level=True)

import kills

KILLS = 1  # of each kind


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    return kills.kinds(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("name", ["a figure", "a watched loop", "measure", "report"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_killed_run_gone_on_with_is_equal_to_the_bit_and_leaves_nothing(kinds, name):
    kind, chance = kinds[name], random.Random(0)
    while kind.kills < KILLS:
        kills.chain(kind, chance, 1)
    assert kind.wrong == []
