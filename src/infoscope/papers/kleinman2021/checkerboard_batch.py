"""CB6: do smaller batches discard more of the irrelevant colour?

Paper: SGD with small batches helps to reach minimal sufficient representations (abstract). Our sentences: at the end of
training the last hidden layer of a network trained with batch 512 holds more about colour than that of one trained with
batch 32 from the same initial weights, for as many epochs, and for as many updates.

    infoscope run kleinman2021/checkerboard_batch --preset laptop

Deviations: the networks, probes and deviations are those of kleinman2021/checkerboard (narrow ones). An epoch is 282
updates with batch 32 and 18 with batch 512, so the large batch trains for 470 epochs and is compared with the 30 epochs
of the small one at epoch 30 and at epoch 470 (8460 updates in both, at the same rate: as much rate times updates, too).
Seeds that have not solved the task in either arm of a comparison are left out of both and counted; after as many epochs
that may be most. Hardware: 2 CPU cores. smoke: seconds (2 and 32 epochs; too short for a verdict). laptop: 24 seeds,
about 2 minutes; paper: 50 seeds.

The thresholds were fixed before the first run of this code, after a pilot with 8 seeds that saw no effect beyond the
number of updates. A re-derivation: the paper's own batch sizes were not at hand.
"""

from __future__ import annotations

from infoscope.papers.kleinman2021._checkerboard import BATCH
from infoscope.papers.kleinman2021._matched import MatchedSides, Side, TwoSides

_LARGE = 512
_UPDATES = {BATCH: 282, _LARGE: 18}  # an epoch of 9000 trials
_BATCHES = MatchedSides(
    "kleinman2021/checkerboard_batch",
    longer=Side("large", f"batch {_LARGE}", {"batch": _LARGE}),
    other=Side("small", f"batch {BATCH}", {}),
    times=(_UPDATES[BATCH], _UPDATES[_LARGE]),
    same={"epochs": "as many epochs", "updates": "as many updates"},
    sentence="small batches leave less about colour",
    published="small batches help SGD to reach minimal sufficient representations",
)


class CheckerboardBatch(TwoSides):
    """Colour with small and large batches, the same epochs or the same updates (CB6)

    >>> from infoscope.papers.kleinman2021.checkerboard_batch import CheckerboardBatch
    >>> {name: (plan.recipe.batch, plan.recipe.epochs) for name, plan in CheckerboardBatch().plan("laptop").items()}
    {'relu_small': (32, 30), 'relu_large': (512, 470), 'tanh_small': (32, 30), 'tanh_large': (512, 470)}
    """

    title = "Batch size and what is discarded"
    where = "abstract; checkerboard task"
    sides = _BATCHES
    claims = _BATCHES.claims()
