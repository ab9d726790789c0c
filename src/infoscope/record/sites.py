"""Sites: the stable dotted names of the places in a network where a representation is read.

A site is the name of a submodule as ``named_modules()`` gives it, and what is read is that submodule's output:

- one row a sample on the first axis; what lies behind it is flattened. Another number of rows is an error.
- of a tuple, list or mapping (an LSTM, a Hugging Face output), the first element, which must be a tensor; single
  numbers that stand before it (a loss, where labels were among the inputs) are passed over.
- a submodule called several times in one forward is several sites, ``relu#1``, ``relu#2`` …, in the order of the calls.
- ``output`` is the output of the whole network, unless a submodule has that name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, cast

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from infoscope.core import check
from infoscope.core.errors import InputError, unknown_name
from infoscope.record import processes
from infoscope.record.inputs import BATCH_SIZE, Inputs, is_mapping, is_several
from infoscope.record.untouched import device_of, named_modules, untouched

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
    InputError: it is no ``torch.nn.Module``.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"model is a {type(model).__name__}, wanted a torch.nn.Module")
    return model


def resolve(
    model: nn.Module, patterns: str | Iterable[str] | None = None, inputs: Any = None, batch_size: int = BATCH_SIZE
) -> list[str]:
    """The sites that ``patterns`` (exact names or globs such as ``"blocks.*.mlp"``) name, each once.

    With ``inputs`` the network runs once on their first batch: sites come in the order of their calls, globs and the
    default take only places that can be read, and repeated calls get their numbers. Without, they come in the order of
    definition. No patterns means every leaf module (one without submodules) whose output is real-valued.

    Raises
    ------
    InputError: a named place that cannot be read (the message says why), or nothing that can.
    UnknownNameError: a pattern that matches nothing; the message lists near names.
    """
    return sites_and_places(model, patterns, inputs, batch_size)[0]


def sites_and_places(
    model: nn.Module, patterns: str | Iterable[str] | None = None, inputs: Any = None, batch_size: int = BATCH_SIZE
) -> tuple[list[str], list[str]]:
    """What :func:`resolve` returns, and every site that could be named, from input to output."""
    model = _checked(model)
    modules = _modules(model)
    leaves = {name for name, module in modules.items() if not cast(Any, module)._modules.keys() - {"parametrizations"}}
    if inputs is None:
        seen: Mapping[str, Any] = dict.fromkeys(modules, torch.float32)
    else:
        seen = _observe(model, Inputs.of(inputs, model), modules, batch_size)
    readable = {site: found for site, found in seen.items() if isinstance(found, torch.dtype)}
    if patterns is None:
        sites = [site for site, dtype in readable.items() if _module_of(site) in leaves and dtype.is_floating_point]
    else:
        wanted = [patterns] if isinstance(patterns, str) else list(patterns)
        if not wanted:
            raise InputError("sites is empty, wanted names or globs of submodules, or None for every leaf module")
        sites = [site for site in readable if any(_matches(site, pattern) for pattern in wanted)]
        for pattern in wanted:
            if not any(_matches(site, pattern) for site in sites):
                raise _why_not(pattern, seen, modules)
    if not sites:
        raise InputError(
            f"no submodule of {type(model).__name__} gives one row a sample: make the place to look at a submodule "
            "(nn.Identity will do), or pass sites=['output']"
        )
    return sites, list(readable)


def representations(
    model: nn.Module, inputs: Any, sites: Sequence[str], batch_size: int = BATCH_SIZE
) -> dict[str, torch.Tensor]:
    """``{site: T [n, d]}`` on the model's device, from our own eager forward in eval mode; the model is left as it was.

    ``inputs`` is a tensor or array for ``model(x)``, a tuple for ``model(*x)`` or a mapping for ``model(**x)``.

    Raises
    ------
    UnknownNameError: a site that is not in the model.
    InputError: a site that was not called, was called several times, or whose output is not one row a sample.
    """
    model, batch_size = _checked(model), check.count(batch_size, "batch_size")
    processes.whole(model)
    modules, found = _modules(model), Inputs.of(inputs, model)
    for site in sites:
        if _module_of(site) not in modules:
            raise unknown_name("site", site, modules)
    read: dict[str, torch.Tensor] = {}
    with untouched(model):
        for rows, args, kwargs in found.batches(batch_size, device_of(model)):
            calls: Counter[str] = Counter()
            keep = partial(_keep, read, set(sites), calls, rows, len(found))
            with _hooks({name: modules[name] for name in map(_module_of, sites)}, keep):
                model(*args, **kwargs)
            for site in sites:
                _check_called(site, calls[_module_of(site)])
    return {site: read[site] for site in sites}


def _keep(
    read: dict[str, torch.Tensor], sites: set[str], calls: Counter[str], rows: slice, n: int, name: str, output: Any
) -> None:
    calls[name] += 1
    for site in {name, f"{name}#{calls[name]}"} & sites:
        t = _rows(output, rows.stop - rows.start, site)
        if site not in read:
            read[site] = t.new_empty((n, t.shape[1]))
        if read[site].shape[1] != t.shape[1]:
            widths = f"{read[site].shape[1]} and then {t.shape[1]}"
            raise InputError(
                f"the site {site!r} gave {widths} features in different batches, wanted the same: pad the inputs"
            )
        read[site][rows] = t  # a copy: a later layer may work in place on this very output


def _check_called(site: str, calls: int) -> None:
    name = _module_of(site)
    if calls == 0:
        raise InputError(f"the site {site!r} {_NOT_CALLED}")
    if site == name and calls > 1:
        raise InputError(
            f"the site {name!r} is called {calls} times in one forward: name the call, {name}#1 … {name}#{calls}"
        )
    if site != name and int(site.rpartition("#")[2]) > calls:
        raise InputError(f"the site {site!r} does not exist: {name!r} is called {calls} times in one forward")


_NOT_CALLED = (
    "was not called when the model ran on the evaluation inputs (its forward may use the weights directly): "
    "name a submodule around it"
)


def _rows(output: Any, rows: int, site: str) -> torch.Tensor:
    """A submodule's output as ``[rows, d]``, by the rules at the top of this file."""
    if is_mapping(output):
        output = tuple(output.values())
    if is_several(output) and output:
        output = next((each for each in output if not (isinstance(each, torch.Tensor) and each.ndim == 0)), output[0])
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
    if output.ndim == 0 or output.shape[0] != rows:
        raise InputError(
            f"the site {site!r} returned shape {tuple(output.shape)} for {rows} inputs, wanted one row a sample on the "
            "first axis: name another site, or make the module batch-first"
        )
    return output.detach().reshape(rows, -1)


def _observe(
    model: nn.Module, inputs: Inputs, modules: Mapping[str, nn.Module], batch_size: int
) -> dict[str, torch.dtype | InputError]:
    """Every site in the order of the calls of one forward, with its dtype, or with why it cannot be read."""
    processes.whole(model)
    outcomes: list[tuple[str, torch.dtype | InputError]] = []
    rows, args, kwargs = next(inputs.batches(check.count(batch_size, "batch_size"), device_of(model)))

    def note(name: str, output: Any) -> None:
        try:
            outcomes.append((name, _rows(output, rows.stop, name).dtype))
        except InputError as reason:
            outcomes.append((name, reason))

    with untouched(model), _hooks(modules, note):
        model(*args, **kwargs)
    calls = Counter(name for name, _ in outcomes)
    so_far: Counter[str] = Counter()
    seen: dict[str, torch.dtype | InputError] = {}
    for name, outcome in outcomes:
        so_far[name] += 1
        seen[name if calls[name] == 1 else f"{name}#{so_far[name]}"] = outcome
    return seen


@contextmanager
def _hooks(modules: Mapping[str, nn.Module], on_output: Callable[[str, Any], None]) -> Generator[None]:
    """``on_output(name, output)`` after each call of each module, only inside this block."""

    def hook(name: str, _module: nn.Module, _args: Any, output: Any) -> None:
        on_output(name, output)

    handles: list[RemovableHandle] = []
    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(partial(hook, name)))
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


def _modules(model: nn.Module) -> dict[str, nn.Module]:
    """Every submodule by site name; the parts of a parametrization (``spectral_norm``) are weights, not places."""
    named = {name: module for name, module in named_modules(model) if "parametrizations" not in name.split(".")}
    root = named.pop("")
    return {**named, ROOT: root} if ROOT not in named else named


def _module_of(site: str) -> str:
    """The module's part of a site: ``relu`` of ``relu#2``."""
    return re.sub(r"#[1-9][0-9]*$", "", site)


def _matches(site: str, pattern: str) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for name in (site, _module_of(site)))


def _why_not(pattern: str, seen: Mapping[str, Any], modules: Mapping[str, nn.Module]) -> Exception:
    for site, reason in seen.items():
        if isinstance(reason, InputError) and _matches(site, pattern):
            return reason
    if any(_matches(name, pattern) for name in modules):
        return InputError(f"the site {pattern!r} {_NOT_CALLED}")
    return unknown_name("site", pattern, modules)
