"""Where a number came from: command, versions, commit, machine. Written into every ``run.json``."""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from infoscope.core import privacy
from infoscope.core.version import VERSION

_PACKAGES = ("torch", "numpy", "scipy", "numba", "pyarrow", "safetensors")


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None  # installed from a wheel, or git is absent: the version says what it can
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def surroundings() -> dict[str, Any]:
    """Versions and machine."""
    return {
        "versions": {"python": platform.python_version(), "infoscope": VERSION, **{p: _version(p) for p in _PACKAGES}},
        "machine": {"system": platform.platform(), "processor": platform.machine()},
    }


@functools.cache
def sources() -> str:
    """A hash of all of infoscope's own code."""
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def command() -> str:
    """The command line as a person would type it again, without secrets (see :mod:`infoscope.core.privacy`)."""
    return privacy.command([Path(sys.argv[0]).name, *sys.argv[1:]])


def provenance() -> dict[str, Any]:
    """Command, time, versions, commit with dirty flag, and machine."""
    ours = _git("ls-files", "--error-unmatch", Path(__file__).name)  # a wheel may lie inside somebody else's repository
    commit = _git("rev-parse", "HEAD") if ours else None
    return {
        "command": command(),
        "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit,
        "dirty": bool(_git("status", "--porcelain", "--", ".."))
        if commit
        else None,  # the code, not what lies beside it
        **surroundings(),
    }


def fingerprint(content: Any) -> str:
    """Twelve hexadecimal digits that name a recipe: equal for equal JSON content."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
