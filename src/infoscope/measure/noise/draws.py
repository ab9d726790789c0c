"""The draws around a noisy layer's clean samples, and the sums of Gaussian terms at each of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from infoscope.core.errors import InputError
from infoscope.core.shapes import Block
from infoscope.kernels import draws as streams
from infoscope.measure.noise import posterior
from infoscope.measure.noise.means import Mean
from infoscope.measure.noise.setting import Setting

MOST_QUERIES = 20_000_000
CHUNK, BLOCK = 2**22, 2**16  # numbers of noise at once, and from one generator

#: Logarithms at one query an input and round, ``[j, n]`` or, by variable, ``[v, j, n]``. ``extra``: what the noise
#: itself adds, of mean zero. ``others``, ``squares``, ``kin``, ``strangers``: as in ``mixture.MixtureSums``.
#: ``own``: sums over the other replicas of the same input. ``judged_own``, ``judged_all``, ``judged_kin``: under fitted
#: Gaussians.
DrawnSums = dict[str, np.ndarray]


@dataclass(frozen=True)
class Draws:
    """Queries t = s + z around the samples of ``setting``, the same for the same seed whatever the others are."""

    setting: Setting
    tolerance: float
    seed: int
    threads: int | None = None
    judges: dict[int, posterior.Judges] = field(default_factory=dict)

    def until(self, about: Callable[[DrawnSums], Mean]) -> tuple[DrawnSums, int]:
        """Draws until ``about`` them is known to within the tolerance, and how many rounds there were."""
        # The d/N bound is about entropies of a mixture whose centres are all drawn around; elsewhere look, and go on.
        sure = math.ceil(self.setting.d / (self.setting.n * self.tolerance**2))
        planned = self._planned(2 if self.setting.few else sure)
        drawn = self.rounds(range(planned))
        if not self.setting.deep:
            return drawn, planned
        error = about(drawn).error
        if error <= self.tolerance:
            return drawn, planned
        wanted = math.ceil(1.2 * planned * (error / self.tolerance) ** 2)
        # More than the replicas would not lower the replicas' own error.
        wanted = self._planned(min(wanted, 16 * planned, self.setting.replicas))
        if wanted <= planned:
            return drawn, planned
        more = self.rounds(range(planned, wanted))
        return {k: np.concatenate([one, more[k]], axis=one.ndim - 2) for k, one in drawn.items()}, wanted

    def rounds(self, rounds: range) -> DrawnSums:
        """Sums at one query an input and round, ``[j, n]`` or ``[v, j, n]``; round j takes replica j mod R."""
        parts: list[DrawnSums] = []
        order: list[int] = []
        chunk = max(1, CHUNK // (self.setting.n * self.setting.d))
        firsts = np.arange(self.setting.n) * self.setting.replicas
        for a in range(rounds.start, rounds.stop, chunk):
            js = range(a, min(a + chunk, rounds.stop))
            z = self._normal(js)
            extra = 0.5 * (np.einsum("jnd,jnd->jn", z, z) - self.setting.d)
            z *= self.setting.noise
            for turn in sorted({j % self.setting.replicas for j in js}):
                mine = [k for k, j in enumerate(js) if j % self.setting.replicas == turn]
                order += [js[k] for k in mine]
                found = {"extra": extra[mine]}
                if not self.setting.judged_only:
                    sums = self.setting.mixture.around(firsts + turn, z[mine], self.threads)
                    found |= {"others": sums.others, "squares": sums.squares, "kin": sums.kin}
                    found["strangers"] = sums.strangers[:1] if self.setting.deep else sums.strangers[:0]
                    found["own"] = sums.kin[0] if self.setting.deep else sums.others
                if self.setting.few:
                    found["own"] = posterior.own_sums(self.setting.plain, turn, z[mine], self.setting.noise)
                if self.setting.judged:
                    found |= self._by_gaussians(turn, z[mine])
                parts.append(found)
        back = np.argsort(order)
        joined = {k: np.concatenate([part[k] for part in parts], axis=parts[0][k].ndim - 2) for k in parts[0]}
        return {k: one[..., back, :] for k, one in joined.items()}

    def _by_gaussians(self, turn: int, z: Block) -> DrawnSums:
        """Cross-entropies above h(Z) under the Gaussians of the inputs: of the own one, of all, of the own class's."""
        fold = turn % posterior.FOLDS
        if fold not in self.judges:
            self.judges[fold] = posterior.Judges(self.setting.moments, fold, self.setting.noise)
        t, whose = self.setting.plain[:, turn] + z, np.tile(np.arange(self.setting.n), len(z))
        own, sums = self.judges[fold].log_densities(t.reshape(-1, self.setting.d), whose, self.setting.kinds)
        n, kinds = self.setting.n, self.setting.kinds
        sizes = [math.log(n) * np.ones(n), *(np.log(np.bincount(y)[y]) for y in kinds)]
        sums = np.stack(sizes)[:, None] - sums.reshape(len(sums), *z.shape[:2])
        return {
            "judged_own": -own.reshape(z.shape[:2]) - self.setting.of_noise,
            "judged_all": sums[0] - self.setting.of_noise,
            "judged_kin": sums[1:] - self.setting.of_noise,
        }

    def _normal(self, rounds: range) -> Block:
        """Standard normal ``[j, n, d]``, of each round the same whatever the others."""
        size = max(1, BLOCK // (self.setting.n * self.setting.d))  # rounds that share a generator
        blocks = []
        for k in range(rounds.start // size, (rounds.stop - 1) // size + 1):
            generator = streams.normals(self.seed, k)
            blocks.append(generator.standard_normal((size, self.setting.n, self.setting.d)))
        first = rounds.start // size * size
        return np.concatenate(blocks)[rounds.start - first : rounds.stop - first]

    def _planned(self, rounds: int) -> int:
        rounds = max(2, rounds)  # two, so that the scatter around each centre is seen
        if rounds > self.setting.replicas:
            rounds = -(-rounds // self.setting.replicas) * self.setting.replicas
        if rounds * self.setting.n > MOST_QUERIES:
            least = math.sqrt(self.setting.d / MOST_QUERIES)
            raise InputError(
                f"tolerance={self.tolerance:g} asks for {rounds * self.setting.n:.2g} draws in {self.setting.d} "
                f"dimensions, wanted at most {MOST_QUERIES:.2g}: raise it to {least:.2g} or more"
            )
        return rounds
