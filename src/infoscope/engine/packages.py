"""Packages that engines stand on, imported when one is opened."""

from __future__ import annotations

import importlib
from typing import Any

from infoscope.core.errors import MissingPackageError


def package(name: str, need: str, extra: str) -> Any:
    """The module called ``name``, which ``need`` cannot do without.

    Raises
    ------
    MissingPackageError: it is not installed, or cannot be imported.
    """
    try:
        return importlib.import_module(name)
    except ImportError as reason:
        said = "is not installed" if isinstance(reason, ModuleNotFoundError) else f"cannot be imported ({reason})"
        raise MissingPackageError(f"{need} needs {name}, which {said}: pip install 'infoscope[{extra}]'") from reason
