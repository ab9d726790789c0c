"""Functions that LLVM vectorises: no branch, no call, no denormal. For compiled loops, in float32 where not said.

There are two powers of two. :func:`exp2` takes either sign and rounds to the nearest whole exponent. Sums over pairs
only meet 2^-y with y >= 0, in either precision, where cutting the fraction off is cheaper and exact at y = 0:
:data:`exp2_negative`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.polynomial import Chebyshev, Polynomial
from scipy.special import erfcx

from infoscope.kernels.compiling import njit

F = np.float32
LOG2_E = F(1.4426950408889634)


def _fit(function: Any, low: float, high: float, degree: int) -> tuple[np.float32, ...]:
    """Coefficients, constant first, of the Chebyshev interpolant of ``function`` on [low, high]."""
    fit = Chebyshev.interpolate(function, degree, domain=[low, high]).convert(kind=Polynomial)
    return tuple(F(c) for c in fit.coef)


_EXP2 = _fit(np.exp2, -0.5, 0.5, 6)  # largest relative error 3e-9 before rounding to float32
_LOG1P = _fit(np.log1p, 0.0, 1.0, 9)  # largest absolute error 2e-8
_SIN = _fit(lambda s: np.sinc(np.sqrt(s) / 2), 0.0, 1.0, 4)  # of s = t²: sin(pi t / 2) / (pi t / 2)
_COS = _fit(lambda s: np.cos(np.pi / 2 * np.sqrt(s)), 0.0, 1.0, 5)
HALF_PI = F(np.pi / 2)
# P(N(0,1) > x) exp(x^2/2) of u = 1 / (1 + x / sqrt 8), which runs from 1 at x = 0 to 0; largest absolute error 1.3e-7
_TAIL = _fit(lambda u: 0.5 * erfcx(2 * (1 / u - 1)), 0.0, 1.0, 7)
_TAIL_SCALE = F(8**-0.5)
INV_SQRT_2PI = F((2 * np.pi) ** -0.5)


@intrinsic
def _float_from_bits(typingctx: Any, bits: Any) -> Any:
    """The float32 whose bit pattern is the int32 ``bits``."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), codegen


@intrinsic
def _bits_of_float(typingctx: Any, x: Any) -> Any:
    """The bit pattern of the float32 ``x`` as an int32."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), codegen


@njit(inline="always", error_model="numpy")
def exp2(x):
    """2^x, relative error below 2e-7; x is held to [-126, 126], so nothing comes out denormal or infinite."""
    x = min(max(x, F(-126.0)), F(126.0))
    whole = np.floor(x + F(0.5))
    f = x - whole
    p = _EXP2[6]
    p = p * f + _EXP2[5]
    p = p * f + _EXP2[4]
    p = p * f + _EXP2[3]
    p = p * f + _EXP2[2]
    p = p * f + _EXP2[1]
    p = p * f + _EXP2[0]
    return p * _float_from_bits((np.int32(whole) + np.int32(127)) << np.int32(23))  # pyright: ignore[reportCallIssue]


@njit(inline="always", error_model="numpy")
def exp(x):
    return exp2(LOG2_E * x)


@njit(inline="always", error_model="numpy")
def tanh(x):
    """tanh, absolute error below 2e-7."""
    return F(1.0) - F(2.0) / (exp(F(2.0) * x) + F(1.0))


@njit(inline="always", error_model="numpy")
def sigmoid(x):
    return F(1.0) / (F(1.0) + exp(-x))


@njit(inline="always", error_model="numpy")
def _log1p(u):
    """ln(1 + u) for u in [0, 1]."""
    p = _LOG1P[9]
    p = p * u + _LOG1P[8]
    p = p * u + _LOG1P[7]
    p = p * u + _LOG1P[6]
    p = p * u + _LOG1P[5]
    p = p * u + _LOG1P[4]
    p = p * u + _LOG1P[3]
    p = p * u + _LOG1P[2]
    p = p * u + _LOG1P[1]
    p = p * u + _LOG1P[0]
    return p


@njit(inline="always", error_model="numpy")
def softplus(x):
    """ln(1 + e^x), absolute error below 2e-7 for x <= 1 and 2e-7 x above."""
    return max(x, F(0.0)) + _log1p(exp(-abs(x)))


@njit(inline="always", error_model="numpy")
def normal_cdf(x, e):
    """P(N(0,1) <= x), absolute error below 3e-7; ``e`` is exp(-x^2/2), which the caller also needs for the density."""
    u = F(1.0) / (F(1.0) + _TAIL_SCALE * abs(x))
    p = _TAIL[7]
    p = p * u + _TAIL[6]
    p = p * u + _TAIL[5]
    p = p * u + _TAIL[4]
    p = p * u + _TAIL[3]
    p = p * u + _TAIL[2]
    p = p * u + _TAIL[1]
    p = p * u + _TAIL[0]
    return e * p if x < F(0.0) else F(1.0) - e * p


@njit(inline="always", error_model="numpy")
def log2(x):
    """log2(x) of a positive x that is not denormal, error below 2.5e-7 for x in [1/2, 1], else a rounding more."""
    bits = _bits_of_float(x)  # pyright: ignore[reportCallIssue]
    whole = F((bits >> np.int32(23)) - np.int32(127))
    f = _float_from_bits((bits & np.int32(0x7FFFFF)) | np.int32(0x3F800000))  # pyright: ignore[reportCallIssue]
    return whole + LOG2_E * _log1p(f - F(1.0))


@njit(inline="always", error_model="numpy")
def sine(t):
    """sin(pi t / 2) for t in [-1, 1], absolute error below 2.5e-7."""
    s = t * t
    p = _SIN[4]
    p = p * s + _SIN[3]
    p = p * s + _SIN[2]
    p = p * s + _SIN[1]
    p = p * s + _SIN[0]
    return HALF_PI * t * p


@njit(inline="always", error_model="numpy")
def cosine(t):
    """cos(pi t / 2) for t in [-1, 1], absolute error below 2.5e-7."""
    s = t * t
    p = _COS[5]
    p = p * s + _COS[4]
    p = p * s + _COS[3]
    p = p * s + _COS[2]
    p = p * s + _COS[1]
    p = p * s + _COS[0]
    return p


# 2^-f = 1 + f (c1 + c2 f + …) on [0, 1): minimax in relative error, 8.4e-8 and 2.2e-16; exact at f = 0.
_SINGLE = (-0.6931437211598939, 0.24018014299433654, -0.05529735859200628, 0.009205798591269099, -0.000944903828439794)
_DOUBLE = (
    *(-0.6931471805599128, 0.24022650695758696, -0.05550410864024851, 0.009618128908764977, -0.001333354884371244),
    *(0.00015403259662093846, -1.5247664370350404e-05, 1.3154155059087704e-06, -9.711491419924037e-08),
    4.98533839135546e-09,
)


def _exp2_negative(context: Any, y: Any) -> Any:
    """2^-y for 0 <= y below the exponent range, in arithmetic that LLVM can vectorise (a call to libm cannot be)."""

    def generate(_context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (value,) = arguments
        single = signature.args[0] == types.float32
        real, bits = (ir.FloatType(), 32) if single else (ir.DoubleType(), 64)
        whole = builder.fptosi(value, ir.IntType(32))
        rest = builder.fsub(value, builder.sitofp(whole, real))
        coefficients = [*(_SINGLE if single else _DOUBLE)[::-1], 1.0]
        power = ir.Constant(real, coefficients[0])
        for c in coefficients[1:]:  # Horner
            power = builder.fadd(builder.fmul(power, rest), ir.Constant(real, c))
        exponent = whole if single else builder.sext(whole, ir.IntType(64))
        shift = builder.shl(exponent, ir.Constant(ir.IntType(bits), 23 if single else 52))
        pattern = builder.sub(builder.bitcast(power, ir.IntType(bits)), shift)  # lowers the exponent field by `whole`
        return builder.bitcast(pattern, real)

    return y(y), generate


exp2_negative: Any = intrinsic(_exp2_negative)


def _chosen(name: str, sign: str) -> Any:
    """``other`` where it is on that side of ``one``, else ``one``, which NaN then stays."""

    def choose(typingctx: Any, one: Any, other: Any) -> Any:
        kind = typingctx.unify_types(one, other)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            first, second = arguments
            compare = builder.icmp_signed if isinstance(kind, types.Integer) else builder.fcmp_ordered
            return builder.select(compare(sign, second, first), second, first)

        return kind(kind, kind), generate

    choose.__name__ = name
    return choose


#: (one, other): what Python's ``max`` and ``min`` give of two numbers, signed or floating; numba compiles a function
#: for each of its own.
greater: Any = intrinsic(_chosen("greater", ">"))
lesser: Any = intrinsic(_chosen("lesser", "<"))
