"""Quantities as variables of a watch: real numbers beside labels, each given to the measurements that read such."""

import numpy as np
import pytest
import torch
from torch import nn

import infoscope as iscope
from infoscope.core.errors import InputError, RunFolderError
from infoscope.record.evaluated import Evaluated
from infoscope.record.inputs import Inputs
from infoscope.record.layout import Chosen
from infoscope.record.variables import Variable

REAL, BOTH = "usable_information(target=quantities, scores=true)", ["usable_information", "effective_rank"]


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))


X = torch.randn(300, 3, generator=torch.Generator().manual_seed(1))
DEPTH = X[:, 0].double().numpy() + np.random.default_rng(0).normal(size=300)
VARIABLES = {"depth": DEPTH, "sign": (X[:, 0] > 0).long()}


def watched(out, measures=(REAL, *BOTH), variables=VARIABLES, **more):
    with iscope.watch(net(), X, variables, list(measures), out, places=["0"], **more) as scope:
        scope.step(0)
        scope.step(1)
    return scope.run


def test_each_measurement_is_given_what_it_reads(tmp_path):
    run = watched(tmp_path / "run")
    rows = run.rows
    assert "FAILED" not in rows.unique("status"), rows.unique("notes")
    read = {(row["variable"], "quantities" in row["options"]) for row in rows.filter(kind="usable").table.to_pylist()}
    assert read == {("depth", True), ("sign", False)}
    asked = iscope.usable_information(iscope.representations(net(), X, ["0"])["0"], DEPTH, target="quantities")
    value = rows.filter(variable="depth", step=0).column("value")[0]
    assert value == pytest.approx(asked.value, abs=1e-4)
    assert run.since_when("depth")["0"].since == "from the start"


def test_it_is_kept_resumed_and_measured_later(tmp_path):
    run = watched(tmp_path / "run", [REAL])
    rows = len(run.rows)
    watched(tmp_path / "run", [REAL], resume=True)
    assert len(run.rows) == rows
    later = run.measure("usable_information(target=quantities, probe=sparse(k=2))", model=net)
    assert later.unique("variable") == ["depth"]
    assert later.unique("status") == ["OK"]
    other = run.measure(REAL, model=net, variables={"height": X[:, 2].double().numpy()})
    assert set(other.unique("variable")) == {"depth", "height"}
    with pytest.raises(InputError, match="has a variable 'depth' already, with other values"):
        run.measure(REAL, model=net, variables={"depth": DEPTH + 1})
    with pytest.raises(RunFolderError, match="other evaluation"):
        watched(tmp_path / "run", [REAL], {**VARIABLES, "depth": DEPTH + 1}, resume=True)


def test_a_number_that_is_missing_leaves_its_row_out(tmp_path):
    depth = DEPTH.copy()
    depth[:40] = np.nan
    rows = watched(tmp_path / "run", [REAL], {"depth": depth}).rows
    assert rows.unique("n") == [260]
    assert rows.unique("status") == ["OK"]


def test_numbers_of_tokens_follow_the_rows():
    numbers = np.arange(12.0).reshape(4, 3) + 0.25
    variable = Variable.of(numbers, 4, "depth")
    assert variable.per == "position"
    chosen = Chosen(4, np.array([0, 2, 3]), np.array([1, 0, 2]), positions=3)
    np.testing.assert_array_equal(variable.at(chosen), [1.25, 6.25, 11.25])


def test_the_types_of_rows_are_the_tokens_whatever_stands_beside_them():
    ids = torch.tensor([[5, 7, 9], [7, 7, 0]])
    beside = {"attention_mask": torch.ones_like(ids), "position_ids": torch.arange(3).expand(2, 3), "input_ids": ids}

    class Takes(nn.Module):
        def forward(self, attention_mask, position_ids, input_ids):
            return input_ids

    chosen = Chosen(2, np.array([0, 0, 1]), np.array([0, 2, 1]), positions=3)
    there = Evaluated.of(Inputs.of(beside, Takes()), {}).rows("0", chosen)
    np.testing.assert_array_equal(there.types, [5, 9, 7])


@pytest.mark.parametrize(
    ("variables", "measures", "words"),
    [
        (
            {"sign": VARIABLES["sign"]},
            [REAL],
            "usable_information reads quantities and there are none: pass a variable",
        ),
        ({"depth": DEPTH}, ["usable_information"], "reads variables and there are none"),
        ({"depth": np.where(DEPTH > 2, np.inf, DEPTH)}, [REAL], "holds infinity"),
        ({"depth": DEPTH[:5]}, [REAL], "depth"),
    ],
)
def test_what_cannot_be_read_is_refused_when_attached(tmp_path, variables, measures, words):
    with pytest.raises(InputError, match=words):
        watched(tmp_path / "run", measures, variables)
