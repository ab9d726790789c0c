"""Products of small matrices with rows that lie on lanes, whose sums stay in registers until they are whole.

Arrays are ``[unit, lane]``, a lane a row of a batch. Tiles of units and vectors of lanes are written out in LLVM's own
language: numba takes seconds to compile such loops from Python, and LLVM's vectoriser keeps no tile in registers. The
order of each sum is written too, so that a loop has the same bits wherever it is compiled into.

Lanes are whole vectors, a multiple of :data:`LANES`. Those left over hold a row again, and count nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from infoscope.kernels.vector_width import marked, whole

LANES = 16  # lanes come in multiples of this, on every processor
NOTHING, ITSELF = -1, -2  # what a product begins with, in place of where its biases are
_INDEX, _REAL, _SHORT = ir.IntType(64), ir.FloatType(), ir.IntType(32)
_POINTER = _REAL.as_pointer()
_intrinsic: Any = intrinsic  # which no type checker understands: the first argument is numba's own


class _Tiles(NamedTuple):
    """What fits into a processor's registers: lanes of a vector, units and vectors of a tile of a product, and units
    of both sides in a tile of moments."""

    lanes: int
    units: int
    vectors: tuple[int, ...]
    square: tuple[int, int]


def padded(x: np.ndarray) -> np.ndarray:
    """``x [n, d]`` as :func:`set_columns` wants it: float32, columns of zeros added; itself where that is so."""
    missing = -x.shape[1] % LANES
    return np.ascontiguousarray(np.pad(x, ((0, 0), (0, missing))) if missing else x, np.float32)


def followed(rows: np.ndarray) -> np.ndarray:
    """Which ``rows`` the lanes hold, with the first once more for those of the last vector that none is left for."""
    return np.concatenate([rows, np.full(LANES, rows[0] if len(rows) else 0)]).astype(np.int64)


def _tiles(codegen: Any) -> _Tiles:
    triple, _, features = codegen.magic_tuple()
    if "+avx512f" in features:
        return _Tiles(16, 6, (4, 2, 1), (4, 4)) if whole(codegen) else _Tiles(8, 6, (4, 2), (4, 4))
    if "+avx2" in features:
        return _Tiles(8, 6, (2,), (2, 4))
    many = triple.startswith(("aarch64", "arm64"))
    return _Tiles(4, 6, (4,), (4, 4)) if many else _Tiles(4, 4, (2,), (2, 4))


@_intrinsic
def set_product(typingctx, p, at, across, down, outs, ins, a, ai, z, zi, lanes, begin):
    """z[zi + o] = p[begin + o] + the sum over i of W[o, i] a[ai + i], in that order; zi may not lie among ai.

    W[o, i] is ``p[at + across * o + down * i]``: the weights of a layer, or, the other way round, their transpose.
    begin: where the biases are; :data:`NOTHING` for none, :data:`ITSELF` to add to what ``z`` holds. p, a ``[unit,
    lane]``, z: contiguous, a and z of one width, which is ``lanes`` or more.
    """
    numbers = [types.int64] * 5
    signature = types.void(p, *numbers, a, types.int64, z, types.int64, types.int64, types.int64)

    def codegen(context: Any, builder: Any, signature: Any, given: Sequence[Any]) -> Any:
        p, at, across, down, outs, ins, a, ai, z, zi, lanes, begin = given
        kinds = signature.args
        source, stride = _matrix(context, builder, kinds[6], a)
        target, _ = _matrix(context, builder, kinds[8], z)
        weights = context.make_array(kinds[0])(context, builder, p).data
        add = builder.icmp_signed("==", begin, _INDEX(ITSELF))
        biased = builder.icmp_signed(">=", begin, _INDEX(0))
        zero = cgutils.alloca_once_value(builder, _REAL(0))
        biases = builder.select(biased, builder.gep(weights, [begin]), zero)
        function = _written(builder.module, "product", context.codegen(), _PRODUCT, _write_product)
        places = [(weights, at), (source, builder.mul(ai, stride)), (target, builder.mul(zi, stride))]
        pointers = [builder.gep(pointer, [place]) for pointer, place in places]
        each = builder.zext(biased, _INDEX)
        builder.call(function, [*pointers, biases, across, down, outs, ins, stride, lanes, each, add])
        return context.get_dummy_value()

    return signature, codegen


@_intrinsic
def add_moments(typingctx, d, at, outs, ins, g, gi, a, ai, lanes):
    """d[at + ins * o + i] += the sum over lanes of g[gi + o] a[ai + i].

    d, g ``[unit, lane]``, a: contiguous, g and a of one width, which is ``lanes`` or more.
    """
    signature = types.void(d, *[types.int64] * 3, g, types.int64, a, types.int64, types.int64)

    def codegen(context: Any, builder: Any, signature: Any, given: Sequence[Any]) -> Any:
        d, at, outs, ins, g, gi, a, ai, lanes = given
        kinds = signature.args
        left, stride = _matrix(context, builder, kinds[4], g)
        right, _ = _matrix(context, builder, kinds[6], a)
        found = context.make_array(kinds[0])(context, builder, d).data
        function = _written(builder.module, "moments", context.codegen(), _MOMENTS, _write_moments)
        places = [(found, at), (left, builder.mul(gi, stride)), (right, builder.mul(ai, stride))]
        pointers = [builder.gep(pointer, [place]) for pointer, place in places]
        builder.call(function, [*pointers, outs, ins, stride, lanes])
        return context.get_dummy_value()

    return signature, codegen


@_intrinsic
def set_columns(typingctx, x, rows, at, a, lanes):
    """a[i, b] = x[rows[at + b], i] for all columns i of x and ``lanes`` lanes b.

    x: contiguous, its columns a multiple of :data:`LANES`; ``a [unit, lane]`` has as many units and more. rows: int64.
    """
    signature = types.void(x, rows, types.int64, a, types.int64)

    def codegen(context: Any, builder: Any, signature: Any, given: Sequence[Any]) -> Any:
        x, rows, at, a, lanes = given
        kinds = signature.args
        source, columns = _matrix(context, builder, kinds[0], x)
        target, stride = _matrix(context, builder, kinds[3], a)
        places = builder.gep(context.make_array(kinds[1])(context, builder, rows).data, [at])
        function = _written(builder.module, "columns", context.codegen(), _COLUMNS, _write_columns)
        builder.call(function, [source, places, target, columns, stride, lanes])
        return context.get_dummy_value()

    return signature, codegen


_PRODUCT = [_POINTER] * 4 + [_INDEX] * 7 + [ir.IntType(1)]
_MOMENTS = [_POINTER] * 3 + [_INDEX] * 4
_COLUMNS = [_POINTER, _INDEX.as_pointer(), _POINTER] + [_INDEX] * 3


def _write_product(builder: Any, tiles: _Tiles, given: Sequence[Any]) -> None:
    weights, source, target, biases, across, down, outs, ins, stride, lanes, each, add = given
    row = cgutils.alloca_once_value(builder, _INDEX(0))
    kept = [[_vector(builder, tiles.lanes) for _ in range(tiles.vectors[0])] for _ in range(tiles.units)]

    def tile(row: Any, vectors: int, o: Any, units: int) -> None:
        """``units`` outputs from ``o`` on of so many ``vectors`` of rows."""
        apart = [builder.add(row, _INDEX(tiles.lanes * v)) for v in range(vectors)]
        places = [builder.add(o, _INDEX(k)) for k in range(units)]
        lines = [builder.gep(target, [builder.mul(stride, place)]) for place in places]
        at = [builder.gep(weights, [builder.mul(across, place)]) for place in places]
        with builder.if_else(add) as (adds, begins):
            with adds:
                for own, line in zip(kept, lines, strict=False):
                    for one, b in zip(own, apart, strict=False):
                        builder.store(_load(builder, line, b, tiles.lanes), one)
            with begins:
                for own, place in zip(kept, places, strict=False):
                    start = _spread(builder, builder.load(builder.gep(biases, [builder.mul(each, place)])), tiles.lanes)
                    for one in own[:vectors]:
                        builder.store(start, one)
        with cgutils.for_range(builder, ins) as loop:
            line, step = builder.gep(source, [builder.mul(stride, loop.index)]), builder.mul(down, loop.index)
            x = [_load(builder, line, b, tiles.lanes) for b in apart]
            for own, w in zip(kept, at, strict=False):
                weight = _spread(builder, builder.load(builder.gep(w, [step])), tiles.lanes)
                for one, value in zip(own, x, strict=False):
                    builder.store(_multiply_add(builder, weight, value, builder.load(one)), one)
        for own, line in zip(kept, lines, strict=False):
            for one, b in zip(own, apart, strict=False):
                _store(builder, builder.load(one), line, b)

    for vectors in tiles.vectors:  # most rows by the widest tile, then what is left
        size = _INDEX(tiles.lanes * vectors)
        with _while(builder, lambda size=size: builder.icmp_signed("<=", builder.add(builder.load(row), size), lanes)):
            begun = builder.load(row)
            _parts(builder, outs, tiles.units, lambda o, units, v=vectors, begun=begun: tile(begun, v, o, units))
            builder.store(builder.add(begun, size), row)


def _write_moments(builder: Any, tiles: _Tiles, given: Sequence[Any]) -> None:
    found, left, right, outs, ins, stride, lanes = given
    tall, wide = tiles.square
    kept = [[_vector(builder, tiles.lanes) for _ in range(wide)] for _ in range(tall)]

    def tile(o: Any, above: int, i: Any, beside: int) -> None:
        """The moments of ``above`` units from ``o`` on with ``beside`` from ``i`` on."""
        g = [builder.gep(left, [builder.mul(stride, builder.add(o, _INDEX(k)))]) for k in range(above)]
        a = [builder.gep(right, [builder.mul(stride, builder.add(i, _INDEX(k)))]) for k in range(beside)]
        own = [line[:beside] for line in kept[:above]]
        for sums in own:
            for one in sums:
                builder.store(_spread(builder, _REAL(0), tiles.lanes), one)
        with cgutils.for_range_slice(builder, _INDEX(0), lanes, _INDEX(tiles.lanes), _INDEX) as (b, _):
            x = [_load(builder, line, b, tiles.lanes) for line in a]
            for line, sums in zip(g, own, strict=True):
                slope = _load(builder, line, b, tiles.lanes)
                for one, value in zip(sums, x, strict=True):
                    builder.store(_multiply_add(builder, slope, value, builder.load(one)), one)
        for k, sums in enumerate(own):
            place = builder.gep(found, [builder.add(builder.mul(ins, builder.add(o, _INDEX(k))), i)])
            total = _sums(builder, [builder.load(one) for one in sums], tiles.lanes)
            old = _load(builder, place, _INDEX(0), beside)
            _store(builder, builder.fadd(old, total, flags=("contract",)), place, _INDEX(0))

    def line(o: Any, above: int) -> None:
        _parts(builder, ins, wide, lambda i, beside: tile(o, above, i, beside))

    _parts(builder, outs, tall, line)


def _write_columns(builder: Any, tiles: _Tiles, given: Sequence[Any]) -> None:
    source, rows, target, columns, stride, lanes = given
    side, zero = tiles.lanes, _INDEX(0)
    with cgutils.for_range_slice(builder, zero, lanes, _INDEX(side), _INDEX) as (b, _):
        mine = [builder.load(builder.gep(rows, [builder.add(b, _INDEX(k))])) for k in range(side)]
        lines = [builder.gep(source, [builder.mul(columns, row)]) for row in mine]
        with cgutils.for_range_slice(builder, zero, columns, _INDEX(side), _INDEX) as (i, _):
            turned = [_load(builder, line, i, side) for line in lines]
            half = side // 2
            while half:  # swap the blocks off the diagonal, of ever smaller squares
                below = [j + half * (j // half % 2 == 0) for j in range(side)]
                first = [j if j // half % 2 == 0 else side + j - half for j in range(side)]
                second = [j + half if j // half % 2 == 0 else side + j for j in range(side)]
                for k in range(side):
                    if k // half % 2 == 0:
                        pair = turned[k], turned[below[k]]
                        turned[k] = builder.shuffle_vector(*pair, _mask(first))
                        turned[below[k]] = builder.shuffle_vector(*pair, _mask(second))
                half //= 2
            for k, line in enumerate(turned):
                place = builder.add(builder.mul(stride, builder.add(i, _INDEX(k))), b)
                _store(builder, line, target, place)


def _written(module: Any, name: str, codegen: Any, kinds: Sequence[Any], write: Callable[..., None]) -> Any:
    """The function of that name in ``module``, written by the first who asks."""
    name = f"infoscope.{name}"
    if name not in module.globals:
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        marked(function, codegen)
        builder = ir.IRBuilder(function.append_basic_block())
        write(builder, _tiles(codegen), function.args)
        builder.ret_void()
    return module.globals[name]


@contextmanager
def _while(builder: Any, condition: Callable[[], Any]) -> Iterator[None]:
    """Writes a loop around what stands inside; ``condition()`` writes what is asked before each turn."""
    asked, turn, over = (builder.append_basic_block() for _ in range(3))
    builder.branch(asked)
    builder.position_at_end(asked)
    builder.cbranch(condition(), turn, over)
    builder.position_at_end(turn)
    yield
    builder.branch(asked)
    builder.position_at_end(over)


def _parts(builder: Any, units: Any, most: int, write: Callable[[Any, int], None]) -> None:
    """A loop over parts of ``units``, of ``most`` at most and as even as can be: ``write(first unit, how many)``."""
    begun = cgutils.alloca_once_value(builder, _INDEX(0))
    with _while(builder, lambda: builder.icmp_signed("<", builder.load(begun), units)):
        first = builder.load(begun)
        rest = builder.sub(units, first)
        parts = builder.udiv(builder.add(rest, _INDEX(most - 1)), _INDEX(most))
        many = builder.udiv(builder.add(rest, builder.sub(parts, _INDEX(1))), parts)
        done = builder.append_basic_block()
        cases = builder.switch(many, done)
        for size in range(1, most + 1):
            block = builder.append_basic_block()
            cases.add_case(_INDEX(size), block)
            builder.position_at_end(block)
            write(first, size)
            builder.branch(done)
        builder.position_at_end(done)
        builder.store(builder.add(first, many), begun)


def _sums(builder: Any, vectors: Sequence[Any], lanes: int) -> Any:
    """A vector of what each of ``vectors`` sums to over its lanes: halves are added, those of two vectors at a time."""
    count, own, width = len(vectors), list(vectors), lanes
    while width > 1:
        if len(own) % 2 and len(own) > 1:
            own.append(own[-1])
        half, held = width // 2, lanes // width
        if len(own) > 1:
            first = [each * width + j for each in range(2 * held) for j in range(half)]
            pairs = list(zip(own[::2], own[1::2], strict=True))
        else:
            first = [each * width + j for each in range(own[0].type.count // width) for j in range(half)]
            pairs = [(own[0], own[0])]
        second = [j + half for j in first]
        halves = [[builder.shuffle_vector(*pair, _mask(lanes)) for lanes in (first, second)] for pair in pairs]
        own = [builder.fadd(*both, flags=("contract",)) for both in halves]
        width = half
    return builder.shuffle_vector(own[0], own[0], _mask(list(range(count))))


def _matrix(context: Any, builder: Any, kind: Any, value: Any) -> tuple[Any, Any]:
    """Where a float32 array ``[units, lanes]`` begins, and its width."""
    made = context.make_array(kind)(context, builder, value)
    return made.data, builder.extract_value(made.shape, 1)


def _vector(builder: Any, lanes: int) -> Any:
    return cgutils.alloca_once(builder, ir.VectorType(_REAL, lanes))


def _mask(lanes: Sequence[int]) -> Any:
    return ir.Constant(ir.VectorType(_SHORT, len(lanes)), list(lanes))


def _spread(builder: Any, value: Any, lanes: int) -> Any:
    """``value`` on every lane."""
    empty = ir.Constant(ir.VectorType(_REAL, lanes), ir.Undefined)
    return builder.shuffle_vector(builder.insert_element(empty, value, _SHORT(0)), empty, _mask([0] * lanes))


def _multiply_add(builder: Any, x: Any, y: Any, total: Any) -> Any:
    """x y + total, rounded once where the processor can."""
    return builder.fadd(builder.fmul(x, y, flags=("contract",)), total, flags=("contract",))


def _load(builder: Any, pointer: Any, at: Any, lanes: int) -> Any:
    place = builder.bitcast(builder.gep(pointer, [at]), ir.VectorType(_REAL, lanes).as_pointer())
    return builder.load(place, align=4)


def _store(builder: Any, value: Any, pointer: Any, at: Any) -> None:
    builder.store(value, builder.bitcast(builder.gep(pointer, [at]), value.type.as_pointer()), align=4)
