"""Watching a training that somebody else's trainer runs: the face of ``record/adapters``."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from infoscope import watching
from infoscope.core import check, registry
from infoscope.core.errors import unknown_name


def callback(
    trainer: str, inputs: Any, variables: Mapping[str, Any], *, out: str | Path | None = None, **options: Any
) -> Any:
    """A callback that watches what a trainer trains: ``Trainer(…, callbacks=[callback("transformers", inputs, …)])``.

    Arguments
    ---------
    trainer: whose, ``"transformers"`` (Hugging Face) or ``"lightning"``.
    inputs, variables, out: as of :func:`watch`, and so are the options: ``measures``, ``places``, ``groups``,
        ``schedule`` and the others. Steps are the trainer's ``global_step``, epochs are its own.
    resume: go on with the run that ``out`` holds. By default where the training itself goes on from a checkpoint (then
        also with ``overwrite``, which replaces the run of a training that begins anew).

    The network is attached when the training begins, and step 0 is recorded before the first update. Losses and weights
    are those of a training without the callback, to the bit. Of several processes the first records. ``callback.scope``
    is the watch, ``callback.scope.run`` the run. A training that breaks off leaves the run ``interrupted`` with all its
    rows: at once within ``with callback:``, and where the trainer tells of it as Lightning's does; else when the
    process or the callback is at its end.

    Raises
    ------
    UnknownNameError: no such trainer, measure or argument. InputError: as of :func:`watch`, for what shows without the
        network; the rest when the training begins. MissingPackageError: the trainer's package is not installed, or
        cannot be imported.
    """
    known = [name for name in inspect.signature(watching.watch).parameters if name != "model"]
    for name in options:
        if name not in known:
            raise unknown_name("argument of callback", name, known)
    if options.get("measures") is not None:
        options["measures"] = watching.measurements(options["measures"])
    folder = None if out is None else check.path(out, "out")
    return registry.load("adapters", trainer)(partial(_attach, inputs, variables, folder, options))


def _attach(
    inputs: Any, variables: Mapping[str, Any], out: Path | None, options: Mapping[str, Any], model: Any, goes_on: bool
) -> watching.Watched:
    """The watch of a training that begins; a training that goes on goes on with its run."""
    resume = options.get("resume")
    if resume is None:
        options = {**options, "resume": goes_on and out is not None}
        if options["resume"]:
            options["overwrite"] = False
    return watching.watch(model, inputs, variables, out=out, **options)
