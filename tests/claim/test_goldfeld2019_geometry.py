"""Goldfeld et al. 2019, geometry: the rules on made-up rows, and comparisons and inputs along a trajectory."""

from __future__ import annotations

import shutil
from functools import partial

import numpy as np
import pytest
from rule_outcomes import outcomes

import infoscope
from infoscope import estimator
from infoscope.claim import running
from infoscope.core import grammar
from infoscope.core.claim import Outcome, combine
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.core.estimate import Status
from infoscope.core.folder import RunFolder
from infoscope.core.rows import options_text
from infoscope.papers.goldfeld2019._correlations import spearman
from infoscope.papers.goldfeld2019._mnist import DETERMINISTIC, LAYERS, NETWORKS, NOISY, recorded
from infoscope.papers.goldfeld2019.beyond import _OPTIONS, _SITES, Beyond
from infoscope.papers.goldfeld2019.deterministic import _BINS, _CLUSTERING, _OFFSETS, Deterministic
from infoscope.papers.goldfeld2019.mnist import _INFORMATION, MnistClusters
from infoscope.scanning.plan import PRESETS

R, P, N, I, X = (
    Outcome.REPRODUCED,
    Outcome.PARTLY,
    Outcome.NOT_REPRODUCED,
    Outcome.INCONCLUSIVE,
    Outcome.NOT_TESTABLE,
)

make = partial(grammar.make, "geometries")
RISING = np.array([0.0, 1, 2, 3, 4, 5, 6, 7])


def falling(drop: float, peak: float = 6.0) -> np.ndarray:
    """Peaks at epoch 25 and ends ``drop`` nats below."""
    return np.array([peak - 2, peak - 1, peak - 0.5, peak, peak - drop / 2, *[peak - drop] * 3])


def entropy_rows(made_up, drops, hidden4=(0.0, 3.0), ratio=None, spread=0.01):
    """H(Bin(T)) at each width, and the distance ratio."""

    def series(layer, width, curve, **more):
        options = options_text(make("binned_entropy", width=width, offsets=_OFFSETS).options)
        made_up.series(
            "tanh", layer, "H(Bin(T))", curve, estimator="binned_entropy", options=options, spread=spread, **more
        )

    for width, drop in zip((1e-4, 1e-1), hidden4, strict=True):
        series("hidden4", width, falling(drop))
    for width, drop in zip(_BINS, drops, strict=True):
        series("hidden5", width, falling(drop))
    series("hidden5", _CLUSTERING, RISING)
    if ratio is not None:
        for quantity in ("distance_ratio", "within_class_distance_50"):
            made_up.series(
                "tanh", "hidden5", quantity, ratio, estimator="class_distances", unit="ratio", variable="label"
            )
    return made_up.rows()


@pytest.mark.parametrize(
    ("drops", "hidden4", "ratio", "wanted"),
    [
        ((0.0, 0.5, 1.5, 3.0), (0.0, 3.0), RISING, (R, R, R, R, R)),
        ((0.0, 0.5, 3.0, 0.2), (0.0, 0.2), -RISING, (X, N, N, N, N)),  # no bins see a fall in either layer
        ((3.0, 2.0, 1.5, 1.2), (0.0, 3.0), [0, 1, 2, 3, 4, 5, 7, 6], (P, R, N, R, N)),
        ((3.0, 2.0, 1.5, 1.0), (2.0, 3.0), [7, 6, 5, 4, 3, 0, 1, 2], (N, I, N, N, R)),
    ],
)
def test_deterministic(made_up, drops, hidden4, ratio, wanted):
    found = outcomes(Deterministic(), entropy_rows(made_up, drops, hidden4, np.array(ratio, float)))
    assert tuple(found.values()) == wanted


def test_deterministic_says_what_it_did_not_measure_and_what_it_saw(made_up):
    rows = entropy_rows(made_up, (0.0, 0.5, 1.5, 3.0))
    judged = {each.claim.id.rsplit("/")[-1]: each for each in Deterministic().judge(rows)}
    assert combine(judged["binned-entropy-is-clustering"].findings) is X
    (told,) = judged["wider-falls-more"].notes
    assert told.startswith("drops of the mean curves in nats by width: 0.0001: 0")
    assert combine(judged["wide-bins-fall"].findings) is R
    assert "width 0.1, hidden5" in judged["wide-bins-fall"].findings[0].name


def test_spearman_is_a_rank_correlation():
    from scipy.stats import spearmanr

    x, y = np.random.default_rng(0).integers(0, 5, size=(2, 3, 20))
    expected = [spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)]
    assert spearman(x, y) == pytest.approx(expected)
    assert spearman(np.ones(5), np.arange(5.0)) == 0


def mnist_rows(made_up, errors, cosines, falls, status=Status.SATURATED, spread=0.0005):
    """errors: final, by network. cosines: noise 0.1, dropout, own start. falls: of the ratio, without, with noise."""
    for name, error in zip(NETWORKS, errors, strict=True):
        curve = 1 - np.array([0.9, 0.5, 0.2, error])
        made_up.series(name, "network", "accuracy", curve, members=5, spread=spread, estimator="training",
                       unit="fraction", split="test", variable="label")  # fmt: skip
        if "noise" in name:
            made_up.series(name, "network", "noisy_accuracy", curve, members=5, spread=spread, estimator="training",
                           unit="fraction", split="test", variable="label")  # fmt: skip
        fall = falls[0] if name == DETERMINISTIC else falls[1]
        made_up.series(name, "features", "distance_ratio", np.linspace(0.9, 0.9 - fall, 4), members=5, spread=0.002,
                       estimator="class_distances", unit="ratio", variable="label")  # fmt: skip
    for name, value, options in (
        (NOISY, cosines[0], {}),
        ("dropout", cosines[1], {}),
        (DETERMINISTIC, cosines[2], {"members": "start"}),
    ):
        text = options_text(make("cosine_similarity", against=DETERMINISTIC, **options).options)
        for layer in LAYERS:
            made_up.series(name, layer, "cosine_median", np.full(4, value), members=5, spread=0.001,
                           estimator="cosine_similarity", options=text, unit="ratio")  # fmt: skip
    text = options_text(estimator("noisy", noise=0.1, **_INFORMATION).options)
    made_up.series(NOISY, "features", "I(X;T)", np.full(1, 8.0), members=5, estimator="noisy", options=text,
                   status=status)  # fmt: skip
    return made_up.rows()


PAPER = (0.0050, 0.0050, 0.0051, 0.0086, 0.22, 0.0039)


@pytest.mark.parametrize(
    ("errors", "cosines", "falls", "status", "wanted"),
    [
        (PAPER, (0.8, 0.82, 0.3), (0.4, 0.3), Status.SATURATED, (R, R, R, R, R)),
        ((0.05, 0.08, 0.09, 0.08, 0.09, 0.05), (0.4, 0.9, 0.35), (0.05, 0.02), Status.OK, (N, N, N, N, N)),
        ((0.05, 0.05, 0.09, 0.1, 0.055, 0.05), (0.8, 0.82, 0.7), (0.4, 0.02), Status.UNRESOLVED, (P, P, P, P, R)),
    ],
)
def test_mnist(made_up, errors, cosines, falls, status, wanted):
    found = outcomes(MnistClusters(), mnist_rows(made_up, errors, cosines, falls, status))
    assert tuple(found.values()) == wanted


def test_mnist_tells_the_errors_and_the_bracket(made_up):
    judged = MnistClusters().judge(mnist_rows(made_up, PAPER, (0.8, 0.82, 0.3), (0.4, 0.3)))
    assert judged[0].notes[0].startswith("final validation errors in 10 000, noise off: deterministic 50 ± ")
    assert judged[0].notes[1].startswith("final validation errors in 10 000, noise on: noise_005 50 ± ")
    assert "statuses: SATURATED" in judged[-1].notes[0]


def test_few_seeds_do_not_show_that_errors_are_alike(made_up):
    """The means are: that decided before, whatever the seeds vary by."""
    rows = mnist_rows(made_up, PAPER, (0.8, 0.82, 0.3), (0.4, 0.3), spread=0.002)
    assert outcomes(MnistClusters(), rows)["little-noise-is-free"] is I


def test_mnist_counts_errors_with_the_noise_on_or_not_at_all(made_up):
    rows = mnist_rows(made_up, PAPER, (0.8, 0.82, 0.3), (0.4, 0.3))
    off = rows.filter(quantity=set(rows.unique("quantity")) - {"noisy_accuracy"})
    found = outcomes(MnistClusters(), off)
    assert (found["little-noise-is-free"], found["much-noise-costs"]) == (X, X)


def beyond_rows(made_up, grows, best, steps, change, spread=0.001):
    """grows, best: of sliced and max-sliced I(T;Y). steps: of compressed I(X;T) between layers. change: in training."""

    def series(name, quantity, site, curve):
        options = estimator(name, **_OPTIONS[name]).options
        variable = "label"
        if quantity == "I(X;T)":
            options, variable = {**options, "with": "input"}, "input"
        made_up.series(DETERMINISTIC, site, quantity, np.asarray(curve), members=5, spread=spread, estimator=name,
                       options=options_text(options), variable=variable)  # fmt: skip

    ends = 3 + np.concatenate([[0], np.cumsum(steps)])
    for place, (site, end) in enumerate(zip(_SITES, ends, strict=True)):
        series("sliced", "I(T;Y)", site, [0.1, 0.2 + grows * (place >= 2)])
        series("max_sliced", "I(T;Y)", site, [0.5 + best * (place >= 2)])
        series("lossy_compression", "I(X;T)", site, [end - change, end])
    return made_up.rows()


@pytest.mark.parametrize(
    ("grows", "best", "steps", "change", "wanted"),
    [
        (0.3, 0.4, (-1, 0, 0), -0.5, (R, R, R, R)),
        (0.0, 0.0, (0.3, 0.4, 0.5), 0.0, (N, N, N, N)),
        (0.3, 0.1, (0.3, 0, 0), 0.08, (R, I, P, I)),
        (-0.3, 0.4, (0.07, 0, 0), 0.3, (N, R, I, R)),
    ],
)
def test_beyond(made_up, grows, best, steps, change, wanted):
    found = outcomes(Beyond(), beyond_rows(made_up, grows, best, steps, change))
    assert tuple(found.values()) == wanted


def test_beyond_names_every_violation_of_the_data_processing_inequality(made_up):
    judged = Beyond().judge(beyond_rows(made_up, 0.3, 0.4, (-1, 0.5, 0), -0.5))
    notes = {note.split(" in nats")[0]: note for note in judged[0].notes}
    assert set(notes) == {"sliced I(T;Y)", "max_sliced I(T;Y)", "lossy_compression I(X;T)"}
    assert notes["lossy_compression I(X;T)"].endswith("grows conv2.map to features by 0.5")
    assert notes["sliced I(T;Y)"].endswith("grows conv2.map to features by 0.3")


@pytest.mark.parametrize("preset", PRESETS)
def test_the_networks_of_beyond_can_be_taken_over_from_mnist(preset):
    preset = Beyond().preset(preset)
    mnist, beyond = (figure().plan(preset) for figure in (MnistClusters, Beyond))
    for name, plan in beyond.items():
        assert plan.training() == mnist[name].training()
    assert all(plan.seeds == mnist[DETERMINISTIC].seeds for plan in mnist.values())
    sizes = recorded(preset)
    assert sizes[0] == 0
    assert sizes[-1] == mnist[DETERMINISTIC].recipe.epochs


# --- along a trajectory -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> RunFolder:
    """One short run, which tests may read but not write to."""
    return running.run_figure("saxe2018/tanh", "smoke", 2, tmp_path_factory.mktemp("trained"))


@pytest.fixture
def run(trained, tmp_path):
    return infoscope.load(shutil.copytree(trained.path, tmp_path / trained.id))


def test_geometry_along_a_trajectory_is_that_of_its_representations(run):
    rows = run.measure("class_distances", places=("hidden5",))
    step = run.trajectory.steps[-1]
    task = infoscope.task("boolean12")
    plan = running.plan_of(run.folder, "tanh")
    import torch

    held = plan.network.representations(run.trajectory[step], torch.tensor(task.inputs), ("hidden5",))["hidden5"]
    for member in range(2):
        for quantity, estimate in infoscope.geometry(held[member], task.variables["label"]).items():
            (value,) = rows.filter(step=step, member=member, quantity=quantity).column("value")
            assert value == pytest.approx(estimate.value, rel=1e-5)  # these layers are float32 of another program
    assert set(rows.unique("unit")) == {"ratio", "norm"}
    assert rows.unique("variable") == ["label"]
    assert len(run.measure("class_distances", places=("hidden5",))) == len(rows)  # nothing is measured twice


def test_several_widths_are_rows_of_their_own(run):
    rows = run.measure("binned_entropy", places=("hidden5",), width="0.1,0.01", offsets=2)
    assert len(rows.unique("options")) == 2
    assert (rows.column("low") <= rows.column("high")).all()


def test_networks_are_compared_member_by_member(run):
    same = run.measure("cosine_similarity", places=("hidden3",), against="tanh")
    assert same.filter(quantity="cosine_median").column("value") == pytest.approx(1)
    others = run.measure("cosine_similarity", places=("hidden3",), against="tanh", members="next")
    first, second = (others.filter(quantity="cosine_median", member=member).column("value") for member in (0, 1))
    assert first == pytest.approx(second)  # of two members each is the other's next
    assert (first < 0.99).all()
    begun = run.measure("cosine_similarity", places=("hidden3",), against="tanh", members="start")
    begun = begun.filter(quantity="cosine_median", member=0).column("value")
    assert begun[0] == pytest.approx(1)  # at the start itself
    assert begun[-1] < 0.999
    shares = others.filter(quantity="cosine_share", member=0, step=run.trajectory.steps[-1])
    assert shares.column("value").sum() == pytest.approx(1)


def test_a_comparison_with_nothing_is_refused(run):
    with pytest.raises(InputError, match=r"compares two networks and one arrived: say which, e.g. against=tanh"):
        run.measure("cosine_similarity")
    with pytest.raises(UnknownNameError, match="there is no network named 'relu'"):
        run.measure("cosine_similarity", against="relu")


def test_information_about_the_inputs_by_an_estimator_of_two_sets_of_rows(run):
    options = {"with": "input", "components": 2}
    rows = run.measure("lossy_compression", places=("hidden5",), **options)
    assert rows.unique("quantity") == ["I(X;T)"]
    assert rows.unique("variable") == ["input"]
    assert '"with":"input"' in rows.unique("options")[0]
    labels = run.measure("lossy_compression", places=("hidden5",), components=2)
    assert labels.unique("quantity") == ["I(T;Y)"]
    with pytest.raises(InputError, match="does not take two sets of real rows"):
        run.measure("kde", **{"with": "input"})


def test_the_command_line_measures_geometry(run, capsys, tmp_path):
    from infoscope.cli import main

    def said(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        assert ended.value.code == 0
        return capsys.readouterr().out

    text = said("measure", run.folder.path, "--estimator", "effective_rank")
    assert " dimensions" in text
    assert " bits" not in text
    rng = np.random.default_rng(0)
    np.save(tmp_path / "t.npy", rng.normal(size=(50, 3)))
    np.save(tmp_path / "y.npy", rng.integers(0, 2, 50))
    text = said("geometry", tmp_path / "t.npy", tmp_path / "y.npy", "--option", "pairs=100")
    assert text.startswith("distance_ratio = ")
    assert said("geometry", tmp_path / "t.npy", "--measure", "effective_rank", "--json").startswith("{")
    assert "neural_collapse" in said("list", "geometries")
