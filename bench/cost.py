"""Whether measurements say honestly what they cost: seconds and bytes guessed, over what one member took.

    python bench/cost.py [NAME ...] [--json FILE]

Every measurement that can be taken along a trajectory, with quick options where it is slow, of one member at two sizes.
Seconds are CPU, all threads; bytes the peak that Python and NumPy held beside the rows (tracemalloc; what compiled code
holds is not seen), and the peak of torch's tensors. Ratios near 1 are honest; the second of each pair says whether the
guess grows as the cost does.
"""

from __future__ import annotations

import json
import os
import sys
import time
import tracemalloc
from collections.abc import Iterator

import numpy as np

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # before torch: its profiler talks
from torch.profiler import ProfilerActivity, profile

from infoscope.core.errors import InfoscopeError
from infoscope.core.measurement import Given, Measurement
from infoscope.measure.bases.measurements import known, make_measurement

SIZES = ((500, 5), (4000, 20))
CLASSES = 3
REPLICAS = 8
CONTEXTUAL = {
    "activity": "activity(edges=-0.5,0,0.5)",
    "binned with a recorded range": "binned(range=recorded)",
    "sliced with the inputs": "sliced(with=input)",
    "noisy with replicas": f"noisy(population=dataset, replicas={REPLICAS})",
    "cosine_similarity": "cosine_similarity(against=other)",
}


def measurements(names: list[str]) -> Iterator[tuple[str, Measurement]]:
    for name, entry in known().items():
        options = {**entry.facts.get("asks", {}), **(entry.facts.get("quick", {}) if entry.facts.get("slow") else {})}
        if name not in CONTEXTUAL and (not names or name in names):
            made = make_measurement(name, **options)
            try:
                made.about(["label"])
            except InfoscopeError:
                continue
            yield name, made
    for name, text in CONTEXTUAL.items():
        if not names or name in names:
            yield name, make_measurement(text)


def given(measurement: Measurement, t: np.ndarray, inputs: np.ndarray, rng: np.random.Generator) -> Given:
    """What it needs, made up."""
    needs = measurement.needs
    noisy = t[:, :, None] + 0.1 * rng.standard_normal((*t.shape[:2], REPLICAS, t.shape[2])).astype(t.dtype)
    return Given(
        inputs=inputs if "inputs" in needs else None,
        other=t[:, :, ::-1].copy() if "another network" in needs else None,
        replicas=noisy if "replicas" in needs else None,
        span=(t.min((1, 2)), t.max((1, 2))) if "recorded range" in needs else None,
    )


def taken(measurement: Measurement, n: int, d: int) -> tuple[float, float]:
    """CPU seconds and peak bytes of one member, at the second call."""
    rng = np.random.default_rng(0)
    inputs, y = rng.standard_normal((n, 4)).astype(np.float32), rng.integers(CLASSES, size=n)
    t = np.tanh(inputs @ rng.standard_normal((4, d)) + y[:, None] * 0.3).astype(np.float32)[None]
    beside = given(measurement, t, inputs, rng)
    measurement.measure(t, {"label": y}, beside)
    start = time.process_time()
    measurement.measure(t, {"label": y}, beside)
    seconds = time.process_time() - start
    tracemalloc.start()
    measurement.measure(t, {"label": y}, beside)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        measurement.measure(t, {"label": y}, beside)
    return seconds, float(peak) + tensors(seen)


def tensors(seen: profile) -> float:
    """The most bytes that torch's tensors held at once."""
    assert seen.profiler is not None
    events = seen.profiler.kineto_results.events()
    changes = [event.nbytes() for event in events if event.name() == "[memory]"]
    return float(np.cumsum([0, *changes]).max())


def compare(measurement: Measurement) -> list[dict[str, float]]:
    found = []
    for n, d in SIZES:
        guess, (seconds, peak) = measurement.cost(n, d, CLASSES), taken(measurement, n, d)
        found.append(
            {
                "n": n, "d": d,
                "guessed_s": guess.seconds, "taken_s": seconds, "seconds_ratio": guess.seconds / seconds,
                "guessed_bytes": guess.bytes, "taken_bytes": peak, "bytes_ratio": guess.bytes / max(peak, 1.0),
            }
        )  # fmt: skip
    return found


def main(arguments: list[str]) -> None:
    path = arguments[arguments.index("--json") + 1] if "--json" in arguments else None
    names = [name for name in arguments if name != "--json" and name != path]
    columns = "{:<30} {:>5}x{:<3} | {:>9} {:>9} {:>7} | {:>9} {:>9} {:>7}"
    print(columns.format("measurement", "n", "d", "guessed s", "taken s", "ratio", "guessed MB", "taken MB", "ratio"))
    everything: dict[str, list[dict[str, float]]] = {}
    for name, measurement in measurements(names):
        everything[name] = compare(measurement)
        for row in everything[name]:
            print(
                columns.format(
                    name, int(row["n"]), int(row["d"]),
                    f"{row['guessed_s']:.4f}", f"{row['taken_s']:.4f}", f"{row['seconds_ratio']:.2f}",
                    f"{row['guessed_bytes'] / 1e6:.2f}", f"{row['taken_bytes'] / 1e6:.2f}", f"{row['bytes_ratio']:.2f}",
                ),
                flush=True,
            )  # fmt: skip
    if path:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(everything, file, indent=1)


if __name__ == "__main__":
    main(sys.argv[1:])
