"""Commands on columns of one's own: a number about the rows of files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

import infoscope
from infoscope.cli.shared import (
    COLUMNS,
    Belonging,
    ColumnsOfFile,
    Json,
    OnDevice,
    Options,
    called,
    columns,
    command,
    rows_on,
    show,
)


def print_estimate(estimate: Any, as_json: bool) -> None:
    show(_estimate_values(estimate), as_json, lambda: print(_estimate_text(estimate)))


def _estimate_values(estimate: Any) -> dict[str, Any]:
    return {
        **{k: v for k, v in dataclasses.asdict(estimate).items() if k != "doubts"},
        "unit": estimate.unit,
        "status": estimate.status.name,
        "sentence": estimate.status.sentence,
        "notes": estimate.notes,
    }


def _estimate_text(estimate: Any) -> str:
    return "\n".join([str(estimate), *(f"  {note}" for note in estimate.notes_shown)])


@command(COLUMNS, 4)
def entropy(
    x: ColumnsOfFile,
    /,
    *,
    estimator: str = "kde",
    option: Options = None,
    groups: Belonging = None,
    device: OnDevice = "cpu",
    as_json: Json = False,
) -> None:
    """Entropy of the rows in a file.

    Example: infoscope entropy run.npz:layer3 --estimator kozachenko_leonenko

    Parameters
    ----------
    estimator
        Its name; `infoscope list estimators`.
    """

    print_estimate(infoscope.entropy(rows_on(device, x), called(estimator, option), groups=columns(groups)), as_json)


@command(COLUMNS, 2)
def mutual_information(
    x: ColumnsOfFile,
    y: ColumnsOfFile,
    /,
    *,
    estimator: str = "mixed_ksg",
    option: Options = None,
    calibrate: Annotated[bool, Parameter(negative="")] = False,
    groups: Belonging = None,
    device: OnDevice = "cpu",
    as_json: Json = False,
) -> None:
    """I(X;Y) between the rows of two files, in order; whole numbers or words in Y are class labels.

    Example: infoscope mutual-information x.npy table.parquet:label --estimator mixed_ksg --option k=5 --calibrate

    Parameters
    ----------
    estimator
        Its name; `infoscope list estimators`, and `infoscope choose` says which.
    calibrate
        Also run it on matched problems with a known answer, and report the bias and spread found there.
    """

    found = infoscope.mutual_information(
        rows_on(device, x), rows_on(device, y), called(estimator, option), groups=columns(groups), calibrate=calibrate
    )
    print_estimate(found, as_json)


@command(COLUMNS, 3)
def conditional_mutual_information(
    x: ColumnsOfFile,
    y: ColumnsOfFile,
    z: ColumnsOfFile,
    /,
    *,
    estimator: str = "ksg",
    option: Options = None,
    groups: Belonging = None,
    device: OnDevice = "cpu",
    as_json: Json = False,
) -> None:
    """I(X;Y|Z) between the rows of three files, in order: what Y says about X that Z does not say already.

    Example: infoscope conditional-mutual-information x.npy y.npy z.npy

    Parameters
    ----------
    estimator
        Its name; `infoscope list estimators`.
    """

    found = infoscope.conditional_mutual_information(
        rows_on(device, x), rows_on(device, y), rows_on(device, z), called(estimator, option), groups=columns(groups)
    )
    print_estimate(found, as_json)


@command(COLUMNS, 6)
def dependence(
    x: ColumnsOfFile,
    y: ColumnsOfFile,
    /,
    *,
    measure: str = "cka",
    option: Options = None,
    groups: Belonging = None,
    device: OnDevice = "cpu",
    as_json: Json = False,
) -> None:
    """How much the rows of two files depend on each other, by a measure that is not information.

    Example: infoscope dependence layer3.npy layer4.npy --measure cka

    Parameters
    ----------
    measure
        Its name; `infoscope list dependences`.
    """
    print_estimate(
        infoscope.dependence(rows_on(device, x), rows_on(device, y), called(measure, option), groups=columns(groups)),
        as_json,
    )


@command(COLUMNS, 7)
def geometry(
    t: ColumnsOfFile,
    y: Annotated[str | None, Parameter(help="Class labels, or another representation, in a file of its own.")] = None,
    /,
    *,
    measure: str = "class_distances",
    option: Options = None,
    groups: Belonging = None,
    device: OnDevice = "cpu",
    as_json: Json = False,
) -> None:
    """How the rows of a file lie in space, by a measure that is not information.

    Example: infoscope geometry t.npy table.parquet:label --measure neural_collapse

    Parameters
    ----------
    measure
        Its name; `infoscope list geometries`.
    """
    found = infoscope.geometry(rows_on(device, t), rows_on(device, y), called(measure, option), groups=columns(groups))
    content = {name: _estimate_values(estimate) for name, estimate in found.items()}
    show(content, as_json, lambda: print("\n".join(map(_estimate_text, found.values()))))


@command(COLUMNS, 5)
def usable_information(
    z: ColumnsOfFile,
    y: ColumnsOfFile,
    /,
    *,
    probe: str = "linear",
    option: Options = None,
    z_test: str | None = None,
    y_test: str | None = None,
    target: str = "labels",
    prior: str = "null",
    folds: int = 5,
    seed: int = 0,
    groups: Belonging = None,
    groups_test: str | None = None,
    rows: Path | None = None,
    device: OnDevice = "cpu",
    as_json: Json = False,
) -> None:
    """What probes can read of the labels Y in the rows Z of two files, in order.

    Example: infoscope usable-information z.npy table.parquet:label --probe mlp --rows pointwise.csv

    Parameters
    ----------
    probe
        Its name; `infoscope list probes`.
    z_test
        Rows to score in another file; without them every row is scored once, by probes that never saw it.
    y_test
        Their labels.
    groups_test
        Which of them belong together, as of --groups.
    target
        labels, or quantities: real numbers, read with Gaussian probes.
    prior
        Which H(Y): null (of the null probe) or plugin (of the scored labels).
    folds
        How many parts the rows are dealt to.
    seed
        Deals rows to folds and draws initial weights.
    rows
        Also write what was found for each scored row to this .csv or .parquet file: its place among the rows, its
        label, its contribution in nats and the probability (density) of its own label; to .npy: the contributions.
    """
    from infoscope.cli.columns import writable, write

    if rows is not None:
        writable(rows)
    values, test = (rows_on(device, name or None) for name in (z, z_test))
    labels, test_labels = columns(y or None), columns(y_test or None)
    protocol: dict[str, Any] = {"target": target, "prior": prior, "folds": folds, "seed": seed}
    protocol |= {"groups": columns(groups), "groups_test": columns(groups_test)}
    found = infoscope.usable_information(
        values, labels, called(probe, option), z_test=test, y_test=test_labels, **protocol
    )
    if rows is not None:
        write(rows, found.table(labels if test_labels is None else test_labels), "usable_information_nats")
    print_estimate(found.plain(), as_json)
