"""Files are written whole, with the mode of any other file, and what dead writers left is swept."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infoscope.core import files
from infoscope.core.errors import RunFolderError
from infoscope.core.files import atomic, entries, sweep, sweep_beside, write_json


def test_a_path_that_cannot_be_is_told_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "round").symlink_to(tmp_path / "round")
    for path, words in {
        tmp_path / "file" / "a": "file cannot be written (a file is in the way)",
        tmp_path / "file" / "b" / "a": "cannot be written (a part of that path is a file)",
        tmp_path / "folder": "folder cannot be written (it is a folder)",
        tmp_path / "..": ".. cannot be written (it is a folder)",
        Path("."): ". cannot be written (it is a folder)",
        Path("/"): "/ cannot be written (it is a folder)",
        tmp_path / "a\0b": "cannot be written (no name may hold a zero byte)",
        tmp_path / "round" / "a": "round cannot be written (a file is in the way)",
        tmp_path / "round" / "b" / "a": "cannot be written (its links lead in a circle)",
        tmp_path / ("n" * 256): "cannot be written (its name is too long)",
        tmp_path / ("n" * 256) / "a": "cannot be written (its name is too long)",
    }.items():
        with pytest.raises(RunFolderError) as caught:
            write_json(path, {})
        assert words in str(caught.value)
        assert ".tmp" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "round"]


def test_a_name_as_long_as_a_name_may_be_is_written(tmp_path):
    write_json(tmp_path / ("é" * 127), [1])
    assert [path.name for path in tmp_path.iterdir()] == ["é" * 127]


def test_a_library_that_puts_a_closed_file_there_changes_no_mode(tmp_path):
    (tmp_path / "plain").write_text("")
    with atomic(tmp_path / "a") as temporary:
        (tmp_path / "b").write_text("")
        (tmp_path / "b").chmod(0o600)
        (tmp_path / "b").replace(temporary)
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_folders_are_synced_after_the_rename(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync
    monkeypatch.setattr(files.os, "fsync", lambda number: (synced.append(os.fstat(number).st_ino), fsync(number)))
    write_json(tmp_path / "new" / "newer" / "a", {})
    here = [tmp_path / "new" / "newer" / "a", tmp_path / "new" / "newer", tmp_path / "new", tmp_path]
    assert synced == [path.stat().st_ino for path in here]


def test_what_dead_writers_left_is_swept_and_nothing_else(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / "rows").mkdir()
    left = [f".run.json.{dead.pid:x}-0123abcd.tmp", "rows/.part-0.parquet.0123abcd.tmp", "rows/.tmpAb3dE9"]
    kept = [f".report.html.{os.getppid():x}-0123abcd.tmp", ".hidden", "a.tmp", "rows/.notes.txt.tmp"]
    for name in left + kept:
        (tmp_path / name).write_text("")
    with atomic(tmp_path / "report.html") as temporary:  # of another thread
        assert sweep(tmp_path) == sorted(tmp_path / name for name in left)
        assert temporary.exists()
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {*kept, "report.html"}
    os.utime(tmp_path / kept[0], (0, 0))  # a number that another process has by now
    assert sweep(tmp_path) == [tmp_path / kept[0]]


def test_a_file_is_swept_beside_and_no_other(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / "rows").mkdir()
    name = f".report.html.{dead.pid:x}-0123abcd.tmp"
    kept = [f"rows/{name}", f".run.json.{dead.pid:x}-0123abcd.tmp", f".report.html.{os.getppid():x}-0123abcd.tmp"]
    for one in (name, *kept):
        (tmp_path / one).write_text("")
    assert sweep_beside(tmp_path / "report.html") == [tmp_path / name]
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.tmp")} == set(kept)
    assert sweep_beside(tmp_path / "absent" / "report.html") == []


def test_entries_are_sorted_and_an_absent_folder_has_none(tmp_path):
    for name in ("b.x", "a.x", "a.y"):
        (tmp_path / name).write_text("")
    assert entries(tmp_path, "*.x") == [tmp_path / "a.x", tmp_path / "b.x"]
    assert entries(tmp_path / "absent") == []
    with pytest.raises(RunFolderError, match=r"a part of that path is a file"):
        entries(tmp_path / "a.x")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes no file name that is not UTF-8")
def test_a_path_that_is_not_utf8_is_kept(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    write_json(path, {"path": str(path), "word": "é"})
    assert files.json.loads(path.read_text(encoding="utf-8")) == {"path": str(path), "word": "é"}
    assert "é" in path.read_text(encoding="utf-8")


def test_a_limit_on_file_sizes_is_a_sentence(tmp_path):
    resource = pytest.importorskip("resource", reason="limits on file sizes are of POSIX")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(RunFolderError, match=r"a cannot be written \(the file would pass the limit") as caught:
            write_json(tmp_path / "a", list(range(1000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EFBIG
    assert list(tmp_path.iterdir()) == []


def test_no_numbered_folder_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    for parent in (tmp_path / "file", tmp_path / "file" / "a"):
        with pytest.raises(RunFolderError, match=r"cannot be read \(a part of that path is a file\)"):
            files.numbered(parent, "run")
