"""Which processors are given vectors of 512 bits, and that a loop which asks for them is compiled with them."""

from types import SimpleNamespace

import numpy as np
import pytest
from numba import njit
from numba.core.registry import cpu_target

from infoscope.kernels import vector_width


@pytest.mark.parametrize(
    ("processor", "features", "whole"),
    [
        ("emeraldrapids", "+avx2,+avx512f,+fma", True),
        ("sapphirerapids", "+avx2,+avx512f,+fma", True),
        ("icelake-server", "+avx2,+avx512f,+fma", True),
        ("graniterapids-d", "+avx512f", True),
        ("znver4", "+avx512f", True),
        ("znver5", "+avx512f", True),
        ("skylake-avx512", "+avx2,+avx512f,+fma", False),  # slows down while it uses them
        ("sapphirerapids", "+avx2,-avx512f,+fma", False),  # a virtual machine that hides them
        ("znver3", "+avx2,+fma", False),
        ("apple-m1", "+neon", False),
        ("generic", "", False),
    ],
)
def test_processors(processor, features, whole):
    codegen = SimpleNamespace(magic_tuple=lambda: ("x86_64-unknown-linux-gnu", processor, features))
    assert vector_width.whole(codegen) == whole


def test_a_loop_that_asks_for_them_is_marked_and_says_the_same():
    def scaled(x, y):
        for i in range(len(x)):
            y[i] = x[i] * np.float32(3)

    def asking(x, y):
        vector_width.use_whole_vectors()
        for i in range(len(x)):
            y[i] = x[i] * np.float32(3)

    x = np.arange(100, dtype=np.float32)
    found = []
    for loop in (scaled, asking):
        made, y = njit(loop), np.empty_like(x)
        made(x, y)
        np.testing.assert_array_equal(y, 3 * x)
        found.append('"prefer-vector-width"="512"' in next(iter(made.inspect_llvm().values())))
    assert found == [False, vector_width.whole(cpu_target.target_context.codegen())]
