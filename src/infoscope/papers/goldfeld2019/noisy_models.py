"""Compression in various models: the noisy 12-bit network over its noise and its widths, with ReLU and linear units.

Paper: I(X;T) of noisy networks compresses in various models. Our sentences are the five claims below: the last hidden
layer's I(X;T) surely falls in tanh networks of other noise and other widths, and in ReLU networks; and, a question of
ours, it does in linear ones; and both again where the noise is the same share of every layer's initial size.

    infoscope run goldfeld2019/noisy_models --preset long

The network of goldfeld2019/szt (noise 0.005 behind every unit) with noise of 0.002, 0.02 and 0.05, twice as wide, and
with ReLU or linear units in place of tanh: as they are drawn, and with each layer scaled before training to about the
size that one of the tanh network begins with (a root mean square of 0.3). Brackets of the last hidden layer's I(X;T) of
all 4096 inputs. Hardware: 2 CPU cores. smoke: seconds (8 epochs; too short for a verdict). laptop: 2 seeds, about 6
minutes of CPU; long: 5 seeds, 15 minutes of CPU and 8 MB; paper: 10 seeds, all 84 epochs, 1024 forwards, 3 hours.

Deviations: which models the paper shows is known to us from its abstract only. The noise is the same behind every
layer, where a layer of ReLU or linear units may be larger or smaller than one of tanh and so hears it less or more:
hence the networks that begin at one size. What becomes of the sizes in training is theirs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part
from infoscope.core.claim import Claim, Criterion, Origin
from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.goldfeld2019._boolean12 import NOISE, constellation, noisy12_plan, propagation
from infoscope.papers.goldfeld2019._brackets import late_fall, noisy, of_seeds, unresolved
from infoscope.papers.goldfeld2019._quoted import VARIOUS
from infoscope.papers.saxe2018._boolean12 import WIDTHS
from infoscope.scanning.plan import NetworkPlan, Preset
from infoscope.train.networks.fully_connected import FullyConnected

_WIDE = (12, 20, 14, 10, 8, 6, 2)
_LAST = "hidden5"
SIZE = 0.3  # root mean square that a layer of the tanh network has at the start, about
#: Network -> what of the plain one is changed.
MODELS: dict[str, dict[str, Any]] = {
    "tanh": {},
    "noise_0.002": {"noise": 0.002},
    "noise_0.02": {"noise": 0.02},
    "noise_0.05": {"noise": 0.05},
    "wide": {"widths": _WIDE},
    "relu": {"activation": "relu"},
    "linear": {"activation": "linear"},
    "relu_relative": {"activation": "relu", "initial_rms": SIZE},
    "linear_relative": {"activation": "linear", "initial_rms": SIZE},
}
_FALLS = Criterion(">=", nats(0.5), "nats")


def _claim(name: str, origin: Origin, sentence: str, networks: Sequence[str], published: str) -> Claim:
    series = {network: noisy(network, _LAST) for network in networks}
    words = "fall of {} from the lower end at its highest point from epoch 100 on to the upper end at the last"
    part = Part("sure fall of I(X;T) from its later peak to the end", series, of_seeds(words, late_fall), _FALLS)
    return Claim(
        f"goldfeld2019/noisy_models/{name}", "goldfeld2019", "the models of the abstract", sentence, (part,), origin,
        published, quoted=VARIOUS if origin == "published" else "",
    )  # fmt: skip


class NoisyModels(Figure):
    """The noisy 12-bit network over noise, widths and activations: where the last layer's I(X;T) surely falls

    >>> from infoscope.papers.goldfeld2019.noisy_models import NoisyModels
    >>> {name: (plan.network.activation, plan.network.noise) for name, plan in NoisyModels().plan("long").items()}
    {'tanh': ('tanh', 0.005), 'noise_0.002': ('tanh', 0.002), 'noise_0.02': ('tanh', 0.02), 'noise_0.05': ('tanh',
    0.05), 'wide': ('tanh', 0.005), 'relu': ('relu', 0.005), 'linear': ('linear', 0.005), 'relu_relative': ('relu',
    0.005), 'linear_relative': ('linear', 0.005)}
    """

    title = "Compression in various noisy models"
    where = "the models of the abstract"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 2, "long": 5, "paper": 10}
    long = "5 seeds of 9 networks, brackets at 29 epochs: about 15 minutes of CPU, 8 MB"
    claims = (
        _claim(
            "tanh-of-any-noise-and-width",
            "published",
            "Noisy tanh networks compress, whatever their noise and widths.",
            ("tanh", "noise_0.002", "noise_0.02", "noise_0.05", "wide"),
            "compression in various models",
        ),
        _claim("relu", "published", "Noisy ReLU networks compress too.", ("relu",), "compression in various models"),
        _claim("linear", "ours", "Noisy linear networks compress too.", ("linear",), "not read"),
        _claim(
            "relu-relative",
            "ours",
            "Noisy ReLU networks compress where the noise is the same share of each layer's initial size.",
            ("relu_relative",),
            "not read",
        ),
        _claim(
            "linear-relative",
            "ours",
            "Noisy linear networks compress where the noise is the same share of each layer's initial size.",
            ("linear_relative",),
            "not read",
        ),
    )

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans: dict[str, NetworkPlan] = {}
        for name, changed in MODELS.items():
            how: dict[str, Any] = {"widths": WIDTHS, "activation": "tanh", "noise": NOISE, **changed}
            measures = (
                dataclasses.replace(propagation(preset, how["noise"]), sites=(_LAST,)),
                constellation(preset, _LAST, how["noise"]),
            )
            network = FullyConnected(initialisation="uniform_fan_in", **how)
            sized = f", layers that begin at {SIZE:g}" if "initial_rms" in how else ""
            title = f"{'-'.join(map(str, how['widths']))}, {how['activation']}, noise {how['noise']:g}{sized}"
            plans[name] = dataclasses.replace(noisy12_plan(preset, seeds, measures), title=title, network=network)
        return plans

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        told: list[str] = []
        for name in MODELS:
            if len(found := rows.filter(network=name, quantity=INPUT_INFORMATION, estimator="noisy")):
                values = np.nanmean(found.curves()[2], axis=0)
                told.append(f"{name} {values.max():.2f} to {values[-1]:.2f}")
        said = [f"I(X;T) of the last hidden layer in nats, highest to last: {', '.join(told)}"] if told else []
        return {claim.id.rpartition("/")[2]: (*said, unresolved(rows)) for claim in self.claims} if said else {}
