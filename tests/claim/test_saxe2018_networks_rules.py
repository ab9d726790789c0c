"""The rules of the figures on trained networks on made-up rows: every verdict each can give."""

from __future__ import annotations

import numpy as np
import pytest
from rule_outcomes import bits_curve, falling, late, outcomes

from infoscope import estimator as make
from infoscope.core.claim import Outcome, combine
from infoscope.core.rows import options_text
from infoscope.core.units import nats
from infoscope.papers.saxe2018 import neighbour_entropy
from infoscope.papers.saxe2018.activity_histograms import ActivityHistograms
from infoscope.papers.saxe2018.architectures import Architectures
from infoscope.papers.saxe2018.compression_time import CompressionTime
from infoscope.papers.saxe2018.depth import Depth
from infoscope.papers.saxe2018.net_input_bins import NetInputBins
from infoscope.papers.saxe2018.phase_change import PhaseChange, _log_change
from infoscope.papers.saxe2018.sample_size import SampleSize

HIDDEN = [f"hidden{i}" for i in range(1, 6)]
R, P, N, I, X = (
    Outcome.REPRODUCED, Outcome.PARTLY, Outcome.NOT_REPRODUCED, Outcome.INCONCLUSIVE, Outcome.NOT_TESTABLE
)  # fmt: skip


@pytest.mark.parametrize(
    ("drops", "wanted"),
    [
        ((0, 0.1, 0, 0.1, 0.2), R),
        ((0, 0.1, 0, 0.1, 3.0), R),  # one layer may compress
        ((0, 0.1, 0, 1.0, 3.0), N),
        ((0, 0.1, 0, 0.4, 3.0), I),
    ],
)
def test_net_input_bins(made_up, drops, wanted):
    for layer, drop in zip(HIDDEN, drops, strict=True):
        made_up.series("tanh", f"{layer}.linear", "I(X;T)", falling(drop))
    judged = NetInputBins().judge(made_up.rows())[0]
    assert combine(judged.findings) is wanted
    assert judged.findings[0].name.startswith("second largest drop")
    assert f"tanh hidden5.linear {drops[-1]:.1g} bits" in judged.notes[0]


def test_net_input_bins_wants_every_layer(made_up):
    made_up.series("tanh", "hidden1.linear", "I(X;T)", falling(0.1))
    assert combine(NetInputBins().judge(made_up.rows())[0].findings) is Outcome.NOT_TESTABLE


def entropy_rows(made_up, tanh, relu):
    """Curves by the paper's formula; with repeated rows merged, which decides nothing, all is the other way round."""
    for options, flip in (({"k": 2, "floor": 1e-16, "duplicates": "keep"}, 1), ({"k": 2}, -1)):
        text = options_text(make("kozachenko_leonenko", **options).options)
        for network, drops in (("tanh", tanh), ("relu", relu)):
            for layer, drop in zip(HIDDEN, drops[::flip], strict=True):
                made_up.series(network, layer, "H(T)", falling(drop), estimator="kozachenko_leonenko", options=text)
    return made_up.rows()


@pytest.mark.parametrize(
    ("tanh", "relu", "wanted"),
    [
        ((-1, -1, 0, 1, 9), (-1,) * 5, (R, R)),
        ((-1, -1, 0, 0, 9), (-1, -1, 0, 0, 9), (N, P)),
        ((-1, -1, 0, 0.4, 9), (1,) * 5, (I, N)),
        ((1, 1, 1, 1, 9), (0, 0, 0, 0.4, 0), (R, I)),
    ],
)
def test_neighbour_entropy(made_up, tanh, relu, wanted):
    judged = neighbour_entropy.NeighbourEntropy().judge(entropy_rows(made_up, tanh, relu))
    assert tuple(combine(each.findings) for each in judged) == wanted
    assert [note.split(":")[0] for note in judged[0].notes] == ["the paper's formula", "one of each repeated row"]
    assert "tanh hidden1 9 bits" in judged[0].notes[1]


def activity_rows(made_up, saturated, zeros, spread=0.001):
    options = {"estimator": "activity", "unit": "fraction", "spread": spread}
    shares = np.linspace(0, 1, 8)
    for layer, end in zip(HIDDEN[-3:], saturated, strict=True):
        made_up.series("tanh", layer, "activity_share", end / 2 * shares, variable="up to -0.9", **options)
        made_up.series("tanh", layer, "activity_share", end / 2 * shares, variable="above 0.9", **options)
    for layer in HIDDEN:
        made_up.series("relu", layer, "activity_share", 0.5 + zeros * shares, variable="up to 0", **options)
        for cell in ("up to 2", "up to 4", "up to 8", "up to 16", "up to 32", "up to 64", "above 64"):
            made_up.series("relu", layer, "activity_share", 0.05 * shares, variable=cell, **options)
        made_up.series("relu", layer, "activity_share", 0.5 - shares, variable="up to 1", **options)
    return made_up.rows()


@pytest.mark.parametrize(
    ("saturated", "zeros", "wanted"),
    [
        ((0.6, 0.7, 0.9), -0.05, (R, R, R)),
        ((0.1, 0.7, 0.9), -0.15, (R, P, I)),
        ((0.1, 0.1, 0.2), 0.3, (N, N, P)),
        ((0.5, 0.7, 0.9), 0.0, (R, I, R)),
    ],
)
def test_activity_histograms(made_up, saturated, zeros, wanted):
    found = outcomes(ActivityHistograms(), activity_rows(made_up, saturated, zeros))
    assert (found["tanh-saturates"], found["last-three"], found["relu-disperses"]) == wanted


def test_activity_histograms_report_sgd_without_judging_it(made_up):
    for cell in ("up to -0.9", "above 0.9"):
        for layer in HIDDEN[-3:]:
            made_up.series(
                "tanh_sgd", layer, "activity_share", np.full(8, 0.4), variable=cell, unit="fraction", spread=0.0
            )
    judged = {each.claim.id: each for each in ActivityHistograms().judge(made_up.rows())}
    last = judged["saxe2018/activity_histograms/last-three"]
    assert combine(last.findings) is Outcome.NOT_TESTABLE
    assert "tanh_sgd hidden3 80 %, tanh_sgd hidden4 80 %, tanh_sgd hidden5 80 %" in last.notes[0]


@pytest.mark.parametrize(
    ("drops", "control", "wanted"),
    [
        ((0.1,) * 8, 0.3, R), ((0.1,) * 7 + (0.9,), 0.3, P), ((0.9,) * 8, 0.3, N), ((0.1,) * 7 + (0.4,), 0.3, I),
        ((0.1,) * 8, 0.0, X),  # nothing falls that should: whether anything could be seen is not known
    ],
)  # fmt: skip
def test_architectures(made_up, drops, control, wanted):
    places = [(f"{a}_{w}", layer) for a in ("tanh", "relu") for w in ("20_10", "512_10") for layer in HIDDEN[:2]]
    for (network, layer), drop in zip(places, drops, strict=True):
        made_up.series(network, layer, "I(X;T)", falling(drop), estimator="kde")
        made_up.series(network, layer, "I(X;T)", falling(1 - drop), estimator="binned")  # measured beside: ignored
    for network in ("tanh_20_10", "relu_20_10", "tanh_512_10", "relu_512_10"):
        made_up.series(network, "output", "I(X;T)", falling(control), estimator="kde")
    assert outcomes(Architectures(), made_up.rows()) == {"shallow-no-compression": wanted}


@pytest.mark.parametrize(
    ("hidden5", "output", "wanted"),
    [
        (falling(5), late(3), R),  # epoch 8000 is four times epoch 2000
        (falling(5), bits_curve(1, 2, 3, 4, 5, 6, 7, 8), P),  # still rising: neither a drop nor time spent on it
        (falling(0.1), falling(0.1), P),  # most of the time, but next to nothing is lost
        (falling(5), falling(0.4), I),
    ],
)
def test_compression_time(made_up, hidden5, output, wanted):
    for layer, curve in (("hidden5", hidden5), ("output", output)):
        made_up.series("tanh", layer, "I(X;T)", curve, spread=0.001)
    assert outcomes(CompressionTime(), made_up.rows()) == {"most-of-training": wanted}


def test_compression_time_when_nothing_compresses(made_up):
    for layer in ("hidden5", "output"):
        made_up.series("tanh", layer, "I(X;T)", bits_curve(1, 2, 3, 4, 5, 6, 7, 8))
    assert outcomes(CompressionTime(), made_up.rows()) == {"most-of-training": N}


def ratio(crossing: int) -> np.ndarray:
    """A signal-to-noise ratio that peaks after epoch 1 and is below 1 from recorded epoch number ``crossing`` on."""
    return np.where(np.arange(8) < crossing, 3.0, 0.3) + (np.arange(8) == 1)


@pytest.mark.parametrize(
    ("changes", "samples", "wanted"),
    [
        ((3, 3), (3, 3), (R, N)),  # at the epoch from which it falls, 25, and not about 350
        ((3, 5), (3, 5), (P, P)),  # at epoch 400
        ((6, 1), (6, 1), (N, N)),  # much later, much earlier
        ((3, 3), (5, 5), (P, P)),  # it hangs on the batch
    ],
)
def test_phase_change(made_up, changes, samples, wanted):
    for layer, change, of_samples in zip(("hidden5", "output"), changes, samples, strict=True):
        made_up.series("tanh", layer, "I(X;T)", falling(3))
        for quantity, at in (("gradient_snr", change), ("sample_gradient_snr", of_samples)):
            made_up.series("tanh", layer, quantity, 10 * ratio(at), unit="ratio", estimator="training")
    assert tuple(outcomes(PhaseChange(), made_up.rows()).values()) == wanted


def test_a_change_of_level_does_not_hang_on_the_level():
    epochs = np.array([0, 1, 5, 25, 100, 400, 2000, 8000])
    for size in (0.01, 1.0, 100.0):
        assert 10 ** _log_change(epochs, size * ratio(4)[None])[0] - 1 == pytest.approx(100)


def test_phase_change_says_when(made_up):
    made_up.series("tanh", "hidden5", "I(X;T)", falling(3))
    made_up.series("tanh", "hidden5", "gradient_snr", ratio(5), unit="ratio", estimator="training", spread=0.0)
    notes = PhaseChange().judge(made_up.rows())[0].notes
    assert notes == (
        "hidden5: the ratio over minibatches changes its level at epoch 400 and falls below 1 at epoch 400, I(X;T) is "
        "highest at epoch 25 and falls for good from epoch 25 on (mean curves)",
    )


def depth_curves(depth: int, sign: int) -> tuple[np.ndarray, np.ndarray]:
    """I(X;T) with a compression that ends, and a test accuracy that is reached, the sooner the deeper for sign 1."""
    when = 4 + (depth <= 3) if sign > 0 else 4 + (depth > 3)
    places = np.arange(8)
    curve = np.where(places == 3, 8.0, np.where(places < 3, 5.0, np.where(places < when, 7.0, 4.0)))
    return nats(1.0) * curve, np.where(places < when, 0.8, 0.97)


@pytest.mark.parametrize(
    ("sign", "drop", "spread", "wanted"),
    [
        (1, 1.0, 0.001, (R, R)),
        (-1, 1.0, 0.001, (P, N)),
        (-1, 0.01, 0.001, (N, N)),
        (1, 1.0, 0.2, (R, I)),
    ],
)
def test_depth(made_up, sign, drop, spread, wanted):
    for depth in range(1, 7):
        curve, accuracy = depth_curves(depth, sign)
        made_up.series(f"depth{depth}", "output", "I(X;T)", drop * curve, spread=0.001)
        made_up.series(
            f"depth{depth}", "network", "accuracy", accuracy, estimator="training", unit="fraction", split="test",
            spread=spread,
        )  # fmt: skip
    found = outcomes(Depth(), made_up.rows())
    assert (found["shortens-compression"], found["learns-sooner"]) == wanted


def test_depth_says_how_long_each_takes(made_up):
    for depth in (1, 6):
        curve, accuracy = depth_curves(depth, 1)
        made_up.series(f"depth{depth}", "output", "I(X;T)", curve, spread=0.0)
        made_up.series(
            f"depth{depth}", "network", "accuracy", accuracy - 0.1 * (depth == 1), estimator="training", split="test"
        )
    shorter, sooner, _ = Depth().judge(made_up.rows())
    assert shorter.notes == ("epochs of the output's compression by hidden layers: 1: 25 to 400, 6: 25 to 100",)
    assert sooner.notes == ("first epoch with a mean test accuracy of 0.95 by hidden layers: 1: never, 6: 100",)
    assert combine(shorter.findings) is Outcome.NOT_TESTABLE


@pytest.mark.parametrize(
    ("one", "six", "spread", "wanted"),
    [
        (0.7, 4, 0.001, R),  # six are there at epoch 100
        (0.99, 4, 0.001, P),
        (0.7, 6, 0.001, P),  # at epoch 2000
        (0.99, 7, 0.001, N),
        (0.93, 4, 0.001, I),
    ],
)
def test_one_hidden_layer_never_learns(made_up, one, six, spread, wanted):
    steps = np.arange(8)
    curves = {"sgd_depth1": one * steps / 7, "sgd_depth6": np.where(steps < six, 0.5, 0.99)}
    for network, curve in curves.items():
        made_up.series(network, "output", "I(T;Y)", nats(0.999157) * curve, spread=spread, variable="label")
    assert outcomes(Depth(), made_up.rows())["one-layer-never-learns"] is wanted
    made_up.series("depth1", "output", "I(T;Y)", nats(0.999157) * steps / 7, spread=0.0, variable="label")
    (told,) = Depth().judge(made_up.rows())[2].notes
    assert told == "trained by Adam, one hidden layer gets to 1.000 H(Y) at its highest"


@pytest.mark.parametrize(
    ("few", "many", "wanted"),
    [(0.3, 0.01, R), (0.3, 0.3, P), (0.01, 0.3, N), (0.3, 0.07, I)],
)
def test_sample_size(made_up, few, many, wanted):
    for network, drop in (("five_percent", few), ("forty_five_percent", 0.05), ("eighty_five_percent", many)):
        for layer in ("hidden5", "output"):
            curve = nats(1.0) * np.array([0.1, 0.3, 0.5, 0.8, 0.8, 0.8 - drop, 0.8 - drop, 0.8 - drop])
            made_up.series(network, layer, "I(T;Y)", curve, spread=0.001, variable="label")
    judged = SampleSize().judge(made_up.rows())[0]
    assert combine(judged.findings) is wanted
    drops = "forty_five_percent hidden5 0.05 bits, forty_five_percent output 0.05 bits"
    assert judged.notes == (f"for comparison: drop of I(T;Y) after its peak: {drops}",)
