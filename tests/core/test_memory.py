"""How much memory there is to take is what a person says, else what the machine and its control groups leave."""

from __future__ import annotations

import math

import pytest

from infoscope.core import memory
from infoscope.core.errors import InputError

MEMINFO = "MemTotal:       24000000 kB\nMemFree:         1000000 kB\nMemAvailable:    2000000 kB\n"
FREE = 2000000 * 1024


@pytest.mark.parametrize(
    ("said", "wanted"),
    [("2GB", 2e9), ("500 MB", 5e8), ("1.5GiB", 1.5 * 2**30), ("64k", 64e3), ("7", 7.0), (3e9, 3e9), (" .5 gb ", 5e8)],
)
def test_an_amount_in_words(said, wanted):
    assert memory.size(said) == wanted


@pytest.mark.parametrize("said", ["", "much", "2 parsecs", "-1GB", 0, -3, math.inf, math.nan, None, "0"])
def test_no_amount_is_refused_in_a_sentence(said):
    with pytest.raises(InputError, match=r"memory is .*, wanted an amount such as 2GB or 500MB"):
        memory.size(said)


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"proc/meminfo": MEMINFO}, FREE),
        ({"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, FREE),
        (
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/memory.max": "1000000000\n",
                "sys/fs/cgroup/a/memory.current": "900000000\n",
                "sys/fs/cgroup/a/memory.stat": "anon 5\ninactive_file 50000000\n",
            },
            150000000,
        ),
        (
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "5:cpu:/c\n4:memory:/m\n",
                "sys/fs/cgroup/memory/m/memory.limit_in_bytes": "700000000\n",
                "sys/fs/cgroup/memory/m/memory.usage_in_bytes": "800000000\n",
            },
            0,
        ),
        (
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "0::/elsewhere\n",
                "sys/fs/cgroup/memory.max": "300000000\n",
                "sys/fs/cgroup/memory.current": "100000000\n",
            },
            200000000,
        ),
    ],
)
def test_the_tightest_limit_counts(tmp_path, files, wanted):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert memory.available(tmp_path) == wanted


def test_what_is_said_counts_inside_and_is_forgotten_behind():
    here = memory.budget()
    with memory.memory_budget("2GB"):
        assert memory.budget() == 2e9
        with memory.memory_budget(None):
            assert memory.budget() > 0
        assert memory.budget() == 2e9
    assert memory.budget() == pytest.approx(here, rel=0.5)


def test_more_than_there_is_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1e9)
    memory.afford(9e8, "it", "do less")
    with pytest.raises(
        InputError, match=r"^it takes about 1.1 GB beside the data, and this machine has 1 GB: do less$"
    ):
        memory.afford(1.1e9, "it", "do less")
    with (
        memory.memory_budget("500MB"),
        pytest.raises(InputError, match=r"budget is 500 MB: raise it .--memory, memory_b"),
    ):
        memory.afford(9e8, "it", "do less")
