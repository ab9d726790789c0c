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

from typing import ClassVar

from infoscope.papers.kleinman2021._convolutional import Arena, Arenas, claims, judged
from infoscope.papers.kleinman2021._digits import DIGITS
from infoscope.scanning.plan import Preset
from infoscope.train.networks.convolutional import Convolutional

_EPOCHS: dict[Preset, int] = {"smoke": 2, "laptop": 40, "paper": 40}
_NETWORK = Convolutional("small_resnet", (1, 8, 8), 2)
_ARENAS: dict[Preset, list[Arena]] = {
    preset: [Arena("digits", DIGITS, _NETWORK, "block1", epochs, 898)] for preset, epochs in _EPOCHS.items()
}


class FineCoarseBatchnorm(Arenas):
    """A small residual network on digits: do rate and batch alone discard fine information? (FC1-7, BatchNorm)

    >>> from infoscope.papers.kleinman2021.fine_coarse_batchnorm import FineCoarseBatchnorm
    >>> list(FineCoarseBatchnorm().plan("laptop"))
    ['digits_small_resnet_high', 'digits_small_resnet_low', 'digits_small_resnet_large',
    'digits_small_resnet_high_decay', 'digits_small_resnet_low_decay']
    """

    title = "Coarse and fine labels of digits, BatchNorm"
    where = "abstract, on learning rate and batch size"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 4, "paper": 24}
    arenas = _ARENAS
    claims = claims("kleinman2021/fine_coarse_batchnorm", judged(_ARENAS))
