"""Arrays of other libraries: read right when nothing is missing, refused with the number of rows when something is."""

import datetime
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sparse
import torch
import xarray as xr

from infoscope.core import check
from infoscope.core.errors import InputError

X = np.array([[1.0, 0.0], [2.5, 1.0], [-3.0, 0.0], [4.0, 1.0]])
Y = [2, 0, 1, 0]
FRAME = pd.DataFrame({"a": X[:, 0], "b": X[:, 1] > 0})  # as objects for NumPy


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch calls some of them betas, and is about to drop others
    QUANTISED = torch.quantize_per_tensor(torch.tensor(X, dtype=torch.float32), 0.5, 0, torch.qint8)
    SPARSE_ROWS = torch.eye(3).to_sparse_csr()
    NESTED = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)


REAL = {
    "pandas Float64": FRAME[["a"]].assign(b=X[:, 1]).astype("Float64"),
    "pandas Float32": FRAME[["a"]].assign(b=X[:, 1]).astype("Float32"),
    "pandas double[pyarrow]": FRAME[["a"]].assign(b=X[:, 1]).astype("double[pyarrow]"),
    "pandas float + bool": FRAME,
    "pandas float + boolean": FRAME.astype({"b": "boolean"}),
    "pandas float + Int64": FRAME.astype({"b": "Int64"}),
    "pandas objects": FRAME.astype(object),
    "pandas sparse": FRAME.astype(float).astype(pd.SparseDtype("float64", 0.0)),
    "pandas lists": pd.Series(X.tolist()),
    "polars float + bool": pl.DataFrame({"a": X[:, 0], "b": X[:, 1] > 0}),
    "polars decimal": pl.DataFrame({"a": X[:, 0], "b": [Decimal(int(v)) for v in X[:, 1]]}),
    "polars lists": pl.Series("x", X.tolist()),
    "polars array": pl.Series("x", X.tolist(), dtype=pl.Array(pl.Float64, 2)),
    "arrow table": pa.table({"a": X[:, 0], "b": X[:, 1]}),
    "xarray": xr.DataArray(X, dims=("sample", "unit")),
    "xarray objects": xr.DataArray(X.astype(object), dims=("sample", "unit")),
    "mask that hides nothing": np.ma.array(X, mask=False),
    "longdouble": X.astype(np.longdouble),
    "list of tensors": [torch.tensor(row) for row in X],
    "float8": torch.tensor(X).to(torch.float8_e4m3fn),
    "quantised": QUANTISED,
    "negative bit": (torch.complex(torch.zeros(4, 2, dtype=torch.float64), -torch.tensor(X))).conj().imag,
    "subclass": torch.nn.Parameter(torch.tensor(X)),
}


@pytest.mark.parametrize("kind", REAL)
def test_rows_are_read_right(kind):
    out = check.representation(REAL[kind])
    assert np.array_equal(out, X)
    assert out.dtype in (np.float32, np.float64)


LABELS = {
    "Int64": pd.Series(Y, dtype="Int64"),
    "int64[pyarrow]": pd.Series(Y, dtype="int64[pyarrow]"),
    "objects": pd.Series(Y, dtype=object),
    "float objects": np.array([2.0, 0, 1, 0], dtype=object),
    "category": pd.Series([*"cabA"[:3], "a"]).astype("category"),
    "Categorical": pd.Categorical([*"cab", "a"]),
    "category of numbers": pd.Series([0.5, 0.1, 0.2, 0.1]).astype("category"),
    "string": pd.Series([*"cab", "a"], dtype="string"),
    "intervals": pd.cut(pd.Series([2.5, 0.5, 1.5, 0.2]), [0, 1, 2, 3]),
    "periods": pd.Series(pd.period_range("2020", periods=3, freq="D"))[[2, 0, 1, 0]],
    "dates": pd.Series(pd.date_range("2020", periods=3))[[2, 0, 1, 0]],
    "dates with a zone": pd.Series(pd.date_range("2020", periods=3, tz="Asia/Tokyo"))[[2, 0, 1, 0]],
    "datetime.date": [datetime.date(2020, 1, 1 + day) for day in Y],
    "polars enum": pl.Series([*"cab", "a"], dtype=pl.Enum(["a", "b", "c"])),
    "polars dates": pl.Series([datetime.date(2020, 1, 1 + day) for day in Y]),
    "arrow": pa.array(Y),
    "arrow dictionary": pa.array([*"cab", "a"]).dictionary_encode(),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_are_read_right(kind):
    assert check.labels(LABELS[kind], 4).tolist() == Y
    assert check.names(LABELS[kind], 4).tolist() == [0, 1, 2, 1]


def test_boolean_columns_are_two_classes():
    for given in (
        pd.Series([True, False, True], dtype="boolean"),
        pd.Series([True, False, True], dtype=object),
        pl.Series([True, False, True]),
    ):
        assert check.labels(given, 3).tolist() == [1, 0, 1]


MISSING = {
    "Int64": pd.Series([1, None, 3, None], dtype="Int64"),
    "boolean": pd.Series([True, None, False, None], dtype="boolean"),
    "category": pd.Series(["a", None, "b", None]).astype("category"),
    "string": pd.Series(["a", None, "b", None], dtype="string"),
    "words": pd.Series(["a", None, "b", np.nan], dtype=object),
    "list of words": ["a", None, "b", None],
    "list of words and NaN": ["a", float("nan"), "b", float("nan")],
    "objects": np.array([1, None, 2, pd.NA], dtype=object),
    "Float64": pd.Series([0.5, None, 1.5, None], dtype="Float64"),
    "double[pyarrow]": pd.Series([0.5, None, 1.5, None], dtype="double[pyarrow]"),
    "frame": pd.DataFrame({"a": [0.5] * 4, "b": pd.Series([1, None, 3, None], dtype="Int64")}),
    "dates": np.array(["2020-01-01", "NaT", "2020-01-02", "NaT"], dtype="M8[D]"),
    "intervals": pd.cut(pd.Series([0.5, 9, 1.5, 9]), [0, 1, 2]),
    "polars": pl.Series([1, None, 2, None]),
    "polars words": pl.Series(["a", None, "b", None]),
    "polars frame": pl.DataFrame({"a": [1.0, None, 2.0, None]}),
    "arrow": pa.array([1, None, 2, None]),
}


@pytest.mark.parametrize("kind", MISSING)
def test_what_is_missing_is_counted(kind):
    for read in (check.labels, check.names):
        with pytest.raises(InputError, match=r"y.* is missing in 2 of 4 rows \(first at row 1\).*drop those rows"):
            read(MISSING[kind], 4, "y")


@pytest.mark.parametrize("shape", [(300,), (300, 2)])
def test_a_mask_that_hides_something_is_refused(shape):
    hidden = np.ma.array(
        np.ones(shape), mask=np.broadcast_to((np.arange(300) % 50 == 7).reshape(300, *[1] * (len(shape) - 1)), shape)
    )
    with pytest.raises(InputError, match=r"z is a masked array that hides values in 6 of 300 rows \(first at row 7"):
        check.array(hidden, "z")
    with pytest.raises(InputError, match=r"in 6 of 300 rows \(first at row 7"):
        check.array(list(hidden), "z")


NO_ARRAYS = {
    "sparse matrix": (sparse.csr_matrix(X), r"x is a scipy.csr_matrix, a sparse matrix.*pass x\.toarray\(\)"),
    "sparse tensor": (torch.tensor(X).to_sparse(), r"x is a sparse_coo tensor.*pass x\.to_dense\(\)"),
    "sparse rows": (SPARSE_ROWS, r"x is a sparse_csr tensor.*pass x\.to_dense\(\)"),
    "meta": (torch.ones(4, 2, device="meta"), "x is a meta tensor, which holds no numbers"),
    "nested": (NESTED, "x is a nested tensor"),
    "complex": (torch.ones(4, 2, dtype=torch.complex64), "x has dtype complex64, wanted real numbers: take .abs()"),
    "generator": ((row for row in X), r"x is a generator, which can be read only once.*pass list\(x\)"),
    "dictionary": ({"a": X}, r"x is a dict, wanted one array: pass one of its values, e.g. x\['a'\]"),
    "set": ({1, 2}, "x is a set, which has no order"),
    "None": (None, "x is None, wanted an array"),
    "word": ("data.csv", "x is the word 'data.csv', wanted an array"),
    "LazyFrame": (pl.LazyFrame({"a": [1]}), r"x is a polars.LazyFrame.*pass x\.collect\(\)"),
    "Dataset": (xr.Dataset({"a": ("s", [1, 2])}), r"x is a.* xarray.Dataset, wanted one array.*x\['a'\]"),
    "network": (torch.nn.Linear(2, 2), "x is a torch.Linear, wanted an array"),
    "views": ({"a": 1}.values(), r"x is a dict_values, wanted an array"),
    "fields": (np.zeros(3, [("a", float), ("b", int)]), "wanted columns of one kind: pass one field"),
    "structs": (pd.Series([{"a": 1}, {"a": 2}]), "x has dtype object and holds dict"),
    "lists of two lengths": (pd.Series([[1], [1, 2]]), "x could not be read as an array"),
    "words beside numbers": (pd.DataFrame({"a": [0.5, 1.5], "b": ["u", "v"]}), "column 'b' of x holds no numbers"),
    "beyond 64 bits": ([2**70, 2**70 + 1], "x holds whole numbers beyond 64 bits"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NO_ARRAYS)
def test_what_is_no_array_is_named(kind):
    given, words = NO_ARRAYS[kind]
    with pytest.raises(InputError, match=words):
        check.representation(given, "x")


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_large_whole_numbers_lose_their_smallest_and_are_not_rounded(dtype):
    t = np.array([[2**62, 5], [2**62 + 1, 6], [2**62 + 3, 5]], dtype)
    assert check.representation(t).tolist() == [[0, 0], [1, 1], [3, 0]]
    assert check.representation(t[None], stacked=True).tolist() == [[[0, 0], [1, 1], [3, 0]]]
    assert check.representation(pd.DataFrame({"a": t[:, 0], "b": [0.5, 1.5, 2.5]})).tolist() == [
        [0, 0.5],
        [1, 1.5],
        [3, 2.5],
    ]
    first, second = check.alike(t[:2], t[1:], ("z", "z_test"))
    assert (first[1] == second[0]).all()
    with pytest.raises(InputError, match=r"z holds whole numbers.*which float64 would round"):
        check.alike(t[:2], t[1:].astype(float), ("z", "z_test"))  # no smallest can be that of both
    with pytest.raises(InputError, match=r"which float64 would round \(beyond 2\*\*53\): subtract t\.min\(\) first"):
        check.representation(t, place=True)
    with pytest.raises(InputError, match="from 0 to 4611686018427387904, which float64 would round"):
        check.representation(np.array([0, 2**62], dtype))


def test_small_whole_numbers_stay_where_they_are():
    t = np.array([2**53, 2**53 - 1])
    assert check.representation(t)[:, 0].tolist() == t.tolist()


def test_the_same_index_in_another_order_is_refused():
    x = pd.DataFrame({"a": np.arange(4.0)}, index=[*"abcd"])
    y = pd.Series([0, 1, 0, 1], index=[*"abcd"])
    check.paired(x=x, y=y)
    check.paired(x=x, y=y.to_numpy()[::-1])
    check.paired(x=x, y=y.set_axis([*"wxyz"])[::-1])
    with pytest.raises(InputError, match=r"x and y have the same index in another order.*y\.loc\[x\.index\]"):
        check.paired(x=x, y=y[::-1])
    with pytest.raises(InputError, match="x and y have the same index in another order"):
        check.paired(x=xr.DataArray(X, dims=("s", "u"), coords={"s": [*"abcd"]}), y=y[::-1])
    with pytest.raises(InputError, match="x and z have the same index in another order"):
        check.paired(x=x, y=None, z=y.iloc[[1, 0, 2, 3]])
