"""Reading places: the rows that an eager forward of ours leaves at each site, gathered by hooks.

How a place is written, and what is read there, stands in :mod:`infoscope.record.address`; how an output becomes rows in
:mod:`infoscope.record.rule`. Without a rule it is one row a sample on the first axis, and what lies behind it is
flattened; another number of rows is an error.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from infoscope.core import check
from infoscope.core.errors import InputError, unknown_name
from infoscope.record import processes
from infoscope.record.address import Address
from infoscope.record.elements import element, given, heads, of_head, ways
from infoscope.record.inputs import BATCH_SIZE, Inputs, run_forward
from infoscope.record.layout import Chosen
from infoscope.record.modules import addressed, hookable, submodules
from infoscope.record.untouched import borrowed_randomness, device_of, untouched

NOT_CALLED = (
    "was not called when the model ran on the evaluation inputs (its forward may use the weights directly): "
    "name a submodule around it"
)


def representations(
    model: nn.Module, inputs: Any, sites: Sequence[str], batch_size: int = BATCH_SIZE
) -> dict[str, torch.Tensor]:
    """``{site: T [rows, d]}`` on the model's device, from our own eager forward in eval mode; the model is left as it
    was.

    ``inputs`` is a tensor or array for ``model(x)``, a tuple for ``model(*x)`` or a mapping for ``model(**x)``.

    Raises
    ------
    UnknownNameError: a site that is not in the model.
    InputError: a site that was not called, was called several times, or whose output cannot be read as its rule says.
    """
    return gathered(model, inputs, sites, batch_size)[0]


def gathered(
    model: nn.Module, inputs: Any, sites: Sequence[str], batch_size: int = BATCH_SIZE
) -> tuple[dict[str, torch.Tensor], dict[str, Chosen]]:
    """What :func:`representations` returns, and which sample and position each row of each site is."""
    gathering, _ = _gathered(model, inputs, sites, batch_size)
    return {site: gathering.read[site] for site in sites}, {site: gathering.chosen[site] for site in sites}


def first_batch(
    model: nn.Module, inputs: Any, sites: Sequence[str], batch_size: int = BATCH_SIZE
) -> tuple[dict[str, int], dict[str, Chosen], float]:
    """How many features each site has, which sample and position each row of the whole evaluation set is, and the
    seconds of the one forward, of the first batch, that says it.

    Raises
    ------
    As :func:`gathered`.
    """
    gathering, seconds = _gathered(model, inputs, sites, batch_size, 1)
    widths = {site: int(gathering.read[site].shape[1]) for site in sites}
    return widths, {site: gathering.chosen[site] for site in sites}, seconds


def _gathered(
    model: nn.Module, inputs: Any, sites: Sequence[str], batch_size: int, batches: int | None = None
) -> tuple[_Gathering, float]:
    """What the first ``batches``, or all, leave at each site, and the seconds that they took."""
    model, batch_size = hookable(model), check.count(batch_size, "batch_size")
    processes.whole(model)
    modules, found = submodules(model), Inputs.of(inputs, model)
    addresses = {site: addressed(site, model, modules) for site in sites}
    for site, address in addresses.items():
        if address.module not in modules:
            raise unknown_name("place", site, modules)
    gathering = _Gathering(addresses, found, modules, model)
    with untouched(model):
        start = time.perf_counter()
        for samples, args, kwargs in itertools.islice(found.batches(batch_size, device_of(model)), batches):
            gathering.begin(samples)
            with hooks(modules, gathering.hooked, gathering.keep_input, gathering.keep_output):
                run_forward(model, args, kwargs)
            gathering.end()
        seconds = time.perf_counter() - start
    return gathering, seconds


def each_batch(
    model: nn.Module, inputs: Inputs, sites: Sequence[str], edges: Sequence[int], numbers: Iterable[int]
) -> Generator[tuple[slice, dict[str, torch.Tensor], dict[str, Chosen]]]:
    """Samples, ``{site: their rows [r, d]}``, and which of all samples and positions have rows at each site, of one
    batch after the other, of those between ``edges``; nothing of a batch is kept once it has been handed on.

    numbers: of each batch in the whole evaluation set, from which what a network draws in its forward follows.

    Raises
    ------
    As :func:`gathered`.
    """
    model = hookable(model)
    processes.whole(model)
    modules = submodules(model)
    gathering = _Gathering({site: addressed(site, model, modules) for site in sites}, inputs, modules, model)
    with untouched(model):
        batches = inputs.batches(0, device_of(model), edges)
        for number, (samples, args, kwargs) in zip(numbers, batches, strict=True):
            gathering.begin(samples, alone=True)
            listening = hooks(modules, gathering.hooked, gathering.keep_input, gathering.keep_output)
            with borrowed_randomness(number), listening:
                run_forward(model, args, kwargs)
            gathering.end()
            yield samples, {site: gathering.read[site] for site in sites}, gathering.chosen


def outputs(model: nn.Module, inputs: Inputs, sites: Sequence[str]) -> dict[str, torch.Tensor]:
    """What is read at each site before its rule makes rows of it, samples first, in one forward over all the inputs.

    Raises
    ------
    As :func:`representations`.
    """
    model = hookable(model)
    modules = submodules(model)
    addresses = {site: addressed(site, model, modules) for site in sites}
    found: dict[str, torch.Tensor] = {}

    def keep(calls: Counter[str], of_input: bool, name: str, value: Any) -> None:
        calls[name] += 1
        for site, address in addresses.items():
            if address.meant(name, calls[name], of_input):
                found[site] = tensor_at(value, address, site, samples, modules, model).clone()

    with untouched(model):
        ((samples, args, kwargs),) = inputs.batches(len(inputs), device_of(model))
        with hooks(modules, _hooked(addresses), partial(keep, Counter(), True), partial(keep, Counter(), False)):
            run_forward(model, args, kwargs)
    return found


def _hooked(addresses: Mapping[str, Address]) -> dict[str, bool]:
    """The modules that are listened to, and whether to what each is given as well."""
    of_input = {address.module for address in addresses.values() if address.of_input}
    return {address.module: address.module in of_input for address in addresses.values()}


class _Gathering:
    """The rows of all sites, filled batch by batch from inside the hooks."""

    def __init__(
        self, addresses: Mapping[str, Address], inputs: Inputs, modules: Mapping[str, nn.Module], root: nn.Module
    ) -> None:
        self.read: dict[str, torch.Tensor] = {}
        self.chosen: dict[str, Chosen] = {}
        self._addresses, self._inputs, self._modules, self._root = addresses, inputs, modules, root
        self.hooked = _hooked(addresses)
        self._shapes: dict[str, torch.Size] = {}
        self._widths: dict[str, int] = {}

    def begin(self, samples: slice, *, alone: bool = False) -> None:
        """A new batch; alone: what was read before is forgotten, and its rows are all that is kept."""
        self._samples, self._calls, self._inputs_seen = samples, Counter[str](), Counter[str]()
        self._alone = alone
        if alone:
            self.read.clear()

    def keep_input(self, name: str, given: Mapping[str, Any]) -> None:
        self._inputs_seen[name] += 1
        self._keep(name, self._inputs_seen[name], given, of_input=True)

    def keep_output(self, name: str, output: Any) -> None:
        self._calls[name] += 1
        self._keep(name, self._calls[name], output, of_input=False)

    def _keep(self, name: str, call: int, value: Any, *, of_input: bool) -> None:
        for site, address in self._addresses.items():
            if address.meant(name, call, of_input):
                t = tensor_at(value, address, site, self._samples, self._modules, self._root)
                self._store(site, address, t)

    def _store(self, site: str, address: Address, t: torch.Tensor) -> None:
        if address.of_stage("rows") and self._shapes.setdefault(site, t.shape[1:]) != t.shape[1:]:
            raise InputError(
                f"the site {site!r} gave {list(self._shapes[site])} a sample in one batch and {list(t.shape[1:])} in "
                "another, wanted the same: pad the inputs"
            )
        if site not in self.chosen:
            self.chosen[site] = rows_chosen(address, self._inputs, t, site)
        chosen = self.chosen[site]
        rows = address.rule.gather(t, chosen, self._samples)
        for rule in address.of_stage("columns"):
            rows = rule.columns(rows)
        if self._widths.setdefault(site, rows.shape[1]) != rows.shape[1]:
            widths = f"{self._widths[site]} and then {rows.shape[1]}"
            raise InputError(
                f"the site {site!r} gave {widths} features in different batches, wanted the same: pad the inputs"
            )
        if self._alone:
            self.read[site] = rows.clone()
            return
        if site not in self.read:
            self.read[site] = rows.new_empty((len(chosen), rows.shape[1]))
        self.read[site][chosen.of(self._samples)] = rows  # a copy: a later layer may work in place on this very output

    def end(self) -> None:
        """Refuse a site that was not called in this batch, or more often than it says."""
        for site, address in self._addresses.items():
            name, calls = address.module, self._calls[address.module]
            if calls == 0 and not (address.of_input and self._inputs_seen[name]):
                raise InputError(f"the site {site!r} {NOT_CALLED}")
            if not address.call and calls > 1:
                raise InputError(
                    f"the site {name!r} is called {calls} times in one forward: name the call, "
                    f"{name}#1 … {name}#{calls}"
                )
            if address.call > calls:
                raise InputError(f"the site {site!r} does not exist: {name!r} is called {calls} times in one forward")


def rows_chosen(address: Address, inputs: Inputs, t: torch.Tensor, site: str) -> Chosen:
    """Which rows the whole evaluation set has at a site whose output for one batch is ``t``.

    Raises
    ------
    InputError: none.
    """
    chosen = address.rule.chosen(inputs.layout, t.shape[1:], site)
    if not len(chosen):
        raise InputError(
            f"the place {site!r} has no row: of {len(inputs)} samples the mask, special tokens or ignored labels leave "
            "nothing that its rule reads, or positions end before"
        )
    return chosen


def tensor_at(
    value: Any,
    address: Address,
    site: str,
    samples: slice,
    modules: Mapping[str, nn.Module],
    root: nn.Module,
) -> torch.Tensor:
    """The tensor that a place means in what its module returned or was given, samples first."""
    try:
        ((_, found),) = list(ways(value, address.way))
    except InputError as reason:
        raise InputError(f"the place {site!r} cannot be read: {reason}") from None
    t = _plain_numbers(element(found), site)
    for rule in address.of_stage("axes"):
        t = rule.axes(t)
    rows = samples.stop - samples.start
    if t.ndim == 0 or t.shape[0] != rows:
        raise InputError(
            f"the site {site!r} returned shape {tuple(t.shape)} for {rows} inputs, wanted one row a sample on the "
            "first axis: name another site, or make the module batch-first"
        )
    if address.head is not None:
        t = of_head(t, _number(address.head, site), heads(modules, address.module, root), site)
    return t


def _number(text: str, site: str) -> int:
    if not text.isdigit():
        raise InputError(f"the place {site!r} names the head {text!r}, wanted its number, from 0 on")
    return int(text)


def _plain_numbers(output: Any, site: str) -> torch.Tensor:
    if not isinstance(output, torch.Tensor):
        raise InputError(
            f"the site {site!r} returned a {type(output).__name__}, wanted a tensor or a tuple that starts with one"
        )
    float8 = output.is_floating_point() and output.element_size() == 1
    if output.layout is not torch.strided or output.is_quantized or output.is_meta or float8:
        raise InputError(
            f"the site {site!r} returned a tensor of {output.dtype} on {output.device} as {output.layout}, wanted "
            "plain numbers of 16 bits or more: name another site, or turn it into such numbers in a module of its own"
        )
    return output.detach()


@contextmanager
def hooks(
    modules: Mapping[str, nn.Module],
    hooked: Mapping[str, bool],
    on_input: Callable[[str, Mapping[str, Any]], None],
    on_output: Callable[[str, Any], None],
) -> Generator[None]:
    """``on_output(name, output)`` after each call of each hooked module, only inside this block; before it
    ``on_input(name, what it is called with)`` of those that are marked."""

    def before(name: str, _module: nn.Module, args: Any, kwargs: Any) -> None:
        on_input(name, given(args, kwargs))

    def hook(name: str, _module: nn.Module, _args: Any, output: Any) -> None:
        on_output(name, output)

    handles: list[RemovableHandle] = []
    try:
        for name, inputs_too in hooked.items():
            if inputs_too:
                handles.append(modules[name].register_forward_pre_hook(partial(before, name), with_kwargs=True))
            handles.append(modules[name].register_forward_hook(partial(hook, name)))
        yield
    finally:
        for handle in handles:
            handle.remove()
