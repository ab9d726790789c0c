"""Checkpoints that any training left behind, measured: the face of ``record/trajectories``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from infoscope.core import check, text
from infoscope.core.errors import InputError, near_keywords
from infoscope.core.measurement import Measurement, Plain
from infoscope.runs import Run
from infoscope.watching import measurements

if TYPE_CHECKING:
    import torch

    from infoscope.engine.engine import Engine


@near_keywords
def scan(
    checkpoints: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | Mapping[int, Any],
    build: Callable[[], Any] | None = None,
    inputs: Any = None,
    variables: Mapping[str, Any] | None = None,
    *,
    places: str | Iterable[str] | None = None,
    measures: Sequence[str | Measurement | Plain] | None = None,
    groups: Any = None,
    out: str | os.PathLike[str] | None = None,
    weights: Literal["raw", "ema"] = "raw",
    entry: str | None = None,
    dtype: torch.dtype | str | None = None,
    device: str | None = None,
    steps: Iterable[int] | None = None,
    base: str | os.PathLike[str] | None = None,
    time_first: bool = False,
    batch_size: int | None = None,
    overwrite: bool = False,
    network: str = "model",
    member: int = 0,
    seed: int = 0,
    name: str | None = None,
    trackers: Any = (),
    engine: str | Engine | None = None,
    workers: int | None = None,
    engine_config: str | os.PathLike[str] | None = None,
    shards: int | None = None,
    sample: int = 20_000,
) -> Run:
    """Measure checkpoints that a training left behind, whoever wrote them: a run, as :func:`load` returns it.

    Arguments
    ---------
    checkpoints: a pattern (``"out/checkpoint-*"``), a folder of checkpoints, a list of paths, a mapping from steps to
        paths, to weights by name or to functions that return them, or revisions of a repository on the hub
        (``"hub:EleutherAI/pythia-70m"``). Their tensors are read; nothing that they hold is run.
    build: a function that returns the network, whose weights do not matter; None where a ``config.json`` of
        transformers lies beside the weights.
    inputs, variables, groups, places, time_first: as of :func:`watch`. By default the repeated blocks of a network and
        its final norm are read, one row a token where some variable is one a token or word, else one a sample.
    measures: as of :func:`watch`; by default ``usable_information(scores=true)`` at repeated blocks.
    out: the run folder; by default one under ``runs/`` whose name says what is asked, so that the same call finds it.
    weights: ``"ema"`` for the moving average. entry: the name of the weights in files that hold several. dtype: what
        the network computes in, by default the type of the stored weights. device: where it runs, and where what it
        holds is measured, as ``"cuda"``; by default where ``build`` puts it. steps: only these. base: of adapters, the
        model that they change.
    batch_size: samples in one forward; by default as many as about 4096 tokens. overwrite: replace the run that ``out``
        holds, in place of going on with it. network, member, seed: of a sweep over trainings, which of them this is,
        as of :func:`watch`.
    name: what the run is called in reports and pages; by default the network's class and how many checkpoints.
    trackers: where what is measured is mirrored as it is stored, as of :func:`watch`.
    engine, workers, engine_config: who does it, a checkpoint a job, as of :func:`open_engine`; by default this process,
        with all of its threads. The rows of any number of workers are the same, to the bit.
    shards: read the rows of each checkpoint in one pass, in so many shards of samples at most, which are jobs of the
        engine; no activations are held, however many there are. Then it measures what sums over rows and a
        sample of them say: ``usable_information(probe=linear)``, ``effective_rank``, ``participation_ratio``,
        ``neural_collapse`` and ``one_pass``. Any number of shards gives the same rows, to the bit. By default this is
        done where the rows of a checkpoint would not fit into memory; 0 for never.
    sample: of each place, how many rows are kept of a checkpoint that is read in shards, for probes to be fitted to.

    One forward a checkpoint feeds every place, variable and measure; one checkpoint is in memory at a time. Called
    again, new checkpoints are measured and no other; a scan that was killed goes on where it was. The run refers to the
    checkpoints by size and hash and copies none.

    Raises
    ------
    InputError: nothing there, a device that cannot be used, a checkpoint of another network or with a weight missing,
        labels, groups or places that cannot be used. UnknownNameError: no such place, measure or step. RunFolderError:
        ``out`` holds another run, or a checkpoint is half-written or has changed. EngineError: checkpoints could not be
        measured, after all others were.
    """
    from infoscope.engine.opening import open_engine
    from infoscope.record.building import build_of, placed
    from infoscope.record.defaults import measures as usual
    from infoscope.record.referred import ReadAs
    from infoscope.scanning.checkpoint_scan import Scan
    from infoscope.show.mirroring import mirrored

    if inputs is None or variables is None:
        missing = "inputs" if inputs is None else "variables"
        raise InputError(f"no {missing} arrived, wanted what the network is read on: pass inputs= and variables=")
    if overwrite and out is None:
        raise InputError("overwrite=True arrived without the folder of a run: pass out=")
    reading = ReadAs(
        weights,
        entry,
        None if dtype is None else str(dtype).removeprefix("torch."),
        None if base is None else os.fspath(base),
    )
    found = reading.checkpoints(checkpoints, steps)
    build = build_of(found[0]) if build is None else build
    if build is None:
        raise InputError(
            f"no config.json lies beside {found[0]}, so only you can build its network: pass build=, a function that "
            "returns it (on the command line --model package.module:function)"
        )
    asked = Scan(
        found,
        placed(build, device),
        inputs,
        variables,
        places,
        None if measures is None else measurements(measures),
        lambda model, in_shards: measurements(usual(model, in_shards)),
        groups,
        time_first,
        batch_size,
        reading,
        overwrite,
        network,
        member,
        seed,
        None if name is None else text.checked(name, "the name of a run"),
        None if shards is None else check.count(shards, "shards", 0),
        check.count(sample, "sample"),
    )
    with mirrored(trackers) as sinks, open_engine(engine, workers, engine_config) as there:
        return Run(asked.into(None if out is None else check.path(out, "out"), there, sinks))
