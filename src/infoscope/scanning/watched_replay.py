"""The replay of a watched run: its weights, run through the network that only its owner can build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from infoscope.core.errors import InputError, RunFolderError
from infoscope.core.folder import RunFolder
from infoscope.record import evaluation
from infoscope.record.sites import representations, resolve
from infoscope.record.together import Together
from infoscope.record.trajectory import Trajectory
from infoscope.scanning.replay import marks_of


class WatchedReplay:
    """The replay of a watched run: its stored evaluation set and snapshots, run through the user's own network.

    groups: one name ``[n]`` a row, where the run has none of its own. variables: further class labels by name.

    Raises
    ------
    InputError: groups of a run that has others, or a variable with an old name and other values.
    """

    split = "all"
    seeds: Sequence[int] = (0,)
    noise, noisy_sites = 0.0, ()  # of the user's own network nobody knows

    def __init__(
        self,
        folder: RunFolder,
        network: str,
        model: Any,
        groups: Any = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        self.name, self.trajectory = network, Trajectory.of(folder, network)
        self._about = folder.manifest()["networks"][network]
        self.sites: Sequence[str] = self._about["sites"]
        self._batch_size = self._about["recipe"]["batch_size"]  # the last bits of a forward depend on it
        self.inputs, self.variables = evaluation.load(folder.path)
        self.variables.update(evaluation.later(folder.path, variables or {}))
        self._model = model
        own = evaluation.groups(folder.path)
        self.together = Together.of(self.inputs, own if groups is None else groups)
        self.marks = marks_of(self.together.given) if own is None else {}
        given = self.together.given
        if own is not None and (given is None or not np.array_equal(own, given)):
            raise InputError(
                f"{folder.path} was watched with groups of its own ({int(own.max()) + 1} of them) and others arrived: "
                "leave groups out"
            )

    @property
    def places(self) -> Mapping[str, int]:
        """Every site of the network, and its place from input to output."""
        return self._places

    @cached_property
    def _places(self) -> Mapping[str, int]:
        found = self._about.get("places")
        if found is None:  # an older infoscope numbered the sites that it read; the others come behind them
            there = resolve(self._model, "*", self.inputs, self._batch_size)
            found = [*self.sites, *(site for site in there if site not in self.sites)]
        return {site: place for place, site in enumerate(found)}

    @property
    def examples(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The evaluation set's row numbers, and its images ``[n, channels, height, width]`` where inputs are some."""
        pixels = self.inputs.numpy() if hasattr(self.inputs, "numpy") and self.inputs.ndim == 4 else None
        return np.arange(len(next(iter(self.variables.values())))), pixels

    def propagated(self, step: int, member: int, sites: Iterable[str], replicas: int, seed: int) -> dict[str, Any]:
        raise InputError("noisy forwards of a watched network are not replayed: use infoscope.record.noise.replicas")

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
