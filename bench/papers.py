"""Where the time of a paper's figures goes: CPU seconds by stage, each beside the limit of its arithmetic.

    python bench/papers.py [FIGURE …] [--preset laptop] [--seeds 4] [--out FOLDER] [--json FILE]

Runs the figures (by default a few of saxe2018) one after the other into one folder, as `infoscope run` does, so that
what one has trained or measured the next takes over; without --out the folder is a new one. The limit counts the
multiply-adds of dense networks at this machine's matrix-multiply rate, and all pairs of rows for what looks at pairs;
where there is none, a dash. What compiles is in the figures: run it twice, into new folders. --json: the verdicts and
a hash of each run's rows too, for a comparison of two versions.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import io
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numba import njit

import infoscope
from _machine import multiply_rate
from infoscope.claim import computation, running, trainings
from infoscope.kernels.vector_math import exp2_negative
from infoscope.record.evaluated import RowsThere
from infoscope.scanning import learning_curves
from infoscope.scanning.dense_forward import DenseForward
from infoscope.scanning.replay import EnsembleReplay
from infoscope.train.network import Dense

FIGURES = ("tanh", "relu", "sigmoid", "kde_activations", "neighbour_entropy", "net_input_bins", "machine_precision")
LINE = "{:32} {:>9} {:>6} {:>9} {:>8}"
PAIRS = {"kde": 1, "kozachenko_leonenko": 0}  # exponentials of a pair for each value of an option


@dataclasses.dataclass
class Stages:
    """CPU seconds by stage, each without those inside it, and the multiply-adds and exponentials that it cannot do
    without."""

    seconds: dict[str, float] = dataclasses.field(default_factory=lambda: defaultdict(float))
    adds: dict[str, float] = dataclasses.field(default_factory=lambda: defaultdict(float))
    exps: dict[str, float] = dataclasses.field(default_factory=lambda: defaultdict(float))
    _inside: list[float] = dataclasses.field(default_factory=lambda: [0.0])

    def timed(self, call: Callable[..., Any], stage: Callable[..., str], count: Callable[..., None]) -> Any:
        """``call`` on the clock of ``stage(*arguments)``; ``count(stage, *arguments)`` says what it has to do."""

        @functools.wraps(call)
        def timed(*arguments: Any, **named: Any) -> Any:
            name, start = stage(*arguments), time.process_time()
            self._inside.append(0.0)
            try:
                return call(*arguments, **named)
            finally:
                took = time.process_time() - start
                self.seconds[name] += took - self._inside.pop()
                self._inside[-1] += took
                count(name, *arguments)

        return timed

    def products(self, stage: str, network: Any, members: int, rows: float) -> None:
        if isinstance(network, Dense):
            self.adds[stage] += members * rows * sum(out * into for _, (out, into) in network.shapes())

    def watch(self) -> contextlib.ExitStack:
        """The functions that the stages are made of, on this clock until the stack is closed."""
        put_back = contextlib.ExitStack()

        def put(owner: Any, name: str, stage: Callable[..., str] | str, count: Any = lambda *_: None) -> None:
            call = getattr(owner, name)
            named = stage if callable(stage) else lambda *_: stage
            setattr(owner, name, self.timed(call, named, count))
            put_back.callback(setattr, owner, name, call)

        def of_training(stage: str, trainer: Any, state: Any, epoch: int) -> None:
            e = trainer.ensemble
            self.products(stage, e.network, 1, 3.0 * e.train.size * (epoch - state.epoch))  # forward, and back twice

        def of_forward(stage: str, replay: Any, *_: Any) -> None:
            self.products(stage, replay.plan.network, len(replay.seeds), len(replay.measured))

        def of_curves(stage: str, network: Any, parameters: Any, x: Any, y: Any, rows: Any, *_: Any) -> None:
            self.products(stage, network, len(parameters["output.linear.weight"]), rows.shape[1])

        def of_compiled(stage: str, compiled: Any, parameters: Any, y: Any, rows: Any) -> None:
            of_curves(stage, compiled.network, parameters, None, y, rows)

        def of_pairs(stage: str, there: Any, measurement: Any, t: Any, *_: Any) -> None:
            if measurement.id in PAIRS:
                pairs = len(t) * t.shape[1] ** 2 / 2
                self.adds[stage] += pairs * t.shape[2]
                self.exps[stage] += pairs * PAIRS[measurement.id] * len(getattr(measurement, "variances", ()))

        make = trainings.make_trainer

        def watched(*arguments: Any, **named: Any) -> Any:
            trainer = make(*arguments, **named)
            trainer.advance = self.timed(
                trainer.advance, lambda *_: "training", lambda s, state, epoch: of_training(s, trainer, state, epoch)
            )
            return trainer

        trainings.make_trainer = watched
        put_back.callback(setattr, trainings, "make_trainer", make)
        put(EnsembleReplay, "representations", "forward", of_forward)
        put(learning_curves, "performance", "learning curves", of_curves)
        put(DenseForward, "performance", "learning curves", of_compiled)
        put(learning_curves, "layer_gradients", "gradients")
        put(RowsThere, "measured", lambda _, measurement, *__: f"measure {measurement.id}", of_pairs)
        put(computation.Computation, "rows", "computations")
        put(running, "judge", "verdicts")
        return put_back


@njit(fastmath=True)
def _exponentials(block: Any, out: Any, times: int) -> None:
    for _ in range(times):
        for i in range(len(block)):
            out[i] += exp2_negative(block[i])


def exponentials() -> float:
    """Float32 exponentials a second of one thread, of numbers in cache."""
    block, out = np.linspace(0, 80, 4096, dtype=np.float32), np.zeros(4096, np.float32)
    _exponentials(block, out, 1)
    start = time.process_time()
    _exponentials(block, out, 20_000)
    return 20_000 * len(block) / (time.process_time() - start)


def profile(figure: str, preset: str, seeds: int | None, out: Path) -> tuple[Stages, float, Any]:
    stages, start = Stages(), time.process_time()
    with stages.watch(), contextlib.redirect_stderr(io.StringIO()):
        run = infoscope.run(figure, preset, seeds=seeds, out=out)
    whole = time.process_time() - start
    stages.seconds["rows, snapshots, journal"] = whole - sum(stages.seconds.values())
    return stages, whole, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figures", nargs="*", default=[f"saxe2018/{name}" for name in FIGURES])
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rates, told = (multiply_rate(), exponentials()), []
    at = f"{rates[0] / 1e9:.0f}e9 multiply-adds and {rates[1] / 1e9:.1f}e9 exponentials a second"
    print(f"{given.preset}, {given.seeds} seeds; {at}")
    print(LINE.format("stage", "CPU s", "%", "limit s", "x limit"))
    with tempfile.TemporaryDirectory() as temporary:
        for figure in given.figures:
            stages, whole, run = profile(figure, given.preset, given.seeds, given.out or Path(temporary))
            print(LINE.format(figure, f"{whole:.2f}", "100", "", ""))
            for name, took in sorted(stages.seconds.items(), key=lambda each: -each[1]):
                limit = stages.adds[name] / rates[0] + stages.exps[name] / rates[1]
                cells = (f"{limit:.3f}", f"{took / limit:.1f}") if limit else ("-", "-")
                print(LINE.format(f"  {name}", f"{took:.2f}", f"{100 * took / whole:.0f}", *cells), flush=True)
            told.append(
                {
                    "figure": figure,
                    "seconds": whole,
                    "stages": dict(stages.seconds),
                    "rows": run.rows.content_hash(),
                    "verdicts": [(v["claim"]["id"], v["outcome"], v["findings"]) for v in run.verdicts],
                }
            )
    print(LINE.format("all", f"{sum(each['seconds'] for each in told):.2f}", "", "", ""))
    if given.json:
        given.json.write_text(json.dumps(told, indent=1, default=str))


if __name__ == "__main__":
    main()
