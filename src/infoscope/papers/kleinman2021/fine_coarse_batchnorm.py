"""FC1-FC7 with BatchNorm, on digits: do rate and batch discard fine information without weight decay?

Paper: SGD with a high learning rate and small batches helps to reach minimal sufficient representations; irrelevant
information is encoded early and discarded later (abstract, on convolutional networks). Our sentences are the claims
below, fixed before the first run: what kleinman2021/fine_coarse_attribution asks of fully connected networks, asked of
a small residual network with BatchNorm.

    infoscope run kleinman2021/fine_coarse_batchnorm --preset laptop

A three-block pre-activation ResNet (16, 32, 64 planes) on 8 x 8 digits, trained on their halves; SGD with momentum 0.9
and a rate that falls by 3 % each epoch, the defaults of the authors' sibling code. Rates 0.1 and 0.003, weight decay 0
and 5e-4, batch 32 and 256. Read at the layer before the output. Hardware: 2 CPU cores. smoke: seconds (2 epochs; too
short for a verdict). laptop: 4 seeds, 40 epochs, about 4 minutes; paper: 24 seeds of the same, since this task is
nobody's published one.

Deviations: those of kleinman2021/fine_coarse_attribution, its probes included; a re-derivation and no replication.
BatchNorm makes the function blind to the scale of most weights, so that weight decay acts on the effective learning
rate and no longer on the function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from infoscope.claim.figure import Figure
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._convolutional import Arena, claims, ends, run_of
from infoscope.papers.kleinman2021._digits import DIGITS
from infoscope.papers.kleinman2021._images import NEW_ROWS
from infoscope.scanning.plan import NetworkPlan, Preset
from infoscope.train.networks.convolutional import Convolutional

_EPOCHS = {"smoke": 2, "laptop": 40, "paper": 40}
_ROWS = 898  # for training


def _arena(preset: Preset) -> Arena:
    return Arena("digits", DIGITS, Convolutional("small_resnet", (1, 8, 8), 2), "block1", _EPOCHS[preset])


_ALL = [_arena("laptop")]


class FineCoarseBatchnorm(Figure):
    """A small residual network on digits: do rate and batch alone discard fine information? (FC1-7, BatchNorm)

    >>> from infoscope.papers.kleinman2021.fine_coarse_batchnorm import FineCoarseBatchnorm
    >>> list(FineCoarseBatchnorm().plan("laptop"))
    ['digits_small_resnet_high', 'digits_small_resnet_low', 'digits_small_resnet_large',
    'digits_small_resnet_high_decay', 'digits_small_resnet_low_decay']
    """

    title = "Coarse and fine labels of digits, BatchNorm"
    where = "abstract, on learning rate and batch size"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 4, "paper": 24}
    presupposes = NEW_ROWS
    claims = claims("kleinman2021/fine_coarse_batchnorm", _ALL)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return _arena(preset).plans(seeds, _ROWS)

    def asked(self, rows: Rows) -> Sequence[Claim]:
        return claims("kleinman2021/fine_coarse_batchnorm", run_of(rows, _ALL))

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {"transient": ends(rows, _ALL)}
