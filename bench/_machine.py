"""What this machine can do at most, in the same run as what is measured against it."""

from __future__ import annotations

import time

import torch


def multiply_rate() -> float:
    """Float32 multiply-adds a second of one thread in a large matrix product."""
    a = torch.randn(1024, 1024)
    a @ a
    start = time.process_time()
    for _ in range(20):
        a @ a
    return 20 * 1024**3 / (time.process_time() - start)
