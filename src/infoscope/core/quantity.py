"""What a number is of: a symbol that knows its unit, its words and its kind.

Rows, plots and claims ask a quantity for its kind, never its spelling, so that a new one is drawn by being there.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from infoscope.core.errors import InputError

#: information: what one thing says about another. entropy: of a discrete variable, never negative. differential
#: entropy: minus infinity for a constant. usable: what a trained probe can read. geometry: how rows lie. share: of a
#: histogram, whose cells stand where other quantities have their variable. confusion: the share of an answer among the
#: rows of a class, both named there. picture: the brightness of an image's pixels. point: a coordinate of a row, which
#: is named where other quantities have their variable. distance: a quantile of the distances within or between classes.
#: quantile: of anything else, beside a middle that has a kind of its own. dependence: 0 where independent, but no
#: information. training: how well a network does. dynamics: gradients and weights. score, effect: read off whole
#: curves; swept score: one for each value of an option. error: of an estimate whose truth is known. naming: how well a
#: probe names labels, as a share: accuracy, AUROC, of H(Y). control: what is read where there is nothing to say, to be
#: held beside what is read. other: of a plain symbol that says no more; nothing draws it unasked.
Kind = Literal[
    "information", "entropy", "differential entropy", "usable", "geometry", "share", "confusion", "picture", "point",
    "distance", "quantile", "dependence", "training", "dynamics", "score", "effect", "swept score", "error", "naming",
    "control", "other",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Kinds of quantities whose truth cannot lie below 0.
NEVER_NEGATIVE: frozenset[Kind] = frozenset(("information", "entropy", "usable"))


class Quantity(str):
    """A symbol such as ``"I(X;T)"``, and what is known of every number that stands for it.

    It is the text that rows carry, and compares equal to it.

    Attributes
    ----------
    unit: of a value: ``"nats"`` for every information and entropy. words: what it is, for a heading. kind: one of
        :data:`KINDS`.
    """

    __slots__ = ("kind", "unit", "words")
    unit: str
    words: str
    kind: Kind

    def __new__(cls, symbol: str, unit: str, words: str, kind: Kind) -> Quantity:
        if kind not in KINDS:
            raise InputError(f"kind of {symbol} is {kind!r}, wanted one of {', '.join(KINDS)}")
        made = super().__new__(cls, symbol)
        for name, value in (("unit", unit), ("words", words), ("kind", kind)):
            object.__setattr__(made, name, value)
        return made

    @classmethod
    def of(cls, symbol: str, unit: str) -> Quantity:
        """``symbol`` itself where it is a quantity; of plain text the one of that name, else one of kind "other"."""
        if isinstance(symbol, Quantity):
            return symbol
        known = _NAMED.get(symbol)
        return cls(symbol, unit, known.words, known.kind) if known else cls(symbol, unit, in_words(symbol), "other")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{name} of {self} cannot be set: a quantity is a value")

    def __reduce__(self) -> tuple[Any, ...]:
        return Quantity, (str(self), self.unit, self.words, self.kind)

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r}, {self.unit!r}, {self.words!r}, {self.kind!r})"

    def called(self, symbol: str, words: str = "") -> Quantity:
        """The same under another symbol: the entropy of another thing is an entropy."""
        return Quantity(symbol, self.unit, words or self.words, self.kind)

    @property
    def never_negative(self) -> bool:
        """Whether the truth cannot lie below 0."""
        return self.kind in NEVER_NEGATIVE


def in_words(symbol: str) -> str:
    """A symbol without words of its own: ``effective_rank`` is "Effective rank", a formula stays as it is."""
    return symbol if "(" in symbol else symbol.replace("_", " ").capitalize()


INPUT_INFORMATION = Quantity("I(X;T)", "nats", "Information about the input", "information")
LABEL_INFORMATION = Quantity("I(T;Y)", "nats", "Information about the label", "information")
INFORMATION = Quantity("I(X;Y)", "nats", "Mutual information", "information")
CONDITIONAL_INFORMATION = Quantity("I(X;Y|Z)", "nats", "Conditional mutual information", "information")
ENTROPY = Quantity("H(T)", "nats", "Entropy", "entropy")
BINNED_ENTROPY = Quantity("H(Bin(T))", "nats", "Entropy of the binned layer", "entropy")
DIFFERENTIAL_ENTROPY = Quantity("h(T)", "nats", "Differential entropy", "differential entropy")
#: Of a layer along a run, whose rows have said H(T) from the first of them on.
LAYER_ENTROPY = Quantity("H(T)", "nats", "Entropy", "differential entropy")
#: What probes read along a run, whose rows have said I(T;Y) from the first of them on.
USABLE = Quantity("I(T;Y)", "nats", "Usable information about the label", "usable")
USABLE_INFORMATION = Quantity("I_u(Z;Y)", "nats", "Usable information", "usable")
USABLE_REST = Quantity("I_u(T;fine|coarse)", "nats", "Usable information about fine given coarse", "usable")
USABLE_COARSE = Quantity("I_u(T;coarse)", "nats", "Usable information about coarse", "usable")
USABLE_FINE = Quantity("I_u(T;fine)", "nats", "Usable information about fine", "usable")
USABLE_FRACTION = Quantity("I(T;Y)/H(Y)", "fraction", "Share of the label's entropy that can be read", "naming")
PROBE_ACCURACY = Quantity("probe_accuracy", "fraction", "Accuracy of the probe", "naming")
PROBE_AUROC = Quantity("probe_auroc", "fraction", "Area under the probe's ROC curve", "naming")
USUAL_ACCURACY = Quantity("usual_accuracy", "fraction", "Accuracy of the most frequent label", "control")
SHUFFLED = Quantity("I(T;Y) shuffled", "nats", "Usable information about shuffled labels", "control")
SHUFFLED_ACCURACY = Quantity("shuffled_accuracy", "fraction", "Accuracy on shuffled labels", "control")
TYPE_CONTROL = Quantity("I(T;control)", "nats", "Usable information about a random label a type", "control")
TYPE_CONTROL_ACCURACY = Quantity("control_accuracy", "fraction", "Accuracy on a random label a type", "control")
SELECTIVITY = Quantity("selectivity", "nats", "Usable information beyond that about a random label a type", "control")
SELECTIVITY_ACCURACY = Quantity("selectivity_accuracy", "fraction", "Accuracy beyond that on a random label", "control")
OF_TYPE = Quantity("I(type;Y)", "nats", "Usable information of the type alone", "control")
TYPE_ACCURACY = Quantity("type_accuracy", "fraction", "Accuracy of the type's most frequent label", "control")
OF_INPUT = Quantity("I(input;Y)", "nats", "Usable information of the input itself", "control")
INPUT_ACCURACY = Quantity("input_accuracy", "fraction", "Accuracy on the input itself", "control")
#: Quantiles of the distances within and between classes, by which and by the percentage of distances below.
CLASS_DISTANCES = {
    (which, percent): Quantity(
        f"{which}_class_distance_{percent:02}", "norm", f"Distance {which} classes, {percent} % below", "distance"
    )
    for which in ("within", "between")
    for percent in (5, 25, 50, 75, 95)
}
LOSS = Quantity("loss", "nats", "Loss", "training")
ACCURACY = Quantity("accuracy", "fraction", "Accuracy", "training")
NOISY_ACCURACY = Quantity("noisy_accuracy", "fraction", "Accuracy with the noise on", "training")
GRADIENT_SNR = Quantity("gradient_snr", "ratio", "Gradient signal-to-noise ratio", "dynamics")
SAMPLE_SNR = Quantity("sample_gradient_snr", "ratio", "Gradient signal-to-noise ratio over samples", "dynamics")
WEIGHT_NORM = Quantity("weight_norm", "norm", "Weight norm", "dynamics")
_NAMED = {
    str(quantity): quantity
    for quantity in (
        INPUT_INFORMATION, LABEL_INFORMATION, INFORMATION, CONDITIONAL_INFORMATION, ENTROPY, BINNED_ENTROPY,
        USABLE_INFORMATION, DIFFERENTIAL_ENTROPY, USABLE_REST, USABLE_COARSE, USABLE_FINE, LOSS, ACCURACY, GRADIENT_SNR,
        WEIGHT_NORM, USABLE_FRACTION, PROBE_ACCURACY, PROBE_AUROC, USUAL_ACCURACY, SHUFFLED, SHUFFLED_ACCURACY,
        TYPE_CONTROL, TYPE_CONTROL_ACCURACY, SELECTIVITY, SELECTIVITY_ACCURACY, OF_TYPE, TYPE_ACCURACY, OF_INPUT,
        INPUT_ACCURACY, NOISY_ACCURACY, SAMPLE_SNR,
    )
}  # fmt: skip
