"""Distances of one row to 32 others, or to 8 boxes, at once: arithmetic written for LLVM.

A loop over any number of columns keeps its 32 sums in registers here; numba's own vectoriser does so only where the
number is a constant. Rows lie ``[leaf, d, 32]``, boxes ``[node, 2, d, 8]``: least and greatest of each column.
Euclidean distances are squares. Of a mask, bit j is row or box j.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

if TYPE_CHECKING:  # neither package says its types
    from typing import Any as Builder
    from typing import Any as Context
    from typing import Any as Kind
    from typing import Any as Signature
    from typing import Any as Typing
    from typing import Any as Value
else:
    from llvmlite.ir import IRBuilder as Builder
    from llvmlite.ir import Value
    from numba.core.base import BaseContext as Context
    from numba.core.types import Type as Kind
    from numba.core.typing.context import BaseContext as Typing
    from numba.core.typing.templates import Signature

ROWS, BOXES = 32, 8
_REAL, _WORD = ir.DoubleType(), ir.IntType(64)


def _at(context: Context, builder: Builder, kind: Kind, array: Value, offset: Value, lanes: int) -> Any:
    """A pointer to ``lanes`` numbers of an array, in C order, from place ``offset`` on."""
    return _vector(builder, context.make_array(kind)(context, builder, array).data, offset, lanes)


def _vector(builder: Builder, data: Value, offset: Value, lanes: int) -> Any:
    """The same of numbers that begin at ``data``."""
    place = builder.gep(data, [offset])
    return builder.bitcast(place, ir.PointerType(ir.VectorType(_REAL, lanes))) if lanes > 1 else place


def _written(module: Any, name: str, kinds: Sequence[Any], write: Callable[..., Any]) -> Any:
    """The function of that name in ``module``, which the first who asks writes: it is compiled once, whoever calls.

    Not what a search asks most: as a part of its loop it takes a fifth less time in ten columns.
    """
    name = f"infoscope.{name}"
    if name not in module.globals:
        function = ir.Function(module, ir.FunctionType(_WORD, kinds), name)
        function.linkage = "internal"
        function.attributes.add("alwaysinline" if name == "infoscope.rows_below" else "noinline")
        builder = ir.IRBuilder(function.append_basic_block())
        builder.ret(write(builder, *function.args))
    return module.globals[name]


def _greater(builder: Builder, one: Value, other: Value) -> Any:
    return builder.select(builder.fcmp_ordered(">", one, other), one, other)


def _all(builder: Builder, value: Value, lanes: int) -> Any:
    """``value`` in every lane."""
    vector = ir.VectorType(value.type, lanes)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), lanes), None)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), places)


def _distances(
    builder: Builder, arguments: Sequence[Value], lanes: int, gaps: Callable[..., tuple[Any, ...]], kinds: int
) -> list[Any]:
    """In each lane the largest distance of a block, of each of so many kinds; ``gaps(column, value)`` are those of a
    column.

    arguments: where a point's columns and the first column of each block are, how many blocks, whether Euclidean.
    """
    point, starts, blocks, euclidean = arguments
    vector = ir.VectorType(_REAL, lanes)
    zero = ir.Constant(vector, None)
    found = [cgutils.alloca_once_value(builder, zero) for _ in range(kinds)]
    size = ir.Constant(_WORD, 1)

    def first(b: Value) -> Any:
        return builder.load(builder.gep(starts, [b]))

    def of_column(c: Value) -> tuple[Any, ...]:
        return gaps(c, _all(builder, builder.load(builder.gep(point, [c])), lanes))

    def largest() -> None:
        with cgutils.for_range_slice(builder, ir.Constant(_WORD, 0), first(blocks), size, _WORD) as (c, _):
            for one, place in zip(of_column(c), found, strict=True):
                builder.store(_greater(builder, builder.load(place), one), place)

    def squared() -> None:
        totals = [cgutils.alloca_once(builder, vector) for _ in found]
        with cgutils.for_range_slice(builder, ir.Constant(_WORD, 0), blocks, size, _WORD) as (b, _):
            for total in totals:
                builder.store(zero, total)
            with cgutils.for_range_slice(builder, first(b), first(builder.add(b, size)), size, _WORD) as (c, _):
                for one, total in zip(of_column(c), totals, strict=True):
                    builder.store(builder.fadd(builder.load(total), builder.fmul(one, one)), total)
            for total, place in zip(totals, found, strict=True):
                builder.store(_greater(builder, builder.load(place), builder.load(total)), place)

    with builder.if_else(euclidean) as (then, otherwise):
        with then:
            squared()
        with otherwise:
            largest()
    return [builder.load(place) for place in found]


def _mask(builder: Builder, sign: str, distances: Value, limit: Value, lanes: int) -> Any:
    told = builder.fcmp_ordered(sign, distances, _all(builder, limit, lanes))
    return builder.zext(builder.bitcast(told, ir.IntType(lanes)), _WORD)


#: What the functions that are written take: where rows or boxes begin, how far their columns go, then a point's
#: columns, the first column of each block, how many blocks, whether Euclidean, a limit, and where distances go.
_POINTER, _PLACES = _REAL.as_pointer(), _WORD.as_pointer()
_GIVEN = [_POINTER, _WORD, _POINTER, _PLACES, _WORD, ir.IntType(1), _REAL, _POINTER]


def _asked(name: str, axis: int, sides: int, lanes: int, write: Callable[..., Any]) -> Any:
    """An intrinsic that asks the function ``write`` writes about one leaf or node: a stretch of an array whose ``axis``
    is its columns, ``sides`` times ``lanes`` numbers each."""

    def asked(
        context: Typing, held: Kind, which: Kind, point: Kind, starts: Kind, euclidean: Kind, limit: Kind, out: Kind
    ) -> Any:
        def generate(context: Context, builder: Builder, signature: Signature, arguments: Sequence[Value]) -> Any:
            held, which, point, starts, euclidean, limit, out = (
                context.make_array(kind)(context, builder, value) if isinstance(kind, types.Array) else value
                for kind, value in zip(signature.args, arguments, strict=True)
            )
            columns = builder.mul(builder.extract_value(held.shape, axis), ir.Constant(_WORD, lanes))
            first = builder.mul(which, builder.mul(columns, ir.Constant(_WORD, sides)))
            blocks = builder.sub(starts.nitems, ir.Constant(_WORD, 1))
            function = _written(builder.module, name, _GIVEN, write)
            given = builder.gep(held.data, [first]), columns, point.data, starts.data, blocks, euclidean, limit
            return builder.call(function, [*given, out.data])

        return types.int64(held, types.int64, point, starts, types.boolean, types.float64, out), generate

    asked.__name__ = name
    return intrinsic(asked)


def _rows(sign: str) -> Callable[..., Any]:
    def write(builder: Builder, rows: Value, columns: Value, *rest: Value) -> Any:
        *asked, limit, out = rest

        def gap(c: Value, value: Value) -> tuple[Any, ...]:
            at = builder.mul(c, ir.Constant(_WORD, ROWS))
            column = builder.load(_vector(builder, rows, at, ROWS), align=8)
            bits = ir.VectorType(_WORD, ROWS)
            apart = builder.bitcast(builder.fsub(column, value), bits)
            positive = builder.and_(apart, ir.Constant(bits, [2**63 - 1] * ROWS))
            return (builder.bitcast(positive, ir.VectorType(_REAL, ROWS)),)

        (found,) = _distances(builder, asked, ROWS, gap, 1)
        builder.store(found, _vector(builder, out, ir.Constant(_WORD, 0), ROWS), align=8)
        return _mask(builder, sign, found, limit, ROWS)

    return write


def _boxes(both: bool) -> Callable[..., Any]:
    def write(builder: Builder, boxes: Value, columns: Value, *rest: Value) -> Any:
        *asked, limit, out = rest

        def gaps(c: Value, value: Value) -> tuple[Any, ...]:
            low = builder.mul(c, ir.Constant(_WORD, BOXES))
            least, greatest = (
                builder.load(_vector(builder, boxes, at, BOXES), align=8) for at in (low, builder.add(low, columns))
            )
            below, above = builder.fsub(least, value), builder.fsub(value, greatest)
            near = _greater(builder, _greater(builder, below, above), ir.Constant(below.type, None))
            if not both:
                return (near,)
            minus = ir.Constant(below.type, [-0.0] * BOXES)
            return near, _greater(builder, builder.fsub(minus, below), builder.fsub(minus, above))

        near, *far = _distances(builder, asked, BOXES, gaps, 2 if both else 1)
        if not both:
            builder.store(near, _vector(builder, out, ir.Constant(_WORD, 0), BOXES), align=8)
            return _mask(builder, "<", near, limit, BOXES)
        inside = _mask(builder, "<=", far[0], limit, BOXES)
        return builder.or_(_mask(builder, "<=", near, limit, BOXES), builder.shl(inside, ir.Constant(_WORD, BOXES)))

    return write


#: (blocks, leaf, point, starts, euclidean, limit, out): distances of a leaf's rows into ``out [32]``, and a mask of
#: those below the limit, or within it.
rows_below: Any = _asked("rows_below", 1, 1, ROWS, _rows("<"))
rows_within: Any = _asked("rows_within", 1, 1, ROWS, _rows("<="))
#: (boxes, node, point, starts, euclidean, limit, out): least distances to a node's boxes into ``out [8]``, and a mask
#: of those below the limit.
boxes_below: Any = _asked("boxes_below", 2, 2, BOXES, _boxes(False))
#: The same within the limit and, from bit 8 on, which boxes are so with all they hold; nothing into ``out``. An empty
#: box (infinity to minus infinity) is out of reach.
boxes_within: Any = _asked("boxes_within", 2, 2, BOXES, _boxes(True))


def _equal(context: Typing, gaps: Kind, value: Kind) -> Any:
    def generate(context: Context, builder: Builder, signature: Signature, arguments: Sequence[Value]) -> Any:
        place = _at(context, builder, signature.args[0], arguments[0], ir.Constant(_WORD, 0), ROWS)
        return _mask(builder, "==", builder.load(place, align=8), arguments[1], ROWS)

    return types.int64(gaps, types.float64), generate


def _ends(context: Typing, line: Kind) -> Any:
    def generate(context: Context, builder: Builder, signature: Signature, arguments: Sequence[Value]) -> Any:
        at = _at(context, builder, signature.args[0], arguments[0], ir.Constant(_WORD, 0), ROWS)
        numbers = builder.load(at, align=8)
        reduced = ir.FunctionType(_REAL, [numbers.type])
        found = [
            builder.call(
                cgutils.get_or_insert_function(builder.module, reduced, f"llvm.vector.reduce.{name}.v{ROWS}f64"),
                [numbers], fastmath=("nnan",),
            )
            for name in ("fmin", "fmax")
        ]  # fmt: skip
        return context.make_tuple(builder, signature.return_type, found)

    return types.UniTuple(types.float64, 2)(line), generate


def _sift(context: Typing, gaps: Kind, best: Kind, levels: Kind) -> Any:
    def generate(context: Context, builder: Builder, signature: Signature, arguments: Sequence[Value]) -> Any:
        gaps, best, levels = arguments
        kinds, zero, one = signature.args, ir.Constant(_WORD, 0), ir.Constant(_WORD, 1)
        given = builder.load(_at(context, builder, kinds[0], gaps, zero, ROWS), align=8)
        carried = cgutils.alloca_once_value(builder, given)
        with cgutils.for_range_slice(builder, zero, levels, one, _WORD) as (level, _):
            at = _at(context, builder, kinds[1], best, builder.mul(level, ir.Constant(_WORD, ROWS)), ROWS)
            held, value = builder.load(at, align=8), builder.load(carried)
            less = builder.fcmp_ordered("<", value, held)
            builder.store(builder.select(less, value, held), at, align=8)
            builder.store(builder.select(less, held, value), carried)
        return context.get_dummy_value()

    return types.none(gaps, best, types.int64), generate


def _first_bit(context: Typing, mask: Kind) -> Any:
    def generate(context: Context, builder: Builder, signature: Signature, arguments: Sequence[Value]) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


def _beyond(context: Typing, gap: Kind, reach: Kind) -> Any:
    def generate(context: Context, builder: Builder, signature: Signature, arguments: Sequence[Value]) -> Any:
        gap, reach = arguments
        # LLVM makes a branch of a comparison, which a bisection mispredicts every other time; not of a sign.
        left = builder.bitcast(builder.fsub(reach, gap), _WORD)
        return builder.ashr(left, ir.Constant(_WORD, 63))

    return types.int64(types.float64, types.float64), generate


def _bits(context: Typing, mask: Kind) -> Any:
    def generate(context: Context, builder: Builder, signature: Signature, arguments: Sequence[Value]) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.int64), generate


#: (line): the least and the greatest of ``line [32]``, none of which is NaN.
ends: Any = intrinsic(_ends)
#: (gaps, value): a mask of those of ``gaps [32]`` that are equal to the value.
equal: Any = intrinsic(_equal)
#: (gaps, best, levels): ``gaps [32]`` put into the ``levels`` least of each lane, ``best [levels, 32]``, least first.
sift: Any = intrinsic(_sift)
#: The place of the lowest bit of a mask that has one; how many bits it has.
first_bit: Any = intrinsic(_first_bit)
bits: Any = intrinsic(_bits)
#: (gap, reach), finite: -1, which is all bits, where the gap is larger, else 0.
beyond: Any = intrinsic(_beyond)
