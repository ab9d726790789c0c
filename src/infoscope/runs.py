"""A run in the hands of a user: watch a training, load a run folder, measure it again, report it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from infoscope.core.errors import InputError, RunFolderError, unknown_name
from infoscope.core.folder import RunFolder
from infoscope.core.measurement import Measurement
from infoscope.core.rows import Rows
from infoscope.record import evaluation
from infoscope.record.sites import representations
from infoscope.record.trajectory import Trajectory
from infoscope.record.watch import Watch


def watch(
    model: Any,
    inputs: Any,
    variables: Mapping[str, Any],
    measures: Sequence[str | Measurement] = ("binned", "kde"),
    out: str | Path = "runs/watched",
    **options: Any,
) -> Watch:
    """A context manager that measures ``model`` while your own loop trains it; call ``scope.step(step)`` in the loop.

    model: any ``nn.Module``, which is left untouched to the bit. inputs: a fixed evaluation set, rows first. variables:
    class labels of its rows by name. measures: names of estimators or measures of geometry, or anything with the
    protocol of :class:`infoscope.core.measurement.Measurement` (an estimator with options, say). out: the run folder.
    options: those of :class:`infoscope.record.watch.Watch` (``sites``, ``schedule``, ``snapshots``, ``resume`` …).

    Raises
    ------
    InputError, UnknownNameError: labels of another length, an unknown site or estimator. RunFolderError: ``out`` holds
        a run already.
    """
    from infoscope.measure.measurements import make_measurement

    measurements = [make_measurement(m) if isinstance(m, str) else m for m in measures]
    return Watch(model, inputs, variables, measurements, Path(out), **options)


def load(path: str | Path) -> Run:
    """The run in folder ``path``.

    Raises
    ------
    RunFolderError: no run folder, a damaged one, or one from a newer infoscope.
    """
    return Run(RunFolder.open(path))


class Run:
    """A stored run. Loading reads ``run.json`` only; the rest is read when asked for."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        manifest = self.folder.manifest()
        return f"Run({str(self.folder.path)!r}: {manifest.get('title', '')}, {manifest.get('state', 'unknown state')})"

    @property
    def rows(self) -> Rows:
        """Everything measured so far."""
        return self.folder.rows()

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """The stored verdicts as plain values, information in nats."""
        return self.folder.verdicts()

    @cached_property
    def networks(self) -> list[str]:
        """The names of the networks in this run."""
        return list(self.folder.manifest()["networks"])

    @property
    def trajectory(self) -> Trajectory:
        """The one network's snapshots; with several networks use :meth:`trajectory_of`."""
        if len(self.networks) != 1:
            raise InputError(
                f"this run has {len(self.networks)} networks ({', '.join(self.networks)}): use trajectory_of(name)"
            )
        return self.trajectory_of(self.networks[0])

    def trajectory_of(self, network: str) -> Trajectory:
        """The snapshots of one network."""
        if network not in self.networks:
            raise unknown_name("network", network, self.networks)
        return Trajectory(self.folder.snapshots_path / network)

    def measure(
        self,
        estimator: str | Measurement = "binned",
        sites: Sequence[str] = (),
        network: str | None = None,
        model: Callable[[], Any] | None = None,
        **options: Any,
    ) -> Rows:
        """Measure the stored weights again, without training, and append the rows; returns the rows of this measure.

        estimator: a name with ``options``. sites: none means all. network: one of several. model: for a watched run,
        a function that builds the network whose weights were recorded.

        Several values of a number (``bins=(8, 15, 30, 60)``) are measured in one pass; from three on their compression
        scores are stored beside them, which the report draws as one picture. ``binned`` also takes
        ``range="recorded"``: from the least to the largest value that each member took at these sites. ``noisy`` takes
        the noise that the networks were trained with, and 256 noisy forwards of each input.

        Raises
        ------
        InputError, UnknownNameError: an unknown estimator, option, site or network. RunFolderError: no snapshots here,
            or a watched run without ``model``.
        """
        from infoscope.claim.measuring import measure, plan_for, rows_of, with_noise_of
        from infoscope.claim.scores import append_derived, sweeps

        if not isinstance(estimator, str):
            raise InputError("pass the estimator's name and its options, so that the run can say what was measured")
        names = self.networks if network is None else [network]
        plan_for(estimator, options, tuple(sites))  # refuses unknown options before anything is read
        replays = {name: self._replay(name, model) for name in names}
        plans = {
            name: plan_for(estimator, with_noise_of(replay, estimator, options), tuple(sites))
            for name, replay in replays.items()
        }
        with self.folder.writing():
            for name in names:
                measure(
                    self.folder, name, replays[name], [plans[name]], f"{name}: measuring {estimator}",
                    lambda other: self._replay(other, model),
                )  # fmt: skip
            append_derived(self.folder, sweeps(self.rows.filter(network=names, estimator=estimator)))
        rows = self.rows
        return Rows.concat(rows_of(rows, name, plans[name]) for name in names)

    def examples(
        self,
        variable: str,
        network: str | None = None,
        site: str = "",
        step: int | None = None,
        probe: str = "linear",
        model: Callable[[], Any] | None = None,
        **options: Any,
    ) -> Any:
        """What each measured row contributes to the usable information about ``variable``, as a table, least first.

        The table (Arrow) is also stored in the run folder, and the report shows the pictures at either end. network:
        one of several. site: the last before the output. step: the last recorded. options: those of the probe, and
        ``seed``.
        Columns and errors as in :func:`infoscope.claim.examples.pointwise`.
        """
        from infoscope.claim.examples import pointwise, write

        if network is None and len(self.networks) != 1:
            raise InputError(f"this run has {len(self.networks)} networks ({', '.join(self.networks)}): name one")
        name = network or self.networks[0]
        table = pointwise(self._replay(name, model), name, variable, site, step, probe, **options)
        write(self.folder, table)
        return table

    def _replay(self, network: str, model: Callable[[], Any] | None) -> Any:
        from infoscope.claim.pipeline import plan_of
        from infoscope.claim.replay import EnsembleReplay

        if not len(self.trajectory_of(network)):
            raise RunFolderError(
                f"{self.folder.path} holds no snapshots of {network}, so there is nothing to measure again"
            )
        if "watched" not in self.folder.manifest()["networks"][network].get("recipe", {}):
            return EnsembleReplay(self.folder, network, plan_of(self.folder, network))
        if model is None:
            raise RunFolderError(
                f"{self.folder.path} was watched, so only you can build its network: pass model=, a function that "
                "returns it (on the command line --model package.module:function)"
            )
        return WatchedReplay(self.folder, network, model())

    def claims(self) -> list[dict[str, Any]]:
        """Judge the rows this run holds now; stores and returns the verdicts."""
        from infoscope.claim.pipeline import judge

        return judge(self.folder)

    def report(self, path: str | Path | None = None) -> Path:
        """Write the self-contained HTML report, by default ``report.html`` in the run folder; returns where."""
        from infoscope.show.report import write_report

        return write_report([self.folder], Path(path) if path else self.folder.path / "report.html")


class WatchedReplay:
    """The replay of a watched run: its stored evaluation set and snapshots, run through the user's own network."""

    split = "all"
    seeds: Sequence[int] = (0,)

    def __init__(self, folder: RunFolder, network: str, model: Any) -> None:
        self.trajectory = Trajectory(folder.snapshots_path / network)
        about = folder.manifest()["networks"][network]
        self.sites: Sequence[str] = about["sites"]
        self.places = {site: place for place, site in enumerate(self.sites)}
        self._batch_size = about["recipe"]["batch_size"]  # the last bits of a forward depend on it
        self.inputs, self.variables = evaluation.load(folder.path)
        self._model = model

    @property
    def examples(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The evaluation set's row numbers, and its images ``[n, channels, height, width]`` where inputs are some."""
        pixels = self.inputs.numpy() if hasattr(self.inputs, "numpy") and self.inputs.ndim == 4 else None
        return np.arange(len(next(iter(self.variables.values())))), pixels

    def representations(self, step: int, sites: Iterable[str] = ()) -> dict[str, Any]:
        """``{site: T [1, n, d]}`` at one recorded step."""
        state = {name: tensor[0] for name, tensor in self.trajectory[step].items()}
        try:
            self._model.load_state_dict(state)
        except RuntimeError as reason:
            first = str(reason).splitlines()[-1].strip()
            raise RunFolderError(
                f"model() returned a network whose parameters are not those recorded ({first}): "
                "build the one that was watched"
            ) from reason
        found = representations(self._model, self.inputs, list(sites) or self.sites, self._batch_size)
        return {site: t[None] for site, t in found.items()}
