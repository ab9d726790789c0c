"""A stretch of the samples: nothing of it is copied, and what is drawn of it is what is drawn of all."""

from __future__ import annotations

import numpy as np
import torch

from infoscope.record.gathering import each_batch, gathered
from infoscope.record.inputs import Inputs
from infoscope.record.layout import SampleLayout
from infoscope.record.rules.tokens import Tokens
from infoscope.record.together import equal_rows


def test_which_tokens_are_drawn_does_not_depend_on_the_shard():
    rule, mask = Tokens(3, seed=2), np.ones((9, 20), bool)
    whole = rule.kept(mask)
    layout = SampleLayout(4, {"attention_mask": mask[5:]}, None, first=5)
    part = rule.chosen(layout, torch.Size([20, 7]), "place")
    assert (np.flatnonzero(whole[5:]) == np.flatnonzero(whole)[15:] - 100).all()
    assert (part.sample * 20 + part.position == np.flatnonzero(whole[5:])).all()


def test_a_stretch_of_inputs_is_seen_as_it_stands_and_not_copied():
    x = torch.arange(24.0).reshape(12, 2)
    inputs = Inputs(args=(x,), kwargs={"mask": torch.ones(12, 3)}, aside={"word_ids": torch.zeros(12, 3)})
    part = inputs.stretch(slice(4, 9)).stretch(slice(1, 3))
    assert (len(part), part.first, part.layout.first) == (2, 5, 5)
    assert torch.equal(part.args[0], x[5:7])
    assert part.args[0].data_ptr() == x[5:].data_ptr()


def test_an_array_in_a_mapped_file_stays_there(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(40, dtype=np.float32).reshape(20, 2))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    inputs = Inputs.of(mapped, torch.nn.Linear(2, 1))
    assert inputs.args[0].data_ptr() == mapped.ctypes.data


def test_batches_one_by_one_are_the_rows_of_all():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())
    inputs = Inputs.of(torch.randn(20, 3), model)
    whole, _ = gathered(model, inputs, ["0", "1"], 5)
    part = inputs.stretch(slice(5, 20))
    found = list(each_batch(model, part, ["0", "1"], [0, 5, 10, 15], range(1, 4)))
    assert [samples for samples, _, _ in found] == [slice(0, 5), slice(5, 10), slice(10, 15)]
    for site in ("0", "1"):
        assert torch.equal(torch.cat([rows[site] for _, rows, _ in found]), whole[site][5:])
        assert len(found[0][2][site]) == 15


def test_what_a_network_draws_follows_from_the_number_of_the_batch():
    class Noisy(torch.nn.Module):
        def forward(self, x):
            return x + torch.randn_like(x)

    inputs = Inputs.of(torch.zeros(12, 2), Noisy())
    whole = [rows["output"] for _, rows, _ in each_batch(Noisy(), inputs, ["output"], [0, 4, 8, 12], range(3))]
    (alone,) = [
        rows["output"] for _, rows, _ in each_batch(Noisy(), inputs.stretch(slice(8, 12)), ["output"], [0, 4], [2])
    ]
    assert torch.equal(alone, whole[2])
    assert not torch.equal(whole[0], whole[1])


def test_equal_rows_are_numbered_as_they_first_appear():
    x = torch.tensor([[3.0, 1.0], [2.0, 0.0], [3.0, 1.0], [1.0, 5.0], [2.0, 0.0]])
    assert equal_rows([x]).tolist() == [0, 1, 0, 2, 1]
    assert equal_rows([x, torch.arange(5)]) is None
