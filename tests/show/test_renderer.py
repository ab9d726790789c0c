"""The renderer ends a process that may not reserve its addresses, so it is not loaded there."""

import os
import subprocess
import sys

import pytest

LIMITED = """
import resource, sys
from infoscope.core.errors import InfoscopeError
from infoscope.show._renderer import renderer
from infoscope.show.figures import Drawing
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]) << 30,) * 2)
spec = {"data": {"values": [{"a": 1}]}, "mark": "point", "encoding": {"x": {"field": "a", "type": "quantitative"}}}
for _ in range(2):
    try:
        Drawing(spec).save(sys.argv[2])
        print("drawn")
    except InfoscopeError as reason:
        print(reason)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit on addresses is not kept")
@pytest.mark.parametrize(("limit", "words"), [(8, "figures and reports are drawn by a JavaScript"), (80, "drawn")])
def test_a_limit_on_addresses_is_a_sentence_and_no_abort(tmp_path, limit, words):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit), str(tmp_path / "a.svg")],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(words) for line in lines)
    assert (tmp_path / "a.svg").exists() == (words == "drawn")
