"""Every engine that can be had here, opened for a test."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager

import pytest

import infoscope as iscope
from infoscope.core import registry

#: How each is opened in a test, beside its name.
SETTINGS = {"slurm": "cluster = 'local'\n"}


@contextmanager
def opened(name: str, folder, workers: int = 2):
    """The engine ``name``; skips, and says why, where its package is not installed."""
    package = registry.find("engines", name).facts.get("package")
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed, by which jobs of the engine {name} run")
    config = None
    if name in SETTINGS:
        config = folder / "settings.toml"
        config.write_text(SETTINGS[name])
    with iscope.open_engine(name, None if name == "here" else workers, config) as engine:
        yield engine
