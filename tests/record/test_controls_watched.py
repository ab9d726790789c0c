"""Controls of tokens, in a watch: the layer is given the token of each row, padding and missing labels are left out."""

import numpy as np
import pytest
import torch
from torch import nn

import infoscope as iscope

MEASURE = "usable_information(scores=true, controls=shuffled,type, probe=linear(weight_decay=0.01,0.1))"


class Tokens(nn.Module):
    """An embedding and a layer over it, as language models have them."""

    def __init__(self):
        super().__init__()
        self.embedding, self.block = nn.Embedding(20, 8), nn.Linear(8, 8)

    def forward(self, input_ids, attention_mask=None):
        return self.block(self.embedding(input_ids))


@pytest.fixture
def scope(tmp_path):
    def make(measures, place="embedding@tokens", variables=None):
        torch.manual_seed(0)
        ids = torch.randint(20, (40, 6))
        mask = torch.ones_like(ids)
        mask[::3, 4:] = 0
        tags = (ids % 3).numpy().copy()
        tags[1, 2] = -100
        inputs = {"input_ids": ids, "attention_mask": mask}
        return iscope.watch(Tokens(), inputs, variables or {"tag": tags}, measures, tmp_path / "run", places=[place])

    return make


def test_a_watch_hands_the_token_of_each_row(scope):
    with scope([MEASURE]) as watched:
        watched.step(0)
    rows = watched.run.rows
    assert "FAILED" not in rows.unique("status"), rows.unique("notes")
    assert rows.unique("n") == [40 * 6 - 14 * 2 - 1]
    assert rows.unique("groups") == [40]
    value = {row["quantity"]: row["value"] for row in rows.table.to_pylist()}
    assert value["I(type;Y)"] > 0.9
    assert value["type_accuracy"] > 0.95
    assert value["I(T;control)"] > 0.3  # an embedding holds the token
    assert value["I(T;Y) shuffled"] < 0.1


def test_of_rows_that_are_no_tokens_the_control_is_refused_in_one_sentence(scope):
    watched = scope([MEASURE], "block@mean", {"label": np.arange(40) % 2})
    with pytest.warns(UserWarning, match="controls=type arrived for rows whose types nobody says"), watched:
        watched.step(0)
    rows = watched.run.rows
    assert rows.unique("status") == ["FAILED"]
    assert set(rows.unique("quantity")) == set(map(str, iscope.measurement(MEASURE).tells))
