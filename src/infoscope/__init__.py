"""An oscilloscope for the information inside neural networks.

Everything public is a name of this module and is imported when first used, so ``import infoscope`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infoscope.core.estimate import Estimate as Estimate
    from infoscope.core.estimate import Plane as Plane
    from infoscope.core.estimate import Status as Status
    from infoscope.core.rows import Rows as Rows
    from infoscope.data import task as task
    from infoscope.measure.quantities import entropy as entropy
    from infoscope.measure.quantities import mutual_information as mutual_information
    from infoscope.measure.quantities import plane as plane
    from infoscope.runs import Run as Run
    from infoscope.runs import load as load
    from infoscope.runs import watch as watch

_PUBLIC = {
    "Estimate": "infoscope.core.estimate",
    "Plane": "infoscope.core.estimate",
    "Rows": "infoscope.core.rows",
    "Run": "infoscope.runs",
    "Status": "infoscope.core.estimate",
    "entropy": "infoscope.measure.quantities",
    "load": "infoscope.runs",
    "mutual_information": "infoscope.measure.quantities",
    "plane": "infoscope.measure.quantities",
    "task": "infoscope.data",
    "watch": "infoscope.runs",
}
__all__ = [
    "Estimate",
    "Plane",
    "Rows",
    "Run",
    "Status",
    "entropy",
    "load",
    "mutual_information",
    "plane",
    "task",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("infoscope")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'infoscope' has no attribute {name!r}; it has: {', '.join(__all__)}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
