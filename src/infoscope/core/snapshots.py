"""What a snapshot says of itself and a run says of its snapshots: hashes by which a changed weight is seen.

A snapshot is a safetensors file, whose bytes differ between equal runs; so its weights are hashed: names, types, shapes
and values. The hash stands in its own metadata, with one of it together with the step and the epoch, and both stand in
the run's list.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict, cast

from infoscope.core.files import entries

NAMES = re.compile(r"step-(\d{9,})\.safetensors")
WEIGHTS, AT = "weights", "at"  # the keys of both hashes, in a snapshot's metadata


class Stamp(TypedDict):
    """The two hashes of a snapshot: of its weights, and of these with everything that the file says beside them."""

    weights: str
    at: str


def stamped(weights: str, about: Mapping[str, str]) -> Stamp:
    """The stamp of weights with the hash ``weights``, beside which a file says ``about``."""
    said = json.dumps([weights, sorted(about.items())], separators=(",", ":"))
    return {"weights": weights, "at": hashlib.sha256(said.encode()).hexdigest()}


def stamp(metadata: Mapping[str, str]) -> Stamp | None:
    """The stamp in the metadata of a file; None where there is none, since an older infoscope wrote it.

    Raises
    ------
    ValueError: what the file says beside its weights, or the stamp, was changed since.
    """
    about = dict(metadata)
    weights, at = about.pop(WEIGHTS, None), about.pop(AT, None)
    if weights is None and at is None:
        return None
    found = stamped(weights or "", about)
    if found["at"] != at:
        raise ValueError("what it says of itself is not what was written")
    return found


def step_of(path: Path) -> int | None:
    """The step of a snapshot's file; None of anything else."""
    name = NAMES.fullmatch(path.name)
    return int(name[1]) if name else None


def found(folder: Path) -> dict[int, Path]:
    """The snapshots in ``folder`` by step, in order; none where there is no such folder.

    Raises
    ------
    RunFolderError: the folder cannot be listed.
    """
    steps = {step: path for path in entries(folder) if (step := step_of(path)) is not None}
    return dict(sorted(steps.items()))


def metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file, read without its tensors.

    Raises
    ------
    OSError: it cannot be read. ValueError: it is no safetensors file, or its header is damaged.
    """
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            raise ValueError("it ends within its header")
        header: Any = json.loads(file.read(length))
    said = cast(dict[str, Any], header).get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(said, dict):
        raise ValueError("it has no metadata")
    return {str(name): str(value) for name, value in cast(dict[str, Any], said).items()}
