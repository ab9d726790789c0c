"""Noise in a user's own network: added at submodules by name while it trains, and what a measure needs of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import torch
from torch import nn

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.record import processes
from infoscope.record.inputs import BATCH_SIZE, Inputs
from infoscope.record.loose import is_several
from infoscope.record.modules import as_module, submodules, unwrap
from infoscope.record.places import resolve
from infoscope.record.untouched import device_of, named_modules, untouched

NOT_HIDDEN = (nn.Softmax, nn.LogSoftmax, nn.Softmax2d, nn.Softmin, nn.MultiheadAttention)  # beside the activations


class NoiseHandle:
    """Gaussian noise at submodules of a network, until :meth:`remove`; made by :func:`noisy`, also a context manager.

    Attributes
    ----------
    sites: the names of the submodules, in the order of definition. noise: standard deviation.
    """

    def __init__(self, model: nn.Module, sites: Sequence[str], noise: float, always: bool) -> None:
        self.sites, self.noise = tuple(sites), noise
        add = _Add(noise, always)
        self._handles = [submodules(model)[site].register_forward_hook(add) for site in self.sites]

    def remove(self) -> None:
        """Take the noise off; nothing of it stays on the network. Again: nothing happens."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def __enter__(self) -> NoiseHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def __repr__(self) -> str:
        where = ", ".join(self.sites) if self._handles else "removed"
        return f"NoiseHandle({self.noise:g} at {where})"


def noisy(
    model: nn.Module, sites: str | Iterable[str] | None = None, noise: float = 0.1, *, always: bool = False
) -> NoiseHandle:
    """Add N(0, noise²) to every number that the named submodules put out, fresh at each forward, until removed.

    The network's own class, weights and code stay as they are, and gradients pass: train it as before. The draws are
    torch's, so ``torch.manual_seed`` decides them, as with dropout.

    sites: names or globs of submodules (``"block*.act"``); None means every activation module (``nn.ReLU``,
        ``nn.Tanh`` …; softmax is none), which is where Goldfeld et al. 2019 have it.
    noise: standard deviation, the same everywhere.
    always: also while the network is in ``eval()``.

    Use the returned handle with ``with``, or call its ``remove()``.

    Raises
    ------
    InputError: noise of 0 or less, a compiled network (its forward may skip what is added afterwards), no activation
        module where no sites are named, or a place that has noise already.
    UnknownNameError: a pattern that matches nothing.
    """
    modules: list[Any] = list(as_module(model).modules())
    if any(getattr(module, "_orig_mod", module._compiled_call_impl) is not None for module in modules):
        raise InputError("model is compiled, and its forward may skip noise added now: add the noise before compiling")
    check.positive(noise, "noise")
    model = unwrap(model)
    places = _places(model, sites)
    for site in places:
        if any(isinstance(hook, _Add) for hook in _hooks(submodules(model)[site])):
            raise InputError(f"{site!r} has noise already, wanted a place without: remove the first noise")
    return NoiseHandle(model, places, noise, always)


def replicas(
    model: nn.Module,
    inputs: Any,
    sites: str | Iterable[str] | None = None,
    noise: float = 0.1,
    replicas: int = 16,
    seed: int = 0,
    *,
    batch_size: int = BATCH_SIZE,
) -> dict[str, torch.Tensor]:
    """The clean outputs of noisy forwards, ``{site: S [n, replicas, d]}``: what ``noisy_information`` asks for.

    Each input goes through the network ``replicas`` times in eval mode with noise at ``sites``; kept is what a site
    puts out before its own noise is added (Goldfeld et al. 2019, section 3). All replicas of a site that no noise
    reaches are alike, up to rounding: give ``s[:, 0]`` of it. The model is left as it was.

    inputs: as for :func:`infoscope.watch`. sites, noise: as for :func:`noisy`; a :class:`NoiseHandle` there stays
        silent in eval mode, and what it added in training is what belongs here. seed: of the draws.

    Raises
    ------
    InputError: as :func:`noisy`; also a site that is called several times in one forward or not at all, one whose
        output is not one row a sample, or noise that is on in eval mode already (``always=True``).
    """
    check.positive(noise, "noise")
    check.count(replicas, "replicas", 2)
    model = unwrap(as_module(model))
    processes.whole(model)
    places = _places(model, sites)
    hooks = [hook for module in model.modules() for hook in _hooks(module)]
    if any(isinstance(hook, _Add) and hook.always for hook in hooks):
        raise InputError("the model has noise that is on in eval mode, wanted none: remove it first")
    found = Inputs.of(inputs, model)
    kept: dict[str, list[torch.Tensor]] = {site: [] for site in places}
    with untouched(model):
        generator = torch.Generator(device_of(model)).manual_seed(check.count(seed, "seed", 0))
        taps = [
            submodules(model)[site].register_forward_hook(_Tap(site, kept[site], noise, generator)) for site in places
        ]
        try:
            rows = max(1, check.count(batch_size, "batch_size") // replicas)
            for part, args, kwargs in found.batches(rows, device_of(model)):
                calls = [len(each) for each in kept.values()]
                model(*(_repeated(t, replicas) for t in args), **{k: _repeated(t, replicas) for k, t in kwargs.items()})
                for (site, each), before in zip(kept.items(), calls, strict=True):
                    _check(site, each[before:], (part.stop - part.start) * replicas)
        finally:
            for tap in taps:
                tap.remove()
    return {site: torch.cat(each).unflatten(0, (len(found), replicas)) for site, each in kept.items()}


def _places(model: nn.Module, sites: str | Iterable[str] | None) -> list[str]:
    """The submodules that ``sites`` name, or every activation module."""
    if sites is not None:
        places = [site for site in resolve(model, _names(sites)) if submodules(model)[site] is not model]
        if not places:
            raise InputError("sites names the whole network, wanted submodules: the output of a network has no noise")
        return places
    places = [
        name
        for name, module in named_modules(model)
        if name and type(module).__module__ == nn.ReLU.__module__ and not isinstance(module, NOT_HIDDEN)
    ]
    if not places:
        raise InputError(
            f"{type(model).__name__} has no activation modules, wanted to know where the noise goes: name sites"
        )
    return places


def _names(sites: object) -> str | Iterable[str]:
    if not isinstance(sites, Iterable):
        raise InputError(f"sites is {sites!r}, wanted the names of submodules, e.g. ['0', '2']")
    return cast("str | Iterable[str]", sites)


def _hooks(module: nn.Module) -> Iterable[object]:
    return cast(Any, module)._forward_hooks.values()


class _Add:
    """The hook that adds noise."""

    def __init__(self, noise: float, always: bool) -> None:
        self.noise, self.always = noise, always

    def __call__(self, module: nn.Module, _args: Any, output: Any) -> Any:
        if not (self.always or module.training):
            return None
        return _changed(output, type(module).__name__, lambda t: t + self.noise * torch.randn_like(t))


class _Tap:
    """The hook that keeps the clean output and hands on a noisy one."""

    def __init__(self, site: str, kept: list[torch.Tensor], noise: float, generator: torch.Generator) -> None:
        self.site, self.kept, self.noise, self.generator = site, kept, noise, generator

    def __call__(self, _module: nn.Module, _args: Any, output: Any) -> Any:
        def add(t: torch.Tensor) -> torch.Tensor:
            # a copy: a later layer may work in place on this very output
            self.kept.append(t.detach().clone().flatten(1) if t.ndim > 1 else t.detach().clone()[:, None])
            draws = torch.randn(t.shape, generator=self.generator, device=t.device, dtype=t.dtype)
            return t + self.noise * draws

        return _changed(output, self.site, add)


def _changed(output: Any, where: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """A submodule's output with its tensor, or the first of a tuple or list, changed."""
    if isinstance(output, torch.Tensor) and output.is_floating_point():
        return change(output)
    if is_several(output) and output and isinstance(output[0], torch.Tensor):
        kind, rest = cast(Any, type(output)), (change(output[0]), *output[1:])
        return kind(*rest) if hasattr(output, "_fields") else kind(rest)
    raise InputError(
        f"{where} put out a {type(output).__name__}, wanted real numbers in a tensor or a tuple that starts with one: "
        "name another site"
    )


def _repeated(tensor: torch.Tensor, times: int) -> torch.Tensor:
    return tensor.repeat_interleave(times, dim=0)


def _check(site: str, calls: list[torch.Tensor], rows: int) -> None:
    if len(calls) != 1:
        raise InputError(
            f"the site {site!r} was called {len(calls)} times in one forward, wanted once: give each call a module of "
            "its own"
        )
    if len(calls[0]) != rows:
        raise InputError(
            f"the site {site!r} returned {len(calls[0])} rows for {rows} inputs, wanted one row a sample: "
            "name another site"
        )
