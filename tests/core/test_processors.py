"""How many processors count is what the scheduler and the control groups say, the less of both."""

from __future__ import annotations

import math
import os

import pytest

from infoscope.core import processors


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({}, math.inf),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "150000 100000\n"}, 1.5),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n"}, math.inf),
        ({"proc/self/cgroup": "0::/elsewhere\n", "sys/fs/cgroup/cpu.max": "400000 100000\n"}, 4.0),
        (
            {
                "proc/self/cgroup": "4:memory:/m\n3:cpu,cpuacct:/c\n",
                "sys/fs/cgroup/cpu/c/cpu.cfs_quota_us": "50000\n",
                "sys/fs/cgroup/cpu/c/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            0.5,
        ),
    ],
)
def test_a_share_of_time_counts_as_so_many_processors(tmp_path, files, quota):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert processors.quota(tmp_path) == quota
    assert 1 <= processors.usable(tmp_path) <= max(1, min(quota, os.cpu_count() or 1))


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not let a process choose processors")
def test_a_process_held_to_one_processor_uses_one():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert processors.usable() == 1
    finally:
        os.sched_setaffinity(0, before)
