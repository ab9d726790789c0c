"""The short form of ``two_writers.py``, which says what is tried.

In a process of its own: it forks, and a child forked beside the threads of a browser or a pool may wait for ever.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the trials fork, which this system does not")
def test_of_two_writers_one_enters():
    command = [sys.executable, str(Path(__file__).parent / "two_writers.py"), "--pairs", "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0 wrong") == 13
