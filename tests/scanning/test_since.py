"""Since when, of a run: what it keeps of its groups is an answer for each place, in Python and on the command line."""

import json

import numpy as np
import pytest
import torch
from torch import nn

import infoscope as iscope
from infoscope.cli import main
from infoscope.core.errors import InputError, RunFolderError, UnknownNameError

HOW = "usable_information(scores=true, probe=linear(weight_decay=0.01))"


class Grows(nn.Module):
    """Two layers, the first of which begins to hold the sign of its input when it is told to."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Identity(), nn.Identity()
        self.holds = nn.Parameter(torch.tensor(0.0))
        self.register_buffer("noise", torch.randn(300, 3, generator=torch.Generator().manual_seed(0)))

    def forward(self, x):
        t = self.first(self.noise[: len(x)] + 4 * self.holds * x[:, :1])
        return self.second(x + 0 * t[:, :1])


def recorded(out, steps=(0, 1, 2, 3, 4), measures=(HOW,), groups=None):
    torch.manual_seed(0)
    model, x = Grows(), torch.randn(300, 1)
    y = (x[:, 0] > 0).long()
    with iscope.watch(model, x, {"sign": y}, list(measures), out, places=["first", "second"], groups=groups) as scope:
        for step in steps:
            model.holds.data.fill_(float(step >= 3))
            scope.step(step)
    return scope.run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("since") / "run", groups=np.arange(300) // 6)


def test_each_place_has_its_answer(run):
    found = run.since_when("sign")
    assert list(found) == ["first", "second"]
    assert (found["first"].since, found["first"].after, found["first"].step) == ("since a step", 2, 3)
    assert found["first"].interval == (2, 3)
    assert found["second"].since == "from the start"
    rows = run.rows.filter(site="first", quantity="I(T;Y)")
    np.testing.assert_allclose(found["first"].values, rows.curves()[2][0])
    assert list(run.since_when("sign", "second")) == ["second"]
    assert run.since_when("sign", measure=HOW) == found
    assert run.since_when("sign", "first", untrained=1)["first"].step == 3


def test_the_command_says_the_same(run, capsys):
    command = ["since-when", str(run.folder.path), "--variable", "sign"]
    with pytest.raises(SystemExit, match="0"):
        main(command)
    said = capsys.readouterr().out
    assert "between steps 2 and 3 [2, 3]" in said
    assert "from the start" in said
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--place", "first", "--json"])
    content = json.loads(capsys.readouterr().out)
    assert list(content) == ["first"]
    assert (content["first"]["after"], content["first"]["step"]) == (2, 3)


def test_measured_later_it_is_kept_as_well(run, tmp_path):
    later = recorded(tmp_path / "run", measures=["usable_information(probe=prior)"], groups=np.arange(300) // 6)
    with pytest.raises(
        RunFolderError, match=r"keeps nothing of the groups of model, .* 'usable_information\(scores=true"
    ):
        later.since_when("sign")
    later.measure(HOW, model=Grows)
    assert later.since_when("sign") == run.since_when("sign")


def test_what_cannot_be_answered_is_said(run, tmp_path):
    with pytest.raises(UnknownNameError, match="there is no variable named 'sing': did you mean 'sign'"):
        run.since_when("sing")
    with pytest.raises(UnknownNameError, match="there is no place named 'third'"):
        run.since_when("sign", "third")
    with pytest.raises(InputError, match="untrained is 9, wanted one of the steps 0, 1, 2, 3, 4"):
        run.since_when("sign", untrained=9)
    with pytest.raises(InputError, match="keeps nothing of groups for 'usable_information"):
        run.since_when("sign", measure="usable_information(scores=true, folds=3)")
    with pytest.raises(UnknownNameError, match="there is no network named 'other'"):
        run.since_when("sign", network="other")
    late = recorded(tmp_path / "late", steps=(2, 3))
    with pytest.raises(InputError, match="the first step of first is 2, and what an untrained network holds is not"):
        late.since_when("sign")
    assert late.since_when("sign", "first", untrained=2)["first"].step == 3
    once = recorded(tmp_path / "once", steps=(0,))
    with pytest.raises(InputError, match="first was measured at 1 steps, wanted two at least"):
        once.since_when("sign")
    twice = recorded(tmp_path / "twice", steps=(0, 3), measures=(HOW, "usable_information(scores=true, probe=prior)"))
    with pytest.raises(InputError, match="was measured in 2 ways that keep groups"):
        twice.since_when("sign")
    assert twice.since_when("sign", measure=HOW)["first"].step == 3
