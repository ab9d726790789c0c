"""What this machine can do at most, in the same run as what is measured against it."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch


def multiply_rate() -> float:
    """Float32 multiply-adds a second of one thread in a large matrix product."""
    a = torch.randn(1024, 1024)
    a @ a
    start = time.process_time()
    for _ in range(20):
        a @ a
    return 20 * 1024**3 / (time.process_time() - start)


def about(*packages: str) -> dict[str, Any]:
    """Date, commit, processor, card and versions of what was measured, as JSON has them."""
    told = Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1] for line in told.read_text().splitlines() if "model name" in line] if told.exists() else []
    )
    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    versions = {name: version(name) for name in packages if find_spec(name.replace("-", "_")) or name == "scikit-learn"}
    return {
        "date": date.today().isoformat(),
        "commit": git.stdout.strip(),
        "processor": names[0].strip() if names else platform.processor(),
        "cores": os.cpu_count(),
        "card": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "versions": {"python": platform.python_version(), **versions},
    }
