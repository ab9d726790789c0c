"""Maps can be undone, so they leave the information alone; what a mapped source keeps and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from infoscope.core.errors import InputError
from infoscope.data.source import (
    all_sources,
    asinh,
    bend,
    bimodal,
    embedding,
    half_cube,
    normal_cdf,
    scaling,
    spiral,
    standardisation,
    swiss_roll,
    transformed,
    wiggly,
)

SOURCES = all_sources()
NORMAL = SOURCES["dense-3x3"]
ROWS = NORMAL.sample(400, seed=9)[0]  # [400, 3]
MAPS = {
    "half-cube": half_cube(),
    "normal CDF": normal_cdf(),
    "asinh": asinh(),
    "bimodal": bimodal(0.3, 0.0, 5.0),
    "wiggly": wiggly([(0.4, 1.0, 0.0), (0.2, 1.7, 1.0)]),
    "spiral": spiral(0, 2, 0.5, start=1.0),
    "bent": bend(1, 0, 5.0, 3.0),
    "embedded": embedding(3, 7),
    "rotated": embedding(3, 3, seed=4),
    "scaled": scaling(1e-6, 1.0, 1e4),
}


@pytest.mark.parametrize("name", MAPS)
def test_a_map_can_be_undone(name):
    one = MAPS[name]
    there = one.forward(ROWS)
    assert there.shape == (400, one.columns or 3)
    assert np.allclose(one.inverse(there), ROWS, rtol=1e-9, atol=1e-9)
    assert np.array_equal(ROWS, NORMAL.sample(400, seed=9)[0])  # the rows that were given are left as they were


@pytest.mark.parametrize("name", [name for name, one in MAPS.items() if one.kind != "bent"])
def test_a_map_of_columns_increases_in_each(name):
    line = np.linspace(-4, 4, 200)[:, None] * np.ones(3)
    there = MAPS[name].forward(line)
    assert (np.diff(there, axis=0) > 0).all()
    alone = MAPS[name].forward(np.where([True, False, False], line, 0.0))
    assert np.array_equal(alone[:, 0], there[:, 0])


@given(x=st.lists(st.floats(-30, 30), min_size=1, max_size=20))
def test_numeric_inverses_are_exact_far_out(x):
    rows = np.array(x)[:, None]
    one = wiggly([(-0.4, 0.4, 0.0), (0.17, 1.3, 3.5)])
    assert np.allclose(one.inverse(one.forward(rows)), rows, atol=1e-9)
    near = np.clip(rows, -7, 7)
    there = bimodal(0.5, -1.0, 3.0).forward(near)
    assert np.allclose(0.5 * ndtr(there + 1) + 0.5 * ndtr(there - 3), ndtr(near), atol=1e-12)


def test_the_swiss_roll_is_the_one_of_the_benchmark():
    x = np.linspace(0, 1, 50)[:, None]
    roll = swiss_roll()
    t = 1.5 * np.pi * (1 + 2 * x[:, 0])
    assert np.allclose(roll.forward(x), np.stack([t * np.cos(t), t * np.sin(t)], axis=1) / 21)
    assert np.allclose(roll.inverse(roll.forward(x)), x)


def test_the_spiral_is_the_exponential_of_a_generator():
    """x -> expm(speed |x|^2 A) x, with A[i, j] = 1 and A[j, i] = -1."""
    from scipy.linalg import expm

    generator = np.zeros((3, 3))
    generator[1, 2], generator[2, 1] = 1, -1
    slow = np.stack([expm(0.7 * (x @ x) * generator) @ x for x in ROWS[:20]])
    assert np.allclose(spiral(1, 2, 0.7).forward(ROWS[:20]), slow)


def test_an_embedding_keeps_distances():
    there = embedding(3, 8, seed=2).forward(ROWS)
    distances = np.linalg.norm(ROWS[:50, None] - ROWS[:50], axis=-1)
    assert np.allclose(np.linalg.norm(there[:50, None] - there[:50], axis=-1), distances)
    assert np.linalg.matrix_rank(there) == 3


def test_standardisation_takes_its_constants_from_a_sample_of_its_own():
    source = SOURCES["bimodal"]
    unit = transformed(source, standardisation(source, "x"), standardisation(source, "y"))
    for rows in unit.sample(20_000, seed=1):
        assert abs(rows.mean()) < 0.05
        assert abs(rows.std() - 1) < 0.03
    few = unit.sample(5, seed=3)[0]
    assert np.allclose(standardisation(source, "x").forward(source.sample(5, seed=3)[0]), few)
    assert np.allclose(unit.sample(5, seed=3)[0].std(), few.std())


def test_a_mapped_source_is_the_same_rows_and_the_same_information():
    base = SOURCES["sparse-3x3"]
    mapped = transformed(transformed(base, half_cube(), wiggly([(0.1, 1.0, 0.0)])), embedding(3, 5), spiral(0, 1, 0.2))
    assert (mapped.dx, mapped.dy, mapped.kind, mapped.truth) == (5, 3, "real", base.truth)
    x, y = mapped.sample(200, seed=7)
    before = base.sample(200, seed=7)
    assert np.allclose(x, embedding(3, 5).forward(half_cube().forward(before[0])))
    assert np.allclose(mapped.log_ratio(x, y), base.log_ratio(*before))
    assert mapped.name == "sparse-3x3-half-cube-wiggly-embedded-in-5-dimensions-spiral"
    assert mapped.words.endswith("; X half-cube, Y wiggly; X embedded in 5 dimensions, Y spiral")


@pytest.mark.parametrize(
    ("source", "maps", "tags"),
    [
        ("bivariate-normal", {"x": scaling(2.0)}, {"gaussian", "gaussian copula", "low-dimensional", "smooth"}),
        (
            "bivariate-normal",
            {"y": scaling(1e3)},
            {"gaussian", "gaussian copula", "low-dimensional", "smooth", "scaled"},
        ),
        ("bivariate-normal", {"x": half_cube()}, {"gaussian copula"}),
        ("dense-2x2", {"x": half_cube(), "y": spiral(0, 1, 1.0)}, {"spiral"}),
        ("dense-2x2", {"x": embedding(2, 40)}, {"singular", "high-dimensional"}),
        ("correlated-pairs-10x10", {"x": embedding(10, 10)}, {"strong"}),
        ("copy-5", {"x": scaling(0.5)}, {"deterministic label"}),
        ("rectified-pair", {"x": half_cube(), "y": half_cube()}, {"mixed", "representation-like"}),
    ],
)
def test_a_mapped_source_keeps_the_tags_that_stay_true(source, maps, tags):
    assert set(transformed(SOURCES[source], **maps).tags) == tags


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: transformed(NORMAL), "wanted a map of x, or of y where y is real"),
        (lambda: transformed(SOURCES["bsc-0.1"], y=half_cube()), "wanted a map of x, or of y where y is real"),
        (lambda: wiggly([(0.5, 1.0, 0.0), (0.3, 2.0, 0.0)]), "wanted less: the map would fold"),
        (lambda: embedding(3, 2), "cannot embed 3 columns in 2"),
        (lambda: scaling(1.0, 0.0), "factor is 0.0, wanted a number above 0"),
        (lambda: standardisation(SOURCES["student-2x2-dof-1"], "x"), "heavy-tailed, wanted a source with a variance"),
        (lambda: standardisation(SOURCES["bsc-0.1"], "y"), "of is 'y' for a source whose y is labels"),
        (lambda: standardisation(NORMAL, "z"), "of is 'z' for a source whose y is real"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()
