from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import Labels, NumpyRows
from infoscope.kernels.scaling import block_bytes
from infoscope.measure.bases.geometry import Geometry
from infoscope.measure.moments.class_means import ClassMeans

WORDS = {
    "nc1_variability": "tr(Σ_W Σ_B†) / k",
    "nc2_norms": "standard deviation over mean of the norms of the centred class means",
    "nc2_angles": "mean of |cos + 1/(k - 1)| over pairs of centred class means",
    "nearest_mean_error": "share of the rows that are nearer to another class's mean",
}
PROPERTY = {
    "nc1_variability": "variability",
    "nc2_norms": "shape",
    "nc2_angles": "shape",
    "nearest_mean_error": "nearest",
}


@dataclass(frozen=True)
class NeuralCollapse(Geometry):
    """Neural collapse of a layer, NC1 and NC2: rows fall onto class means, these onto a simplex (Papyan et al. 2020).

    nc1_variability: tr(Σ_W Σ_B†) / k, the spread within classes in units of that between, 0 when collapsed. nc2_norms:
    standard deviation over mean of the norms of the centred class means. nc2_angles: mean of |cos + 1/(k - 1)| over
    pairs of them. Both are 0 for a simplex. nearest_mean_error: the share of rows nearer to another class's mean; NC4
    says that the network ends in deciding that way.

    Classes count alike, however many rows they have. NC3 and NC4 also want the classifier's weights:
    :func:`infoscope.neural_collapse`. DEGENERATE where all class means coincide, or every row is of a class of its
    own; NC2 of two classes is, for their centred means are opposite whatever the network. UNDERSAMPLED where the class
    means differ by no more than twice what chance gives those of so few rows, as they do under labels that mean
    nothing, and for nearest_mean_error where rows left out of their own mean are missed more than twice as often.

    Example
    -------
    >>> t = np.random.default_rng(0).normal(size=(500, 3))
    >>> t[:, 0] += 4 * (np.arange(500) % 2)
    >>> found = iscope.geometry(t, np.arange(500) % 2, measure="neural_collapse")
    >>> print(next(iter(found.values())))
    nc1_variability = 0.1...
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("nc1_variability", "ratio", "Spread within classes over that between (NC1)", "geometry"),
        Quantity("nc2_norms", "ratio", "Inequality of the class means' norms (NC2)", "geometry"),
        Quantity("nc2_angles", "ratio", "Inequality of the class means' angles (NC2)", "geometry"),
        Quantity("nearest_mean_error", "fraction", "Rows nearest to another class's mean (NC4)", "geometry"),
    )
    second: ClassVar[str] = "labels"
    invariant: ClassVar[tuple[str, ...]] = ("rotation", "scale", "shift")

    def cost(self, n: int, d: int, k: int) -> Cost:
        seconds = 7e-4 + n * d * (4.5e-8 + 2e-10 * k) + 1e-8 * d * k**2
        return Cost(seconds, 64.0 * d * (k + 3) + 8.0 * n * (4 * k + 20) + block_bytes(n, d))

    def _of(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        for name, y in labels.items():
            means = ClassMeans.of(t, y)
            values = (0.0, 0.0, 0.0)
            if means.apart:
                values = (means.variability() or 0.0, means.lengths(), means.angles())
            doubts = means.doubts()
            missed = float((means.nearest() != y).mean())
            for (quantity, words), value in zip(WORDS.items(), (*values, missed), strict=True):
                yield Measured(name, self._say(quantity, value, words, len(t), doubts[PROPERTY[quantity]]))
