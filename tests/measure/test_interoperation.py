"""Columns of other libraries are taken as they come: the same numbers as from the NumPy arrays behind them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
import xarray as xr

import infoscope as iscope
from infoscope.core.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 2))
Y = (X[:, 0] + 0.3 * RNG.normal(size=400) > 0).astype(np.int64)
WORDS = np.array(["no", "yes"])[Y]
EXPECTED = iscope.mutual_information(X, Y, estimator="binned", range=(-4, 4)).value

COLUMNS = {
    "pandas": lambda a, name: pd.DataFrame(a, columns=[f"{name}{i}" for i in range(a.shape[1])]),
    "polars": lambda a, name: pl.DataFrame({f"{name}{i}": a[:, i] for i in range(a.shape[1])}),
    "xarray": lambda a, name: xr.DataArray(a, dims=("sample", "unit"), name=name),
    "torch": lambda a, name: torch.tensor(a, requires_grad=a.dtype.kind == "f"),
    "lists": lambda a, name: a.tolist(),
}
LABELS = {
    "numpy": Y,
    "pandas": pd.Series(Y, name="y"),
    "pandas words": pd.Series(WORDS),
    "pandas categories": pd.Series(WORDS).astype("category"),
    "pandas frame": pd.DataFrame({"y": Y}),
    "polars": pl.Series("y", Y),
    "polars words": pl.Series("y", WORDS.tolist()),
    "polars categories": pl.Series("y", WORDS.tolist()).cast(pl.Categorical),
    "xarray": xr.DataArray(Y, dims="sample"),
    "torch": torch.tensor(Y),
    "booleans": Y.astype(bool),
    "list of words": WORDS.tolist(),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_rows_of_other_libraries(kind):
    found = iscope.mutual_information(COLUMNS[kind](X, "x"), Y, estimator="binned", range=(-4, 4))
    assert found.value == EXPECTED


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_other_libraries(kind):
    found = iscope.mutual_information(X, LABELS[kind], estimator="binned", range=(-4, 4))
    assert found.value == pytest.approx(EXPECTED, abs=1e-12)


@pytest.mark.parametrize("kind", COLUMNS)
def test_real_second_variables_of_other_libraries(kind):
    expected = iscope.mutual_information(X[:, :1], X[:, 1:] + X[:, :1], estimator="binned", range=(-4, 4))
    found = iscope.mutual_information(
        COLUMNS[kind](X[:, :1], "x"), COLUMNS[kind](X[:, 1:] + X[:, :1], "y"), estimator="binned", range=(-4, 4)
    )
    assert found.value == expected.value


def test_a_missing_value_of_a_table_is_refused():
    frame = pl.DataFrame({"x": [1.0, None, 3.0]})
    with pytest.raises(InputError, match=r"is missing in 1 of 3 rows \(first at row 1\)"):
        iscope.entropy(frame)
