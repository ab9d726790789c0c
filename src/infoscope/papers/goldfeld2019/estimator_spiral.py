"""The entropy of the last hidden layer of a noisy network that tells three spirals apart, from ever more samples.

Paper: (the companion, Goldfeld, Greenewald, Weed & Polyanskiy 2018) a network 2-8-9-10 with tanh units and noise of
standard deviation 0.2 classifies three spirals in the plane with 98 %; the estimate of h(T) of its ten-unit layer
settles with the number of samples. Our sentence is the claim below; there is no known truth, so the estimate is held
between its own lower and upper ends.

    infoscope run goldfeld2019/estimator_spiral --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 5 networks, n up to 4000, under a minute. paper: n up to 16 000.

Deviations: the shape of the spirals, their noise (0.05), the number of training points (1500) and the training (Adam at
0.01, batches of 128, 400 epochs) are ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import torch

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.core import grammar
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import ACCURACY, DIFFERENTIAL_ENTROPY
from infoscope.core.rows import Rows
from infoscope.measure.questions.noisy import noisy_layer
from infoscope.papers.goldfeld2019._brackets import curves, of_seeds, right_end
from infoscope.scanning.plan import Preset
from infoscope.train.ensemble import Ensemble
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe
from infoscope.train.training import initial_state, make_trainer

NOISE, ARMS, TURNS, BLUR, TRAINING, LAYER = 0.2, 3, 1.0, 0.05, 1500, "hidden3"
SIZES = {"smoke": (250, 500), "laptop": (500, 1000, 2000, 4000), "paper": (500, 1000, 2000, 4000, 8000, 16_000)}
EPOCHS = {"smoke": 20, "laptop": 400, "paper": 400}
SITES = ("sample propagation", "lower end", "upper end", "neighbours")


def _growth(rows: Rows) -> np.ndarray | None:
    value = curves(rows)
    return None if value is None else value[:, -1] - value[:, 0]


def _width(lower: Rows, upper: Rows) -> np.ndarray | None:
    low, high = curves(lower), curves(upper)
    return None if low is None or high is None else high[:, -1] - low[:, -1]


_CLAIM = Claim(
    id="goldfeld2019/estimator_spiral/settles",
    origin="published",
    paper="goldfeld2019",
    where="the companion's experiments",
    sentence="On a trained noisy network the estimate rises with the number of samples and settles.",
    parts=(
        Part(
            "classified right",
            {"": Series(ACCURACY, words="without noise")},
            of_seeds("{} at the most samples", right_end),
            Criterion(">=", 0.98, "fraction"),
        ),
        Part(
            "the most samples less the fewest",
            {"": Series(DIFFERENTIAL_ENTROPY, site=SITES[0])},
            of_seeds("{} from the most samples less that from the fewest", _growth),
            Criterion(">=", 0.0, "nats"),
        ),
        Part(
            "upper less lower end at the most samples",
            {"": [Series(DIFFERENTIAL_ENTROPY, site=site) for site in SITES[1:3]]},
            of_seeds("upper less lower end of {} at the most samples", _width),
            Criterion("<=", 0.1, "nats"),
        ),
    ),
    headline="upper less lower end at the most samples",
    published="98 % and a curve that settles (the rule is ours)",
)


class EstimatorSpiral(Figure):
    """The entropy of a noisy network's last hidden layer on three spirals, from ever more samples

    >>> from infoscope.papers.goldfeld2019.estimator_spiral import EstimatorSpiral
    >>> computed = EstimatorSpiral().plan("laptop")["spiral"]
    >>> computed.title, computed.sites
    ('2-8-9-10-3, tanh, noise 0.2: h(T) of the ten units', ('sample propagation', 'lower end', 'upper end',
    'neighbours'))
    """

    title = "The estimator on a network for three spirals"
    where = "the companion's experiments"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 5, "paper": 10}
    claims = (_CLAIM,)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {
            "spiral": Computation(
                title=f"2-8-9-10-3, tanh, noise {NOISE:g}: h(T) of the ten units",
                curves=_curves,
                sites=SITES,
                at=tuple(map(float, SIZES[preset])),
                axis="samples",
                seeds=seeds,
                arguments={"epochs": EPOCHS[preset]},
                trains=True,
            )
        }


def _spirals(n: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points ``[n, 2]`` on three arms and which arm each is on."""
    arm, along = generator.integers(ARMS, size=n), np.sqrt(generator.uniform(0.01, 1, n))
    angle = 2 * math.pi * (TURNS * along + arm / ARMS)
    points = along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (points + BLUR * along[:, None] * generator.standard_normal((n, 2))).astype(np.float32), arm


def _trained(seed: int, epochs: int) -> tuple[FullyConnected, dict[str, torch.Tensor]]:
    """One network and its parameters ``[1, ...]``."""
    network = FullyConnected((2, 8, 9, 10, ARMS), "tanh", initialisation="uniform_fan_in", noise=NOISE)
    x, y = _spirals(TRAINING, np.random.default_rng([0x5B1, seed]))
    recipe = Recipe(epochs=epochs, learning_rate=0.01, batch=128, optimiser="adam")
    ensemble = Ensemble(network, recipe, x, y.astype(np.int32), np.arange(TRAINING)[None], (seed,))
    return network, make_trainer(ensemble).advance(initial_state(ensemble), epochs).parameters


def _curves(at: Sequence[float], seeds: Sequence[int], epochs: int) -> Iterator[Curve]:
    found, right = np.empty((len(SITES), len(seeds), len(at))), np.empty((len(seeds), len(at)))
    for m, seed in enumerate(seeds):
        network, parameters = _trained(seed, epochs)
        for k, n in enumerate(map(int, at)):
            generator = np.random.default_rng([0x5B2, seed, n])
            x, y = _spirals(n, generator)
            with torch.no_grad():
                inputs = torch.from_numpy(x)
                s = network.propagated(parameters, inputs, [LAYER], 1, seed)[LAYER][0, :, 0].double().numpy()
                right[m, k] = (network.logits(parameters, inputs)[0].argmax(1).numpy() == y).mean()
            t = noisy_layer(s, NOISE, "sample", seed=seed).t
            noisy = s + NOISE * generator.standard_normal(s.shape)
            assert t.interval is not None
            nearest = grammar.make("estimators", "kozachenko_leonenko").entropy(noisy)
            found[:, m, k] = t.value, *t.interval, nearest.value
    for site, values in zip(SITES, found, strict=True):
        estimator = "kozachenko_leonenko" if site == "neighbours" else "noisy"
        what = f"h(T) of {LAYER} with its noise, {site}"
        yield Curve(
            site, DIFFERENTIAL_ENTROPY, values, what, int(max(at)), estimator=estimator, options={"noise": NOISE}
        )
    yield Curve("network", ACCURACY, right, "classified right without noise", int(max(at)), "label")
