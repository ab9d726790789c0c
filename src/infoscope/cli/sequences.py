"""Inputs and labels of sequences in files, for the command line: lists of unlike lengths are padded on the right."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from infoscope.cli.columns import array_names, column_names, read
from infoscope.core.errors import InputError

UNLABELLED = -100  # stands for no label


def inputs_of(name: str) -> Any:
    """What ``name`` names as a network takes it: one array for ``model(x)``, several by name for ``model(**arrays)``.

    ``a.npy``, ``a.npz:x``, ``t.csv:a,b`` and a column of lists of one length are one array. ``a.npz`` is all of its
    arrays by name, ``t.parquet:input_ids,attention_mask`` these columns of lists. Lists of whole numbers of unlike
    lengths get an ``attention_mask``.

    Raises
    ------
    InputError, UnknownNameError: as of :func:`infoscope.cli.columns.read`.
    """
    if re.fullmatch(r".*\.npz", name, re.IGNORECASE | re.DOTALL):
        names = array_names(name)
        return {each: read(f"{name}:{each}") for each in names}
    path, colon, _ = name.rpartition(":")
    if not (colon and path.lower().endswith(".parquet")):
        return read(name)
    wanted = column_names(name)
    arrays = {each: read(f"{path}:{each}", fill=-1) for each in wanted}
    if len(wanted) > 1 and all(array.ndim == 1 for array in arrays.values()):
        return read(name)  # columns of numbers stand side by side
    found: dict[str, Any] = {}
    for each, array in arrays.items():
        padded = array < 0 if array.ndim == 2 and array.dtype.kind == "i" else np.zeros(0, bool)
        if padded.any() and each != "labels":
            if not padded[:, -1].any() or (np.diff(padded.astype(int), axis=1) < 0).any():
                raise InputError(f"column {each!r} of {path} holds numbers below 0, wanted ids of tokens: from 0 on")
            found.setdefault("attention_mask", (~padded).astype(np.int64))
        found[each] = np.where(padded, UNLABELLED if each == "labels" else 0, array) if padded.any() else array
    return found if len(found) > 1 else found[wanted[0]]


def variable_of(name: str) -> np.ndarray:
    """Labels as :func:`infoscope.watch` takes them: ``[n]``, or ``[n, positions]`` of a column of lists, whose ends are
    labelled -100."""
    return read(name, fill=UNLABELLED)
