"""The checkerboard decision with ten colours and ten targets."""

from __future__ import annotations

from infoscope.data.tasks._checkerboard import CheckerboardTask


class CheckerboardTen(CheckerboardTask):
    """44 000 trials of a checkerboard with one of ten dominant colours, and ten targets that show the colours.

    The targets show the colours in order, beginning anywhere; so direction, colour and configuration have ten values
    each, and any two of them are independent. Generated; the first 36 000 trials are for training.

    References
    ----------
    Kleinman, Achille, Idnani and Kao, Usable Information and Evolution of Optimal Representations During Training,
    arXiv:2010.02459. The paper varies the number of colours; this generator is ours.

    Example
    -------
    >>> iscope.task("checkerboard10")
    Task('checkerboard10', inputs [44000, 20], 10 classes, 36000 train, 8000 test)
    """

    colours = 10
    trained = 36000
    n = 44000
    features = 20
    classes = 10
    trained_on = "direction"
    split_published = False
    licence = "none needed: generated from a rule"
    citation = "after Kleinman, Achille, Idnani & Kao 2021, arXiv:2010.02459"
