"""Tables of text as people save them: right values, or a sentence that names file, column and row."""

import zipfile

import numpy as np
import pytest

from infoscope.cli.columns import read
from infoscope.core.errors import InputError

RIGHT = {
    "semicolons": ("x;y\n1.5;a\n2.5;b\n", "x", [1.5, 2.5]),
    "semicolons and decimal commas": ("x;y\n1,5;a\n2;b\n", "x", [1.5, 2.0]),
    "tabs": ("x\tx2\ty\n1\t2\t0\n3\t4\t1\n", "x,x2", [[1, 2], [3, 4]]),
    "tabs and decimal commas": ("x\ty\n-1,5\t0\n3\t1\n", "x", [-1.5, 3.0]),
    "names in quotes": ('"a;b",c\n1,2\n3,4\n', "a;b", [1, 3]),
    "a mark of byte order": ("\ufeffx,y\n1,2\n3,4\n", "x", [1, 3]),
    "blanks around numbers": ("x, y\n 1, 2\n3 ,4\n", "x", [1, 3]),
    "words with leading zeros": ("x,y\n01,a\n1,b\n", "x", ["01", "1"]),
    "words that hold commas": ('x,y\n"a, b",1\n"c, d",2\n', "x", ["a, b", "c, d"]),
    "truths": ("x\ntrue\nFalse\n", "x", [True, False]),
    "beyond 2**53": (f"x\n{2**60}\n{2**60 + 1}\n", "x", [2**60, 2**60 + 1]),
    "beyond 2**63": (f"x\n{2**63}\n{2**63 + 1}\n", "x", np.array([2**63, 2**63 + 1], np.uint64)),
    "beyond 64 bits": (f"x\n{2**70}\n1\n", "x", [str(2**70), "1"]),
    "dates": ("x\n2020-01-01\n2020-01-02\n", "x", ["2020-01-01", "2020-01-02"]),
    "numbers and words": ("x\n1\nb\n2\nc\n", "x", ["1", "b", "2", "c"]),
    "exponents": ("x\n1e-3\n-2.5E4\n", "x", [1e-3, -2.5e4]),
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_written_is_read(case, tmp_path):
    text, name, expected = RIGHT[case]
    for ending in ("csv", "tsv"):
        (tmp_path / f"t.{ending}").write_text(text, encoding="utf-8")
        found = read(f"{tmp_path}/t.{ending}:{name}")
        assert found.dtype.kind == np.asarray(expected).dtype.kind
        assert found.tolist() == np.asarray(expected).tolist()


ROWS = "\n".join(map(str, range(20)))
WRONG = {
    "an empty cell among words": ("x,y\n1,a\n2,\n3,b\n", "y", r"column 'y' of .*t.csv is empty in 1 rows"),
    "an empty cell among numbers": ("x,y\n1,a\n,b\n3,b\n", "x", r"column 'x' of .*t.csv is empty in 1 rows"),
    "a sign for missing": ("x,y\n1,a\n2,NA\n3,b\n", "y", r"column 'y' of .*t.csv is empty in 1 rows"),
    "a word among numbers": (
        f"x\n{ROWS}\n?\n",
        "x",
        r"column 'x' of .*t.csv holds '\?' in row 20 and numbers in 20 of",
    ),
    "a name twice": ("x,x,y\n1,2,3\n4,5,6\n", "x", "holds 2 columns named 'x': rename all but one"),
    "two separators": ("x,a;y\n1,2;3\n", "x", r"the first line of .*t.csv holds ',' and ';': did you mean a ';'-sep"),
    "separators behind the first line": ("x\n1;2\n3;4\n", "x", "holds '1;2': did you mean a ';'-separated file"),
    "decimal commas in quotes": ('x,y\n"1,5",2\n"2,5",3\n', "x", "holds '1,5': did you mean a decimal comma"),
    "nothing": ("", "x", "is empty, wanted a first line"),
    "a row too long": ("x,y\n1,2\n1,2,3\n", "x", "t.csv cannot be read .*Expected 2 columns, got 3"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_meant_is_refused(case, tmp_path):
    text, name, words = WRONG[case]
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read(f"{tmp_path}/t.csv:{name}")


def test_another_encoding_is_told(tmp_path):
    (tmp_path / "t.csv").write_bytes("größe\n1\n2\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"t\.csv cannot be read .*utf-8"):
        read(f"{tmp_path}/t.csv:größe")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("model.pkl", r"model\.pkl' is a file that can run code when it is opened, which is not taken: save"),
        ("z.pkl:x", "is a file that can run code"),
        ("book.xlsx:z", "is a spreadsheet, which is not taken"),
        ("a.h5:z", "is of another kind, which is not taken"),
    ],
)
def test_other_kinds_of_files_are_named(name, words):
    with pytest.raises(InputError, match=words):
        read(name)


def test_a_header_that_promises_more_than_there_is(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }"
    header += b" " * (117 - len(header)) + b"\n"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 80)
    with pytest.raises(InputError, match="says that it holds 8000000000000000 bytes of numbers and holds 80"):
        read(f"{tmp_path}/a.npy")


def test_members_of_an_archive_that_are_no_arrays_or_would_fill_the_memory(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", good=np.arange(3), zeros=np.zeros(500_000))
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(InputError, match=r"'notes\.txt' in .* is no array"):
        read(f"{tmp_path}/a.npz:notes.txt")
    assert read(f"{tmp_path}/a.npz:zeros").shape == (500_000,)
    monkeypatch.setattr("infoscope.cli.columns.LARGEST", 1 << 20)
    with pytest.raises(InputError, match=r"'zeros' in .* takes \d+ bytes there and 4000128 unpacked"):
        read(f"{tmp_path}/a.npz:zeros")
    assert read(f"{tmp_path}/a.npz:good").tolist() == [0, 1, 2]
