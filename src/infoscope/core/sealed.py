"""JSON objects that say their own hash, so that a digit that changed on disk is not believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SEAL = "sha256"  # the key that holds the hash of all else


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """``content`` as JSON will give it back, and the hash of it under :data:`SEAL`, last."""
    plain = json.loads(json.dumps({name: value for name, value in content.items() if name != SEAL}))
    return {**plain, SEAL: _hash(plain)}


def unsealed(content: Mapping[str, Any], *, wanted: bool) -> dict[str, Any]:
    """What was sealed, without its seal; ``wanted``: something without one is not what was written either.

    Raises
    ------
    ValueError: it was changed since, or a seal is missing.
    """
    plain = {name: value for name, value in content.items() if name != SEAL}
    if SEAL not in content:
        if wanted:
            raise ValueError(f"it has no {SEAL}")
    elif content[SEAL] != _hash(plain):
        raise ValueError("its SHA-256 is not that of what was written")
    return plain


def _hash(plain: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
