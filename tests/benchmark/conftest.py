"""Rows as a benchmark would have stored them, made up."""

from __future__ import annotations

import pytest

from infoscope.benchmark.cases import Case, Subject
from infoscope.benchmark.judging import blank


@pytest.fixture
def made_row():
    """``made_row("ours", "ksg", "bivariate-normal", n, seed, error, ...)``: a row that is ``error`` off the truth."""

    def make(who, name, source, n=1000, seed=0, error=0.0, purpose="sources", options="{}", **changes):
        row = blank(Case(purpose, Subject(who, name, options), source, n, seed))
        value = None if error is None else row["truth"] + error
        content = {"value": value, "status": "OK", "cpu_seconds": 0.1, "busy_seconds": 0.2, "notes": "", **changes}
        return {**row, **content}

    return make
