"""Of several doubts one documented order decides the status, for whoever measures: nobody decides it by hand."""

import ast
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import infoscope
import infoscope as iscope
import infoscope.measure
from infoscope.core import grammar, registry
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.quantity import INFORMATION
from infoscope.measure.bases.critic import Reached
from infoscope.measure.bases.cross_fitted import first_doubts
from infoscope.measure.intervals import jackknife
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.usable import accounts

ROOT = Path(infoscope.measure.__file__).parent
KINDS = ("estimators", "geometries", "dependences")
ENTRIES = [(kind, name) for kind in KINDS for name in registry.entries(kind)]
DOCUMENTED = (
    "FAILED", "DEGENERATE", "TIED", "SATURATED", "VACUOUS", "NOT_CONVERGED", "UNDERSAMPLED", "UNRESOLVED", "OK",
)  # fmt: skip
#: A step since when something is there, with notes of its own and no status.
NO_ESTIMATE = {("intervals/onset.py", "notes= is given")}


def by_hand(source):
    """What in ``source`` decides a status by hand, in words."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from (f"{one.arg}= is given" for one in node.keywords if one.arg in ("status", "notes"))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            returned = ast.unparse(node.returns) if node.returns else ""
            if "Status" in returned and returned != "Status":
                yield f"{node.name} returns {returned}"
            named = [
                target.id
                for one in ast.walk(node)
                if isinstance(one, ast.Assign) and _is_status(one.value)
                for target in one.targets
                if isinstance(target, ast.Name)
            ]
            yield from (f"{node.name} sets {name} again" for name in sorted(set(named)) if named.count(name) > 1)


def _is_status(value):
    """Whether an expression is a status, or one of two."""
    if isinstance(value, ast.IfExp):
        return _is_status(value.body) or _is_status(value.orelse)
    return isinstance(value, ast.Attribute) and ast.unparse(value.value) == "Status"


def test_no_room_of_measure_decides_a_status_by_hand():
    found = [
        f"{path.relative_to(ROOT)}: {what}"
        for path in sorted(ROOT.rglob("*.py"))
        for what in by_hand(path.read_text(encoding="utf-8"))
        if (path.relative_to(ROOT).as_posix(), what) not in NO_ESTIMATE
    ]
    assert not found, "\n".join(found)


def test_what_decides_by_hand_is_seen():
    source = (
        "def f() -> tuple[Status, list[str]]: ...\n"
        "def g() -> Status: return Status.OK\n"
        "def h(x):\n    status = Status.OK\n    if x: status = Status.TIED if x > 1 else Status.OK\n"
        "replace(estimate, status=status, notes=())"
    )
    assert sorted(by_hand(source)) == [
        "f returns tuple[Status, list[str]]", "h sets status again", "notes= is given", "status= is given"
    ]  # fmt: skip


def samples():
    """Rows ``[n, 2]``, labels and quantities of which most measurements doubt something."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    return {
        "few": (x[:12], (x[:12, 0] > 0).astype(int), y[:12, None]),
        "independent": (x, rng.integers(0, 2, 60), y[:, None]),
        "equal": (x, (x[:, 0] > 0).astype(int), x[:, :1].copy()),
        "a grid": (np.round(x), (x[:, 0] > 0).astype(int), np.round(y)[:, None]),
        "constant": (np.zeros_like(x), (x[:, 0] > 0).astype(int), y[:, None]),
        "one column": (x[:, :1], (x[:, 0] > 0).astype(int), x[:, :1]),
        "labels of their own": (x, np.arange(60), y[:, None]),
    }


def answers(kind, name, x, labels, quantity, groups):
    """Every estimate of these rows; none where they are refused."""
    facts = registry.entries(kind)[name].facts
    made = grammar.make(kind, name, **{**facts.get("asks", {}), **facts.get("quick", {})})
    asked = []
    if kind == "dependences":
        asked.append(lambda: made.dependence(x, quantity, groups))
    elif kind == "geometries":
        other = {"labels": labels, "rows": x[::-1].copy()}.get(made.second)
        asked.append(lambda: made.geometry(x, other, groups=groups))
    else:
        t = x if "real" in made.first else np.round(x).astype(int)
        for y in (labels if "labels" in made.second else None, quantity if "real" in made.second else None):
            if "mutual_information" in made.offers and y is not None:
                asked.append(lambda y=y: made.mutual_information(t, y, groups))
        if "entropy" in made.offers:
            asked.append(lambda: made.entropy(t, groups))
        if "plane" in made.offers:
            asked.append(lambda: {"xt": (point := made.plane(t, labels, groups)).xt, "ty": point.ty})
    for ask in asked:
        try:
            found = ask()
        except InputError:
            continue
        yield from found.values() if isinstance(found, dict) else [found]


def is_said_by_its_doubts(estimate):
    statuses = [doubt.status.name for doubt in estimate.doubts]
    assert estimate.status.name == min([*statuses, "OK"], key=DOCUMENTED.index)
    assert list(estimate.notes) == [doubt.note for doubt in estimate.doubts if doubt.note]


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_the_status_of_every_answer_is_its_gravest_doubt(kind, name):
    seen = set()
    for x, labels, quantity in samples().values():
        for groups in (None, np.arange(len(x)) // 4):
            for estimate in answers(kind, name, x, labels, quantity, groups):
                is_said_by_its_doubts(estimate)
                seen.add(estimate.status)
    assert seen - {Status.OK}, "these samples raise a doubt in everybody"


def noisy(s, labels, population, added_by="network"):
    """All that is said of one noisy layer; ``s [n, d]`` or, of a deeper one, ``[n, R, d]``."""
    layer = iscope.noisy_layer(s, 0.1, population, {"y": labels}, tolerance=0.3, added_by=added_by)
    return [layer.xt, layer.t, layer.t_given_x, *layer.ty.values()]


def forwards(x):
    """Forwards ``[n, R, d]`` of each input that differ by noise."""
    return x[:, None] + 0.1 * np.random.default_rng(1).normal(size=(len(x), 6, x.shape[1]))


#: What is asked of rows, labels, quantities and groups, as a person asks it.
QUESTIONS = {
    "usable": lambda x, y, q, groups: iscope.usable_information(x, y, groups=groups),
    "usable, held out": lambda x, y, q, groups: iscope.usable_information(
        x[::2], y[::2], z_test=x[1::2], y_test=y[1::2],
        **({} if groups is None else {"groups": groups[::2], "groups_test": groups[1::2] + 1000}),
    ),
    "usable, quantities": lambda x, y, q, groups: iscope.usable_information(x, q, target="quantities", groups=groups),
    "usable, by name": lambda x, y, q, groups: [
        one for name in ("accuracy", "auroc", "fraction", "usual_accuracy")
        if (one := getattr(iscope.usable_information(x, y, groups=groups), name)) is not None
    ],
    "conditional": lambda x, y, q, groups: iscope.conditional_usable_information(x, y, q, groups=groups),
    "chain": lambda x, y, q, groups: [*iscope.usable_chain(x, y, y // 2, groups=groups)],
    "description length": lambda x, y, q, groups: iscope.description_length(x, y, groups=groups),
    "minimality": lambda x, y, q, groups: iscope.minimality(x, y, groups=groups),
    **{
        f"noisy, {population}{', added' * (by == 'analysis')}": partial(
            lambda x, y, q, groups, population, by: noisy(x, y, population, by), population=population, by=by
        )
        for population in ("dataset", "sample") for by in ("network", "analysis")
    },
    "noisy, deep": lambda x, y, q, groups: noisy(forwards(x), y, "sample"),
    "noisy, deep dataset": lambda x, y, q, groups: noisy(forwards(x), y, "dataset"),
    **{
        f"{network}, {inputs}, {population}": partial(
            lambda x, y, q, groups, **said: iscope.layer_information(
                forwards(x) > 0 if said["network"] == "binary dropout" else np.abs(x),
                noise=0.5 if said["network"] == "gaussian dropout" else None, tolerance=0.3, **said,
            ),
            network=network, inputs=inputs, population=population,
        )
        for network in ("deterministic", "quantised", "binary dropout", "gaussian dropout")
        for inputs, population in (("finite", "dataset"), ("finite", "sample"), ("continuous", "sample"))
    },
}  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_status_of_every_answer_to_a_question_is_its_gravest_doubt(question):
    seen = set()
    for x, labels, quantity in samples().values():
        for groups in (None, np.arange(len(x)) // 4):
            try:
                found = QUESTIONS[question](x, labels, quantity, groups)
            except InputError:
                continue
            for estimate in found if isinstance(found, list) else [found]:
                is_said_by_its_doubts(estimate)
                seen.add(estimate.status)
    assert seen - {Status.OK}, "these samples raise a doubt in everybody"


def test_the_page_of_concepts_has_the_order_in_force():
    page = (Path(__file__).parents[2] / "docs" / "concepts.md").read_text(encoding="utf-8")
    said = page.split("Its status is then the first of")[1].split(":")[0]
    assert [word.strip("` \n") for word in said.split(",")] == list(DOCUMENTED[:-1])


def status_of(doubts):
    return Estimate(1.0, INFORMATION, "made up", 100).doubted(*doubts).status


def test_critics_and_probes_agree_that_half_a_fit_does_not_show_too_few_rows():
    """Still improving, and better on trained rows by more than the value."""
    critic = first_doubts(0.05, late=0.1, gap=0.5)
    assert [doubt.status for doubt in critic] == [Status.NOT_CONVERGED, Status.UNDERSAMPLED]
    loss = np.full(50, 1.0)
    account = accounts.Account(loss + 0.05, loss, 0.4, False, 0.0, np.arange(50) % 2, ("",))
    probe = accounts._doubts(account, 0.05, 0.01, 50)
    assert [doubt.status for doubt in probe] == [Status.UNDERSAMPLED, Status.NOT_CONVERGED]
    assert status_of(critic) is status_of(probe) is Status.NOT_CONVERGED


@pytest.mark.parametrize(("late", "wild", "broken"), [(0.1, 0.0, False), (0.0, 9.0, False), (0.0, 0.0, True)])
def test_a_critic_at_its_ceiling_is_saturated_however_its_fit_ended(late, wild, broken):
    critic = infoscope.estimator("donsker_varadhan")
    fold = Reached(
        rows=np.arange(100), value=9.0, influence=np.zeros(100), wildness=wild, partners=100, gap=0.0, scale=1.0,
        late=late, broken=broken, at_limit=False,
    )  # fmt: skip
    doubts = critic._doubts([fold], 9.0, 0.1, 100, False)
    assert {doubt.status for doubt in doubts} == {Status.SATURATED, Status.NOT_CONVERGED}
    assert status_of(doubts) is Status.SATURATED


def test_a_doubt_counts_whatever_was_doubted_before():
    before = Estimate(1.0, INFORMATION, "made up", 40, interval=(0.5, 1.5)).doubted(Doubt(Status.UNRESOLVED, "first"))
    found = jackknife.stated(before, Groups.of(np.arange(40) // 8, 40), None, True)
    assert (found.status, found.interval, found.notes[0]) == (Status.UNDERSAMPLED, None, "first")


def test_agreement_with_one_cluster_is_degenerate_on_a_grid_too():
    """As with classes that are one row each, which leave the clusters tied, and the agreement without meaning."""
    rows = np.repeat(np.random.default_rng(0).normal(size=(60, 2)), 2, axis=0)
    for y in (np.arange(120) % 2, np.arange(120)):
        found = infoscope.geometry(rows, y, measure="cluster_count")
        assert found["cluster_agreement"].status is Status.DEGENERATE
