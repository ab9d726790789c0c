"""The CIFAR archives: unpacked, beside the folder, downloaded; incomplete and damaged ones are refused with the fix."""

import hashlib
import io
import tarfile

import numpy as np
import pytest

import infoscope.data
from infoscope.core.errors import DataDamagedError, DataMissingError
from infoscope.data import _files
from infoscope.data._cifar import CifarImages
from infoscope.data.tasks.cifar10 import Cifar10
from infoscope.data.tasks.cifar100_groups import Cifar100Groups

RECORDS = {"one.bin": 5, "two.bin": 4, "test.bin": 3}


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def contents() -> dict[str, bytes]:
    """Three small files: a coarse and a fine label, then 3 x 2 x 2 pixels."""
    rng = np.random.default_rng(0)
    found = {}
    for name, count in RECORDS.items():
        fine = rng.integers(0, 4, (count, 1), dtype=np.uint8)
        pixels = rng.integers(0, 256, (count, 12), dtype=np.uint8)
        found[name] = np.concatenate([fine // 2, fine, pixels], axis=1).tobytes()
    return found


def packed(contents: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for name, content in {**contents, "readme.html": b"not wanted"}.items():
            entry = tarfile.TarInfo(f"small-binary/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return raw.getvalue()


def small(contents: dict[str, bytes], archive: bytes = b"", mirrors: tuple[str, ...] = ()) -> CifarImages:
    class Small(CifarImages):
        name = "small"
        n, features, shape, classes = 12, 12, (3, 2, 2), 2
        trained_on = "coarse"
        split_published = True
        licence = citation = "made up"
        folder, archive = "small-binary", "small-binary.tar.gz"
        labels = ("coarse", "fine")
        records = RECORDS
        md5 = {name: md5(content) for name, content in contents.items()}  # noqa: RUF012

    Small.archive_md5, Small.mirrors = md5(archive), mirrors
    return Small()


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The folder that INFOSCOPE_DATA names, and no network."""
    (tmp_path / "mine" / "small-binary").mkdir(parents=True)
    monkeypatch.setenv("INFOSCOPE_DATA", str(tmp_path / "mine"))
    monkeypatch.setattr(_files.platformdirs, "user_cache_path", lambda _: tmp_path / "cache")
    return tmp_path / "mine"


def check_content(task, contents):
    rows = np.concatenate([np.frombuffer(content, np.uint8).reshape(-1, 14) for content in contents.values()])
    assert np.array_equal(task.inputs, rows[:, 2:].astype(np.float32) / np.float32(255))
    assert np.array_equal(task.variables["coarse"], rows[:, 0])
    assert np.array_equal(task.variables["fine"], rows[:, 1])
    assert task.split.test.tolist() == [9, 10, 11]
    assert task.shape == (3, 2, 2)
    assert task.hashes == {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def test_unpacked_files_are_read(mine, contents):
    for name, content in contents.items():
        (mine / "small-binary" / name).write_bytes(content)
    check_content(small(contents).load(), contents)
    assert not (mine.parent / "cache").exists()


def test_an_archive_beside_the_folder_is_unpacked_into_the_cache(mine, contents):
    raw = packed(contents)
    (mine / "small-binary.tar.gz").write_bytes(raw)
    check_content(small(contents, raw).load(), contents)
    assert sorted(path.name for path in (mine.parent / "cache" / "small-binary").iterdir()) == sorted(contents)
    (mine.parent / "cache" / "small-binary" / "two.bin").unlink()  # as if unpacking had been cut off
    check_content(small(contents, raw).load(), contents)
    (mine / "small-binary.tar.gz").unlink()
    check_content(small(contents, raw).load(), contents)


def test_the_archive_is_downloaded_and_checked(mine, contents, monkeypatch):
    raw, asked = packed(contents), []

    def answer(address, label):
        asked.append(address)
        return b"moved" if "old" in address else raw

    monkeypatch.setattr(_files, "_read", answer)
    check_content(small(contents, raw, ("http://old/", "http://new/")).load(), contents)
    assert asked == ["http://old/small-binary.tar.gz", "http://new/small-binary.tar.gz"]
    for path in (mine.parent / "cache" / "small-binary").iterdir():
        path.unlink()
    with pytest.raises(DataMissingError, match=r"holds other content than was published .*unpack it into .*mine"):
        small(contents, raw, ("http://old/",)).load()


def test_an_incomplete_folder_is_refused_with_what_is_missing(mine, contents):
    (mine / "small-binary" / "one.bin").write_bytes(contents["one.bin"])
    (mine / "small-binary" / "two.bin").write_bytes(contents["two.bin"][:-14])
    with pytest.raises(DataDamagedError) as caught:
        small(contents).load()
    message = str(caught.value)
    assert "one.bin" not in message
    assert "two.bin holds 42 bytes" in message
    assert "test.bin is not there" in message
    assert "wanted 42 and 56 and 70 bytes): unpack small-binary.tar.gz there" in message


def test_damaged_files_are_named(mine, contents):
    for name, content in contents.items():
        (mine / "small-binary" / name).write_bytes(bytes(len(content)) if name == "two.bin" else content)
    with pytest.raises(DataDamagedError, match=r"two\.bin holds other content than was published \(MD5"):
        small(contents).load()
    for name in contents:
        (mine / "small-binary" / name).unlink()
    (mine / "small-binary.tar.gz").write_bytes(b"something else")
    with pytest.raises(DataDamagedError, match=r"small-binary\.tar\.gz holds other content than was published"):
        small(contents, packed(contents)).load()


def test_groups_of_ten_classes_are_its_halves():
    labels = np.arange(10)
    assert Cifar10().variables({"label": labels})["group"].tolist() == [0] * 5 + [1] * 5


def test_a_reduced_copy_of_the_ten_classes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("INFOSCOPE_DATA", str(tmp_path))
    (tmp_path / "cifar-10-batches-bin").mkdir()
    (tmp_path / "cifar-10-batches-bin" / "data_batch_1.bin").write_bytes(bytes(3073))
    with pytest.raises(DataDamagedError, match=r"data_batch_1\.bin holds 3073 bytes, data_batch_2\.bin is not there"):
        infoscope.data.task("cifar10")


def test_the_hundred_classes_are_as_published(real_data):
    if not (real_data / "cifar-100-binary").is_dir():
        pytest.skip("no real data: no cifar-100-binary folder")
    task = infoscope.data.task("cifar100")
    means = task.inputs[:50000].reshape(-1, 3, 1024).mean((0, 2), dtype=np.float64)
    assert means == pytest.approx([0.5070751592, 0.4865488733, 0.4409178434], abs=1e-7)  # the means everyone subtracts
    fine, coarse = task.variables["fine"], task.variables["coarse"]
    assert len({*zip(fine.tolist(), coarse.tolist(), strict=True)}) == 100  # coarse is a function of fine
    assert (np.bincount(fine[:50000]) == 500).all()
    assert (np.bincount(coarse[50000:]) == 500).all()


def test_a_task_of_some_groups_has_their_rows_in_order(mine, contents):
    for name, content in contents.items():
        (mine / "small-binary" / name).write_bytes(content)
    whole = small(contents).load()

    class Half(type(small(contents))):
        def kept(self, labels):
            return labels["coarse"] == 1

    Half.n = int((whole.variables["coarse"] == 1).sum())
    half = Half().load()
    mask = whole.variables["coarse"] == 1
    assert 0 < Half.n < len(whole)
    assert np.array_equal(half.inputs, whole.inputs[mask])
    assert np.array_equal(half.variables["fine"], whole.variables["fine"][mask])
    assert len(half.split.train) == int(mask[whole.split.train].sum())


def test_ten_superclasses_are_counted_living_things_first():
    labels = {"coarse": np.array([18, 1, 17, 3], np.uint8), "fine": np.arange(4)}
    found = Cifar100Groups().variables(labels)
    assert found["superclass"].tolist() == [9, 0, 4, 5]
    assert found["made"].tolist() == [1, 0, 0, 1]
    assert Cifar100Groups().kept({"coarse": np.arange(20)}).sum() == 10
