"""Revisions on the hub, with a hub that lies in a folder: caches first, two downloads at most on disk."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from foreign_models import gpt2, same_state, transformers
from hub_in_place import put_in_place

from infoscope.core.errors import DataMissingError, InfoscopeError, InputError
from infoscope.record.building import build_of
from infoscope.record.fitting import fit
from infoscope.record.foreign import checkpoints
from infoscope.record.trajectories.hub import HubRevision

hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed: pip install huggingface_hub")
NAME = "owner/name"
TOKENS = torch.arange(10)[None]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


class FakeHub:
    """A repository with a revision a step, and the layout that huggingface_hub gives its caches."""

    def __init__(self, folder: Path) -> None:
        self.revisions: dict[str, Path] = {}
        self.moved: dict[str, int] = {}
        self.folder, self.online, self.asked = folder, True, []

    def publish(self, revision: str, seed: int) -> None:
        transformers()
        self.revisions[revision] = self.folder / revision
        gpt2(seed).save_pretrained(self.folder / revision)
        (self.folder / revision / "tf_model.h5").write_bytes(b"large")

    def cached(self, cache: Path, revision: str, patterns: list[str]) -> Path:
        """Put a revision into a cache as huggingface_hub does: blobs, links to them, and a reference."""
        top = cache / "models--owner--name"
        commit = self.commit(revision)
        snapshot = top / "snapshots" / commit
        for each in (snapshot, top / "blobs", top / "refs"):
            each.mkdir(parents=True, exist_ok=True)
        for path in self.revisions[revision].iterdir():
            if not any(path.match(pattern) for pattern in patterns):
                continue
            blob = top / "blobs" / hashlib.sha1(path.read_bytes()).hexdigest()
            shutil.copy(path, blob)
            if not (snapshot / path.name).exists():
                os.symlink(os.path.relpath(blob, snapshot), snapshot / path.name)
        (top / "refs" / revision).write_text(commit)
        return snapshot

    def list_repo_refs(self, repository: str) -> SimpleNamespace:
        self.reach(repository)
        names = (*self.revisions, "main")
        branches = [SimpleNamespace(name=name, target_commit=self.commit(name)) for name in names]
        return SimpleNamespace(branches=branches, tags=[])

    def commit(self, revision: str) -> str:
        return hashlib.sha1(f"{revision} {self.moved.get(revision, 0)}".encode()).hexdigest()

    def list_repo_files(self, repository: str, revision: str) -> list[str]:
        self.reach(repository)
        if revision not in self.revisions:
            raise OSError(f"404: no revision {revision}")
        return [path.name for path in self.revisions[revision].iterdir()]

    def reach(self, repository: str) -> None:
        if not self.online:
            raise ConnectionError("no network\nat all")
        if repository != NAME:
            raise OSError(f"404: no repository {repository}")

    def snapshot_download(self, repository, *, revision, cache_dir=None, local_files_only=False, allow_patterns=None):
        cache = Path(cache_dir) if cache_dir is not None else self.folder / "theirs"
        reference = cache / "models--owner--name" / "refs" / revision
        if local_files_only:
            if not reference.exists():
                raise FileNotFoundError(f"no {revision} in {cache}")
            return str(cache / "models--owner--name" / "snapshots" / reference.read_text())
        self.reach(repository)
        self.asked.append(revision)
        return str(self.cached(cache, revision, allow_patterns))


@pytest.fixture
def fake(tmp_path, monkeypatch):
    made = FakeHub(tmp_path / "hub")
    for step, seed in ((1000, 1), (0, 0), (512, 2), (2000, 3)):
        made.publish(f"step{step}", seed)
    return put_in_place(made, tmp_path, monkeypatch)


def on_disk(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache").rglob("snapshots/*"))


def test_revisions_sort_as_numbers_and_two_at_most_lie_on_disk(fake, tmp_path):
    found = checkpoints(f"hub:{NAME}")
    assert [one.step for one in found] == [0, 512, 1000, 2000]
    assert fake.asked == []  # listing brings nothing here
    build = build_of(found[0])
    built = build()
    for one, seed in zip(found, (0, 2, 1, 3), strict=True):
        fit(one, built)
        assert torch.equal(built(TOKENS).logits, gpt2(seed)(TOKENS).logits)
        assert one.files()[0].size > 1000
        assert len(on_disk(tmp_path)) <= 2
        blobs = [path for path in (tmp_path / "cache").rglob("blobs/*") if path.stat().st_size > 1000]
        assert len(blobs) <= 2
    assert fake.asked == ["step0", "step512", "step1000", "step2000"]
    assert not list((tmp_path / "cache").rglob("*.h5"))
    assert same_state(found[-1].weights(), gpt2(3))
    assert fake.asked[-1] == "step2000"
    assert len(fake.asked) == 4  # what lies here is not fetched again


def test_the_cache_of_the_user_comes_first_and_is_left_as_it_is(fake, tmp_path):
    for revision in ("step0", "step512", "step1000"):
        fake.cached(tmp_path / "hub" / "theirs", revision, ["*"])
    fake.online = False
    found = checkpoints(f"hub:{NAME}")
    assert [one.step for one in found] == [0, 512, 1000]
    assert all(same_state(one.weights(), gpt2(seed)) for one, seed in zip(found, (0, 2, 1), strict=True))
    assert fake.asked == on_disk(tmp_path) == []
    assert len(list((tmp_path / "hub" / "theirs").rglob("snapshots/*"))) == 3


def test_half_of_a_revision_in_the_cache_is_fetched_whole(fake, tmp_path):
    fake.cached(tmp_path / "hub" / "theirs", "step0", ["config.json"])
    one = checkpoints(f"hub:{NAME}", steps=[0])[0]
    assert same_state(one.weights(), gpt2(0))
    assert fake.asked == ["step0"]


@pytest.mark.parametrize("spec", [f"hub:{NAME}@step1000", f"hub:{NAME}@step1*"])
def test_one_revision_and_patterns(fake, spec):
    (one,) = checkpoints(spec)
    assert (one.step, str(one.path)) == (1000, f"hub:{NAME}@step1000")


def test_mappings_and_lists_of_revisions(fake):
    found = checkpoints({5: f"hub:{NAME}@step1000", 7: f"hub:{NAME}@step0"})
    assert [one.step for one in found] == [5, 7]
    assert same_state(found[1].weights(), gpt2(0))
    assert [one.step for one in checkpoints([f"hub:{NAME}@step512", f"hub:{NAME}@step0"])] == [0, 512]


def test_what_is_not_there_is_one_sentence(fake):
    with pytest.raises(
        DataMissingError, match=r"hub:other/name is in no cache and cannot be asked .404: no repository"
    ):
        checkpoints("hub:other/name")
    with pytest.raises(InputError, match=r"names no revision with a step .main, step0"):
        checkpoints(f"hub:{NAME}@stage*")
    with pytest.raises(InputError, match=r"names no repository"):
        checkpoints("hub:")
    (gone,) = checkpoints(f"hub:{NAME}@step7")
    with pytest.raises(DataMissingError, match=r"hub:owner/name@step7 is in no cache and cannot be downloaded .404"):
        gone.weights()
    fake.online = False
    with pytest.raises(DataMissingError, match=r"cannot be asked \(no network\)"):
        checkpoints(f"hub:{NAME}")
    with pytest.raises(InfoscopeError, match=r"cannot be downloaded \(no network\)"):
        checkpoints(f"hub:{NAME}@step0")[0].weights()


def test_a_revision_without_weights(fake):
    (fake.revisions["step0"] / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"hub:owner/name@step0 holds no weights"):
        checkpoints(f"hub:{NAME}@step0")[0].weights()


def test_nothing_on_this_disk_is_one():
    assert not HubRevision().recognises(Path("."))
