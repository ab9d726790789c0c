"""Laws of every figure: what its networks are called, where a reader meets the name."""

import json

import pytest

import infoscope as iscope
from infoscope.core import registry
from infoscope.core.errors import UnknownNameError
from infoscope.core.folder import RunFolder
from infoscope.scanning.plan import NetworkPlan

FIGURES = list(registry.entries("figures"))
#: Names that are stored in runs already: people see and type the title.
STORED = {("kleinman2021/fine_coarse", "high")}


def networks(figure):
    plans = registry.load("figures", figure)().plan("laptop")  # at smoke, arms of other lengths are alike
    return {name: plan for name, plan in plans.items() if isinstance(plan, NetworkPlan)}


def variables(plan):
    """The variables of its task that it is trained on or that are read, without loading the data."""
    facts = registry.entries("tasks")[plan.task].facts if plan.task in registry.entries("tasks") else {}
    found = {plan.trained_on, facts.get("trained_on", ""), *facts.get("labels", ())}
    for measure in plan.measures:
        chain = str(measure.options.get("chain", ""))
        found |= {*chain.split(">"), *measure.options.get("variables", ())}
    return found - {""}


@pytest.mark.parametrize("figure", FIGURES)
def test_no_network_is_called_as_a_variable_a_site_or_another_network_is(figure):
    plans = networks(figure)
    titles = [plan.title for plan in plans.values()]
    others = {name for plan in plans.values() for name in (*variables(plan), *plan.network.places)}
    assert len(set(titles)) == len(titles)
    assert not others & set(titles)
    assert {(figure, name) for name in others & set(plans)} <= STORED
    for name, plan in plans.items():
        assert plan.title not in set(plans) - {name}


def test_a_network_is_named_by_its_title_too(tmp_path):
    about = {name: {"title": plan.title} for name, plan in networks("kleinman2021/fine_coarse").items()}
    run = iscope.Run(RunFolder.create(tmp_path / "run", {"networks": json.loads(json.dumps(about))}))
    assert run.trajectory_of("rate 0.2").path == run.trajectory_of("high").path
    assert run.trajectory_of("rate 0.2").path.name == "high"
    with pytest.raises(UnknownNameError, match=r"there is no network named 'rate 0.3': did you mean 'rate 0.2'"):
        run.trajectory_of("rate 0.3")
