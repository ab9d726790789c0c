"""The evaluation set of a watched run, stored once, so that a measure can be taken again from the snapshots alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from infoscope.core import check, text
from infoscope.core.errors import InputError, RunFolderError
from infoscope.core.folder import EVALUATION
from infoscope.record import files
from infoscope.record.inputs import Inputs, is_mapping

RESTORE = "restore it from a copy, or watch the training again"
VARIABLES, GROUPS = "variables.", "groups"  # what stands in it beside the inputs


def save(folder: Path, inputs: Inputs, variables: Mapping[str, np.ndarray], groups: np.ndarray | None = None) -> None:
    """Write inputs, class labels and the groups of rows, if any were given, into the run folder, atomically."""
    files.save({**inputs.tensors(), **_named(variables, groups)}, folder / EVALUATION, {})


def _named(variables: Mapping[str, np.ndarray], groups: np.ndarray | None) -> dict[str, torch.Tensor]:
    arrays = {f"{VARIABLES}{name}": values for name, values in variables.items()}
    if groups is not None:
        arrays[GROUPS] = groups
    return {name: torch.as_tensor(np.ascontiguousarray(values)) for name, values in arrays.items()}


def labels(variables: Any, n: int) -> dict[str, np.ndarray]:
    """Class labels ``[n]`` by name, checked and numbered from 0.

    Raises
    ------
    InputError: no mapping, the name ``"input"`` or one that no figure can carry, or labels that cannot be used.
    """
    if not is_mapping(variables):
        raise InputError(f"variables is a {type(variables).__name__}, wanted labels by name: pass {{'label': labels}}")
    if "input" in variables:
        raise InputError("a variable is named 'input', which is the name of the input itself: give it another name")
    names = {name: text.checked(str(name), "the name of a variable") for name in variables}
    return {names[name]: _labels(values, n, f"variables[{name!r}]") for name, values in variables.items()}


def _labels(values: Any, n: int, name: str) -> np.ndarray:
    shape = tuple(getattr(values, "shape", ()))
    if len(shape) == 2 and shape[0] == n and shape[1] > 1:
        raise InputError(
            f"{name} has shape {shape}, wanted one label for each of the {n} samples, since a watch reads one row a "
            "sample: pass each column as a variable of its own; tokens are read from the snapshots afterwards, with "
            "infoscope.record.sites.representations and infoscope.usable_information(..., groups=)"
        )
    return check.labels(values, n, name)


def later(folder: str | Path, variables: Any) -> dict[str, np.ndarray]:
    """Those of ``variables`` that the stored set does not have yet, checked and numbered from 0.

    Raises
    ------
    InputError: labels that cannot be used, or an old name with other values.
    """
    tensors = _tensors(folder)
    found = labels(variables, next(len(t) for name, t in tensors.items() if name.startswith("inputs.")))
    for name, values in found.items():
        there = tensors.get(f"{VARIABLES}{name}")
        if there is not None and not np.array_equal(there.numpy(), values):
            raise InputError(
                f"{folder} has a variable {name!r} already, with other values: give the new one another name"
            )
    return {name: values for name, values in found.items() if f"{VARIABLES}{name}" not in tensors}


def add(folder: str | Path, variables: Mapping[str, np.ndarray]) -> None:
    """Store further variables, as :func:`later` returns them, with the set, atomically."""
    if variables:
        files.save({**_tensors(folder), **_named(variables, None)}, Path(folder) / EVALUATION, {})


def groups(folder: str | Path) -> np.ndarray | None:
    """The group of each row as it was given when the run was watched, ``[n]`` from 0 on; None where none were."""
    with files.readable(_path(folder), RESTORE) as file:
        return file.get_tensor(GROUPS).numpy() if GROUPS in set(file.keys()) else None


def load(folder: str | Path) -> tuple[Any, dict[str, np.ndarray]]:
    """``(inputs, variables)`` of a watched run, on the CPU: inputs as :func:`infoscope.record.sites.representations`
    takes them (a tensor, a tuple or a dict), variables as class labels ``[n]`` by name, numbered from 0.

    Raises
    ------
    RunFolderError: the folder holds no evaluation set, or a damaged one.
    """
    parts: dict[str, dict[str, Any]] = {"inputs.args.": {}, "inputs.kwargs.": {}, VARIABLES: {}, GROUPS: {}}
    for name, tensor in _tensors(folder).items():
        part = next(prefix for prefix in parts if name.startswith(prefix))
        parts[part][name.removeprefix(part)] = tensor
    args, kwargs, known, _ = parts.values()
    ordered = tuple(args[str(i)] for i in range(len(args)))
    inputs = kwargs or (ordered[0] if len(ordered) == 1 else ordered)
    return inputs, {name: tensor.numpy() for name, tensor in known.items()}


def _tensors(folder: str | Path) -> dict[str, torch.Tensor]:
    return files.load(_path(folder), RESTORE)[0]


def _path(folder: str | Path) -> Path:
    path = Path(folder) / EVALUATION
    if not path.exists():
        raise RunFolderError(f"{folder} holds no {EVALUATION}, so it is not the folder of a watched run")
    return path


def digest(inputs: Inputs, variables: Mapping[str, np.ndarray], groups: np.ndarray | None = None) -> str:
    """SHA-256 over names, shapes, dtypes and values: equal for the same evaluation set."""
    found = hashlib.sha256()
    for name, tensor in inputs.tensors().items():
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        found.update(tensor.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    for name, values in sorted(variables.items()):
        found.update(f"{name} {values.shape}".encode() + values.tobytes())
    if groups is not None:
        found.update(f"{GROUPS} {groups.shape}".encode() + groups.tobytes())
    return found.hexdigest()
