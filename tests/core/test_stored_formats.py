"""What is on disk, told beside its version: who changes the one without the other meets this page.

A further column, or one of another type, is another version: rows of the version before are completed where they are
read (``core/older_rows``), and a few are kept under ``stored/``.
"""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from infoscope.benchmark import records
from infoscope.core.errors import RunFolderError
from infoscope.core.files import write_json
from infoscope.core.folder import FORMAT, RunFolder
from infoscope.core.rows import KEY, SCHEMA, VERSION

STORED = Path(__file__).parent / "stored"
TEXT = "run network site variable split quantity estimator options unit interval_kind bound estimand status notes axis"
COLUMNS = {
    **dict.fromkeys([*TEXT.split(), "resampled", "kind", "words"], pa.dictionary(pa.int32(), pa.string())),
    **dict.fromkeys(["member", "site_index"], pa.int32()),
    **dict.fromkeys(["seed", "step", "n", "groups"], pa.int64()),
    **dict.fromkeys(["epoch", "value", "low", "high", "level", "seconds"], pa.float64()),
}
ORDER = (
    "run network member seed step epoch site site_index variable split quantity estimator options value unit low high "
    "level interval_kind bound n estimand status notes seconds axis resampled groups kind words"
)


def test_rows_of_version_4_have_these_columns():
    assert VERSION == 4
    assert SCHEMA.metadata == {b"infoscope.rows.version": b"4"}
    assert SCHEMA.names == ORDER.split()
    assert {field.name: field.type for field in SCHEMA} == COLUMNS


def test_what_tells_measurements_apart_has_been_so_since_version_1():
    """Another key, and a run of before would be measured anew, or lose rows."""
    assert KEY == ("network", "member", "step", "site", "variable", "split", "quantity", "estimator", "options")


def test_a_run_folder_is_of_format_2(tmp_path):
    assert FORMAT == 2
    assert json.loads(RunFolder.create(tmp_path / "r", {}).manifest_path.read_text())["format"] == 2
    shutil.copytree(tmp_path / "r", tmp_path / "newer")
    (tmp_path / "newer" / "run.json").write_text('{"format": 3, "id": "newer"}')
    with pytest.raises(RunFolderError, match="folder format 3, this one reads up to 2"):
        RunFolder.open(tmp_path / "newer")


def test_rows_of_the_benchmark_are_of_version_2():
    assert records.SCHEMA.metadata == {b"infoscope.benchmark.version": b"2"}


def test_verdicts_of_before_have_all_that_is_read_of_them(tmp_path):
    """Stored at commit 2f3f68c; what they lacked then is completed where they are read."""
    folder = RunFolder.create(tmp_path / "r", {})
    write_json(folder.manifest_path, {"format": 1, "id": "r"})
    shutil.copy(STORED / "verdicts.json", folder.path)
    (verdict,) = folder.verdicts()
    (stored,) = json.loads((STORED / "verdicts.json").read_text(encoding="utf-8"))
    assert all(verdict[name] == stored[name] for name in stored if name != "claim")
    assert verdict["claim"].items() >= stored["claim"].items()
    for name in ("revised", "presupposes", "said", "reason", "untrained", "without"):
        older = json.loads(json.dumps(stored))
        (older["claim"] if name in older["claim"] else older).pop(name)
        (folder.path / "verdicts.json").write_text(json.dumps([older]), encoding="utf-8")
        (again,) = folder.verdicts()
        assert again.keys() >= verdict.keys()
        assert again["claim"].keys() >= verdict["claim"].keys()
