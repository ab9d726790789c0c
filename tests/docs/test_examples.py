"""Every example runs as a user would run it, in a process of its own, and leaves a run behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import infoscope

EXAMPLES = sorted((Path(__file__).resolve().parent.parent.parent / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example, tmp_path):
    done = subprocess.run([sys.executable, example, tmp_path / "run"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(infoscope.load(tmp_path / "run").rows)
    assert (tmp_path / "run" / "report.html").exists()
