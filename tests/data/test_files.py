"""Files are found in order, downloaded from a server of our own, checked, kept atomically, and refused when damaged."""

import contextlib
import gzip
import hashlib
import http.server
import struct
import threading
import tracemalloc

import numpy as np
import pytest

from infoscope.core.errors import DataDamagedError, DataMissingError, RunFolderError
from infoscope.data import _files, _idx
from infoscope.data._idx_images import IdxImages

NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def idx(values: np.ndarray) -> bytes:
    return b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def contents() -> dict[str, bytes]:
    """Four small idx files, decompressed: 6 training images and 3 test images of 2 x 3 pixels."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (9, 2, 3), dtype=np.uint8)
    labels = rng.integers(0, 2, 9, dtype=np.uint8)
    parts = (images[:6], labels[:6], images[6:], labels[6:])
    return {name: idx(part) for name, part in zip(NAMES, parts, strict=True)}


@pytest.fixture
def server(tmp_path):
    """A mirror on this machine that serves ``tmp_path/served``; records what was asked for."""
    served = tmp_path / "served"
    served.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(served))

        def log_message(self, format, *args):
            asked.append(args[0] if args else format)

    asked: list[str] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        running.folder, running.asked = served, asked
        running.mirror = f"http://127.0.0.1:{running.server_port}/"
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("INFOSCOPE_DATA", raising=False)
    monkeypatch.setattr(_files.platformdirs, "user_cache_path", lambda _: tmp_path / "cache")
    return tmp_path / "cache"


def small_images(contents, mirrors) -> IdxImages:
    class Small(IdxImages):
        name = "small"
        n, features, classes = 9, 6, 2
        trained_on = "label"
        split_published = True
        licence = citation = "made up"
        hashes = {name: sha256(content) for name, content in contents.items()}  # noqa: RUF012

    Small.mirrors = mirrors
    return Small()


def test_images_are_downloaded_once_checked_and_scaled(server, cache, contents):
    for name, content in contents.items():
        (server.folder / name).write_bytes(gzip.compress(content))
    task = small_images(contents, (server.mirror,)).load()
    pixels = np.concatenate([_idx.parse(contents[NAMES[i]], "").reshape(-1, 6) for i in (0, 2)])
    assert np.array_equal(task.inputs, pixels.astype(np.float32) / np.float32(255))
    assert task.variables["label"].tolist() == [*contents[NAMES[1]][-6:], *contents[NAMES[3]][-3:]]
    assert (task.split.train.tolist(), task.split.test.tolist()) == ([0, 1, 2, 3, 4, 5], [6, 7, 8])
    assert sorted(path.name for path in (cache / "small").iterdir()) == sorted(NAMES)
    assert len(server.asked) == 4
    small_images(contents, (server.mirror,)).load()
    assert len(server.asked) == 4, "the second time everything comes from the cache"


def test_the_next_mirror_is_tried_when_one_lacks_or_garbles_a_file(server, cache):
    content = idx(np.arange(4, dtype=np.uint8))
    for folder, raw in (("garbled", b"<html>moved</html>"), ("short", gzip.compress(content)[:-9])):
        (server.folder / folder).mkdir()
        (server.folder / folder / "a.gz").write_bytes(raw)
    (server.folder / "a.gz").write_bytes(gzip.compress(content))
    mirrors = [server.mirror + sub for sub in ("absent/", "garbled/", "short/", "")]
    assert _files.fetch("small", "a.gz", sha256(content), mirrors) == content
    assert (cache / "small" / "a.gz").exists()


def test_what_every_mirror_answered_is_told(server, cache):
    (server.folder / "a.gz").write_bytes(gzip.compress(b"something else"))
    with pytest.raises(DataMissingError) as caught:
        _files.fetch("small", "a.gz", sha256(b"wanted"), [server.mirror, server.mirror + "absent/"])
    message = str(caught.value)
    assert "holds other content than was published" in message
    assert "HTTP Error 404" in message
    assert message.count("127.0.0.1 (") == 1
    assert f"put it into {cache / 'small'}, or into FOLDER/small with INFOSCOPE_DATA=FOLDER set" in message
    assert not cache.exists(), "nothing unchecked is kept"


def test_a_silent_server_is_given_up_soon(cache, monkeypatch):
    import socket

    monkeypatch.setattr(_files, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mirror = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        with pytest.raises(DataMissingError, match="timed out"):
            _files.fetch("small", "a.gz", sha256(b""), [mirror])


def test_a_long_download_shows_its_progress(server, cache, capsys, monkeypatch):
    monkeypatch.setattr("infoscope.core.progress.QUIET_SECONDS", 0.0)
    content = np.random.default_rng(0).integers(0, 256, 600_000, dtype=np.uint8).tobytes()
    (server.folder / "a.gz").write_bytes(gzip.compress(content))
    _files.fetch("small", "a.gz", sha256(content), [server.mirror])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("downloading small/a.gz: ")
    assert lines[-1].startswith("downloading small/a.gz: 100 %")


def test_the_users_folder_comes_before_the_cache(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("INFOSCOPE_DATA", str(tmp_path / "mine"))
    for folder, content in ((tmp_path / "mine", b"mine"), (cache, b"cached")):
        (folder / "small").mkdir(parents=True)
        (folder / "small" / "a.gz").write_bytes(gzip.compress(content))
    assert _files.fetch("small", "a.gz", sha256(b"mine"), []) == b"mine"
    (tmp_path / "mine" / "small" / "a.gz").unlink()
    assert _files.fetch("small", "a.gz", sha256(b"cached"), []) == b"cached"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "holds other content than was published"),
        (b"not gzip at all", "damaged or cut short"),
        (gzip.compress(bytes(1000))[:-8], "damaged or cut short"),
        (gzip.compress(bytes(1000))[:15] + b"\xff" * 20, "damaged or cut short"),
        (gzip.compress(bytes(999)), "holds other content than was published"),
    ],
    ids=["empty", "not gzip", "truncated", "corrupt", "wrong checksum"],
)
def test_a_damaged_file_on_disk_is_named_with_the_fix(cache, tmp_path, monkeypatch, raw, words):
    monkeypatch.setenv("INFOSCOPE_DATA", str(tmp_path))
    path = tmp_path / "small" / "a.gz"
    path.parent.mkdir()
    path.write_bytes(raw)
    with pytest.raises(DataDamagedError, match=words) as caught:
        _files.fetch("small", "a.gz", sha256(bytes(1000)), [])
    assert str(path) in str(caught.value)
    assert "put the published file in its place" in str(caught.value)


def test_a_full_disk_leaves_no_half_file(server, cache, monkeypatch):
    import errno
    from pathlib import Path

    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    (server.folder / "a.gz").write_bytes(gzip.compress(b"content"))
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RunFolderError, match="is full"):
        _files.fetch("small", "a.gz", sha256(b"content"), [server.mirror])
    assert list((cache / "small").iterdir()) == []


def test_a_cache_that_cannot_be_written_says_where_to_put_the_file(server, tmp_path, cache):
    cache.write_text("a file where the cache folder should be")
    (server.folder / "a.gz").write_bytes(gzip.compress(b"content"))
    with pytest.raises(DataMissingError, match=r"cannot be kept in .*small.*INFOSCOPE_DATA=FOLDER"):
        _files.fetch("small", "a.gz", sha256(b"content"), [server.mirror])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "begins with the bytes of an empty file"),
        (b"\0\0", "begins with the bytes 00 00, wanted an idx file"),
        (b"\x89PNG\r\n", "begins with the bytes 89 50 4e 47"),
        (b"\0\0\x0d\x01" + bytes(8), "begins with the bytes 00 00 0d 01"),
        (b"\0\0\x08\x00", "begins with the bytes 00 00 08 00"),
        (b"\0\0\x08\x03" + bytes(4), "ends inside its header"),
        (idx(np.zeros((2, 3), np.uint8))[:-1], r"holds 5 values, its header announces 2 x 3 = 6"),
        (idx(np.zeros((2, 3), np.uint8)) + b"!", r"holds 7 values, its header announces 2 x 3 = 6"),
        (b"\0\0\x08\x03" + b"\xff" * 12, r"announces 4294967295 x 4294967295 x 4294967295 = "),
    ],
)
def test_what_is_not_an_idx_file_is_refused(content, words):
    with pytest.raises(DataDamagedError, match=words) as caught:
        _idx.parse(content, "small/a.gz")
    assert "small/a.gz" in str(caught.value)


def test_labels_that_do_not_match_the_images_are_refused(cache, tmp_path, monkeypatch, contents):
    monkeypatch.setenv("INFOSCOPE_DATA", str(tmp_path))
    contents[NAMES[3]] = idx(np.zeros(2, np.uint8))
    (tmp_path / "small").mkdir()
    for name, content in contents.items():
        (tmp_path / "small" / name).write_bytes(gzip.compress(content))
    with pytest.raises(DataDamagedError, match=r"t10k-images.* has shape \(3, 2, 3\) and t10k-labels.* \(2,\)"):
        small_images(contents, ()).load()


def test_the_real_digits_begin_as_published(real_data):
    import infoscope.data

    task = infoscope.data.task("mnist")
    assert task.variables["label"][:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert task.variables["label"][60000:60005].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(task.variables["label"][:60000]).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert task.inputs[:60000].mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)  # the mean everyone subtracts
    assert (task.split.train[-1], task.split.test[0]) == (59999, 60000)


def bomb(size: int) -> bytes:
    return gzip.compress(bytes(size))


def test_a_bomb_is_refused_before_it_is_unpacked_whole(server, cache, monkeypatch):
    monkeypatch.setattr(_files, "LARGEST", 1 << 20)
    raw = bomb(1 << 26)
    assert len(raw) < 1 << 20, "so that the download is not what is refused"
    (server.folder / "a.gz").write_bytes(raw)
    tracemalloc.start()
    with pytest.raises(DataMissingError, match="unpacks to more than 1 MiB, which no published file has"):
        _files.fetch("small", "a.gz", "0" * 64, [server.mirror])
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()
    assert not cache.exists()


@pytest.mark.parametrize("said", ["as it is", "nothing", "nonsense"])
def test_a_download_without_an_end_is_cut_off(cache, monkeypatch, said):
    """A server that says how much comes, or not, or says no number, and sends for ever."""
    monkeypatch.setattr(_files, "LARGEST", 1 << 20)
    sent = []

    class Endless(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            if said != "nothing":
                self.send_header("Content-Length", str(1 << 40) if said == "as it is" else "many")
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    sent.append(self.wfile.write(bytes(1 << 16)))

        def log_message(self, format, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        with pytest.raises(DataMissingError, match="holds more than 1 MiB"):
            _files.fetch("small", "a.gz", sha256(b""), [f"http://127.0.0.1:{running.server_port}/"])
        running.shutdown()
        thread.join()
    assert sum(sent) < 1 << 25
    assert not cache.exists()


def test_a_stored_file_larger_than_any_is_not_read(cache, monkeypatch):
    monkeypatch.setattr(_files, "LARGEST", 1 << 10)
    (cache / "small").mkdir(parents=True)
    (cache / "small" / "a.gz").write_bytes(bytes(2000))
    with pytest.raises(DataDamagedError, match="holds more than 0 MiB"):
        _files.fetch("small", "a.gz", sha256(b""), [])


def test_a_stored_file_that_cannot_be_read_is_told_as_that(cache):
    (cache / "small").mkdir(parents=True)
    with pytest.raises(DataMissingError, match=r"cannot be read \(its name is too long\)"):
        _files.fetch("small", "n" * 300, sha256(b""), [])
