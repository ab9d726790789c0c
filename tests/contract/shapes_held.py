"""Asks every measurement about a few rows, with each call inside ``measure`` held to its annotations.

Run by test_shapes.py in a process of its own, with compiled loops left as Python so that they are held to theirs too.
"""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

os.environ |= {"INFOSCOPE_SHAPES": "held", "NUMBA_DISABLE_JIT": "1"}

import numpy as np
from beartype import BeartypeConf, FrozenDict, beartype
from jaxtyping import install_import_hook
from lane_twins import TWINS as OF_LANES
from numba.core.extending import _Intrinsic
from row_product_twins import TWINS as OF_ROW_PRODUCTS

#: Arithmetic written for LLVM, as NumPy does it.
TWINS = {
    "use_whole_vectors": lambda: None,
    "_exp2_negative": lambda y: np.exp2(-y),
    "greater": max,
    "lesser": min,
    "_float_from_bits": lambda bits: np.int32(bits).view(np.float32),
    "_bits_of_float": lambda x: np.float32(x).view(np.int32),
    **OF_LANES,
    **OF_ROW_PRODUCTS,
}
_Intrinsic.__call__ = lambda self, *arguments: TWINS[self._name](*arguments)

#: A compiled loop's ``int`` and ``float`` are NumPy's when it runs as Python.
NUMBERS = {int: int | np.integer, float: float | int | np.floating | np.integer, bool: bool | np.bool_}
held = beartype(conf=BeartypeConf(hint_overrides=FrozenDict(NUMBERS)))

sys.modules.setdefault("shapes_held", sys.modules[__name__])
with install_import_hook("infoscope.measure", "shapes_held.held"):
    import torch

    from infoscope.core import grammar, registry
    from infoscope.core.measurement import Given
    from infoscope.measure.questions import (
        collapse,
        dependence,
        description_length,
        geometry,
        minimality,
        noisy,
        usable,
    )

Asked = tuple[str, Callable[[], Any]]
rng = np.random.default_rng(0)
x = rng.normal(size=(24, 3))
label = np.arange(24) % 3
near = x[:, :2] + 0.5 * rng.normal(size=(24, 2))
groups = np.repeat(np.arange(12), 2)
members = np.stack([x, np.tanh(x)])


def of_estimators() -> Iterator[Asked]:
    for name, entry in registry.entries("estimators").items():
        made: Any = grammar.make("estimators", name, **{**entry.facts.get("quick", {}), **entry.facts.get("asks", {})})
        rows = x if "real" in made.first else label[:, None]
        seconds = {"labels": label, "real": near}
        thirds = {"labels": label, "real": near[:, :1]}
        for along in (None, groups):
            told = f"{name}, {'groups' if along is not None else 'rows'}"
            if "plane" in made.offers:
                yield f"{told}: plane", partial(made.measure, members, {"y": label}, Given(groups=along))
                yield (
                    f"{told}: plane of tensors",
                    partial(made.measure, torch.tensor(members), {"y": label}, Given(groups=along)),
                )
            if "entropy" in made.offers:
                yield f"{told}: entropy", partial(made.entropy, rows, along)
            if "mutual_information" in made.offers:
                for kind in made.second:
                    yield f"{told}: with {kind}", partial(made.mutual_information, rows, seconds[kind], along)
            if "conditional_mutual_information" in made.offers:
                for kind in made.second:
                    for third in made.third:
                        given = (rows, seconds[kind], thirds[third], along)
                        yield (
                            f"{told}: with {kind} given {third}",
                            partial(made.conditional_mutual_information, *given),
                        )


def of_the_others() -> Iterator[Asked]:
    for along in (None, groups):
        for name in registry.entries("geometries"):
            made: Any = grammar.make("geometries", name)
            y = {"labels": label, "rows": members[1], "": None}[made.second]
            yield f"{name}", partial(geometry.geometry, x, y, measure=name, groups=along)
        for name in registry.entries("dependences"):
            yield f"{name}", partial(dependence.dependence, x, near, measure=name, groups=along)
        for name, entry in registry.entries("probes").items():
            quick = {**entry.facts.get("quick", {}), "groups": along}
            quick |= {"steps": 2} if "steps" in quick else {}  # compiled loops are slow as Python
            for rows in (x, torch.tensor(x, dtype=torch.float32)):
                yield f"{name}", partial(usable.usable_information, rows, label, probe=name, **quick)
        more = {"probe": "linear", "groups": along}
        yield "usable, of a quantity", partial(usable.usable_information, x, near[:, 0], target="quantities", **more)
        yield "usable, conditional", partial(usable.conditional_usable_information, x, label, near, **more)
        yield "usable, chain", partial(usable.usable_chain, x, label, label % 2, **more)
        yield "description length", partial(description_length.description_length, x, label, **more)
    yield "collapse", partial(collapse.neural_collapse, x, label, rng.normal(size=(3, 3)))
    yield "minimality", partial(minimality.minimality, x, label, seed=0)
    for population in ("dataset", "sample"):
        yield f"noisy, {population}", partial(noisy.noisy_information, x, noise=0.5, population=population)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    failed = 0
    for asked, ask in (*of_estimators(), *of_the_others()):
        try:
            ask()
            print(f"ok: {asked}", flush=True)
        except Exception as error:
            failed += 1
            print(f"failed: {asked}: {type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(min(failed, 1))
