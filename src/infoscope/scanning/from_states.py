"""What measurements say of rows that are gone: each by its own name, out of the sums and the sample of one pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from infoscope.core import grammar
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.measurement import Measured, Measurement
from infoscope.core.quantity import PROBE_AUROC, USABLE
from infoscope.measure.bases.linear import LinearProbe
from infoscope.measure.states.telling import NEAREST, Telling
from infoscope.measure.usable import accounts
from infoscope.measure.usable.accounts import Usable
from infoscope.measure.usable.asking import ONE_CLASS, ONE_SIDED
from infoscope.measure.usable.naming import Proportion

#: What can be read of one pass, as a person asks for it.
KNOWN = ("usable_information(probe=linear)", "effective_rank", "participation_ratio", "neural_collapse", "one_pass")
#: Options of ``usable_information`` that only rows which are all there can meet, as they must be.
_MUST_BE: dict[str, Any] = {
    "folds": 5, "test_fraction": None, "prior": "null", "chain": "", "shuffled": False, "controls": None,
    "target": "labels",
}  # fmt: skip


def readable(measurement: Measurement) -> str:
    """Why ``measurement`` cannot be read of one pass; empty where it can."""
    if measurement.id == "usable_information" and (unmet := _unmet(measurement)):
        return f"usable_information({unmet}) cannot be read of rows that are gone: {_those()}"
    if measurement.id in _TOLD or hasattr(measurement, "of_telling"):
        return ""
    return f"{measurement.id} cannot be read of rows that are gone: {_those()}"


def of_rows(measurement: Measurement) -> bool:
    """Whether it also, or only, says something of the rows alone."""
    return any(variable == "input" for variable, _ in measurement.refused(["label"]))


def _those() -> str:
    known = f"{', '.join(KNOWN[:-1])} or {KNOWN[-1]}"
    return f"in shards measure {known}, or read all rows at once where they fit (shards=0, --shards 0)"


def _unmet(measurement: Measurement) -> str:
    options: dict[str, Any] = dataclasses.asdict(cast(Any, measurement))
    for name, wanted in _MUST_BE.items():
        if options[name] != wanted:
            return f"{name}={options[name]}"
    probe = options["probe"]
    made = grammar.make("probes", probe)
    return "" if isinstance(made, LinearProbe) and grammar.written(probe, {})[0] == "linear" else f"probe={probe}"


def told(measurement: Measurement, of: Telling, place: str, names: Sequence[str]) -> list[Measured]:
    """What ``measurement`` says of a place about the variables ``names``.

    Raises
    ------
    InputError: too few rows.
    """
    read = getattr(measurement, "of_telling", None) or _TOLD[measurement.id](measurement)
    return list(read(of, place, names))


Read = Callable[[Telling, str, Sequence[str]], Iterator[Measured]]


def _of_spectrum(measurement: Measurement) -> Read:
    def read(of: Telling, place: str, names: Sequence[str]) -> Iterator[Measured]:
        (quantity,) = measurement.tells
        yield Measured("input", dataclasses.replace(of.spectrum(place)[str(quantity)], quantity=quantity))

    return read


def _collapse(measurement: Measurement) -> Read:
    def read(of: Telling, place: str, names: Sequence[str]) -> Iterator[Measured]:
        for name in names:
            if of.present(name) < 2:
                raise InputError("all rows are of one class, wanted at least 2: neural collapse is about class means")
            found: dict[str, Estimate | None] = {**of.classes_at(place, name), str(NEAREST): None}
            found[str(NEAREST)] = of.nearest_mean(place, name)
            for quantity in measurement.tells:
                if (one := found[str(quantity)]) is not None:
                    yield Measured(name, one)

    return read


def _usable(measurement: Measurement) -> Read:
    asked = cast(Any, measurement)

    def read(of: Telling, place: str, names: Sequence[str]) -> Iterator[Measured]:
        reader = grammar.make("probes", asked.probe)
        for name in names:
            if of.present(name) < 2:
                yield from _of_one_class(of, name, asked.scores)
                continue
            found, groups = of.usable(place, name, reader.walk, reader.words)
            found = dataclasses.replace(found, quantity=USABLE)
            yield Measured(name, found.plain(), None, found.shares(groups) if asked.scores else None)
            if asked.scores:
                yield from (Measured(name, one) for one in _scores(found))

    return read


def _scores(found: Usable) -> list[Estimate]:
    area = found.auroc or found.saying(PROBE_AUROC, Proportion(0.5, None)).doubted(ONE_SIDED)
    return [one for one in (found.accuracy, area, found.fraction, found.usual_accuracy) if one is not None]


def _of_one_class(of: Telling, name: str, scores: bool) -> Iterator[Measured]:
    words = "usable by linear softmax probes, H(Y) of the null probe"
    nothing = accounts.nothing(of.sums.n, USABLE, words, Doubt(Status.DEGENERATE, ONE_CLASS))
    yield Measured(name, nothing.plain())


_TOLD: dict[str, Callable[[Measurement], Read]] = {
    "effective_rank": _of_spectrum,
    "participation_ratio": _of_spectrum,
    "neural_collapse": _collapse,
    "usable_information": _usable,
}
