"""Which examples a layer says most and least about: pointwise usable information from stored weights, as a table.

What probes of one family read of a variable, less what the null probe knows, for every measured row (PVI of Ethayarajh
et al. 2022). An example below zero is one that the probes get wrong in favour of another class.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from infoscope.core import check
from infoscope.core.errors import InputError, unknown_name
from infoscope.core.folder import RunFolder
from infoscope.core.progress import progress
from infoscope.core.rows import last_hidden_site
from infoscope.measure.questions.usable import usable_information
from infoscope.measure.usable.accounts import Usable
from infoscope.record.variables import MISSING

MOST = 16  # examples at either end that are kept as pictures


def pointwise(
    replay: Any,
    network: str,
    variable: str,
    site: str = "",
    step: int | None = None,
    probe: str = "linear",
    seed: int = 0,
    **options: Any,
) -> pa.Table:
    """One line a measured row, least first: ``row`` (in the task), ``label``, ``pvi_nats`` (mean over members).

    Further columns: ``spread_nats`` (standard deviation over members; none with one) and ``image``, unsigned bytes in
    the order (channels, height, width), of the ``MOST`` lines at either end where the task holds images. What was
    measured where is in the metadata, ``"infoscope.examples"``, as JSON.

    site: the last before the output where none is named. step: the last recorded one. options: those of the probe.

    Raises
    ------
    UnknownNameError: no such variable, site or probe. InputError: a step that was not recorded, or unusable options.
    """
    if variable not in replay.variables:
        raise unknown_name(f"variable of {network}", variable, replay.variables)
    site, *others = replay.named([site or last_hidden_site(list(replay.sites))])
    if others:
        raise InputError(f"{len(others) + 1} places arrived ({site}, {', '.join(others)}), wanted one of them")
    there = replay.rows(site)
    if variable not in there.labels:
        raise InputError(f"the rows of {site!r} have no {variable!r}: name a place whose rows it is about")
    steps = replay.trajectory.steps
    step = steps[-1] if step is None else check.count(step, "step", 0)
    if step not in steps:
        raise InputError(f"step {step} of {network} was not recorded, wanted one of {', '.join(map(str, steps))}")
    kept = np.flatnonzero(there.labels[variable] != MISSING)
    labels = there.labels[variable][kept]
    found: list[Usable] = []
    groups = there.together.at(kept).names(len(np.unique(labels)))
    representation = replay.representations(step, [site])[site][:, kept]
    with progress(f"{network}: reading {variable} at {site}", len(representation), 0) as shown:
        for t in representation:
            found.append(usable_information(t, labels, probe=probe, groups=groups, seed=seed, **options))
            shown.advance()
    members = np.stack([one.pointwise for one in found])
    pvi = members.mean(axis=0)
    order = np.argsort(pvi, kind="stable")
    spread = np.std(members, axis=0, ddof=1) if len(members) > 1 else np.full(len(pvi), np.nan)
    numbers, images = replay.examples
    samples = there.chosen.sample[kept]
    numbers, images = numbers[samples], None if images is None else images[samples]
    drawn = {int(i) for i in (*order[:MOST], *order[-MOST:])} if images is not None else set[int]()
    about = {
        "network": network, "site": site, "step": step, "epoch": replay.trajectory.epoch(step), "variable": variable,
        "probe": probe, "estimand": found[0].estimand, "members": len(found), "groups": found[0].groups,
        "value": float(np.mean([one.value for one in found])),
        "split": replay.split, "shape": [] if images is None else list(images.shape[1:]),
    }  # fmt: skip
    return pa.table(
        {
            "row": np.asarray(numbers)[order],
            "label": labels[order],
            "pvi_nats": pvi[order],
            "spread_nats": pa.array(spread[order], from_pandas=True),
            "image": pa.array(_pictures(images, order, drawn), pa.binary()),
        }
    ).replace_schema_metadata({"infoscope.examples": json.dumps(about)})


def _pictures(images: np.ndarray | None, order: np.ndarray, kept: set[int]) -> list[bytes | None]:
    """The pixels of those that are ``kept``, as unsigned bytes; black is the least value of all, white the largest."""
    if images is None:
        return [None] * len(order)
    low, high = float(images.min()), float(images.max())
    scale = 255 / ((high - low) or 1.0)
    return [
        np.round((np.asarray(images[i], float) - low) * scale).astype(np.uint8).tobytes() if i in kept else None
        for i in order.tolist()
    ]


def write(folder: RunFolder, table: pa.Table) -> Path:
    """Store a table of :func:`pointwise` in the run folder, where the report finds it; returns where."""
    about = json.loads((table.schema.metadata or {})[b"infoscope.examples"])
    name = "-".join(str(about[part]) for part in ("network", "site", "variable", "probe", "step"))
    return folder.store_examples(f"{name.replace('/', '_')}.parquet", table)
