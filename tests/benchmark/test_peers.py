"""Peers are asked in nats, as their authors mean them to be used."""

from __future__ import annotations

import importlib.util
import math

import numpy as np
import pytest

from infoscope.benchmark.peers import _base
from infoscope.core import registry
from infoscope.data.source import find_source

ENTRIES = registry.entries("peers")


def installed(name):
    if reason := _base.absent(ENTRIES[name].facts):
        pytest.skip(reason)
    return registry.load("peers", name)()


@pytest.mark.parametrize("name", ENTRIES)
def test_it_states_its_facts(name):
    facts = ENTRIES[name].facts
    assert set(facts.get("second", ("real",))) <= {"labels", "real"}
    assert bool(facts.get("package")) == bool(facts.get("distribution"))


@pytest.mark.parametrize("name", ENTRIES)
def test_it_answers_in_nats(name):
    peer = installed(name)
    source = find_source("bivariate-normal")
    state = np.random.get_state()  # noqa: NPY002
    try:
        x, y = source.sample(3000, 0)
        assert peer.mutual_information(x, y) == pytest.approx(source.truth, abs=0.06)
        if "labels" in peer.second:
            rng = np.random.default_rng(0)
            labels = rng.integers(2, size=3000)
            x = labels[:, None] * 100.0 + rng.normal(size=(3000, 1))
            assert peer.mutual_information(x, labels) == pytest.approx(math.log(2), abs=0.03)
        if peer.columns is None:
            x, y = find_source("correlated-pairs-3x3").sample(1000, 0)
            assert peer.mutual_information(x, y) == pytest.approx(0.6, abs=0.12)
    finally:
        np.random.set_state(state)  # noqa: NPY002


def test_the_tree_is_the_definition():
    """Kraskov et al. 2004, equation 8, counted by hand over all pairs."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    y = x[:, :1] + rng.normal(size=(60, 1))
    k, n = 3, 60
    dx, dy = (np.abs(t[:, None] - t[None]).max(-1) for t in (x / x.std(0), y / y.std(0)))
    both = np.maximum(dx, dy)
    radius = np.sort(both, axis=1)[:, k]
    psi = {m: -0.5772156649015329 + sum(1 / j for j in range(1, m)) for m in range(1, n + 1)}
    counts = [[int((d[i] < radius[i]).sum()) for i in range(n)] for d in (dx, dy)]  # with itself
    expected = psi[k] + psi[n] - np.mean([psi[a] + psi[b] for a, b in zip(*counts, strict=True)])
    assert registry.load("peers", "scipy_tree")(k=k).mutual_information(x, y) == pytest.approx(expected, abs=1e-12)


def test_an_absent_package_is_named_with_the_fix(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    facts = {"package": "sklearn", "distribution": "scikit-learn"}
    assert _base.absent(facts) == "scikit-learn is not installed: pip install scikit-learn"
    assert _base.absent({}) == ""
