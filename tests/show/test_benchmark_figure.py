"""The benchmark as a picture."""

from __future__ import annotations

import json

import pytest
import vl_convert

from infoscope.core.errors import InputError
from infoscope.show.benchmark import benchmark


def line(label: str, family: str, error: float, n: int = 1000, who: str = "ours") -> dict:
    return {"n": n, "family": family, "who": who, "label": label, "sources": 3, "median_error": error,
            "worst_error": 2 * error}  # fmt: skip


LINES = [
    line("ksg", "dials", 0.02), line("ksg", "beyond_normal", 0.2), line("binned", "dials", 30.0),
    line("binned", "beyond_normal", 1e-9), line("ennemi", "dials", 0.01, who="peer"), line("ksg", "dials", 0.5, 5000),
]  # fmt: skip


def test_estimators_that_answer_most_come_first_then_the_best():
    spec = benchmark(LINES, 1000).spec
    assert spec["encoding"]["y"]["scale"]["domain"] == ["ksg", "binned", "ennemi (peer)"]
    assert spec["encoding"]["x"]["scale"]["domain"] == ["beyond normal", "dials"]
    assert {cell["words"] for cell in spec["data"]["values"]} == {"0.02", "0.2", "30", "0", "0.01"}
    svg = vl_convert.vegalite_to_svg(json.dumps(spec, allow_nan=False))
    assert "beyond normal" in svg
    assert "ennemi (peer)" in svg


def test_the_largest_n_is_drawn():
    assert [cell["error"] for cell in benchmark(LINES).spec["data"]["values"]] == [0.5]


def test_what_is_not_there_is_refused():
    with pytest.raises(InputError, match="there are results for n = 1000, 5000, wanted n = 3"):
        benchmark(LINES, 3)
    with pytest.raises(InputError, match="there are results for n = nothing"):
        benchmark([])


def test_the_stored_results_are_drawn():
    from infoscope.benchmark.results import load
    from infoscope.benchmark.summary import families

    cells = benchmark(families(load()[0])).spec["data"]["values"]
    assert len(cells) > 100
    assert {"ksg", "binned"} <= {cell["estimator"] for cell in cells}
