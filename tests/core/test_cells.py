"""A cell's name and the edge it ends at say the same."""

import math

from hypothesis import given
from hypothesis import strategies as st

from infoscope.core.cells import cell_names, upper_edge


@given(st.lists(st.integers(-1000, 1000).map(lambda each: each / 8), min_size=1, unique=True).map(sorted))
def test_every_cell_but_the_last_ends_at_its_edge(edges):
    names = cell_names(edges)
    assert [upper_edge(name) for name in names[:-1]] == edges
    assert upper_edge(names[-1]) == math.inf
    assert names[-1] == f"above {edges[-1]:g}"


def test_what_is_no_cell_has_no_edge():
    for name in ("input", "label", "", "levelled up to 3", "far above 3"):
        assert upper_edge(name) is None
