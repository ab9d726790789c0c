"""What NumPy and torch hold at their peak, which no load of the machine changes."""

import tracemalloc
from collections.abc import Callable

import numpy as np
from torch.profiler import ProfilerActivity, profile


def taken(work: Callable[[], object]) -> float:
    """The most bytes that NumPy held while ``work`` was done, and the most that torch did; it is done twice, and what
    is made once is not counted."""
    work()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        tracemalloc.start()
        work()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    events = seen.profiler.kineto_results.events()
    tensors = np.cumsum([0, *(event.nbytes() for event in events if event.name() == "[memory]")])
    return float(peak + tensors.max())
