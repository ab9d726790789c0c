"""A plan makes its measurement once, and whoever runs it makes none."""

import shutil
from pathlib import Path

import pytest
from torch import nn

import infoscope
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.measure.bases import measurements
from infoscope.scanning import measure_plan
from infoscope.scanning.measure_plan import MeasurePlan

OLD = Path(__file__).parent.parent / "fixtures" / "2f3f68c"


def model():
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))


@pytest.mark.parametrize(
    "measure", ["kde(noise_variance=0.3)", "binned(bins=4, range=recorded)", "sliced(slices=10, with=input)"]
)
def test_one_call_of_measure_makes_the_measurement_once(tmp_path, monkeypatch, measure):
    shutil.copytree(OLD / "watched", tmp_path / "run")
    made = []

    def counted(name, **options):
        made.append(name)
        return measurements.make_measurement(name, **options)

    monkeypatch.setattr(measure_plan, "make_measurement", counted)
    rows = infoscope.load(tmp_path / "run").measure(measure, model=model)
    assert len(rows)
    assert made == [measure.partition("(")[0]]


def test_what_follows_from_the_networks_noise_is_no_second_making(monkeypatch):
    made = []

    def counted(name, **options):
        made.append(name)
        return measurements.make_measurement(name, **options)

    monkeypatch.setattr(measure_plan, "make_measurement", counted)
    said = MeasurePlan("noisy", {"population": "dataset"}, ("hidden1",))
    ours = said.trained_with(0.2)
    assert made == ["noisy"]
    assert (said.measurement.options["noise"], said.options) == (0.1, {"population": "dataset"})
    assert (ours.options["noise"], ours.options["replicas"], ours.sites) == (0.2, 256, ("hidden1",))
    assert ours.measurement.options == ours.options
    assert ours == MeasurePlan("noisy", ours.options, ("hidden1",))
    assert ours.trained_with(0.2) is ours


@pytest.mark.parametrize(
    ("name", "options", "error", "words"),
    [
        ("bined", {}, UnknownNameError, "did you mean 'binned'"),
        ("binned", {"bin": 3}, UnknownNameError, "did you mean 'bins'"),
        ("kde", {"range": "recorded"}, InputError, "a recorded range is for the estimator 'binned', not 'kde'"),
        ("binned", {"range": "recorded", "form": "exact"}, InputError, "came with form, wanted bins and nothing else"),
        ("kde", {"with": "input"}, InputError, "does not take two sets of real rows"),
        ("activity", {}, InputError, "wanted at least one"),
    ],
)
def test_what_cannot_be_planned_is_refused_when_the_plan_is_made(name, options, error, words):
    with pytest.raises(error, match=words):
        MeasurePlan(name, options)
