"""Columns named on the command line: what is read, and the words for what cannot be."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infoscope.cli.columns import read, writable, write
from infoscope.core.errors import InputError, RunFolderError, UnknownNameError


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "a.npy", np.arange(6.0).reshape(3, 2))
    np.savez(tmp_path / "two.npz", first=np.arange(3), second=np.ones((3, 4), np.float32))
    np.savez(tmp_path / "one.npz", only=np.arange(3))
    np.save(tmp_path / "objects.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "objects.npz", bad=np.array([{}, {}], dtype=object), good=np.arange(2))
    (tmp_path / "text.npy").write_text("hello")
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "archive.npy").write_bytes((tmp_path / "one.npz").read_bytes())
    (tmp_path / "array.npz").write_bytes((tmp_path / "a.npy").read_bytes())
    (tmp_path / "text.parquet").write_text("hello")
    (tmp_path / "notes.txt").write_text("hello")
    table = pa.table(
        {
            "r": rng.normal(size=3),
            "s": np.arange(3, dtype=np.float32),
            "whole": np.arange(3),
            "flag": [True, False, True],
            "word": ["a", "b", "a"],
            "coded": pa.array(["x", "y", "x"]).dictionary_encode(),
            "vector": pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
            "fixed": pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.int32(), 2)),
            "ragged": pa.array([[1.0], [3.0, 4.0], []]),
            "gaps": pa.array([1.0, None, 2.0]),
            "when": pa.array([1, 2, 3], pa.timestamp("s")),
            "money": pa.array([1, 2, 3]).cast(pa.decimal128(20, 0)),
            "a,b": np.arange(3) * 2.0,
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    pq.write_table(table.select(["r"]), tmp_path / "single.parquet")
    (tmp_path / "t.csv").write_text("u,v,w\n1,2.5,a\n3,4.5,b\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.npy", [[0, 1], [2, 3], [4, 5]]),
        ("two.npz:first", [0, 1, 2]),
        ("two.npz:second", np.ones((3, 4))),
        ("one.npz", [0, 1, 2]),
        ("t.parquet:s", [0, 1, 2]),
        ("t.parquet:s,whole", [[0, 0], [1, 1], [2, 2]]),
        ("t.parquet:whole, s", [[0, 0], [1, 1], [2, 2]]),
        ("t.parquet:flag", [True, False, True]),
        ("t.parquet:vector", [[1, 2], [3, 4], [5, 6]]),
        ("t.parquet:vector,s", [[1, 2, 0], [3, 4, 1], [5, 6, 2]]),
        ("t.parquet:fixed", [[1, 2], [3, 4], [5, 6]]),
        ("t.parquet:money", [1, 2, 3]),
        ("t.parquet:a,b", [0, 2, 4]),
        ("t.csv:v", [2.5, 4.5]),
        ("t.csv:u,v", [[1, 2.5], [3, 4.5]]),
    ],
)
def test_what_is_named_is_read(folder, name, expected):
    np.testing.assert_array_equal(read(str(folder / name)), expected)


def test_types_are_kept(folder):
    assert read(str(folder / "two.npz:second")).dtype == np.float32
    assert read(str(folder / "t.parquet:whole")).dtype.kind == "i"
    for name in ("word", "coded"):
        assert read(str(folder / f"t.parquet:{name}")).dtype.kind == "U"
    assert read(str(folder / "single.parquet")).shape == (3,)
    assert read(str(folder / "t.parquet:word,coded")).shape == (3, 2)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.npy", "there is no file .*nowhere.npy: check the name"),
        ("notes.txt", "names no columns, wanted a.npy, a.npz:name"),
        ("a.npy:first", "asks for a part of .*a.npy, which holds one array: leave out ':first'"),
        ("two.npz", r"holds 2 arrays, wanted one: write it like .*two.npz:first \(there are: first, second\)"),
        ("objects.npy", "pickled data can run code, so it is not opened: save the array as numbers"),
        ("objects.npz:bad", "pickled data can run code"),
        ("text.npy", "pickled data can run code|cannot be read"),
        ("text.npz", "pickled data can run code|cannot be read"),
        ("empty.npy", "cannot be read"),
        ("archive.npy", r"archive.npy is an archive of arrays, wanted one array: rename it to .*archive.npz"),
        ("array.npz", r"array.npz is one array, wanted an archive: rename it to .*array.npy"),
        ("text.parquet", "cannot be read"),
        ("t.parquet", r"holds 13 columns, wanted some of them: write it like .*t.parquet:r \(there are: r, s,"),
        ("t.parquet:", "holds 13 columns, wanted some of them"),
        ("t.parquet:ragged", "holds lists of 3 lengths, wanted one length"),
        ("t.parquet:gaps", "is empty in 1 rows: drop or fill those rows"),
        ("t.parquet:when", r"holds timestamp\[ms\], wanted numbers or words"),
        ("t.parquet:word,s", "word hold words and the others do not, wanted one kind"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(folder, name, words):
    with pytest.raises(InputError, match=words):
        read(str(folder / name))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("two.npz:frist", "there is no array in .*two.npz named 'frist': did you mean 'first'"),
        ("t.parquet:r,hwole", "there is no column in .*t.parquet named 'hwole': did you mean 'whole'"),
        ("t.csv:z", "there is no column in .*t.csv named 'z': known: u, v, w"),
    ],
)
def test_a_mistyped_name_is_answered_with_what_is_there(folder, name, words):
    with pytest.raises(UnknownNameError, match=words):
        read(str(folder / name))


def test_a_table_that_takes_far_more_memory_than_its_file_is_not_read(tmp_path, monkeypatch):
    pq.write_table(pa.table({"x": np.zeros(1_000_000)}), tmp_path / "t.parquet")
    assert read(f"{tmp_path / 't.parquet'}:x").sum() == 0
    monkeypatch.setattr("infoscope.cli.columns.LARGEST", 1 << 20)
    with pytest.raises(InputError, match=r"takes .* bytes there and 1 of its columns 8000000 as numbers"):
        read(f"{tmp_path / 't.parquet'}:x")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes no file name that is not UTF-8")
@pytest.mark.parametrize("kind", [".npy", ".csv", ".parquet"])
def test_a_path_that_is_not_utf8_is_written_and_read(tmp_path, kind):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9" + kind.encode()))
    write(path, {"x": np.arange(3.0)}, "x")
    assert read(str(path) if kind == ".npy" else f"{path}:x").tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["t.npy", "t.csv", "t.parquet"])
def test_where_nothing_can_be_written_is_said_before_the_work(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=r"cannot be written \(it is a folder\): name a file"):
        writable(tmp_path / name)
    with pytest.raises(InputError, match="there is no folder"):
        writable(tmp_path / "absent" / name)


def test_a_file_that_grew_too_large_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("before")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RunFolderError, match="is full"):
        write(tmp_path / "t.csv", {"x": np.arange(3.0)}, "x")
    assert (tmp_path / "t.csv").read_text() == "before"


def full(_):
    raise OSError(errno.ENOSPC, "No space left on device")
