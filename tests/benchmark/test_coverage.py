"""Stated 95 % intervals hold the truth; the small version of the benchmark's coverage figure.

The law is at least 90 % over replicates. Of 40 samples so many are asked that an interval which holds the truth in
just 90 % would be refused once in a thousand times.
"""

from __future__ import annotations

import pytest
from scipy import stats

from infoscope.benchmark.cases import plan
from infoscope.benchmark.judging import judge
from infoscope.benchmark.results import held
from infoscope.data.source import find_source

ROWS, SAMPLES = 400, 40
LEAST = int(stats.binom.ppf(1e-3, SAMPLES, 0.9))
CASES = [case for case in plan("laptop", with_peers=False).cases if case.purpose == "coverage"]
FIRST = list({(case.subject, find_source(case.source).kind): case.source for case in reversed(CASES)}.items())
FIRST = [(subject, source) for (subject, _), source in reversed(FIRST)]  # one source of each kind


@pytest.mark.parametrize(("subject", "source"), FIRST, ids=[f"{s.label}-{source}" for s, source in FIRST])
def test_intervals_hold_the_truth(subject, source):
    asked = [case._replace(n=ROWS) for case in CASES if (case.subject, case.source) == (subject, source)][:SAMPLES]
    first = judge(asked[0])
    if not held([first]):
        pytest.skip(f"{subject.label} states no interval of sampling uncertainty on {source}: {first['status']}")
    rows = [first, *map(judge, asked[1:])]
    assert sum(held(rows)) >= LEAST, [(row["value"] - row["truth"], row["low"], row["high"]) for row in rows]
