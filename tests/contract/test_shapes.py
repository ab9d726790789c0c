"""Shapes in signatures are true: every function of ``measure`` is called with arrays of the axes that it states."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import infoscope

SCRIPT = Path(__file__).parent / "shapes_held.py"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(infoscope.__file__).parents[1])}


def run(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=280, env=ENVIRONMENT, cwd=SCRIPT.parent
    )


def test_every_measurement_keeps_to_its_annotations():
    done = run(str(SCRIPT))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert done.stdout.count("ok: ") > 100, done.stdout


def test_a_wrong_shape_is_seen(tmp_path):
    """Of the check itself: rows where labels are stated, and two arrays of one axis with different lengths."""
    (tmp_path / "wrong.py").write_text(
        "from __future__ import annotations\n"
        "from infoscope.core.shapes import Labels, NumpyRows\n"
        "def f(x: NumpyRows, y: Labels) -> NumpyRows: return x\n"
    )
    calls = ["f(x, np.arange(3))", "f(x, np.arange(4))", "f(x, x)", "f(x[:, 0], np.arange(3))"]
    code = "import os, sys; os.environ['INFOSCOPE_SHAPES'] = 'held'\n"
    code += f"sys.path.insert(0, {str(tmp_path)!r})\nimport numpy as np\nfrom jaxtyping import install_import_hook\n"
    code += "with install_import_hook('wrong', 'beartype.beartype'):\n    from wrong import f\n"
    code += "x = np.zeros((3, 2))\n"
    for call in calls:
        code += f"try: {call}; print('taken')\nexcept Exception as e: print(type(e).__name__)\n"
    done = run("-c", code)
    assert done.stdout.split() == ["taken", *["TypeCheckError"] * 3], done.stderr


@pytest.mark.parametrize("module", ["infoscope.core.shapes", "infoscope.core.measurement"])
def test_shapes_cost_no_import(module):
    code = f"import sys, {module}\nprint(sorted({{'torch', 'jaxtyping', 'beartype'}} & set(sys.modules)))"
    assert run("-c", code).stdout.strip() == "[]"
