"""Optional packages, imported when something asks for them; what keeps one from being imported, in one sentence."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from infoscope.core.errors import MissingPackageError


@contextmanager
def unnoticed() -> Generator[None]:
    """What other packages do in here warns nobody, and torch's random numbers go on as if it had not been."""
    import torch

    state = torch.get_rng_state()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_rng_state(state)


def optional(name: str, need: str) -> Any:
    """The module called ``name``, which ``need`` cannot do without.

    Raises
    ------
    MissingPackageError: it is not installed, or cannot be imported: a torchvision that does not match torch keeps
        transformers, peft and lightning from it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what others deprecate while they are imported
            return importlib.import_module(name)
    except ModuleNotFoundError as reason:
        if reason.name != name.partition(".")[0]:
            raise MissingPackageError(_broken(name, need, reason)) from reason
        raise MissingPackageError(f"{need} needs {name}, which is not installed: pip install {name}") from reason
    except Exception as reason:  # whatever another package does while it is imported
        raise MissingPackageError(_broken(name, need, reason)) from reason


def _broken(name: str, need: str, reason: Exception) -> str:
    said = next(iter(str(reason).splitlines()), "") or type(reason).__name__
    if "torchvision" in str(reason):
        return (
            f"{need} needs {name}, which cannot be imported since the installed torchvision does not match torch "
            f"({said}): install the one that belongs to your torch, or pip uninstall torchvision"
        )
    return f"{need} needs {name}, which cannot be imported ({said}): repair its installation"
