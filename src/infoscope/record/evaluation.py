"""The evaluation set of a watched run, stored once, so that a measure can be taken again from the snapshots alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from infoscope.core.errors import InputError, RunFolderError
from infoscope.core.folder import EVALUATION
from infoscope.record import files, variables
from infoscope.record.evaluated import Evaluated
from infoscope.record.inputs import Inputs
from infoscope.record.variables import Per, Variable

RESTORE = "restore it from a copy, or watch the training again"
#: What stands in it beside the inputs. Labels one a position or one a word have a prefix of their own.
VARIABLES, GROUPS, ASIDE = "variables.", "groups", "inputs.aside."
PER: Mapping[Per, str] = {"sample": VARIABLES, "position": "variables_per_position.", "word": "variables_per_word."}


def save(folder: Path, evaluated: Evaluated) -> None:
    """Write inputs, class labels and the groups of rows, if any were given, into the run folder, atomically."""
    inputs = evaluated.inputs
    about = {"time_first": inputs.time_first, "flags": inputs.flags}
    said = {} if about == {"time_first": False, "flags": {}} else {"inputs": json.dumps(about)}
    aside = {f"{ASIDE}{name}": tensor for name, tensor in inputs.aside.items()}
    tensors = {**inputs.tensors(), **aside, **_named(evaluated.variables, evaluated.groups)}
    files.save(tensors, folder / EVALUATION, said)


def _named(known: Mapping[str, Variable], groups: np.ndarray | None) -> dict[str, torch.Tensor]:
    arrays = {f"{PER[variable.per]}{name}": variable.values for name, variable in known.items()}
    if groups is not None:
        arrays[GROUPS] = groups
    return {name: torch.as_tensor(np.ascontiguousarray(values)) for name, values in arrays.items()}


def later(evaluated: Evaluated, more: Any) -> dict[str, Variable]:
    """Those variables of ``more`` that the stored set does not have yet, checked and numbered from 0.

    Raises
    ------
    InputError: labels that cannot be used, or an old name with other values.
    """
    found = variables.checked(more, len(evaluated), evaluated.inputs)
    for name, variable in found.items():
        there = evaluated.variables.get(name)
        real = variable.values.dtype.kind == "f"
        if there is not None and not np.array_equal(there.values, variable.values, equal_nan=real):
            raise InputError(
                f"the run has a variable {name!r} already, with other values: give the new one another name"
            )
    return {name: variable for name, variable in found.items() if name not in evaluated.variables}


def add(folder: str | Path, more: Mapping[str, Variable]) -> None:
    """Store further variables, as :func:`later` returns them, with the set, atomically."""
    if more:
        tensors, about = files.load(_path(folder), RESTORE)
        said = {name: text for name, text in about.items() if name == "inputs"}
        files.save({**tensors, **_named(more, None)}, Path(folder) / EVALUATION, said)


def load(folder: str | Path) -> Evaluated:
    """The evaluation set of a watched run, on the CPU.

    Raises
    ------
    RunFolderError: the folder holds no evaluation set, or a damaged one.
    """
    tensors, metadata = files.load(_path(folder), RESTORE)
    about = cast(dict[str, Any], json.loads(metadata.get("inputs", "{}")))
    args, kwargs, aside = (_under(tensors, prefix) for prefix in ("inputs.args.", "inputs.kwargs.", ASIDE))
    ordered = tuple(args[str(i)] for i in range(len(args)))
    inputs = Inputs(ordered, kwargs, about.get("flags", {}), aside, about.get("time_first", False))
    known = {
        name: Variable(tensor.numpy(), per)
        for per, prefix in PER.items()
        for name, tensor in _under(tensors, prefix).items()
    }
    groups = tensors.get(GROUPS)
    return Evaluated(inputs, known, None if groups is None else groups.numpy())


def _under(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _path(folder: str | Path) -> Path:
    path = Path(folder) / EVALUATION
    if not path.exists():
        raise RunFolderError(f"{folder} holds no {EVALUATION}, so it is not the folder of a watched run")
    return path


def digest(evaluated: Evaluated) -> str:
    """SHA-256 over names, shapes, dtypes and values: equal for the same evaluation set."""
    found, inputs = hashlib.sha256(), evaluated.inputs
    for name, tensor in {**inputs.tensors(), **{f"{ASIDE}{n}": t for n, t in inputs.aside.items()}}.items():
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        found.update(tensor.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    if inputs.flags or inputs.time_first:
        found.update(json.dumps([inputs.flags, inputs.time_first], sort_keys=True).encode())
    for name, variable in sorted(evaluated.variables.items()):
        found.update(f"{name} {variable.values.shape}".encode() + variable.values.tobytes())
    if evaluated.groups is not None:
        found.update(f"{GROUPS} {evaluated.groups.shape}".encode() + evaluated.groups.tobytes())
    return found.hexdigest()
