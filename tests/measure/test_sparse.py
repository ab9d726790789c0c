"""The k-sparse probe: which columns hold a variable, sought in the fitted rows of each split alone."""

import numpy as np
import pytest

import infoscope as iscope
from infoscope.core.errors import InputError
from infoscope.measure.usable.pursuit import pursued


def rows(n=600, d=30, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng


def test_it_finds_the_columns_that_hold_the_label_in_every_split():
    x, _ = rows()
    found = iscope.usable_information(x, x[:, 7] + x[:, 3] > 0, probe="sparse(k=2)")
    assert found.columns == ((3, 7),) * 5
    assert "columns, and in how many of 5 splits: 3 (5), 7 (5)" in found.notes
    assert found.chosen[0].startswith("columns 3, 7, weight decay")
    assert found.value > iscope.usable_information(x, x[:, 7] + x[:, 3] > 0).value
    assert found.accuracy.value > 0.97


def test_validation_chooses_how_many():
    x, _ = rows()
    found = iscope.usable_information(x, x[:, 7] + x[:, 3] > 0, probe="sparse(k=1,2,16)")
    assert {len(columns) for columns in found.columns} == {2}
    one = iscope.usable_information(x, x[:, 7] + x[:, 3] > 0, probe="sparse(k=1)")
    assert one.value < found.value - 0.2


def test_a_copy_of_a_column_that_was_found_adds_nothing():
    x, rng = rows()
    y = x[:, 0] + 0.6 * x[:, 5] + 0.1 * rng.normal(size=600) > 0
    twice = np.concatenate([x[:, :1], x], 1)  # columns 0 and 1 are equal, and told more of than 6
    assert sorted(pursued_of(twice, y, 2).tolist()) in ([0, 6], [1, 6])


def pursued_of(x, y, most):
    import torch

    return pursued(torch.as_tensor((x - x.mean(0)) / x.std(0)), y.astype(np.int64), 2, most)


def test_the_first_column_is_the_one_along_which_class_means_differ_most():
    x, rng = rows(d=8)
    y = rng.integers(3, size=600)
    x[:, 5] += y
    standard = (x - x.mean(0)) / x.std(0)
    shares = np.bincount(y) / 600
    between = sum((shares[c] * standard[y == c].mean(0)) ** 2 for c in range(3))
    import torch

    assert pursued(torch.as_tensor(standard), y, 3, 1).tolist() == [int(between.argmax())] == [5]


def test_columns_are_sought_without_the_rows_that_are_scored():
    """Random labels of few rows in many columns: chosen on all rows the best of 2000 columns would seem to tell."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(120, 2000)), rng.integers(2, size=120)
    found = iscope.usable_information(x, y, probe="sparse(k=4)")
    assert found.bits < 0.05
    assert len({column for columns in found.columns for column in columns}) > 8  # another choice in each split


def test_many_columns_join_several_at_once():
    x, rng = rows(d=200)
    y = x @ rng.normal(size=200) > 0
    found = iscope.usable_information(x, y, probe="sparse(k=64)")
    assert {len(columns) for columns in found.columns} == {64}
    assert len(set(found.columns[0])) == 64


def test_quantities_of_a_few_columns():
    x, rng = rows(2000)
    y = x[:, 7] + x[:, 3] + rng.normal(size=2000)
    found = iscope.usable_information(x, y, probe="sparse(k=2)", target="quantities")
    assert found.value == pytest.approx(np.log(3) / 2, abs=0.06)


def test_along_a_training_the_note_of_a_row_names_them():
    x, _ = rows()
    measurement = iscope.measurement("usable_information(probe=sparse(k=2))")
    ((one,),) = measurement.measure(x[None], {"sign": (x[:, 4] > 0).astype(int)})
    assert "4 (5)" in one.estimate.notes[0]


@pytest.mark.parametrize("k", ["0", "-1", "two", "1,1"])
def test_numbers_that_make_no_sense_are_refused(k):
    x, _ = rows(50)
    with pytest.raises(InputError, match="k"):
        iscope.usable_information(x, x[:, 0] > 0, probe=f"sparse(k={k})")
