"""Since when a layer holds a variable, out of what a run keeps of its groups of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from infoscope.core import check
from infoscope.core import shares as kept
from infoscope.core.errors import InputError, RunFolderError, unknown_name
from infoscope.core.folder import RunFolder
from infoscope.core.measurement import covered
from infoscope.measure.bases.measurements import make_measurement
from infoscope.measure.intervals.onset import Onset, onset

HOW = "usable_information(scores=true)"


def since_when(
    folder: RunFolder,
    network: str,
    variable: str,
    places: Sequence[str] = (),
    measure: str = "",
    untrained: int | None = None,
    seed: int = 0,
) -> dict[str, Onset]:
    """By place, from input to output, since when ``variable`` can be read there; of all ``places`` that were measured.

    measure: the name with options of one of several ways of measuring. untrained: the step that is the control; the
    first of all, which is to be 0, where none is said.

    Raises
    ------
    RunFolderError: the run keeps no shares of groups. UnknownNameError: no such variable or place. InputError: several
        ways of measuring, no step 0 or no such step, or rows that differ between steps.
    """
    table = kept.among(folder.shares(), network=[network])
    if not table.num_rows:
        raise RunFolderError(
            f"{folder.path} keeps nothing of the groups of {network}, from which this is answered: measure it with "
            f"{HOW!r} (`infoscope measure RUN 'usable_information' scores=true`, or among measures=)"
        )
    table = _one_way(table, measure)
    known = _texts(table, "variable")
    if variable not in known:
        raise unknown_name("variable", variable, known)
    table = kept.among(table, variable=[variable])
    there = _in_order(table)
    for place in places:
        if place not in there:
            raise unknown_name("place", place, there)
    wanted = [place for place in there if place in (places or there)]
    return {place: _of_place(kept.among(table, site=[place]), place, untrained, seed) for place in wanted}


def _one_way(table: pa.Table, measure: str) -> pa.Table:
    """The lines of one way of measuring, of one split."""
    if measure:
        wanted = make_measurement(measure)
        table = kept.among(table, estimator=[wanted.id])
        table = kept.among(table, options=covered(wanted.options, _texts(table, "options")))
        if not table.num_rows:
            raise InputError(f"the run keeps nothing of groups for {measure!r}: measure it so, with scores=true")
    ways = _texts(table, "options")
    if len(ways) > 1:
        raise InputError(
            f"the run was measured in {len(ways)} ways that keep groups ({'; '.join(ways[:3])}): say which, as in "
            f"measure={HOW!r}"
        )
    return table


def _texts(table: pa.Table, name: str) -> list[str]:
    return table[name].cast(pa.string()).unique().to_pylist()


def _in_order(table: pa.Table) -> list[str]:
    """The places from input to output."""
    pairs = set(zip(table["site_index"].to_pylist(), table["site"].cast(pa.string()).to_pylist(), strict=True))
    return [site for _, site in sorted(pairs)]


def _of_place(table: pa.Table, place: str, untrained: int | None, seed: int) -> Onset:
    quantities = _texts(table, "quantity")  # a variable of a chain may be read in two ways
    table = kept.among(table, quantity=quantities[:1])
    lines: dict[tuple[int, int], tuple[Any, Any]] = {
        (line["member"], line["step"]): (line["sums"], line["counts"]) for line in table.to_pylist()
    }
    members, steps = sorted({m for m, _ in lines}), sorted({s for _, s in lines})
    whole = [step for step in steps if all((member, step) in lines for member in members)]
    if len({len(sums) for sums, _ in lines.values()}) > 1:
        raise InputError(f"the rows of {place} differ between steps, wanted the same groups at each: measure them anew")
    if len(whole) < 2:
        raise InputError(f"{place} was measured at {len(whole)} steps, wanted two at least: an untrained one and more")
    control = _control(whole, untrained, place)
    sums, counts = (
        np.array([[lines[member, step][part] for step in whole] for member in members], float) for part in (0, 1)
    )
    return onset(sums, counts, whole, whole.index(control), seed)


def _control(steps: list[int], untrained: int | None, place: str) -> int:
    if untrained is None:
        if steps[0] != 0:
            raise InputError(
                f"the first step of {place} is {steps[0]}, and what an untrained network holds is not known: record "
                "step 0, or say which step is the control with untrained="
            )
        return 0
    step = check.count(untrained, "untrained", 0)
    if step not in steps:
        raise InputError(f"untrained is {step}, wanted one of the steps {', '.join(map(str, steps[:12]))}")
    return step
