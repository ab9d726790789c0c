"""Watch a training: what is measured at its steps becomes a run."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infoscope.core import check
from infoscope.core.errors import InputError, near_keywords
from infoscope.core.folder import Sink
from infoscope.core.measurement import Measurement, Plain
from infoscope.record.watch import NETWORK, Watch

if TYPE_CHECKING:
    from infoscope.runs import Run


class Watched(Watch):
    """What :func:`watch` returns: the watch of a training, and the :class:`Run` that it leaves."""

    def _made(self, names: Sequence[str]) -> Sequence[Measurement | Plain]:
        return measurements(names)

    @property
    def run(self) -> Run:
        """The run of this watch, with what was recorded so far.

        Raises
        ------
        InputError: the ``with`` block was not entered yet.
        """
        from infoscope.runs import load

        self.flush()
        return load(self.path)


@near_keywords
def watch(
    model: Any,
    inputs: Any,
    variables: Mapping[str, Any],
    measures: Sequence[str | Measurement | Plain] | None = None,
    out: str | Path | None = None,
    *,
    groups: Any = None,
    places: str | Iterable[str] | None = None,
    sites: str | Iterable[str] | None = None,
    time_first: bool = False,
    schedule: Container[int] | None = None,
    snapshots: bool = True,
    batch_size: int | None = None,
    steps_per_epoch: int | None = None,
    network: str = NETWORK,
    member: int = 0,
    seed: int = 0,
    name: str = "",
    resume: bool = False,
    overwrite: bool = False,
    trackers: Any = (),
) -> Watched:
    """A context manager that measures ``model`` while your own loop trains it; call ``scope.step(step)`` in the loop.

    Arguments
    ---------
    model: any ``nn.Module``, which is left untouched to the bit.
    inputs: a fixed evaluation set, rows first: a tensor or array for ``model(x)``, a tuple for ``model(*x)``, a mapping
        for ``model(**x)``.
    variables: class labels by name: ``[n]`` one a sample, ``[n, positions]`` one a token; -100 where there is none.
        Real numbers that are not all whole are quantities, for ``usable_information(target=quantities)``.
    measures: names of estimators or measures of geometry, with options if need be, ``"binned(bins=100)"``, or objects
        with the protocol of :class:`infoscope.core.measurement.Measurement`. By default ``usable_information`` by
        linear probes where a network has repeated blocks, as transformers have, else ``binned`` and ``kde``.
    out: the run folder. Without it each watch gets a new one, ``runs/watched-1``, ``runs/watched-2`` …, and prints its
        name.
    groups: one name (number or word) ``[n]`` a sample, or ``[n, positions]`` a token: rows of one name belong together
        (documents of an author, frames of a film). They are never on both sides of a split and count once in an
        interval. Without, the tokens of a sample are together; rows with equal inputs are in any case.
    places: names or globs of submodules, with the output and the row rule that are meant (``"blocks.*.mlp"``,
        ``"transformer.h.*@tokens"``, ``"lstm:1.0@time_first"``: see :mod:`infoscope.record.address`); ``*`` is one
        level, ``**`` any depth. By default the repeated blocks of a network and its final norm (a row a token where
        some variable is one a token or word, else a row a sample), and of one without such every leaf module.
    sites: the older word for places, in which ``*`` crosses dots.
    time_first: the samples are on the second axis of ``inputs``.
    schedule: the steps to record: anything that answers ``step in schedule``; by default 0 and about 20 a decade.
    snapshots: keep the weights at each recorded step, so that something else can be measured later.
    batch_size: rows of ``inputs`` in one forward; by default 1024, and of networks with repeated blocks as many as
        about 4096 tokens.
    steps_per_epoch: turns steps into epochs, where ``scope.step`` is not told the epoch.
    network: of a sweep over trainings of your own, what this kind of them is called. member: its number, from 0.
    seed: what it started from. Rows say these three, and :func:`load` joins the runs.
    name: what the run is called in reports and pages; by default "watched" and the class of the network.
    resume: go on with the run that ``out`` holds. overwrite: replace it.
    trackers: where what is measured is mirrored as it comes, by name, ``["wandb", "tensorboard(folder=logs)"]``
        (`infoscope list trackers`), or objects that log: a logger of Lightning, a run of W&B, a ``SummaryWriter``.

    Inside and after the block ``scope.run`` is the run, as :func:`load` returns it.

    Raises
    ------
    InputError, UnknownNameError: labels of another length, an unknown site, measure or argument, or a measure that
        cannot be taken of one network's layers. RunFolderError: ``out`` holds a run already.
    """
    return Watched(
        model,
        inputs,
        variables,
        None if measures is None else measurements(measures),
        out if out is None else check.path(out, "out"),
        groups=groups,
        places=places,
        sites=sites,
        time_first=time_first,
        schedule=schedule,
        snapshots=snapshots,
        batch_size=batch_size,
        steps_per_epoch=steps_per_epoch,
        network=network,
        member=member,
        seed=seed,
        name=name,
        resume=resume,
        overwrite=overwrite,
        sinks=_sinks(trackers),
    )


def _sinks(trackers: Any) -> Sequence[Sink]:
    from infoscope.show.mirroring import mirrors

    return mirrors(trackers)


def measurements(measures: Any) -> list[Measurement | Plain]:
    """What :func:`watch` measures: names with their options become objects, objects stay what they are.

    Raises
    ------
    InputError: one where several were wanted. UnknownNameError: no such measure or option.
    """
    from infoscope.measure.bases.measurements import make_measurement

    if isinstance(measures, str) or not isinstance(measures, Iterable):
        raise InputError(f"measures is {measures!r}, wanted several: pass [{measures!r}]")
    return [make_measurement(m) if isinstance(m, str) else m for m in measures]
