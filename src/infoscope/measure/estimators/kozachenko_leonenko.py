from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.special import digamma, gammaln

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import LAYER_ENTROPY
from infoscope.core.shapes import AnyRows, Indices, Labels
from infoscope.kernels import parallel
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.intervals import subsampling
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.intervals.jackknife import followed
from infoscope.measure.neighbours.grouped_information import GroupedInformation, Search
from infoscope.measure.neighbours.information import Spread, dimension
from infoscope.measure.neighbours.kept import once
from infoscope.measure.neighbours.search import Balls, balls, nearest_seconds
from infoscope.measure.symbols import quantise as q

#: From this share of rows that repeat another on, there is no density to speak of.
REPEATED_SHARE = 0.05
#: A bias of this much in every dimension is a tenth of the scale of the data.
BIAS_A_DIMENSION = 0.1


@dataclass(frozen=True)
class KozachenkoLeonenko(Estimator):
    """Differential entropy from the distance of each row to its k-th neighbour.

    Options
    -------
    k: which neighbour (3).
    norm: ``"euclidean"`` or ``"max"``.
    floor: what is added to each distance before the logarithm (0).
    duplicates: ``"merge"`` keeps one of equal rows; ``"keep"`` takes them as they are, which needs a floor;
        ``"jitter"`` first adds uniform noise of 1e-10 standard deviations, drawn with ``seed``.

    h = psi(n) - psi(k) + ln c_d + (d/n) sum_i ln(r_i + floor), with c_d the volume of the unit ball (Kozachenko &
    Leonenko 1987; Kraskov et al. 2004, eq. 20). Columns are not rescaled: the entropy depends on their units.
    ``k=2, floor=1e-16, duplicates="keep"`` is the formula of Saxe et al. 2018, in which every repeated row adds
    d ln 1e-16 / n and so mostly counts the repetitions.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.entropy(x, "kozachenko_leonenko"))
    H(T) = 1.9... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("entropy",)
    second: ClassVar[tuple[str, ...]] = ()
    invariant: ClassVar[tuple[str, ...]] = ("rows", "units", "shift")
    grouped: ClassVar[str] = "own"
    suits: ClassVar[tuple[str, ...]] = ("low-dimensional",)

    k: int = 3
    norm: Literal["euclidean", "max"] = "euclidean"
    floor: float = 0.0
    duplicates: Literal["merge", "keep", "jitter"] = "merge"
    seed: int = 0

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(2e-3 + subsampling.seconds(lambda rows: nearest_seconds(rows, d), n), 100.0 * n + 33.0 * n * d)

    def _check(self) -> None:
        check.count(self.k, "k")
        if not 0 <= self.floor < math.inf:
            raise InputError(f"floor is {self.floor}, wanted 0 or a small distance, e.g. floor=1e-16")

    def _members(self, t: Any, labels: dict[str, Labels], groups: Groups | None = None) -> list[list[Measured]]:
        """H(T) of each member, threads over members where they are many."""
        jobs = [partial(self._entropy, member, groups) for member in t]
        seconds = nearest_seconds(t.shape[1], t.shape[2]) * len(t)
        threads = parallel.cores(seconds) if len(t) > 1 and not check.is_tensor(t) else 1
        return [[Measured("input", estimate)] for estimate in parallel.run(jobs, threads)]

    def _entropy(self, t: AnyRows, groups: Groups | None = None) -> Estimate:
        device = t.device if check.is_tensor(t) else None
        rows = np.asarray(check.on_cpu(t), np.float64)
        n, d = rows.shape
        estimand = f"h(T) in {d} dimensions, k={self.k}, {self.norm} norm"
        if self.floor:
            estimand += f", floor {self.floor:g}"
        # The power of two brings the numbers near 1 without rounding, so that squares neither overflow nor vanish.
        # Centred first: rows that differ by less than the mean's rounding are equal from here on.
        check.resolved(rows, "t")
        power = int(np.frexp(np.abs(rows).max())[1])
        rows = np.ldexp(rows, -power)
        rows -= rows.mean(axis=0)
        firsts = q.group(q.exact_keys(rows + 0.0))[2]
        repeated = 1 - len(firsts) / n
        if len(firsts) == 1:
            same = "every row is the same: the true value is minus infinity, and 0 stands for no answer"
            return Estimate(0.0, LAYER_ENTROPY, estimand, n).doubted(Doubt(Status.DEGENERATE, same))
        rows, k, doubts = self._rows(rows, firsts)
        if groups is None:
            each, distances = self._local(rows, k, power, device)
            value = float(each.mean())

            def part_of(part: np.ndarray) -> float:
                return float(self._local(rows[part], k, power, device)[0].mean())

            spread = Spread.of(value, part_of, len(rows), k + 2)
        else:
            each = None
            kept = np.sort(firsts) if len(rows) < n else np.arange(n)
            found = self._in_groups(rows, k, power, groups.part(kept))
            value, distances = float(found.each.mean()), found.balls.distances
            spread = Spread.over(value, found.scatter, found.gain)
        intrinsic = min(dimension(distances), d)
        bias = spread.bias(intrinsic)
        if repeated > REPEATED_SHARE:
            doubts.append(Doubt(Status.TIED))
        elif abs(bias) > max(BIAS_A_DIMENSION * intrinsic, spread.half):
            grown = f"from the growth with n in about {intrinsic:.2g} dimensions the bias is near {bias:.2g} nats"
            doubts.append(Doubt(Status.UNDERSAMPLED, grown))
        estimate = Estimate(value, LAYER_ENTROPY, estimand, n).within(spread.interval, spread.uncertainty)
        estimate = estimate.doubted(*doubts)
        if each is None:
            return estimate
        return followed(subsampling.doubted(estimate, k + 2), each, None, [rows])

    def _in_groups(self, rows: np.ndarray, k: int, power: int, groups: Groups) -> GroupedInformation:
        """Of rows whose own group is passed over."""

        def local(_: np.ndarray, found: Balls, ks: np.ndarray, met: np.ndarray) -> np.ndarray:
            reach = found.distances[np.arange(len(ks)), np.minimum(ks, found.distances.shape[1]) - 1]
            return self._contributions(reach, ks, met, rows.shape[1], power)

        search = Search([rows], [np.zeros(len(rows), np.int64)], (), k, self.norm)
        found = GroupedInformation.of(search, groups, local)
        if found is None:
            raise InputError(f"all {len(rows)} rows are of one group, wanted several: pass rows of other groups")
        return found

    def _rows(self, t: np.ndarray, firsts: np.ndarray) -> tuple[np.ndarray, int, list[Doubt]]:
        """The rows to measure, the k in force, and what was done about repeated ones."""
        n, k, doubts = len(t), self.k, []
        repeated = 1 - len(firsts) / n
        if repeated:
            doubts.append(remark(f"{repeated:.2g} of the rows repeat another"))
        if self.duplicates == "jitter":
            noise = np.random.default_rng(self.seed).uniform(-1e-10, 1e-10, t.shape)
            t = t + noise * t.std(axis=0)
            doubts.append(remark(f"uniform noise of 1e-10 standard deviations was added, seed {self.seed}"))
        elif repeated and self.duplicates == "merge":
            t, k = t[np.sort(firsts)], min(k, len(firsts) - 1)
            kept = "one of each was kept"
            doubts.append(remark(kept if k == self.k else f"{kept}, and k lowered to {k}"))
        elif repeated and not self.floor:
            raise InputError(
                f"{repeated:.2g} of the rows repeat another, and their distance 0 has no logarithm: wanted "
                'duplicates="merge" or "jitter", or a floor, e.g. floor=1e-16'
            )
        if len(t) <= k:
            raise InputError(f"t has {len(t)} rows for k={k} neighbours, wanted more rows than that: lower k")
        return t, k, doubts

    def _local(self, rows: np.ndarray, k: int, power: int, device: Any) -> tuple[np.ndarray, np.ndarray]:
        """What each row contributes, and its distances ``[n, k]``; ``rows`` are in units of 2^power."""
        n, d = rows.shape
        asked = (k, self.norm, str(device))
        distances = once(rows, asked, lambda: balls([rows], k, norm=self.norm, device=device).distances)
        return self._contributions(distances[:, -1], k, n, d, power), distances

    def _contributions(self, reach: np.ndarray, k: int | Indices, met: int | Indices, d: int, power: int) -> np.ndarray:
        """What rows contribute whose k-th neighbour is at ``reach``, sought among ``met`` rows, itself counted."""
        unit_ball = d / 2 * math.log(math.pi) - gammaln(d / 2 + 1) if self.norm == "euclidean" else d * math.log(2)
        if self.floor:
            logs = np.log(np.ldexp(reach, power) + self.floor)
        else:
            logs = np.log(reach) + power * math.log(2)
        return digamma(met) - digamma(k) + unit_ball + d * logs
