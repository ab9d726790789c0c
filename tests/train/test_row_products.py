"""Products with rows on lanes beside NumPy's in float64, by the tiles of every kind of processor."""

from __future__ import annotations

import numpy as np
import pytest

from infoscope.kernels import row_products
from infoscope.kernels.compiling import njit
from infoscope.kernels.row_products import (
    ITSELF,
    LANES,
    NOTHING,
    add_moments,
    set_columns,
    set_product,
)

PROCESSORS = {
    "own": None,
    "zen": row_products._Tiles(16, 6, (4, 2, 1), (4, 4)),
    "avx512": row_products._Tiles(8, 6, (4, 2), (4, 4)),
    "avx2": row_products._Tiles(8, 6, (2,), (2, 4)),
    "neon": row_products._Tiles(4, 6, (4,), (4, 4)),
    "sse": row_products._Tiles(4, 4, (2,), (2, 4)),
}
SHAPES = [(1, 1), (2, 3), (7, 10), (13, 5), (6, 33)]


@pytest.fixture(scope="module", params=PROCESSORS)
def loops(request):
    """Loops around each function, compiled for the tiles of one kind of processor."""
    with pytest.MonkeyPatch.context() as patch:
        if PROCESSORS[request.param]:
            patch.setattr(row_products, "_tiles", lambda _: PROCESSORS[request.param])

        @njit(error_model="numpy")
        def product(p, at, across, down, outs, ins, a, ai, z, zi, lanes, begin):
            set_product(p, at, across, down, outs, ins, a, ai, z, zi, lanes, begin)

        @njit(error_model="numpy")
        def moments(d, at, outs, ins, g, gi, a, ai, lanes):
            add_moments(d, at, outs, ins, g, gi, a, ai, lanes)

        @njit(error_model="numpy")
        def columns(x, rows, at, a, lanes):
            set_columns(x, rows, at, a, lanes)

        rng = np.random.default_rng(0)  # all three are compiled while the tiles are these
        p, a = rng.random(8, np.float32), rng.random((32, 2 * LANES), np.float32)
        product(p, 0, 2, 1, 2, 2, a, 0, a, 2, LANES, 4)
        moments(p, 0, 2, 2, a, 0, a, 0, LANES)
        columns(rng.random((20, LANES), np.float32), np.arange(40) % 20, 1, a, LANES)
        yield product, moments, columns


def arrays(outs: int, ins: int, lanes: int):
    """A network's flat parameters after three other numbers, and what units hold, wider than there are lanes."""
    rng = np.random.default_rng(outs * ins + lanes)
    p = rng.standard_normal(3 + outs * ins + outs).astype(np.float32)
    a = rng.standard_normal((2 + ins + outs, lanes + LANES)).astype(np.float32)
    return p, p[3 : 3 + outs * ins].reshape(outs, ins).astype(float), p[3 + outs * ins :].astype(float), a


def close(found, wanted, terms):
    """Within float32's rounding of so many terms of size about one."""
    np.testing.assert_allclose(found, wanted, rtol=0, atol=np.finfo(np.float32).eps * 8 * (1 + terms))


@pytest.mark.parametrize("lanes", [16, 48, 112])
@pytest.mark.parametrize(("outs", "ins"), SHAPES)
def test_products_are_those_of_numpy(loops, outs, ins, lanes):
    product, (p, weights, biases, a) = loops[0], arrays(outs, ins, lanes)
    x, z = a[2 : 2 + ins, :lanes].astype(float), a.copy()
    for begin, start in ((3 + outs * ins, biases[:, None]), (NOTHING, 0.0), (ITSELF, a[2 + ins :, :lanes])):
        z[:] = a
        product(p, 3, ins, 1, outs, ins, z, 2, z, 2 + ins, lanes, begin)
        close(z[2 + ins :, :lanes], weights @ x + start, ins)
        z[2 + ins :, :lanes] = a[2 + ins :, :lanes]
        np.testing.assert_array_equal(z, a)  # and nothing else was written


@pytest.mark.parametrize(("outs", "ins"), SHAPES)
def test_products_with_the_transpose(loops, outs, ins):
    product, (p, weights, _, a) = loops[0], arrays(outs, ins, 64)
    g = a[2 + ins :, :64].astype(float)
    product(p, 3, 1, ins, ins, outs, a, 2 + ins, a, 2, 64, NOTHING)
    close(a[2 : 2 + ins, :64], weights.T @ g, outs)


@pytest.mark.parametrize("lanes", [16, 112])
@pytest.mark.parametrize(("outs", "ins"), SHAPES)
def test_moments_are_added(loops, outs, ins, lanes):
    moments, (p, weights, biases, a) = loops[1], arrays(outs, ins, lanes)
    x, g = a[2 : 2 + ins, :lanes].astype(float), a[2 + ins :, :lanes].astype(float)
    before = p.copy()
    moments(p, 3, outs, ins, a, 2 + ins, a, 2, lanes)
    close(p[3 : 3 + outs * ins].reshape(outs, ins), weights + g @ x.T, lanes)
    np.testing.assert_array_equal(p[:3], before[:3])
    np.testing.assert_array_equal(p[3 + outs * ins :], biases.astype(np.float32))


@pytest.mark.parametrize(("width", "lanes"), [(16, 16), (48, 32)])
def test_rows_become_columns(loops, width, lanes):
    rng = np.random.default_rng(width)
    x, rows = rng.random((50, width), np.float32), rng.integers(50, size=lanes + 5)
    a = np.zeros((width + 3, lanes + 16), np.float32)
    loops[2](x, rows, 5, a, lanes)
    np.testing.assert_array_equal(a[:width, :lanes], x[rows[5:]].T)
    assert not a[width:].any()
    assert not a[:, lanes:].any()


def test_what_is_not_finite_stays_on_its_lane(loops):
    p, _, _, a = arrays(7, 10, 64)
    a[2, 5], a[3, 6] = np.nan, np.inf
    loops[0](p, 3, 10, 1, 7, 10, a, 2, a, 12, 64, NOTHING)
    assert not np.isfinite(a[12:, [5, 6]]).any()
    assert np.isfinite(np.delete(a[12:], [5, 6], 1)).all()
    loops[1](p, 3, 7, 10, a, 12, a, 2, 64)
    assert np.isnan(p[3:73]).all()
