"""Vectors of 512 bits where they are the faster ones: LLVM cuts them in two on Intel's processors unless it is told.

It does so because early ones slowed down while they used them, which those named here do not.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

_intrinsic: Any = intrinsic  # which no type checker understands: the first argument is numba's own
_MAKERS_OWN = ("znver",)  # whose LLVM leaves them whole
_SAID = ("icelake-server", "sapphirerapids", "emeraldrapids", "graniterapids")


def whole(codegen: Any) -> bool:
    """Whether the processor that is compiled for computes on 512 bits at a time, where a function is :func:`marked`."""
    _, processor, features = codegen.magic_tuple()
    return "+avx512f" in features and processor.startswith((*_MAKERS_OWN, *_SAID))


def marked(function: Any, codegen: Any) -> None:
    """Let LLVM use them in ``function``, if they are the faster ones."""
    if whole(codegen):
        set.add(function.attributes, '"prefer-vector-width"="512"')  # llvmlite's own takes attributes without values


@_intrinsic
def use_whole_vectors(typingctx):
    """The compiled function that says this is :func:`marked`.

    What it calls says so itself, even with ``forceinline``: numba turns loops into vectors before they are put where
    they are called.
    """

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        marked(builder.function, context.codegen())
        return context.get_dummy_value()

    return types.void(), codegen
