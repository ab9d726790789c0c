"""Laws of everything that can be measured by name along a training: it is refused when it is attached, or it works."""

import pytest
import torch
from torch import nn

import infoscope as iscope
from infoscope.core.errors import InfoscopeError
from infoscope.core.rows import options_text
from infoscope.measure.bases.measurements import known, make_measurement

NAMES = known()
EXTRA = {"activity": {"edges": (0.0, 0.5)}}  # options without which there is nothing to measure


def quick(name):
    facts = NAMES[name].facts
    return make_measurement(name, **{**facts.get("quick", {}), **facts.get("asks", {}), **EXTRA.get(name, {})})


@pytest.fixture
def watch(tmp_path):
    """``watch(measures)`` of an ordinary network with labels of two classes."""
    torch.manual_seed(0)
    model, inputs = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), torch.randn(120, 3)
    variables = {"one": (inputs[:, 0] > 0).long(), "other": (inputs[:, 1] > 0).long()}

    def make(measures, names=("one",), **options):
        given = {name: variables[name] for name in names}
        return iscope.watch(model, inputs, given, measures, tmp_path / "run", sites=["1"], **options)

    return make


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("names", [(), ("one",), ("one", "other")], ids=len)
def test_what_cannot_be_measured_is_refused_when_attached_and_what_is_attached_leaves_no_failed_row(name, names, watch):
    measurement, scope, refusal = quick(name), None, ""
    try:
        scope = watch([measurement], names)
    except InfoscopeError as reason:
        refusal = str(reason)
    if scope is None:
        assert len(refusal) < 500
        assert any(word in refusal for word in ("use ", "pass ", "compare ", "say which"))
        return
    with scope:
        scope.step(0)
    rows = scope.run.rows
    assert len(rows)
    assert "FAILED" not in rows.unique("status")
    assert set(measurement.about(names)) == set(rows.unique("variable")) & set(names)


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("ksg", r"ksg does not measure one representation .* 'ksg\(with=input\)' when the run is there, .* or use"),
        ("gaussian_copula", "use one that does .binned, "),
        ("plugin", "plugin reads symbols, and a layer holds real numbers: use binned"),
        ("cosine_similarity", "compares two networks and one is watched: compare their layers afterwards"),
        ("noisy", "population"),
        ("usable_information(variables=two)", "there is no variable named 'two': known: one"),
        ("usable_information(chain=one>two)", "there is no variable named 'two'"),
        ("bined", "there is no estimator or geometry named 'bined': did you mean 'binned"),
        ("binned(bin=3)", "there is no option of binned named 'bin': did you mean 'bins'"),
        ("binned(bins=many)", "option bins of binned is 'many'"),
    ],
)
def test_mistakes_are_told_when_attached_in_one_sentence(measure, words, watch, tmp_path):
    with pytest.raises(InfoscopeError, match=words) as told:
        watch([measure])
    assert "\n" not in str(told.value)
    assert not (tmp_path / "run").exists()


def test_names_carry_their_options_and_the_rows_say_them(watch):
    with watch(["binned(bins=8)", "binned(bins=100)", "kde(noise_variance=0.01)"]) as scope:
        scope.step(0)
    said = {(row["estimator"], row["options"]) for row in scope.run.rows.table.to_pylist()}
    wanted = [("binned", {"bins": 8}), ("binned", {"bins": 100}), ("kde", {"noise_variance": 0.01})]
    assert said == {(name, options_text(make_measurement(name, **options).options)) for name, options in wanted}
