"""Trainers in two processes (gloo): the first records, and both train as they do without the callback, to the bit."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import infoscope

JOB = """
import os, sys, warnings
from pathlib import Path
sys.path.insert(0, sys.argv[3])
import infoscope
from tiny_trainers import *
warnings.filterwarnings("error", message="infoscope")
framework, folder, rank = sys.argv[1], Path(sys.argv[2]), int(os.environ["RANK"])

class Spread:
    id, options = "spread", {}
    def measure(self, t, variables):
        from infoscope.core.estimate import Estimate
        from infoscope.core.measurement import Measured
        from infoscope.core.quantity import Quantity
        spread = Quantity("spread", "variance", "Spread", "geometry")
        return [[Measured("input", Estimate(each.var().item(), spread, "variance", len(each)))] for each in t]

def watched(name, inputs, places, **options):
    return infoscope.callback(framework, inputs, {"label": torch.arange(40) % 2}, measures=[Spread()], places=places,
                              out=folder / name, schedule=range(99), **options)

if framework == "transformers":
    ways = {"plain": {}, "accumulated": {"gradient_accumulation_steps": 2}, "bf16": {"bf16": True}}
    def train(name, seen, **options):
        seen = [watched(name, {"input_ids": texts(40)}, PLACES)] if seen else []
        made = trained(gpt2(), folder / "out", seen, ddp_backend="gloo", **options)
        assert torch.distributed.get_world_size() == 2
        return seen, left(made)
else:
    ways = {"plain": {}, "accumulated": {"accumulate_grad_batches": 2}, "bf16": {"precision": "bf16-mixed"}}
    def train(name, seen, **options):
        seen = [watched(name, points(40)[0], ["net.*"])] if seen else []
        made = fitted(lightning_module(), folder, seen, devices=2, strategy="ddp", **options)
        assert torch.distributed.get_world_size() == 2
        return seen, left_by(made)

for name, options in ways.items():
    _, without = train(name, False, **options)
    (seen,), with_it = train(name, True, **options)
    assert same(without, with_it), name
    assert rank == 0 or (seen.scope.sites == [] and seen.scope.seconds == 0)
print("done", rank)
"""


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@pytest.mark.parametrize("framework", ["transformers", "lightning"])
def test_two_processes_train_the_same_to_the_bit_and_the_first_records(framework, tmp_path):
    pytest.importorskip(framework, reason=f"{framework} is not installed, whose Trainer is followed")
    pytest.importorskip("accelerate", reason="accelerate is not installed, without which no Trainer runs")
    (tmp_path / "job.py").write_text(JOB)
    together = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2",
                "GROUP_RANK": "0", "TORCHELASTIC_RUN_ID": "none"}  # fmt: skip
    jobs = [
        subprocess.Popen(
            [sys.executable, str(tmp_path / "job.py"), framework, str(tmp_path), str(Path(__file__).parent)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **together, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(2)
    ]  # fmt: skip
    said = [job.communicate(timeout=280) for job in jobs]
    assert [out.strip().splitlines()[-1:] for out, _ in said] == [["done 0"], ["done 1"]], said
    assert said[0][1].count("of 2 processes this one records") == 3  # once a watch
    assert "infoscope: " not in said[1][1]
    for way in ("plain", "accumulated", "bf16"):
        rows = infoscope.load(tmp_path / way).rows
        assert rows.unique("status") == ["OK"]
        assert rows.unique("step") == list(range(max(rows.unique("step")) + 1))
        assert infoscope.load(tmp_path / way).folder.manifest()["state"] == "done"
