from __future__ import annotations

from dataclasses import dataclass

from infoscope.measure.bases.linear import LinearProbe


@dataclass(frozen=True)
class Linear(LinearProbe):
    """Softmax regression on standardised columns, solved to its exact optimum.

    Options
    -------
    weight_decay: one, or a path from which validation chooses; the objective is mean cross-entropy in nats plus
        weight_decay/2 |W|², the bias free. calibrate: choose temperature and optional ignorance on validation rows.
    tolerance: on the largest entry of the gradient; iterations: the most of them.

    The paths of targets of as many classes are solved side by side; the chosen probe is solved again with the
    validation rows among the fitted ones, and keeps the calibration. From 256 columns on (or fewer with many classes)
    weight decays are solved one after the other in float32, those half-way between neighbours of the path too; with
    more than four rows a column only as far as the validation rows get better. The objective then has half a row of
    each class at the mean of all rows, and a fit ends where a step would gain less than ten ``tolerance`` nats.

    With d columns, k classes, n fitted rows and hardly any weight decay the value is (d+1)(k-1)/2n nats too low, which
    the path and the ignorance nearly undo.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.usable_information(x + noise, x[:, 0] > 0, probe="linear"))
    I_u(Z;Y) ≥ 0.2... bits...
    """
