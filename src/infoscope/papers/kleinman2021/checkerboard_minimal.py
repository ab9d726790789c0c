"""Minimal and sufficient in one verdict: do narrow networks end with all of the direction and nothing of the colour?

Paper: SGD with a high learning rate and small batches plays an important role in learning minimal sufficient
representations (abstract). Our sentences, fixed before the first run: the last hidden layer of a narrow network ends
with at least 0.95 of the direction that the inputs hold *and* at most 0.05 of the colour, by both probes; and the same
with weight decay, which the figures on digits found to be what makes networks forget.

    infoscope run kleinman2021/checkerboard_minimal --preset laptop

FC Small with ReLU and tanh at rate 0.05 and batch 32 for 300 epochs, ten times as long as in kleinman2021/checkerboard,
so that what goes slowly has time to go; without weight decay and with 1e-3. Beside the verdicts the curve of the lesser
share: of I_u(T;direction), and of what is gone of I_u(T;colour), by linear probes. Hardware: 2 CPU cores. smoke:
seconds (2 epochs; too short for a verdict). laptop: 24 seeds, about 2 minutes; paper: 50 seeds.

Deviations: those of kleinman2021/checkerboard, its probes included; a re-derivation and no replication. The paper has
no such statistic; both thresholds are ours, and that the colour is shown to be there from a tenth of it on.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._checkerboard import (
    ACTIVATIONS,
    ARCHITECTURES,
    SEEDS,
    SMALL,
    TWO,
    checkerboard_plan,
    last_hidden,
    told,
)
from infoscope.papers.kleinman2021._joint import joint_curves, minimal_and_sufficient
from infoscope.papers.kleinman2021._quoted import REGULARISATION
from infoscope.scanning.plan import NetworkPlan, Preset

_EPOCHS = {"smoke": 2, "laptop": 300, "paper": 300}
_DECAYS = {"": 0.0, "_decay": 1e-3}
_SITE = last_hidden(SMALL)
_NETWORKS = [f"{activation}{arm}" for arm in _DECAYS for activation in ACTIVATIONS]


def _claim(activation: str, arm: str) -> Claim:
    words = ARCHITECTURES[activation].words
    parts = minimal_and_sufficient(TWO, [(f"{activation}{arm}", _SITE)])
    return Claim(
        id=f"kleinman2021/checkerboard_minimal/{activation}{arm.replace('_', '-with-')}",
        origin="ours" if arm else "published",
        quoted="" if arm else REGULARISATION,
        paper="kleinman2021",
        where="abstract; checkerboard task (a re-derivation)",
        sentence=f"{words[:1].upper()}{words[1:]} ends with all of the direction and nothing of the colour"
        f"{', trained with weight decay' if arm else ''}.",
        parts=parts,
        headline=parts[-1].name,
        published="minimal sufficient representations (abstract)",
    )


class CheckerboardMinimal(Figure):
    """All of the direction and nothing of the colour: one verdict, one curve

    >>> from infoscope.papers.kleinman2021.checkerboard_minimal import CheckerboardMinimal
    >>> plans = CheckerboardMinimal().plan("laptop")
    >>> {name: (plan.recipe.epochs, plan.recipe.weight_decay) for name, plan in plans.items()}
    {'relu': (300, 0.0), 'relu_decay': (300, 0.001), 'tanh': (300, 0.0), 'tanh_decay': (300, 0.001)}
    """

    title = "Minimal and sufficient at once"
    where = "abstract; checkerboard task"
    seeds = SEEDS
    claims = tuple(_claim(activation, arm) for arm in _DECAYS for activation in ACTIVATIONS)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {
            f"{activation}{arm}": checkerboard_plan(
                f"{ARCHITECTURES[activation].title}, weight decay {decay:g}", preset, seeds, activation=activation,
                epochs=_EPOCHS[preset], probed=(0, 1, 30), weight_decay=decay,
            )
            for activation in ACTIVATIONS
            for arm, decay in _DECAYS.items()
        }  # fmt: skip

    def derived(self, rows: Rows) -> Rows:
        return joint_curves(TWO, [(network, _SITE) for network in _NETWORKS], rows)

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {
            claim.id.rpartition("/")[2]: told(rows, TWO, network, _SITE)
            for claim, network in zip(self.claims, _NETWORKS, strict=True)
        }
