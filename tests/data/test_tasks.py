"""The laws of a task, held for every file in ``data/tasks``."""

import importlib.util
import urllib.error
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import infoscope.data
from infoscope.core import registry
from infoscope.core.errors import DataMissingError, InputError, UnknownNameError
from infoscope.data import _files
from infoscope.data.definition import Definition, Split, Task
from infoscope.data.held import held

NAMES = sorted(registry.entries("tasks"))


@pytest.fixture(scope="module", params=NAMES)
def task(request):
    """Each task in turn, with its real files where it needs any."""
    if needs_files(request.param) and request.param != "digits":  # which come with scikit-learn
        folder = request.getfixturevalue("real_data") / folder_of(request.param)
        if not folder.is_dir():
            pytest.skip(f"no real data: {folder} does not exist")
        if missing := [name for name in facts_of(request.param).get("records", ()) if not (folder / name).exists()]:
            pytest.skip(f"no real data: {folder} holds no {', '.join(missing)}")
    return infoscope.data.task(request.param)


def facts_of(name: str) -> dict[str, Any]:
    return registry.entries("tasks")[name].facts


def needs_files(name: str) -> bool:
    return "mirrors" in facts_of(name)


def folder_of(name: str) -> str:
    return facts_of(name).get("folder", name)


def test_the_tasks_are_there():
    images = {"mnist", "fashion_mnist", "cifar10", "cifar100", "cifar100_groups", "digits"}
    assert {"boolean12", "checkerboard", "checkerboard10", "checkerboard20", *images} <= set(NAMES)
    assert {name for name in NAMES if facts_of(name).get("shape")} == images


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
    assert task.shape == facts.get("shape", ())


def test_inputs_are_finite_and_pixels_and_bits_in_the_unit_interval(task):
    least, most = task.inputs.min(), task.inputs.max()
    if task.drawn:
        assert (abs(least) < 10) & (abs(most) < 10)
    else:
        assert (least, most) == (0.0, 1.0)


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


def test_entropies_are_those_of_the_rows_or_of_the_law_they_were_drawn_from(task):
    for name, entropy in task.entropies.items():
        rows = task.inputs if name == "input" else task.variables[name][:, None]
        counts = np.unique(rows, axis=0, return_counts=True)[1]
        counted = -(counts / len(rows) * np.log(counts / len(rows))).sum()
        if task.drawn:  # the plug-in entropy is biased down by (classes - 1)/2n, and its spread is as small
            assert entropy - 3 * len(counts) / len(rows) < counted <= entropy
        else:
            assert counted == pytest.approx(entropy, rel=1e-12)


def test_no_task_holds_more_information_than_its_variables_have(task):
    assert set(task.information) == set(task.best_accuracy) <= set(task.variables)
    for name, information in task.information.items():
        assert 0 < information <= task.entropies[name]
        most = task.best_accuracy[name]
        error = 1 - most
        classes = len(np.unique(task.variables[name]))
        spread = -sum(p * np.log(p) for p in (most, error) if p) + error * np.log(max(1, classes - 1))
        assert task.entropies[name] - information <= spread + 1e-12  # Fano's inequality


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
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    if not needs_files(name):
        assert len(infoscope.data.task(name))
        return
    fill = folder_of(name)
    with pytest.raises(DataMissingError) as caught:
        infoscope.data.task(name)
    message = str(caught.value)
    assert "no network in this test" in message
    assert f"it into {tmp_path / 'mine' / fill}" in message
    monkeypatch.delenv("INFOSCOPE_DATA")
    with pytest.raises(DataMissingError, match=rf"FOLDER/{fill} with INFOSCOPE_DATA=FOLDER set"):
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
        ({"shape": (1, 2, 2)}, InputError, r"shape is \(1, 2, 2\) for rows of 2 features, wanted \(channels, height"),
        ({"shape": (2,)}, InputError, r"shape is \(2,\) for rows of 2 features"),
        ({"trained_on": "lable"}, UnknownNameError, "no variable named 'lable': did you mean 'label'"),
        ({"split": Split(np.array([0, 1]), np.array([1, 2, 3]))}, InputError, "each of its 4 rows exactly once"),
        ({"split": Split(np.array([0]), np.array([2, 3]))}, InputError, "each of its 4 rows exactly once"),
    ],
)
def test_a_task_that_contradicts_itself_is_refused(changes, error, words):
    with pytest.raises(error, match=words):
        a_task(**changes)


def test_images_may_have_a_shape():
    assert a_task(shape=(2, 1, 1)).shape == (2, 1, 1)


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


def test_a_held_task_is_loaded_once_while_somebody_holds_it_and_is_another_s_where_files_are(monkeypatch, tmp_path):
    first = held("boolean12")
    assert held("boolean12") is first
    monkeypatch.setenv("INFOSCOPE_DATA", str(tmp_path))
    other = held("boolean12")
    assert other is not first
    del other
    loads: list[str] = []
    monkeypatch.setattr("infoscope.data.held.task", loads.append)
    with pytest.raises(TypeError):  # nobody holds it any more: it is asked for anew, and None cannot be held
        held("boolean12")
    assert loads == ["boolean12"]
