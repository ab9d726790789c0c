"""The histograms of activities: each share where and when it belongs."""

from __future__ import annotations

import json

import numpy as np
import pytest
import vl_convert

from infoscope.core.estimate import Estimate
from infoscope.core.older_rows import quantity as known
from infoscope.core.rows import Place, Rows, RowsBuilder
from infoscope.show.plots.histogram import histogram

CELLS = ("up to 0", "up to 10", "up to 2", "above 10")  # not in the order of their edges
EPOCHS = (0, 3, 15, 63)


def made(members: int = 2, sites: tuple[str, ...] = ("hidden1", "output"), failed: bool = False) -> Rows:
    """A member's share of cell c at epoch number e is (c + 1) / 10, but for nothing above 10 after the first epoch."""
    builder = RowsBuilder("made")
    for member in range(members):
        for index, epoch in enumerate(EPOCHS):
            for place, site in enumerate(sites):
                at = {"network": "relu", "step": epoch, "epoch": float(epoch), "site": site, "site_index": place}
                if failed and member == 1 and site == "output":
                    where = Place(variable="input", estimator="activity", member=member, **at)
                    builder.add_failure(where, known("activity_share", "", "fraction"), "NaN in 3 rows", 64)
                    continue
                for cell, name in enumerate(CELLS):
                    share = 0.0 if name == "above 10" and index else (cell + 1) / 10 + 0.02 * member
                    where = Place(variable=name, estimator="activity", member=member, **at)
                    builder.add(where, Estimate(share, known("activity_share", "", "fraction"), "share", 64))
    return builder.rows()


def drawn(rows: Rows) -> dict[tuple[int, int], list[dict]]:
    """The rectangles by (site, cell)."""
    found: dict[tuple[int, int], list[dict]] = {}
    for row in histogram(rows)["datasets"]["cells"]:
        found.setdefault((row["site"], row["cell"]), []).append(row)
    return found


def test_cells_stand_in_the_order_of_their_edges_with_the_mean_of_the_members():
    found = drawn(made())
    shares = {cell: found[0, cell][0]["share"] for cell in range(4)}  # from the top: above 10, 10, 2, 0
    assert shares == pytest.approx({0: 0.41, 1: 0.21, 2: 0.31, 3: 0.11})


def test_cells_reach_half_way_to_their_neighbours_in_time_and_leave_no_gap():
    row = drawn(made())[1, 2]
    assert [r["at"] for r in row] == list(EPOCHS)
    assert [r["time"] for r in row[1:]] == [r["until"] for r in row[:-1]]
    assert row[0]["time"] == 0
    assert row[-1]["until"] == 63
    assert row[1]["until"] == pytest.approx(np.expm1((np.log1p(3) + np.log1p(15)) / 2), rel=1e-4)


def test_empty_cells_are_not_drawn():
    assert [row["at"] for row in drawn(made())[0, 0]] == [0]


def test_axis_names_sites_and_outer_cells_and_the_figure_compiles():
    spec = histogram(made())
    labels = json.loads(spec["encoding"]["y"]["axis"]["labelExpr"].split("[indexof")[0])
    assert labels == ["hidden1, above 10", "up to 2", "up to 0", "output, above 10", "up to 2", "up to 0"]
    svg = vl_convert.vegalite_to_svg(json.dumps(spec, allow_nan=False))
    assert "hidden1, above 10" in svg
    assert "mean of 2 members" in " ".join(spec["title"]["subtitle"])


def test_a_refused_member_is_left_out_and_counted():
    spec = histogram(made(failed=True))
    assert "output: 4 of 20 measurements failed and are left out" in " ".join(spec["title"]["subtitle"])
    assert drawn(made(failed=True))[1, 3][0]["share"] == pytest.approx(0.1)
    assert drawn(made(failed=True))[0, 3][0]["share"] == pytest.approx(0.11)


def test_a_single_epoch_and_a_single_member():
    rows = made(members=1).filter(epoch=15.0)
    (only,) = drawn(rows)[0, 3]
    assert (only["time"], only["until"]) == (15, 16)
    assert "one member" in " ".join(histogram(rows)["title"]["subtitle"])
