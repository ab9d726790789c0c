"""KDE speed: both bounds with class terms, CPU seconds and memory, ours against n x n SciPy and the arithmetic limit.

    python bench/kde.py [--json FILE]

The peer is what a user would write: ``cdist``, ``exp`` and class sums on full n x n float64 matrices. The limit is one
thread's float32 matrix multiply and ``exp`` over the n²/2 pairs that must be visited, in blocks that stay in cache,
measured in the same process. CPU seconds add up all threads; memory is the peak above what the imports and one small
call had taken, each in a process of its own.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import psutil
import torch
from scipy.spatial.distance import cdist

from infoscope.core import grammar
from infoscope.core.estimate import Plane

CASES = [
    (1000, 20, 2),
    (4096, 3, 2),
    (4096, 10, 2),
    (4096, 10, 10),
    (10_000, 20, 2),
    (10_000, 20, 10),
    (4096, 256, 10),
]
S2 = 0.1
COLUMNS = "{:>6} {:>5} {:>7} | {:>9} {:>9} {:>7} | {:>9} {:>7} | {:>8} {:>9} | {:>8}"


def data(n: int, d: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return np.tanh(rng.standard_normal((n, d))).astype(np.float32), rng.integers(classes, size=n)


def ours(t: np.ndarray, y: np.ndarray) -> list[float]:
    """I_lo, I_up, the published I(T;Y) and its bracket."""
    point: Plane = grammar.make("estimators", "kde", noise_variance=S2).plane(t, y)
    return [*(point.xt.interval or ()), point.ty.value, *(point.ty.interval or ())]


def naive(t: np.ndarray, y: np.ndarray) -> list[float]:
    """The same numbers from full matrices."""
    squared = cdist(t, t, "sqeuclidean")
    total, given = {}, {}
    for name, scale in (("lo", 8), ("up", 2)):
        kernel = np.exp(-squared / (scale * S2))
        total[name] = -np.log(kernel.mean(1)).mean()
        given[name] = sum(
            (y == c).mean() * -np.log(kernel[np.ix_(y == c, y == c)].mean(1)).mean() for c in np.unique(y)
        )
    published = total["up"] - given["up"]
    return [total["lo"], total["up"], published, total["lo"] - given["up"], total["up"] - given["lo"]]


def limit(n: int, d: int) -> float:
    """CPU seconds of one thread for the products and exponentials of n²/2 pairs."""
    torch.set_num_threads(1)
    a, b, out = torch.randn(256, d), torch.randn(1024, d), torch.empty(256, 1024)

    def block() -> None:
        torch.mm(a, b.T, out=out)
        out.clamp_(-80, 0).exp_()  # arguments whose exponential is a normal number

    repeats = max(3, int(2e8 / (out.numel() * (20 + d))))
    fastest = best(lambda: [block() for _ in range(repeats)])
    return fastest / repeats * n * n / 2 / out.numel()


def best(call: Callable[[], object], times: int = 5) -> float:
    if times > 1:
        call()  # warm
    seconds = []
    for _ in range(times):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return min(seconds)


def growth(who: str, n: int, d: int, classes: int) -> float:
    """Peak resident MB above import and warm-up, in a fresh process."""
    command = [sys.executable, __file__, "--memory", who, str(n), str(d), str(classes)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


class _Watch(threading.Thread):
    """Samples resident memory twice a millisecond; ``ru_maxrss`` would start from what the parent process had used."""

    def __init__(self) -> None:
        super().__init__()
        self.peak, self.over = 0, threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self.over.wait(0.0005):
            self.peak = max(self.peak, me.memory_info().rss)


def _memory(who: str, n: int, d: int, classes: int) -> None:
    call = {"ours": ours, "naive": naive}[who]
    t, y = data(n, d, classes)
    call(t[:300], y[:300])
    before, watch = psutil.Process().memory_info().rss, _Watch()
    watch.start()
    call(t, y)
    watch.over.set()
    watch.join()
    print(max(watch.peak - before, 0) / 2**20)


def compare(n: int, d: int, classes: int) -> dict[str, float]:
    t, y = data(n, d, classes)
    np.testing.assert_allclose(ours(t, y), naive(t, y), atol=1e-3)
    row: dict[str, float] = {"n": n, "d": d, "classes": classes}
    row["ours_s"], row["naive_s"] = best(lambda: ours(t, y)), best(lambda: naive(t, y), 1 if n > 5000 else 3)
    row["limit_s"] = limit(n, d)
    row["ours_mb"], row["naive_mb"] = growth("ours", n, d, classes), growth("naive", n, d, classes)
    start = time.perf_counter()
    ours(t, y)
    row["ours_wall_s"] = time.perf_counter() - start
    return row


def main() -> None:
    if "--memory" in sys.argv:
        who, *sizes = sys.argv[2:]
        _memory(who, *map(int, sizes))
        return
    names = ("n", "d", "classes", "ours s", "naive s", "ratio", "limit s", "x limit", "ours MB", "naive MB", "wall s")
    print(COLUMNS.format(*names))
    rows = []
    for case in CASES:
        row = compare(*case)
        rows.append(row)
        cells = [*(f"{row[k]:.0f}" for k in ("n", "d", "classes")), f"{row['ours_s']:.4f}", f"{row['naive_s']:.3f}"]
        cells += [f"{row['naive_s'] / row['ours_s']:.0f}x", f"{row['limit_s']:.4f}"]
        cells += [f"{row['ours_s'] / row['limit_s']:.2f}", f"{row['ours_mb']:.0f}", f"{row['naive_mb']:.0f}"]
        print(COLUMNS.format(*cells, f"{row['ours_wall_s']:.4f}"), flush=True)
    geometric = math.exp(np.mean([math.log(row["naive_s"] / row["ours_s"]) for row in rows]))
    print(f"geometric mean of the ratio to n x n SciPy: {geometric:.0f}x")
    if "--json" in sys.argv:
        with open(sys.argv[sys.argv.index("--json") + 1], "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
