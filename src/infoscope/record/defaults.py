"""What is read where nobody says it: places, measures and the size of a batch, by what a network is.

A network with repeated blocks (the layers of a transformer, the residual blocks of a convolutional network) is read at
these and at its final norm; one without at every leaf module, as small networks are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from torch import nn

from infoscope.core.errors import InputError
from infoscope.record.inputs import BATCH_SIZE, Inputs
from infoscope.record.modules import submodules, unwrap
from infoscope.record.places import sites_and_order
from infoscope.record.variables import Variable

#: Of networks with repeated blocks, and of others.
OF_BLOCKS, OF_LEAVES = ("usable_information(scores=true)",), ("binned", "kde")
#: The most tokens, or numbers of another kind, that one forward is given: the states of a large model are a multiple.
TOKENS, NUMBERS = 4096, 1 << 22
#: Modules that hold others by number or name and do nothing themselves.
_HOLDERS = (nn.ModuleList, nn.Sequential, nn.ModuleDict)


def blocks(model: nn.Module) -> list[str]:
    """The names of the repeated blocks, in order of definition; none where there are no such.

    Of all lists of submodules that hold two or more of one class, which have submodules themselves, the one with most
    parameters says the class; the blocks are those of that class in all such lists.
    """
    model = unwrap(model)
    found: dict[type[nn.Module], list[str]] = defaultdict(list)
    largest: tuple[int, type[nn.Module]] | None = None
    names = {id(module): name for name, module in submodules(model).items()}
    for holder in model.modules():
        if not isinstance(holder, _HOLDERS):
            continue
        alike: dict[type[nn.Module], dict[str, nn.Module]] = defaultdict(dict)
        for child in holder.children():
            if not isinstance(child, _HOLDERS) and any(True for _ in child.children()) and id(child) in names:
                alike[type(child)][names[id(child)]] = child
        for kind, children in alike.items():
            if len(children) > 1:
                found[kind] += [each for each in children if not any(_inside(each, other) for other in found[kind])]
                size = sum(p.numel() for child in children.values() for p in child.parameters())
                if largest is None or size > largest[0]:
                    largest = size, kind
    return found[largest[1]] if largest is not None else []


def _inside(name: str, other: str) -> bool:
    return name.startswith(f"{other}.")


def measures(model: nn.Module, in_shards: bool = False) -> tuple[str, ...]:
    """What is measured where nobody says it: what a probe reads at the repeated blocks of a network, else binned and
    kde information, which rows that are read ``in_shards`` do not give."""
    return OF_BLOCKS if in_shards or blocks(model) else OF_LEAVES


def places(
    model: nn.Module, inputs: Inputs, variables: Mapping[str, Variable], batch_size: int = BATCH_SIZE
) -> list[str] | None:
    """What is read where nobody says it; None, every leaf module, of a network without repeated blocks.

    The repeated blocks and, as the last output, the first norm that is called behind all of them; the logits of a
    language model have a column a word. A row is a token where some variable has a label a position or a word; else a
    sample, the mean over its tokens or cells where a block gives several.
    """
    found = blocks(model)
    if not found:
        return None
    rule = "@tokens" if any(variable.per != "sample" for variable in variables.values()) else "@mean"
    names = [*found, *_final_norm(model, found, inputs, batch_size)]
    for way in (rule, ""):
        try:
            return sites_and_order(model, [f"{name}{way}" for name in names], inputs, batch_size)[0]
        except InputError:
            if not way or rule == "@tokens":
                raise
    return None


def _final_norm(model: nn.Module, found: list[str], inputs: Inputs, batch_size: int) -> list[str]:
    """The first norm called behind all blocks, if any."""
    _, order = sites_and_order(model, found, inputs, batch_size)
    kinds = {name: type(module).__name__.lower() for name, module in submodules(unwrap(model)).items()}
    inside = [any(name == block or _inside(name.partition("#")[0], block) for block in found) for name in order]
    last = max((i for i, within in enumerate(inside) if within), default=len(order))
    return [name for name in order[last + 1 :] if "norm" in kinds.get(name, "")][:1]


def batch_size(model: nn.Module, inputs: Inputs) -> int:
    """How many samples go through the network at once: of one with repeated blocks fewer where a sample is large, so
    that its states fit into memory."""
    if not blocks(model):
        return BATCH_SIZE
    largest = 1
    for tensor in inputs.tensors().values():
        one = tensor.numel() // len(inputs)
        whole = not (tensor.is_floating_point() or tensor.is_complex()) and tensor.ndim == 2
        largest = max(largest, one * (NUMBERS // TOKENS) if whole else one)
    return max(1, min(BATCH_SIZE, NUMBERS // largest))
