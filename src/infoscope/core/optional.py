"""Packages that a feature needs and an installation may lack, imported when they are used."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from infoscope.core.errors import MissingPackageError

#: What is compiled against one torch, and breaks the import of what stands on both where it is of another.
COMPILED = ("torchvision", "torchaudio")


def imported(module: str, wanted_by: str, extra: str = "models") -> Any:
    """``module``, of an optional package, for ``wanted_by``. extra: of infoscope, which installs it.

    Raises
    ------
    MissingPackageError: it is not installed, or cannot be imported; where a torchvision or torchaudio of another torch
        is why, that is said.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except Exception as reason:
        if isinstance(reason, ModuleNotFoundError) and reason.name == package:
            raise MissingPackageError(f"{wanted_by} needs {package}: pip install 'infoscope[{extra}]'") from reason
        said = [str(each) for each in _chain(reason)]
        culprit = next((name for name in COMPILED if any(name in each for each in said)), None)
        why = (said[-1].strip().splitlines() or [type(reason).__name__])[0]
        advice = (
            f"upgrade {package}, or ask its own `python -c 'import {module}'` what it lacks"
            if culprit is None
            else f"install the {culprit} of the same release as torch, or `pip uninstall {culprit}`"
        )
        raise MissingPackageError(
            f"{wanted_by} needs {package}, which is installed and cannot be imported ({why}): {advice}"
        ) from reason


def _chain(reason: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised for, outermost first."""
    while reason is not None:
        yield reason
        reason = reason.__cause__ or reason.__context__
