"""What a peer is: a frozen set of options around a call into somebody else's package."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib import metadata
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True)
class Peer:
    """Base of every peer. A new one is one file in this folder holding one frozen dataclass derived from this.

    Facts, literals in the class body:

    package: what must be importable; distribution: its name where it is installed from. Both empty for a peer that
        needs nothing more than infoscope does.
    second: what y may be, ``"labels"``, ``"real"`` or both. columns: the most columns x or y may have, None for any.
    """

    package: ClassVar[str] = ""
    distribution: ClassVar[str] = ""
    second: ClassVar[tuple[str, ...]] = ("real",)
    columns: ClassVar[int | None] = None

    def mutual_information(self, x: np.ndarray, y: np.ndarray) -> float:
        """I(X;Y) in nats between the rows of ``x [n, d]`` and ``y``: labels ``[n]`` or rows ``[n, e]``."""
        raise NotImplementedError


def absent(facts: dict[str, Any]) -> str:
    """Why the peer with these facts cannot run here, or nothing when it can."""
    package = facts.get("package", "")
    if package and importlib.util.find_spec(package) is None:
        return f"{facts['distribution']} is not installed: pip install {facts['distribution']}"
    return ""


def version(facts: dict[str, Any]) -> str:
    """The version of the peer's package, or nothing where it has none of its own."""
    return metadata.version(facts["distribution"]) if facts.get("distribution") else ""
