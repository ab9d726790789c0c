"""The figures of compression scores: what is drawn, what is said, and that it compiles."""

from __future__ import annotations

import json

import pytest
import vl_convert

from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate
from infoscope.core.older_rows import quantity as known
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text
from infoscope.core.units import nats
from infoscope.show.plots._scores import labels
from infoscope.show.plots.forest import forest
from infoscope.show.plots.sweep import sweep
from infoscope.show.report._cards import MOST_WAYS, blocks, columns

FIXED, RECORDED = {"form": "interval", "range": [-1.0, 1.0]}, {"range": "recorded"}


def rows_of(scores, quantity="compression by bins", axis="bins", network="tanh", interval=True) -> Rows:
    """``scores``: (site, options, place on the axis, bits) of each row."""
    builder = RowsBuilder("made-up")
    sites = list(dict.fromkeys(site for site, *_ in scores))
    for step, (site, options, at, value) in enumerate(scores):
        place = Place(
            network=network, step=step, epoch=at, axis=axis, site=site, site_index=sites.index(site), variable="input",
            estimator="score", split="hidden5" if axis == "none" else "all", options=options_text(options),
        )  # fmt: skip
        if value is None:
            builder.add_failure(place, known(quantity, "", "nats"), "no member has a value at every step", 8)
            continue
        ends = (nats(value - 0.25), nats(value + 0.5)) if interval else None
        builder.add(
            place,
            Estimate(
                nats(value),
                known(quantity, "", "nats"),
                "made up",
                8,
                interval=ends,
                level=0.95 if ends else None,
            ),
        )
    return builder.rows()


def swept(**changes) -> Rows:
    ways = (("hidden5", FIXED), ("hidden5", RECORDED), ("hidden5.linear", RECORDED))
    return rows_of([(*way, bins, value) for bins, value in ((4.0, 0.1), (960.0, 2.0)) for way in ways], **changes)


def drawn(spec) -> list[dict]:
    vl_convert.vegalite_to_svg(json.dumps(spec, allow_nan=False))
    return spec["data"]["values"]


def test_a_sweep_has_a_line_for_each_way_of_measuring_in_bits():
    spec = sweep(swept())
    points = drawn(spec)
    assert {point["line"] for point in points} == {"on [-1, 1]", "recorded range", "recorded range, in net input"}
    assert {(point["at"], point["value"], point["low"], point["high"]) for point in points} == {
        (4.0, 0.1, -0.15, 0.6), (960.0, 2.0, 1.75, 2.5)}  # fmt: skip
    assert spec["encoding"]["x"]["scale"]["type"] == "log"
    assert spec["encoding"]["x"]["title"] == "bins"
    low, high = spec["encoding"]["y"]["scale"]["domain"]
    assert low < -0.15
    assert high > 2.5
    said = " ".join(spec["title"]["subtitle"])
    assert "95 % interval over 8 seeds" in said
    assert "flat up to 0.3 bits, compresses from 0.5" in said


def test_scores_without_intervals_or_values_are_drawn_or_left_out():
    one = sweep(rows_of([("output", FIXED, 30.0, 1.0), ("output", FIXED, 60.0, None)], interval=False))
    assert [(point["low"], point["high"]) for point in drawn(one)] == [(1.0, 1.0)]
    none = sweep(rows_of([("output", FIXED, 60.0, None)]))
    assert "nothing to draw: no score has a value" in vl_convert.vegalite_to_svg(json.dumps(none))


@pytest.mark.parametrize("plot", [sweep, forest])
def test_two_networks_are_refused(plot):
    with pytest.raises(InputError, match="2 networks"):
        plot(Rows.concat([swept(), swept(network="relu")]))


def test_a_forest_has_its_sites_in_order_and_one_dot_for_each_set_of_options():
    scores = [(site, {"cells": cells}, 0.0, value) for site, value in (("tanh", 2.0), ("relu", -0.1))
              for cells in ("recorded range", "in net input")]  # fmt: skip
    spec = forest(rows_of(scores, quantity="compression", axis="none", network="factorial"))
    dots = [(point["site"], point["line"]) for point in drawn(spec)]
    assert dots == [(site, line) for site in ("tanh", "relu") for line in ("recorded range", "in net input")]
    assert spec["layer"][-1]["encoding"]["y"]["scale"]["domain"] == ["tanh", "relu"]
    assert "compresses from 0.5" in " ".join(spec["title"]["subtitle"])
    effects = forest(rows_of(scores, quantity="effect on compression", axis="none", network="factorial"))
    drawn(effects)
    assert effects["title"]["text"] == "Effect on compression: hidden5"
    assert "compresses" not in " ".join(effects["title"]["subtitle"])  # an effect is no score


def test_labels_say_only_what_differs():
    assert labels([(options_text(FIXED), "hidden5")]) == {(options_text(FIXED), "hidden5"): "hidden5"}
    ways = [(options_text({**FIXED, "bins": 30}), site) for site in ("hidden4", "hidden5")]
    assert list(labels(ways).values()) == ["hidden4", "hidden5"]
    ways = [(options_text(options), "hidden5") for options in (FIXED, {"form": "quantiles"}, {"bins": 7})]
    assert list(labels(ways).values()) == ["on [-1, 1]", "equal mass", "bins: 7"]


def test_ways_that_are_scored_are_not_all_drawn_in_full_and_the_block_counts_them(make_rows, make_run):
    bins = [make_rows(options=lambda estimator, site, n=n: {"bins": n}, training=n == 1) for n in range(1, 7)]
    several = Rows.concat(bins)
    folder = make_run("swept", Rows.concat([several, swept()]))
    everything = blocks(columns([folder], [folder.rows()]))
    assert everything[0].estimator == "score"
    binned = [block for block in everything if block.estimator == "binned"]
    assert len(binned) == MOST_WAYS
    assert {block.left_out for block in binned} == {2}
    unscored = make_run("not-swept", several)
    assert sum(block.estimator == "binned" for block in blocks(columns([unscored], [unscored.rows()]))) == 6
