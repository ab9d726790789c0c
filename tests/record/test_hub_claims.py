"""Downloads that several processes share: nobody deletes what another reads, and the next one comes ahead of its turn.

The hub is that of the tests of revisions, with files too small for any model.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hub_in_place import put_in_place
from safetensors.torch import save_file
from test_hub_revisions import NAME, FakeHub, on_disk
from torch import nn

import infoscope
from infoscope.core import turns
from infoscope.core.errors import RunFolderError
from infoscope.record.foreign import checkpoints
from infoscope.record.referred import ReferredTrajectory
from infoscope.record.trajectories._claims import Claims, claims

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


class SmallHub(FakeHub):
    """Each revision is one number."""

    def publish(self, revision: str, seed: int) -> None:
        self.revisions[revision] = self.folder / revision
        self.revisions[revision].mkdir(parents=True)
        save_file({"weight": torch.full((300,), float(seed))}, self.revisions[revision] / "model.safetensors")
        (self.revisions[revision] / "config.json").write_text("{}")


@pytest.fixture
def fake(tmp_path, monkeypatch):
    made = SmallHub(tmp_path / "hub")
    for step in (1000, 0, 512, 2000):
        made.publish(f"step{step}", step)
    return put_in_place(made, tmp_path, monkeypatch)


def read(one):
    """The one number of a checkpoint."""
    return one.weights()["weight"].unique().tolist()


HOLDS = """
import sys
from pathlib import Path
from infoscope.record.trajectories._claims import Claims
claims = Claims(Path(sys.argv[1]), 2)
for name in sys.argv[2:]:
    claims.take(name)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(tmp_path, *revisions):
    """That works with these revisions."""
    locks = tmp_path / "cache" / "infoscope" / "hub" / ".locks"
    command = [sys.executable, "-c", HOLDS, str(locks), *(f"{NAME}@{revision}" for revision in revisions)]
    ours = str(Path(infoscope.__file__).parents[1])  # the path may have been said from another folder
    found = {**os.environ, "PYTHONPATH": os.pathsep.join([ours, *sys.path])}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=found) as process:
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_what_another_process_reads_is_not_deleted(fake, tmp_path):
    found = {one.step: one for one in checkpoints(f"hub:{NAME}")}
    assert read(found[0]) == [0.0]
    commits = {step: fake.commit(f"step{step}") for step in found}
    with another_process(tmp_path, "step0"):
        for step in (512, 1000, 2000):
            assert read(found[step]) == [step]
            assert commits[0] in on_disk(tmp_path)
            assert len(on_disk(tmp_path)) <= 3  # one of theirs, two of ours
        assert on_disk(tmp_path) == sorted(commits[step] for step in (0, 1000, 2000))
    assert read(found[512]) == [512]  # who was killed holds nothing more
    assert on_disk(tmp_path) == sorted(commits[step] for step in (512, 2000))
    assert fake.asked.count("step0") == 1


def test_who_is_to_read_what_is_being_deleted_waits_and_fetches_it_again(fake, tmp_path):
    one = checkpoints(f"hub:{NAME}@step0")[0]
    assert read(one) == [0]
    locks = tmp_path / "cache" / "infoscope" / "hub" / ".locks"
    with claims(locks, 2).nobody_has([f"{NAME}@step0"]) as free:
        assert not free, "this process has it"
    for other in ("step512", "step1000"):
        read(checkpoints(f"hub:{NAME}@{other}")[0])  # the last two are held
    fake.cached(tmp_path / "cache" / "infoscope" / "hub", "step0", ["*.json", "model*.safetensors"])
    deletes = Claims(locks, 2)
    with deletes.nobody_has([f"{NAME}@step0"]) as free:
        assert free
        thread = threading.Thread(target=one.weights)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "it waits"
        shutil.rmtree(tmp_path / "cache" / "infoscope" / "hub" / "models--owner--name")
    thread.join(60)
    assert fake.asked == ["step0", "step512", "step1000", "step0"]


def test_the_next_one_comes_while_this_one_is_worked_on(fake, tmp_path, monkeypatch):
    found = checkpoints(f"hub:{NAME}")
    said = {"networks": {"n": {"checkpoints": {}}}}
    folder = SimpleNamespace(manifest=lambda: said, update=said.update, path=tmp_path)
    trajectory = ReferredTrajectory(folder, "n", given=found)

    def asked(count):
        until = time.monotonic() + 300
        while len(fake.asked) < count and time.monotonic() < until:
            time.sleep(0.01)
        return fake.asked

    trajectory.record(found[0])
    assert asked(2) == ["step0", "step512"]
    trajectory.record(found[1])
    assert asked(3) == ["step0", "step512", "step1000"]
    assert len(on_disk(tmp_path)) <= 2
    said["networks"] = {"n": {"checkpoints": {}}}
    monkeypatch.setattr(turns, "_shared", turns.Shared(None, 2, "k", False))
    trajectory.record(found[1])  # the other worker has step1000
    assert asked(4)[3:] == ["step2000"]
    trajectory.record(found[3])
    time.sleep(0.1)
    assert len(fake.asked) == 4, "behind the last one there is none"


def test_a_revision_that_was_measured_is_not_fetched_again_unless_it_has_moved(fake, tmp_path):
    for revision, step in ((each, int(each.removeprefix("step"))) for each in fake.revisions):
        save_file({"weight": torch.full((300, 1), float(step))}, fake.revisions[revision] / "model.safetensors")

    def scanned():
        made, x = functools.partial(nn.Linear, 1, 300, bias=False), torch.ones(20, 1)
        run = infoscope.scan(f"hub:{NAME}", made, x, {}, measures=["effective_rank"], out=tmp_path / "run")
        return run.folder.manifest()["networks"]["model"]["checkpoints"]

    origins = scanned()
    once = list(fake.asked)
    assert once == ["step0", "step512", "step1000", "step2000"]
    assert {step: each["identity"] for step, each in origins.items()} == {
        step: fake.commit(f"step{step}") for step in ("0", "512", "1000", "2000")
    }
    assert scanned() == origins
    assert fake.asked == [*once, "step0"], "with whose weights the network is built"
    fake.moved["step1000"] = 1
    save_file({"weight": torch.ones(300, 1)}, fake.revisions["step1000"] / "model.safetensors")
    shutil.rmtree(tmp_path / "cache" / "infoscope" / "hub" / "models--owner--name")
    with pytest.raises(RunFolderError, match=r"step 1000 .*holds other weights than .* has read of step 1000"):
        scanned()
