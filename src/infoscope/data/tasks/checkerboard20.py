"""The checkerboard decision with twenty colours and twenty targets."""

from __future__ import annotations

from infoscope.data.tasks._checkerboard import CheckerboardTask


class CheckerboardTwenty(CheckerboardTask):
    """152 000 trials of a checkerboard with one of twenty dominant colours, and twenty targets that show the colours.

    The targets show the colours in order, beginning anywhere; so direction, colour and configuration have twenty values
    each, and any two of them are independent. Generated; the first 144 000 trials are for training.

    References
    ----------
    Kleinman, Achille, Idnani and Kao, Usable Information and Evolution of Optimal Representations During Training,
    arXiv:2010.02459. The paper varies the number of colours; this generator is ours.

    Example
    -------
    >>> iscope.task("checkerboard20")
    Task('checkerboard20', inputs [152000, 40], 20 classes, 144000 train, 8000 test)
    """

    colours = 20
    trained = 144_000
    n = 152_000
    features = 40
    classes = 20
    trained_on = "direction"
    split_published = False
    licence = "none needed: generated from a rule"
    citation = "after Kleinman, Achille, Idnani & Kao 2021, arXiv:2010.02459"
