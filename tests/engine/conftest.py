"""Checkpoints for workers."""

from __future__ import annotations

import pytest
from works import save


@pytest.fixture
def weights(tmp_path):
    """A folder with six checkpoints."""
    save(tmp_path / "weights", 6)
    return tmp_path / "weights"
