"""Training in several processes: the first records, the rest do nothing, and no number of the training changes."""

import datetime
import subprocess
import sys

import pytest
from torch import distributed, nn

from infoscope.core.errors import InputError
from infoscope.core.folder import RunFolder
from infoscope.record import processes
from infoscope.record.gathering import representations
from infoscope.record.noise import noisy, replicas
from infoscope.record.watch import Watch

JOB = """
import contextlib, sys, warnings
import torch
from pathlib import Path
from torch import distributed, nn
import infoscope
from infoscope.core.errors import InputError

warnings.simplefilter("error")
rank, folder = int(sys.argv[1]), Path(sys.argv[2])
distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
inputs, labels = torch.randn(40, 4, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 2

class Spread:
    id, options = "spread", {}
    def measure(self, t, variables):
        from infoscope.core.estimate import Estimate
        from infoscope.core.measurement import Measured
        from infoscope.core.quantity import Quantity
        spread = Quantity("spread", "variance", "Spread", "geometry")
        return [[Measured("input", Estimate(each.var().item(), spread, "variance", 40))] for each in t]

def train(wrap, out):
    torch.manual_seed(rank)
    plain = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 2))
    model = nn.parallel.DistributedDataParallel(plain) if wrap else plain
    optimizer, trace = torch.optim.Adam(model.parameters()), []
    watched = infoscope.watch(model, inputs, {"label": labels}, [Spread()], out, schedule=range(9)) if out else None
    with watched or contextlib.nullcontext():
        for step in range(9):
            if watched:
                watched.step(step)
            loss = nn.functional.cross_entropy(model(torch.randn(16, 4)), torch.arange(16) % 2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            trace.append(loss.detach())
    if watched and rank:
        assert watched.sites == [] and watched.seconds == 0
    return [*trace, *model.state_dict().values(), torch.get_rng_state()]

for wrap in (True, False):
    plain, seen = train(wrap, None), train(wrap, folder / f"run-{wrap}")
    assert all(torch.equal(a, b) for a, b in zip(plain, seen, strict=True))
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
mesh = distributed.device_mesh.init_device_mesh("cpu", (2,))
mesh_device = torch.device("cpu")
halves = [
    nn.Sequential(nn.Identity(), FullyShardedDataParallel(nn.Linear(4, 2), device_mesh=mesh, device_id=mesh_device)),
    fully_shard(nn.Sequential(nn.Linear(4, 2)), mesh=mesh),
]
for model in halves:
    try:
        infoscope.watch(model, inputs, {"label": labels}, ["binned"], folder / "sharded")
    except InputError as error:
        assert "gather its full state_dict" in str(error), error
    else:
        raise AssertionError("not refused")
assert not (folder / "sharded").exists()
distributed.barrier()
distributed.destroy_process_group()
print("done", rank)
"""


def test_two_processes_train_the_same_to_the_bit_and_the_first_records(tmp_path):
    (tmp_path / "job.py").write_text(JOB)
    command = [sys.executable, str(tmp_path / "job.py")]
    jobs = [
        subprocess.Popen(
            [*command, str(rank), str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]
    said = [job.communicate(timeout=200) for job in jobs]
    assert [out.strip() for out, _ in said] == ["done 0", "done 1"], said
    assert said[0][1].count("of 2 processes this one records") == 2  # once a watch
    assert "infoscope" not in said[1][1]
    for wrap in (True, False):
        rows = RunFolder.open(tmp_path / f"run-{wrap}").rows()
        assert rows.unique("step") == list(range(9))
        assert set(rows.unique("status")) == {"OK"}


@pytest.fixture
def alone(tmp_path):
    """A process group of one, with a time-out of its own."""
    seconds = datetime.timedelta(seconds=77)
    store = f"file://{tmp_path}/store"
    distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1, timeout=seconds)
    yield
    distributed.destroy_process_group()


def test_the_time_out_is_that_of_the_group(alone, monkeypatch):
    assert processes.timeout() is None  # nobody waits for a process that is alone
    monkeypatch.setattr(processes, "count", lambda: 2)
    assert processes.timeout() == 77


def test_a_recorded_step_that_takes_a_quarter_of_the_time_out_is_told_once(
    inputs, labels, spread, tmp_path, monkeypatch
):
    monkeypatch.setattr(processes, "timeout", lambda: 1e-6)
    scope = Watch(nn.Linear(6, 2), inputs, {"label": labels}, [spread], tmp_path / "run", schedule=range(3))
    with scope:
        with pytest.warns(UserWarning, match="the other processes give up after 1e-06 s: pass fewer rows") as told:
            scope.step(0)
        scope.step(1)  # told once: another warning would be an error here
    assert len(told) == 1
    assert processes.too_slow(25, 100) is None
    assert "taken 25.1 s so far, and the other processes give up after 100 s" in str(processes.too_slow(25.1, 100))
    assert processes.too_slow(1e9, None) is None


def test_weights_spread_over_processes_are_refused_by_hand_too(alone, inputs):
    from torch.distributed.tensor import Replicate, distribute_tensor

    mesh = distributed.device_mesh.init_device_mesh("cpu", (1,))
    model = nn.Sequential(nn.Linear(6, 2))
    model[0].weight = nn.Parameter(distribute_tensor(model[0].weight.detach(), mesh, [Replicate()]))
    with pytest.raises(InputError, match=r"sharded over processes .DTensor at '0'.* pass that copy"):
        representations(model, inputs, ["0"])
    with pytest.raises(InputError, match="sharded over processes"):
        replicas(model, inputs, ["0"])
    parts = nn.Sequential(nn.Linear(6, 2))
    parts[0].weight.ds_tensor = parts[0].weight.detach()[:1]  # as DeepSpeed leaves a parameter that it shared out
    with pytest.raises(InputError, match=r"sharded over processes .ZeRO-3 of DeepSpeed at '0'"):
        representations(parts, inputs, ["0"])
    noisy(model, ["0"]).remove()  # runs nothing, so it may be on in each process
