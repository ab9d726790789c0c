"""The short forms of ``refusals.py`` and ``outputs.py``, which say what is tried."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

if not hasattr(os, "fork"):
    pytest.skip("the trials fork, which this system does not", allow_module_level=True)

ROOT = os.geteuid() == 0
BOTH = f"""
import json
import outputs, refusals, trials
with trials.world() as base:
    found = {{"outputs": outputs.all_tried(base, True), "refusals": refusals.all_tried(base, True) if {ROOT} else []}}
print(json.dumps({{kind: [[one.name, one.fault, one.ending.err] for one in tried] for kind, tried in found.items()}}))
"""


@pytest.fixture(scope="module")
def outcomes():
    """Name, fault and standard error of each trial; in a process of its own, as the trials change user and folder."""
    done = subprocess.run(
        [sys.executable, "-c", BOTH],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_whatever_becomes_of_what_is_printed_the_work_is_done(outcomes):
    assert len(outcomes["outputs"]) > 8
    assert [one for one in outcomes["outputs"] if one[1]] == []


@pytest.mark.skipif(not ROOT, reason="permissions are tried as another user, which wants root")
def test_what_the_system_refuses_is_a_sentence_and_changes_nothing(outcomes):
    assert len(outcomes["refusals"]) > 8
    assert [one for one in outcomes["refusals"] if one[1]] == []
