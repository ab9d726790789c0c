"""Laws of every figure: what its networks are called, where a reader meets the name."""

import dataclasses
import json

import pytest

import infoscope as iscope
from infoscope.claim import running
from infoscope.claim.part import Part
from infoscope.core import registry
from infoscope.core.errors import UnknownNameError
from infoscope.core.folder import RunFolder
from infoscope.core.rows import Rows
from infoscope.scanning.plan import PRESETS, NetworkPlan

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


CLAIMS = [(figure, claim.id) for figure in FIGURES for claim in registry.load("figures", figure).claims]


def claim_of(figure, identifier):
    return next(claim for claim in registry.load("figures", figure).claims if claim.id == identifier)


@pytest.mark.parametrize(("figure", "identifier"), CLAIMS, ids=[identifier for _, identifier in CLAIMS])
def test_a_rule_is_written_from_parts_that_each_have_a_name_and_a_criterion(figure, identifier):
    """Every criterion stands in the rule with its threshold and unit; another threshold makes another rule."""
    claim = claim_of(figure, identifier)
    names = [part.name for part in claim.parts]
    assert identifier.startswith(f"{figure}/")
    assert all(names)
    assert len(set(names)) == len(names)
    assert names.count(claim.headline) == 1
    for part in claim.parts:
        assert part.words in claim.rule
        assert part.criterion.words in part.words
        by = 0.37 * max(1.0, abs(part.criterion.threshold) / 100)  # a rule shows four digits: 1050.37 epochs are 1050
        for moved in ({"threshold": part.criterion.threshold + by}, {"unit": "parsecs"}):
            other = dataclasses.replace(part.criterion, **moved)
            changed = Part(part.name, dict(part.series), part.statistic, other, part.given)
            parts = tuple(changed if each is part else each for each in claim.parts)
            assert dataclasses.replace(claim, parts=parts).rule != claim.rule
    placed = [place for part in claim.parts for place, _ in part.series if place]
    assert all(word in claim.rule for place in placed for word in place.replace(",", " ").split())


@pytest.mark.parametrize(("figure", "identifier"), CLAIMS, ids=[identifier for _, identifier in CLAIMS])
def test_a_claim_says_who_says_it_and_quotes_nobody_for_what_is_ours(figure, identifier):
    claim = claim_of(figure, identifier)
    assert claim.origin in ("published", "recalled", "ours")
    assert claim.published
    if claim.quoted:
        assert claim.origin != "ours"
        assert claim.quoted.count("“") == claim.quoted.count("”") > 0
        assert claim.quoted.endswith(")")  # says where
    if "recalled" in claim.published or "from memory" in claim.published or "not at hand" in claim.published:
        assert claim.origin != "published" or claim.quoted
    if claim.where == "control":
        assert claim.origin == "ours"


@pytest.mark.parametrize("figure", FIGURES)
def test_without_rows_every_part_is_missing_at_every_place_and_says_so(figure):
    one = registry.load("figures", figure)()
    for judged in one.judge(Rows.concat([])):
        asked = {part.name for part in judged.claim.parts if not part.given}
        assert {found.part for found in judged.findings} == asked
        assert all(found.value is None and found.note for found in judged.findings)


@pytest.mark.parametrize("figure", FIGURES)
def test_a_series_reads_a_network_that_its_figure_trains_or_computes(figure):
    """A network or a site that is spelled wrong would be missing for ever."""
    one = registry.load("figures", figure)()
    plans = {name for preset in PRESETS for name in one.plan(preset)}
    parts = [part for claim in one.claims for part in (*claim.parts, *claim.controls)]
    series = [each for part in parts for _, several in part.series for each in several]
    assert {each.network for each in series} - {""} <= plans


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


def test_a_figure_without_longer_trainings_is_run_at_laptop_where_long_is_asked_for():
    figure = registry.load("figures", "saxe2018/tanh")()
    assert figure.preset("long") == "laptop"
    assert figure.plan("long") == figure.plan("laptop") != figure.plan("paper")
    with pytest.raises(UnknownNameError, match="did you mean 'long'"):
        figure.plan("lon")


def test_what_a_long_run_costs_is_said_before_it_begins(tmp_path, capsys, monkeypatch):
    begun: list[str] = []
    monkeypatch.setattr(running, "carry_out", lambda folder, *_: begun.append(capsys.readouterr().err))
    folder = running.run_figure("saxe2018/minimal_model", "long", None, tmp_path)
    assert begun == ["saxe2018/minimal_model: nothing in it wants a longer training, so it is run at laptop\n"]
    assert (folder.id, folder.manifest()["preset"]) == ("saxe2018-minimal_model-laptop", "laptop")
    running.run_figure("saxe2018/single_example", "long", 24, tmp_path)
    assert begun[1].endswith("6 MB; asked for are 24 seeds, 3 times that\n")
    figure = registry.load("figures", "saxe2018/single_example")()
    assert figure.told(8) == figure.told() == figure.long
