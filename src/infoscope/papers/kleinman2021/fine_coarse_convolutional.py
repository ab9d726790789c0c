"""FC1-FC7 on photographs: coarse and fine labels of CIFAR with convolutional networks.

Paper: ResNet-18 and All-CNN are trained on coarse labels of CIFAR-10 and CIFAR-100; fine information is encoded early
and discarded later, more so with a high learning rate and small batches (abstract and poster, which shows two groups of
CIFAR-10). Our sentences are the claims below, fixed before the first run.

    infoscope run kleinman2021/fine_coarse_convolutional --preset laptop

The 20 superclasses of CIFAR-100; at `paper` also two groups of five classes of CIFAR-10. SGD with momentum 0.9 and a
rate that falls by 3 % each epoch, as in the authors' sibling code; rates 0.1 and 0.003, weight decay 0 and 5e-4, batch
32 and 256. Read at the layer before the output. Hardware: smoke: seconds (1 epoch on 128 rows; too short for a
verdict). laptop, 2 CPU cores: 3 seeds of a three-block ResNet, 15 epochs on the first 4096 training rows, measured on
the first 4000 test rows, about 9 minutes: no network learns the task well from so few rows, and probes with ten rows a
class to fit read little, so that little can be seen to fall. paper: ResNet-18 and All-CNN on all rows with crops and
flips, 160 epochs, 3 seeds: days on a GPU.

Deviations: this is a re-derivation and no replication. The paper's rates, batch sizes, weight decay, epochs and
decoders were not at hand; ours are defaults of the same authors' other code. All-CNN has BatchNorm here, and first five
against last five classes is our guess of the two groups. Probes as in kleinman2021/fine_coarse_attribution.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from infoscope.core.units import nats
from infoscope.papers.kleinman2021._convolutional import Arena, Arenas, claims, judged
from infoscope.papers.kleinman2021._images import LabelChain
from infoscope.scanning.plan import Preset
from infoscope.train.networks.convolutional import Convolutional

_ROWS = 50_000
_GROUPS = LabelChain("label", "group", nats(1.0))
_SUPERCLASSES = LabelChain("fine", "coarse", nats(4.321928))  # log2 20


def _small(epochs: int, rows: int, test_rows: int) -> Arena:
    network = Convolutional("small_resnet", classes=20)
    return Arena("cifar100", _SUPERCLASSES, network, "block1", epochs, _ROWS, rows, test_rows)


def _published(task: str, labels: LabelChain, classes: int, architecture: Literal["resnet18", "all_cnn"]) -> Arena:
    network = Convolutional(architecture, classes=classes)
    return Arena(task, labels, network, network.layers[0], 160, _ROWS, augmentation=("crop", "flip"))


_ARENAS: dict[Preset, tuple[Arena, ...]] = {
    "smoke": (_small(1, 128, 200),),
    "laptop": (_small(15, 4096, 4000),),
    "paper": tuple(
        _published(task, labels, classes, architecture)
        for task, labels, classes in (("cifar10", _GROUPS, 2), ("cifar100", _SUPERCLASSES, 20))
        for architecture in ("resnet18", "all_cnn")
    ),
}


class FineCoarseConvolutional(Arenas):
    """Convolutional networks on groups of CIFAR classes: fine information over training (FC1-7)

    >>> from infoscope.papers.kleinman2021.fine_coarse_convolutional import FineCoarseConvolutional
    >>> plans = FineCoarseConvolutional().plan("paper")
    >>> sorted({(plan.task, plan.network.architecture) for plan in plans.values()})
    [('cifar10', 'all_cnn'), ('cifar10', 'resnet18'), ('cifar100', 'all_cnn'), ('cifar100', 'resnet18')]
    """

    title = "Coarse and fine labels of CIFAR"
    where = "abstract and poster, on coarse and fine labels"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 3, "paper": 3}
    arenas = _ARENAS
    claims = claims("kleinman2021/fine_coarse_convolutional", judged(_ARENAS))
