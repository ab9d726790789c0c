"""Arguments of another kind than was wanted: one sentence each, from every public function that takes them."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

import infoscope as iscope
from infoscope.core.errors import InfoscopeError

NETWORK = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
X, Y = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32), np.arange(30) % 2
WRONG = {
    "load None": (lambda: iscope.load(None), "path is a NoneType, wanted the name of a folder"),
    "load a number": (lambda: iscope.load(3), "path is an int, wanted the name of a folder"),
    "load bytes": (lambda: iscope.load(b"run"), "path is a bytes, wanted the name of a folder"),
    "watch into a number": (lambda: iscope.watch(NETWORK, X, {"y": Y}, out=3), "out is an int, wanted the name of a"),
    "watch nothing": (lambda: iscope.watch(None, X, {"y": Y}, out="r"), "model is a NoneType, wanted a torch.nn.Mod"),
    "watch no labels": (lambda: iscope.watch(NETWORK, X, None, out="r"), "variables is a NoneType, wanted labels by"),
    "replicas of nothing": (lambda: iscope.replicas(None, None, None), "model is a NoneType, wanted a torch.nn.Module"),
    "replicas at a number": (lambda: iscope.replicas(NETWORK, X, 3), "sites is 3, wanted the names of submodules"),
    "a list of labels": (lambda: iscope.noisy_layer(X, 0.1, "sample", [Y]), "labels is a list, wanted labels by name"),
    "words as a prior": (lambda: iscope.usable_information(X, Y, prior=["a", "b"]), "prior holds no numbers"),
    "no folds": (lambda: iscope.usable_information(X, Y, folds=None), "folds is None, wanted"),
    "a word for folds": (lambda: iscope.usable_information(X, Y, folds="a"), "folds is the word 'a'"),
    "many folds": (lambda: iscope.usable_information(X, Y, folds=10**12), "wanted at least 2000000000000 for"),
    "many labelings": (lambda: iscope.minimality(X, Y, labelings=10**12), "labelings is 1000000000000, wanted at most"),
    "a number for an estimator": (lambda: iscope.mutual_information(X, Y, 3), "a int arrived where the name of a"),
    "a word for noise": (lambda: iscope.noisy_information(X, "a", "sample"), "noise is 'a', wanted a number above 0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_argument_is_named(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ask, words = WRONG[case]
    with pytest.raises(InfoscopeError, match=words):
        ask()


FIRST = """
import json, random, sys
import numpy as np, torch
import infoscope as iscope
from infoscope.core import registry

x = np.random.default_rng(0).normal(size=(60, 2))
y = (x[:, 0] > 0).astype(int)
w = x[:, :1] + np.random.default_rng(1).normal(size=(60, 1))
network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())


def states():
    return (
        random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist(), torch.is_grad_enabled(),
        torch.get_num_threads(), np.geterr(), torch.get_default_dtype(),
    )


def estimate(name, entry):
    options = {**entry.facts.get("quick", {}), **entry.facts.get("asks", {})}
    facts = registry.load("estimators", name)
    if "entropy" in facts.offers:
        iscope.entropy(y if "real" not in facts.first else x, name, **options)
    if "mutual_information" in facts.offers:
        t = x if "real" in facts.first else y
        iscope.mutual_information(t, y if "labels" in facts.second else w, name, **options)


calls = {}
for name, entry in registry.entries("estimators").items():
    calls[name] = lambda name=name, entry=entry: estimate(name, entry)
for name, entry in registry.entries("geometries").items():
    second = {"labels": y, "rows": x[::-1]}.get(entry.facts.get("second", ""))
    calls[name] = lambda name=name, second=second: iscope.geometry(x, second, name)
for name in registry.entries("dependences"):
    calls[name] = lambda name=name: iscope.dependence(x, w, name, permutations=2)
for name, entry in registry.entries("probes").items():
    calls[name] = lambda name=name, entry=entry: iscope.usable_information(x, y, name, **entry.facts.get("quick", {}))
calls["conditional"] = lambda: iscope.conditional_mutual_information(x, w, x)
calls["calibrated"] = lambda: iscope.mutual_information(x, y, calibrate=True)
calls["minimality"] = lambda: iscope.minimality(x, y, labelings=2)
calls["code"] = lambda: iscope.description_length(x, y)
calls["noisy"] = lambda: iscope.noisy_information(x, 0.5, "sample", tolerance=0.2)
calls["replicas"] = lambda: iscope.replicas(network, x.astype("float32"), "1", replicas=2)
calls["collapse"] = lambda: iscope.neural_collapse(x, y, np.eye(2))
calls["task"] = lambda: iscope.task("boolean12")
changed = []
for name, call in calls.items():
    before = states()
    call()
    if states() != before:
        changed.append(name)
print(json.dumps([len(calls), changed]))
"""


def test_no_function_draws_from_or_changes_what_is_global_not_even_at_its_first_call():
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    calls, changed = json.loads(done.stdout.splitlines()[-1])
    assert calls > 40
    assert changed == []
