"""Places: where in a network a representation is read, and reading them.

How a place is written, and what is read there, stands in :mod:`infoscope.record.address`; how an output becomes rows in
:mod:`infoscope.record.rule`. Without a rule it is one row a sample on the first axis, and what lies behind it is
flattened; another number of rows is an error. A place with all of that said is a *site*: the text that rows carry.
"""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, cast

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from infoscope.core import check
from infoscope.core.errors import InputError, unknown_name
from infoscope.record import processes
from infoscope.record.address import HEAD, INPUT, Address
from infoscope.record.elements import element, given, heads, of_head, ways
from infoscope.record.inputs import BATCH_SIZE, Inputs, run_forward
from infoscope.record.layout import Chosen
from infoscope.record.untouched import borrowed_randomness, device_of, named_modules, untouched

ROOT = "output"


def unwrap(model: nn.Module) -> nn.Module:
    """The user's own module inside ``torch.compile``, ``DataParallel`` and ``DistributedDataParallel``.

    Hooks on a compiled module are silently ignored once it has run (pytorch#117758), hence our own eager forward.
    """
    while True:
        if isinstance(inner := getattr(model, "_orig_mod", None), nn.Module):
            model = inner
        elif isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            model = cast(Any, model).module
        else:
            return model


def as_module(model: object) -> nn.Module:
    """``model``, when it is one.

    Raises
    ------
    InputError: it is no ``torch.nn.Module``, or weights of it have no values.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"model is a {type(model).__name__}, wanted a torch.nn.Module")
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if tensor.is_meta:
            raise InputError(
                f"{name} of {type(model).__name__} is without values (on the meta device), as in an offloaded network, "
                "wanted all weights in memory: load it there whole"
            )
    return model


@dataclass(frozen=True)
class _Spot:
    """A place of a pattern at one call: its way in full, and its dtype, or why it cannot be read."""

    element: tuple[str, ...]
    outcome: torch.dtype | InputError


@dataclass(frozen=True)
class _Call:
    """One call of a module: what it returns as one row a sample, and what each pattern finds there."""

    module: str
    outcome: torch.dtype | InputError
    spots: Mapping[int, Sequence[_Spot]]


def resolve(
    model: nn.Module,
    patterns: str | Iterable[str] | None = None,
    inputs: Any = None,
    batch_size: int = BATCH_SIZE,
    *,
    deep: bool = False,
) -> list[str]:
    """The sites that ``patterns`` (places or globs such as ``"blocks.*.mlp@tokens"``) name, each once.

    ``*`` stands for one level of the dotted name and ``**`` for any number; with ``deep`` a ``*`` crosses dots too.

    With ``inputs`` the network runs once on their first batch: sites come in the order of their calls, globs and the
    default take only places that can be read, and repeated calls get their numbers. Without, they come in the order of
    definition. No patterns means every leaf module (one without submodules) whose output is real-valued.

    Raises
    ------
    InputError: a named place that cannot be read (the message says why), or nothing that can.
    UnknownNameError: a pattern that matches nothing; the message lists near names.
    """
    return sites_and_order(model, patterns, inputs, batch_size, deep=deep)[0]


def sites_and_order(
    model: nn.Module,
    patterns: str | Iterable[str] | None = None,
    inputs: Any = None,
    batch_size: int = BATCH_SIZE,
    *,
    deep: bool = False,
) -> tuple[list[str], list[str]]:
    """What :func:`resolve` returns, and every module or call that could be named, from input to output."""
    model = _checked(model)
    modules = submodules(model)
    wanted = _wanted(patterns, model, modules)
    if inputs is None:
        calls = [_Call(name, torch.float32, _unseen(name, wanted, deep)) for name in modules]
    else:
        calls = _observe(model, Inputs.of(inputs, model), modules, batch_size, wanted, deep)
    names = _numbered(calls)
    read = [name for name, call in zip(names, calls, strict=True) if isinstance(call.outcome, torch.dtype)]
    if patterns is None:
        leaves = {name for name, m in modules.items() if not cast(Any, m)._modules.keys() - {"parametrizations"}}
        sites = [
            name
            for name, call in zip(names, calls, strict=True)
            if call.module in leaves and isinstance(call.outcome, torch.dtype) and call.outcome.is_floating_point
        ]
        order = read
    else:
        found = _found(names, calls, wanted, deep)
        for i, pattern in enumerate(wanted):
            if not any(number == i for number, _, _ in found):
                raise _why_not(pattern, names, calls, i, modules, deep)
        sites = list(dict.fromkeys(site for _, _, site in found))
        named = {name for _, name, _ in found} | set(read)
        order = [name for name in names if name in named]
    if not sites:
        raise InputError(
            f"no submodule of {type(model).__name__} gives one row a sample: make the place to look at a submodule "
            "(nn.Identity will do), or pass places=['output']"
        )
    return sites, order


def _wanted(patterns: str | Iterable[str] | None, model: nn.Module, modules: Mapping[str, nn.Module]) -> list[Address]:
    if patterns is None:
        return []
    wanted = [patterns] if isinstance(patterns, str) else list(patterns)
    if not wanted:
        raise InputError("places is empty, wanted names or globs of submodules, or None for every leaf module")
    return [addressed(pattern, model, modules) for pattern in wanted]


def _unseen(name: str, wanted: Sequence[Address], deep: bool) -> dict[int, list[_Spot]]:
    """What the patterns find at a module that was not run."""
    return {i: [_Spot(each.element, torch.float32)] for i, each in enumerate(wanted) if matches(name, each.plain, deep)}


def _found(
    names: Sequence[str], calls: Sequence[_Call], wanted: Sequence[Address], deep: bool
) -> list[tuple[int, str, str]]:
    """Number of the pattern, module or call, and site, for all that can be read, from input to output."""
    return [
        (i, name, str(wanted[i].called(name, spot.element)))
        for name, call in zip(names, calls, strict=True)
        for i, spots in call.spots.items()
        for spot in spots
        if matches(name, wanted[i].plain, deep) and isinstance(spot.outcome, torch.dtype)
    ]


def _numbered(calls: Sequence[_Call]) -> list[str]:
    """The name of each call: that of its module, with a number where there are several."""
    total, so_far = Counter(call.module for call in calls), Counter[str]()
    names: list[str] = []
    for call in calls:
        so_far[call.module] += 1
        names.append(call.module if total[call.module] == 1 else f"{call.module}#{so_far[call.module]}")
    return names


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
    model, batch_size = _checked(model), check.count(batch_size, "batch_size")
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
            with _hooks(modules, gathering.hooked, gathering.keep_input, gathering.keep_output):
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
    model = _checked(model)
    processes.whole(model)
    modules = submodules(model)
    gathering = _Gathering({site: addressed(site, model, modules) for site in sites}, inputs, modules, model)
    with untouched(model):
        batches = inputs.batches(0, device_of(model), edges)
        for number, (samples, args, kwargs) in zip(numbers, batches, strict=True):
            gathering.begin(samples, alone=True)
            hooks = _hooks(modules, gathering.hooked, gathering.keep_input, gathering.keep_output)
            with borrowed_randomness(number), hooks:
                run_forward(model, args, kwargs)
            gathering.end()
            yield samples, {site: gathering.read[site] for site in sites}, gathering.chosen


def outputs(model: nn.Module, inputs: Inputs, sites: Sequence[str]) -> dict[str, torch.Tensor]:
    """What is read at each site before its rule makes rows of it, samples first, in one forward over all the inputs.

    Raises
    ------
    As :func:`representations`.
    """
    model = _checked(model)
    modules = submodules(model)
    addresses = {site: addressed(site, model, modules) for site in sites}
    found: dict[str, torch.Tensor] = {}

    def keep(calls: Counter[str], of_input: bool, name: str, value: Any) -> None:
        calls[name] += 1
        for site, address in addresses.items():
            if address.meant(name, calls[name], of_input):
                found[site] = _tensor_at(value, address, site, samples, modules, model).clone()

    with untouched(model):
        ((samples, args, kwargs),) = inputs.batches(len(inputs), device_of(model))
        with _hooks(modules, _hooked(addresses), partial(keep, Counter(), True), partial(keep, Counter(), False)):
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
                t = _tensor_at(value, address, site, self._samples, self._modules, self._root)
                self._store(site, address, t)

    def _store(self, site: str, address: Address, t: torch.Tensor) -> None:
        if address.of_stage("rows") and self._shapes.setdefault(site, t.shape[1:]) != t.shape[1:]:
            raise InputError(
                f"the site {site!r} gave {list(self._shapes[site])} a sample in one batch and {list(t.shape[1:])} in "
                "another, wanted the same: pad the inputs"
            )
        if site not in self.chosen:
            self.chosen[site] = _chosen(address, self._inputs, t, site)
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
                raise InputError(f"the site {site!r} {_NOT_CALLED}")
            if not address.call and calls > 1:
                raise InputError(
                    f"the site {name!r} is called {calls} times in one forward: name the call, "
                    f"{name}#1 … {name}#{calls}"
                )
            if address.call > calls:
                raise InputError(f"the site {site!r} does not exist: {name!r} is called {calls} times in one forward")


_NOT_CALLED = (
    "was not called when the model ran on the evaluation inputs (its forward may use the weights directly): "
    "name a submodule around it"
)


def _chosen(address: Address, inputs: Inputs, t: torch.Tensor, site: str) -> Chosen:
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


def _tensor_at(
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


def _observe(
    model: nn.Module,
    inputs: Inputs,
    modules: Mapping[str, nn.Module],
    batch_size: int,
    wanted: Sequence[Address],
    deep: bool,
) -> list[_Call]:
    """Every call of one forward in order, with what can be read there."""
    processes.whole(model)
    samples, args, kwargs = next(inputs.batches(check.count(batch_size, "batch_size"), device_of(model)))
    calls: list[_Call] = []
    given_to: dict[str, list[dict[int, list[_Spot]]]] = {}

    def dtype(value: Any, address: Address, site: str) -> torch.dtype | InputError:
        try:
            t = _tensor_at(value, address, site, samples, modules, model)
            _chosen(address, inputs, t, site)
        except InputError as reason:
            return reason
        return t.dtype

    def spots(name: str, value: Any, of_input: bool) -> dict[int, list[_Spot]]:
        found: dict[int, list[_Spot]] = {}
        for i, pattern in enumerate(wanted):
            if pattern.of_input == of_input and matches(name, pattern.module, deep):
                found[i] = [
                    _Spot(each.element, dtype(value, each, str(each)))
                    for each in _in_full(pattern.called(name, pattern.element), value, modules, model)
                ]
        return found

    def note_input(name: str, given: Mapping[str, Any]) -> None:
        given_to.setdefault(name, []).append(spots(name, given, of_input=True))

    def note(name: str, output: Any) -> None:
        before = given_to[name].pop() if given_to.get(name) else {}
        calls.append(_Call(name, dtype(output, Address(name), name), {**before, **spots(name, output, of_input=False)}))

    hooked = {name: any(each.of_input for each in wanted) for name in modules}
    with untouched(model), _hooks(modules, hooked, note_input, note):
        run_forward(model, args, kwargs)
    return calls


def _in_full(address: Address, value: Any, modules: Mapping[str, nn.Module], root: nn.Module) -> list[Address]:
    """The places that an address with ``*`` in its element means in this value; itself where it has none."""
    if "*" not in address.element:
        return [address]
    before = (INPUT,) if address.of_input else ()
    try:
        every = [(*before, *way) for way, _ in ways(value, address.way)]
        if address.head is None:
            behind = [()]
        else:
            numbers = range(heads(modules, address.module, root)) if address.head == "*" else [address.head]
            behind = [(HEAD, str(number)) for number in numbers]
    except InputError:
        return [address]
    return [address.called(address.plain, (*way, *head)) for way in every for head in behind]


@contextmanager
def _hooks(
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


def _checked(model: object) -> nn.Module:
    model = unwrap(as_module(model))
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise InputError("model holds a ScriptModule, which takes no hooks: pass the module it was scripted from")
    if any(nn.parameter.is_lazy(tensor) for tensor in (*model.parameters(), *model.buffers())):
        raise InputError("model has lazy parameters without a shape: run one batch through it first")
    return model


def submodules(model: nn.Module) -> dict[str, nn.Module]:
    """Every submodule by its name, without what a wrapper puts before it; the parts of a parametrization
    (``spectral_norm``) are weights, not places."""
    found = {name: module for name, module in named_modules(model) if "parametrizations" not in name.split(".")}
    prefix, root = wrapped_in(model), found.pop("")
    named = {name.removeprefix(prefix): module for name, module in found.items()}
    if len(named) < len(found):  # the wrapper has a module of the same name
        named = found
    return {**named, ROOT: root} if ROOT not in named else named


def kinds(model: nn.Module, sites: Iterable[str]) -> dict[str, str]:
    """The class of each site that a ``Sequential`` calls by a number, which says nothing to who reads a figure."""
    modules = submodules(unwrap(model))
    return {
        site: type(modules[site]).__name__
        for site in sites
        if site in modules and isinstance(modules.get(site.rpartition(".")[0] or ROOT), nn.Sequential)
    }


def wrapped_in(model: nn.Module) -> str:
    """What stands before the names of a network's own modules where peft wraps it, or an average of its weights."""
    kinds = {kind.__name__ for kind in type(model).__mro__}  # by name: who uses them has imported them
    if "PeftModel" in kinds:
        tuner = {kind.__name__ for kind in type(getattr(model, "base_model", None)).__mro__}
        return "base_model.model." if "BaseTuner" in tuner else "base_model."
    return "module." if "AveragedModel" in kinds else ""


def addressed(text: str, model: nn.Module, modules: Mapping[str, nn.Module]) -> Address:
    """The place that ``text`` names in ``model``, with or without what a wrapper puts before it."""
    return Address.parse(text if text in modules else text.removeprefix(wrapped_in(model)), modules)


def matches(name: str, pattern: str, deep: bool = False) -> bool:
    """Whether the module or call ``name`` is meant: ``*`` is one level, ``**`` any depth, as ``*`` is with ``deep``."""
    either = (name, re.sub(r"#[1-9][0-9]*$", "", name))
    if pattern in either:
        return True
    if deep:
        return any(fnmatchcase(each, pattern) for each in either)
    parts = re.split(r"(\*\*|\*|\?|\[[^]]+\])", pattern)
    signs = {"**": ".*", "*": "[^.]*", "?": "[^.]"}
    classes = {part: part.replace("[!", "[^") for part in parts if part.startswith("[") and part.endswith("]")}
    written = re.compile("".join({**signs, **classes}.get(part, re.escape(part)) for part in parts))
    return any(written.fullmatch(each) for each in either)


def _why_not(
    pattern: Address, names: Sequence[str], calls: Sequence[_Call], i: int, modules: Mapping[str, nn.Module], deep: bool
) -> Exception:
    for name, call in zip(names, calls, strict=True):
        if matches(name, pattern.plain, deep):
            for spot in call.spots.get(i, ()):
                if isinstance(spot.outcome, InputError):
                    return spot.outcome
    if any(matches(name, pattern.module, deep) for name in modules):
        return InputError(f"the site {str(pattern)!r} {_NOT_CALLED}")
    return unknown_name("place", str(pattern), modules)
