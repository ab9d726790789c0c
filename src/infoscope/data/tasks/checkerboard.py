"""The two-colour checkerboard decision of neuroscience."""

from __future__ import annotations

from infoscope.data.tasks._checkerboard import CheckerboardTask


class Checkerboard(CheckerboardTask):
    """17 000 trials of a checkerboard, mostly red or mostly green, and two targets: which one has its colour.

    Generated: 14 signed coherences and noise of standard deviation 0.1, the first 9 000 trials for training. Colour is
    irrelevant to the answer given the direction: a minimal representation holds the direction and not the colour. The
    inputs hold 0.833 bits of either. Inputs: left and right target (1 or -1), red and green excess.

    References
    ----------
    Kleinman, Achille, Idnani and Kao, Usable Information and Evolution of Optimal Representations During Training,
    arXiv:2010.02459.

    Example
    -------
    >>> iscope.task("checkerboard")
    Task('checkerboard', inputs [17000, 4], 2 classes, 9000 train, 8000 test)
    """

    colours = 2
    trained = 9000
    n = 17000
    features = 4
    classes = 2
    trained_on = "direction"
    split_published = False
    licence = "none needed: generated from a rule"
    citation = "Kleinman, Achille, Idnani & Kao 2021, arXiv:2010.02459"
