"""The sample-propagation estimator of a noisy layer: T = S + Z, Z ~ N(0, b² I) (Goldfeld et al. 2018, 2019).

Everything comes from one pass: queries t = s + z around the clean samples s, and for each query the sums of Gaussian
terms over all samples (A), over those of the same input (B) and of the same class, without (e) the query's own centre.
In nats above h(Z), with n inputs of R replicas each:

    h(T)    plug-in: E ln nR - ln A             leave one out: the same without the own centre
    h(T|X)  plug-in: E ln R - ln B              leave one out: E ln (R-1) - ln (B - e)

In expectation a plug-in lies at or below its entropy (concavity) and a leave-one-out cross-entropy at or above it, so
their differences bracket every information; cross-entropies under Gaussians fitted to other rows are a second upper
end, and what Gaussians fitted to other replicas of each input can tell of the input is a second lower one. Many
replicas sharpen what is said of one input at the cost of n R² terms; all pairs of n R samples would cost n² R², so
where there are more than 2^13 samples the *other* inputs are stood for by a few of their replicas, or, where the inputs
are the population, by their Gaussians alone; the value is then the middle of the bracket in place of the published one.

Where the inputs *are* the population, a replica that is left out counts through the others of its input
(R/(R-1)); where they are a sample of it, all replicas of the query's input are left out. The first layer of a network
whose inputs are the population has no bias at all: only the Monte Carlo error remains.

Three pieces: :mod:`.draws` makes the draws, :mod:`.ends` reads bounds off their sums, :mod:`.layer_estimates` makes
estimates of the bounds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate, remark
from infoscope.core.quantity import DIFFERENTIAL_ENTROPY, INPUT_INFORMATION, LABEL_INFORMATION
from infoscope.core.shapes import Array, Labels
from infoscope.measure.noise import ends
from infoscope.measure.noise import published_bounds as risks
from infoscope.measure.noise.draws import Draws
from infoscope.measure.noise.ends import ENTROPY_GIVEN_INPUT, About
from infoscope.measure.noise.layer_estimates import LayerEstimates
from infoscope.measure.noise.setting import AddedBy as AddedBy
from infoscope.measure.noise.setting import Population as Population
from infoscope.measure.noise.setting import Setting
from infoscope.measure.noise.setting import check_population as check_population


@dataclass(frozen=True)
class NoisyLayer:
    """What one noisy layer says, in nats.

    xt: I(X;T). t: h(T). t_given_x: h(T|X). ty: I(T;Y) of each variable. queries: how many points were drawn.
    error_bound: root of d/N, a bound on the Monte Carlo standard error of ``t`` where every centre was drawn around
    equally often, as in a first layer. chi_square: the plug-in of I_chi2(S;T), a diagnostic that is at most n - 1 and
    errs low; NaN where no mixture of all samples was summed. cap: I(S;T) of Gaussian S with the same covariance.
    """

    xt: Estimate
    t: Estimate
    t_given_x: Estimate
    ty: dict[str, Estimate]
    queries: int
    error_bound: float
    chi_square: float
    cap: float


def propagate(
    s: Array,
    noise: float,
    population: Population,
    labels: Mapping[str, Labels] | None = None,
    *,
    tolerance: float = 0.02,
    seed: int = 0,
    added_by: AddedBy = "network",
    threads: int | None = None,
) -> NoisyLayer:
    """Measure ``s + N(0, noise² I)``.

    s: clean samples ``[n, d]``, one row an input (a first layer), or ``[n, R, d]``: the layer's clean outputs in R
        noisy forwards of each input (a deeper one), noise in earlier layers on. Arrays, or a tensor on an accelerator.
    noise: standard deviation on every unit. labels: class labels ``[n]`` by name, numbered from 0.
    tolerance: standard error of the Monte Carlo integral in nats; d/tolerance² draws reach it for certain.

    Raises
    ------
    InputError: for a population that was not said, a noise or tolerance that is not above 0, one replica only, numbers
        too large to square, or a tolerance that would take more than 2e7 draws.
    """
    start = time.perf_counter()
    population = check_population(population)
    check.positive(noise, "noise")
    check.positive(tolerance, "tolerance")
    if s.ndim == 3 and s.shape[1] < 2:
        raise InputError(
            "s has one replica an input, wanted s [n, d] for a layer whose only noise is its own, or [n, R, d] with "
            "at least 2 noisy forwards of each input"
        )
    setting = Setting(s, noise, population, dict(labels or {}), added_by)
    drawn, rounds = Draws(setting, tolerance, seed, threads).until(lambda drawn: ends.information(setting, drawn))
    queries, chi = rounds * setting.n, math.nan if setting.judged_only else ends.chi_square(setting, drawn)
    cap = ends.cap_of_layer(setting)
    estimates = LayerEstimates(setting, ends.found(setting, drawn, cap), queries, tolerance)
    xt = estimates.of(About(INPUT_INFORMATION), "I(X; {t})", ceiling=True)
    if not setting.dataset:
        said = risks.said(setting.plain, setting.noise, setting.n, setting.n * setting.replicas, chi)
        xt = xt.doubted(*map(remark, said))
    t, given = estimates.of(About(DIFFERENTIAL_ENTROPY), "h({t})"), estimates.of(About(ENTROPY_GIVEN_INPUT), "h({t}|X)")
    ty = {name: estimates.of(About(LABEL_INFORMATION, name), "I({t}; Y)") for name in setting.labels}
    seconds = (time.perf_counter() - start) / (3 + len(ty))
    xt, t, given = (replace(one, seconds=seconds) for one in (xt, t, given))
    ty = {name: replace(one, seconds=seconds) for name, one in ty.items()}
    error_bound = math.sqrt(risks.monte_carlo_mse(setting.d, queries))
    return NoisyLayer(xt, t, given, ty, queries, error_bound, chi, cap.value)
