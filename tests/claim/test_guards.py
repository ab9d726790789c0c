"""What a run must have before a claim is judged: laws over every figure, and each guard by itself."""

from __future__ import annotations

import json
import math
import shutil
from itertools import product
from typing import Any

import numpy as np
import pytest
from rule_outcomes import CHANCE, FITTED, GUESS, falling, guarded, learning_curves, trained_networks

import infoscope
from infoscope.claim import running
from infoscope.claim.figure import Judged
from infoscope.claim.judging import SMOKE, fall_over_a_third, training, verdicts
from infoscope.claim.reading.curves import score_finding
from infoscope.core import registry
from infoscope.core.claim import NOTHING, Criterion, Finding, Learned, Outcome, combine, completed
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.files import write_json
from infoscope.core.folder import RunFolder
from infoscope.core.older_rows import quantity as named
from infoscope.core.quantity import LAYER_ENTROPY, Quantity
from infoscope.core.rows import Place, Rows, RowsBuilder
from infoscope.core.sealed import sealed
from infoscope.core.units import nats
from infoscope.papers.kleinman2021.fine_coarse_convolutional import FineCoarseConvolutional
from infoscope.papers.saxe2018.mnist import MnistPlane
from infoscope.papers.saxe2018.relu import ReluPlane
from infoscope.papers.saxe2018.tanh import TanhPlane

FIGURES = list(registry.entries("figures"))
DEAD = (1, 4, 5)
ENOUGH = Criterion(">=", 1.0, "nats", fails_at=0.5)


def members(networks: set[str], count: int = 12) -> Rows:
    """One value of each member of each network at four epochs."""
    builder = RowsBuilder("made-up")
    for network in sorted(networks):
        for member in range(count):
            for epoch in (0, 100, 6000, 9000):
                place = Place(network, epoch, "hidden1", 0, "input", "binned", member, member, float(epoch))
                builder.add(place, Estimate(1.0, Quantity.of("I(X;T)", "nats"), "made up", 100))
    return builder.rows()


def run_of(figure, loss: Any = FITTED, right: Any = 1.0, count: int = 12) -> tuple[Rows, set[str]]:
    networks = trained_networks(figure)
    rows = members(networks, count)
    return Rows.concat([rows, *(learning_curves(rows, network, loss, right) for network in networks)]), networks


@pytest.fixture(params=FIGURES)
def figure(request, monkeypatch):
    """A figure whose every claim has one part: it holds without the dead members, and is unclear with them."""
    one = registry.load("figures", request.param)()
    claims = [each.claim for each in one.judge(RowsBuilder("empty").rows())]

    def judge(rows: Rows) -> list[Judged]:
        whole = set(DEAD) <= set(rows.unique("member"))
        count = len(rows.unique("member"))
        interval = None if count == 1 else ((0.7, 2.0) if whole and judge.shaken else (1.5, 2.5))
        return [Judged(claim, (Finding("made up", ENOUGH, 2.0, interval, count),)) for claim in claims]

    judge.shaken = False
    monkeypatch.setattr(one, "judge", judge)
    return one


def test_smoke_reproduces_nothing_that_had_to_be_trained(figure):
    rows, networks = run_of(figure)
    for verdict in guarded(figure, rows, networks, preset="smoke"):
        if not figure.trains:
            assert verdict.outcome is Outcome.REPRODUCED
            continue
        assert (verdict.outcome, verdict.reason) == (Outcome.NOT_TESTABLE, SMOKE)
        (finding,) = verdict.to_json()["findings"]
        assert (finding["outcome"], finding["value"]) == ("holds", 2.0)  # what was measured is kept beside it


def test_networks_at_chance_decide_nothing_that_takes_learning_for_granted(figure):
    rows, networks = run_of(figure, CHANCE, 0.5)
    for verdict in guarded(figure, rows, networks):
        if not networks or verdict.claim.presupposes == NOTHING:
            assert verdict.outcome is Outcome.REPRODUCED
        else:
            assert verdict.outcome is Outcome.NOT_TESTABLE
            assert "fewer than half of the networks trained" in verdict.reason
            assert verdict.to_json()["claim"]["presupposes"] == str(verdict.claim.presupposes)


def test_networks_that_learned_half_of_what_is_asked_or_still_learn_decide_nothing(figure):
    for loss, right, said in (
        ((0.69, 0.6, 0.5, 0.5), 0.6, "have not learned what the claim takes for granted"),
        ((0.69, 0.6, 0.4, 0.2), 0.9, "training had not ended"),
    ):
        rows, networks = run_of(figure, loss, right)
        for verdict in guarded(figure, rows, networks):
            wanted = verdict.claim.presupposes or NOTHING
            stopped = bool(networks) and (wanted.share > 0 if "learned" in said else wanted.ended)
            assert (verdict.outcome is Outcome.NOT_TESTABLE) == stopped
            assert (said in verdict.reason) == stopped


def test_a_loss_that_was_lower_before_is_not_still_falling(made_up):
    for site in ("hidden1", "hidden2", "hidden3", "hidden4", "hidden5", "output"):
        made_up.series("relu", site, "I(X;T)", falling(3.0 if site == "output" else 0.0))
    rows = made_up.rows()
    for loss, wanted in (((0.69, 0.1, 0.3, 0.2), "reproduced"), ((0.69, 0.5, 0.4, 0.1), "not testable here")):
        curves = learning_curves(rows, "relu", loss, 0.9)
        (verdict,) = guarded(ReluPlane(), Rows.concat([rows, curves]), {"relu"})
        assert verdict.said == wanted


def test_networks_that_learned_are_judged_by_the_rule(figure):
    rows, networks = run_of(figure)
    for verdict in guarded(figure, rows, networks):
        assert (verdict.said, verdict.reason, verdict.untrained) == ("reproduced", "", ())


def test_members_that_did_not_train_are_named_and_both_outcomes_given(figure):
    figure.judge.shaken = True
    curves = {member: CHANCE if member in DEAD else (0.69, 0.3, 0.02, 0.01) for member in range(12)}
    rows, networks = run_of(figure, curves, {member: 0.5 if member in DEAD else 1.0 for member in range(12)})
    for verdict in guarded(figure, rows, networks):
        if not networks:
            assert verdict.said == "reproduced"
            continue
        if verdict.claim.presupposes == NOTHING:
            assert verdict.said == "inconclusive"
            continue
        assert verdict.outcome is Outcome.INCONCLUSIVE
        assert verdict.said == "inconclusive; without 3 untrained networks: reproduced"
        network = sorted(networks)[0]
        said = f"{network}: 3 of 12 networks did not train (members 1, 4, 5: accuracy at chance)"
        assert verdict.notes[0].startswith(said)
        assert any("; without them: reproduced (made up: " in note for note in verdict.notes)
        stored = verdict.to_json()
        assert {each["member"] for each in stored["untrained"]} == set(DEAD)
        assert stored["without"]["outcome"] == "reproduced"
        assert stored["without"]["findings"][0]["seeds"] == 9


def test_one_seed_is_in_the_word_itself(figure):
    rows, networks = run_of(figure, count=1)
    if not networks:
        rows = members({"computed"}, 1)
    for verdict in guarded(figure, rows, networks, seeds=1):
        assert verdict.word == verdict.to_json()["outcome"] == "reproduced (one seed)"
    for verdict in guarded(figure, rows, networks, preset="smoke", seeds=1):
        assert verdict.word in ("not testable here", "reproduced (one seed)")


def test_without_learning_curves_nothing_says_that_networks_have_learned(figure):
    networks = trained_networks(figure)
    for verdict in guarded(figure, members(networks or {"computed"}), networks):
        stopped = bool(networks) and verdict.claim.presupposes != NOTHING
        assert (verdict.outcome is Outcome.NOT_TESTABLE) == stopped
        assert verdict.reason.startswith("without learning curves") == stopped


# Who has trained


def curves_of(*losses, right=1.0) -> Rows:
    rows = members({"net"}, len(losses))
    return learning_curves(rows, "net", dict(enumerate(losses)), right)


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        ((0.69, 0.3, 0.02, 0.01), None),
        ((0.69, 0.6, 0.5, 0.4), None),  # a poor one that learned something
        ((0.69, 0.69, 0.693, 0.6931), "did not train"),
        ((0.69, 0.69, 0.68, 0.67), "did not train"),
        ((2.5, 1.2, 0.9, 0.8), "did not train"),
        ((0.69, 0.69, 0.66, 0.65), None),  # 6 % below guessing
        ((0.69, 0.1, 0.02, 7.92), "diverged"),
        ((0.69, 0.1, 0.02, 0.5), "diverged"),
        ((0.69, 0.1, 0.02, 0.3), None),  # moves a small loss, far below guessing
        ((0.69, 7.0, 0.02, 0.01), None),  # came back
        ((0.69, 0.1, math.nan, 0.01), "diverged"),
        ((0.69, 0.1, 0.02, math.inf), "diverged"),
        ((0.69, 0.01, 0.0, 0.0), None),
    ],
)
def test_who_has_trained_is_seen_in_the_loss(loss, kind):
    found = training(curves_of((0.69, 0.3, 0.02, 0.01), loss), "net", GUESS)
    assert found is not None
    assert [(each.member, each.kind) for each in found.untrained] == ([(1, kind)] if kind else [])
    assert found.trained.tolist() == [True, kind is None]


def test_what_an_untrained_member_s_curve_shows_is_told():
    found = training(curves_of(CHANCE, (0.69, 0.1, 0.02, 7.92), (0.69, math.nan, 1, 1), right=0.5), "net", GUESS)
    assert found is not None
    assert [each.why for each in found.untrained] == [
        "its training loss is that of guessing, 0.9999 bits (accuracy 50 %, by guessing 50 %)",
        "its training loss is 11.43 bits at the end and 0.02885 bits at its lowest",
        "its training loss is not a number",
    ]


@pytest.mark.parametrize("places", [4, 10, 61])
@pytest.mark.parametrize("fall", [0.0, 0.1, 0.2, 0.5])
def test_the_fall_over_a_third_is_that_of_an_even_pace_however_sparse_the_epochs(places, fall):
    epochs = np.linspace(0, 300, places)
    for at in (epochs, np.append(epochs[:2], epochs[-1])):
        assert fall_over_a_third(at, (1 - fall) ** (at / 100)) == pytest.approx(fall)


def test_one_point_or_a_loss_of_zero_falls_no_further():
    assert fall_over_a_third(np.array([0.0, 300.0]), np.array([0.0, 0.0])) == 0
    assert fall_over_a_third(np.array([8.0]), np.array([0.3])) == 0


def test_what_is_taken_for_granted_is_said_in_words():
    assert str(NOTHING) == ""
    assert str(Learned(0.9, "test", ended=False)) == (
        "their mean accuracy on test rows is at the end at least 90 % of the way from guessing to no errors"
    )
    assert str(Learned(0.0)).startswith("training has ended (loss ≤ 0.07213 bits above the least possible, or")


# Ceilings and controls


@pytest.mark.parametrize(
    ("share", "criterion", "fall", "wanted"),
    [
        (1.0, "<=", 0.0, "unclear"),
        (1.0, "<=", 3.0, "fails"),  # a fall that is seen is seen
        (1.0, ">=", 0.0, "unclear"),
        (1.0, ">=", 3.0, "holds"),
        (0.5, "<=", 0.0, "holds"),
        (0.5, ">=", 0.0, "fails"),
    ],
)
def test_a_curve_at_its_ceiling_is_no_evidence_of_no_fall(share, criterion, fall, wanted):
    builder = RowsBuilder("made-up")
    for member in range(8):
        status = Status.SATURATED if member < 8 * share else Status.OK
        for step, value in enumerate(falling(fall).tolist()):
            place = Place("net", step, "hidden1", 0, "input", "binned", member, member, float(step))
            builder.add(place, Estimate(value, Quantity.of("I(X;T)", "nats"), "made up", 100, doubts=(Doubt(status),)))
    found = score_finding("drop", Criterion(criterion, nats(1.0), "nats"), builder.rows())
    assert found.outcome == wanted


@pytest.mark.parametrize(("relation", "wanted"), [(">=", Outcome.NOT_TESTABLE), ("<=", Outcome.NOT_TESTABLE)])
def test_what_never_rises_cannot_show_a_fall(made_up, relation, wanted):
    """As on CIFAR-100 at laptop: fine information of 0.36 bits at its highest, under a rule about half a bit."""
    curve = np.full(8, nats(0.25))
    curve[3] = nats(0.36)
    made_up.series("net", "features", "I_u(T;fine|coarse)", curve)
    made_up.series("net", "features", LAYER_ENTROPY, curve)  # a differential entropy falls below 0
    rows = made_up.rows()
    found = score_finding("drop", Criterion(relation, nats(0.5), "nats"), rows.filter(quantity="I_u(T;fine|coarse)"))
    assert (found.outcome, combine([found])) == ("unclear", wanted)
    assert "the mean curve is nowhere above 0.36 bits, so it cannot fall by 0.5 bits" in found.note
    other = score_finding("drop", Criterion(relation, nats(0.5), "nats"), rows.filter(quantity="H(T)"))
    assert not other.blind
    assert combine([found, Finding("seen", ENOUGH, 2.0)]) is Outcome.INCONCLUSIVE


def mnist(made_up, tanh: float, loss) -> Rows:
    """MNIST as saxe2018/mnist: ReLU layers stay, tanh layers fall by so many bits."""
    for network, fall in (("tanh", tanh), ("relu", 0.0)):
        for site in ("hidden1", "hidden2", "hidden3", "hidden4", "output"):
            made_up.series(network, site, "I(X;T)", falling(fall), estimator="kde", members=4, split="test", width=0.5)
    rows = made_up.rows()
    return Rows.concat([rows, *(learning_curves(rows, network, loss, 0.9) for network in ("tanh", "relu"))])


@pytest.mark.parametrize(
    ("tanh", "loss", "wanted", "said"),
    [
        (2.0, (2.3, 1.0, 0.1, 0.04), "reproduced", ()),
        (2.0, (2.3, 0.6, 0.5, 0.1), "not testable here", ("training had not ended",)),
        (0.0, (2.3, 1.0, 0.1, 0.04), "not testable here", ("no control shows what it should",)),
        (0.0, (2.3, 0.6, 0.5, 0.1), "not testable here", ("training had not ended", "no control shows")),
    ],
)
def test_mnist_wants_networks_that_have_learned_and_a_control_that_compresses(made_up, tanh, loss, wanted, said):
    (verdict,) = (
        verdict
        for verdict in guarded(MnistPlane(), mnist(made_up, tanh, loss), {"tanh", "relu"}, seeds=4)
        if verdict.claim.id.endswith("relu-no-compression")
    )
    assert verdict.said == wanted
    assert all(each in verdict.reason for each in said)


def test_networks_that_fit_without_generalising_are_not_read_on_new_rows(made_up):
    """27 % of 20 superclasses on test rows, and all training rows right."""
    network = "cifar100_small_resnet_high"
    made_up.series(network, "features", "I_u(T;fine|coarse)", falling(2.0), variable="fine|coarse", split="test")
    accuracy = np.linspace(0.05, 0.27, 8)
    made_up.series(network, "network", "accuracy", accuracy, estimator="training", unit="fraction", split="test")
    rows = made_up.rows()
    rows = Rows.concat([rows, learning_curves(rows, network)])
    (verdict,) = (v for v in guarded(FineCoarseConvolutional(), rows, {network}) if v.claim.id.endswith("/transient"))
    assert verdict.outcome is Outcome.NOT_TESTABLE
    assert "mean accuracy on test rows at the end 27 % (cifar100_small_resnet_high), wanted ≥ 75 %" in verdict.reason


def test_only_the_networks_that_a_claim_is_read_from_are_asked(made_up):
    for network in ("relu", "other"):
        for site in ("hidden1", "hidden2", "hidden3", "hidden4", "hidden5", "output"):
            made_up.series(network, site, "I(X;T)", falling(3.0 if site == "output" else 0.0))
    rows = made_up.rows()
    rows = Rows.concat([rows, learning_curves(rows, "relu"), learning_curves(rows, "other", CHANCE, 0.5)])
    (verdict,) = guarded(ReluPlane(), rows, {"relu", "other"})
    assert verdict.said == "reproduced"


# In a run


@pytest.fixture(scope="module")
def smoked(tmp_path_factory) -> RunFolder:
    return running.run_figure("saxe2018/relu", "smoke", 2, tmp_path_factory.mktemp("smoked"))


def test_a_smoke_run_stores_why_it_decides_nothing_and_says_so_everywhere(smoked, capsys):
    (verdict,) = smoked.verdicts()
    assert (verdict["outcome"], verdict["said"], verdict["reason"]) == ("not testable here", "not testable here", SMOKE)
    assert verdict["sentence"] == SMOKE
    assert len(verdict["findings"]) == 6
    assert all(finding["value"] is not None for finding in verdict["findings"])
    from infoscope.cli.papers import print_verdicts

    print_verdicts([verdict])
    told = " ".join(capsys.readouterr().out.split())
    assert "smoke trains for too short a time" in told
    assert "what was measured: drop of I(X;T)" in told
    report = infoscope.load(smoked.path).report().read_text(encoding="utf-8")
    assert f"<strong>Not testable:</strong> {SMOKE}." in report


def test_noise_that_nobody_could_answer_is_not_asked_for(made_up):
    """Two colours of a checkerboard: 0.116 of 0.693 nats stay whatever is learned."""
    noisy = GUESS._replace(least=0.116)
    curves = curves_of((0.69, 0.3, 0.2, 0.15), (0.69, 0.68, 0.67, 0.665), (0.69, 0.68, 0.67, 0.66), right=0.94)
    found = training(curves, "net", noisy)
    assert found is not None
    assert [each.member for each in found.untrained] == [1]
    for site in ("hidden1", "hidden2", "hidden3", "hidden4", "hidden5", "output"):
        made_up.series("relu", site, "I(X;T)", falling(3.0 if site == "output" else 0.0))
    rows = made_up.rows()
    rows = Rows.concat([rows, learning_curves(rows, "relu", (0.69, 0.6, 0.4, 0.15), 0.94)])
    for guess, wanted in ((noisy, "reproduced"), (GUESS, "not testable here")):
        (verdict,) = verdicts(ReluPlane(), rows, {"relu": guess}, "made-up", "laptop", 12)
        assert verdict.said == wanted


def test_what_can_be_known_of_a_task_is_known_of_its_noise():
    task = infoscope.task("checkerboard")
    assert running._guess(task, "").least == pytest.approx(math.log(2) - task.information["direction"])
    assert 0.1 < running._guess(task, "").least < 0.13
    assert running._guess(infoscope.task("digits"), "high").least == 0


def test_what_guessing_comes_to_is_stored_and_an_older_run_is_judged_alike(smoked):
    manifest = smoked.manifest()
    stored = manifest["guessing"]["boolean12"][""]
    task = infoscope.task("boolean12")
    assert stored["loss"] == pytest.approx(task.entropies["label"])
    assert stored["accuracy"] == pytest.approx(2118 / 4096)
    before = smoked.verdicts()
    del manifest["guessing"]
    write_json(smoked.path / "run.json", sealed(manifest))
    assert infoscope.load(smoked.path).claims() == before


def test_an_older_verdict_is_completed_where_it_is_read(smoked, tmp_path):
    folder = RunFolder(tmp_path / "older")
    write_json(folder.manifest_path, {"format": 1, "id": "older"})
    older = json.loads((smoked.path / "verdicts.json").read_text(encoding="utf-8"))
    for verdict in older:
        for field in ("said", "reason", "untrained", "without"):
            del verdict[field]
        del verdict["sha256"]
        for finding in verdict["findings"]:
            del finding["blind"], finding["fails_at"]
        del verdict["claim"]["presupposes"], verdict["claim"]["revised"]
        verdict["outcome"] = "reproduced"
    write_json(folder.path / "verdicts.json", older)
    (verdict,) = folder.verdicts()
    assert (verdict["said"], verdict["reason"], verdict["untrained"], verdict["without"]) == (
        "reproduced",
        "",
        [],
        None,
    )
    assert (verdict["claim"]["presupposes"], verdict["claim"]["revised"]) == ("", "")


def test_a_run_with_a_dead_member_tells_it_in_the_report(smoked, tmp_path):
    """Member 1 has the learning curves of guessing, and the run is laptop's."""
    folder = RunFolder.open(shutil.copytree(smoked.path, tmp_path / smoked.id))
    rows = folder.rows()
    builder = RowsBuilder(folder.id)
    for split, (quantity, value) in product(("train", "test"), (("loss", 0.693), ("accuracy", 0.52))):
        there = rows.filter(member=1, estimator="training", quantity=quantity, split=split)
        for step, epoch in zip(there.column("step").tolist(), there.column("epoch").tolist(), strict=True):
            at = Place("relu", step, "network", -1, "label", "training", 1, 1, epoch, split)
            builder.add(at, Estimate(value, named(quantity, "", "nats"), "made up", 100))
    folder.update({"preset": "laptop"})
    folder.append(builder.rows())
    (verdict,) = infoscope.load(folder.path).claims()
    (untrained,) = verdict["untrained"]
    assert (untrained["network"], untrained["member"], untrained["kind"]) == ("relu", 1, "did not train")
    report = infoscope.load(folder.path).report().read_text(encoding="utf-8")
    assert "1 of 2 networks did not train: relu, member 1" in report


def test_a_verdict_says_what_differs_from_seed_to_seed(made_up):
    for network, site in (("tanh", "hidden5"), ("tanh", "output")):
        made_up.series(network, site, "I(X;T)", falling(3))
    rows = made_up.rows()
    said = {"tanh": "of weights, order and split", "other": "of weights and order, one split"}
    (of_tanh,) = verdicts(TanhPlane(), rows, {"tanh": GUESS}, "r", "laptop", 12, said)
    assert of_tanh.varied == of_tanh.to_json()["varied"] == "of weights, order and split"
    (unread,) = verdicts(TanhPlane(), Rows.concat([]), {"tanh": GUESS}, "r", "smoke", 12, said)
    assert unread.varied == "of weights, order and split"
    (one_seed,) = verdicts(TanhPlane(), rows, {"tanh": GUESS}, "r", "laptop", 1, said)
    assert one_seed.varied == ""
    assert completed({"claim": {}, "outcome": "partly"})["varied"] == ""


def test_a_run_says_whether_its_seeds_share_a_split(smoked):
    assert {each["varied"] for each in smoked.verdicts()} == {"of weights, order and split"}
