"""What the first call of a machine takes, which compiles its loops, and what the first of a later process does.

    python bench/first_calls.py [--save]

CPU seconds of one thread about 1000 rows of two columns, each in a process of its own: to import this package with what
it is about, and to call. ``--save`` writes ``bench/results/first_calls.json``, of which ``docs/pages.py`` makes a part
of the page "Speed". Three minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "first_calls.json"
#: Of the package, two sets of rows that depend on one another, and a label.
ASKED: dict[str, Callable[..., Any]] = {
    "ksg": lambda iscope, x, y, label: iscope.mutual_information(x, y, "ksg"),
    "binned": lambda iscope, x, y, label: iscope.mutual_information(x, label, "binned"),
    "kde": lambda iscope, x, y, label: iscope.mutual_information(x, label, "kde"),
    "usable_information, linear": lambda iscope, x, y, label: iscope.usable_information(x, label, "linear"),
    "usable_information, mlp": lambda iscope, x, y, label: iscope.usable_information(x, label, "mlp"),
}


def call(name: str) -> list[float]:
    """CPU seconds of imports and of the call, in this process, which has loaded nothing of them so far."""
    began = time.process_time()
    import numpy as np
    import torch  # noqa: F401 - whose import is no part of the call

    import infoscope as iscope

    x, y = np.random.default_rng(0).normal(size=(2, 1000, 2))
    given = iscope, x, x + y, x[:, 0] + y[:, 0] > 0
    imported = time.process_time()
    ASKED[name](*given)
    return [imported - began, time.process_time() - imported]


def in_a_process(name: str, cache: str) -> list[float]:
    """The same in a process of its own, whose compiled loops are kept in ``cache``."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, __file__, "--call", name], capture_output=True, text=True, check=True, env=environment
    )
    return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--save", action="store_true")
    told.add_argument("--call", help=argparse.SUPPRESS)
    said = told.parse_args()
    if said.call:
        print(json.dumps(call(said.call)))
        return
    from _machine import about

    found: dict[str, Any] = {"about": about("torch", "numba", "llvmlite"), "lines": []}
    for name in ASKED:
        with tempfile.TemporaryDirectory() as cache:
            first, later = in_a_process(name, cache), in_a_process(name, cache)
        found["lines"].append({"name": name, "imports": min(first[0], later[0]), "first": first[1], "later": later[1]})
        print(found["lines"][-1], flush=True)
    if said.save:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
