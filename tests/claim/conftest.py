"""Made-up rows, so that rules are tested without training anything."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest

from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.older_rows import quantity as named
from infoscope.core.rows import Place, Rows, RowsBuilder

EPOCHS = np.array([0, 1, 5, 25, 100, 400, 2000, 8000])


class MadeUpRows:
    """Adds one series (a curve a member) at a time."""

    def __init__(self) -> None:
        self.builder = RowsBuilder("made-up")

    def series(self, network, site, quantity, curve, *, members=12, spread=0.01, estimator="binned", unit="nats",
               split="all", options="{}", n=4096, width=0.0, status=Status.OK, variable="input"):  # fmt: skip
        rng = np.random.default_rng(len(self.builder))
        offsets = spread * rng.normal(size=members)
        for member, offset in enumerate(offsets - offsets.mean()):
            for index, epoch in enumerate(EPOCHS[: len(curve)]):
                value = float(curve[index] + offset * (index > 0))
                interval = (value - width, value) if estimator == "kde" else None
                place = Place(
                    network=network,
                    step=int(epoch) * 13,
                    epoch=float(epoch),
                    site=site,
                    site_index=0,
                    variable=variable,
                    estimator=estimator,
                    member=member,
                    seed=member,
                    split=split,
                    options=options,
                )
                self.builder.add(
                    place,
                    Estimate(
                        value, named(quantity, "", unit), "made up", n, interval=interval, doubts=(Doubt(status),)
                    ),
                )
        return self

    def rows(self) -> Rows:
        return self.builder.rows()


@pytest.fixture
def made_up():
    return MadeUpRows()


@pytest.fixture
def interrupt_at(monkeypatch):
    """A function that makes the ``write``-th atomic write from now on a Ctrl-C; ``monkeypatch.undo()`` ends it.

    It returns a function that tells whether that write was reached.
    """

    def set_up(write: int) -> Callable[[], bool]:
        replace, count = os.replace, 0

        def interrupted(source, target):
            nonlocal count
            count += 1
            if count == write:
                raise KeyboardInterrupt
            replace(source, target)

        monkeypatch.setattr(os, "replace", interrupted)
        return lambda: count >= write

    return set_up
