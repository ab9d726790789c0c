"""The public boundary: what is taken as it is, and what each refusal says."""

import numpy as np
import pytest
import torch

from infoscope.core import check
from infoscope.core.errors import InputError

NAN, INF = float("nan"), float("inf")


def with_bad(value, dtype=np.float64) -> np.ndarray:
    t = np.ones((4, 3), dtype)
    t[2, 1] = value
    return t


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_real_rows_are_viewed_without_a_copy(dtype):
    t = np.ones((4, 3), dtype)
    assert check.representation(t) is t
    tensor = torch.ones(4, 3, dtype=getattr(torch, np.dtype(dtype).name), requires_grad=True)
    viewed = check.representation(tensor)
    assert viewed.__array_interface__["data"][0] == tensor.data_ptr()
    assert viewed.dtype == dtype


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (np.ones((4, 3), np.float16), np.float32),
        (np.ones((4, 3), np.int8), np.float64),
        (np.ones((4, 3), bool), np.float64),
        ([[1, 2], [3, 4]], np.float64),
        (torch.ones(4, 3, dtype=torch.bfloat16), np.float32),
        (torch.ones(4, 3, dtype=torch.float16), np.float32),
        (torch.ones(4, 3, dtype=torch.int64), np.float64),
    ],
)
def test_other_numbers_are_converted(given, wanted):
    out = check.representation(given)
    assert out.dtype == wanted
    assert out.shape == (len(given), len(given[0]))


def test_one_axis_is_one_column_and_members_may_lead():
    assert check.representation(np.arange(5)).shape == (5, 1)
    assert check.representation(np.ones((2, 5, 3)), stacked=True).shape == (2, 5, 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (with_bad(NAN), r"hidden holds NaN or infinity in 1 of 4 rows \(first at index \(2, 1\)\), wanted finite"),
        (with_bad(INF, np.float32), "hidden holds NaN or infinity in 1 of 4 rows"),
        (torch.full((4, 2), -INF), "hidden holds NaN or infinity in 4 of 4 rows"),
        (np.ones((1, 3)), "hidden has 1 row, wanted at least 2: pass more samples"),
        (np.ones((0, 3)), "hidden has 0 rows, wanted at least 2: pass more samples"),
        ([], "hidden has 0 rows, wanted at least 2"),
        (np.ones((4, 0)), "hidden has no columns, wanted at least 1"),
        (np.ones((4, 3, 2)), r"shape \(4, 3, 2\), wanted \[rows, features\]: .*hidden\.reshape\(len\(hidden\), -1\)"),
        (np.float64(1), r"hidden has shape \(\), wanted \[rows, features\]"),
        (np.ones((4, 3), complex), "hidden has dtype complex128, wanted real numbers"),
        (np.full((4, 3), "a"), "hidden has dtype <U1, wanted real numbers: convert it to float first"),
        (np.full((4, 3), None), r"hidden is missing in 4 of 4 rows \(first at row 0\)"),
        (np.array([1, {}], object), "hidden has dtype object and holds dict and int, wanted real numbers"),
        (np.array([["1", "2"], ["3", "?"]]), r"hidden has dtype <U1.*row 1 holds '\?', which is no number"),
        (
            np.arange("2020-01-01", "2020-01-04", dtype="M8[D]"),
            r"hidden has dtype datetime64\[D\].*timedelta64.*every moment is a class",
        ),
        ([[1, 2], [3]], r"hidden could not be read as an array \(.*\): pass an array of numbers"),
        (None, "hidden is None, wanted an array with one row a sample"),
    ],
)
def test_a_representation_that_cannot_be_measured_is_refused(given, words):
    with pytest.raises(InputError, match=words):
        check.representation(given, "hidden")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.ones((5, 3)), r"shape \(5, 3\), wanted \[members, rows, features\]"),
        (np.ones((2, 1, 3)), "has 1 row, wanted at least 2"),
        (np.stack([np.ones((4, 3)), with_bad(NAN)]), r"in 1 of 8 rows \(first at index \(1, 2, 1\)\)"),
    ],
)
def test_a_stack_that_cannot_be_measured_is_refused(given, words):
    with pytest.raises(InputError, match=words):
        check.representation(given, stacked=True)


def test_on_a_device_the_same_refusals_hold(device):
    good = torch.ones(4, 3, device=device)
    assert check.representation(good).shape == (4, 3)
    large = torch.tensor([2**60, 2**60 + 1, 2**60 + 2], device=device)
    assert check.representation(large).flatten().tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="wanted \\[rows, features\\]"):
        check.representation(torch.ones(4, 3, 2, device=device))
    with pytest.raises(InputError, match=r"dtype (torch\.)?complex64, wanted real numbers"):
        check.representation(torch.ones(4, 3, device=device, dtype=torch.complex64))
    with pytest.raises(InputError, match=r"in 1 of 4 rows \(first at index \(2, 1\)\)"):
        check.representation(torch.from_numpy(with_bad(NAN)).to(device, torch.float32))


def test_inputs_are_left_alone():
    t = np.arange(6.0).reshape(3, 2)
    before = t.copy()
    check.representation(t)
    check.labels(t[:, 0], 3)
    assert np.array_equal(t, before)


@pytest.mark.parametrize(
    "given",
    [
        [5, 3, 5, 9],
        np.array([[5], [3], [5], [9]]),
        np.array([5.0, 3.0, 5.0, 9.0]),
        torch.tensor([5, 3, 5, 9]),
        np.array(["b", "a", "b", "c"]),
        np.array([5, 3, 5, 9], np.uint8),
    ],
)
def test_labels_are_renumbered_in_the_order_of_their_values(given):
    out = check.labels(given, 4)
    assert out.tolist() == [1, 0, 1, 2]
    assert out.dtype == np.int32


def test_boolean_labels_are_two_classes():
    assert check.labels(np.array([True, False, True]), 3).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([0, 1, 0], "label has 3 labels for 4 rows, wanted one label a row: pass the same samples to both"),
        (
            np.eye(4),
            r"label has shape \(4, 4\), wanted one class index per row: its rows are one-hot.*label\.argmax\(1\)",
        ),
        ([0, 1, -1, 2], "label holds the label -1, wanted labels of 0 or more"),
        ([0.5, 1, 2, 3], "label holds real numbers, wanted class indices: bin it first"),
        (
            [0, 1, 2, NAN],
            r"label holds NaN or infinity in 1 of 4 rows \(first at row 3\), wanted a class for every row",
        ),
        ([0, INF, 2, NAN], r"label holds NaN or infinity in 2 of 4 rows \(first at row 1\)"),
        (None, "label is None, wanted one class label a row"),
        (np.ones(4, complex), "label has dtype complex128, wanted class indices"),
        ([], "label has 0 labels for 4 rows"),
    ],
)
def test_labels_that_are_no_classes_are_refused(given, words):
    with pytest.raises(InputError, match=words):
        check.labels(given, 4, "label")


@pytest.mark.parametrize("bad", [0, -1.0, NAN, INF, "1", None, [1]])
def test_positive_refuses(bad):
    with pytest.raises(InputError, match=r"noise is .*, wanted a number above 0"):
        check.positive(bad, "noise")


@pytest.mark.parametrize("bad", [0, -3, 1.0, True, "2", None])
def test_count_refuses(bad):
    with pytest.raises(InputError, match=r"bins is .*, wanted a whole number of at least 1"):
        check.count(bad, "bins")


def test_positive_and_count_return_plain_numbers():
    assert check.positive(np.float32(0.5), "noise") == 0.5
    assert type(check.count(np.int64(3), "bins")) is int
    assert check.count(0, "seed", least=0) == 0


@pytest.mark.parametrize(
    ("labels", "advice"),
    [
        (np.eye(3)[[0, 2, 1, 1]], r"its rows are one-hot, pass y.argmax\(1\)"),
        (np.array([[1, 1, 0], [0, 0, 0], [1, 0, 1], [0, 1, 1]]), r"each is a variable of its own: y\[:, 0\]"),
        (
            np.arange(28).reshape(4, 7) % 5,
            r"y.reshape\(-1\) and groups=np.repeat\(np.arange\(len\(y\)\), y.shape\[1\]\)",
        ),
        (np.zeros((4, 2, 2), int), "pass one variable at a time"),
    ],
)
def test_labels_of_several_columns_are_told_by_what_they_are(labels, advice):
    with pytest.raises(InputError, match=advice):
        check.labels(labels, 4)


def test_the_advice_for_tokens_can_be_followed():
    z, y = np.zeros((4, 7, 3)), np.arange(28).reshape(4, 7) % 5
    with pytest.raises(
        InputError, match=r"z.reshape\(-1, z.shape\[-1\]\), with groups=np.repeat\(np.arange\(len\(z\)\)"
    ):
        check.representation(z, "z")
    rows = check.representation(z.reshape(-1, z.shape[-1]), "z")
    assert len(check.labels(y.reshape(-1), len(rows))) == len(check.names(np.repeat(np.arange(len(z)), z.shape[1]), 28))
