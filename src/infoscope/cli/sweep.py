"""The command that trains somebody's network under several seeds and hyper-parameters."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import infoscope
from infoscope.cli.shared import (
    NETWORKS,
    EngineConfig,
    EngineName,
    Json,
    Several,
    WorkersCount,
    command,
    factory,
    pairs,
    show,
    table,
)
from infoscope.core.errors import InfoscopeError, InputError


@command(NETWORKS, 0)
def sweep(
    train: str,
    /,
    *,
    seeds: int = 3,
    parameter: Several = None,
    out: Path = Path("runs/sweep"),
    engine: EngineName = None,
    workers: WorkersCount = None,
    engine_config: EngineConfig = None,
    as_json: Json = False,
) -> None:
    """Train a network of your own under several seeds and hyper-parameters; exit code 2 where a training has failed.

    The function is called as train(watch, seed, **parameters) and records with that watch. Called again, the command
    trains what is not done.

    Example: infoscope sweep mypackage.training:train --seeds 8 --parameter rate=0.1,0.01 --engine processes

    Parameters
    ----------
    train
        package.module:function, which trains one network.
    seeds
        How many trainings of each combination, from seed 0 on.
    parameter
        A hyper-parameter with its values, as rate=0.1,0.01; may be repeated, and all combinations are trained.
    out
        The folder of the runs.
    """
    function = factory(train, "TRAIN")
    assert function is not None
    values = {name: _values(name, text) for name, text in pairs(parameter, "--parameter", "rate=0.1,0.01").items()}
    found = infoscope.sweep(
        function,
        seeds=seeds,
        parameters=values,
        out=out,
        engine=engine,
        workers=workers,
        engine_config=engine_config,
    )
    lines = [[one.network, str(one.seed), one.outcome, one.reason or str(one.path)] for one in found.trainings]
    counts = Counter(one.outcome for one in found.trainings)
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    content: dict[str, Any] = {
        "out": str(out),
        "trainings": [
            {"network": network, "seed": int(seed), "outcome": outcome, "said": said}
            for network, seed, outcome, said in lines
        ],
    }

    def text() -> None:
        table(["network", "seed", "", "run, or reason"], lines)
        print(told)
        runs = [str(one.path) for one in found.of("ran", "done")]
        if len(runs) > 1:
            print(f"a report of all: infoscope report {out}/*-seed* --join")

    show(content, as_json, text)
    if missing := len(found.of("failed", "remains")):
        raise InfoscopeError(
            f"{missing} of {len(lines)} trainings are not done ({told}): tracebacks lie in {out / 'failed'}, and the "
            "same command goes on with these"
        )


def _values(name: str, text: str) -> list[Any]:
    """``0.1,0.01`` as numbers, ``relu,tanh`` as words."""
    found: list[Any] = []
    for word in text.split(","):
        if not word:
            raise InputError(f"--parameter {name}={text!r} has an empty value: write it like {name}=0.1,0.01")
        try:
            found.append(json.loads(word))
        except ValueError:
            found.append(word)
    return found
