"""What the operating system refuses is a sentence: what, where, why, what to do."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from infoscope.core.refusals import os_error, out_of_memory, refusal, unreadable

KNOWN = {
    errno.EACCES: "permission is denied",
    errno.EROFS: "the file system is read-only",
    errno.ENOENT: "no such file or folder",
    errno.ENOTDIR: "a part of that path is a file",
    errno.EISDIR: "it is a folder",
    errno.ENAMETOOLONG: "too long",
    errno.EDQUOT: "quota",
    errno.EFBIG: "limit on file sizes",
    errno.ENOSPC: "disk is full",
    errno.ELOOP: "links lead in a circle",
    errno.EIO: "disk or the network failed",
}


@pytest.mark.parametrize("number", KNOWN)
def test_an_errno_is_told_with_what_and_where(number):
    text = refusal(OSError(number, os.strerror(number), "/some/where"), writing=True)
    assert text.startswith("/some/where cannot be written (")
    assert KNOWN[number] in text
    assert "\n" not in text


def test_an_unknown_errno_is_told_in_the_words_of_the_system():
    assert os.strerror(errno.EXDEV) in refusal(OSError(errno.EXDEV, os.strerror(errno.EXDEV)), "x", writing=False)


def test_numbers_are_found_in_the_text_of_libraries():
    for text in ("I/O error: Disk quota exceeded (os error 122)", "[errno 122] Disk quota exceeded"):
        found = os_error(Exception(text))
        assert found is not None
        assert found.errno == errno.EDQUOT
    assert os_error(ValueError("header too large")) is None


def test_unreadable_is_missing_or_damaged_and_only_the_damaged_is_to_be_deleted(tmp_path):
    (tmp_path / "whole").write_bytes(b"half")
    told = unreadable(tmp_path / "whole", ValueError("no footer\nmore"), "delete that file")
    assert str(told) == f"{tmp_path / 'whole'} is damaged (no footer): delete that file"
    told = unreadable(tmp_path / "absent", ValueError("no footer"), "delete that file")
    assert str(told).startswith(f"{tmp_path / 'absent'} is missing: ")
    (tmp_path / "folder").mkdir()
    assert "it is a folder" in str(unreadable(tmp_path / "folder", ValueError("no footer"), "delete that file"))


AS_NOBODY = """
import sys
from pathlib import Path
from infoscope.core.errors import RunFolderError
from infoscope.core.files import entries
from infoscope.core.refusals import unreadable
import os
os.setuid(65534)
print(unreadable(Path(sys.argv[1]) / "file", FileNotFoundError("No such file"), "delete that file"))
try:
    print(entries(Path(sys.argv[1]) / "closed"))
except RunFolderError as reason:
    print(reason)
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can try permissions as another user")
def test_a_file_that_may_not_be_opened_is_never_called_damaged():
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "file").write_bytes(b"whole")
        (folder / "file").chmod(0)
        (folder / "closed").mkdir(mode=0o700)
        found = subprocess.run([sys.executable, "-c", AS_NOBODY, name], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == [
        f"{folder / 'file'} cannot be read (permission is denied): ask its owner to let you read",
        f"{folder / 'closed'} cannot be read (permission is denied): ask its owner to let you read",
    ]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (MemoryError("Unable to allocate 7 PiB"), "Unable to allocate 7 PiB"),
        (MemoryError(), "MemoryError"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "DefaultCPUAllocator: can't allocate"),
        (ImportError("libblas.so: failed to map segment from shared object"), "libblas.so: failed to map"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "[Errno 12] Cannot allocate"),
        (ValueError("out of memory, says a value"), None),
        (RuntimeError("something else"), None),
    ],
)
def test_want_of_memory_is_known_by_its_words(reason, words):
    found = out_of_memory(reason)
    assert (found is None) == (words is None)
    assert (found or "").startswith(words or "")
    later = KeyError("what came of it")
    later.__cause__ = reason
    assert out_of_memory(later) == found
