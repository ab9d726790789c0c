"""What a watch checks before the loop starts: strict here, so that it can be tolerant inside the loop."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infoscope.core import text
from infoscope.core.errors import InputError, RunFolderError, old_word, warn
from infoscope.core.folder import RunFolder
from infoscope.core.measurement import Measurement, Need, Plain, adapted
from infoscope.core.rows import options_text
from infoscope.record.loose import is_several
from infoscope.record.schedule import per_decade
from infoscope.record.variables import Variable, read_by

#: What one network that is watched cannot meet, and what to do instead.
ELSEWHERE: Mapping[Need, str] = {
    "another network": "compares two networks and one is watched: compare their layers afterwards with "
    "infoscope.geometry(t, other, {id!r})",
    "inputs": "reads the inputs beside each layer: use Run.measure when the run is there",
    "replicas": "reads noisy forwards, which a watch does not make: use infoscope.record.noise.replicas",
    "recorded range": "bins on the range of a whole training: use Run.measure when the run is there",
}

#: The same of checkpoints that are scanned.
LATER: Mapping[Need, str] = {
    "another network": "compares two networks and one is scanned: compare their layers with "
    "infoscope.geometry(t, other, {id!r})",
    "replicas": "reads noisy forwards, which a scan does not make: use infoscope.record.noise.replicas",
}


def ways_on(folder: Any, resume: bool, overwrite: bool) -> None:
    """Refuse what cannot be meant of the run in a folder."""
    if resume and overwrite:
        raise InputError("resume and overwrite arrived, wanted one of them: go on with the run, or replace it")
    if folder is None and (resume or overwrite):
        raise InputError(
            f"{'resume' if resume else 'overwrite'}=True arrived without the folder of a run: pass out=, without it "
            "each watch gets a new one"
        )


def places_said(
    places: str | Iterable[str] | None, sites: str | Iterable[str] | None
) -> tuple[str | Iterable[str] | None, bool]:
    """Where to read, by the word of today or by the older one, and whether a ``*`` crosses dots, as it did in that.

    Raises
    ------
    InputError: both arrived.
    """
    if sites is None:
        return places, False
    if places is not None:
        raise InputError("places and sites arrived, wanted one of them: places, in which ** crosses dots")
    old_word("sites=", "places=, in which * is one level and ** any depth")
    return sites, True


def named(sites: Sequence[str]) -> None:
    """Refuse sites whose names no figure can carry."""
    for site in sites:
        text.checked(site, "the name of a submodule")


def network(name: Any) -> str:
    """What a sweep calls a network, which is also the name of a folder of its snapshots.

    Raises
    ------
    InputError: no text, or a name that no folder and no figure can carry.
    """
    if not isinstance(name, str) or not name or name.startswith(".") or {"/", "\\", ":"} & set(name):
        raise InputError(f"network is {name!r}, wanted a name that a folder can have, such as 'wide'")
    return text.checked(name, "the name of a network")


def same_run(path: Path, wanted: dict[str, Any], resume: bool) -> RunFolder:
    """The run at ``path``, when it is to be gone on with and its manifest agrees with ``wanted``.

    Raises
    ------
    RunFolderError: it is not to be gone on with, or it is a run of something else.
    """
    if not resume:
        raise RunFolderError(
            f"{path} already holds a run: pass resume=True to go on with it, "
            "overwrite=True to replace it, or another folder"
        )
    folder = RunFolder.open(path)
    there = folder.manifest()
    networks = there.get("networks", {})
    for name, network in wanted["networks"].items():
        if "places" not in networks.get(name, {}):  # an older infoscope numbered the sites that it read
            network.pop("places", None)
    other = [name for name, value in wanted.items() if there.get(name) != value]
    if other:
        raise RunFolderError(
            f"{path} holds a run with other {', '.join(other)}, so it cannot be gone on with: "
            "attach with the same model, inputs, variables and measures, or pass another folder"
        )
    return folder


def measured_later(measurements: Sequence[Measurement | Plain], variables: Mapping[str, Variable]) -> list[Measurement]:
    """What a scan of checkpoints measures: as of a watch, but for what the whole trajectory, or the inputs, can give.

    Raises
    ------
    As :func:`measurements`; InputError: nothing to measure.
    """
    if not measurements:
        raise InputError("there is nothing to measure: pass measures, e.g. measures=['usable_information']")
    return _apart([_measurement(each, variables, LATER) for each in measurements])


def not_too_wide(measurements: Sequence[Measurement], widths: Mapping[str, int], *, asked: bool) -> None:
    """Refuse measurements that cannot mean anything of places as wide as these; warn where nobody ``asked`` for them.

    widths: features by place.

    Raises
    ------
    InputError: which measurement, and of which place.
    """
    for measurement in measurements:
        most = measurement.widest
        wide = [site for site, width in widths.items() if most is not None and width > most]
        if not wide:
            continue
        said = f"{measurement.id} says nothing of {widths[wide[0]]:,} columns ({', '.join(wide[:3])}" + (
            f" and {len(wide) - 3} more" if len(wide) > 3 else ""
        )
        remedy = "measure usable_information, or read the place narrower, as in 'place@sketch(64)'"
        if asked:
            raise InputError(f"{said}), where hardly two rows are near each other, wanted at most {most}: {remedy}")
        warn(f"infoscope: {said}), which its rows will say: {remedy}")


def _apart(found: list[Measurement]) -> list[Measurement]:
    if len({(m.id, options_text(m.options)) for m in found}) < len(found):
        raise InputError("two measurements have the same estimator and options: name each once")
    return found


def measurements(
    measurements: Sequence[Measurement | Plain], variables: Mapping[str, Variable], snapshots: bool
) -> list[Measurement]:
    """What is measured, each able to measure one layer of one network with these variables, and told apart by its rows.

    Raises
    ------
    InputError, UnknownNameError, MissingPackageError: what a measurement says that cannot (its ``about``), something
        that is no measurement, the same one twice, or nothing to record.
    """
    found = _apart([_measurement(each, variables, ELSEWHERE) for each in measurements])
    if not found and not snapshots:
        raise InputError("there is nothing to record: pass measurements, or snapshots=True")
    return found


def _measurement(value: Any, variables: Mapping[str, Variable], elsewhere: Mapping[Need, str]) -> Measurement:
    measurement = adapted(value)
    for need in measurement.needs:
        if need in elsewhere:
            raise InputError(f"{measurement.id} {elsewhere[need].format(id=measurement.id)}")
    names = read_by(measurement, {name: variable.values for name, variable in variables.items()})
    if "quantities" in measurement.needs and not names:
        raise InputError(
            f"{measurement.id} reads quantities and there are none: pass a variable of real numbers, such as "
            "variables={'depth': depth}, which are not all whole"
        )
    measurement.about(names)
    return measurement


def schedule(schedule: Any) -> Container[int]:
    if schedule is None:
        return frozenset(per_decade())
    if isinstance(schedule, str) or not hasattr(schedule, "__contains__"):
        raise InputError(
            f"schedule is {schedule!r}, wanted a container of steps: a tuple, a set, a range or every(100)"
        )
    return frozenset(schedule) if is_several(schedule) else schedule
