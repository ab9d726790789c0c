"""Binned information against the slow twin, and what its estimates say about themselves."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from slow_twins import (
    interval_codes,
    level_codes,
    peers_codes,
    plane_of_codes,
    quantile_codes,
    rows_entropy,
    width_codes,
)

from infoscope import estimator as make
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.measure.questions.information import entropy, mutual_information, plane

TABLES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(2, 40), st.integers(1, 15)),
    elements=st.sampled_from(np.float32([-1.5, -1, -0.5, 0, 0.25, 0.99, 1, 7])),
)
FORMS = {
    "interval": ({"bins": 3}, lambda t: interval_codes(t, 3, -1.0, 1.0)),
    "peers": ({"bins": 3, "form": "peers"}, lambda t: peers_codes(t, 3, -1.0, 1.0)),
    "quantiles": ({"bins": 3, "form": "quantiles"}, lambda t: quantile_codes(t, 3)),
    "adaptive": ({"bins": 3, "form": "adaptive"}, lambda t: level_codes(t, 3)),
    "width": ({"width": 0.6}, lambda t: width_codes(t, 0.6)),
    "exact": ({"form": "exact"}, lambda t: t),
}


@pytest.mark.parametrize("form", FORMS)
@given(t=TABLES, random=st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_agrees_with_the_twin(form, t, random):
    options, codes = FORMS[form]
    y = np.array([random.randrange(3) for _ in t])
    point = plane(t, y, **options)
    assert (point.xt.value, point.ty.value) == pytest.approx(plane_of_codes(codes(t), y), abs=1e-12)


def test_members_and_several_bins_are_what_they_are_alone():
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(4, 500, 3)), rng.integers(2, size=500)
    several = make("binned", bins=(30, 60, 100)).measure(t, {"label": y, "other": y % 1})
    for member, measured in zip(t, several, strict=True):
        assert [m.variable for m in measured] == ["input", "label", "other"] * 3
        for k, bins in enumerate((30, 60, 100)):
            alone = plane(member, y, bins=bins)
            xt, ty = measured[3 * k], measured[3 * k + 1]
            assert (xt.estimate.value, ty.estimate.value) == (alone.xt.value, alone.ty.value)
            assert xt.estimate.estimand == alone.xt.estimand
            assert xt.options == ty.options == make("binned", bins=bins).options
    thirds = make("binned", form="quantiles", bins=(3, 30)).measure(t[:1], {})[0]
    assert [m.options for m in thirds] == [{"form": "quantiles", "bins": bins} for bins in (3, 30)]
    assert thirds[0].estimate.value == plane(t[0], y, form="quantiles", bins=3).xt.value
    widths = make("binned", width=(0.07, 0.5)).measure(t[:1], {})[0]
    assert [m.options for m in widths] == [{"form": "width", "width": 0.07}, {"form": "width", "width": 0.5}]


def test_what_the_estimates_say():
    rng = np.random.default_rng(0)
    t, y = rng.uniform(-1, 1, size=(2000, 1)), rng.integers(2, size=2000)
    point = plane(t, y)
    assert point.xt.status is Status.VACUOUS
    assert point.xt.estimand == "H(Bin(T)), 30 bins on [-1, 1]"
    assert point.ty.status is Status.OK
    assert point.ty.estimand == "I(Bin(T);Y), 30 bins on [-1, 1]"
    assert point.xt.bound == point.ty.bound == "none"
    assert plane(t, y, form="peers").xt.estimand.endswith("as in the published codes (29 bins + 1)")
    assert plane(t, y, width=0.5).xt.estimand == "H(Bin(T)), bins of width 0.5"


def test_values_outside_the_bins_are_counted_not_clamped():
    t = np.array([-3.0, -2.0, -0.5, 0.5, 1.0, 1.5, 2.0, 0.9])
    point = plane(t, np.arange(8) % 2, bins=2)
    assert point.xt.notes[0].startswith("4 of 8 values fell outside the bins (2 below, 2 above)")
    assert point.xt.value == pytest.approx(rows_entropy(interval_codes(t[:, None], 2, -1.0, 1.0)))
    assert not any("outside" in note for note in plane(np.clip(t, -1, 1), np.arange(8) % 2, bins=2).xt.notes)


def test_saturated_each_row_alone_in_its_bin():
    t = np.linspace(-1, 1, 50)
    point = plane(t, np.arange(50) % 2, bins=1000)
    assert point.xt.status is Status.SATURATED
    assert Status.VACUOUS.sentence in point.xt.notes
    assert point.ty.status is Status.SATURATED
    assert "H(Y) whatever the network does" in point.ty.notes[-1]
    assert point.ty.value == pytest.approx(math.log(2))


def test_degenerate_constant_layer_is_exactly_zero():
    for t in (np.zeros((10, 3)), np.full((10, 3), 0.01) + np.linspace(0, 1e-3, 10)[:, None]):
        point = plane(t, np.arange(10) % 3)
        assert point.xt.status is point.ty.status is Status.DEGENERATE
        assert point.xt.value == point.ty.value == 0


def test_entropy_drops_the_verdict_on_mutual_information():
    h = entropy(np.arange(40) % 4 / 4, "binned", bins=8)
    assert (h.quantity, h.status) == ("H(Bin(T))", Status.OK)
    assert h.value == pytest.approx(math.log(4))
    assert entropy(np.arange(40) / 40, "binned", width=0.01).status is Status.SATURATED


def test_mutual_information_of_rows_with_labels_and_with_rows():
    z = np.arange(400) % 4
    x, y = (z / 4)[:, None], np.stack([z % 2, 0 * z], 1) / 2
    with_labels = mutual_information(x, z % 2, estimator="binned")
    with_rows = mutual_information(x, y, estimator="binned")
    assert with_labels.value == pytest.approx(math.log(2))
    assert with_rows.value == pytest.approx(math.log(2))
    assert with_labels.estimand == "I(Bin(X);Y), 30 bins on [-1, 1]"
    assert with_rows.estimand == "I(Bin(X);Bin(Y)), 30 bins on [-1, 1]"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bins": 0}, "bins is 0, wanted at least 1"),
        ({"bins": 1, "form": "peers"}, "bins is 1, wanted at least 2"),
        ({"bins": "abc"}, "option bins of binned is 'abc', wanted a whole number or several different whole numbers"),
        ({"bins": (30, 30)}, r"option bins of binned is \(30, 30\), wanted .*several different"),
        ({"bins": ()}, r"option bins of binned is \(\)"),
        ({"bins": 2.5}, "option bins of binned is 2.5"),
        ({"bins": True}, "option bins of binned is True"),
        ({"range": (1, -1)}, r"range is \(1, -1\), wanted \(low, high\) with low < high"),
        ({"range": "1"}, r"option range of binned is '1', wanted 2 numbers \(a,b\), e.g. range=0.1,0.1"),
        ({"range": (0, float("inf"))}, "range is"),
        ({"width": -0.5}, "width is -0.5, wanted a number above 0"),
        ({"form": "width"}, "form='width' came with width=None, wanted a width with form='width'"),
        ({"form": "peers", "width": 0.5}, "form='peers' came with width=0.5"),
        (
            {"form": "round"},
            "option form of binned is 'round', wanted one of 'interval', 'width', 'peers', ",
        ),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(InputError, match=words):
        make("binned", **options)


def test_bins_beyond_whole_numbers_are_refused():
    with pytest.raises(
        InputError, match=r"t spans 1e\+31 bins of width 0.1, wanted fewer than 2\^62: pass a wider bin"
    ):
        plane(np.array([1e30, 0.0]), [0, 1], width=0.1)
    with pytest.raises(InputError, match="an option holds 2 values"):
        plane(np.eye(3), [0, 1, 0], bins=(3, 4))
