"""Every example runs as a user would run it, in a process of its own, again and again, and leaves a run behind."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import infoscope

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SHORTER = {"04_language_model": ["2"]}  # updates of training: its default of 100 takes a minute, most of it the scan


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example, tmp_path):
    model, inputs = torch.nn.Sequential(torch.nn.Linear(2, 2)), torch.randn(20, 2)
    with infoscope.watch(model, inputs, {}, ["effective_rank"], tmp_path / "run", schedule=[10**9]) as scope:
        scope.step(10**9)  # the folder is used already, as when somebody runs the script again
    done = subprocess.run(
        [sys.executable, example, tmp_path / "run", *SHORTER.get(example.stem, [])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 10**9 not in infoscope.load(tmp_path / "run").rows.unique("step")
    assert len(infoscope.load(tmp_path / "run").rows)
    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.parametrize("script", sorted((ROOT / "bench").glob("*.py")), ids=lambda path: path.stem)
def test_what_a_bench_imports_is_there(script):
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("infoscope"):
            module = importlib.import_module(node.module)
            for alias in node.names:
                there = hasattr(module, alias.name) or importlib.util.find_spec(f"{node.module}.{alias.name}")
                assert there, f"{script.name} imports {alias.name} from {node.module}"
