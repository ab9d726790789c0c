"""The linear trainer against automatic differentiation and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from infoscope.core.errors import InputError
from infoscope.kernels.counter_draws import batch_order
from infoscope.train.linear import Lesson, train_student


def by_autograd(lesson: Lesson, seed: int, start, epochs: int) -> list[np.ndarray]:
    """The same training, slow and readable."""
    layers = [torch.tensor(layer[0], requires_grad=True) for layer in start.layers]
    x, y = torch.tensor(start.x), torch.tensor(start.y)
    batch = lesson.batch or lesson.samples
    for epoch in range(epochs):
        order = np.arange(lesson.samples)
        if batch < lesson.samples:
            batch_order(seed, epoch, order)
        for begin in range(0, lesson.samples, batch):
            rows = torch.from_numpy(order[begin : begin + batch])
            h = x[rows].T
            for layer in layers:
                h = layer @ h
            gradients = torch.autograd.grad(((h[0] - y[rows]) ** 2).mean(), layers)
            with torch.no_grad():
                for layer, gradient in zip(layers, gradients, strict=True):
                    layer -= lesson.rate * gradient
    return [layer.detach().numpy() for layer in layers]


@pytest.mark.parametrize(
    "lesson",
    [
        Lesson(samples=13, inputs=7, hidden=(5,), batch=None, rate=0.3),
        Lesson(samples=13, inputs=7, hidden=(5,), batch=4, rate=0.3, relevant=3),
        Lesson(samples=9, inputs=6, hidden=(8, 3, 4), batch=2, rate=0.2, start="orthogonal", scale=0.9),
        Lesson(samples=5, inputs=1, hidden=(1,), batch=1, fixed_teacher=True),
        Lesson(samples=6, inputs=4, hidden=()),
    ],
    ids=["full batch", "minibatches", "deep", "scalar", "no hidden layer"],
)
def test_it_follows_the_gradient_of_the_mean_squared_error(lesson):
    start = train_student(lesson, 3, (0,))
    found = train_student(lesson, 3, (0, 2, 11))
    wanted = by_autograd(lesson, 3, start, 11)
    for layer, first, last in zip(found.layers, start.layers, wanted, strict=True):
        np.testing.assert_array_equal(layer[0], first[0])
        np.testing.assert_allclose(layer[2], last, rtol=1e-9, atol=1e-12)


def test_when_it_is_recorded_changes_nothing_and_neither_does_company():
    lesson = Lesson(samples=20, inputs=10, hidden=(6,), batch=3)
    often, once = train_student(lesson, 1, range(9)), train_student(lesson, 1, (8,))
    for a, b in zip(often.layers, once.layers, strict=True):
        np.testing.assert_array_equal(a[-1], b[-1])
    other = train_student(lesson, 2, (8,))
    assert not np.array_equal(other.layers[0][-1], once.layers[0][-1])


def test_full_batch_ends_at_least_squares():
    lesson = Lesson(samples=40, inputs=6, hidden=(9,), rate=0.2)
    student = train_student(lesson, 0, (0, 3000))
    wanted = np.linalg.lstsq(student.x, student.y, rcond=None)[0]
    np.testing.assert_allclose(student.total()[-1, 0], wanted, atol=1e-6)


def test_the_teacher_is_as_described():
    many = train_student(Lesson(samples=20_000, inputs=50, relevant=20, hidden=(2,)), 0, (0,))
    assert (many.teacher[20:] == 0).all()
    assert (many.teacher[:20] != 0).all()
    assert many.x.var() * 50 == pytest.approx(1, rel=0.02)
    assert (many.y - many.x @ many.teacher).var() == pytest.approx(1, rel=0.05)
    fixed = train_student(Lesson(samples=5, inputs=3, hidden=(2,), fixed_teacher=True), 0, (0,))
    assert fixed.teacher.tolist() == [1, 1, 1]


def test_variances_decline_as_asked_and_sum_to_one():
    lesson = Lesson(samples=40_000, inputs=4, hidden=(2,), decline=1.0)
    assert lesson.variances == pytest.approx(np.array([1, 1 / 2, 1 / 3, 1 / 4]) * 12 / 25)
    assert train_student(lesson, 0, (0,)).x.var(0) == pytest.approx(lesson.variances, rel=0.03)
    assert Lesson(samples=5, inputs=4).variances.tolist() == [0.25] * 4


def test_an_orthogonal_start_is_orthogonal():
    student = train_student(Lesson(samples=5, inputs=8, hidden=(4, 6), start="orthogonal", scale=0.5), 0, (0,))
    for layer in student.layers:
        small = min(layer.shape[1:])
        gram = layer[0] @ layer[0].T if layer.shape[1] == small else layer[0].T @ layer[0]
        np.testing.assert_allclose(gram, 0.25 * np.eye(small), atol=1e-12)


def test_updates_count_the_last_smaller_batch():
    assert Lesson(samples=100, batch=5).updates == 20
    assert Lesson(samples=13, batch=4).updates == 4
    assert Lesson(samples=13).updates == 1


def test_a_rate_that_is_too_high_stays_visible():
    with np.errstate(over="ignore", invalid="ignore"):
        student = train_student(Lesson(samples=10, inputs=5, hidden=(4,), rate=1e4), 0, (60,))
    assert not np.isfinite(student.layers[0]).any()


@pytest.mark.parametrize(
    ("lesson", "epochs", "said"),
    [
        (Lesson(samples=5), (3, 1), "sorted distinct"),
        (Lesson(samples=5), (), "sorted distinct"),
        (Lesson(samples=5), (-1, 2), "at least 0"),
        (Lesson(samples=5, inputs=4, relevant=5), (0,), "5 of 4 inputs cannot be relevant: pass 1 to 4"),
    ],
)
def test_what_makes_no_sense_is_refused(lesson, epochs, said):
    with pytest.raises(InputError, match=said):
        train_student(lesson, 0, epochs)
