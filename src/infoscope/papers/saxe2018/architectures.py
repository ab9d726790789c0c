"""E17: hidden layers 20-10 and 512-10 on MNIST, tanh and ReLU; from a class reproduction of the paper.

The class reproduction (slides, not the paper) reports that networks with few layers do not compress, whichever their
activation. Paper: tanh compresses because it saturates on both sides, whatever the depth. Our sentence is the
reproduction's: by the KDE upper bound with noise variance 0.1 no hidden layer of any of the four networks compresses.

    infoscope run saxe2018/architectures --preset laptop

784-20-10-10 and 784-512-10-10, trained and measured as in saxe2018/mnist: Glorot uniform, SGD at 0.001, batch 128,
pixels in [0, 1]. Hardware: 2 CPU cores for smoke (seconds) and laptop (minutes; too short for a verdict); long: 4
seeds, 600 epochs, 4 minutes of CPU and 250 MB of snapshots; paper (10 000 epochs, 60 000 rows, 10 000 test images) is
for a GPU.

Deviations: the slides give neither rate nor epochs; these are those of figures 1C-D, and at long those of
saxe2018/mnist there: rate 0.1, so that the networks have learned. Several seeds. At laptop 300 epochs on the first 4000
training rows, measured on the first 2000 test images: 9600 updates of the paper's 4.7 million. What falls, falls long
after fitting, so the verdict is of a length of training; the drops until some earlier epochs are told beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from infoscope.claim.figure import Figure
from infoscope.claim.part import Series, findings_of
from infoscope.claim.reading.layers import in_words
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._mnist import SEEN_TO_FALL, mnist_plan
from infoscope.papers.saxe2018._parts import (
    FLAT,
    drops,
    information,
)
from infoscope.scanning.plan import NetworkPlan, Preset

_WIDTHS = {"20_10": (784, 20, 10, 10), "512_10": (784, 512, 10, 10)}
_BY: dict[str, Any] = {"words": "by the KDE upper bound, noise variance 0.1,", "estimator": "kde"}
_NETWORKS = [f"{activation}_{name}" for name in _WIDTHS for activation in ("tanh", "relu")]
_UNTIL = (100.0, 300.0)


def _hidden(**more: Any) -> list[Series]:
    return [information(network, layer, **_BY, **more) for network in _NETWORKS for layer in ("hidden1", "hidden2")]


_SHALLOW = Claim(
    id="saxe2018/architectures/shallow-no-compression",
    origin="published",
    paper="saxe2018",
    where="class reproduction, slides",
    sentence="Networks with two hidden layers do not compress on MNIST, whether tanh or ReLU.",
    parts=(drops(_hidden(), FLAT),),
    controls=(drops([information(network, "output", **_BY) for network in _NETWORKS], SEEN_TO_FALL),),
    published="no compression for either activation (slides)",
    revised="the control, an output that falls by 0.1 bits surely, came after a run whose networks had not learned and "
    "in which nothing fell",
)


class Architectures(Figure):
    """Hidden layers 20-10 and 512-10 on MNIST, tanh and ReLU, KDE: do shallow networks compress? (E17)

    >>> from infoscope.papers.saxe2018.architectures import Architectures
    >>> {name: plan.network.widths for name, plan in Architectures().plan("laptop").items()}
    {'tanh_20_10': (784, 20, 10, 10), 'relu_20_10': (784, 20, 10, 10), 'tanh_512_10': (784, 512, 10, 10),
    'relu_512_10': (784, 512, 10, 10)}
    """

    title = "Shallow networks on MNIST, KDE"
    where = "class reproduction"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 4, "long": 4, "paper": 4}
    long = "4 seeds of 4 networks, 600 epochs at rate 0.1: about 4 minutes of CPU, 250 MB of snapshots"
    claims = (_SHALLOW,)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {
            f"{activation}_{name}": mnist_plan(widths, activation, preset, seeds)
            for name, widths in _WIDTHS.items()
            for activation in ("tanh", "relu")
        }

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        """The drops until earlier epochs than the last."""
        told: list[str] = []
        for until in _UNTIL:
            series = _hidden(until=until)
            found = in_words(findings_of([drops(series, FLAT, f"drops until epoch {until:g}")], rows))
            told += found if any(max(each.of(rows).column("epoch"), default=0) > until for each in _hidden()) else ()
        return {"shallow-no-compression": told}
