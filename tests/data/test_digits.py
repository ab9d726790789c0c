"""The small digits are found where scikit-learn keeps them, in the user's folder, or fetched; and are those digits."""

import shutil

import numpy as np
import pytest

import infoscope.data
from infoscope.core.errors import InputError
from infoscope.data import _files
from infoscope.data.tasks import digits


def test_digits_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    published = datasets.load_digits()
    task = infoscope.data.task("digits")
    assert np.array_equal(task.inputs * 16, published.data)
    assert np.array_equal(task.variables["digit"], published.target)
    assert np.array_equal(task.variables["high"], published.target >= 5)


def test_the_users_folder_comes_first_and_no_package_is_needed(tmp_path, monkeypatch):
    bundled = next((folder for folder in digits._bundled() if (folder / "digits.csv.gz").exists()), None)
    if bundled is None:
        pytest.skip("scikit-learn is not installed")
    monkeypatch.setattr(digits, "_bundled", lambda: ())
    monkeypatch.setenv("INFOSCOPE_DATA", str(tmp_path))
    (tmp_path / "digits").mkdir()
    shutil.copy(bundled / "digits.csv.gz", tmp_path / "digits")
    monkeypatch.setattr(_files, "_read", lambda *_: pytest.fail("nothing is to be downloaded"))
    assert len(infoscope.data.task("digits")) == 1797


def test_seeds_draw_splits():
    first, again, other = (infoscope.data.task("digits", seed=seed).split for seed in (0, 0, 1))
    assert np.array_equal(first.train, again.train)
    assert not np.array_equal(first.train, other.train)
    assert len(infoscope.data.task("digits", train_fraction=0.8).split.train) == 1438
    with pytest.raises(InputError, match="seed"):
        infoscope.data.task("digits", seed=-1)
