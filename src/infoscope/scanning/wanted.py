"""One plan of a pass over a trajectory: where it is measured, what the run folder lacks of it, what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infoscope.core import check
from infoscope.core.errors import InputError, UnknownNameError, unknown_name
from infoscope.core.measurement import Given, Measurement
from infoscope.core.session import EVERY, Session
from infoscope.record.variables import read_by
from infoscope.scanning.measure_plan import MeasurePlan
from infoscope.scanning.recorded_ranges import RecordedRanges
from infoscope.scanning.replay import Replay

ReplayOf = Callable[[str], Replay]


class Wanted:
    """What ``plan`` wants of ``replay`` beyond what ``session`` holds.

    ranges: what the plans of a pass ask together of the range that values take along the trajectory.

    Raises
    ------
    InputError: the measurement cannot be taken of these networks. UnknownNameError: no such site, variable or network.
    """

    def __init__(
        self,
        plan: MeasurePlan,
        replay: Replay,
        session: Session,
        replay_of: ReplayOf | None,
        ranges: RecordedRanges,
    ) -> None:
        self.measurement: Measurement = plan.measurement
        needs = self.measurement.needs
        self.noisy = "replicas" in needs
        if self.noisy:
            self.measurement.trained_with(replay.noise, plan.options)  # refuses replicas of networks without noise
        self.sites = replay.named(plan.sites or (replay.noisy_sites if self.noisy else ()))
        self._plan, self._replay = plan, replay
        self._done = session.done(self.measurement.id, self.measurement.options)
        others: set[str] = set()
        for site in self.sites:
            labels = replay.rows(site).labels
            others |= set(labels) - set(read_by(self.measurement, labels))
        self.measurement.about([name for name in replay.variables if name not in others])  # refuses what there is not
        self._about: dict[str, list[str]] = {}
        self._inputs = check.on_cpu(replay.inputs) if "inputs" in needs else None
        self._ranges = ranges if "recorded range" in needs else None
        if self._ranges is not None:
            self._ranges.ask(self.sites)
        self._other = _other(self.measurement, replay, session, replay_of) if "another network" in needs else None

    def missing(self, step: int) -> list[str]:
        """The sites that are to have rows at ``step`` and have none, or none of some variable."""
        if self._plan.epochs and self._replay.trajectory.epoch(step) not in self._plan.epochs:
            return []
        return [site for site in self.sites if (step, site) not in self._done or self._untold(step, site)]

    def variables(self, step: int, site: str) -> list[str]:
        """Those that are read there: all, or only those added since the rest was measured, where they can be alone."""
        every = read_by(self.measurement, self._replay.rows(site).labels)
        new = self._untold(step, site) if (step, site) in self._done else []
        try:
            alone = bool(new) and set(self.measurement.about(new)) == set(new)
        except UnknownNameError:  # a chain wants both of its variables
            alone = False
        return new if alone else every

    def _untold(self, step: int, site: str) -> list[str]:
        there = self._done.get((step, site), set())
        return [] if EVERY in there else [name for name in self._told(site) if name not in there]

    def _told(self, site: str) -> list[str]:
        """The variables that there are rows of at a site."""
        if site not in self._about:
            self._about[site] = self.measurement.about(read_by(self.measurement, self._replay.rows(site).labels))
        return self._about[site]

    def given(self, step: int, sites: Sequence[str]) -> Mapping[str, Given]:
        """What the measurement is handed at each of ``sites``, beside the groups, which differ between variables."""
        span = None if self._ranges is None or not sites else self._ranges.of(self.sites)
        if self._other is None or not sites:
            return {site: Given(inputs=self._inputs_of(site), span=span) for site in sites}
        partners = self.measurement.partners(len(self._replay.seeds))
        at = self._other.trajectory.steps[0] if self.measurement.from_start else step
        held = self._other.representations(at, sites)
        return {site: Given(inputs=self._inputs_of(site), span=span, other=held[site][partners]) for site in sites}

    def _inputs_of(self, site: str) -> Any:
        """The inputs beside the rows of a site.

        Raises
        ------
        InputError: its rows are not the samples.
        """
        if self._inputs is not None and not self._replay.rows(site).chosen.one_a_sample:
            raise InputError(
                f"{self.measurement.id} reads the inputs beside each layer and the rows of {site!r} are not one a "
                "sample: name a place without a row rule, or with @mean, @last, @grid(4)"
            )
        return self._inputs


def _other(measurement: Measurement, replay: Replay, session: Session, replay_of: ReplayOf | None) -> Replay:
    """The replay of the network that a comparison is with.

    Raises
    ------
    InputError: it is not said, or its members or recorded steps are others. UnknownNameError: no such network.
    """
    against, known = measurement.against, list(session.folder.manifest()["networks"])
    if not against:
        raise InputError(
            f"{measurement.id} compares two networks and one arrived: say which, e.g. against={known[0]}, out of "
            f"{', '.join(known)}"
        )
    if against not in known:
        raise unknown_name("network", against, known)
    if replay_of is None:
        raise InputError(f"{measurement.id} compares two networks of one run, which cannot be done here")
    other = replay_of(against)
    if len(other.seeds) != len(replay.seeds) or not set(replay.trajectory.steps) <= set(other.trajectory.steps):
        raise InputError(
            f"{against} has {len(other.seeds)} members recorded at {len(other.trajectory.steps)} steps and "
            f"{session.network} {len(replay.seeds)} at {len(replay.trajectory.steps)}, wanted the same of both"
        )
    return other
