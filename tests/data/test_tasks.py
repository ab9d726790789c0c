"""The laws of a task, held for every file in ``data/tasks``."""

import urllib.error
from pathlib import Path

import numpy as np
import pytest

import infoscope.data
from infoscope.core import registry
from infoscope.core.errors import DataMissingError, InputError, UnknownNameError
from infoscope.data import _files
from infoscope.data.definition import Definition, Split, Task

NAMES = sorted(registry.entries("tasks"))


@pytest.fixture(scope="module", params=NAMES)
def task(request):
    """Each task in turn, with its real files where it needs any."""
    if "hashes" in registry.entries("tasks")[request.param].facts:
        folder = request.getfixturevalue("real_data") / request.param
        if not folder.is_dir():
            pytest.skip(f"no real data: {folder} does not exist")
    return infoscope.data.task(request.param)


def test_the_three_tasks_are_there():
    assert {"boolean12", "mnist", "fashion_mnist"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_literals_and_the_summary_is_told(name):
    entry = registry.entries("tasks")[name]
    for fact in ("n", "features", "classes", "trained_on", "split_published", "licence", "citation"):
        assert fact in entry.facts, f"{name} states no literal {fact}"
    assert entry.summary.endswith(".")
    assert issubclass(entry.load(), Definition)


def test_arrays_agree_with_the_facts(task):
    facts = registry.entries("tasks")[task.name].facts
    assert task.inputs.shape == (facts["n"], facts["features"])
    assert task.inputs.dtype == np.float32
    assert (task.classes, task.trained_on) == (facts["classes"], facts["trained_on"])
    assert task.split_published == facts["split_published"]


def test_inputs_are_finite_and_in_the_unit_interval(task):
    assert np.isfinite(task.inputs).all()
    assert (task.inputs.min(), task.inputs.max()) == (0.0, 1.0)


def test_every_class_occurs_and_no_other(task):
    assert np.unique(task.variables[task.trained_on]).tolist() == list(range(task.classes))


def test_split_is_disjoint_and_complete(task):
    train, test = task.split
    assert not set(train.tolist()) & set(test.tolist())
    assert len(train) + len(test) == len(task)
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()


def test_arrays_are_read_only(task):
    for values in (task.inputs, *task.variables.values(), *task.split):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0


def test_entropies_are_those_of_the_rows(task):
    for name, entropy in task.entropies.items():
        rows = task.inputs if name == "input" else task.variables[name][:, None]
        shares = np.unique(rows, axis=0, return_counts=True)[1] / len(rows)
        assert -(shares * np.log(shares)).sum() == pytest.approx(entropy, rel=1e-12)


def test_hashes_are_sha256(task):
    assert task.hashes
    assert all(len(h) == 64 and int(h, 16) >= 0 for h in task.hashes.values())


def test_same_seed_same_split_and_another_seed_another(task):
    first, again, other = (task.resplit(seed, 0.7, ignore_published=True) for seed in (5, 5, 6))
    assert np.array_equal(first.train, again.train)
    assert not np.array_equal(first.train, other.train)
    assert np.array_equal(np.sort(np.concatenate(first)), np.arange(len(task)))


def test_a_published_split_is_not_replaced_unasked(task):
    if task.split_published:
        with pytest.raises(InputError, match=r"published split.*ignore_published=True"):
            task.resplit(0)
    else:
        assert isinstance(task.resplit(0), Split)


def test_repr_says_what_it_is(task):
    assert repr(task).startswith(f"Task('{task.name}', inputs [{len(task)}, ")


@pytest.mark.parametrize("name", NAMES)
def test_without_files_and_network_it_loads_or_says_which_folder_to_fill(name, tmp_path, monkeypatch):
    def no_network(*_, **__):
        raise urllib.error.URLError("no network in this test")

    monkeypatch.setattr(_files.urllib.request, "urlopen", no_network)
    monkeypatch.setattr(_files.platformdirs, "user_cache_path", lambda _: tmp_path / "cache")
    monkeypatch.setenv("INFOSCOPE_DATA", str(tmp_path / "mine"))
    if "hashes" not in registry.entries("tasks")[name].facts:
        assert len(infoscope.data.task(name))
        return
    with pytest.raises(DataMissingError) as caught:
        infoscope.data.task(name)
    message = str(caught.value)
    assert "no network in this test" in message
    assert f"put it into {tmp_path / 'mine' / name}" in message
    monkeypatch.delenv("INFOSCOPE_DATA")
    with pytest.raises(DataMissingError, match=rf"FOLDER/{name} with INFOSCOPE_DATA=FOLDER set"):
        infoscope.data.task(name)
    assert not (tmp_path / "cache").exists()


def test_a_mistyped_name_lists_the_near_ones():
    with pytest.raises(UnknownNameError, match="there is no task named 'mnits': did you mean 'mnist'"):
        infoscope.data.task("mnits")


def test_an_unknown_option_lists_what_the_task_takes():
    with pytest.raises(InputError, match="'boolean12' has no option 'sed', it takes: seed, train_fraction"):
        infoscope.data.task("boolean12", sed=1)
    with pytest.raises(InputError, match="'mnist' has no option 'seed', it takes: none"):
        infoscope.data.task("mnist", seed=1)


def a_task(**changes) -> Task:
    content = {
        "name": "made up",
        "inputs": np.zeros((4, 2), np.float32),
        "variables": {"label": np.array([0, 1, 0, 1])},
        "trained_on": "label",
        "classes": 2,
        "split": Split(np.array([0, 1]), np.array([2, 3])),
        "split_published": True,
    }
    return Task(**{**content, **changes})


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"inputs": np.zeros((4, 2, 2))}, InputError, r"inputs have shape \(4, 2, 2\), wanted \[rows, features\]"),
        ({"variables": {"label": np.zeros(3)}}, InputError, r"'label' has shape \(3,\), wanted \(4,\)"),
        ({"trained_on": "lable"}, UnknownNameError, "no variable named 'lable': did you mean 'label'"),
        ({"split": Split(np.array([0, 1]), np.array([1, 2, 3]))}, InputError, "each of its 4 rows exactly once"),
        ({"split": Split(np.array([0]), np.array([2, 3]))}, InputError, "each of its 4 rows exactly once"),
    ],
)
def test_a_task_that_contradicts_itself_is_refused(changes, error, words):
    with pytest.raises(error, match=words):
        a_task(**changes)


def test_a_task_leaves_the_arrays_it_was_made_from_alone():
    inputs = np.zeros((4, 2), np.float32)
    task = a_task(inputs=inputs)
    inputs[0] = 1
    assert task.inputs[0].tolist() == [1, 1]  # a read-only view, not a copy of what may be gigabytes


def test_the_shipped_checksums_name_the_four_files_of_each_image_task():
    for name in ("mnist", "fashion_mnist"):
        files = list(registry.entries("tasks")[name].facts["hashes"])
        assert [Path(f).suffix for f in files] == [".gz"] * 4
        assert [f.split("-")[:2] for f in files] == [
            ["train", "images"],
            ["train", "labels"],
            ["t10k", "images"],
            ["t10k", "labels"],
        ]
