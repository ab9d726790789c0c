"""What every plot must stand, by being in the folder: any rows of one network give a figure that compiles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import vl_convert

from infoscope.core import registry
from infoscope.core.errors import InputError
from infoscope.core.quantity import CLASS_DISTANCES, INPUT_INFORMATION, KINDS, LABEL_INFORMATION
from infoscope.core.rows import Rows

PLOTS = sorted(registry.entries("plots"))
#: Those that draw what every training has; what the others draw is made up in the tests of their own.
MEASURED = {"information", "training", "dynamics"}
FACTS = {name: registry.entries("plots")[name].facts for name in PLOTS}
OVER_TRAINING = [n for n, facts in FACTS.items() if facts["by"] in ("site", "split") and MEASURED & set(facts["kinds"])]


def compiled(spec: dict[str, Any]) -> str:
    """The figure as SVG; a NaN or a broken specification raises."""
    return vl_convert.vegalite_to_svg(json.dumps(spec, allow_nan=False))


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def texts(spec: dict[str, Any]) -> str:
    return " ".join(" ".join(node.get("subtitle", [])) for node in walk(spec) if "subtitle" in node)


def drawn_rows(plot: str, rows: Rows) -> Rows:
    facts = FACTS[plot]
    return rows.filter(kind=facts["kinds"], **({"quantity": facts["axes"]} if "axes" in facts else {}))


@pytest.fixture(params=PLOTS)
def plot(request: pytest.FixtureRequest) -> str:
    return request.param


def test_states_the_facts_the_report_reads(plot):
    facts = FACTS[plot]
    assert set(facts) >= {"heading", "order", "kinds", "by"}
    assert set(facts["kinds"]) >= set(facts.get("reported", ()))
    assert set(KINDS) >= set(facts["kinds"])
    assert facts["by"] in ("site", "split", "variable", "network", "options", "quantity")


def test_empty_rows_say_what_is_missing(plot, make_rows):
    svg = compiled(registry.load("plots", plot)(make_rows(members=0)))
    assert "nothing to draw" in svg


def test_rows_of_other_quantities_say_what_is_missing(plot, make_rows):
    rows = make_rows()
    others = set(rows.unique("quantity")) - set(drawn_rows(plot, rows).unique("quantity"))
    assert "nothing to draw" in compiled(registry.load("plots", plot)(rows.filter(quantity=others)))


@pytest.mark.parametrize("plot", OVER_TRAINING)
@pytest.mark.parametrize("kind", ["binned", "kde"])
@pytest.mark.parametrize(
    "size",
    [{"members": 1, "steps": 1, "sites": ("output",)}, {"members": 1}, {"steps": 1}, {"steps": 2}, {"epochs": False}],
)
def test_few_rows_give_a_figure(plot, make_rows, size, kind):
    spec = registry.load("plots", plot)(make_rows(estimators=(kind,), **size))
    svg = compiled(spec)
    assert "nothing to draw" not in svg
    assert ("one member (seed 100)" in texts(spec)) == (size.get("members") == 1)


def test_one_single_row_gives_a_figure(plot, make_rows):
    rows = drawn_rows(plot, make_rows())
    compiled(registry.load("plots", plot)(Rows(rows.table.slice(0, 1))))


def test_refused_measurements_are_left_out_and_counted(plot, make_rows):
    rows = make_rows(failed=lambda member, step, site: member == 1 and step == 2)
    spec = registry.load("plots", plot)(rows)
    compiled(spec)
    if "information" in FACTS[plot].get("reported", FACTS[plot]["kinds"]):
        assert "3 of 54 measurements failed and are left out" in texts(spec)


def test_rows_that_all_failed_say_so(plot, make_rows):
    svg = compiled(registry.load("plots", plot)(make_rows(failed=lambda *_: True)))
    if plot in OVER_TRAINING and "information" in FACTS[plot]["kinds"]:
        assert "nothing to draw" in svg
        assert "measurements failed" in svg


@pytest.mark.parametrize("plot", OVER_TRAINING)
def test_many_members_and_steps_are_thinned_and_it_says_so(plot, many_rows):
    spec = registry.load("plots", plot)(many_rows)
    compiled(spec)
    assert "of 275 recorded steps drawn" in texts(spec)
    assert "mean of 50 members" in texts(spec)
    assert len(json.dumps(spec)) < 400_000
    lists = [node["values"] for node in walk(spec) if "values" in node and isinstance(node["values"], list)]
    lists += list(spec.get("datasets", {}).values())
    members = {row["member"] for rows in lists for row in rows if isinstance(row, dict) and "member" in row}
    assert len(members) <= 12
    times = {row["time"] for rows in lists for row in rows if isinstance(row, dict) and "time" in row}
    assert 20 <= len(times) <= 80


@pytest.mark.parametrize("plot", OVER_TRAINING)
def test_position_scales_have_explicit_domains_and_wide_marks_are_clipped(plot, make_rows):
    spec = registry.load("plots", plot)(make_rows(steps=14))
    channels = [
        node["encoding"][c] for node in walk(spec) if "encoding" in node for c in ("x", "y") if c in node["encoding"]
    ]
    # a level that curves are read against is drawn on their scale
    scaled = [channel for channel in channels if channel.get("field", "level") != "level"]
    assert scaled
    assert all(channel["scale"]["domain"][0] < channel["scale"]["domain"][1] for channel in scaled)
    marks = [node["mark"] for node in walk(spec) if isinstance(node.get("mark"), dict)]
    assert all(mark.get("clip") for mark in marks if mark["type"] in ("line", "area"))


def test_a_site_has_one_colour_everywhere(make_rows):
    rows = make_rows()
    seen: dict[str, set[str]] = {}
    for name in PLOTS:
        for node in walk(registry.load("plots", name)(rows)):
            scale = node.get("scale", {})
            if "range" in scale and node.get("field") == "line":
                for site, colour in zip(scale["domain"], scale["range"], strict=True):
                    seen.setdefault(site, set()).add(str(colour))
    sites = {site: colours for site, colours in seen.items() if site in rows.sites()}
    assert len(sites) == 3
    assert all(len(colours) == 1 for colours in sites.values())
    assert len(set.union(*sites.values())) == 3


def test_more_sites_than_colours_still_draw(plot, make_rows):
    sites = tuple(f"transformer.encoder.layers.{i}.self_attention.output" for i in range(14))
    compiled(registry.load("plots", plot)(make_rows(sites=sites, members=1, steps=3)))


def test_rows_of_two_networks_are_refused_or_drawn_together(plot, make_rows):
    both = Rows.concat([make_rows("tanh"), make_rows("relu")])
    if FACTS[plot]["by"] == "network":
        compiled(registry.load("plots", plot)(both))
        return
    with pytest.raises(
        InputError, match=r"these rows hold 2 networks \(tanh, relu\), a plot shows one: pass rows.filter"
    ):
        registry.load("plots", plot)(both)


def test_plots_that_need_given_quantities_name_them_as_those_who_measure_do(plot):
    if plot == "plane":
        assert FACTS[plot]["axes"] == (INPUT_INFORMATION, LABEL_INFORMATION)
    if plot == "distances":
        told = registry.entries("geometries")["class_distances"].facts["quantities"]
        assert [each for each in told if each.kind == "distance"] == list(CLASS_DISTANCES.values())
