"""What the questions are asked with, as objects: made once with their options, then asked as often as need be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infoscope.core import grammar

if TYPE_CHECKING:
    from infoscope.core.measurement import Measurement
    from infoscope.measure.bases.estimator import Estimator
    from infoscope.measure.bases.probe import Probe


def estimator(name: str, **options: Any) -> Estimator:
    """The estimator called ``name``, e.g. ``estimator("binned", bins=60)`` or ``estimator("binned(bins=60)")``.

    Its methods answer as the functions of the same names do: ``.entropy(t)``, ``.mutual_information(x, y)``,
    ``.conditional_mutual_information(x, y, z)``, ``.plane(t, y)``, as far as it offers them, and
    ``.measure(t [m, n, d], variables)`` of several networks at once. ``.options`` are those in force. Values of options
    may be text (``bins="30,60"``).

    Raises
    ------
    UnknownNameError: no such estimator or option, with the near names. InputError: an option of the wrong type or out
        of range.
    """
    return grammar.make("estimators", name, **options)


def probe(name: str, **options: Any) -> Probe:
    """The probe called ``name``, e.g. ``probe("mlp", hidden=64)``: a family of readers, fitted by ``.read``.

    Arguments and errors as in :func:`estimator`.
    """
    return grammar.make("probes", name, **options)


def measurement(name: str, **options: Any) -> Measurement:
    """Whatever can be measured along a training, by name: an estimator, or a measure of geometry such as
    ``measurement("class_distances")``.

    Its ``.measure(t [m, n, d], variables)`` gives what can be said of each member. Arguments and errors as in
    :func:`estimator`.
    """
    from infoscope.measure.bases.measurements import make_measurement

    return make_measurement(name, **options)
