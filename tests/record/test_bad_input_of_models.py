"""What a first user gets wrong with a real model: each is one sentence that says what arrived and what was wanted."""

import re

import numpy as np
import pytest
import torch
from torch import nn

import infoscope as iscope
from infoscope.core.errors import InputError

N, SEQ = 30, 6


class Text(nn.Module):
    """A row of states a token."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 5)
        self.expert = nn.Linear(5, 5)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor:
        states = self.embed(input_ids)
        return states + self.expert(states[input_ids % 2 == 0]).sum()


@pytest.fixture
def ids():
    return torch.randint(0, 20, (N, SEQ), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def watched(tmp_path):
    def begin(inputs, variables, places="embed@tokens", model=None, **options):
        options = {"measures": ["effective_rank"], "out": tmp_path / "run", "places": places, **options}
        with iscope.watch(Text() if model is None else model, inputs, variables, **options) as scope:
            scope.step(0)
        return scope.run

    return begin


def test_a_network_without_values_is_told_when_it_is_attached(watched, ids):
    with pytest.raises(InputError, match=r"embed\.weight of Text is without values .*offloaded.*: load it there whole"):
        watched({"input_ids": ids}, {"y": torch.arange(N) % 2}, model=Text().to("meta"))


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (torch.ones(N), "attention_mask has shape [30], wanted [samples, positions]"),
        (torch.ones(N, SEQ - 2), "gives 6 positions a sample where attention_mask has 4"),
        (torch.ones(N - 1, SEQ), "inputs.kwargs.attention_mask has 29), wanted the same samples in each"),
        (torch.zeros(N, SEQ), "has no row: of 30 samples the mask"),
        (torch.full((N, SEQ), -1e4), "attention_mask holds -10000, as a mask that is added to scores does"),
    ],
    ids=["a number a sample", "fewer positions", "fewer samples", "nothing left", "added to scores"],
)
def test_a_mask_of_another_shape(watched, ids, mask, said):
    with pytest.raises(InputError, match=re.escape(said)):
        watched({"input_ids": ids, "attention_mask": mask}, {"kind": ids % 3})


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (lambda ids: ids[:, :-2] % 3, "is [30, 4], one label a position, and no place has such rows"),
        (lambda ids: ids[:-1] % 3, "has shape (29, 6) for 30 samples"),
        (lambda ids: torch.full_like(ids, -100), "is -100 everywhere, which stands for no label"),
    ],
    ids=["fewer positions", "fewer samples", "only ignored"],
)
def test_labels_of_tokens_of_another_length(watched, ids, labels, said):
    with pytest.raises(InputError, match=re.escape(said)):
        watched({"input_ids": ids}, {"kind": labels(ids)})


def test_labels_of_two_classes_of_another_length_are_told_as_what_they_are_taken_for(watched, ids, capsys):
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    run = watched(inputs, {"kind": ids[:, :-2] % 2}, measures=["usable_information(probe=linear)"])
    assert sorted(run.rows.unique("variable")) == [f"kind.{i}" for i in range(4)]
    assert "variables['kind'] is [30, 4] of 0 and 1" in capsys.readouterr().err


def test_a_sequence_of_ignored_labels_is_left_out_alone(watched, ids):
    kind = ids % 3
    kind[3] = -100
    run = watched({"input_ids": ids}, {"kind": kind}, measures=["usable_information(probe=linear)"])
    assert run.rows.unique("n") == [(N - 1) * SEQ]


@pytest.mark.parametrize("rule", ["", "@tokens", "@mean"])
def test_rows_of_an_expert_are_not_samples(watched, ids, rule):
    with pytest.raises(InputError, match=r"returned shape \(\d+, 5\) for 30 inputs, wanted one row a sample"):
        watched({"input_ids": ids}, {"y": torch.arange(N) % 2}, places=f"expert{rule}")


@pytest.mark.parametrize("groups", [np.zeros(N, int), np.arange(N) % 3], ids=["one group", "more folds than groups"])
def test_too_few_groups_fail_with_their_number_and_the_training_goes_on(watched, ids, groups):
    with pytest.warns(UserWarning, match=r"there are \d groups of rows for 5 folds or parts, .*pass more groups"):
        run = watched({"input_ids": ids}, {"kind": ids % 3}, measures=["usable_information(folds=5)"], groups=groups)
    assert run.rows.unique("status") == ["FAILED"]


def test_checkpoints_of_two_networks_are_told_apart_by_a_weight(tmp_path):
    def built(*more):
        return nn.Sequential(nn.Linear(4, 3), *more)

    torch.save(built().state_dict(), tmp_path / "step_1.pt")
    torch.save(built(nn.Linear(3, 2)).state_dict(), tmp_path / "step_2.pt")
    x = torch.randn(20, 4)
    with pytest.raises(InputError, match=r"1\.bias is \[2\] in the one and not there in the other \(2 such in all\)"):
        iscope.scan(str(tmp_path / "step_*.pt"), built, x, {"y": torch.arange(20) % 2}, out=tmp_path / "run")


@pytest.mark.parametrize(
    ("weights", "given"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float64),
        (torch.float64, torch.float32),
        (torch.float32, torch.int64),
        (torch.float32, torch.uint8),
    ],
)
@pytest.mark.parametrize("build", [lambda: nn.Linear(3, 2), lambda: nn.Conv1d(3, 2, 1), lambda: nn.BatchNorm1d(3)])
def test_numbers_of_another_type_than_the_weights(watched, build, weights, given):
    model = build().to(weights)
    x = torch.ones(N, 3, 1, dtype=given) if isinstance(model, nn.Conv1d) else torch.ones(N, 3, dtype=given)
    said = rf"inputs is {given} and the weights of the network are {weights}, which it refuses .*inputs\.to\({weights}"
    with pytest.raises(InputError, match=said):
        watched(x, {"y": torch.arange(N) % 2}, model=nn.Sequential(model, nn.Flatten()), places="1")


def test_real_numbers_of_an_array_take_the_type_of_the_weights(watched):
    run = watched(
        np.ones((N, 3)), {"y": torch.arange(N) % 2}, model=nn.Linear(3, 2).to(torch.bfloat16), places="output"
    )
    assert len(run.rows)


def test_what_a_network_raises_of_its_own_is_left_as_it_is(watched, ids):
    class Broken(nn.Linear):
        def forward(self, input):
            raise ValueError("of the wrong type of user")

    with pytest.raises(ValueError, match=r"^of the wrong type of user$"):
        watched(torch.ones(N, 3, dtype=torch.float64), {"y": torch.arange(N) % 2}, model=Broken(3, 2), places="output")
