"""Prediction is compression, of the label: the length of an online code beside both binned informations.

Paper: networks that do not compress their input are still capable of generalisation. What always shrinks where a
network learns is another thing, the label: whoever predicts it needs fewer bits to send it. Our sentence, fixed before
the first run: as tanh and ReLU networks learn, the code of the label, given the last hidden layer, gets shorter in
both, and I(X;T) falls in the tanh network alone.

    infoscope run saxe2018/description_length --preset laptop

The networks of figures 1A and 1B, trained once more for it. At some twelve epochs the labels of all 4096 patterns are
sent to someone who has their 3-unit layer, by an online code of linear probes (Voita and Titov 2020), in bits a label:
1 where nothing is known. Beside it H(Bin(T)) and I(Bin(T);Y), with 30 bins on [-1, 1] (tanh) and 100 from 0 to the
largest activity of the whole training (ReLU). Hardware: 2 CPU cores. smoke: seconds (20 epochs; too short for a
verdict). laptop: 8 seeds, about 2 minutes of CPU; paper: 50 seeds, 12 minutes.

Deviations: ours beside the paper; the class slides only ask the question. The code is of the patterns trained on, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import torch

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import DROP, of_means
from infoscope.claim.statistics import last
from infoscope.core.claim import NOTHING, Claim, Criterion
from infoscope.core.quantity import INPUT_INFORMATION, LABEL_INFORMATION, Quantity
from infoscope.core.units import nats
from infoscope.data.held import held
from infoscope.measure.questions.description_length import description_length
from infoscope.measure.questions.information import plane
from infoscope.papers.saxe2018._boolean12 import HIDDEN, boolean12_plan
from infoscope.papers.saxe2018._parts import COMPRESS, DROP_OF_INFORMATION, FLAT, information
from infoscope.record.schedule import log_spaced
from infoscope.scanning.plan import Preset
from infoscope.train.ensemble import Ensemble
from infoscope.train.training import train

LENGTH = Quantity("L(Y|T)/n", "nats", "Description length of a label", "usable")
_LAST = HIDDEN[-1]
_EPOCHS: dict[Preset, int] = {"smoke": 20, "laptop": 8000, "paper": 8000}
_POINTS: dict[Preset, int] = {"smoke": 3, "laptop": 14, "paper": 14}


def _length(network: str) -> Series:
    return Series(LENGTH, network, _LAST)


def _shorter(length: np.ndarray) -> np.ndarray:
    return length[..., 0] - last(length)


_CODE = "how much shorter the code of a label gets"
_BOTH = Claim(
    id="saxe2018/description_length/labels-are-compressed-in-both",
    origin="ours",
    paper="saxe2018",
    where="class reproduction, slides",
    sentence="As tanh and ReLU networks learn, the label's code gets shorter in both; I(X;T) falls in tanh alone.",
    parts=(
        Part(
            _CODE,
            {name: _length(name) for name in ("tanh", "relu")},
            of_means("{} at the start less at the end", _shorter),
            Criterion(">=", nats(0.5), "nats"),
        ),
        Part(f"{DROP_OF_INFORMATION}, tanh", [information("tanh", _LAST)], DROP, COMPRESS),
        Part(f"{DROP_OF_INFORMATION}, ReLU", [information("relu", _LAST)], DROP, FLAT),
    ),
    headline=_CODE,
    published="asked and not answered (slides)",
    presupposes=NOTHING,
)


class DescriptionLengths(Figure):
    """The length of an online code of the label along training, beside H(Bin(T)) and I(Bin(T);Y), tanh and ReLU

    >>> from infoscope.papers.saxe2018.description_length import DescriptionLengths
    >>> {name: plan.arguments for name, plan in DescriptionLengths().plan("laptop").items()}
    {'tanh': {'activation': 'tanh'}, 'relu': {'activation': 'relu'}}
    """

    title = "Prediction is compression of the label"
    where = "class reproduction"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 8, "paper": 50}
    claims = (_BOTH,)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {
            name: Computation(
                title=f"12-10-7-5-4-3-2, {name}: codes and bins",
                curves=_curves,
                sites=(_LAST,),
                at=tuple(float(epoch) for epoch in log_spaced(_EPOCHS[preset], _POINTS[preset])),
                seeds=seeds,
                arguments={"activation": name},
                task="boolean12",
                trains=True,
            )
            for name in ("tanh", "relu")
        }


def _curves(at: Sequence[float], seeds: Sequence[int], activation: str) -> Iterator[Curve]:
    plan, loaded = boolean12_plan(activation, "paper", tuple(seeds), ()), held("boolean12")
    y = loaded.variables["label"]
    rows = np.stack([loaded.resplit(seed, plan.recipe.train_fraction).train for seed in seeds])
    ensemble = Ensemble(plan.network, plan.recipe, loaded.inputs, y.astype(np.int32), rows, plan.seeds)
    inputs = torch.tensor(loaded.inputs)
    with torch.no_grad():
        layers = [
            plan.network.representations(state.parameters, inputs, [_LAST])[_LAST].numpy()
            for state in train(ensemble, [round(epoch) for epoch in at])
        ]
    over = np.stack(layers, axis=1)  # [members, epochs, n, 3]
    found = np.empty((3, len(seeds), len(at)))
    for member in range(len(seeds)):
        top = max(float(over[member].max()), 1e-9)
        bins = {"bins": 30, "range": (-1.0, 1.0)} if activation == "tanh" else {"bins": 100, "range": (0.0, top)}
        for place, t in enumerate(over[member]):
            binned = plane(t, y, "binned", **bins)
            length = np.log(2) if not np.ptp(t) else description_length(t, y, seed=member).value / len(y)
            found[:, member, place] = length, binned.xt.value, binned.ty.value
    words = f"{'30 bins on [-1, 1]' if activation == 'tanh' else '100 bins on the recorded range'}"
    n = len(y)
    yield Curve(_LAST, LENGTH, found[0], "length of an online code of the label by linear probes, a label", n, "label")
    yield Curve(_LAST, INPUT_INFORMATION, found[1], f"H(Bin(T)), {words}", n, estimator="binned")
    yield Curve(_LAST, LABEL_INFORMATION, found[2], f"I(Bin(T);Y), {words}", n, "label", estimator="binned")
