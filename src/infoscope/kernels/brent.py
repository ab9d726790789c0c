"""The least value of a function of one number between two ends: what SciPy's takes a third of a second to import."""

from __future__ import annotations

import math
from collections.abc import Callable

STEP = math.sqrt(2.2e-16)  # relative: nearer places cannot be told apart by a function's value
GOLDEN = 0.5 * (3.0 - math.sqrt(5.0))
MOST = 500  # calls


def least(f: Callable[[float], float], low: float, high: float, fine: float) -> tuple[float, float]:
    """Where ``f`` is least between ``low`` and ``high``, to about ``fine``, and its value there.

    Brent 1973, chapter 5: parabolas through the three best places, golden sections where these lead nowhere. Step by
    step what ``scipy.optimize.minimize_scalar(method="bounded")`` does, to the bit.
    """
    a, b = low, high
    best = second = third = a + GOLDEN * (b - a)
    value = value_2 = value_3 = f(best)
    step = before = 0.0
    for _ in range(MOST - 1):
        middle, near = 0.5 * (a + b), STEP * abs(best) + fine / 3.0
        if abs(best - middle) <= 2.0 * near - 0.5 * (b - a):
            break
        golden = True
        if abs(before) > near:
            r = (best - second) * (value - value_3)
            q = (best - third) * (value - value_2)
            p = (best - third) * q - (best - second) * r
            q = 2.0 * (q - r)
            p, q = -p if q > 0.0 else p, abs(q)
            r, before = before, step
            if abs(p) < abs(0.5 * q * r) and q * (a - best) < p < q * (b - best):
                golden, step = False, p / q
                x = best + step
                if x - a < 2.0 * near or b - x < 2.0 * near:
                    step = near if middle >= best else -near
        if golden:
            before = (a if best >= middle else b) - best
            step = GOLDEN * before
        x = best + math.copysign(max(abs(step), near), step or 1.0)
        here = f(x)
        if here <= value:
            a, b = (best, b) if x >= best else (a, best)
            third, value_3, second, value_2, best, value = second, value_2, best, value, x, here
            continue
        a, b = (x, b) if x < best else (a, x)
        if here <= value_2 or second == best:
            third, value_3, second, value_2 = second, value_2, x, here
        elif here <= value_3 or third in (best, second):
            third, value_3 = x, here
    return best, value
