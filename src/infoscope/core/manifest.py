"""What ``run.json`` has to be for anybody to read it: the fields that are read, and their types."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any


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
