"""The command on checkpoints that somebody's training left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

import infoscope
from infoscope.cli.runs import print_means
from infoscope.cli.shared import (
    NETWORKS,
    Belonging,
    EngineConfig,
    EngineName,
    Json,
    Several,
    WorkersCount,
    columns,
    command,
    factory,
    pairs,
    show,
)


@command(NETWORKS, 1)
def scan(
    checkpoints: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    inputs: str,
    variable: Several = None,
    place: Several = None,
    measure: Several = None,
    model: str | None = None,
    groups: Belonging = None,
    out: Path | None = None,
    weights: Literal["raw", "ema"] = "raw",
    entry: str | None = None,
    dtype: str | None = None,
    device: str | None = None,
    step: Annotated[list[int] | None, Parameter(negative="")] = None,
    base: str | None = None,
    batch_size: int | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    network: str = "model",
    member: int = 0,
    seed: int = 0,
    name: str | None = None,
    tracker: Several = None,
    engine: EngineName = None,
    workers: WorkersCount = None,
    engine_config: EngineConfig = None,
    shards: int | None = None,
    sample: int = 20_000,
    as_json: Json = False,
) -> None:
    """Measure checkpoints that a training left behind. Called again, it measures those that are new.

    Example: infoscope scan 'out/checkpoint-*' --inputs texts.parquet:input_ids --variable kind=texts.parquet:kind

    Parameters
    ----------
    checkpoints
        A pattern in quotes ('out/checkpoint-*'), a folder, or files and folders of checkpoints; hub:owner/name for the
        revisions of a repository.
    inputs
        The evaluation set, samples first: a.npy for model(x), a.npz for model(**arrays), t.parquet:col or t.csv:col1,…
        for the columns of a table; of t.parquet:input_ids,attention_mask each column of lists by name. Lists of unlike
        lengths are padded on the right, with an attention_mask.
    variable
        A variable of the samples, or of their tokens, as name=t.parquet:column or name=a.npy; may be repeated.
    place
        Where to read, as 'transformer.h.*@tokens'; may be repeated. By default the repeated blocks.
    measure
        What to measure, as 'usable_information(probe=linear)'; may be repeated.
    model
        package.module:function, which builds the network; not needed where a config.json lies beside the weights.
    out
        The run folder; by default one under runs/ that the same command finds again.
    weights
        raw, those that were trained, or ema, their moving average.
    entry
        The name of the weights in files that hold several.
    dtype
        What the network computes in; by default the type of the stored weights.
    device
        Where the network runs and what it holds is measured: cpu, or a torch device such as cuda; by default where the
        model is built.
    step
        Only this step; may be repeated.
    base
        Of adapters, the model that they change.
    batch_size
        Samples in one forward.
    overwrite
        Replace the run that --out holds, in place of going on with it.
    network
        Of a sweep over trainings: what the network is called in the run.
    member
        Of a sweep over trainings: which of them this is.
    seed
        Of a sweep over trainings: the seed of this one.
    name
        What the run is called in reports and pages.
    tracker
        Where rows are mirrored as they are stored, as wandb or 'tensorboard(folder=logs)'; may be repeated.
    shards
        Read each checkpoint in one pass, in so many shards of samples at most, and hold no rows; by default where they
        would not fit into memory, 0 for never.
    sample
        Of a scan in shards: how many rows of each place are kept of a checkpoint, for probes to be fitted to.
    """
    from infoscope.cli.sequences import inputs_of, variable_of

    run = infoscope.scan(
        checkpoints[0] if len(checkpoints) == 1 else checkpoints,
        factory(model),
        inputs_of(inputs),
        {name: variable_of(file) for name, file in pairs(variable, "--variable", "pos=tags.parquet:pos").items()},
        places=place or None,
        measures=measure or None,
        groups=columns(groups),
        out=out,
        weights=weights,
        entry=entry,
        dtype=dtype,
        device=device,
        steps=step or None,
        base=base,
        batch_size=batch_size,
        overwrite=overwrite,
        network=network,
        member=member,
        seed=seed,
        name=name,
        trackers=tracker or (),
        engine=engine,
        workers=workers,
        engine_config=engine_config,
        shards=shards,
        sample=sample,
    )
    rows = run.rows
    last = rows.filter(step=max(rows.unique("step"), default=0))
    content: dict[str, Any] = {
        "run": str(run.folder.path),
        "steps": sorted(rows.unique("step")),
        "rows": len(rows),
        "told": run.told,
    }

    def text() -> None:
        print_means(last, run.titles)
        print(f"{len(rows)} rows of {len(content['steps'])} checkpoints in {run.folder.path}; above, the last of them")
        print(f"a report: infoscope report {run.folder.path}")

    show(content, as_json, text)
