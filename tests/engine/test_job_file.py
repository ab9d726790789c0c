"""The file of a job is whole, or nothing."""

from __future__ import annotations

import pyarrow as pa
import pytest

from infoscope.engine import job_file
from infoscope.engine.job_file import JobAnswer

TABLES = (pa.table({"a": [1, 2]}), pa.table({"word": pa.array(["x", "y"]).dictionary_encode()}))


def test_what_is_written_is_read(tmp_path):
    job_file.write(tmp_path / "a.job", JobAnswer({"step": 3, "seeds": (0, 1)}, TABLES))
    found = job_file.read(tmp_path / "a.job")
    assert found is not None
    assert found.about == {"step": 3, "seeds": [0, 1]}
    assert [table.to_pydict() for table in found.tables] == [table.to_pydict() for table in TABLES]
    assert [path.name for path in tmp_path.iterdir()] == ["a.job"]


@pytest.mark.parametrize("at", [0, 70, -5])
def test_one_changed_byte_is_seen(tmp_path, at):
    path = tmp_path / "a.job"
    job_file.write(path, JobAnswer({"step": 3}, TABLES))
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))
    assert job_file.read(path) is None
    path.write_bytes(bytes(content[:50]))
    assert job_file.read(path) is None
