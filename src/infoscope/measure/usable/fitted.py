"""A probe that was fitted, kept to be applied to states that were not there when it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any

import numpy as np
from scipy.special import logsumexp

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.shapes import ArrayLike
from infoscope.measure.usable.log_softmax import log_softmax
from infoscope.measure.usable.standardiser import FARTHEST, Standardiser
from infoscope.measure.usable.temperature import Tempered

BLOCK = 1 << 22  # numbers held at once


@dataclass(frozen=True, eq=False)
class FittedProbe:
    """Layers on standardised columns, and how sure their word is.

    Attributes
    ----------
    classes: the labels ``[k]`` in the order of the columns of what it says. columns: how many a row of states has.
    about: where it is from and how it was fitted, plain values: ``probe`` with its options, ``n`` rows, what was
        ``chosen``; of a run also run, network, member, variable, place and step.
    tensors: ``largest``, ``mean`` and ``scale`` of each column; ``weight0`` ``[networks, in, out]``, ``bias0``
        ``[networks, out]`` and so on, ReLU between; ``prior [k]`` and ``calibration`` (sharpness, ignorance);
        ``read``: which columns, of one that reads a few.
    """

    classes: np.ndarray
    columns: int
    about: Mapping[str, Any]
    tensors: Mapping[str, np.ndarray]

    def __repr__(self) -> str:
        where = [f"{name} {self.about[name]}" for name in ("variable", "place", "step") if name in self.about]
        said = [str(self.about["probe"]), *where, f"{len(self.classes)} classes, {self.columns} columns"]
        return f"FittedProbe({', '.join(said)})"

    def predict_log_proba(self, states: ArrayLike) -> np.ndarray:
        """ln of the probability of each class, float64 ``[n, k]``, for ``states [n, d]``.

        Raises
        ------
        InputError: no finite rows, or others than as many columns as it was fitted to.
        """
        array = check.array(states, "states")
        if array.ndim != 2 or array.shape[1] != self.columns:
            raise InputError(
                f"states has shape {tuple(array.shape)}, wanted rows [n, {self.columns}] of the place that the probe "
                "was fitted to"
            )
        rows = check.on_cpu(array.detach() if check.is_tensor(array) else array)
        if len(rows) == 0 or rows.dtype.kind not in "fiub" or not np.isfinite(rows).all():
            raise InputError("states holds no rows, NaN, infinity or no numbers, wanted finite rows")
        step = max(1, BLOCK // self.columns)
        return np.concatenate([self._said(rows[at : at + step]) for at in range(0, len(rows), step)])

    def predict(self, states: ArrayLike) -> np.ndarray:
        """The likeliest label ``[n]`` of each row of ``states [n, d]``."""
        return self.classes[self.predict_log_proba(states).argmax(1)]

    def _said(self, rows: np.ndarray) -> np.ndarray:
        of = self.tensors
        x = rows[:, of["read"]] if "read" in of else rows
        x = (x.astype(np.float64) / of["largest"] - of["mean"]) * of["scale"]
        x = np.clip(np.nan_to_num(x, posinf=FARTHEST, neginf=-FARTHEST), -FARTHEST, FARTHEST)
        layers = list(takewhile(lambda layer: f"weight{layer}" in of, count()))
        hidden = np.broadcast_to(x, (len(of["weight0"]), *x.shape))
        for layer in layers:
            hidden = hidden @ of[f"weight{layer}"] + of[f"bias{layer}"][:, None]
            if layer != layers[-1]:
                hidden = np.maximum(hidden, 0)
        log_q = logsumexp(log_softmax(hidden, axis=-1), axis=0) - np.log(len(hidden))
        sharpness, ignorance = of["calibration"].tolist()
        return Tempered(sharpness, ignorance, of["prior"])(log_q)


def scaling(columns: Standardiser) -> dict[str, np.ndarray]:
    """What standardises states as it does."""
    fields = {"largest": columns.largest, "mean": columns.mean, "scale": columns.scale}
    return {name: np.asarray(field.cpu().numpy(), np.float64) for name, field in fields.items()}


def calibrated(by: Tempered) -> dict[str, np.ndarray]:
    """What makes its word as sure as ``by`` does."""
    return {"prior": np.asarray(by.prior, np.float64), "calibration": np.array([by.sharpness, by.ignorance])}
