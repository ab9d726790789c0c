"""The short form of ``kills.py``, which says what is tried: each kind of run killed once.

In a process of its own: it forks, and a child forked beside the threads of a browser or a pool may wait for ever.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(
    not hasattr(os, "fork") or not hasattr(signal, "SIGKILL"), reason="the trials fork and kill, this system does not"
)
def test_killed_runs_gone_on_with_are_equal_to_the_bit_and_leave_nothing():
    command = [sys.executable, str(Path(__file__).parent / "kills.py"), "--kills", "4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0 wrong") == 4
