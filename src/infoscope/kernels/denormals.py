"""Numbers below the smallest normal one taken as zero, inside a compiled loop.

A network that has fitted its rows hands back gradients of 1e-38 and less, and moments of an optimiser die away to the
smallest number there is and stay there. Each product with one of those takes a processor as long as a hundred others.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_intrinsic: Any = intrinsic  # which no type checker understands: the first argument is numba's own
_X86 = 0x8040  # of MXCSR: results flushed to zero, operands taken as zero
_ARM = 1 << 24  # of FPCR: both
_MODE = ir.IntType(64)


@_intrinsic
def flush_denormals(typingctx):
    """From now on this thread takes denormal numbers as zero, until :func:`restore_denormals` is told what this
    returns; nothing changes on processors other than x86 and ARM's."""

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        read, write, bits = _register(context, builder)
        before = read()
        write(builder.or_(before, _MODE(bits)))
        return before

    return types.int64(), codegen


@_intrinsic
def restore_denormals(typingctx, before):
    """This thread treats denormal numbers again as it did ``before``."""

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        _, write, _ = _register(context, builder)
        write(given[0])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


def _register(context: Any, builder: Any) -> tuple[Any, Any, int]:
    """How the register that says so is read and written, and which bits of it say it."""
    triple = context.codegen().magic_tuple()[0]
    if triple.startswith(("x86_64", "i386", "i686")):
        short = ir.IntType(32)
        place = cgutils.alloca_once(builder, short)
        address = builder.bitcast(place, cgutils.voidptr_t)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t])
        store, load = (
            cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.sse.{name}")
            for name in ("stmxcsr", "ldmxcsr")
        )

        def read() -> Any:
            builder.call(store, [address])
            return builder.zext(builder.load(place), _MODE)

        def write(mode: Any) -> None:
            builder.store(builder.trunc(mode, short), place)
            builder.call(load, [address])

        return read, write, _X86
    if triple.startswith(("aarch64", "arm64")):
        reading, writing = ir.FunctionType(_MODE, []), ir.FunctionType(ir.VoidType(), [_MODE])
        get = cgutils.get_or_insert_function(builder.module, reading, "llvm.aarch64.get.fpcr")
        put = cgutils.get_or_insert_function(builder.module, writing, "llvm.aarch64.set.fpcr")
        return (lambda: builder.call(get, [])), (lambda mode: builder.call(put, [mode])), _ARM
    return (lambda: _MODE(0)), (lambda mode: None), 0
