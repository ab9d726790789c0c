"""The perturbed beginning of training: what its inputs and labels are, and when it and its schedule end."""

from __future__ import annotations

import numpy as np
import pytest

from infoscope.core.errors import InputError, UnknownNameError
from infoscope.train.beginning import first_data, first_inputs, first_labels
from infoscope.train.recipe import Beginning, Recipe

SHAPE = (2, 12, 8)  # channels, height, width


def images(n: int = 30) -> np.ndarray:
    return np.random.default_rng(0).normal(2, 3, size=(n, 2 * 12 * 8)).astype(np.float32)


def test_a_flip_turns_images_upside_down_and_back():
    x = images()
    flipped = first_inputs("flip", x, SHAPE)
    assert flipped is not None
    np.testing.assert_array_equal(flipped.reshape(-1, *SHAPE), x.reshape(-1, *SHAPE)[:, :, ::-1])
    np.testing.assert_array_equal(first_inputs("flip", flipped, SHAPE), x)
    assert flipped.dtype == np.float32


def test_a_blur_keeps_flat_images_and_the_mean_and_leaves_little_else():
    flat = np.full((3, 192), 1.5, np.float32)
    np.testing.assert_allclose(first_inputs("blur", flat, SHAPE), flat, rtol=1e-6)
    blurred = first_inputs("blur", images(400), SHAPE)
    assert blurred is not None
    assert blurred.mean() == pytest.approx(images(400).mean(), abs=0.02)
    assert blurred.std() < 0.3 * images(400).std()  # averages of some 16 to 64 pixels
    small = blurred.reshape(-1, 2, 12, 8)
    assert np.linalg.matrix_rank(small[0, 0], tol=1e-3) <= 2  # a width of 8 became 2


def test_a_blur_is_the_triangle_filter_and_then_straight_lines():
    """One row of 16 pixels with one lit: shrunk by weights 1 - |distance| / 4 that sum to 1, then interpolated."""
    x = np.zeros((1, 16), np.float32)
    x[0, 5] = 1
    pixels = np.arange(16) + 0.5
    weights = np.maximum(0, 1 - np.abs(pixels[None] - (4 * np.arange(4) + 2)[:, None]) / 4)
    small = (weights / weights.sum(1, keepdims=True))[:, 5]
    wanted = np.interp(pixels / 4 - 0.5, np.arange(4), small)
    np.testing.assert_allclose(first_inputs("blur", x, (1, 1, 16))[0], wanted, atol=1e-6)


def test_noise_has_each_column_s_mean_and_spread_and_nothing_of_the_rows():
    x = np.concatenate([images(5000), np.full((5000, 1), 7, np.float32)], axis=1)
    noise = first_inputs("noise", x, ())
    assert noise is not None
    np.testing.assert_allclose(noise.mean(0), x.mean(0), atol=5 * 3 / np.sqrt(5000))
    np.testing.assert_allclose(noise.std(0), x.std(0), rtol=0.06)
    assert (noise[:, -1] == 7).all()
    assert abs(np.corrcoef(noise[:, :-1].ravel(), x[:, :-1].ravel())[0, 1]) < 0.005
    np.testing.assert_array_equal(noise, first_inputs("noise", x, ()))


VARIABLES = {
    "label": np.arange(6000) % 2,
    "fine": np.arange(6000) % 7,
    "colour": np.arange(6000) // 3000,
}


def test_labels_are_another_variable_s_or_drawn_or_dealt():
    named = first_labels("colour", VARIABLES, "label")
    np.testing.assert_array_equal(named, VARIABLES["colour"])
    assert first_labels("", VARIABLES, "label") is None
    drawn = first_labels("random", VARIABLES, "label")
    assert drawn is not None
    assert drawn.dtype == np.int32
    assert abs(drawn.mean() - 0.5) < 4.5 * 0.5 / np.sqrt(6000)
    for values in VARIABLES.values():
        assert abs(np.corrcoef(drawn, values)[0, 1]) < 4.5 / np.sqrt(6000)
    dealt = first_labels("regrouped", VARIABLES, "label")
    assert dealt is not None
    groups = {value: set(dealt[VARIABLES["fine"] == value].tolist()) for value in range(7)}
    assert all(len(group) == 1 for group in groups.values())  # a function of the finest variable
    sizes = np.bincount([group.pop() for group in groups.values()])
    assert sorted(sizes) == [3, 4]


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="asks for a blur and the inputs are rows of 12 numbers, wanted images"):
        first_inputs("blur", np.zeros((4, 12), np.float32), ())
    with pytest.raises(UnknownNameError, match="did you mean 'colour'"):
        first_labels("color", VARIABLES, "label")
    with pytest.raises(InputError, match="'fine', which has 7 values for the 7 groups of 'fine', wanted a finer"):
        first_labels("regrouped", VARIABLES, "fine")
    with pytest.raises(InputError, match="without labels and without inputs"):
        Beginning(3)
    with pytest.raises(InputError, match="inputs of the beginning is 'blurred'"):
        Beginning(3, inputs="blurred")  # pyright: ignore[reportArgumentType]


def test_no_beginning_has_no_data():
    assert first_data(None, images(), SHAPE, VARIABLES, "label") == (None, None)
    x, y = first_data(Beginning(2, labels="colour", inputs="flip"), images(), SHAPE, VARIABLES, "label")
    assert x is not None
    assert y is not None


def test_rates_follow_the_schedule():
    def rates(**fields):
        recipe = Recipe(8, 2.0, **fields)
        return [recipe.rate(epoch) for epoch in range(8)]

    assert rates() == [2.0] * 8
    assert rates(schedule="exponential", decay=0.5) == [2 * 0.5**epoch for epoch in range(8)]
    assert rates(schedule="steps", decay=0.5, milestones=(2, 5)) == [2, 2, 1, 1, 1, 0.5, 0.5, 0.5]
    assert rates(schedule="cosine")[4] == pytest.approx(1.0)
    assert Recipe(8, 2.0, schedule="cosine").rate(8) == pytest.approx(0.0)


@pytest.mark.parametrize("restart", [False, True])
def test_a_schedule_restarts_when_the_beginning_ends_where_that_is_asked_for(restart):
    beginning = Beginning(3, labels="random", restart=restart)
    recipe = Recipe(8, 1.0, schedule="exponential", decay=0.5, beginning=beginning)
    counted = [0, 1, 2, 0, 1, 2, 3, 4] if restart else range(8)
    assert [recipe.rate(epoch) for epoch in range(8)] == [0.5**epoch for epoch in counted]
    assert [recipe.begins(epoch) for epoch in range(8)] == [True] * 3 + [False] * 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"momentum": 0.9}, "the optimiser adam, wanted sgd"),
        ({"momentum": 1.0, "optimiser": "sgd"}, "momentum is 1.0"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
        ({"orthonormality": float("inf")}, "orthonormality is inf"),
        ({"schedule": "linear"}, "schedule is 'linear', wanted one of 'constant'"),
        ({"decay": 0.5}, "with a constant schedule"),
        ({"schedule": "steps"}, "wanted them for 'steps'"),
        ({"milestones": (3,)}, "wanted them for 'steps'"),
        ({"augmentation": ("rotate",)}, "augmentation is 'rotate', wanted one of 'crop', 'flip'"),
    ],
)
def test_a_training_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        Recipe(**{"epochs": 1, "learning_rate": 0.1, **arguments})
