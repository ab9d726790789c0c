"""Which entry of what a program saved holds the weights, raw ones or their moving average; and of which step it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from infoscope.core.errors import InputError
from infoscope.record.trajectories._format import Moment, Selection
from infoscope.record.trajectories._tensors import Inert

if TYPE_CHECKING:
    import torch

Thing = TypeVar("Thing")
#: Entries that hold the weights that were trained, first found first. Lightning's WeightAveraging puts the average
#: into "state_dict" and what was trained into "current_model_state".
RAW = (
    "current_model_state", "state_dict", "model_state_dict", "model_state", "model", "module", "network", "net",
    "params", "weights",
)  # fmt: skip
#: Entries of a moving average, first found first; others that have one of its words are found after them.
_AVERAGES = (
    "state_dict_ema", "model_ema", "ema_state_dict", "ema_model_state_dict", "model_ema_state_dict", "ema_model",
    "ema_weights", "params_ema", "module_ema", "ema", "shadow", "shadow_params", "averaged_model",
)  # fmt: skip
_WORDS = frozenset({"ema", "shadow", "averaged"})
STEPS = ("global_step", "step", "iter_num", "iter", "iteration", "num_updates")
_NOT_WEIGHTS = ("optim", "sched", "scaler", "rng", "loops", "callbacks", "args", "config", "hyper", "averaging")


def is_average(name: str) -> bool:
    """Whether an entry, or the first word of names of weights, is called a moving average.

    >>> is_average("model_ema"), is_average("ema_model"), is_average("schema"), is_average("model")
    (True, True, False, False)
    """
    return not _WORDS.isdisjoint(re.split(r"[-_.]", name.lower()))


def averaged(table: Mapping[str, Thing]) -> dict[str, Thing] | None:
    """Those of named weights whose names begin with the word for an average, without it; None for none.

    Raises
    ------
    InputError: several averages are there.
    """
    first = list(dict.fromkeys(begin for name in table if is_average(begin := name.partition(".")[0]) and "." in name))
    if not first:
        return None
    if len(first) > 1:
        raise InputError(f"weights begin with {', '.join(first)}, wanted one average: name it, entry={first[0]!r}")
    return {name[len(first[0]) + 1 :]: each for name, each in table.items() if name.startswith(f"{first[0]}.")} or None


def moment_of(saved: object) -> Moment:
    """The step and the epoch that a saved mapping names beside its weights."""
    if not isinstance(saved, Mapping):
        return Moment()
    entries = cast(Mapping[object, object], saved)
    step = next((found for name in STEPS if (found := _number(entries.get(name))) is not None), None)
    epoch = _number(entries.get("epoch"))
    return Moment(int(step) if step is not None and step == int(step) and step >= 0 else None, epoch)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if value == value else None
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return _number(value.item())
    return None


def weights_of(saved: object, path: Path, selection: Selection) -> dict[str, torch.Tensor]:
    """The wanted weights by name.

    Raises
    ------
    InputError: there are none, or several that could be meant, or an object stands where a tensor is wanted.
    """
    if isinstance(saved, Inert) or not isinstance(saved, Mapping):
        what = saved.stands_for if isinstance(saved, Inert) else f"a {type(saved).__name__}"
        raise InputError(
            f"{path} holds {what} itself, wanted named weights: save model.state_dict() in place of the model"
        )
    entries = cast(Mapping[object, object], saved)
    if selection.entry is not None:
        return _tensors(_at(entries, selection.entry, path), path)
    if selection.weights == "ema":
        return _average(entries, path)
    found = _table(entries, RAW)
    if found is None:
        others = {
            name: each
            for name, value in entries.items()
            if isinstance(name, str)
            and not is_average(name)
            and not any(word in name.lower() for word in _NOT_WEIGHTS)
            and isinstance(value, Mapping)
            and (each := _table(cast(Mapping[object, object], value), RAW)) is not None
        }
        if len(others) > 1:
            raise InputError(
                f"{path} holds weights in its entries {', '.join(others)}, wanted one: name it, entry={min(others)!r}"
            )
        if not others:
            average = "; it holds a moving average: weights='ema'" if _has_average(entries) else ""
            raise InputError(
                f"{path} holds no named weights in its entries ({_listed(entries)}), wanted a state_dict in one of "
                f"{', '.join(RAW[1:5])}, or at the top{average or ': say where they lie with entry='}"
            )
        (found,) = others.values()
    return _tensors(found, path)


def _average(entries: Mapping[object, object], path: Path) -> dict[str, torch.Tensor]:
    if "current_model_state" in entries:
        return _tensors(_at(entries, "state_dict", path), path)
    known = [name for name in _AVERAGES if name in entries]
    others = [name for name in entries if isinstance(name, str) and name not in known and is_average(name)]
    for name in (*known, *others):
        value = entries.get(name)
        inside = cast(Mapping[object, object], value) if isinstance(value, Mapping) else dict[object, object]()
        if isinstance(value, (list, tuple)) or isinstance(inside.get("shadow_params"), list):
            raise InputError(
                f"{path} holds its moving average in {name} as a list without names, wanted names: pass a mapping from "
                "steps to functions that return the weights by name"
            )
        if found := _table(inside, (*RAW, *_AVERAGES)):
            return _tensors(found, path)
    raw = _table(entries, RAW)
    if raw is not None and (own := averaged(raw)) is not None:
        return _tensors(own, path)
    raise InputError(
        f"{path} holds no moving average in its entries ({_listed(entries)}), wanted {', '.join(_AVERAGES[:4])} …: "
        "pass weights='raw', or say where it lies with entry="
    )


def _has_average(entries: Mapping[object, object]) -> bool:
    return any(is_average(str(name)) for name, value in entries.items() if isinstance(value, Mapping))


def _table(entries: Mapping[object, object], names: tuple[str, ...], depth: int = 4) -> dict[str, object] | None:
    """The mapping of names to tensors that lies in one of the entries ``names``, or is ``entries``; None for none."""
    for name in names if depth else ():
        value = entries.get(name)
        if isinstance(value, Mapping):
            found = _table(cast(Mapping[object, object], value), names, depth - 1)
            if found is not None:
                return found
    if not any(_is_tensor(value) for value in entries.values()):
        return None
    return {name: value for name, value in entries.items() if isinstance(name, str)}


def _at(entries: Mapping[object, object], entry: str, path: Path) -> dict[str, object]:
    """What ``entry`` names: an entry of entries, or the names of weights that begin with it."""
    here: object = entries
    words = entry.split(".")
    for i, word in enumerate(words):
        if not isinstance(here, Mapping):
            break
        inside: Mapping[object, object] = cast("Any", here)
        if word in inside:
            here = inside[word]
            continue
        begin = ".".join(words[i:]) + "."
        table = _table(inside, RAW) or {}
        own = {name.removeprefix(begin): value for name, value in table.items() if name.startswith(begin)}
        if own:
            return own
        raise InputError(f"{path} has no entry {entry!r}, wanted one of {_listed(inside)}")
    found = _table(cast(Mapping[object, object], here), RAW) if isinstance(here, Mapping) else None
    if found is None:
        raise InputError(f"the entry {entry!r} of {path} holds no named weights: name one that does")
    return found


def _tensors(table: Mapping[str, object], path: Path) -> dict[str, torch.Tensor]:
    for name, value in table.items():
        if isinstance(value, Inert):
            raise InputError(
                f"{name} in {path} is a {value.stands_for}, wanted a tensor: save plain tensors, "
                "torch.save(model.state_dict(), path)"
            )
    return {name: cast("torch.Tensor", value) for name, value in table.items() if _is_tensor(value)}


def _is_tensor(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _listed(entries: Mapping[object, object]) -> str:
    names = [str(name) for name in entries]
    return ", ".join(names[:8]) + (f" … ({len(names)} in all)" if len(names) > 8 else "") or "none"
