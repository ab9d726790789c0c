"""``strict`` is said once: a doubtful answer is refused, whatever shape the answer has."""

import inspect

import numpy as np
import pytest

import infoscope
from infoscope.core.errors import UntrustedEstimateError
from infoscope.measure.bases.answering import question

T, Y = np.zeros((40, 2)), np.arange(40) % 2
PUBLIC = [getattr(infoscope, name) for name in dir(infoscope)]
ASKED = [one for one in PUBLIC if inspect.isfunction(one) and "strict" in inspect.signature(one).parameters]


def test_every_question_reads_strict_in_the_one_place():
    assert len(ASKED) == 13
    assert {one.__code__ for one in ASKED} == {question(ASKED[0]).__code__}


@pytest.mark.parametrize(
    "ask",
    [
        lambda strict: infoscope.mutual_information(T, Y, strict=strict),
        lambda strict: infoscope.plane(T, Y, strict=strict),
        lambda strict: infoscope.geometry(T, measure="effective_rank", strict=strict),
        lambda strict: infoscope.usable_chain(T, Y, Y, strict=strict),
        lambda strict: infoscope.minimality(T, Y, strict=strict),
    ],
    ids=["estimate", "point", "by name", "several", "one value"],
)
def test_a_doubtful_answer_is_given_or_refused(ask):
    assert ask(False) is not None
    with pytest.raises(UntrustedEstimateError):
        ask(True)
