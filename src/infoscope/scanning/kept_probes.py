"""Fitted probes on disk: safetensors with scaling, classes and where they are from; and those of a run's layers."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, cast

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError, RunFolderError, unknown_name
from infoscope.core.folder import PROBES, RunFolder
from infoscope.core.rows import last_hidden_site
from infoscope.core.version import VERSION
from infoscope.measure.questions.fitting import fit_probe
from infoscope.measure.usable.fitted import FittedProbe
from infoscope.record import files
from infoscope.record.variables import MISSING

KEY = "infoscope.probe"
FORMAT = 1
ADVICE = "save the probe again, or fit it anew"
WANTED = ("largest", "mean", "scale", "weight0", "bias0", "prior", "calibration")


def save_probe(probe: FittedProbe, path: str | Path) -> Path:
    """Write ``probe`` as safetensors, atomically, with a hash of itself; returns where.

    Raises
    ------
    InputError: no fitted probe. RunFolderError: the disk is full, or the operating system refuses.
    """
    import torch

    if not isinstance(cast(object, probe), FittedProbe):
        raise InputError(f"a {type(probe).__name__} arrived, wanted what infoscope.fit_probe or Run.probe returns")
    path = check.path(path, "path")
    content = {"format": FORMAT, "classes": probe.classes.tolist(), "columns": probe.columns, "about": {**probe.about}}
    tensors = {name: torch.as_tensor(np.ascontiguousarray(value)) for name, value in probe.tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    files.save(tensors, path, {KEY: json.dumps(content, sort_keys=True)})
    return path


def load_probe(path: str | Path) -> FittedProbe:
    """The probe that :func:`save_probe` wrote to ``path``; nothing in it is run.

    Raises
    ------
    RunFolderError: the file is missing, damaged, of a newer infoscope, or holds no probe.
    """
    path = check.path(path, "path")
    tensors, metadata = files.load(path, ADVICE, hashed=True)
    try:
        content = json.loads(metadata[KEY])
        written, classes, columns = int(content["format"]), np.array(content["classes"]), int(content["columns"])
        about = dict(content["about"])
    except (KeyError, TypeError, ValueError) as reason:
        raise RunFolderError(
            f"{path} holds no probe of infoscope ({reason}): pass one that save_probe wrote"
        ) from reason
    if written > FORMAT:
        raise RunFolderError(
            f"{path} was written by a newer infoscope (format {written}, this one reads up to {FORMAT}): upgrade with "
            "`pip install -U infoscope`"
        )
    if missing := [name for name in WANTED if name not in tensors]:
        raise RunFolderError(f"{path} holds no probe of infoscope: it lacks {', '.join(missing)}")
    return FittedProbe(classes, columns, about, {name: tensor.numpy() for name, tensor in tensors.items()})


def of_run(
    folder: RunFolder,
    replay: Any,
    network: str,
    variable: str,
    place: str = "",
    step: int | None = None,
    member: int = 0,
    probe: str = "linear",
    seed: int = 0,
    **options: Any,
) -> FittedProbe:
    """The probe of ``variable`` at one place and step of a run, which is also kept in its folder ``probes``.

    Raises
    ------
    UnknownNameError: no such variable, place or probe. InputError: a step that was not recorded, no such member, rows
        that have no such label, or unusable options.
    """
    if variable not in replay.variables:
        raise unknown_name(f"variable of {network}", variable, replay.variables)
    place, *others = replay.named([place or last_hidden_site(list(replay.sites))])
    if others:
        raise InputError(f"{len(others) + 1} places arrived ({place}, {', '.join(others)}), wanted one of them")
    there, steps = replay.rows(place), replay.trajectory.steps
    if variable not in there.labels:
        raise InputError(f"the rows of {place!r} have no {variable!r}: name a place whose rows it is about")
    step = steps[-1] if step is None else check.count(step, "step", 0)
    if step not in steps:
        raise InputError(f"step {step} of {network} was not recorded, wanted one of {', '.join(map(str, steps))}")
    member = check.count(member, "member", 0)
    if member >= len(replay.seeds):
        raise InputError(f"member is {member}, and {network} has {len(replay.seeds)}, numbered from 0")
    kept = np.flatnonzero(there.labels[variable] != MISSING)
    labels = there.labels[variable][kept]
    groups = there.together.at(kept).names(len(np.unique(labels)))
    states = replay.representations(step, [place])[place][member][kept]
    found = fit_probe(states, labels, probe, groups=groups, seed=seed, **options)
    origin = {
        "run": folder.id, "network": network, "member": member, "variable": variable, "place": place, "step": step,
        "split": replay.split, "infoscope": VERSION,
    }  # fmt: skip
    found = dataclasses.replace(found, about={**found.about, **origin})
    name = "-".join(str(part) for part in (network, place, variable, found.about["probe"], step, member))
    save_probe(
        found,
        folder.path / PROBES / f"{''.join(c if c.isalnum() or c in '-_.@,()=' else '_' for c in name)}.safetensors",
    )
    return found
