"""The evaluation set of a watched run, stored once, so that a measure can be taken again from the snapshots alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from infoscope.core.errors import RunFolderError
from infoscope.record import files
from infoscope.record.inputs import Inputs

FILE = "evaluation.safetensors"


def save(folder: Path, inputs: Inputs, variables: Mapping[str, np.ndarray]) -> None:
    """Write inputs and class labels into the run folder, atomically."""
    labels = {f"variables.{name}": torch.from_numpy(np.ascontiguousarray(values)) for name, values in variables.items()}
    files.save({**inputs.tensors(), **labels}, folder / FILE, {})


def load(folder: str | Path) -> tuple[Any, dict[str, np.ndarray]]:
    """``(inputs, variables)`` of a watched run, on the CPU: inputs as :func:`infoscope.record.sites.representations`
    takes them (a tensor, a tuple or a dict), variables as class labels ``[n]`` by name, numbered from 0.

    Raises
    ------
    RunFolderError: the folder holds no evaluation set, or a damaged one.
    """
    path = Path(folder) / FILE
    if not path.exists():
        raise RunFolderError(f"{folder} holds no {FILE}, so it is not the folder of a watched run")
    tensors, _ = files.load(path)
    parts: dict[str, dict[str, Any]] = {"inputs.args.": {}, "inputs.kwargs.": {}, "variables.": {}}
    for name, tensor in tensors.items():
        part = next(prefix for prefix in parts if name.startswith(prefix))
        parts[part][name.removeprefix(part)] = tensor
    args, kwargs, labels = parts.values()
    ordered = tuple(args[str(i)] for i in range(len(args)))
    inputs = kwargs or (ordered[0] if len(ordered) == 1 else ordered)
    return inputs, {name: tensor.numpy() for name, tensor in labels.items()}


def digest(inputs: Inputs, variables: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over names, shapes, dtypes and values: equal for the same evaluation set."""
    found = hashlib.sha256()
    for name, tensor in inputs.tensors().items():
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        found.update(tensor.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    for name, values in sorted(variables.items()):
        found.update(f"{name} {values.shape}".encode() + values.tobytes())
    return found.hexdigest()
