"""The cells of the factorial: which activation has which property, which rows belong to a cell, and the effects."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from infoscope.claim.part import Series
from infoscope.claim.scores import SCORE, score_estimate
from infoscope.claim.statistics import compression
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text
from infoscope.papers.saxe2018._parts import information

LAYERS = ("hidden5", "hidden4")
JUDGED = "hidden5"
_SCORE = Quantity("compression", "nats", "Drop of I(X;T) after its peak", "score")
_EFFECT = Quantity("effect on compression", "nats", "Effect on the drop of I(X;T) after its peak", "effect")
TIMES_3 = "_times_3"
SHORT = 1000  # epochs


class Properties(NamedTuple):
    """What an activation has: saturation on both sides, values around zero, and a slope of 1 at zero."""

    saturates: bool
    centred: bool
    steep: bool


ACTIVATIONS: dict[str, Properties] = {
    "tanh": Properties(True, True, True),
    "shifted_tanh": Properties(True, False, True),
    "sigmoid": Properties(True, False, False),
    "centred_sigmoid": Properties(True, True, False),
    "softsign": Properties(True, True, True),
    "hard_tanh": Properties(True, True, True),
    "relu": Properties(False, False, True),  # its slope on the right
    "leaky_relu": Properties(False, False, True),
    "softplus": Properties(False, False, False),
    "gelu": Properties(False, False, False),
    "linear": Properties(False, True, True),
}
#: Placements of the bins, and the options that rows measured so carry.
BINS = {
    "recorded range": '{"bins":30,"range":"recorded"}',
    "on [-1, 1]": '{"bins":30,"form":"interval","range":[-1.0,1.0]}',
    "in net input": '{"bins":30,"range":"recorded"}',
    "of equal mass": '{"bins":30,"form":"quantiles"}',
}


class Cell(NamedTuple):
    """One combination of the factors."""

    activation: str
    bins: str = "recorded range"
    large: bool = False  # initial weights times 3
    long: bool = True  # all epochs, not the first 1000


CELLS = tuple(Cell(*levels) for levels in product(ACTIVATIONS, BINS, (False, True), (True, False)))
#: Each factor's level in a cell, as a number: the columns of the linear model whose coefficients are the effects.
FACTORS: dict[str, Callable[[Cell], float]] = {
    "saturates on both sides": lambda cell: ACTIVATIONS[cell.activation].saturates,
    "zero-centred": lambda cell: ACTIVATIONS[cell.activation].centred,
    "slope 1 at zero, not 1/2 or 1/4": lambda cell: ACTIVATIONS[cell.activation].steep,
    "initial weights times 3": lambda cell: cell.large,
    f"trained on after epoch {SHORT}": lambda cell: cell.long,
    "bins on [-1, 1], not recorded": lambda cell: cell.bins == "on [-1, 1]",
    "bins in net input, not recorded": lambda cell: cell.bins == "in net input",
    "bins of equal mass, not recorded": lambda cell: cell.bins == "of equal mass",
}


def network_of(activation: str, large: bool) -> str:
    return activation + TIMES_3 * large


def series_of(cell: Cell, layer: str = JUDGED) -> Series:
    """I(X;T) of one cell."""
    site = layer + ".linear" * (cell.bins == "in net input")
    until = math.inf if cell.long else SHORT
    words = f"of {layer}, 30 bins{', initial weights times 3' * cell.large},"
    return information(network_of(cell.activation, cell.large), site, words, until=until, options=BINS[cell.bins])


def effects(cells: Sequence[Cell]) -> dict[str, np.ndarray]:
    """For each factor that varies over ``cells``: the weights with which their scores sum to its effect."""
    levels = {name: np.array([float(level(cell)) for cell in cells]) for name, level in FACTORS.items()}
    varying = {name: column for name, column in levels.items() if np.ptp(column)}
    design = np.column_stack([np.ones(len(cells)), *varying.values()])
    return dict(zip(varying, np.linalg.pinv(design)[1:], strict=True))


def _sets() -> dict[str, list[int]]:
    """Cells over which effects are taken, by name: all of them, and those with the same bins after all of training."""
    after = {bins: [k for k, cell in enumerate(CELLS) if cell.bins == bins and cell.long] for bins in BINS}
    return {"all cells": list(range(len(CELLS))), **{f"{bins}, all epochs": of for bins, of in after.items()}}


def derived_rows(rows: Rows) -> Rows:
    """The score of every cell, and the effect of every factor over several sets of cells.

    Effects are the coefficients of a linear model without interactions, fitted by least squares to the scores.
    Nothing where a cell is missing, as in a run that is not finished.
    """
    builder = RowsBuilder(next(iter(rows.unique("run")), ""))
    for layer in LAYERS:
        found = [series_of(cell, layer).of(rows) for cell in CELLS]
        if not all(len(series) for series in found):
            continue
        curves = [series.curves()[2] for series in found]
        complete = np.all([np.isfinite(each).all(1) for each in curves], axis=0)
        if not complete.any():
            continue
        curves = [each[complete] for each in curves]
        score = f"drop of I(X;T) of {layer} after the peak of its mean curve, corrected for choosing the peak"
        effect = f"least-squares effect on the scores of {layer}"
        for cell, each in zip(CELLS, curves, strict=True):
            place = _place(
                cell.activation, list(ACTIVATIONS).index(cell.activation), cell.bins, _condition(cell, layer)
            )
            builder.add(place, score_estimate(compression(each), _SCORE, score))
        for words, chosen in _sets().items():
            for name, weights in effects([CELLS[k] for k in chosen]).items():
                found_effect = compression(*(curves[k] for k in chosen), weights=weights)
                place = _place(name, list(FACTORS).index(name), words, layer)
                builder.add(place, score_estimate(found_effect, _EFFECT, effect))
    return builder.rows()


def _condition(cell: Cell, layer: str) -> str:
    """The levels of a cell beside its activation and bins, in words."""
    weights = "weights times 3" if cell.large else "weights as published"
    return f"{layer}, {weights}, {'all epochs' if cell.long else f'the first {SHORT} epochs'}"


def _place(site: str, place: int, words: str, split: str) -> Place:
    """A row of the network "factorial", whose sites are activations or factors."""
    return Place(
        network="factorial",
        step=0,
        site=site,
        site_index=place,
        variable="input",
        estimator=SCORE,
        split=split,
        options=options_text({"cells": words}),
        axis="none",
    )
