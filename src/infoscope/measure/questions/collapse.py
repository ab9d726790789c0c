"""Neural collapse with the classifier's weights: all four of its properties."""

from __future__ import annotations

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import ArrayLike
from infoscope.kernels.scaling import stretches

DUALITY = Quantity("nc3_duality", "ratio", "Distance of the classifier from the class means (NC3)", "geometry")
DISAGREEMENT = Quantity("nc4_disagreement", "fraction", "Rows not decided for the nearest mean (NC4)", "geometry")


def neural_collapse(
    t: ArrayLike, y: ArrayLike, weights: ArrayLike, bias: ArrayLike | None = None
) -> dict[str, Estimate]:
    """NC1 to NC4 (Papyan, Han & Donoho 2020) of the last hidden layer ``t [n, d]`` and the classifier behind it.

    y: class labels ``[n]``; the class of label k is decided by row k of ``weights [classes, d]`` and ``bias``
        ``[classes]``, so labels are 0..classes-1 and every class has rows.

    Besides the quantities of ``infoscope.geometry(t, y, "neural_collapse")``: nc3_duality, the squared distance of
    W / |W| and M / |M| in the Frobenius norm (0: the classifier's rows are the centred class means, up to scale), and
    nc4_disagreement, the share of rows that the classifier gives to another class than that of the nearest mean.

    Raises
    ------
    InputError: weights of another shape than [classes, d], weights that are all 0, or a class without rows.
    """
    from infoscope.measure.bases.geometry import NOT_INFORMATION
    from infoscope.measure.geometry.neural_collapse import NeuralCollapse
    from infoscope.measure.moments.class_means import ClassMeans

    check.paired(t=t, y=y)
    t = check.on_cpu(check.representation(t, "t", place=True))
    w = np.asarray(check.on_cpu(check.representation(weights, "weights")), np.float64)
    found = NeuralCollapse().geometry(t, y)
    raw = check.on_cpu(check.array(y, "y")).reshape(-1)
    raw = raw.astype(np.int64) if raw.dtype.kind == "f" else raw  # whole numbers, or they were refused
    k = len(w)
    if w.shape[1] != t.shape[1]:
        raise InputError(f"weights are {w.shape} and t {t.shape}, wanted weights [classes, {t.shape[1]}]")
    if raw.dtype.kind not in "iub" or set(np.unique(raw).tolist()) != set(range(k)):
        raise InputError(f"y and {k} rows of weights arrived, wanted labels 0 to {k - 1}, each at least once")
    b = np.zeros(k) if bias is None else np.asarray(check.on_cpu(check.array(bias, "bias")), np.float64).reshape(-1)
    if len(b) != k:
        raise InputError(f"bias has {len(b)} entries for {k} rows of weights, wanted as many")
    if not np.abs(w).max() > 0:
        raise InputError("weights are all 0, wanted those of a trained classifier")
    means = ClassMeans.of(t, raw.astype(np.int64))
    parts = stretches(len(t), t.shape[1])
    decided = np.concatenate([(t[part].astype(np.float64) @ w.T + b).argmax(axis=1) for part in parts])
    doubts = means.doubts()
    duality = 0.0
    if means.apart:
        duality = float(np.square(w / np.linalg.norm(w) - means.means / np.linalg.norm(means.means)).sum())
    disagreement = float((decided != means.nearest()).mean())
    for quantity, value, doubt, words in (
        (DUALITY, duality, "duality", "|W / |W| - M / |M||² of the weights and the centred class means"),
        (
            DISAGREEMENT,
            disagreement,
            "nearest",
            "share of rows not decided for the nearest mean's class",
        ),
    ):
        estimand = f"{words}: {NOT_INFORMATION}"
        found[quantity] = Estimate(value, quantity, estimand, len(t)).doubted(*doubts[doubt])
    return found
