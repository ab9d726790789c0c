"""The computed figures: reference values to the digits known, slow twins, and every verdict on made-up rows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from rule_outcomes import outcomes
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import norm

from infoscope.claim.computation import Computation
from infoscope.core.claim import Outcome
from infoscope.core.rows import Rows, options_text
from infoscope.core.units import bits, nats
from infoscope.data import task
from infoscope.papers.saxe2018 import _bottleneck, _gaussian, _minimal_model, _soft_label
from infoscope.papers.saxe2018.information_bottleneck_bound import InformationBottleneckBound
from infoscope.papers.saxe2018.irrelevant_inputs import PARTS, UNIT, IrrelevantInputs
from infoscope.papers.saxe2018.linear import LESSONS, PRINTED, UNEQUAL, LinearStudents
from infoscope.papers.saxe2018.minimal_model import RELU_BITS, TANH_BITS, TANH_LARGE_BITS, MinimalModel
from infoscope.papers.saxe2018.minimal_snr import MinimalSnr
from infoscope.papers.saxe2018.net_input_bins_minimal import BITS, NetInputBinsMinimal
from infoscope.papers.saxe2018.reparametrisation import Reparametrisation
from infoscope.train.linear import Lesson, train_student

YES, NO, PARTLY, UNCLEAR = Outcome.REPRODUCED, Outcome.NOT_REPRODUCED, Outcome.PARTLY, Outcome.INCONCLUSIVE


def computed(figure, changed=None) -> Rows:
    """The figure's own rows; ``changed``: network -> a function of (site, quantity, places, values) to other values."""
    parts = []
    for name, plan in figure.plan("laptop").items():
        curves, change = plan.curves, (changed or {}).get(name)
        if change:

            def curves(at, seeds, of=plan.curves, change=change, **arguments):
                for curve in of(at=at, seeds=seeds, **arguments):
                    values = change(curve.site, curve.quantity, np.array(at), curve.values[0])
                    yield dataclasses.replace(curve, values=values[None])

        parts.append(dataclasses.replace(plan, curves=curves).rows("made-up", name, [0]))
    return Rows.concat(parts)


# --- the minimal model ---


@pytest.mark.parametrize(("weight", "wanted"), [*TANH_BITS.items(), *TANH_LARGE_BITS.items()])
def test_tanh_has_the_values_known_beforehand(weight, wanted):
    found = _minimal_model.binned_entropy(_minimal_model.equal_bins("tanh", 30), np.array([weight]))
    assert bits(found[0]) == pytest.approx(wanted, abs=6e-5)


@pytest.mark.parametrize(("width", "known"), RELU_BITS.items())
def test_relu_has_the_values_known_beforehand(width, known):
    edges = _minimal_model.fixed_width("relu", float(width.split()[1]), 10.0)
    found = bits(1.0) * _minimal_model.binned_entropy(edges, np.array(list(known)))
    np.testing.assert_allclose(found, list(known.values()), atol=6e-5)


def test_net_input_bins_have_the_values_known_beforehand():
    found = bits(1.0) * _minimal_model.binned_entropy(_minimal_model.net_input_edges(30), np.array(list(BITS)))
    np.testing.assert_allclose(found, list(BITS.values()), atol=6e-5)


@pytest.mark.parametrize(("count", "distinct"), [(30, 14), (100, 40)])
def test_double_precision_merges_most_edges(count, distinct):
    assert len(_minimal_model.collapsed_edges(count)) + 2 == distinct


@pytest.mark.parametrize(
    ("activation", "f", "low", "high"),
    [
        ("tanh", np.tanh, -1, 1),
        ("sigmoid", lambda z: 1 / (1 + np.exp(-z)), 0, 1),
        ("softsign", lambda z: z / (1 + abs(z)), -1, 1),
        ("hard_tanh", lambda z: np.clip(z, -1, 1), -1, 1),
    ],
)
@pytest.mark.parametrize("weight", [0.3, 2.0])
def test_it_is_the_entropy_of_binned_activities(activation, f, low, high, weight):
    """Binning a fine quadrature of the input says the same, up to the mass of one of its cells in a bin."""
    cells = 400_001
    x = norm.ppf((np.arange(cells) + 0.5) / cells)
    placed = np.clip(((f(weight * x) - low) / (high - low) * 7).astype(int), 0, 6)
    p = np.bincount(placed, minlength=7) / cells
    wanted = -sum(q * np.log(q) for q in p if q)
    edges = _minimal_model.equal_bins(activation, 7)
    assert _minimal_model.binned_entropy(edges, np.array([weight]))[0] == pytest.approx(wanted, abs=1e-4)


def test_a_linear_unit_in_fine_bins_nears_its_differential_entropy():
    edges = _minimal_model.fixed_width("linear", 0.01, 2.0)
    wanted = 0.5 * np.log(2 * np.pi * np.e * 4) - np.log(0.01) + 0.01**2 / (24 * 4)
    assert _minimal_model.binned_entropy(edges, np.array([2.0]))[0] == pytest.approx(wanted, abs=1e-9)


def test_far_bins_keep_their_digits():
    """The upper tail is as exact as the lower, where 1 - Phi would round to nothing."""
    edges = np.array([9.0, 10.0])
    found = _minimal_model.binned_entropy(edges, np.array([1.0]))[0]
    assert found == pytest.approx(_minimal_model.binned_entropy(-edges[::-1], np.array([1.0]))[0], rel=1e-12, abs=0)
    near, far = ndtr(-9.0) - ndtr(-10.0), ndtr(-10.0)
    assert found == pytest.approx(-near * np.log(near) - far * np.log(far), rel=1e-12, abs=0)


def test_the_minimal_model_itself():
    assert set(outcomes(MinimalModel(), computed(MinimalModel())).values()) == {YES}


def only(site, change):
    return lambda s, _, places, values: change(places, values) if s == site else values


@pytest.mark.parametrize(
    ("changed", "claim", "wanted"),
    [
        ({"tanh": only("30 bins", lambda w, v: v + nats(0.01))}, "tanh-falls", PARTLY),
        ({"tanh": only("30 bins", lambda w, v: np.linspace(1, 3, len(w)))}, "tanh-falls", PARTLY),
        ({"tanh_large": only("30 bins", lambda w, v: v + 1)}, "tanh-falls", PARTLY),
        ({"relu": only("width 0.5", lambda w, v: v[::-1])}, "relu-grows", PARTLY),
        ({"relu_large": only("width 0.1", lambda w, v: 2 * v)}, "relu-grows", PARTLY),
        ({"sigmoid": only("30 bins", lambda w, v: np.sort(v))}, "saturation-decides", PARTLY),
        ({"sigmoid": only("30 bins", lambda w, v: nats(0.4) * (w < 5))}, "saturation-decides", UNCLEAR),
        (
            {
                **{n: only("30 bins", lambda w, v: np.sort(v)) for n in ("tanh", "sigmoid", "softsign", "hard_tanh")},
                "linear": only("width 0.1", lambda w, v: v[::-1]),
            },
            "saturation-decides",
            NO,
        ),
    ],
)
def test_the_minimal_model_made_otherwise(changed, claim, wanted):
    assert outcomes(MinimalModel(), computed(MinimalModel(), changed))[claim] is wanted


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda w, v: v, YES),
        (lambda w, v: v + nats(0.1), PARTLY),
        (lambda w, v: v[::-1], PARTLY),  # 100 edges still grow
    ],
)
def test_net_input_bins(change, wanted):
    rows = computed(NetInputBinsMinimal(), {"tanh": only("30 edges", change)})
    assert outcomes(NetInputBinsMinimal(), rows) == {"increases": wanted}


def test_net_input_bins_that_fall_everywhere():
    rows = computed(NetInputBinsMinimal(), {"tanh": lambda s, q, w, v: v[::-1] + 1})
    assert outcomes(NetInputBinsMinimal(), rows) == {"increases": NO}


# --- Gaussian layers ---


def test_gaussian_information_is_that_of_the_joint_covariance():
    """From the entropies of the blocks of Cov(X, T, Y), built entry by entry."""
    rng = np.random.default_rng(0)
    w, teacher, c = rng.normal(size=(3, 5)), rng.normal(size=5), rng.uniform(0.2, 2, 5)
    label_noise, noise = 0.7, 1.3
    mixing = np.vstack([np.eye(5), w, teacher])
    own = np.diag([0.0] * 5 + [noise**2] * 3 + [label_noise**2])
    joint = mixing @ np.diag(c) @ mixing.T + own
    x, t, y = list(range(5)), [5, 6, 7], [8]

    def information(a, b):
        det = [np.linalg.slogdet(joint[np.ix_(part, part)])[1] for part in (a, b, a + b)]
        return 0.5 * (det[0] + det[1] - det[2])

    args = (w[None], c)
    part = np.arange(5) < 2
    assert _gaussian.layer_entropy(*args, noise)[0] == pytest.approx(information(x, t), rel=1e-9)
    assert _gaussian.information_about(part, *args, noise)[0] == pytest.approx(information(x[:2], t), rel=1e-9)
    assert _gaussian.label_information(*args, teacher, label_noise, noise)[0] == pytest.approx(
        information(t, y), rel=1e-9
    )


def test_as_printed_the_formulas_lack_what_the_figure_says():
    plan = LinearStudents().plan("smoke", 2)["sgd_100"]
    assert isinstance(plan, Computation)
    curves = list(plan.curves(at=(0, 3), seeds=(0, 1), **plan.arguments))
    right, printed = ([c for c in curves if bool(c.options) == p] for p in (False, True))
    errors = [next(c.values for c in half if c.split == "test") for half in (right, printed)]
    np.testing.assert_allclose(errors[1] - 1, 100 * (errors[0] - 1))
    assert {c.quantity for c in right} == {c.quantity for c in printed} == {"I(X;T)", "I(T;Y)", "loss"}


def test_the_linear_figure_starts_where_the_reference_does():
    """0.701 bits in one run of the reference; over seeds the start is narrow."""
    plan = LinearStudents().plan("smoke")["batch_100"]
    assert isinstance(plan, Computation)
    curves = plan.curves(at=(0,), seeds=tuple(range(20)), **plan.arguments)
    start = bits(1.0) * next(c.values for c in curves if c.quantity == "I(X;T)" and not c.options)[:, 0]
    assert start.mean() == pytest.approx(0.701, abs=0.02)


def test_the_irrelevant_inputs_figure_starts_where_the_reference_does():
    """14.58, 4.06 and 10.03 bits in one run of the reference: within three standard deviations of ours."""
    plan = IrrelevantInputs().plan("smoke")["samples_500"]
    assert isinstance(plan, Computation)
    curves = list(plan.curves(at=(0,), seeds=tuple(range(20)), **plan.arguments))
    for variable, wanted in (("input", 14.58), ("relevant inputs", 4.06), ("irrelevant inputs", 10.03)):
        start = next(c.values for c in curves if c.variable == variable and c.options == UNIT)[:, 0] * bits(1.0)
        assert abs(start.mean() - wanted) < 3 * start.std()


RISING, OVERTRAINED = np.linspace(1.0, 1.3, 8), np.array([2, 1.6, 1.5, 1.6, 2, 3, 6, 12.0])


LEARNED, LOST = 0.5 + 1 / np.arange(1, 9), (1, 2, 3, 3, 2, 2, 2, 2)


def linear_rows(
    made_up, inputs=RISING, few=OVERTRAINED, many=LEARNED, label=LOST, printed=RISING, spread=1e-3, unequal=RISING
):
    for name in UNEQUAL:
        made_up.series(name, "hidden1", "I(X;T)", unequal, spread=spread)
    for name, (_, lesson, _) in LESSONS.items():
        for i in range(len(lesson.hidden)):
            made_up.series(name, f"hidden{i + 1}", "I(X;T)", inputs, spread=spread)
            made_up.series(name, f"hidden{i + 1}", "I(X;T)", printed, options=options_text(PRINTED), spread=spread)
        made_up.series(name, "hidden1", "I(T;Y)", np.array(label, float), spread=spread)
        error = many if name.endswith("500") else few
        made_up.series(name, "network", "loss", error, unit="squared error", split="test", spread=spread)
    return made_up.rows()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, {"no-compression": YES, "overtrains": YES, "generalises": YES}),
        ({"inputs": RISING[::-1]}, {"no-compression": NO, "overtrains": YES, "generalises": YES}),
        ({}, {"no-compression-with-less-noise": YES}),
        ({}, {"similar-dynamics": YES, "no-compression-of-unequal-inputs": YES}),
        ({"unequal": RISING[::-1]}, {"no-compression": YES, "no-compression-of-unequal-inputs": NO}),
        ({"many": OVERTRAINED}, {"similar-dynamics": PARTLY}),
        ({"printed": RISING[::-1]}, {"no-compression": YES, "no-compression-with-less-noise": NO}),
        ({"many": OVERTRAINED}, {"no-compression": YES, "overtrains": YES, "generalises": NO}),
        ({"few": np.full(8, 1.0)}, {"no-compression": YES, "overtrains": PARTLY, "generalises": YES}),
        ({"few": np.full(8, 1.0), "label": range(1, 9)}, {"overtrains": NO}),
        ({"inputs": np.append(RISING[:-1], RISING[-2] - nats(0.01)), "spread": 0.1}, {"no-compression": UNCLEAR}),
    ],
)
def test_linear(made_up, changes, wanted):
    found = outcomes(LinearStudents(), linear_rows(made_up, **changes))
    assert {claim: found[claim] for claim in wanted} == wanted


def test_the_error_and_the_information_of_unequal_inputs_are_those_of_many_samples():
    plan = LinearStudents().plan("smoke", 1)["unequal_batch"]
    assert isinstance(plan, Computation)
    curves = {(c.site, str(c.quantity), c.split, str(c.options)): c for c in
              plan.curves(at=(0, 40), seeds=(3,), **plan.arguments)}  # fmt: skip
    lesson = Lesson(**plan.arguments)
    student = train_student(lesson, 3, (0, 40))
    x = np.random.default_rng(0).normal(size=(200_000, 100)) * np.sqrt(lesson.variances)
    y = x @ student.teacher + np.random.default_rng(1).normal(size=len(x))
    error = curves["network", "loss", "test", "{}"].values[0, 1]
    assert error == pytest.approx(((y - x @ student.total()[1, 0]) ** 2).mean(), rel=0.02)
    t = x @ student.layers[0][1].T
    wanted = 0.5 * np.linalg.slogdet(np.cov(t.T) + np.eye(t.shape[1]))[1]
    assert curves["hidden1", "I(X;T)", "all", "{}"].values[0, 1] == pytest.approx(wanted, rel=0.02)


HUMP = nats(1.0) * np.array([10, 10.1, 10.2, 10.2, 10.1, 10.0, 9.9, 9.8])
UP, DOWN = nats(1.0) * np.linspace(4, 5, 8), nats(1.0) * np.linspace(5, 4, 8)


@pytest.mark.parametrize(
    ("relevant", "irrelevant", "total", "few", "spread", "wanted"),
    [
        (UP, HUMP, UP, HUMP, 0.001, (YES, YES)),
        (UP, HUMP, UP, UP, 0.001, (YES, NO)),
        (UP, UP, UP, UP, 0.001, (PARTLY, NO)),
        (DOWN, UP - 9 * (UP - UP[0]), DOWN, UP, 0.001, (PARTLY, NO)),
        (DOWN, np.full(8, 1.0), DOWN, UP, 0.0, (NO, NO)),
        (UP, HUMP, UP, HUMP, 0.2, (UNCLEAR, UNCLEAR)),
    ],
)
def test_irrelevant_inputs(made_up, relevant, irrelevant, total, few, spread, wanted):
    options = options_text(UNIT)
    for network, part in (("samples_500", irrelevant), ("samples_100", few)):
        for variable, curve in zip(PARTS, (total, relevant, part), strict=True):
            made_up.series(
                network, "hidden1", "I(X;T)", curve, variable=variable, options=options, spread=spread, members=4
            )
    found = outcomes(IrrelevantInputs(), made_up.rows())
    assert (found["rises-and-falls"], found["with-few-samples"]) == wanted


@pytest.mark.parametrize(
    ("falls", "rises", "share", "wanted"),
    [
        ([11, 10.5, 10, 10], [0, 0.5, 1, 1], 0.5, YES),  # both go alike
        ([10, 11, 10.5, 10], [0, 1, 1, 1], 0.0, NO),  # has risen before anything falls
        ([11, 10, 10, 10], [0, 0, 1, 1], 1.0, YES),  # fallen before it rises
        ([10, 11, 10.5, 10], [0, 0.5, 0.5, 1], 0.375, YES),  # half of the rise at three quarters of the fall
        ([10, 11, 10.5, 10], [0, 0.9, 0.9, 1], 0.075, NO),
    ],
)
def test_whether_it_falls_while_the_network_fits(made_up, falls, rises, share, wanted):
    options = options_text(UNIT)
    made_up.series("samples_500", "hidden1", "I(X;T)", np.array(falls), variable="irrelevant inputs", options=options,
                   spread=0.0, members=4)  # fmt: skip
    made_up.series("samples_500", "hidden1", "I(T;Y)", np.array(rises), variable="label", options=options, spread=0.0,
                   members=4)  # fmt: skip
    (judged,) = (one for one in IrrelevantInputs().judge(made_up.rows()) if one.claim.id.endswith("while-it-fits"))
    assert judged.findings[0].value == pytest.approx(share)
    assert outcomes(IrrelevantInputs(), made_up.rows())["while-it-fits"] is wanted


@pytest.mark.parametrize(
    ("ratio", "norm_growth", "spread", "wanted"),
    [
        (np.linspace(0.6, 0.01, 8), 1.0, 0.001, YES),
        (np.linspace(0.6, 0.5, 8), 1.0, 0.001, PARTLY),
        (np.linspace(0.6, 0.5, 8), -0.5, 0.001, NO),
        (np.linspace(0.6, 0.18, 8), 1.0, 0.1, UNCLEAR),
    ],
)
def test_minimal_snr(made_up, ratio, norm_growth, spread, wanted):
    for network in ("sgd", "full_batch"):
        for layer in ("hidden1", "output"):
            made_up.series(network, layer, "gradient_snr", ratio, unit="ratio", spread=spread)
        made_up.series(network, "hidden1", "weight_norm", np.linspace(1, 1 + norm_growth, 8), unit="norm")
        made_up.series(network, "hidden1", "I(X;T)", np.linspace(1, 1 + norm_growth, 8))
    assert outcomes(MinimalSnr(), made_up.rows()) == {"falls-without-compression": wanted}


def test_the_ratio_of_a_scalar_network_is_that_of_its_samples():
    plan = MinimalSnr().plan("smoke", 1)["sgd"]
    assert isinstance(plan, Computation)
    student = train_student(Lesson(**plan.arguments), 0, (0, 5))
    first, second = (layer[1, 0, 0] for layer in student.layers)
    samples = zip(student.x[:, 0], student.y, strict=True)
    each = np.array([2 * (first * second * x - y) * second * x for x, y in samples])
    curves = plan.curves(at=(0, 5), seeds=(0,), **plan.arguments)
    found = next(c for c in curves if c.quantity == "gradient_snr" and c.site == "hidden1").values[0, 1]
    assert found == pytest.approx(abs(each.mean()) / each.std())


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda s, q, c, v: v, (YES, YES)),
        (lambda s, q, c, v: v * c if q == "gain" else v, (PARTLY, YES)),
        (lambda s, q, c, v: v * c if q == "gain" else np.ones_like(v), (NO, NO)),
    ],
)
def test_reparametrisation(change, wanted):
    found = outcomes(Reparametrisation(), computed(Reparametrisation(), {"linear": change}))
    assert (found["same-function"], found["processing-inequality"]) == wanted


# --- the bottleneck ---


def binary_entropy(q):
    return -q * np.log(q) - (1 - q) * np.log(1 - q)


@pytest.mark.parametrize("weight", [0.3, 0.5, 1.0, 2.0])
def test_the_bottleneck_of_a_binary_symmetric_channel(weight):
    """Mrs. Gerber's lemma: the best T is X through another such channel, and so is Y through the two in a row."""
    flip = 0.1
    x, y = _bottleneck.bottleneck(np.array([[1 - flip, flip], [flip, 1 - flip]]) / 2, weight)
    q = float(brentq(lambda q: binary_entropy(q) - (np.log(2) - x), 1e-12, 0.5))  # type: ignore[arg-type]
    assert y == pytest.approx(np.log(2) - binary_entropy(q * (1 - flip) + (1 - q) * flip), abs=1e-9)


@pytest.mark.parametrize("target", [0.1, 0.5, 0.9, 0.99])
def test_the_bottleneck_of_a_label_without_noise_is_reached_where_it_was_asked_for(target):
    joint = np.array([[0.5, 0], [0.2, 0], [0, 0.3]])
    label = binary_entropy(0.3)
    x, y = _bottleneck.bottleneck(joint, 1 / (2 * target))
    assert x == pytest.approx(min(target, label), abs=1e-4)
    assert y == pytest.approx(min(x, label), abs=1e-6)


@pytest.fixture(scope="module")
def bound() -> Rows:
    """The computed curve; it takes a second."""
    curve = InformationBottleneckBound().plan("smoke")["bound"]
    assert isinstance(curve, Computation)
    return curve.rows("made-up", "bound", [0])


def test_the_soft_label_says_99_hundredths_of_a_bit_and_belongs_to_classes():
    label = _soft_label.soft_label()
    assert bits(_soft_label.information(label.joint)) == pytest.approx(0.99, abs=1e-9)
    hard = task("boolean12").variables["label"]
    right = label.joint[:, 1] / label.joint.sum(1)
    assert ((right[label.classes] > 0.5) == hard).all()


def test_the_fit_of_beta_is_that_of_its_definition():
    """Against sums over all x and t, of an encoder with 40 values."""
    label = _soft_label.soft_label()
    codes = np.random.default_rng(0).integers(0, 40, 64)[label.classes]
    found = _soft_label.fit(codes)
    given = label.joint[label.classes] / label.joint[label.classes].sum(1, keepdims=True)
    pt = np.bincount(codes, minlength=40) / 4096
    decoder = np.array([given[codes == t].mean(0) if (codes == t).any() else (0.5, 0.5) for t in range(40)])
    far = (given[:, None] * (np.log(given[:, None]) - np.log(decoder[None]))).sum(-1)

    def divergence(beta: float) -> float:
        encoder = pt * np.exp(-beta * far)
        return float(-np.log((encoder / encoder.sum(1, keepdims=True))[np.arange(4096), codes]).mean())

    assert found.divergence == pytest.approx(divergence(found.beta), abs=1e-9)
    assert all(found.divergence <= divergence(found.beta * factor) + 1e-9 for factor in (0.5, 0.9, 1.1, 2.0))
    assert found.divergence < divergence(0.0) == pytest.approx(found.about_x)


def test_an_encoder_that_says_the_label_only_is_the_bottlenecks_own():
    label = _soft_label.soft_label()
    found = _soft_label.fit((label.joint[:, 1] > label.joint[:, 0])[label.classes])
    assert found.divergence == pytest.approx(0, abs=1e-6)
    assert -1e-9 < _soft_label.below_the_curve(found.about_x, found.about_y) < nats(0.01)
    copy = _soft_label.fit(np.arange(4096))
    assert copy.about_y == pytest.approx(nats(0.99))
    assert copy.divergence > 5  # nothing in the label needs 12 bits


def bottleneck_rows(made_up, bound, final_x, below, left):
    for i, layer in enumerate(("hidden1", "hidden2", "hidden3", "hidden4", "hidden5", "output")):
        x = np.full(8, nats(final_x[min(i, len(final_x) - 1)]))
        made_up.series("tanh", layer, "I(X;T)", x, spread=0.001)
        made_up.series("tanh", layer, "I(T;Y)", np.full(8, nats(0.99)), spread=0.001)
        made_up.series("soft", layer, "I(X;T)", x, spread=0.001)
        made_up.series("soft", layer, "below the curve", np.full(8, nats(below)), spread=0.001)
        made_up.series("soft", layer, "encoder divergence", left * x, spread=0.001)
    return Rows.concat([made_up.rows(), bound])


@pytest.mark.parametrize(
    ("final_x", "below", "left", "wanted"),
    [
        ([1.1], 0.01, 0.1, (YES, YES, YES)),
        ([12, 12, 11, 9, 3, 1.1], 0.01, 0.9, (YES, NO, NO)),
        ([12, 1.1], 0.2, 0.1, (NO, YES, PARTLY)),
        ([1.7], 0.07, 0.5, (UNCLEAR, UNCLEAR, UNCLEAR)),
    ],
)
def test_information_bottleneck_bound(made_up, bound, final_x, below, left, wanted):
    rows = bottleneck_rows(made_up, bound, final_x, below, left)
    found = outcomes(InformationBottleneckBound(), rows)
    assert (found["near-the-curve"], found["near-the-encoders"], found["near-the-corner"]) == wanted
    assert found["curve-without-noise"] is YES


def test_the_curve_of_the_12_bit_task_has_its_corner_at_the_labels_entropy(bound):
    x, y = (bound.filter(quantity=quantity).curves()[2][0] for quantity in ("I(X;T)", "I(T;Y)"))
    label = task("boolean12").entropies["label"]
    assert (x[-1], y[-1]) == pytest.approx((label, label), abs=1e-6)
    np.testing.assert_allclose(y, np.minimum(x, label), atol=1e-6)


@pytest.mark.parametrize("figure", [MinimalModel(), NetInputBinsMinimal(), Reparametrisation()], ids=lambda f: f.title)
def test_a_closed_form_says_what_it_is_and_that_nothing_was_sampled(figure):
    for plan in figure.plan("smoke").values():
        curves = list(plan.curves(at=plan.at, seeds=(), **plan.arguments))
        assert all(curve.estimand and curve.n == 0 for curve in curves)
        assert {curve.site for curve in curves} - {"network"} == set(plan.sites)
