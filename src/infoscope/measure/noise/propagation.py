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
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import BRACKET, Estimate, Status
from infoscope.measure.noise import caps as caps
from infoscope.measure.noise import posterior as posterior
from infoscope.measure.noise import published_bounds as risks
from infoscope.measure.noise.mixture import DOUBLE_ERROR, Mixture

Population = Literal["dataset", "sample"]
AddedBy = Literal["network", "analysis"]
MONTE_CARLO = "Monte Carlo error"
LEVEL, SIGMAS = 0.95, 1.96
MOST_QUERIES = 20_000_000
MOST_CENTRES = 2**13
NEAR = 0.1  # nats from ln n at which the number of inputs, not the network, decides
CHUNK, BLOCK = 2**22, 2**16  # numbers of noise at once, and from one generator
KEY = 0x5A17


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


def check_population(population: Any) -> Population:
    """``population`` when it was said.

    Raises
    ------
    InputError: when it was not, with what the two mean.
    """
    if population not in ("dataset", "sample"):
        raise InputError(
            f"population is {population!r}, wanted 'dataset' (these inputs are all there are, each equally likely: "
            "nothing is estimated but an integral) or 'sample' (they were drawn from a law: a bracket is); say which"
        )
    return population


def propagate(
    s: Any,
    noise: float,
    population: Population,
    labels: Mapping[str, np.ndarray] | None = None,
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
    layer = _Layer(s, noise, population, dict(labels or {}), tolerance, seed, added_by, threads)
    return layer.measured(start)


@dataclass(frozen=True)
class _Mean:
    """A mean over queries and its standard error; infinite where a leave-one-out sum was empty."""

    value: float
    error: float

    def low(self) -> float:
        return self.value - SIGMAS * self.error

    def high(self) -> float:
        return self.value + SIGMAS * self.error


@dataclass(frozen=True)
class _Ends:
    """One entropy above h(Z) at each query ``[j, n]``: ``low`` plug-in, ``high`` leave one out."""

    low: np.ndarray
    high: np.ndarray


class _Layer:
    def __init__(
        self,
        s: Any,
        noise: float,
        population: Population,
        labels: dict[str, np.ndarray],
        tolerance: float,
        seed: int,
        added_by: AddedBy,
        threads: int | None,
    ) -> None:
        whole = s if s.ndim == 3 else s[:, None]
        self.n, self.forwards, self.d = whole.shape
        #: How many replicas of an input stand for it in the mixture of all, and are drawn around.
        self.replicas = min(self.forwards, max(2, MOST_CENTRES // self.n))
        self.s = whole[:, : self.replicas]
        self.noise, self.population, self.labels = float(noise), population, labels
        self.tolerance, self.seed, self.added_by, self.threads = tolerance, seed, added_by, threads
        self.deep, self.dataset = self.replicas > 1, population == "dataset"
        self.plain = np.asarray(check.on_cpu(whole), np.float64)
        self.constant = bool((self.plain == self.plain[:1, :1]).all())
        whose = np.repeat(np.arange(self.n), self.replicas)
        classes = [np.repeat(y, self.replicas) for y in labels.values()]
        classes = ([whose] if self.deep else []) + classes
        stacked = np.stack(classes) if classes else np.zeros((0, len(whose)), np.int64)
        self.mixture = Mixture(self.s.reshape(-1, self.d), self.noise, stacked)
        self.kinds = np.stack(list(labels.values())) if labels else np.zeros((0, self.n), np.int64)
        self.judges: dict[int, posterior.Judges] = {}
        self.of_noise = self.d / 2 * math.log(2 * math.pi * math.e * self.noise**2)

    # --- the pass ---------------------------------------------------------------------------------------------------

    def _draw(self, rounds: range) -> dict[str, np.ndarray]:
        """Sums at one query an input and round, ``[j, n]`` or ``[v, j, n]``; round j takes replica j mod R."""
        parts: list[dict[str, np.ndarray]] = []
        order: list[int] = []
        chunk = max(1, CHUNK // (self.n * self.d))
        firsts = np.arange(self.n) * self.replicas
        for a in range(rounds.start, rounds.stop, chunk):
            js = range(a, min(a + chunk, rounds.stop))
            z = self._normal(js)
            extra = 0.5 * (np.einsum("jnd,jnd->jn", z, z) - self.d)
            z *= self.noise
            for turn in sorted({j % self.replicas for j in js}):
                mine = [k for k, j in enumerate(js) if j % self.replicas == turn]
                order += [js[k] for k in mine]
                found = {"extra": extra[mine]}
                if not self.judged_only:
                    sums = self.mixture.around(firsts + turn, z[mine], self.threads)
                    found |= {"others": sums.others, "squares": sums.squares, "kin": sums.kin}
                    found["strangers"] = sums.strangers[:1] if self.deep else sums.strangers[:0]
                    found["own"] = sums.kin[0] if self.deep else sums.others
                if self.few:
                    found["own"] = posterior.own_sums(self.plain, turn, z[mine], self.noise)
                if self.judged:
                    found |= self._by_gaussians(turn, z[mine])
                parts.append(found)
        back = np.argsort(order)
        joined = {k: np.concatenate([part[k] for part in parts], axis=parts[0][k].ndim - 2) for k in parts[0]}
        return {k: one[..., back, :] for k, one in joined.items()}

    def _by_gaussians(self, turn: int, z: np.ndarray) -> dict[str, np.ndarray]:
        """Cross-entropies above h(Z) under the Gaussians of the inputs: of the own one, of all, of the own class's."""
        fold = turn % posterior.FOLDS
        if fold not in self.judges:
            self.judges[fold] = posterior.Judges(self._moments, fold, self.noise)
        t, whose = self.plain[:, turn] + z, np.tile(np.arange(self.n), len(z))
        own, sums = self.judges[fold].log_densities(t.reshape(-1, self.d), whose, self.kinds)
        sizes = [math.log(self.n) * np.ones(self.n), *(np.log(np.bincount(y)[y]) for y in self.kinds)]
        sums = np.stack(sizes)[:, None] - sums.reshape(len(sums), *z.shape[:2])
        return {
            "judged_own": -own.reshape(z.shape[:2]) - self.of_noise,
            "judged_all": sums[0] - self.of_noise,
            "judged_kin": sums[1:] - self.of_noise,
        }

    def _normal(self, rounds: range) -> np.ndarray:
        """Standard normal ``[j, n, d]``, of each round the same whatever the others."""
        size = max(1, BLOCK // (self.n * self.d))  # rounds that share a generator
        blocks = []
        for k in range(rounds.start // size, (rounds.stop - 1) // size + 1):
            # A key, so that no generator a person seeds with the same number makes the same draws.
            generator = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(KEY, k)))
            blocks.append(generator.standard_normal((size, self.n, self.d)))
        first = rounds.start // size * size
        return np.concatenate(blocks)[rounds.start - first : rounds.stop - first]

    def _sampled(self) -> tuple[dict[str, np.ndarray], int]:
        # The d/N bound is about entropies of a mixture whose centres are all drawn around; elsewhere look, and go on.
        sure = math.ceil(self.d / (self.n * self.tolerance**2))
        planned = self._planned(2 if self.few else sure)
        drawn = self._draw(range(planned))
        if not self.deep:
            return drawn, planned
        if self.judged_only:
            about = drawn["judged_all"] - drawn["judged_own"]
        else:
            about = self._information(drawn).low - self._given_input(drawn).low
        error = self._mean(about, drawn["extra"]).error
        if error <= self.tolerance:
            return drawn, planned
        wanted = math.ceil(1.2 * planned * (error / self.tolerance) ** 2)
        wanted = self._planned(min(wanted, 16 * planned, self.replicas))  # more would not lower the replicas' own error
        if wanted <= planned:
            return drawn, planned
        more = self._draw(range(planned, wanted))
        return {k: np.concatenate([one, more[k]], axis=one.ndim - 2) for k, one in drawn.items()}, wanted

    def _planned(self, rounds: int) -> int:
        rounds = max(2, rounds)  # two, so that the scatter around each centre is seen
        if rounds > self.replicas:
            rounds = -(-rounds // self.replicas) * self.replicas
        if rounds * self.n > MOST_QUERIES:
            raise InputError(
                f"tolerance={self.tolerance:g} asks for {rounds * self.n:.2g} draws in {self.d} dimensions, wanted at "
                f"most {MOST_QUERIES:.2g}: raise it to {math.sqrt(self.d / MOST_QUERIES):.2g} or more"
            )
        return rounds

    # --- what the sums say ------------------------------------------------------------------------------------------

    def _information(self, drawn: dict[str, np.ndarray]) -> _Ends:
        """h(T) above h(Z)."""
        others, size = drawn["others"], self.n * self.replicas
        low = math.log(size) - np.logaddexp(0, others)
        if not self.deep:
            return _Ends(low, low if self.dataset else math.log(max(self.n - 1, 1)) - others)
        strangers, own = drawn["strangers"][0] - math.log(self.replicas), drawn["own"]
        if self.dataset:
            high = math.log(self.n) - np.logaddexp(own - math.log(self.forwards - 1), strangers)
        else:
            high = math.log(self.n - 1) - strangers
        return _Ends(low, high)

    def _given_input(self, drawn: dict[str, np.ndarray]) -> _Ends:
        """h(T|X) above h(Z): nothing where the layer's own noise is all there is."""
        if not self.deep:
            nothing = np.zeros_like(drawn["extra"])
            return _Ends(nothing, nothing)
        low = math.log(self.forwards) - np.logaddexp(0, drawn["own"])
        return _Ends(low, math.log(self.forwards - 1) - drawn["own"])

    def _given_class(self, drawn: dict[str, np.ndarray], v: int, y: np.ndarray) -> _Ends:
        """h(T|Y) above h(Z)."""
        inputs = np.bincount(y)[y]
        size, kin = inputs * self.replicas, drawn["kin"][v + self.deep]
        low = np.log(size) - np.logaddexp(0, kin)
        if not self.deep:
            with np.errstate(divide="ignore", invalid="ignore"):  # a class of one has no other
                apart = np.where(inputs > 1, np.log(inputs - 1.0) - kin, np.inf)
                return _Ends(low, low if self.dataset else apart)
        own = drawn["kin"][0]
        if self.dataset:
            return _Ends(low, np.log(size) - np.logaddexp(kin, own - math.log(self.replicas - 1)))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(np.isfinite(own), np.exp(own - kin), 0.0)
            rest = np.where(share < 1 - 1e-12, kin + np.log1p(-np.minimum(share, 1)), -np.inf)  # else lost to rounding
            return _Ends(low, np.where(inputs > 1, np.log(size - self.replicas + 0.0) - rest, np.inf))

    def _mean(self, values: np.ndarray, extra: np.ndarray | None = None, bounded: bool = False) -> _Mean:
        """The mean over queries ``[j, n]``, with ``extra`` (of mean zero) as control variate.

        Its coefficient comes from the other half of the inputs, so it costs no bias; ``bounded`` keeps it in [0, 1],
        where the d/N bound holds. Of a dataset only the scatter around each input is an error, of a sample also that
        between inputs.
        """
        if not np.isfinite(values).all():
            return _Mean(float(values.sum()), 0.0)
        values = values.copy()
        if extra is not None:
            halves = slice(0, None, 2), slice(1, None, 2)
            slopes = [self._slope(values[:, half], extra[:, half]) for half in halves]
            for half, slope in zip(halves, slopes[::-1], strict=True):
                values[:, half] += (min(max(slope, 0.0), 1.0) if bounded else slope) * extra[:, half]
        mean, n, draws = float(values.mean()), values.shape[1], values.size
        if len(values) > self.replicas > 1:  # draws around one replica share its luck
            values = values.reshape(-1, self.replicas, n).mean(axis=0)
        if self.dataset:
            error = math.sqrt(values.var(axis=0, ddof=1).mean() / values.size) if len(values) > 1 else math.inf
        else:
            error = float(values.mean(axis=0).std(ddof=1)) / math.sqrt(n)
        # Rare confusions that no draw met leave no scatter: as if one more draw had been worth all there is.
        error = math.hypot(error, math.log(n) / draws)
        return _Mean(mean, error)

    def _slope(self, values: np.ndarray, extra: np.ndarray) -> float:
        if self.dataset:
            values, extra = values - values.mean(axis=0), extra - extra.mean(axis=0)
        total = float((extra * extra).sum())
        return -float(((values - values.mean()) * extra).sum()) / total if total else 0.0

    @cached_property
    def _fine(self) -> bool:
        """Whether a matrix multiply has the digits for distances in units of the noise."""
        reach = np.abs(self.plain - self.plain.mean(axis=(0, 1))).max() / self.noise
        return 2.0**-50 * self.d * reach**2 < DOUBLE_ERROR

    @cached_property
    def _moments(self) -> posterior.Moments:
        return posterior.Moments(self.plain)

    @property
    def few(self) -> bool:
        """Whether other inputs are stood for by a few of their replicas."""
        return self.replicas < self.forwards

    @property
    def judged_only(self) -> bool:
        """Whether Gaussians stand for the other inputs: of a dataset they bound everything from both sides."""
        return self.few and self.judged and self.dataset

    @property
    def judged(self) -> bool:
        """Whether there are replicas enough to fit Gaussians to some and judge others, and digits enough for them."""
        return self.forwards >= posterior.FEWEST and self._fine

    @cached_property
    def _cap_of_t(self) -> _Mean:
        """Gaussian cap on h(T) above h(Z)."""
        if not self.deep and self.dataset:
            return _Mean(caps.exact(self.plain[:, 0], self.noise), 0.0)
        rows = self.plain[:, : self.replicas].reshape(-1, self.d)
        fold = np.arange(self.n * self.replicas)
        fold = fold % self.replicas if self.dataset else fold // self.replicas
        judged = caps.held_out(rows, fold % caps.FOLDS, self.noise).reshape(self.n, self.replicas)
        return self._mean(judged.T if self.deep else judged.reshape(1, -1))

    @cached_property
    def _cap_given_input(self) -> _Mean:
        """Gaussian cap on h(T|X) above h(Z)."""
        if not self.deep:
            return _Mean(0.0, 0.0)
        if self.few and self.judged:  # as near, and at hand
            return _Mean(math.inf, 0.0)
        return self._mean(caps.held_out_replicas(self.plain, self.noise))

    # --- the estimates ----------------------------------------------------------------------------------------------

    def measured(self, start: float) -> NoisyLayer:
        drawn, rounds = self._sampled()
        extra, queries = drawn["extra"], rounds * self.n
        given = self._given_input(drawn)
        about, chi = self._about(queries), math.nan

        conditional = self._mean(given.low, extra)
        highs_given = [self._mean(given.high, extra), self._cap_given_input]
        entropy = value = _Mean(-math.inf, 0.0)
        lows, highs, least = [], [self._cap_of_t], [_Mean(0.0, 0.0)]
        highest = [_difference(self._cap_of_t, conditional)]
        if not self.judged_only:
            t, chi = self._information(drawn), self._chi_square(drawn)
            entropy = self._mean(t.low, extra, bounded=True)
            value = self._mean(t.low - given.low, extra, bounded=not self.deep)
            lows, highs = [entropy], [self._mean(t.high, extra), *highs]
            least += [self._mean(t.low - given.high, extra), _difference(entropy, self._cap_given_input)]
            highest += [self._mean(t.high - given.low, extra)]
        if self.judged:
            own, everyone = drawn["judged_own"], drawn["judged_all"]
            least.append(self._mean(everyone - own, extra))
            lows.append(self._mean(everyone - own + given.low, extra))
            highs_given.append(self._mean(own, extra))
            if self.dataset:
                highs.append(self._mean(everyone, extra))
                highest.append(self._mean(everyone - given.low, extra))
        if self.dataset:
            highest.append(_Mean(math.log(self.n), 0.0))
        h_t = self._estimate("h(T)", "h({t})", entropy, lows, highs, self.of_noise)
        h_tx = self._estimate("h(T|X)", "h({t}|X)", conditional, [conditional], highs_given, self.of_noise)

        xt = self._judged(self._estimate("I(X;T)", "I(X; {t})", value, least, highest), about)
        ty = {}
        for v, (name, y) in enumerate(self.labels.items()):
            p = np.bincount(y) / self.n
            known = float(-(p[p > 0] @ np.log(p[p > 0]))) if self.dataset else math.log(len(p))
            least, highest = [_Mean(0.0, 0.0)], [_Mean(known, 0.0)]
            if not self.judged_only:
                inside = self._given_class(drawn, v, y)
                value = self._mean(t.low - inside.low, extra)
                least.append(self._mean(t.low - inside.high, extra))
                highest.append(self._mean(t.high - inside.low, extra))
                highest.append(_difference(self._cap_of_t, self._mean(inside.low, extra)))
            if self.judged and self.dataset:
                kin = drawn["judged_kin"][v]
                least.append(self._mean(everyone - kin, extra))
                highest.append(self._mean(everyone - kin + own - given.low, extra))  # as I(X;T|Y) is at least kin - own
            ty[name] = self._judged(self._estimate("I(T;Y)", "I({t}; Y)", value, least, highest), about, ceiling=False)
        h_t, h_tx = (self._judged(one, about, ceiling=False) for one in (h_t, h_tx))
        if not self.dataset:
            xt = replace(xt, notes=(*xt.notes, *self._risks(chi)))
        seconds = (time.perf_counter() - start) / (3 + len(ty))
        xt, h_t, h_tx = (replace(one, seconds=seconds) for one in (xt, h_t, h_tx))
        return NoisyLayer(
            xt,
            h_t,
            h_tx,
            {name: replace(one, seconds=seconds) for name, one in ty.items()},
            queries,
            math.sqrt(risks.monte_carlo_mse(self.d, queries)),
            chi,
            self._cap_of_t.value,
        )

    def _chi_square(self, drawn: dict[str, np.ndarray]) -> float:
        total = np.logaddexp(0, drawn["others"])
        shares = math.log(self.n * self.replicas) + np.logaddexp(0, drawn["squares"]) - 2 * total
        return float(np.exp(shares).mean() - 1)

    def _estimate(
        self, quantity: str, estimand: str, value: _Mean, lows: list[_Mean], highs: list[_Mean], plus: float = 0.0
    ) -> Estimate:
        """``value`` with the best of the lower and of the upper ends, as far as they are finite."""
        noisy = f"{'T' if self.added_by == 'analysis' else 'S'}+N(0, {self.noise:g}² I)"
        who = f"X uniform on these {self.n} inputs" if self.dataset else f"{self.n} inputs a sample of their law"
        estimand = f"{estimand.format(t=noisy)}, {who}"
        if self.deep:
            estimand += f", {self.forwards} noisy forwards of each"
        if self.added_by == "analysis":
            estimand += ", noise added by the analysis"
        if self.dataset and not self.deep:
            ends, kind, notes = (value.low(), value.high()), MONTE_CARLO, ()
            status = Status.OK
        else:
            lows, highs = ([one for one in ends if math.isfinite(one.value)] for ends in (lows, highs))
            low, high = max(lows, key=_Mean.low), min(highs, key=_Mean.high)
            if self.few:
                value = _Mean((low.value + high.value) / 2, max(low.error, high.error))
            ends, kind, notes = (low.low(), high.high()), BRACKET, ()
            status = Status.OK
            if high.value - low.value > self.tolerance:
                status = Status.UNRESOLVED
                notes = (f"in expectation between {low.value + plus:.4g} nats and {high.value + plus:.4g} nats",)
        return Estimate(
            value.value + plus,
            quantity,
            estimand,
            self.n,
            interval=(min(ends[0], value.value) + plus, max(ends[1], value.value) + plus),
            interval_kind=kind,
            level=LEVEL,
            resampled="draws",
            status=status,
            notes=(*notes, f"standard error {value.error:.2g} nats"),
        )

    def _judged(self, found: Estimate, about: tuple[str, ...], ceiling: bool = True) -> Estimate:
        """The estimate with what there is to say about all of them, and its status where it stands at a ceiling."""
        found = replace(found, notes=(*found.notes, *about))
        if self.constant:
            notes = ("every row is the same", *about)
            if not found.quantity.startswith("I("):
                return replace(found, status=Status.DEGENERATE, notes=notes)
            return replace(found, value=0.0, interval=(0.0, 0.0), status=Status.DEGENERATE, notes=notes)
        most = math.log(self.n)
        assert found.interval is not None
        if not ceiling or max(found.value, found.interval[1] if not self.dataset else found.value) < most - NEAR:
            return found
        if self.dataset:
            note = f"near ln n = {most:.4g} nats, the entropy of these inputs: the noise confuses few of them"
            return replace(found, notes=(*found.notes, note))
        return replace(found, status=Status.SATURATED, notes=(*found.notes, f"ln n is {most:.4g} nats"))

    def _about(self, queries: int) -> tuple[str, ...]:
        bound = math.sqrt(risks.monte_carlo_mse(self.d, queries))
        if self.deep:
            around = min(self.replicas, queries // self.n)
            said = f"{queries} draws, {around} of {self.forwards} replicas drawn around"
            if self.few:
                others = "their Gaussians" if self.judged_only else f"{self.replicas} of theirs"
                said += f", other inputs stood for by {others}, value in the middle of the bracket"
        else:
            said = f"{queries} draws, Monte Carlo error at most {bound:.2g} nats (root of d/N)"
        if self.added_by == "analysis":
            return said, "noise added by the analysis: the network never saw it, and the value depends on its size"
        return (said,)

    def _risks(self, chi: float) -> tuple[str, ...]:
        """The certificates of the plug-in as published, and the chi-square diagnostic."""
        size, n = float(np.abs(self.plain).max()), self.n
        if size <= 1:
            risk, name = risks.entropy_risk(n, self.d, self.noise), "Theorem 2"
        else:
            norm = size / math.sqrt(math.log(2))
            risk, name = risks.entropy_risk_subgaussian(n, self.d, self.noise, norm), "Theorem 3"
        said = f"published risk bound of h(T) ({name}): {risk:.3g} nats"
        if risk >= risks.trivial_range(self.d, self.noise / max(size, 1.0)):
            said += ", vacuous"
        bias = risks.chi_square_bias(chi, n * self.replicas)
        return said, f"chi-square diagnostic {chi:.3g}: bias of h(T) near {bias:.2g} nats or, as it errs low, more"


def _difference(a: _Mean, b: _Mean) -> _Mean:
    return _Mean(a.value - b.value, math.hypot(a.error, b.error))
