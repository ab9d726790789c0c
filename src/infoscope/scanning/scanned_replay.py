"""The replay of a scanned run: checkpoints that others wrote, in the network that their owner builds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infoscope.core.estimate import Doubt
from infoscope.core.folder import RunFolder
from infoscope.record.checkpoint import Checkpoint
from infoscope.record.fitting import fit
from infoscope.record.layout import Chosen
from infoscope.record.modules import as_module, unwrap
from infoscope.record.referred import ReferredTrajectory
from infoscope.scanning.users_replay import UsersReplay


class ScannedReplay(UsersReplay):
    """The replay of a scanned run: its stored evaluation set, and the checkpoints that it refers to, one in memory at a
    time.

    given: the checkpoints of a scan that goes on now; each is recorded as it is read. chosen: the rows of places that
    are known already. doubts: where it is known already what padding does at these places.
    """

    def __init__(
        self,
        folder: RunFolder,
        network: str,
        model: Any,
        groups: Any = None,
        variables: Mapping[str, Any] | None = None,
        given: Sequence[Checkpoint] = (),
        chosen: Mapping[str, Chosen] | None = None,
        doubts: Mapping[str, tuple[Doubt, ...]] | None = None,
    ) -> None:
        self.checkpoints, self._given = ReferredTrajectory(folder, network, given), given
        super().__init__(folder, network, model, self.checkpoints, groups, variables)
        self._chosen.update(chosen or {})
        if doubts is not None:
            self.evaluated.doubts.update(doubts)
            self._padding |= self._chosen.keys()

    def _load(self, step: int) -> None:
        one = self.checkpoints.checkpoint(step)
        fit(one, self._model)
        if self._given:
            self.checkpoints.record(one)


@dataclass(frozen=True, eq=False)
class ScannedReplays:
    """Makes the replay of a scan in a worker, with what the scan has found out about its network: see
    :class:`ScannedReplay`. build: what returns the network."""

    build: Callable[[], Any]
    given: Sequence[Checkpoint]
    chosen: Mapping[str, Chosen]
    doubts: Mapping[str, tuple[Doubt, ...]]

    def __call__(self, folder: RunFolder, network: str) -> ScannedReplay:
        model = unwrap(as_module(self.build()))
        return ScannedReplay(folder, network, model, given=self.given, chosen=self.chosen, doubts=self.doubts)
