"""Figures of geometry: fans of distances, histograms of distances, several widths side by side, brackets."""

from __future__ import annotations

import json

import numpy as np
import pytest
import vl_convert

from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate
from infoscope.core.older_rows import quantity as known
from infoscope.core.rows import Place, Rows, RowsBuilder, options_in_words, options_text
from infoscope.core.units import NATS_PER_BIT, nats
from infoscope.show.plots.distances import distances
from infoscope.show.plots.geometry import geometry
from infoscope.show.plots.histogram import histogram
from infoscope.show.plots.information import information
from infoscope.show.plots.settings import settings

PERCENTS = ("05", "25", "50", "75", "95")


def drawn(spec) -> str:
    return vl_convert.vegalite_to_svg(json.dumps(spec, allow_nan=False))


def said(spec) -> str:
    return " ".join(spec["title"]["subtitle"])


def geometric(members: int = 3, steps: int = 5) -> Rows:
    """Classes that drift apart: quantiles of distances, their histogram, a ratio, and H(Bin(T)) at three widths."""
    builder = RowsBuilder("made")
    for step in range(steps):
        for member in range(members):
            who = {"network": "net", "member": member, "seed": 100 + member, "step": step, "epoch": float(step)}
            for place, site in enumerate(("hidden1", "hidden2", "output")):

                def add(quantity, value, unit, estimator, variable="label", low=None, high=None, kind=None, **options):
                    at = Place(site=site, site_index=place, variable=variable, estimator=estimator,  # noqa: B023
                               options=options_text(options), **who)  # noqa: B023  # fmt: skip
                    around = None if low is None else (low, high)
                    level = None if low is None else 0.95
                    builder.add(at, Estimate(value, known(quantity, "", unit), "made up", 64, interval=around,
                                             interval_kind=kind, level=level))  # fmt: skip

                for kind, far in (("within", 1.0), ("between", 2.0 + step)):
                    for i, percent in enumerate(PERCENTS):
                        add(f"{kind}_class_distance_{percent}", far * (i + 1) + member, "norm", "class_distances")
                add("distance_ratio", 1 / (2.0 + step), "ratio", "class_distances")
                for cell, share in (("up to 0.5", 0.25), ("above 0.5", 0.75)):
                    add("within_class_distance_share", share, "fraction", "distance_histogram", cell)
                for width in (1.0, 0.01, 0.1):
                    value = nats(5 - width * step)
                    add("H(Bin(T))", value, "nats", "binned_entropy", "input", value - 0.1, value + 0.1,
                        "least and largest over offsets", width=width)  # fmt: skip
                value, kind = nats(4.0 - 0.1 * member), "bracket in expectation and its standard errors"
                add("I(X;T)", value, "nats", "noisy", "input", value - nats(0.5), value + nats(1), kind, noise=0.1)
    return builder.rows()


@pytest.fixture(scope="module")
def rows() -> Rows:
    return geometric()


def test_the_fans_are_the_mean_quantiles(rows):
    spec = distances(rows, site="hidden1")
    fans, medians = spec["layer"]
    wide = [row for row in fans["data"]["values"] if row["line"] == "between classes" and row["opacity"] < 0.2]
    for end, percent in (("value", "05"), ("high", "95")):
        wanted = rows.filter(site="hidden1", quantity=f"between_class_distance_{percent}").curves()[2].mean(0)
        np.testing.assert_allclose([row[end] for row in wide], wanted)
    wanted = rows.filter(site="hidden1", quantity="within_class_distance_50").curves()[2].mean(0)
    np.testing.assert_allclose(
        [row["value"] for row in medians["data"]["values"] if row["line"] == "within classes"], wanted
    )
    assert "classes of label" in spec["encoding"]["y"]["title"]
    assert distances(rows)["title"]["text"] == "Distances within and between classes at hidden2: net"
    drawn(spec)


def test_a_histogram_says_what_it_is_of(rows):
    spec = histogram(rows.filter(quantity="within_class_distance_share"))
    assert spec["title"]["text"] == "Distances within classes along training: net, distance_histogram"
    assert spec["encoding"]["color"]["legend"]["title"] == "share of the distances within classes"


def test_several_widths_are_lines_from_narrow_to_wide(rows):
    spec = settings(rows)
    assert spec["encoding"]["color"]["scale"]["domain"] == ["width 0.01", "width 0.1", "width 1"]
    assert spec["encoding"]["y"]["title"] == "H(Bin(T)) (bits)"
    assert spec["title"]["text"].endswith("H(Bin(T)) at hidden2: net")
    drawn(spec)


def test_options_are_told_apart_in_words():
    texts = [
        options_text(o) for o in ({"probe": "linear(weight_decay=0.1)", "a": 1}, {"probe": "mlp(hidden=3)", "a": 1})
    ]
    assert options_in_words(texts) == ["probe linear", "probe mlp"]
    texts = [options_text({"probe": f"mlp(hidden={h})", "against": against}) for h, against in ((3, None), (4, "b"))]
    assert options_in_words(texts) == ["probe mlp(hidden=3)", "against b, probe mlp(hidden=4)"]
    texts = [
        options_text({"shuffled": flag, "variables": names}) for flag, names in ((True, None), (False, ["a", "b"]))
    ]
    assert options_in_words(texts) == ["shuffled", "variables a, b"]
    assert options_in_words(["{}"]) == ["as usual"]


def test_geometry_has_a_short_axis_title(rows):
    spec = geometry(rows)
    assert spec["encoding"]["y"]["title"] == "distance ratio"
    assert spec["title"]["text"].startswith("Median distance within classes over that between")


def test_the_mean_bracket_of_several_members_is_drawn_and_of_one_is_its_band(rows):
    noisy = rows.filter(estimator="noisy")
    spec = information(noisy)
    dotted = spec["layer"][0]
    low = [row["value"] for row in dotted["data"]["values"] if row["line"] == "output" and row["end"] == "low"]
    wanted = noisy.filter(site="output").curves("low")[2].mean(0) / NATS_PER_BIT
    np.testing.assert_allclose(low, wanted, rtol=1e-4)
    assert "dotted: mean bracket" in said(spec)
    drawn(spec)
    one = information(noisy.filter(member=0))
    assert "band: bracket in expectation" in said(one)
    assert "dotted" not in said(one)


def test_few_and_missing_rows(rows):
    for plot in (distances, settings, geometry, histogram):
        assert "nothing to draw" in drawn(plot(rows.filter(quantity="loss")))
        drawn(plot(geometric(1, 1)))
    with pytest.raises(InputError, match="2 networks"):
        distances(Rows.concat([rows, Rows(_renamed(rows, "other"))]))


def _renamed(rows: Rows, network: str):
    import pyarrow as pa

    column = pa.array([network] * len(rows)).dictionary_encode()
    return rows.table.set_column(1, rows.table.schema.field("network"), column)


def test_the_report_draws_widths_together_and_apart(make_run, rows):
    from infoscope.show.report._cards import sections

    run = make_run("made", rows)
    (section,) = sections([run], [run.rows()])
    found = {(block.estimator, block.number): [panel.plot for panel in block.panels] for block in section.blocks}
    assert found["binned_entropy", 0] == ["information", "settings", "settings", "settings"]
    assert found["binned_entropy", 2] == ["information"]
    assert next(b.said for b in section.blocks if (b.estimator, b.number) == ("binned_entropy", 1)) == "width 0.01"
    assert found["class_distances", 0] == ["geometry", "distances", "distances", "distances"]
