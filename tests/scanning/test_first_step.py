"""What is said after the first step of a pass: size, time and memory of the others, and what most of it is."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import infoscope as iscope
from infoscope.scanning import first_step
from infoscope.scanning.first_step import FirstStep


class Clock:
    """A clock that stands still until it is put on."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(first_step, "time", found)
    return found


def measured(clock, steps, reading=1.0, kde=6.0, binned=3.0):
    """A first step that takes so many seconds of each kind, at two places of 1200 rows."""
    first = FirstStep(steps)
    clock.now += reading
    places = {"a": np.zeros((1, 1200, 8), np.float32), "b": np.zeros((1, 1200, 3), np.float32)}
    first.measuring(iscope.measurement("kde"), places)
    clock.now += kde
    first.measuring(iscope.measurement("binned"), {"a": places["a"]})
    clock.now += binned
    first.tell()


def test_it_says_what_the_others_take_and_what_would_halve_it(clock, capsys):
    measured(clock, 7)
    said = capsys.readouterr().err
    assert said.startswith(
        "infoscope: 1,200 rows x 8 columns x 2 places x 7 steps: as the first took 10 seconds, about "
    )
    assert "60 seconds more, " in said or "1.0 minutes more, " in said
    assert said.endswith("60% of it is kde: half of the steps would halve it\n")


def test_what_is_short_is_not_told(clock, capsys):
    measured(clock, 7, 0.1, 0.6, 0.3)
    measured(clock, 1)  # there is no other step
    assert capsys.readouterr().err == ""


def test_reading_may_be_most_of_it(clock, capsys):
    measured(clock, 3, reading=50.0)
    assert f"85% of it is {first_step.READING}: half of the steps" in capsys.readouterr().err


def test_without_a_measurement_it_still_says_the_time(clock, capsys):
    first = FirstStep(4)
    clock.now += 20.0
    first.tell()
    assert capsys.readouterr().err.startswith("infoscope: each x 4 steps: as the first took 20 seconds, about ")


def test_memory_is_that_of_the_rows_and_of_the_dearest_measurement(clock, capsys):
    first = FirstStep(100)
    dear = SimpleNamespace(id="dear", cost=lambda n, d, k: SimpleNamespace(bytes=3e9))
    first.measuring(dear, {"a": np.zeros((1, 1000, 250), np.float32)})  # 1 MB
    clock.now += 5.0
    first.tell()
    assert ", 3 GB; 100% of it is dear" in capsys.readouterr().err
