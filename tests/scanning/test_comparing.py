"""Two runs compared: what is paired with what, which differences are found, and what cannot be compared."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
import torch

import infoscope as iscope
from infoscope.cli import main
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.core.estimate import Estimate
from infoscope.core.folder import RunFolder
from infoscope.core.measurement import Shares
from infoscope.core.quantity import USABLE
from infoscope.core.rows import Place, RowsBuilder
from infoscope.scanning.comparing import examples

GROUPS, ROWS = 40, 5


def stored(
    path, means, *, steps=(0,), seeds=(0,), evaluation="same", noise=1.0, keep=True, places=("a", "b"), groups=GROUPS
):
    """A run whose groups add ``means`` and a part that all runs share, at each step."""
    run = RunFolder.create(path, {"networks": {"net": {}}, "evaluation": evaluation})
    builder, shares, rng = RowsBuilder(run.id), [], np.random.default_rng(0)
    common = noise * rng.normal(size=GROUPS)
    counts = np.full(GROUPS, ROWS)
    for step in steps:
        for member, seed in enumerate(seeds):
            for index, place in enumerate(places):
                sums = ROWS * (common + means(place, step, seed))
                where = Place("net", step, place, index, "label", "usable_information", member, seed)
                value = float(sums.sum() / counts.sum())
                builder.add(where, Estimate(value, USABLE, "read by a probe", GROUPS * ROWS, groups=groups))
                shares.append((where, str(USABLE), Shares(sums, counts)))
    run.append(builder.rows())
    if keep:
        run.append_shares(shares)
    return run.path


def moved(rng_seed, shift, spread=0.05):
    """What groups add beyond what is common: noise of a run's own, and ``shift`` at place b."""

    def means(place, step, seed):
        rng = np.random.default_rng([rng_seed, step, seed, ord(place)])
        return spread * rng.normal(size=GROUPS) + (shift if place == "b" else 0.0)

    return means


def test_a_loss_at_one_place_is_found_there_since_what_is_common_is_no_uncertainty(tmp_path):
    one, other = stored(tmp_path / "one", moved(1, 0.0)), stored(tmp_path / "other", moved(2, -0.1))
    found = iscope.compare(one, other)
    a, b = found.differences
    assert (a.place, a.found, b.place, b.found) == ("a", False, "b", True)
    assert (b.over, b.drawn, b.paired) == ("groups", GROUPS, True)
    assert b.interval[0] < -0.1 < b.interval[1] < 0
    np.testing.assert_allclose(b.value, b.second - b.first)
    assert b.interval[1] - b.interval[0] < 0.1  # the groups themselves differ by a standard deviation of 1
    assert found.found == (b,)
    alone = [stored(tmp_path / name, moved(seed, 0.0), groups=None) for name, seed in (("x", 1), ("y", 2))]
    assert iscope.compare(*alone).differences[0].over == "blocks of rows"
    assert found.sentences[0].startswith("1 of 2 differences surely there")
    assert "most lost: I(T;Y) about label at b: -0.1" in found.sentences[0]


def test_the_parts_that_moved_most_are_named(tmp_path):
    def lost(place, step, seed):
        return np.where(np.isin(np.arange(GROUPS), (7, 3)), [-2.0, -1.0][0], 0.0) + 0.5 * (np.arange(GROUPS) == 11)

    still = stored(tmp_path / "still", lambda *where: np.zeros(GROUPS))
    one = iscope.compare(still, stored(tmp_path / "lost", lost)).differences[0]
    assert [part for part, _ in one.lost] == [3, 7]
    assert one.gained == ((11, pytest.approx(0.5)),)


def test_seeds_of_one_number_are_paired_whatever_their_order(tmp_path):
    def means(shift):
        return lambda place, step, seed: 10.0 * (seed % 4) + shift + 0.01 * np.sin(seed + 7 * shift)

    one = stored(tmp_path / "one", means(0.0), seeds=(1, 2, 3, 4))
    other = stored(tmp_path / "other", means(0.2), seeds=(4, 3, 2, 1))
    first = iscope.compare(one, other).differences[0]
    assert (first.over, first.drawn, first.paired, first.found) == ("seeds", 4, True, True)
    assert first.interval[0] < 0.2 < first.interval[1] < 0.3
    apart = stored(tmp_path / "apart", means(0.2), seeds=(5, 6, 7, 8))
    first = iscope.compare(one, apart).differences[0]
    assert (first.over, first.paired) == ("seeds", False)
    assert first.interval[0] < 0 < first.interval[1]  # seeds differ by much more


def test_rows_of_other_evaluation_sets_are_not_paired(tmp_path):
    one = stored(tmp_path / "one", moved(1, 0.0))
    other = stored(tmp_path / "other", moved(2, -0.1), evaluation="another")
    found = iscope.compare(one, other)
    assert {(each.over, each.p, each.interval) for each in found.differences} == {("", None, None)}
    assert "different evaluation sets" in found.notes[0]
    assert "nothing says how sure" in found.sentences[0]
    none_kept = iscope.compare(one, stored(tmp_path / "none", moved(2, -0.1), keep=False))
    assert all(each.p is None for each in none_kept.differences)


def test_two_steps_of_one_run_and_all_steps_of_two(tmp_path):
    def falls(place, step, seed):
        return np.full(GROUPS, -0.1 * step) + 0.01 * np.random.default_rng(step).normal(size=GROUPS)

    run = stored(tmp_path / "run", falls, steps=(0, 1, 2))
    found = iscope.compare(run, run, (0, 2))
    assert [each.steps for each in found.differences] == [(0, 2), (0, 2)]
    assert all(each.found for each in found.differences)
    assert "net: step 2 of the second run less step 0 of the first" in found.notes
    assert (found.first, found.second) == ("first", "second")
    every = iscope.compare(run, stored(tmp_path / "later", falls, steps=(1, 2, 3)), "all")
    assert sorted({each.steps for each in every.differences}) == [(1, 1), (2, 2)]
    assert every.table()[0][0] == "step"
    assert all(each.value == 0 and not each.found for each in every.differences)


def test_what_cannot_be_compared_is_told(tmp_path):
    one, other = stored(tmp_path / "one", moved(1, 0.0)), stored(tmp_path / "other", moved(2, 0.0), places=("c",))
    with pytest.raises(InputError, match="no place, variable and measure in common"):
        iscope.compare(one, other)
    with pytest.raises(UnknownNameError, match="no place named 'd'"):
        iscope.compare(one, one, places=["d"])
    with pytest.raises(InputError, match=r"step 7 of .* was not measured, wanted one of 0"):
        iscope.compare(one, one, (0, 7))
    with pytest.raises(UnknownNameError, match="network"):
        iscope.compare(one, one, network="nit")


def test_the_command_says_the_same(tmp_path, capsys):
    one, other = stored(tmp_path / "one", moved(1, 0.0)), stored(tmp_path / "other", moved(2, -0.1))
    with pytest.raises(SystemExit, match="0"):
        main(["compare", str(one), str(other), "--place", "b"])
    told = capsys.readouterr().out
    assert "1 of 1 difference surely there" in told
    assert "40 groups" in told
    with pytest.raises(SystemExit, match="0"):
        main(["compare", str(one), str(other), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [each["found"] for each in found["differences"]] == [False, True]
    assert found == json.loads(json.dumps(iscope.compare(one, other).to_json()))
    with pytest.raises(SystemExit, match="2"):
        main(["compare", str(one), str(other), "--step", "0"])
    assert "one of each run" in capsys.readouterr().err


def test_examples_are_joined_by_their_rows():
    def told(rows, labels, values):
        return pa.table({"row": rows, "label": labels, "pvi_nats": values})

    first, second = told([3, 1, 2], [0, 1, 0], [0.1, 0.2, 0.3]), told([1, 2, 9], [1, 0, 1], [0.7, -1.0, 0.0])
    table = examples(first, second)
    assert table["row"].to_pylist() == [2, 1]
    np.testing.assert_allclose(table["difference_nats"], [-1.3, 0.5])
    with pytest.raises(InputError, match="another label"):
        examples(first, told([1], [0], [0.0]))
    with pytest.raises(InputError, match="no example in common"):
        examples(first, told([8], [0], [0.0]))


def test_the_examples_that_a_noisy_copy_loses_are_those_that_it_garbles(tmp_path):
    """A quantisation that garbles some inputs: they are the ones that lost most."""
    garbled = np.zeros(200, bool)
    garbled[[5, 50, 150]] = True

    class Reads(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.sign = torch.nn.Identity(), torch.nn.Parameter(torch.ones(200, 1))

        def forward(self, x):
            return self.layer(x * self.sign)

    x = torch.randn(200, 1, generator=torch.Generator().manual_seed(0)).sign() * 3
    label, runs = (x[:, 0] > 0).long(), []
    for name in ("whole", "garbled"):
        model = Reads()
        if name == "garbled":
            model.sign.data[garbled] = -1.0
        with iscope.watch(
            model, x, {"label": label}, [], tmp_path / name, places=["layer"], groups=np.arange(200), batch_size=200
        ) as scope:
            scope.step(0)
        runs.append(scope.run)
    table = iscope.compare_examples(*runs, "label", site="layer", model=Reads)
    assert set(table["row"].to_pylist()[:3]) == {5, 50, 150}
    assert table["difference_nats"].to_pylist()[2] < -1 < table["difference_nats"].to_pylist()[3]
