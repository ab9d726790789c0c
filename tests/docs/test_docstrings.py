"""The examples in the docstrings of contributions do what they say."""

import doctest
import importlib.util
import warnings

import numpy as np
import pytest
import torch

import infoscope
from infoscope.benchmark.peers import _base
from infoscope.core import registry
from infoscope.core.errors import DataMissingError

ENTRIES = [(kind, name) for kind in registry.KINDS for name in registry.entries(kind)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small run with rows of several kinds, which examples of plots draw."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    x = torch.randn(100, 3)
    measures = ["binned(bins=10,20)", "kde", "effective_rank", "class_distances", "usable_information"]
    folder = tmp_path_factory.mktemp("runs") / "mine"
    with infoscope.watch(model, x, {"label": x[:, 0] > 0}, measures, folder, schedule=[0, 1]) as scope:
        scope.step(0)
        scope.step(1)
    return scope.run


@pytest.mark.parametrize(("kind", "name"), ENTRIES, ids=lambda value: value)
def test_the_example_of(kind, name, request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where examples put their runs
    entry = registry.find(kind, name)
    if kind == "peers" and (reason := _base.absent(entry.facts)):
        pytest.skip(reason)
    if kind == "adapters":
        if importlib.util.find_spec(entry.facts["package"]) is None:
            pytest.skip(f"{entry.facts['package']} is not installed, whose trainer is followed")
        warnings.simplefilter("ignore")  # of the trainers, which talk about few workers and batches
    if kind == "trackers":
        if importlib.util.find_spec(entry.facts["package"]) is None:
            pytest.skip(f"{entry.facts['package']} is not installed, which is told")
        for name_of in ("WANDB_MODE", "WANDB_SILENT", "TRACKIO_DIR", "MLFLOW_TRACKING_URI"):
            monkeypatch.delenv(name_of, raising=False)  # what the example sets is undone
        warnings.simplefilter("ignore")  # of what they stand on
    if kind == "engines" and (package := entry.facts.get("package")) and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed, by which jobs of the engine {name} run")
    if kind == "tasks":
        try:
            infoscope.task(name)
        except DataMissingError as reason:
            pytest.skip(f"no data: {reason}")
    thing = entry.load()
    names = {"iscope": infoscope, "infoscope": infoscope, "np": np, "torch": torch}
    examples = doctest.DocTestParser().get_doctest(thing.__doc__ or "", names, name, None, None)
    assert examples.examples, f"{kind}/{name} shows no example"
    if kind == "plots":
        examples.globs["run"] = request.getfixturevalue("run")
    said: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed = doctest.DocTestRunner(optionflags=flags).run(examples, out=said.append).failed
    assert not failed, "".join(said)
