"""The 12-bit figure: CPU seconds of training one noisy network and of measuring it at 84 epochs in 5 layers.

    OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 python bench/noisy_network.py [epochs measured] [replicas ...]

12-10-7-5-4-3-2, tanh, noise 0.005, tolerance 0.02 nats, all 4096 inputs (goldfeld2019/szt). For each of the replicas:
CPU seconds, how many brackets of I(X;T) are wider than the tolerance, and their median width with standard errors.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from infoscope.claim import running
from infoscope.core.folder import RunFolder
from infoscope.papers.goldfeld2019._boolean12 import NOISE, noisy12_plan, recorded
from infoscope.scanning.measure_plan import MeasurePlan
from infoscope.scanning.one_pass import measure
from infoscope.scanning.replay import EnsembleReplay


def main() -> None:
    torch.set_num_threads(1)
    arguments = [int(text) for text in sys.argv[1:]]
    epochs, replicas = (arguments or [84])[0], arguments[1:] or [256, 512]
    plan = noisy12_plan("paper", (0,), ())
    with tempfile.TemporaryDirectory() as out:
        manifest = {"title": "", "figure": None, "preset": "paper", "networks": {"plain": plan.to_json()}}
        folder = RunFolder.create(Path(out) / "run", manifest)
        start = time.process_time()
        running.train_network(folder, "plain", plan)
        print(f"training, {plan.epochs[-1]} epochs: {time.process_time() - start:.3g} s of CPU", flush=True)
        wanted = np.linspace(0, 83, epochs).round().astype(int)
        chosen = tuple(recorded("paper")[k] for k in wanted)
        for count in replicas:
            options = {"noise": NOISE, "population": "dataset", "tolerance": 0.02, "replicas": count}
            measures = [MeasurePlan("noisy", options, epochs=chosen)]
            start = time.process_time()
            measure(folder, "plain", EnsembleReplay(folder, "plain", plan), measures, f"{count} replicas")
            spent = time.process_time() - start
            rows = measures[0].rows(folder.rows(), "plain").filter(quantity="I(X;T)")
            widths, wide = rows.column("high") - rows.column("low"), len(rows.filter(status="UNRESOLVED"))
            print(
                f"{count} replicas, {epochs} epochs x 5 layers: {spent:.4g} s of CPU; {wide} of {len(rows)} brackets "
                f"wider than the tolerance, median width {np.median(widths):.2g} nats",
                flush=True,
            )


if __name__ == "__main__":
    main()
