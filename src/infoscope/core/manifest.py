"""What ``run.json`` has to be for anybody to read it: the fields that are read, and their types."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast


@cache
def _adapter() -> Any:
    import pydantic  # a fifth of a second that listing does not need

    class PartFields(pydantic.BaseModel, strict=True):
        bytes: int
        sha256: str
        rows: int

    class StampFields(pydantic.BaseModel, strict=True):
        weights: str
        at: str

    class Manifest(pydantic.BaseModel, strict=True, extra="allow"):
        format: int
        id: str | None = None
        title: str | None = None
        figure: str | None = None
        where: str | None = None
        preset: str | None = None
        state: str | None = None
        missing: str | None = None
        command: str | None = None
        seeds: list[int] | None = None
        networks: dict[str, dict[str, Any]] = {}
        measures: list[dict[str, Any]] = []
        borrowed: dict[str, str] = {}
        threads: dict[str, Any] = {}
        versions: dict[str, str | None] = {}
        machine: dict[str, str] = {}
        data: dict[str, Any] = {}
        guessing: dict[str, Any] = {}
        ceilings: dict[str, Any] = {}
        judged: int = 0
        lost: list[str] = []
        told: list[str] = []
        parts: dict[str, PartFields] = {}
        shares: dict[str, PartFields] = {}
        snapshots: dict[str, dict[str, StampFields]] = {}

    return pydantic.TypeAdapter(Manifest)


def validate(content: Mapping[str, Any]) -> None:
    """Refuse a manifest with a field of another type.

    Raises
    ------
    ValueError: it names the field.
    """
    import pydantic

    try:
        _adapter().validate_python(content)
    except pydantic.ValidationError as reason:
        first = reason.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}") from reason


def equal_steps(network: Mapping[str, Any]) -> list[tuple[int, ...]]:
    """The steps at which the checkpoints of a scanned network hold the same weights, each group in order.

    A step that is a copy of another draws a jump, or a plateau, that no training made.
    """
    steps: dict[str, list[int]] = {}
    for step, origin in cast(Mapping[str, Any], network.get("checkpoints") or {}).items():
        steps.setdefault(str(origin["hash"]), []).append(int(step))
    return [tuple(sorted(same)) for same in steps.values() if len(same) > 1]


def told(content: Mapping[str, Any]) -> list[str]:
    """What whoever looks at the rows of a run should know of where they come from, a sentence each without its end."""
    found: list[str] = list(content.get("told", ()))
    for network in content.get("networks", {}).values():
        for same in equal_steps(network):
            found.append(f"equal weights at steps {', '.join(map(str, same))}: of these checkpoints one is a copy")
    return found
