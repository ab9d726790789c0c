"""The one journal of whoever measures: whole steps of rows on their way into a run folder, and what is there already.

What a step consists of is written whole or not at all: an interruption in the middle of one leaves none of it behind,
and the step is measured again.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from infoscope.core.estimate import Estimate, Status
from infoscope.core.folder import RunFolder, Sink
from infoscope.core.measurement import Measured, Measurement, Shares, covered
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text

FLUSH_SECONDS = 10.0  # the most work that a kill can lose
EVERY = ""  # in place of a variable: all of them

Whole = TypeVar("Whole")


class Journal(Generic[Whole]):
    """Collects whole pieces of work and hands them to ``append`` now and then; ``beat`` says that the writer lives."""

    def __init__(self, append: Callable[[list[Whole]], None], beat: Callable[[], None]) -> None:
        self._append, self._beat = append, beat
        self._waiting: list[Whole] = []
        self._next = time.monotonic() + FLUSH_SECONDS

    def take(self, whole: Whole) -> None:
        """Keep one piece that is complete."""
        self._waiting.append(whole)

    @property
    def due(self) -> bool:
        """Whether the last writing is a while ago."""
        return time.monotonic() >= self._next

    def flush(self) -> None:
        """Write what waits; it goes on waiting when that fails."""
        self._append(self._waiting)
        self._waiting = []
        self._beat()
        self._next = time.monotonic() + FLUSH_SECONDS


class Step:
    """The rows of one step while it is measured."""

    def __init__(self, run: str, marks: Mapping[str, Any]) -> None:
        self._builder, self._marks = RowsBuilder(run), marks
        self._texts: dict[str, str] = {}  # of options, which are the same in most rows
        #: What groups add to those of its estimates of which that is kept: where, of which quantity, how much.
        self.shares: list[tuple[Place, str, Shares]] = []

    def place(self, measurement: Measurement, **where: Any) -> Place:
        """Where rows of ``measurement`` lie, told of the input and of all its options until a row says otherwise."""
        options = options_text({**measurement.options, **self._marks})
        told: dict[str, Any] = {"variable": "input", **where}
        return Place(estimator=measurement.id, options=options, **told)

    def add(self, place: Place, estimate: Estimate) -> None:
        self._builder.add(place, estimate)

    def found(self, place: Place, found: Sequence[Measured]) -> None:
        """Add what a measurement found at ``place``."""
        placed: list[tuple[Place, Estimate, Shares | None]] = []
        for variable, estimate, options, shares in found:
            text = place.options if options is None else self._text(options)
            placed.append((dataclasses.replace(place, variable=variable, options=text), estimate, shares))
        for here, estimate, shares in placed:  # all of them, or none when one is not what it should be
            self.add(here, estimate)
            if shares is not None:
                self.shares.append((here, str(estimate.quantity), shares))

    def _text(self, options: Mapping[str, Any]) -> str:
        said = repr(options)
        if said not in self._texts:
            self._texts[said] = options_text({**options, **self._marks})
        return self._texts[said]

    def fail(self, place: Place, quantity: Quantity, reason: str, n: int) -> None:
        """A row without a value, of the quantity that it would have had."""
        self._builder.add_failure(place, quantity, reason, n)

    def refused(self, place: Place, measurement: Measurement, names: Sequence[str], reason: str, n: int) -> None:
        """Rows without a value in place of those that ``measurement`` would have told of the variables ``names``."""
        for variable, quantity in measurement.refused(names):
            self.fail(dataclasses.replace(place, variable=variable), quantity, reason, n)

    def rows(self) -> Rows:
        return self._builder.rows()


class Session(Journal[Rows]):
    """The journal of one network in a run folder.

    marks: what the options of its rows say beside those of the measurement. sinks: who else is told of whole steps.
    there: the rows of the folder, where they have been read already; else they are read whenever they are asked for.
    """

    def __init__(
        self,
        folder: RunFolder,
        network: str,
        marks: Mapping[str, Any] | None = None,
        sinks: Sequence[Sink] = (),
        there: Rows | None = None,
    ) -> None:
        super().__init__(self._written, folder.beat)
        self.folder, self.network, self._there = folder, network, there
        self._marks, self._sinks = dict(marks or {}), sinks
        self._shares: list[tuple[Place, str, Shares]] = []

    def _written(self, waiting: list[Rows]) -> None:
        """Shares go first: where a kill comes between, rows are measured again, and their shares with them."""
        self.folder.append_shares(self._shares)
        self._shares = []
        self.folder.append(Rows.concat(waiting))

    @contextmanager
    def step(self) -> Generator[Step]:
        """One step, kept when the block ends well; nothing of it is otherwise."""
        step = Step(self.folder.id, self._marks)
        yield step
        rows = step.rows()
        self.take(rows)
        self._shares += step.shares
        for sink in self._sinks:
            sink.take(rows)
        self.folder.beat()

    def done(self, estimator: str, options: Mapping[str, Any]) -> dict[tuple[int, str], set[str]]:
        """The (step, site) pairs that rows of this estimator with these options exist for, and the variables that they
        tell of; ``EVERY`` is among them where the measurement was refused as a whole."""
        there = self.folder.rows() if self._there is None else self._there
        rows = there.filter(network=self.network, estimator=estimator)
        rows = rows.filter(options=covered({**options, **self._marks}, rows.unique("options")))
        found: dict[tuple[int, str], set[str]] = {}
        columns = (rows.column(name).tolist() for name in ("step", "site", "variable", "status"))
        for step, site, variable, status in zip(*columns, strict=True):
            refused = variable == "input" and status == Status.FAILED.name
            found.setdefault((step, site), set()).add(EVERY if refused else variable)
        return found
