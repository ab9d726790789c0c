"""Labels of as many classes as there are rows (an identifier, the words of a text): no number for each pair of both."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import infoscope
from infoscope.core import registry
from infoscope.measure.moments import class_means
from infoscope.measure.states import readings
from infoscope.measure.symbols import labels

N = 6000
Z, ID = np.random.default_rng(0).normal(size=(N, 5)), np.random.default_rng(1).permutation(N)


def peak(ask):
    """The most bytes that arrays held beside those that were there before; and the answer."""
    tracemalloc.start()
    try:
        answer = ask()
        return tracemalloc.get_traced_memory()[1], answer
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("probe", registry.entries("probes"))
@pytest.mark.parametrize(
    "ask",
    [
        lambda probe: infoscope.usable_information(Z, ID, probe),
        lambda probe: infoscope.usable_information(Z, ID, probe, groups=np.arange(N) // 10),
        lambda probe: infoscope.usable_information(Z[:-2000], ID[:-2000], probe, z_test=Z[-2000:], y_test=ID[-2000:]),
        lambda probe: infoscope.conditional_usable_information(Z, ID, Z[:, 0], probe),
        lambda probe: infoscope.usable_chain(Z, ID, ID > 1000, probe),
        lambda probe: infoscope.description_length(Z, ID, probe),
        lambda probe: infoscope.mutual_information(Z, ID, "usable_information", probe=probe),
    ],
    ids=["cross-fitted", "groups", "test rows", "conditional", "chain", "code", "estimator"],
)
def test_an_identifier_for_a_label_is_told_in_room_for_the_rows(probe, ask):
    most, answer = peak(lambda: ask(probe))
    assert most < N * N  # bytes, of eight that a number for each row and class takes
    for one in answer if isinstance(answer, tuple) else (answer,):
        assert one.status.name in ("SATURATED", "OK")  # of a chain, what is coarse can be read
        assert one.status.name == "SATURATED" or one.quantity.id != "usable_information"


@pytest.mark.parametrize("probe", registry.entries("probes"))
def test_it_is_told_where_a_probe_of_so_many_classes_would_be_refused(probe):
    with infoscope.memory_budget("20MB"):
        found = infoscope.mutual_information(Z, ID, "usable_information", probe=probe)
    assert (found.value, found.status.name) == (0.0, "SATURATED")


@given(st.integers(2, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))), st.randoms())
def test_classes_that_are_enough_for_it_are_enough_however_rows_are_dealt(sizes, random):
    n, k = sizes
    rest = [random.randrange(k) for _ in range(n - k)]
    dealt = [np.array([*range(k), *more]) for more in (rest, [0] * (n - k))]
    said = [bool(labels.alone(y)) for y in dealt]
    assert labels.all_alone(n, k) == said[1] <= said[0]  # all rest in one class leaves the least


@pytest.mark.parametrize("k", [1000, 200])
def test_one_pass_holds_classes_for_a_part_of_its_rows(monkeypatch, k):
    n = 1000
    one = infoscope.OnePass({"word": k})
    one.update(Z[:n], {"word": np.arange(n) % k})
    _, whole = peak(one.finish)
    monkeypatch.setattr(readings, "HELD", 1 << 16)
    monkeypatch.setattr(class_means, "BLOCK", 100)
    most, parted = peak(one.finish)
    assert k < n or most < 8 * n * k
    assert [each.estimate.value for each in parted] == pytest.approx([each.estimate.value for each in whole], abs=1e-9)


def test_angles_of_class_means_are_those_of_all_pairs(monkeypatch):
    means = np.random.default_rng(2).normal(size=(250, 6))
    of = means / np.linalg.norm(means, axis=1)[:, None]
    pairs = [abs(of[i] @ of[j] + 1 / 249) for i in range(250) for j in range(i)]
    for block in (1024, 100, 1):
        monkeypatch.setattr(class_means, "BLOCK", block)
        assert class_means.off_simplex(means) == pytest.approx(np.mean(pairs), abs=1e-12)
