"""Snapshots of our own runs, told apart from files of others that bear the same kind of name."""

from __future__ import annotations

from pathlib import Path

from infoscope.core import snapshots


def is_snapshot(path: Path) -> bool:
    """Whether ``path`` is a snapshot that a run of ours wrote: by its name, and by what it says of itself."""
    if snapshots.step_of(path) is None or not path.is_file():
        return False
    try:
        about = snapshots.metadata(path)
    except (OSError, ValueError):
        return False
    return {"step", "epoch"} <= about.keys()
