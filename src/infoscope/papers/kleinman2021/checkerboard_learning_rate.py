"""CB5: does a higher learning rate discard more of the irrelevant colour?

Paper: SGD with a high learning rate helps to reach minimal sufficient representations (abstract). Our sentences: at
the end of training the last hidden layer of a network trained at rate 0.005 holds more about colour than that of one
trained at rate 0.05 from the same initial weights, for as many epochs, and for as much rate times updates.

    infoscope run kleinman2021/checkerboard_learning_rate --preset laptop

Deviations: the networks, probes and deviations are those of kleinman2021/checkerboard (narrow ones). The low rate
trains for 300 epochs and is compared with the 30 epochs of the high rate at epoch 30 (which are as many updates, too)
and at epoch 300. Seeds that have not solved the task in either arm of a comparison are left out of both and counted.
Hardware: 2 CPU cores. smoke: seconds (2 and 20 epochs; too short for a verdict). laptop: 24 seeds, about 2 minutes;
paper: 50 seeds.

The thresholds were fixed before the first run of this code, after a pilot that was inconclusive (0.06 bits, standard
error 0.05, ReLU, same epochs, MLP probe). A re-derivation: the paper's own grid of rates was not at hand.
"""

from __future__ import annotations

from infoscope.papers.kleinman2021._checkerboard import RATE
from infoscope.papers.kleinman2021._matched import MatchedSides, Side, TwoSides

_TIMES = 10  # lower
_RATES = MatchedSides(
    "kleinman2021/checkerboard_learning_rate",
    longer=Side("low", f"rate {RATE / _TIMES}", {"learning_rate": RATE / _TIMES}),
    other=Side("high", f"rate {RATE}", {}),
    times=(_TIMES, 1),
    same={"epochs": "as many epochs and updates", "rate-times-updates": "as much rate times updates"},
    sentence="a high learning rate leaves less about colour",
    published="a high learning rate helps SGD to reach minimal sufficient representations",
)


class CheckerboardLearningRate(TwoSides):
    """Colour at a high and a low learning rate, the same epochs or the same rate times updates (CB5)

    >>> from infoscope.papers.kleinman2021.checkerboard_learning_rate import CheckerboardLearningRate
    >>> plans = CheckerboardLearningRate().plan("laptop")
    >>> {name: (plan.recipe.learning_rate, plan.recipe.epochs) for name, plan in plans.items()}
    {'relu_high': (0.05, 30), 'relu_low': (0.005, 300), 'tanh_high': (0.05, 30), 'tanh_low': (0.005, 300)}
    """

    title = "Learning rate and what is discarded"
    where = "abstract; checkerboard task"
    sides = _RATES
    claims = _RATES.claims()
