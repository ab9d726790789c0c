"""What a watch checks before the loop starts: strict here, so that it can be tolerant inside the loop."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError, RunFolderError
from infoscope.core.folder import RunFolder
from infoscope.core.measurement import Measurement
from infoscope.core.rows import options_text
from infoscope.record.schedule import per_decade


def same_run(path: Path, wanted: dict[str, Any], resume: bool) -> RunFolder:
    """The run at ``path``, when it is to be gone on with and its manifest agrees with ``wanted``.

    Raises
    ------
    RunFolderError: it is not to be gone on with, or it is a run of something else.
    """
    if not resume:
        raise RunFolderError(f"{path} already holds a run: pass resume=True to go on with it, or another folder")
    folder = RunFolder.open(path)
    there = folder.manifest()
    other = [name for name, value in wanted.items() if there.get(name) != value]
    if other:
        raise RunFolderError(
            f"{path} holds a run with other {', '.join(other)}, so it cannot be gone on with: "
            "attach with the same model, inputs, variables and measures, or pass another folder"
        )
    return folder


def labels(variables: Any, n: int) -> dict[str, np.ndarray]:
    if not isinstance(variables, Mapping):
        raise InputError(f"variables is a {type(variables).__name__}, wanted labels by name: pass {{'label': labels}}")
    if "input" in variables:
        raise InputError("a variable is named 'input', which is the name of the input itself: give it another name")
    return {str(name): _labels(values, n, f"variables[{name!r}]") for name, values in variables.items()}


def _labels(values: Any, n: int, name: str) -> np.ndarray:
    shape = tuple(getattr(values, "shape", ()))
    if len(shape) == 2 and shape[0] == n and shape[1] > 1:
        raise InputError(
            f"{name} has shape {shape}, wanted one label for each of the {n} samples, since a watch reads one row a "
            "sample: pass each column as a variable of its own; tokens are read from the snapshots afterwards, with "
            "infoscope.record.sites.representations and infoscope.usable_information(..., groups=)"
        )
    return check.labels(values, n, name)


def measurements(measurements: Sequence[Measurement], snapshots: bool) -> list[Measurement]:
    found = list(measurements)
    for measurement in found:
        if not callable(getattr(measurement, "measure", None)):
            raise InputError(
                f"{measurement!r} is no measurement, wanted objects with id, options and measure(t, variables)"
            )
    if len({(m.id, options_text(m.options)) for m in found}) < len(found):
        raise InputError("two measurements have the same estimator and options: name each once")
    if not found and not snapshots:
        raise InputError("there is nothing to record: pass measurements, or snapshots=True")
    return found


def schedule(schedule: Any) -> Container[int]:
    if schedule is None:
        return frozenset(per_decade())
    if isinstance(schedule, str) or not hasattr(schedule, "__contains__"):
        raise InputError(
            f"schedule is {schedule!r}, wanted a container of steps: a tuple, a set, a range or every(100)"
        )
    return frozenset(schedule) if isinstance(schedule, (tuple, list)) else schedule
