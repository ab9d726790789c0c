"""What is held beside a reading along a trajectory: scores, shuffled labels, control labels, the type and the input."""

import numpy as np
import pytest

import infoscope as iscope
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.core.estimate import Status
from infoscope.core.measurement import Given
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.usable import controls
from infoscope.measure.usable.deals import dealt
from infoscope.measure.usable.readings import Target

EVERY = "usable_information(scores=true, controls=shuffled,type,input)"


def tokens(sequences=60, length=15, kinds=40, seed=0, context=1.5):
    """Rows that are tokens: the states of a layer, labels that mostly belong to the token, sequences, token ids."""
    rng = np.random.default_rng(seed)
    n = sequences * length
    ids = rng.integers(kinds, size=n)
    y = np.where(rng.random(n) < 0.2, rng.integers(3, size=n), rng.integers(3, size=kinds)[ids])
    states = rng.normal(size=(kinds, 16))[ids] + 0.3 * rng.normal(size=(n, 16))
    states[:, 0] += context * y
    return states, y, np.repeat(np.arange(sequences), length), ids


def told(measure, states, y, **given):
    """By quantity what is told of one variable of one network."""
    ((*found,),) = iscope.measurement(measure).measure(states[None], {"tag": y}, Given(**given))
    assert {one.variable for one in found} == {"tag"}
    quantities = [str(one.estimate.quantity) for one in found]
    assert quantities == [str(quantity) for quantity in iscope.measurement(measure).tells]
    return {name: one.estimate for name, one in zip(quantities, found, strict=True)}


def test_scores_are_those_of_the_question_and_change_no_value():
    states, y, groups, _ = tokens()
    found = told("usable_information(scores=true)", states, y, groups=groups)
    alone = told("usable_information", states, y, groups=groups)
    asked = iscope.usable_information(states, y, groups=groups)
    assert list(alone) == ["I(T;Y)"]
    assert found["I(T;Y)"].value == alone["I(T;Y)"].value == pytest.approx(asked.value, abs=1e-9)
    for name, one in (
        ("probe_accuracy", asked.accuracy), ("probe_auroc", asked.auroc), ("I(T;Y)/H(Y)", asked.fraction),
        ("usual_accuracy", asked.usual_accuracy),
    ):  # fmt: skip
        assert found[name].value == pytest.approx(one.value, abs=1e-9)
        assert found[name].interval == pytest.approx(one.interval, abs=1e-9)


def test_a_layer_that_holds_the_token_reads_control_labels_and_one_of_context_does_not():
    states, y, groups, ids = tokens()
    of_tokens = told(EVERY, states, y, groups=groups, types=ids, inputs=states)
    context = np.random.default_rng(1).normal(size=states.shape)
    context[:, 0] += 1.5 * y
    of_context = told(EVERY, context, y, groups=groups, types=ids, inputs=states)
    assert of_tokens["I(T;control)"].value > 0.5
    assert abs(of_context["I(T;control)"].value) < 0.1
    assert of_context["selectivity"].interval[0] > 0
    assert of_tokens["control_accuracy"].value > 0.75
    assert of_context["control_accuracy"].value < 0.6
    for found in (of_tokens, of_context):
        assert abs(found["I(T;Y) shuffled"].value) < 0.02
        assert found["selectivity"].value == pytest.approx(found["I(T;Y)"].value - found["I(T;control)"].value)
        difference = found["probe_accuracy"].value - found["control_accuracy"].value
        assert found["selectivity_accuracy"].value == pytest.approx(difference)
    for name in ("I(type;Y)", "I(input;Y)", "type_accuracy", "input_accuracy"):  # whatever the layer is
        assert of_tokens[name].value == of_context[name].value
    assert of_tokens["I(input;Y)"].value == pytest.approx(of_tokens["I(T;Y)"].value)
    assert all(one.bound == "none" for name, one in of_tokens.items() if name not in ("I(T;Y)",))


def test_the_type_alone_says_what_its_frequencies_say():
    """Labels that are a function of the token up to flips of a fifth: the truth is known."""
    rng = np.random.default_rng(0)
    ids = rng.integers(20, size=6000)
    y = np.where(rng.random(6000) < 0.2, 1 - ids % 2, ids % 2)
    found = told("usable_information(scores=true, controls=type)", rng.normal(size=(6000, 2)), y, types=ids)
    truth = np.log(2) + 0.2 * np.log(0.2) + 0.8 * np.log(0.8)
    assert found["I(type;Y)"].value == pytest.approx(truth, abs=0.02)
    assert found["I(type;Y)"].status is Status.OK
    assert found["type_accuracy"].value == pytest.approx(0.8, abs=0.02)


def test_a_type_that_nobody_saw_costs_what_the_null_probe_pays():
    y, types = np.arange(60) % 3, np.arange(60)
    deal = dealt(60, 5, 0)
    target = Target(y, 3)
    for split, reading in zip(deal.splits, controls.of_the_type(target, types, deal.splits), strict=True):
        null = np.log(target.prior(split.known))
        np.testing.assert_allclose(reading.log_q, np.tile(null, (len(split.scored), 1)))


def test_control_labels_belong_to_the_type_the_seed_and_nothing_else():
    rng = np.random.default_rng(0)
    y, types = rng.integers(5, size=4000), rng.integers(500, size=4000)
    made = controls.of_types(y, 5, types, 0)
    by_type = {t: set(made[types == t].tolist()) for t in np.unique(types).tolist()}
    assert all(len(labels) == 1 for labels in by_type.values())
    order = rng.permutation(4000)
    np.testing.assert_array_equal(controls.of_types(y[order], 5, types[order], 0), made[order])
    assert (controls.of_types(y, 5, types, 1) != made).mean() > 0.5
    rare = np.where(rng.random(4000) < 0.1, 1, 0)
    drawn = controls.of_types(rare, 2, np.arange(4000), 0)
    assert drawn.mean() == pytest.approx(rare.mean(), abs=0.02)


def test_labels_that_groups_share_are_shuffled_by_groups():
    groups = Groups(np.repeat(np.arange(30), 4))
    shared = (np.arange(30) % 3)[groups.ids]
    made = controls.shuffled(shared, groups, 0)
    assert groups.constant(made)
    assert (made != shared).any()
    np.testing.assert_array_equal(np.bincount(made), np.bincount(shared))
    assert not groups.constant(controls.shuffled(np.arange(120) % 7, groups, 0))


def test_groups_of_tokens_with_random_labels_of_their_own_say_nothing():
    """100 classes of 300 rows in 200 columns: the null is at 0, whatever is asked beside it."""
    rng = np.random.default_rng(0)
    groups, ids = np.repeat(np.arange(60), 5), rng.integers(1000, size=300)
    states = rng.normal(size=(300, 200))
    found = told(EVERY, states, rng.integers(100, size=300), groups=groups, types=ids, inputs=states)
    for name, one in found.items():
        if one.unit == "nats" and one.status is Status.OK and one.interval:
            assert one.interval[0] <= 0, name


def test_what_a_null_probe_gains_by_a_temperature_is_nothing_that_was_read():
    """100 equally likely classes of 2000 tokens: flatter frequencies are better ones, whatever the layer holds."""
    rng = np.random.default_rng(0)
    states, y = rng.normal(size=(8000, 3)), rng.integers(100, size=8000)
    found = iscope.usable_information(states, y, "linear(weight_decay=1.0)", groups=np.arange(8000) // 16)
    assert found.value < 1e-3
    assert found.interval[0] <= 0 or found.status is Status.UNDERSAMPLED
    assert found.interval[0] <= 0 or "a null probe with a temperature saves" in found.notes[0]
    held = states + 3 * np.eye(100)[y][:, :3]
    assert iscope.usable_information(held, y, "linear(weight_decay=0.01)").status is Status.OK


def test_shares_add_up_to_the_value_in_the_order_of_the_groups():
    states, y, groups, _ = tokens()
    (member,) = iscope.measurement("usable_information(scores=true)").measure(
        states[None], {"tag": y}, Given(groups=groups)
    )
    kept = [one for one in member if one.shares is not None]
    assert [str(one.estimate.quantity) for one in kept] == ["I(T;Y)"]
    sums, counts = kept[0].shares
    assert sums.sum() / counts.sum() == pytest.approx(kept[0].estimate.value)
    pointwise = iscope.usable_information(states, y, groups=groups).pointwise
    np.testing.assert_allclose(sums, np.bincount(groups, pointwise), atol=1e-9)
    assert counts.tolist() == [15] * 60
    ((rows, *_),) = iscope.measurement("usable_information(scores=true)").measure(states[None], {"tag": y})
    assert len(rows.shares.sums) == 900
    ((plain,),) = iscope.measurement("usable_information").measure(states[None], {"tag": y})
    assert plain.shares is None


def test_more_groups_than_a_run_keeps_are_taken_together():
    rng = np.random.default_rng(0)
    found = iscope.usable_information(rng.normal(size=(2500, 2)), rng.integers(2, size=2500))
    sums, counts = found.shares(None)
    assert len(sums) == len(counts) == 1000
    assert sums.sum() / counts.sum() == pytest.approx(found.value)
    assert set(counts.tolist()) == {2, 3}


def test_constant_layers_and_labels_are_told_of_every_quantity():
    states, y, groups, ids = tokens(30)
    still = told(EVERY, 0 * states, y, groups=groups, types=ids, inputs=states)
    assert still["I(T;Y)"].status is still["selectivity"].status is still["probe_auroc"].status is Status.DEGENERATE
    assert still["I(type;Y)"].value > 0.3
    one = told(EVERY, states, 0 * y, groups=groups, types=ids, inputs=states)
    assert {estimate.status for estimate in one.values()} == {Status.DEGENERATE}
    assert one["probe_accuracy"].value == 1


def test_quantities_are_read_as_a_variable():
    rng = np.random.default_rng(0)
    states = rng.normal(size=(600, 3))
    groups = np.repeat(np.arange(60), 10)
    depth = states[:, 0] + rng.normal(size=600)
    measurement = iscope.measurement("usable_information(target=quantities, scores=true)")
    assert measurement.needs == ("quantities", "groups")
    ((found,),) = measurement.measure(states[None], {"depth": depth}, Given(groups=groups))
    asked = iscope.usable_information(states, depth, target="quantities", groups=groups)
    assert found.estimate.value == pytest.approx(asked.value)
    assert found.estimate.interval == pytest.approx(asked.interval)
    assert found.shares.sums.sum() / 600 == pytest.approx(asked.value)
    ((both,),) = measurement.measure(states[None], {"where": np.stack([depth, -depth + states[:, 1]], 1)})
    assert both.estimate.value > found.estimate.value
    ((still,),) = measurement.measure(0 * states[None], {"depth": depth})
    assert still.estimate.status is Status.DEGENERATE


def test_options_that_came_later_are_said_where_they_differ_from_before():
    assert "scores" not in iscope.measurement("usable_information").options
    said = iscope.measurement("usable_information(scores=true, controls=type)").options
    assert (said["scores"], said["controls"]) == (True, ["type"])
    assert iscope.measurement("usable_information(controls=type, target=labels)").needs == ("labels", "groups", "types")


@pytest.mark.parametrize(
    ("measure", "given", "error", "words"),
    [
        (
            "usable_information(controls=shuffle)",
            {},
            InputError,
            "is 'shuffle', wanted one or several of 'shuffled', 'type'",
        ),
        ("usable_information(controls=type)", {}, InputError, "controls=type arrived for rows whose types nobody says"),
        ("usable_information(controls=type)", {"types": np.arange(3)}, InputError, "wanted one whole number a row"),
        ("usable_information(controls=type)", {"types": np.ones(450)}, InputError, "wanted one whole number a row"),
        ("usable_information(controls=input)", {}, InputError, "controls=input arrived with none inputs for 450 rows"),
        ("usable_information(controls=input)", {"inputs": np.ones((3, 2))}, InputError, "with 3 inputs for 450 rows"),
        ("usable_information(target=quantities, controls=type)", {}, InputError, "which are of labels only"),
        ("usable_information(target=quantities, variables=other)", {}, UnknownNameError, "no variable named 'other'"),
        ("usable_information(target=numbers)", {}, InputError, "option target of usable_information is 'numbers'"),
    ],
)
def test_what_makes_no_sense_is_refused(measure, given, error, words):
    states, y, _, _ = tokens(30)
    with pytest.raises(error, match=words):
        iscope.measurement(measure).measure(states[None], {"tag": y}, Given(**given))


def test_words_are_no_quantities_and_a_plain_question_takes_no_quantities():
    states, y, _, _ = tokens(30)
    with pytest.raises(InputError, match="tag has dtype <U"):
        iscope.measurement("usable_information(target=quantities)").measure(states[None], {"tag": y.astype(str)})
    with pytest.raises(InputError, match="target='quantities'"):
        iscope.mutual_information(states, y, "usable_information(target=quantities)")
