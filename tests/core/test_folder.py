"""The run folder: whatever happens while writing, what was written before can still be read."""

import errno
import itertools
import json
import multiprocessing
import os
import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from infoscope.core import files, parts
from infoscope.core.errors import DamagedError, RunFolderError
from infoscope.core.estimate import Estimate
from infoscope.core.files import atomic, write_json
from infoscope.core.folder import FORMAT, MANY_PARTS, RunFolder
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Place, Rows, RowsBuilder
from infoscope.core.sealed import sealed
from infoscope.core.writer_lock import HEARTBEAT, LOCK


def some_rows(step: int = 0, value: float = 1.0) -> Rows:
    builder = RowsBuilder("r")
    builder.add(
        Place("tanh", step, "hidden1", 1, "input", "binned"),
        Estimate(value, Quantity.of("I(X;T)", "nats"), "H(Bin(T))", 8),
    )
    return builder.rows()


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "r", {"recipe": {"seeds": 2}})


def temporaries(path) -> list[str]:
    return [p.name for p in path.rglob("*.tmp")]


def test_create_then_open(run):
    again = RunFolder.open(run.path)
    assert again.id == "r"
    assert again.manifest() == {"format": FORMAT, "id": "r", "recipe": {"seeds": 2}}
    assert len(again.rows()) == 0
    assert again.verdicts() == []


def test_create_refuses_a_folder_that_holds_a_run(run):
    with pytest.raises(RunFolderError, match="already holds a run: pass another --out, or open that run"):
        RunFolder.create(run.path, {})


def test_create_takes_an_empty_folder_and_refuses_a_file(tmp_path):
    (tmp_path / "empty").mkdir()
    assert RunFolder.create(tmp_path / "empty", {}).manifest()["id"] == "empty"
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="is a file, wanted a folder for the run"):
        RunFolder.create(tmp_path / "file", {})


def test_open_refuses_what_is_no_run_folder(tmp_path):
    with pytest.raises(RunFolderError, match=r"there is no run folder at .*absent"):
        RunFolder.open(tmp_path / "absent")
    with pytest.raises(RunFolderError, match=r"holds no run\.json, so it is not a run folder"):
        RunFolder.open(tmp_path)


@pytest.mark.parametrize("text", ["", '{"format": 1, "id"', "[]", "{}", '{"format": "new"}', "\x00\x01"])
def test_a_half_written_manifest_is_told(run, text):
    run.manifest_path.write_text(text)
    with pytest.raises(RunFolderError, match=r"run\.json is damaged or was edited \(.*\): restore it from a copy"):
        RunFolder.open(run.path)


def test_a_newer_format_is_refused_with_the_way_to_read_it(run):
    write_json(run.manifest_path, {"format": FORMAT + 1, "id": "r"})
    with pytest.raises(RunFolderError, match=rf"newer infoscope \(folder format {FORMAT + 1}.*pip install -U"):
        RunFolder.open(run.path)


def test_update_merges_into_the_manifest(run):
    run.update({"recipe": {"seeds": 3}, "done": True})
    assert run.manifest() == {"format": FORMAT, "id": "r", "recipe": {"seeds": 3}, "done": True}


def test_parts_are_appended_and_read_in_order(run):
    for step in range(12):
        run.append(some_rows(step))
    run.append(RowsBuilder("r").rows())
    assert len(list((run.path / "rows").iterdir())) == 12, "empty rows write no part"
    assert run.rows().column("step").tolist() == list(range(12))


def test_a_step_measured_again_after_a_crash_is_there_once(run):
    run.append(some_rows(1, 1.0))
    run.append(some_rows(2, 2.0))
    run.append(some_rows(1, 1.0))
    assert sorted(run.rows().column("step").tolist()) == [1, 2]


def test_temporaries_and_other_files_are_not_looked_at(run):
    run.append(some_rows())
    (run.path / "rows" / ".part-000001-abcdef.parquet.1234.tmp").write_bytes(b"half")
    (run.path / "rows" / "notes.txt").write_text("mine")
    assert len(run.rows()) == 1


@pytest.mark.parametrize("keep", [0, 10, -20])
def test_a_damaged_part_is_named_with_the_fix(run, keep):
    run.append(some_rows(0))
    run.append(some_rows(1))
    part = sorted((run.path / "rows").iterdir())[0]
    part.write_bytes(part.read_bytes()[:keep])
    with pytest.raises(
        DamagedError, match=rf"{part.name} is damaged \(.* bytes, and .* were written\): .*check .*--repair"
    ):
        run.rows()
    part.unlink()
    with pytest.raises(DamagedError, match=f"{part.name} is missing, though it was written"):
        run.rows()


def test_one_changed_bit_of_a_part_is_told_wherever_it_lies(run):
    """Page checksums do not see a footer; the hash that the run lists sees every bit."""
    run.append(some_rows(0))
    (part,) = (run.path / "rows").iterdir()
    whole = part.read_bytes()
    for place in range(0, len(whole), 97):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        part.write_bytes(changed)
        with pytest.raises(DamagedError, match=f"{part.name} is damaged"):
            run.rows()


def test_a_part_of_a_run_without_a_list_is_believed_by_the_checksums_of_its_pages(run):
    """As a format-1 run, or a part that a kill left unlisted: most of its bits are told, and no other rows come out."""
    run.append(some_rows(0, 0.123456789))
    rows = run.rows().content_hash()
    (part,) = (run.path / "rows").iterdir()
    run.update({"parts": {}})
    assert run.rows().content_hash() == rows, "a whole part that is not listed counts"
    whole, told = part.read_bytes(), 0
    for place in range(0, len(whole), 97):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        part.write_bytes(changed)
        try:
            found = run.rows().content_hash()
        except RunFolderError:
            told += 1
        else:
            assert found == rows
    assert told > 0


@pytest.mark.parametrize("name", ["part-000001-abc123 (conflicted copy).parquet", "part-1.parquet", "part-x.parquet"])
def test_what_only_looks_like_a_part_is_none(run, name):
    run.append(some_rows(0))
    (run.path / "rows" / name).write_bytes(b"not mine")
    assert len(run.rows()) == 1


def test_rows_that_cannot_be_listed_are_not_none(run, monkeypatch):
    run.append(some_rows(0))
    real = os.listdir

    def denied(path):
        if str(path).endswith("rows"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(files.os, "listdir", denied)
    with pytest.raises(RunFolderError, match=r"rows cannot be read \(permission is denied\)") as caught:
        run.rows()
    assert not isinstance(caught.value, DamagedError), "it may be whole"


def test_many_parts_become_one_with_the_same_rows(run):
    for step in range(MANY_PARTS + 1):
        run.append(some_rows(step))
    run.append(some_rows(3, 2.0))
    before = run.rows()
    run.merge_parts()
    (part,) = (run.path / "rows").iterdir()
    assert list(run.listed_parts()) == [part.name]
    assert run.rows().table.equals(before.table)
    run.merge_parts()
    assert [part] == list((run.path / "rows").iterdir()), "one is not many"


@pytest.mark.parametrize("moment", ["_list", "unlink"])
def test_a_kill_while_parts_are_merged_loses_and_doubles_nothing(run, monkeypatch, moment):
    for step in range(MANY_PARTS + 2):
        run.append(some_rows(step))
    before = run.rows().content_hash()

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as at:
        at.setattr(RunFolder if moment == "_list" else Path, moment, killed)
        with pytest.raises(Killed):
            run.merge_parts()
    assert run.rows().content_hash() == before
    run.merge_parts()
    assert run.rows().content_hash() == before
    assert len(list((run.path / "rows").iterdir())) == 1


def test_who_reads_while_a_writer_merges_reads_the_same_rows(run, monkeypatch):
    for step in range(MANY_PARTS + 1):
        run.append(some_rows(step))
    before, real, merged = run.rows().content_hash(), parts.read, []

    def read(*arguments):
        if not merged:
            merged.append(True)
            RunFolder(run.path).merge_parts()
        return real(*arguments)

    monkeypatch.setattr(parts, "read", read)
    assert RunFolder(run.path).rows().content_hash() == before
    assert merged


def test_one_changed_digit_of_the_manifest_is_told(run):
    run.update({"seeds": [1, 2], "state": "done"})
    run.append(some_rows(0))
    whole = run.manifest_path.read_bytes()
    meaning = json.loads(whole)
    told, untouched = 0, 0
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 3
        run.manifest_path.write_bytes(changed)
        try:
            untouched += sealed(run.manifest()) == meaning  # a space between two values
        except RunFolderError:
            told += 1
    assert told + untouched == len(whole)
    assert untouched < whole.count(b" ") + whole.count(b"\n")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"networks": None}, "networks"),
        ({"seeds": "abc"}, "seeds"),
        ({"title": 3}, "title"),
        ({"borrowed": {"tanh": 1}}, r"borrowed\.tanh"),
        ({"parts": {"part-000000-abcdef.parquet": {"bytes": 3}}}, r"parts\.part-000000-abcdef\.parquet\.sha256"),
    ],
)
def test_a_manifest_of_before_that_was_edited_is_told_by_the_field(run, changes, words):
    write_json(run.manifest_path, {"format": 1, "id": "r", **changes})
    with pytest.raises(RunFolderError, match=rf"run\.json is damaged or was edited \({words}: "):
        RunFolder.open(run.path)


def test_rows_that_nobody_wrote_are_told(run):
    def refused(table, words):
        shutil.rmtree(run.path / "rows", ignore_errors=True)
        path = run.path / "rows" / "part-000000-abcdef.parquet"
        path.parent.mkdir()
        parts.pq.write_table(table, path)
        with pytest.raises(RunFolderError, match=rf"part-000000-abcdef\.parquet does not hold rows: .*{words}"):
            run.rows()

    table = some_rows(0).table
    place = {name: table.schema.get_field_index(name) for name in table.schema.names}

    def replaced(name, values):
        return table.set_column(place[name], name, values)

    refused(replaced("value", pa.array(["1.5"])), "value is string, wanted double")
    refused(replaced("site", pa.array([None], pa.dictionary(pa.int32(), pa.string()))), "site is missing in some")
    refused(replaced("member", pa.array([None], pa.int32())), "member is missing in some")
    refused(replaced("status", pa.array(["FINE"]).dictionary_encode()), "the status 'FINE' is none")
    refused(table.drop_columns(["notes"]), "it lacks the columns notes")


def test_damaged_verdicts_are_told(run):
    (run.path / "verdicts.json").write_text("[{")
    with pytest.raises(RunFolderError, match=r"verdicts\.json is damaged or was edited .*run `infoscope claims .*anew"):
        run.verdicts()
    run.store_verdicts([])
    assert run.verdicts() == []
    run.update({"judged": 2})
    with pytest.raises(RunFolderError, match=r"verdicts\.json holds 0 verdicts, and 2 were written"):
        run.verdicts()
    (run.path / "verdicts.json").unlink()
    with pytest.raises(RunFolderError, match=r"verdicts\.json is missing"):
        run.verdicts()


def write_half(path, reason: BaseException) -> None:
    with atomic(path) as temporary:
        temporary.write_text("half")
        raise reason


class Killed(BaseException):
    """Stands for Ctrl-C and the like."""


@pytest.mark.parametrize("blow", [ValueError, KeyboardInterrupt, Killed])
def test_an_exception_while_writing_leaves_the_old_file_and_no_temporary(tmp_path, blow):
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})
    with pytest.raises(blow):
        write_half(path, blow())
    assert json.loads(path.read_text()) == {"old": 1}
    assert temporaries(tmp_path) == []


def _write_and_die(path) -> None:
    with atomic(path) as temporary:
        temporary.write_text("half")
        os._exit(9)


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})
    writer = multiprocessing.get_context("spawn").Process(target=_write_and_die, args=(path,))
    writer.start()
    writer.join()
    assert writer.exitcode == 9
    assert json.loads(path.read_text()) == {"old": 1}
    assert len(temporaries(tmp_path)) == 1, "the temporary stays behind and nobody reads it"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_sentence_and_loses_nothing(run, monkeypatch, code):
    run.append(some_rows(0))

    def full(*_, **__):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(parts.pq, "write_table", full)
    why = "is full" if code == errno.ENOSPC else r"takes no more of you \(your quota is used up\)"
    words = rf"the disk holding .*rows {why}, part-000001-\w+\.parquet was not written and nothing before it is lost"
    with pytest.raises(RunFolderError, match=words):
        run.append(some_rows(1))
    monkeypatch.undo()
    assert run.rows().column("step").tolist() == [0]
    assert temporaries(run.path) == []
    run.append(some_rows(1))
    assert len(run.rows()) == 2


def test_a_disk_that_fills_at_the_last_moment_is_the_same(run, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(RunFolderError, match="is full"):
        run.update({"done": True})
    monkeypatch.undo()
    assert "done" not in run.manifest()


def test_another_os_error_is_a_sentence_and_leaves_nothing(tmp_path):
    with pytest.raises(RunFolderError, match=rf"{tmp_path / 'a'} cannot be written \(permission is denied\): make it"):
        write_half(tmp_path / "a", PermissionError(errno.EACCES, "not yours"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ZeroDivisionError):
        write_half(tmp_path / "a", ZeroDivisionError())
    assert list(tmp_path.iterdir()) == []


def _replace_and_die(path, at: int) -> None:
    """Replace the run at ``path`` by another, and end before the ``at``-th change of a name."""
    left = [at]

    def end(event, _):
        if event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"):
            if not left[0]:
                os._exit(9)
            left[0] -= 1

    sys.addaudithook(end)
    with RunFolder(path).replaced():
        RunFolder.create(path, {"networks": {"new": {}}})
    os._exit(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_replacement_killed_anywhere_leaves_one_run_whole_and_no_other_trace(tmp_path):
    found = []
    for at in itertools.count():
        run = RunFolder.create(tmp_path / str(at), {"networks": {"old": {}}})
        run.append(some_rows())
        write_json(run.path / "verdicts.json", [])
        if not (pid := os.fork()):
            _replace_and_die(run.path, at)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with run.writing():  # whoever comes next
            (network,) = run.manifest()["networks"]
            names = {path.name for path in run.path.iterdir()}
        wanted = {"old": {"run.json", "rows", "verdicts.json"}, "new": {"run.json"}}[network]
        assert names == {*wanted, HEARTBEAT, LOCK}, at
        found.append(network)
        if not code:
            break
        assert code == 9
    assert found[0] == "old"
    assert found[-1] == "new"
    assert len(found) > 5


def test_a_replacement_that_fails_leaves_the_old_run(tmp_path):
    run = RunFolder.create(tmp_path / "r", {"networks": {"old": {}}})
    run.append(some_rows())

    def begin_another():
        with run.replaced():
            RunFolder.create(run.path, {"networks": {"new": {}}}).append(some_rows(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        begin_another()
    assert list(run.manifest()["networks"]) == ["old"]
    assert run.rows().unique("step") == [0]
    assert {path.name for path in run.path.iterdir()} == {"run.json", "rows"}


def test_what_was_not_set_aside_by_a_replacement_is_not_put_back(tmp_path):
    run = RunFolder.create(tmp_path / "r", {"networks": {"mine": {}}})
    run.append(some_rows())
    elsewhere = tmp_path / "elsewhere"
    for folder in (run.path / ".replaced-copied", elsewhere):
        (folder / "rows").mkdir(parents=True)
        (folder / "notes.txt").write_text("of somebody")
    (run.path / ".replaced-linked").symlink_to(elsewhere)
    with run.writing():
        assert run.rows().unique("step") == [0]
    assert (run.path / ".replaced-copied" / "notes.txt").exists()
    assert {path.name for path in elsewhere.iterdir()} == {"rows", "notes.txt"}
