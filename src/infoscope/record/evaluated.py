"""The evaluation set as a network is read on it: what each row of a place is about, and which rows belong together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.core.estimate import Doubt
from infoscope.core.measurement import NOTHING, Given, Measured, Measurement
from infoscope.record.inputs import Inputs
from infoscope.record.layout import WHOLE, Chosen
from infoscope.record.together import Together
from infoscope.record.variables import MISSING, Variable, is_quantity, read_by
from infoscope.record.variables import known as there


@dataclass(frozen=True, eq=False)
class RowsThere:
    """The rows of one place: their labels ``[N]`` by variable, :data:`MISSING` where there is none, and which belong
    together. doubts: of every estimate that is made of them. types: the token ``[N]`` of each row, where there are."""

    chosen: Chosen
    labels: Mapping[str, np.ndarray]
    together: Together
    doubts: tuple[Doubt, ...] = ()
    types: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def usual_token(self) -> dict[str, str]:
        """The token that most rows stand on, where there are tokens: behind a chat template it is its last sign."""
        if self.types is None:
            return {}
        tokens, counts = np.unique(self.types, return_counts=True)
        most = int(counts.argmax())
        return {"token most read": f"{int(tokens[most])} in {int(counts[most])} rows"}

    def measured(
        self, measurement: Measurement, t: Any, names: Iterable[str] | None = None, given: Given = NOTHING
    ) -> list[list[Measured]]:
        """What ``measurement`` finds in ``t [m, N, d]`` about the variables ``names``, or about all.

        Rows without a label are left out for that variable alone.
        """
        if "types" in measurement.needs:
            given = dataclasses.replace(given, types=self.types)
        given_to = read_by(measurement, self.labels)
        asked = set(given_to if names is None else names)
        wanted = [name for name in given_to if name in asked]
        found: list[list[Measured]] = [[] for _ in range(len(t))]
        for kept, labels in self._parts(measurement, wanted):
            if kept is None:
                rows, held, together = t, given, self.together
            else:
                index = np.flatnonzero(kept)
                rows, held, together = t[:, index], given.of_rows(index), self.together.at(index)
            for member, more in zip(found, together.measured(measurement, rows, labels, held), strict=True):
                there = {(one.variable, one.estimate.quantity, repr(one.options)) for one in member}
                member += [one for one in more if (one.variable, one.estimate.quantity, repr(one.options)) not in there]
        if not self.doubts:
            return found
        return [[one._replace(estimate=one.estimate.doubted(*self.doubts)) for one in member] for member in found]

    def _parts(
        self, measurement: Measurement, names: list[str]
    ) -> list[tuple[np.ndarray | None, dict[str, np.ndarray]]]:
        """Which rows ``[N]`` are kept for which variables; None for all."""
        labels = {name: self.labels[name] for name in names}
        known = {name: there(y) for name, y in labels.items()}
        if all(each.all() for each in known.values()):
            return [(None, labels)]
        by_rows: dict[bytes, list[str]] = {}
        for name, each in known.items():
            by_rows.setdefault(each.tobytes(), []).append(name)
        parts = sorted(by_rows.values(), key=lambda part: not known[part[0]].all())  # all the rows first
        try:
            for part in parts:
                measurement.about(part)
        except UnknownNameError:  # it wants several variables at once: the rows that have all of them
            parts = [list(dict.fromkeys(p for one in measurement.about(names) for p in one.split("|")))]
        found: list[tuple[np.ndarray | None, dict[str, np.ndarray]]] = []
        for part in parts:
            kept = np.asarray(np.stack([known[name] for name in part]).all(axis=0))
            if not kept.any():
                raise InputError(f"no row has a label of {' and '.join(part)}: each is {MISSING} or left out")
            found.append((None if kept.all() else kept, {name: labels[name][kept] for name in part}))
        return found


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The fixed inputs that a network is read on, with variables and groups.

    groups: which of G names ``[n]`` or ``[n, positions]`` each sample or position bears, numbered from 0; None where
    nobody said, so that the positions of a sample belong together.
    """

    inputs: Inputs
    variables: Mapping[str, Variable]
    groups: np.ndarray | None = None
    doubts: dict[str, tuple[Doubt, ...]] = field(default_factory=dict[str, "tuple[Doubt, ...]"])
    _there: dict[str, RowsThere] = field(default_factory=dict[str, RowsThere])

    @classmethod
    def of(cls, inputs: Inputs, variables: Mapping[str, Variable], groups: Any = None) -> Evaluated:
        """With groups as a person names them, numbers or words ``[n]`` or ``[n, positions]``.

        Raises
        ------
        InputError: groups of another length, or one that is missing.
        """
        return cls(inputs, variables, None if groups is None else grouped(groups, len(inputs)))

    def __len__(self) -> int:
        return len(self.inputs)

    @cached_property
    def together(self) -> Together:
        """Of whole samples."""
        groups = self.groups if self.groups is None or self.groups.ndim == 1 else self.groups[:, 0]
        return Together.of(self.inputs, groups)

    def rows(self, site: str, chosen: Chosen) -> RowsThere:
        """Those of one site, made once; of several that are given one ``chosen`` they are held once."""
        if site in self._there:
            return self._there[site]
        alike = next((one for one in self._there.values() if one.chosen is chosen), None)
        if alike is not None:
            self._there[site] = dataclasses.replace(alike, doubts=self.doubts.get(site, ()))
        else:
            words = self.inputs.layout.words
            labels = {name: variable.at(chosen, words) for name, variable in self.variables.items()}
            self._there[site] = RowsThere(
                chosen,
                {name: y for name, y in labels.items() if y is not None},
                self.together if chosen.one_a_sample and self._alone(chosen) else self._spread(chosen),
                self.doubts.get(site, ()),
                self._types(chosen),
            )
        return self._there[site]

    def doubt(self, site: str, *doubts: Doubt) -> None:
        """From now on every estimate of rows of this site carries these."""
        self.doubts[site] = doubts
        self._there.pop(site, None)

    def _alone(self, chosen: Chosen) -> bool:
        return self.groups is None or self.groups.ndim == 1 or bool((chosen.position == WHOLE).all())

    def _spread(self, chosen: Chosen) -> Together:
        """Which rows belong together: those of one sample, of one group, of equal inputs."""
        groups = self.groups
        if groups is None:
            given = chosen.sample if chosen.several else None
        elif groups.ndim == 1:
            given = groups[chosen.sample]
        elif (chosen.position == WHOLE).any():
            given = groups[chosen.sample, 0]
        elif groups.shape[1] != chosen.positions:
            raise InputError(
                f"groups has {groups.shape[1]} positions a sample and a place gives {chosen.positions}, wanted as "
                "many: pass groups [n], one a sample"
            )
        else:
            given = groups[chosen.sample, chosen.position]
        copies = self.together.inputs
        inputs = None if copies is None else check.names(copies[chosen.sample], len(chosen))
        return Together(len(chosen), None if given is None else check.names(given, len(chosen)), inputs)

    def _types(self, chosen: Chosen) -> np.ndarray | None:
        """The token of each row, of the inputs that hold one whole number a position: the input_ids, or else the input
        with most different ones, which is neither a mask nor the positions."""
        if (chosen.position == WHOLE).any():
            return None
        found: dict[str, np.ndarray] = {}
        for name, tensor in self.inputs.tensors().items():
            whole = not (tensor.is_floating_point() or tensor.is_complex())
            if whole and tensor.ndim == 2 and tensor.shape[1] == chosen.positions and not name.endswith("mask"):
                found[name] = np.asarray(tensor.cpu().numpy())
        if not found:
            return None
        most = max(found, key=lambda name: (name.endswith(".input_ids"), len(np.unique(found[name]))))
        return found[most][chosen.sample, chosen.position]

    def told(self, chosen: Mapping[str, Chosen]) -> dict[str, Any]:
        """What ``run.json`` says of the samples, and of the rows at the places that do not have one a sample."""
        values = {name: y.values for name, y in self.variables.items() if y.per == "sample"}
        labels = {name: y for name, y in values.items() if not is_quantity(y)}
        told = self.together.told(labels)
        places: dict[str, Any] = {}
        for site, each in chosen.items():
            if not each.one_a_sample or each.position.max(initial=WHOLE) > WHOLE:
                there = self.rows(site, each)
                names = there.together.names()
                places[site] = {
                    "rows": len(each),
                    **({} if names is None else {"groups": int(names.max()) + 1}),
                    **({"samples without a row": each.left_out} if each.left_out else {}),
                    **({} if each.several else there.usual_token),
                }
        sharing = self._sharing()
        return {
            **told,
            **({"groups that share a sample": sharing} if sharing else {}),
            **({"rows at": places} if places else {}),
        }

    def entropies(self, chosen: Mapping[str, Chosen]) -> dict[str, float]:
        """H(Y) of each variable's labels, in nats, over the rows of the first place: the most that can be read."""
        found: dict[str, float] = {}
        for site in list(chosen)[:1]:
            for name, values in self.rows(site, chosen[site]).labels.items():
                if not is_quantity(values):
                    counts = np.unique(values[values != MISSING], return_counts=True)[1]
                    shares = counts / counts.sum()
                    found[name] = float(-(shares * np.log(shares)).sum())
        return found

    def _sharing(self) -> int:
        """How many groups of positions stand in one sample with another: documents that see each other when packed."""
        groups = self.groups
        if groups is None or groups.ndim == 1:
            return 0
        lengths = {mask.shape[1] for mask in self.inputs.layout.masks.values()}
        read = self.inputs.layout.mask(groups.shape[1]) if groups.shape[1] in lengths else np.ones(groups.shape, bool)
        shared: set[int] = set()
        for names, kept in zip(groups, read, strict=True):
            together = np.unique(names[kept]).tolist()
            shared.update(together if len(together) > 1 else [])
        return len(shared)

    def with_variables(self, more: Mapping[str, Variable]) -> Evaluated:
        """The same with further variables."""
        return dataclasses.replace(self, variables={**self.variables, **more}, _there={})


def grouped(groups: Any, n: int) -> np.ndarray:
    """Which of G names each sample ``[n]`` or position ``[n, positions]`` bears, numbered as they first appear.

    Raises
    ------
    InputError: another length, or a name that is missing.
    """
    array = cast(Any, check.on_cpu(check.array(groups, "groups")))
    if array.ndim == 2 and array.shape[1] > 1 and len(array) == n:
        flat = cast(Any, check.names(array.reshape(-1), int(array.size), "groups"))
        return flat.reshape(array.shape)
    return check.names(groups, n, "groups")
