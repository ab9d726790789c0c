"""Compression scores as rows: what a run's verdicts become when the way of measuring changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from infoscope.claim.statistics import OverSeeds, compression
from infoscope.core.estimate import Estimate, Status, Uncertainty, remark
from infoscope.core.folder import RunFolder
from infoscope.core.quantity import INPUT_INFORMATION, Quantity
from infoscope.core.rows import KEY, Place, Rows, RowsBuilder, options_text

SCORE = "score"  # the estimator of derived rows: they are computed from other rows and not from representations
LEAST = 3  # values of an option that make a sweep
AXES = {"bins": "bins", "width": "bin width", "noise_variance": "noise variance"}


def sweeps(rows: Rows) -> Rows:
    """The compression score of I(X;T) wherever an option took at least :data:`LEAST` values, all else equal.

    One row for each network, site, way of measuring and value: ``axis`` names the option, ``epoch`` holds its value,
    and ``options`` what was the same. Members without a value at some step are left out.
    """
    information = rows.filter(quantity=INPUT_INFORMATION, axis="epoch")
    found: dict[tuple[str, ...], list[tuple[float, str]]] = {}
    for network, site, split, estimator, options in _distinct(information):
        for name, value, rest in _numbers(estimator, json.loads(options)):
            found.setdefault((network, site, split, estimator, name, rest), []).append((value, options))
    builder = RowsBuilder(next(iter(rows.unique("run")), ""))
    for (network, site, split, estimator, name, rest), values in found.items():
        for step, (value, options) in enumerate(sorted(values) if len(values) >= LEAST else ()):
            series = information.filter(network=network, site=site, split=split, estimator=estimator, options=options)
            place = Place(
                network=network, step=step, epoch=value, axis=AXES[name], site=site,
                site_index=int(series.column("site_index")[0]), variable="input", split=split, estimator=SCORE,
                options=rest,
            )  # fmt: skip
            _add(builder, place, series, _swept(AXES[name]))
    return builder.rows()


def _distinct(rows: Rows) -> Iterator[tuple[str, ...]]:
    names = ("network", "site", "split", "estimator", "options")
    if not len(rows):
        return iter(())
    groups = rows.table.select(names).group_by(list(names), use_threads=False).aggregate([])
    return zip(*(groups[name].to_pylist() for name in names), strict=True)


def _numbers(estimator: str, options: dict[str, Any]) -> Iterator[tuple[str, float, str]]:
    """Each option that is a number to sweep over: its name, its value, and all else as canonical text."""
    for name in AXES:
        if isinstance(options.get(name), (int, float)):
            rest = {key: value for key, value in options.items() if key != name}
            yield name, float(options[name]), options_text({"estimator": estimator, **rest})


def _swept(axis: str) -> Quantity:
    return Quantity(f"compression by {axis}", "nats", "Drop of I(X;T) after its peak", "swept score")


def _add(builder: RowsBuilder, place: Place, series: Rows, quantity: Quantity) -> None:
    curves = series.curves()[2]
    complete = np.isfinite(curves).all(1)
    if not complete.any():
        builder.add_failure(place, quantity, "no member has a value at every step", len(curves))
        return
    saturated = float((series.column("status") == Status.SATURATED.name).mean())
    notes = [f"{saturated:.0%} of the values are at their ceiling"] if saturated > 0 else []
    if not complete.all():
        notes.append(f"{(~complete).sum()} of {len(curves)} members left out: values are missing")
    words = "drop of I(X;T) after the peak of its mean curve, corrected for choosing the peak"
    builder.add(place, score_estimate(compression(curves[complete]), quantity, words, tuple(notes)))


def score_estimate(found: OverSeeds, quantity: Quantity, estimand: str, notes: tuple[str, ...] = ()) -> Estimate:
    """A statistic over seeds as an estimate; ``n`` counts seeds."""
    estimate = Estimate(found.value, quantity, estimand, found.seeds).doubted(*map(remark, notes))
    if found.interval is None:
        return estimate.doubted(remark("one seed, so no interval"))
    return estimate.within(found.interval, Uncertainty(f"{found.seeds} seeds", resampled=None))


def append_derived(folder: RunFolder, derived: Rows) -> None:
    """Append those rows that the folder does not hold yet, or holds with another content."""
    columns = (*KEY, "epoch", "value", "low", "high", "notes")

    def marks(rows: Rows) -> list[tuple[Any, ...]]:
        return list(zip(*(rows.table[name].to_pylist() for name in columns), strict=True))

    there = set(marks(folder.rows().filter(estimator=SCORE)))
    new = [mark not in there for mark in marks(derived)]
    if any(new):
        folder.append(Rows(derived.table.filter(np.array(new))))
