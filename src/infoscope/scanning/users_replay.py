"""The replay of a network that only its owner can build: its stored evaluation set, and weights of each step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from infoscope.core.errors import InputError
from infoscope.core.folder import RunFolder
from infoscope.record import evaluation
from infoscope.record.address import Address
from infoscope.record.evaluated import RowsThere, grouped
from infoscope.record.gathering import first_batch, gathered
from infoscope.record.layout import Chosen
from infoscope.record.padding import check_padding
from infoscope.record.places import resolve
from infoscope.scanning.replay import RecordedSteps, marks_of


class UsersReplay:
    """Base of the replays of watched and of scanned runs: who derives from it says whose weights, in :meth:`_load`.

    groups: one name ``[n]`` a row, where the run has none of its own. variables: further class labels by name.

    Raises
    ------
    InputError: groups of a run that has others, or a variable with an old name and other values.
    """

    split = "all"
    noise, noisy_sites = 0.0, ()  # of the user's own network nobody knows

    def __init__(
        self,
        folder: RunFolder,
        network: str,
        model: Any,
        trajectory: RecordedSteps,
        groups: Any = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        self.name, self.trajectory = network, trajectory
        manifest = folder.manifest()
        self._about = manifest["networks"][network]
        self.seeds: Sequence[int] = manifest.get("seeds") or (0,)
        self.members: Sequence[int] = (self._about.get("member", 0),)
        self.sites: Sequence[str] = self._about["sites"]
        self._batch_size = self._about["recipe"]["batch_size"]  # the last bits of a forward depend on it
        stored = evaluation.load(folder.path)
        self.evaluated = stored.with_variables(evaluation.later(stored, variables or {}))
        self.variables = list(self.evaluated.variables)
        self._model, self._chosen = model, dict[str, Chosen]()
        self._padding = set[str]()  # the sites of which it is known what padding does
        own, self.marks = stored.groups, {}
        if groups is not None:
            given = grouped(groups, len(stored))
            if own is not None and not np.array_equal(own, given):
                raise InputError(
                    f"{folder.path} was recorded with groups of its own ({int(own.max()) + 1} of them) and others "
                    "arrived: leave groups out"
                )
            if own is None:
                self.marks = marks_of(given)
                self.evaluated = dataclasses.replace(self.evaluated, groups=given, _there={})

    def _load(self, step: int) -> None:
        """Put the weights of a step into the network.

        Raises
        ------
        RunFolderError, InputError: they are not to be had, or of another network.
        """
        raise NotImplementedError

    def load(self, step: int) -> None:
        """Put the weights of a step into :attr:`model`.

        Raises
        ------
        RunFolderError, InputError: they are not to be had, or of another network.
        """
        self._load(step)

    @property
    def model(self) -> Any:
        """The network, with the weights of the step that was loaded last."""
        return self._model

    @cached_property
    def _order(self) -> Mapping[str, int]:
        """Every module or call, and its place from input to output."""
        found = self._about.get("places")
        if found is None:  # an older infoscope numbered the sites that it read; the others come behind them
            there = resolve(self._model, "**", self.evaluated.inputs, self._batch_size)
            found = [*self.sites, *(site for site in there if site not in self.sites)]
        return {site: place for place, site in enumerate(found)}

    def named(self, places: Iterable[str]) -> list[str]:
        """The sites that ``places`` name, from input to output; those that were recorded where none are named."""
        wanted = list(places)
        if not wanted or set(wanted) <= set(self.sites):
            return [site for site in self.sites if not wanted or site in wanted]
        return resolve(self._model, wanted, self.evaluated.inputs, self._batch_size)

    def index(self, site: str) -> int:
        """The place of a site from input to output: that of its module or call."""
        if site in self._order:
            return self._order[site]
        plain = Address.parse(site, self._order).plain
        return self._order.get(plain, len(self._order))

    @property
    def inputs(self) -> Any:
        """The measured samples as the network takes them: a tensor, a tuple or a mapping."""
        return self.evaluated.inputs.as_given

    def rows(self, site: str) -> RowsThere:
        if site not in self._chosen:
            self._chosen.update(first_batch(self._model, self.evaluated.inputs, [site], self._batch_size)[1])
        return self.evaluated.rows(site, self._chosen[site])

    @property
    def examples(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The evaluation set's row numbers, and its images ``[n, channels, height, width]`` where inputs are some."""
        pixels = self.inputs.numpy() if hasattr(self.inputs, "numpy") and self.inputs.ndim == 4 else None
        return np.arange(len(self.evaluated)), pixels

    def propagated(self, step: int, member: int, sites: Iterable[str], replicas: int, seed: int) -> dict[str, Any]:
        raise InputError("noisy forwards of a user's network are not replayed: use infoscope.record.noise.replicas")

    def representations(self, step: int, sites: Iterable[str] = ()) -> dict[str, Any]:
        """``{site: T [1, n, d]}`` at one recorded step, all of them from one forward."""
        self._load(step)
        found, chosen = gathered(self._model, self.evaluated.inputs, list(sites) or self.sites, self._batch_size)
        self._chosen.update(chosen)
        check_padding(self._model, self.evaluated, [site for site in found if site not in self._padding])
        self._padding |= found.keys()
        return {site: t[None] for site, t in found.items()}
