"""The data of a perturbed beginning of training (:class:`infoscope.train.recipe.Beginning`), from a task's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from infoscope.core.errors import InputError, unknown_name
from infoscope.train.recipe import Beginning, Disturbance

SHRINK = 4  # a blur's: 32 pixels become 8 and 32 again (Achille et al. 2019, section 2)
ROWS = 4096  # disturbed at a time
_LABELS, _GROUPS, _INPUTS = 1, 2, 3  # seeds of what is drawn: once, the same for every member


def first_inputs(kind: Disturbance, x: np.ndarray, shape: Sequence[int]) -> np.ndarray | None:
    """The inputs ``[n, d]`` float32 that stand in place of ``x`` during the beginning; None where they are the same.

    shape: (channels, height, width) of the images that the rows of ``x`` are; empty for others.

    Raises
    ------
    InputError: a blur or a flip of what is no image.
    """
    if not kind:
        return None
    if kind == "noise":
        draws = np.random.default_rng(_INPUTS).standard_normal(x.shape, np.float32)
        draws *= x.std(axis=0)
        draws += x.mean(axis=0)
        return draws
    if len(shape) != 3:
        raise InputError(
            f"the beginning asks for a {kind} and the inputs are rows of {x.shape[1]} numbers, wanted images: "
            "take a task of images, or inputs 'noise'"
        )
    return np.concatenate([_images(kind, x[start : start + ROWS], shape) for start in range(0, len(x), ROWS)])


def _images(kind: Disturbance, rows: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    images = torch.from_numpy(np.array(rows, np.float32)).reshape(-1, *shape)
    return (_blurred(images) if kind == "blur" else images.flip(-2)).flatten(1).numpy()


def _blurred(images: Tensor) -> Tensor:
    sides = images.shape[-2:]
    small = [max(1, round(side / SHRINK)) for side in sides]
    # antialias: each small pixel is an average of all it stands for, as image libraries resize; without it, a sample
    shrunk = functional.interpolate(images, small, mode="bilinear", align_corners=False, antialias=True)
    return functional.interpolate(shrunk, sides, mode="bilinear", align_corners=False)


def first_labels(labels: str, variables: Mapping[str, np.ndarray], trained_on: str) -> np.ndarray | None:
    """The labels ``[n]`` int32 during the beginning; None where they are those of ``trained_on``.

    ``"random"``: drawn once for each row, uniform over the classes of ``trained_on``. ``"regrouped"``: the values of
    the variable with the most values, dealt at random to as many groups as ``trained_on`` has, whose numbers of values
    differ by at most one. Else a variable's name.

    Raises
    ------
    InputError: nothing finer than ``trained_on`` to regroup. UnknownNameError: no such variable.
    """
    if not labels:
        return None
    if labels not in ("random", "regrouped"):
        if labels not in variables:
            raise unknown_name("variable", labels, [*variables, "random", "regrouped"])
        return variables[labels].astype(np.int32)
    classes = int(variables[trained_on].max()) + 1
    # raw words, because NumPy keeps these the same over its versions
    if labels == "random":
        words = np.random.PCG64(_LABELS).random_raw(len(variables[trained_on]))
        return (words % np.uint64(classes)).astype(np.int32)
    finest = max(variables, key=lambda name: len(np.unique(variables[name])))
    values, at = np.unique(variables[finest], return_inverse=True)
    if len(values) <= classes:
        raise InputError(
            f"the beginning regroups {finest!r}, which has {len(values)} values for the {classes} groups of "
            f"{trained_on!r}, wanted a finer variable: take labels 'random' or a variable's name"
        )
    group = np.empty(len(values), np.int32)
    group[np.argsort(np.random.PCG64(_GROUPS).random_raw(len(values)))] = np.arange(len(values)) % classes
    return group[at]


def first_data(
    beginning: Beginning | None,
    x: np.ndarray,
    shape: Sequence[int],
    variables: Mapping[str, np.ndarray],
    trained_on: str,
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """``Ensemble.first_x`` and ``Ensemble.first_y`` of a recipe's beginning."""
    if beginning is None:
        return None, None
    return first_inputs(beginning.inputs, x, shape), first_labels(beginning.labels, variables, trained_on)
