"""Estimates of bounds: the best of each side, the value, and the status that they earn."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.measure.intervals.uncertainties import IN_EXPECTATION, MONTE_CARLO
from infoscope.measure.noise import published_bounds as risks
from infoscope.measure.noise.ends import About, Ends
from infoscope.measure.noise.means import Mean
from infoscope.measure.noise.setting import Setting

NEAR = 0.1  # nats from ln n at which the number of inputs, not the network, decides


@dataclass(frozen=True)
class LayerEstimates:
    """What is said of each quantity of a layer after so many ``queries``."""

    setting: Setting
    found: Ends
    queries: int
    tolerance: float

    def of(self, about: About, estimand: str, ceiling: bool = False) -> Estimate:
        """The estimate of what it is ``about``; ``ceiling``: it cannot exceed ln n. ``{t}`` in ``estimand``: the layer.

        With remarks about all of them, and UNRESOLVED, DEGENERATE or SATURATED where it is.
        """
        estimate, doubts = self._estimate(about, estimand)
        said = map(remark, self._said())
        if self.setting.constant:
            estimate = estimate.doubted(Doubt(Status.DEGENERATE, "every row is the same"), *said)
            known = about.quantity.kind == "information"
            return replace(estimate, value=0.0, interval=(0.0, 0.0)) if known else estimate
        estimate = estimate.doubted(*doubts, *said)
        most = math.log(self.setting.n)
        assert estimate.interval is not None
        reached = estimate.value if self.setting.dataset else max(estimate.value, estimate.interval[1])
        if not ceiling or reached < most - NEAR:
            return estimate
        if self.setting.dataset:
            note = f"near ln n = {most:.4g} nats, the entropy of these inputs: the noise confuses few of them"
            return estimate.doubted(remark(note))
        return estimate.doubted(Doubt(Status.SATURATED, f"ln n is {most:.4g} nats"))

    def _estimate(self, about: About, estimand: str) -> tuple[Estimate, list[Doubt]]:
        """The value with the best of the lower and of the upper ends, as far as they are finite; and its doubts."""
        setting, doubts = self.setting, []
        plus = 0.0 if about.quantity.kind == "information" else setting.of_noise
        if setting.dataset and not setting.deep:
            value, kind = self.found.values[about], MONTE_CARLO
            low, high = value.low(), value.high()
        else:
            least = max(self.found.of(about, "low"), key=lambda bound: bound.mean.low())
            most = min(self.found.of(about, "high"), key=lambda bound: bound.mean.high())
            if setting.few:
                value = Mean((least.mean.value + most.mean.value) / 2, max(least.mean.error, most.mean.error))
            else:
                value = self.found.values[about]
            low, high, kind = least.mean.low(), most.mean.high(), IN_EXPECTATION
            if most.mean.value - least.mean.value > self.tolerance:
                ends = f"{least.mean.value + plus:.4g} nats and {most.mean.value + plus:.4g} nats"
                between = f"in expectation between {ends} ({least.why}; {most.why})"
                doubts.append(Doubt(Status.UNRESOLVED, between))
        doubts.append(remark(f"standard error {value.error:.2g} nats"))
        estimate = Estimate(
            value.value + plus,
            about.quantity,
            self._estimand(estimand),
            setting.n,
        )
        return estimate.within((min(low, value.value) + plus, max(high, value.value) + plus), kind), doubts

    def _estimand(self, of: str) -> str:
        setting = self.setting
        noisy = f"{'T' if setting.added_by == 'analysis' else 'S'}+N(0, {setting.noise:g}² I)"
        who = (
            f"X uniform on these {setting.n} inputs" if setting.dataset else f"{setting.n} inputs a sample of their law"
        )
        said = f"{of.format(t=noisy)}, {who}"
        if setting.deep:
            said += f", {setting.forwards} noisy forwards of each"
        return f"{said}, noise added by the analysis" if setting.added_by == "analysis" else said

    def _said(self) -> tuple[str, ...]:
        setting, queries = self.setting, self.queries
        bound = math.sqrt(risks.monte_carlo_mse(setting.d, queries))
        if setting.deep:
            around = min(setting.replicas, queries // setting.n)
            said = f"{queries} draws, {around} of {setting.forwards} replicas drawn around"
            if setting.few:
                others = "their Gaussians" if setting.judged_only else f"{setting.replicas} of theirs"
                said += f", other inputs stood for by {others}, value in the middle of the bracket"
        else:
            said = f"{queries} draws, Monte Carlo error at most {bound:.2g} nats (root of d/N)"
        if setting.added_by == "analysis":
            return said, "noise added by the analysis: the network never saw it, and the value depends on its size"
        return (said,)
