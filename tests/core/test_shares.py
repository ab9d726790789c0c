"""What groups add to estimates is kept beside rows: hashed, listed, each once, merged, and whole after a kill."""

import numpy as np
import pyarrow as pa
import pytest

from infoscope.core import shares
from infoscope.core.errors import DamagedError, RunFolderError
from infoscope.core.estimate import Estimate
from infoscope.core.folder import RunFolder
from infoscope.core.measurement import Measured, Shares
from infoscope.core.quantity import USABLE
from infoscope.core.rows import Place
from infoscope.core.session import Session
from infoscope.record.checking import checked


class Kept:
    id, options = "made", {}


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path / "run", {"networks": {"net": {}}})


def record(folder, steps, value=1.0, flush=True):
    session = Session(folder, "net")
    for step in steps:
        with session.step() as rows:
            place = rows.place(Kept, network="net", step=step, site="a", site_index=0)
            kept = Shares(np.array([value, 2 * value]), np.array([2, 1]))
            rows.found(place, [Measured("y", Estimate(value, USABLE, "made", 3), None, kept)])
            rows.found(place, [Measured("z", Estimate(value, USABLE, "made", 3))])
    if flush:
        session.flush()


def test_they_are_placed_as_their_row_is_and_only_where_there_are_some(folder):
    record(folder, [0, 5])
    table = folder.shares()
    assert table["step"].to_pylist() == [0, 5]
    assert set(table["variable"].to_pylist()) == {"y"}
    assert table["sums"].to_pylist() == [[1.0, 2.0]] * 2
    assert table["counts"].to_pylist() == [[2, 1]] * 2
    assert table["quantity"].to_pylist() == ["I(T;Y)"] * 2
    assert len(folder.rows()) == 4
    assert shares.among(table, variable=["z"]).num_rows == 0
    assert checked(folder).others == ()


def test_without_any_nothing_is_written(folder):
    folder.append_shares([])
    assert folder.shares().num_rows == 0
    assert not folder.shares_path.exists()


def test_of_one_measured_twice_the_last_counts(folder):
    record(folder, [0, 1])
    record(folder, [1], value=7.0)
    assert folder.shares()["sums"].to_pylist() == [[1.0, 2.0], [7.0, 14.0]]


def test_many_parts_are_merged_and_listed(folder):
    for step in range(20):
        record(folder, [step])
    before = folder.shares()
    folder.merge_parts()
    assert len(list(folder.shares_path.iterdir())) == 1
    assert list(folder.listed_parts("shares")) == [path.name for path in folder.shares_path.iterdir()]
    assert folder.shares().equals(before)


@pytest.mark.parametrize("harm", ["byte", "gone"])
def test_what_is_damaged_or_gone_is_told(folder, harm):
    record(folder, [0])
    (path,) = folder.shares_path.iterdir()
    if harm == "gone":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(bytes(content))
    with pytest.raises(DamagedError, match="missing" if harm == "gone" else "is damaged"):
        folder.shares()
    assert [fault.path for fault in checked(folder).faults] == [path]
    assert len(folder.rows()) == 2


def test_shares_go_first_so_that_a_kill_costs_no_row_its_own(folder, monkeypatch):
    def killed(self, rows):
        raise KeyboardInterrupt

    with monkeypatch.context() as at:
        at.setattr(RunFolder, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            record(folder, [0])
    assert len(folder.rows()) == 0
    record(folder, [0], value=2.0)
    assert folder.shares()["sums"].to_pylist() == [[2.0, 4.0]]


def test_a_table_of_something_else_or_of_later_is_refused():
    place = Place("net", 0, "a", 0, "y", "made")
    table = shares.table_of([(place, "I(T;Y)", Shares(np.ones(2), np.ones(2, int)))])
    assert shares.stored(table).num_rows == 1
    with pytest.raises(RunFolderError, match="the column sums is not as wanted"):
        shares.stored(table.drop_columns(["sums"]))
    with pytest.raises(RunFolderError, match="the column step is not as wanted"):
        shares.stored(table.set_column(2, "step", pa.array(["one"])))
    newer = table.replace_schema_metadata({"infoscope.shares.version": "2"})
    with pytest.raises(RunFolderError, match=r"schema version 2, this infoscope reads up to 1: upgrade"):
        shares.stored(newer)


def test_a_list_of_another_type_is_refused(folder):
    folder.update({"shares": ["part"]})
    with pytest.raises(RunFolderError, match=r"is damaged or was edited .*shares"):
        folder.manifest()
