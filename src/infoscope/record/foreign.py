"""Trajectories that other programs left behind: their checkpoints, in the order of their steps."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from infoscope.core import check, registry
from infoscope.core.errors import InputError, UnknownNameError, near_keywords, unknown_name, warn
from infoscope.core.files import entries
from infoscope.record.checkpoint import IN_MEMORY, Checkpoint, format_of
from infoscope.record.step_names import Numbered, is_shard, numbered, numbered_above
from infoscope.record.trajectories._format import Copy, Moment, Selection

if TYPE_CHECKING:  # listing checkpoints must not import torch
    import torch

Where = str | os.PathLike[str]
Weights = Mapping[str, Any]
#: What trainers leave beside the weights, under the endings that weights have too.
_BESIDE = re.compile(
    r"(?:optimizer|optim|lr_scheduler|scheduler|scaler|meta|training_args|sampler|rng_state|random_states)(?:[-_.]?\d+)*"
)
#: In place of the weights of an adapter's base: those that the built model has.
BUILT = "built"
_MAPPING = "pass a mapping, {step: path}"


@near_keywords
def checkpoints(
    source: Where | Sequence[Where] | Mapping[int, Where | Callable[[], Weights] | Weights],
    *,
    weights: Copy = "raw",
    entry: str | None = None,
    dtype: torch.dtype | str | None = None,
    steps: Iterable[int] | None = None,
    base: Where | None = None,
) -> list[Checkpoint]:
    """The checkpoints that ``source`` names, in the order of their steps. No tensor is read yet.

    source: a pattern (``"out/checkpoint-*"``), a folder of checkpoints, a list of paths, a mapping from steps to paths,
    to weights or to functions that return them, or revisions of a repository (``"hub:EleutherAI/pythia-70m"``).
    weights: "raw", or "ema" for the moving average. entry: the dotted name of the mapping that holds the weights, where
    a file holds several. dtype: what is measured in, by default the stored type. steps: only these. base: of adapters,
    the weights that they change, where their own configuration does not say where they are; "built" for those that the
    built model has.

    Steps come from names, else from what the checkpoints say themselves. A file without a step (``last.ckpt``) is left
    out with a warning; where all have an epoch and no step, epochs are the steps.

    Raises
    ------
    InputError: nothing is there, a name could mean several steps, a step is there twice, weights of a kind that is not
        read. RunFolderError: a checkpoint is half-written. UnknownNameError: no checkpoint of a wanted step.
    """
    if weights not in ("raw", "ema"):
        raise unknown_name("copy of weights", str(weights), ("raw", "ema"))
    selection, kept = Selection(weights, entry), _dtype(dtype)
    if isinstance(source, Mapping):
        found = [_given(step, where, selection, kept, base) for step, where in _steps_of(source)]
    else:
        items = [_item(path, form) for path, form in _places(source)]
        found = [_checkpoint(each, selection, kept, base) for each in _stepped(items)]
    found.sort(key=lambda one: one.step)
    return found if steps is None else _wanted(found, steps)


def _dtype(dtype: torch.dtype | str | None) -> torch.dtype | None:
    if dtype is None:
        return None
    import torch

    found = getattr(torch, dtype.removeprefix("torch."), None) if isinstance(dtype, str) else dtype
    if not isinstance(cast(object, found), torch.dtype) or not cast(torch.dtype, found).is_floating_point:
        raise InputError(f"dtype is {dtype!r}, wanted a floating type: pass e.g. 'float32' or 'bfloat16'")
    return cast(torch.dtype, found)


def _wanted(found: list[Checkpoint], steps: Iterable[int]) -> list[Checkpoint]:
    by_step = {one.step: one for one in found}
    wanted = sorted({check.count(step, "steps", 0) for step in steps})
    for step in wanted:
        if step not in by_step:
            near = sorted(sorted(by_step, key=lambda other: abs(other - step))[:4])
            raise UnknownNameError(
                f"there is no checkpoint of step {step}: the nearest are {', '.join(map(str, near))} "
                f"({len(by_step)} in all)"
            )
    if not wanted:
        raise InputError("steps is empty, wanted at least one step: leave it out for all")
    return [by_step[step] for step in wanted]


# --- where they lie -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Item:
    """One checkpoint before its step is known."""

    path: Path
    kind: str
    named: Numbered
    said: Moment

    @property
    def step(self) -> int | None:
        return self.named.step if self.named.step is not None else self.said.step

    @property
    def epoch(self) -> float | None:
        return self.said.epoch if self.said.epoch is not None else self.named.epoch


def _places(source: Where | Sequence[Where]) -> Iterator[tuple[Path, str]]:
    """Each checkpoint's path and kind."""
    if isinstance(cast(object, source), (str, os.PathLike)):
        yield from _of_text(os.fspath(cast(Where, source)))
        return
    if not isinstance(cast(object, source), Iterable):
        raise InputError(
            f"source is a {type(source).__name__}, wanted a pattern, a folder, a list of paths or a mapping"
        )
    paths = list(cast("Sequence[Where]", source))
    if not paths:
        raise InputError("source is an empty list, wanted the path of at least one checkpoint")
    for each in paths:
        if not isinstance(cast(object, each), (str, os.PathLike)):
            raise InputError(f"source holds a {type(each).__name__}, wanted paths: pass a list of paths")
        if (form := _by_scheme(os.fspath(each))) is not None:
            yield Path(os.fspath(each)), form
        else:
            yield placed(Path(each))


def _of_text(text: str) -> Iterator[tuple[Path, str]]:
    scheme = _by_scheme(text)
    if scheme is not None:
        for each in format_of(scheme).listed(text.partition(":")[2]):
            yield Path(each), scheme
        return
    path = Path(text)
    if path.is_dir():
        yield from _of_folder(path)
        return
    if path.exists() or not glob.has_magic(text):
        yield placed(path)
        return
    matched = sorted(Path(name) for name in glob.glob(text, recursive=True))
    if not matched:
        raise InputError(
            f"{text!r} matches nothing, wanted at least one checkpoint: look at the pattern and the folder"
        )
    yield from _those_with_weights(matched, text)


def _of_folder(path: Path) -> Iterator[tuple[Path, str]]:
    """The checkpoints in a folder; the folder itself where it is one and holds none; the snapshots of a run."""
    own = path / "snapshots"
    if (path / "run.json").is_file() and own.is_dir():
        networks = [each for each in entries(own) if each.is_dir()]
        if len(networks) != 1:
            names = ", ".join(str(each) for each in networks) or "none"
            raise InputError(f"{path} is a run of {len(networks)} networks, wanted one: pass one of {names}")
        path = networks[0]
    kind = _recognised(path)
    if kind is not None and numbered(path.absolute().name).step is not None:
        yield path, kind  # whatever DeepSpeed puts into it
        return
    inside = [each for each in entries(path) if each.is_dir() or numbered(each.name).step is not None or kind is None]
    found = list(_those_with_weights(inside, str(path), required=kind is None))
    yield from found or ([(path, kind)] if kind is not None else [])


def _those_with_weights(paths: list[Path], source: str, *, required: bool = True) -> Iterator[tuple[Path, str]]:
    """Those of ``paths`` that are checkpoints; one whose name has a step and that holds none is refused."""
    found: list[tuple[Path, str]] = []
    for path in paths:
        if _is_beside(path):
            continue
        kind = _recognised(path)
        if kind is not None:
            found.append((path, kind))
        elif path.is_dir() and numbered(path.name).step is not None:
            found.append(placed(path))  # reads the one file in it, or says what it lacks
    if not found and required:
        names = ", ".join(path.name for path in paths[:5]) or "nothing"
        raise InputError(f"{source!r} holds no checkpoint ({names}), wanted {_kinds()}")
    yield from found


def placed(path: Path) -> tuple[Path, str]:
    """The checkpoint that ``path`` is, or the one file of weights in it; and its kind, a name in record/trajectories.

    Raises
    ------
    InputError: nothing is there, nothing that holds weights, or several files that do.
    """
    if not path.exists():
        raise InputError(f"{path} is not there, wanted a checkpoint: look at its name")
    kind = _recognised(path)
    if kind is not None:
        return path, kind
    if path.is_file():
        raise InputError(f"{path} is no checkpoint, wanted {_kinds()}")
    inside = entries(path)
    files = [(each, form) for each in inside if not _is_beside(each) and (form := _recognised(each)) is not None]
    if len(files) == 1:
        return files[0]
    if files:
        names = ", ".join(each.name for each, _ in files[:5])
        raise InputError(f"{path} holds several files of weights ({names}), wanted one: name it, {files[0][0]}")
    names = [each.name for each in inside]
    held = ", ".join(names[:5]) + (" …" if len(names) > 5 else "") if names else "nothing"
    raise InputError(f"{path} holds no weights ({held}), wanted {_kinds()}: it may be half-written, or leave it out")


def _is_beside(path: Path) -> bool:
    """Whether a trainer left it beside the weights."""
    return path.name.startswith((".", "tmp-")) or (path.is_file() and _BESIDE.fullmatch(path.stem.lower()) is not None)


def _recognised(path: Path) -> str | None:
    kinds = [name for name in registry.entries("trajectories") if format_of(name).recognises(path)]
    if len(kinds) > 1:
        raise InputError(
            f"{path} can be read as {' and as '.join(kinds)}, wanted one: name the file in it that is meant"
        )
    return kinds[0] if kinds else None


def _by_scheme(text: str) -> str | None:
    """The kind whose ``scheme:`` a text begins with."""
    scheme, colon, _ = text.partition(":")
    if not colon or os.path.exists(text):
        return None
    return next((name for name in registry.entries("trajectories") if format_of(name).scheme == scheme), None)


def _kinds() -> str:
    return (
        "model.safetensors or its index, pytorch_model.bin, adapter_model.safetensors, .metadata with .distcp files, "
        "or a .safetensors, .pt, .pth, .bin or .ckpt file"
    )


# --- their steps ----------------------------------------------------------------------------------------------------


def _item(path: Path, kind: str) -> _Item:
    form = format_of(kind)
    if not form.scheme and path.is_file() and is_shard(path):
        raise InputError(f"{path} is one of several shards, wanted them together: pass the folder, {path.parent}")
    named = numbered((path.name or path.absolute().name) if not form.scheme else str(path).rpartition("@")[2])
    if named == Numbered() and path.is_file():
        named = numbered_above(path.absolute().parent.name)  # step1000/pytorch_model.bin
    said = Moment()
    if not form.scheme and (named.step is None or form.quick):
        said = form.moment(path)
    if named.step is not None and said.step is not None and named.step != said.step:
        raise InputError(f"{path} says step {said.step} inside and {named.step} in its name, wanted one: {_MAPPING}")
    return _Item(path, kind, named, said)


def _stepped(items: list[_Item]) -> list[_Item]:
    """Those that have a step, told apart by it; the others are told."""
    for each in items:
        if each.step is None and len(each.named.either) > 1:
            numbers = " or ".join(map(str, each.named.either))
            raise InputError(f"{each.path} could be of step {numbers}, wanted one: {_MAPPING}")
        if each.step is None and each.named.either:
            raise InputError(f"{each.path} says no exact step in its name, wanted one: {_MAPPING}")
    without = [each for each in items if each.step is None]
    if without and len(without) == len(items) and all(_is_whole(each.epoch) for each in items):
        warn(f"{len(items)} checkpoints say an epoch and no step: their epochs are taken for steps")
        items = [_Item(e.path, e.kind, Numbered(int(e.epoch or 0), e.epoch), e.said) for e in items]
        without = []
    found: dict[int, _Item] = {}
    for each in (each for each in items if each.step is not None):
        step = cast(int, each.step)
        if step in found:
            if os.path.realpath(found[step].path) == os.path.realpath(each.path):
                continue  # a link to the other
            raise InputError(f"{found[step].path} and {each.path} are both of step {step}, wanted one: {_MAPPING}")
        found[step] = each
    if not found:
        raise InputError(
            f"{', '.join(str(each.path) for each in without[:3])}{' …' if len(without) > 3 else ''} say no step, in "
            f"their names or inside, wanted one each: {_MAPPING}"
        )
    if without:
        names = ", ".join(str(each.path) for each in without)
        warn(f"{names} {'says no step and is' if len(without) == 1 else 'say no step and are'} left out")
    return list(found.values())


def _is_whole(epoch: float | None) -> bool:
    return epoch is not None and epoch == int(epoch)


# --- made -----------------------------------------------------------------------------------------------------------


def _steps_of(source: Mapping[int, Any]) -> list[tuple[int, Any]]:
    if not source:
        raise InputError("source is an empty mapping, wanted at least one step")
    return [(check.count(step, "a step", 0), where) for step, where in source.items()]


def _given(step: int, where: Any, selection: Selection, dtype: torch.dtype | None, base: Where | None) -> Checkpoint:
    """The checkpoint that a mapping names for a step."""
    if callable(where):
        return Checkpoint(step, None, None, IN_MEMORY, selection, dtype, made=cast("Callable[[], Weights]", where))
    if isinstance(where, Mapping):
        return Checkpoint(step, None, None, IN_MEMORY, selection, dtype, made=_InMemory(cast(Weights, where)))
    if not isinstance(where, (str, os.PathLike)):
        raise InputError(
            f"{type(where).__name__} arrived for step {step}, wanted a path, weights by name or a function that "
            "returns them"
        )
    text = os.fspath(cast("str", where))
    scheme = _by_scheme(text)
    path, kind = (Path(text), scheme) if scheme is not None else placed(Path(text))
    form = format_of(kind)
    epoch = form.moment(path).epoch if form.quick else None
    epoch = numbered(path.name).epoch if epoch is None else epoch
    item = _Item(path, kind, Numbered(step, epoch), Moment())
    return _checkpoint(item, selection, dtype, base)


@dataclass(frozen=True)
class _InMemory:
    """Weights in memory, as the function that returns them."""

    state: Weights

    def __call__(self) -> Weights:
        return self.state


def _checkpoint(item: _Item, selection: Selection, dtype: torch.dtype | None, base: Where | None) -> Checkpoint:
    form = format_of(item.kind)
    if not form.scheme:
        form.paths(item.path)  # refuses a missing shard before anything is measured
    assert item.step is not None
    name = form.base(item.path)
    changed = None if name is None else base_of(name, item.path, base)
    return Checkpoint(item.step, item.epoch, item.path, item.kind, selection, dtype, name is not None, changed)


def base_of(name: str, path: Path, base: Where | None) -> Checkpoint | None:
    """The model that an adapter changes: the one that was passed, or the one that its configuration calls ``name``."""
    text = name if base is None else os.fspath(base)
    if text == BUILT:
        return None
    if not text:
        raise InputError(
            f"{path} is an adapter and does not say of which model, wanted its weights: pass base= with their folder, "
            f"or base={BUILT!r} where build returns it with them"
        )
    there = next((each for each in (Path(text), path / text) if each.exists()), None)
    if there is not None:
        return Checkpoint(0, None, *placed(there))
    if _by_scheme(text) is None and not re.fullmatch(r"[\w.-]+/[\w.-]+(?:@[\w./-]+)?", text):
        raise InputError(
            f"{path} is an adapter of {text}, which is not there, wanted its weights: pass base= with their folder, or "
            f"base={BUILT!r} where build returns it with them"
        )
    text = text if _by_scheme(text) is not None else f"hub:{text}"
    return Checkpoint(0, None, Path(text if "@" in text else f"{text}@main"), "hub")
