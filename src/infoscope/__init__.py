"""An oscilloscope for the information inside neural networks.

Everything public is a name of this module and is imported when first used, so ``import infoscope`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infoscope.benchmark.choosing import choose as choose
    from infoscope.core.estimate import Estimate as Estimate
    from infoscope.core.estimate import Plane as Plane
    from infoscope.core.estimate import Status as Status
    from infoscope.core.rows import Rows as Rows
    from infoscope.data import task as task
    from infoscope.measure.questions.collapse import neural_collapse as neural_collapse
    from infoscope.measure.questions.dependence import dependence as dependence
    from infoscope.measure.questions.geometry import geometry as geometry
    from infoscope.measure.questions.information import conditional_mutual_information as conditional_mutual_information
    from infoscope.measure.questions.information import entropy as entropy
    from infoscope.measure.questions.information import mutual_information as mutual_information
    from infoscope.measure.questions.information import plane as plane
    from infoscope.measure.questions.minimality import minimality as minimality
    from infoscope.measure.questions.noisy import layer_information as layer_information
    from infoscope.measure.questions.noisy import noisy_information as noisy_information
    from infoscope.measure.questions.noisy import noisy_layer as noisy_layer
    from infoscope.measure.questions.usable import conditional_usable_information as conditional_usable_information
    from infoscope.measure.questions.usable import description_length as description_length
    from infoscope.measure.questions.usable import usable_chain as usable_chain
    from infoscope.measure.questions.usable import usable_information as usable_information
    from infoscope.record.noise import noisy as noisy
    from infoscope.record.noise import replicas as replicas
    from infoscope.runs import Run as Run
    from infoscope.runs import load as load
    from infoscope.runs import watch as watch

_PUBLIC = {
    "Estimate": "infoscope.core.estimate",
    "Plane": "infoscope.core.estimate",
    "Rows": "infoscope.core.rows",
    "Run": "infoscope.runs",
    "Status": "infoscope.core.estimate",
    "choose": "infoscope.benchmark.choosing",
    "conditional_mutual_information": "infoscope.measure.questions.information",
    "conditional_usable_information": "infoscope.measure.questions.usable",
    "dependence": "infoscope.measure.questions.dependence",
    "description_length": "infoscope.measure.questions.usable",
    "entropy": "infoscope.measure.questions.information",
    "geometry": "infoscope.measure.questions.geometry",
    "layer_information": "infoscope.measure.questions.noisy",
    "load": "infoscope.runs",
    "minimality": "infoscope.measure.questions.minimality",
    "mutual_information": "infoscope.measure.questions.information",
    "neural_collapse": "infoscope.measure.questions.collapse",
    "noisy": "infoscope.record.noise",
    "noisy_information": "infoscope.measure.questions.noisy",
    "noisy_layer": "infoscope.measure.questions.noisy",
    "plane": "infoscope.measure.questions.information",
    "replicas": "infoscope.record.noise",
    "task": "infoscope.data",
    "usable_chain": "infoscope.measure.questions.usable",
    "usable_information": "infoscope.measure.questions.usable",
    "watch": "infoscope.runs",
}
__all__ = [
    "Estimate",
    "Plane",
    "Rows",
    "Run",
    "Status",
    "choose",
    "conditional_mutual_information",
    "conditional_usable_information",
    "dependence",
    "description_length",
    "entropy",
    "geometry",
    "layer_information",
    "load",
    "minimality",
    "mutual_information",
    "neural_collapse",
    "noisy",
    "noisy_information",
    "noisy_layer",
    "plane",
    "replicas",
    "task",
    "usable_chain",
    "usable_information",
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
