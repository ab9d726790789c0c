"""The law of inputs: a table of what people pass times every public function, its cells written here beforehand.

Every usable input gets the value that the same numbers get as a NumPy array; the others a status or one sentence. Never
another exception, a hang, a changed random state or a changed input. Rows of the table are the inputs below, in the
place of the rows (x, z, t) and in that of the labels; columns are the functions of ``FUNCTIONS``.
"""

import copy
import functools
import math
import random
import re
import traceback
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sparse
import torch
import xarray as xr

import infoscope as iscope
from infoscope.core import registry
from infoscope.core.errors import InfoscopeError
from infoscope.core.estimate import Estimate, Plane, Status

N = 120
RNG = np.random.default_rng(0)
Y = RNG.permutation(np.arange(N) % 2)
X = np.round(64 * (Y[:, None] + 0.5 * RNG.normal(size=(N, 2)))).clip(-255, 255)  # whole numbers that bfloat16 holds
W = X[:, :1] + 40 * RNG.normal(size=(N, 1))
NEAR = 2e-3  # nats, or of the value: all dtypes hold the numbers exactly, so that only the order of sums may differ
CLOSE = 0.1  # nats within which an estimate may move for an input that is harmless to the truth


@dataclass(frozen=True)
class Function:
    """One column: how it is asked, and what it promises.

    second: what stands beside the rows: ``"labels"``, ``"either"`` (labels or quantities, by their kind), ``"real"`` or
    nothing. symbols: rows are symbols. another: its number is not I(X;Y). shift, scale: unchanged when all rows are
    moved, or multiplied.
    """

    ask: object
    second: str = "labels"
    symbols: bool = False
    shift: bool = True
    scale: bool = True
    another: bool = False

    @property
    def rows(self):
        return np.floor(X / 100) if self.symbols else X


def _functions():
    found = {}
    for name, entry in registry.entries("estimators").items():
        made, facts = registry.load("estimators", name), entry.facts
        options = {**facts.get("quick", {}), **facts.get("asks", {})}
        options |= {
            "binned": {"range": (-256, 256)},
            "kde": {"noise": 32.0},
            "max_sliced": {"starts": 2, "steps": 10},
        }.get(name, {})
        invariant = facts.get("invariant", ())
        moves = {
            "shift": "shift" in invariant or name in ("gaussian", "max_sliced"),
            "scale": "scale" in invariant or name == "gaussian",
        }
        moves["symbols"] = "real" not in made.first
        moves["another"] = getattr(made, "answers", "") == "another question"
        if "mutual_information" in made.offers:
            second = "either" if len(made.second) > 1 else made.second[0]
            found[f"mutual_information {name}"] = Function(
                lambda x, y, w, name=name, options=options, real=second == "real": iscope.mutual_information(
                    x, w if real else y, name, **options
                ),
                second,
                **moves,
            )
        if "entropy" in made.offers:
            found[f"entropy {name}"] = Function(
                lambda x, y, w, name=name, options=options: iscope.entropy(x, name, **options),
                "",
                **{**moves, "scale": False},
            )
        if "plane" in made.offers:
            found[f"plane {name}"] = Function(
                lambda x, y, w, name=name, options=options: iscope.plane(x, y, name, **options), "labels", **moves
            )
    found["conditional_mutual_information"] = Function(
        lambda x, y, w: iscope.conditional_mutual_information(x, w, X[::-1, 1]), "real"
    )
    for name in registry.entries("dependences"):
        found[f"dependence {name}"] = Function(lambda x, y, w, name=name: iscope.dependence(x, y, name), "either")
    for name, entry in registry.entries("geometries").items():
        second, invariant = entry.facts.get("second", ""), entry.facts.get("invariant", ())
        found[f"geometry {name}"] = Function(
            lambda x, y, w, name=name, second=second: iscope.geometry(
                x, {"labels": y, "rows": X[:, ::-1], "": None}[second], name
            ),
            "labels" if second == "labels" else "",
            shift="shift" in invariant,
            scale="scale" in invariant,
        )
    for name in registry.entries("probes"):
        options = (
            {"rungs": "prior,linear"}
            if name == "ladder"
            else {"steps": 40, "networks": 1, "hidden": 8}
            if name.startswith("mlp")
            else {}
        )
        found[f"usable_information {name}"] = Function(
            lambda x, y, w, name=name, options=options: iscope.usable_information(x, y, name, **options)
        )
    found["usable_information of test rows"] = Function(
        lambda x, y, w: iscope.usable_information(x, y, z_test=x, y_test=y)
    )
    found["usable_information of quantities"] = Function(
        lambda x, y, w: iscope.usable_information(x, w, target="quantities"), "real"
    )
    found["usable_chain"] = Function(lambda x, y, w: iscope.usable_chain(x, y, y))
    found["conditional_usable_information"] = Function(lambda x, y, w: iscope.conditional_usable_information(x, y, w))
    found["description_length"] = Function(lambda x, y, w: iscope.description_length(x, y))
    found["minimality"] = Function(lambda x, y, w: iscope.minimality(x, y, labelings=2))
    found["noisy_information"] = Function(
        lambda x, y, w: iscope.noisy_information(x, 32.0, "sample", y, tolerance=0.2), scale=False
    )
    found["layer_information"] = Function(
        lambda x, y, w: iscope.layer_information(x, "noisy", "finite", "sample", noise=32.0, tolerance=0.2),
        "",
        scale=False,
    )
    found["neural_collapse"] = Function(
        lambda x, y, w: iscope.neural_collapse(x, y, np.eye(2)), shift=False, scale=False
    )
    return found


FUNCTIONS = _functions()


def estimates(found):
    """All estimates of an answer."""
    if isinstance(found, Estimate):
        return [found]
    if isinstance(found, Plane):
        return [found.xt, found.ty]
    return [one for one in (found.values() if isinstance(found, dict) else found) if isinstance(one, Estimate)]


class Broken(str):
    """What another exception said than one of ours, which no cell allows."""


def answered(name, x, y, w=W):
    """The estimates of a function, or the sentence with which it refuses."""
    try:
        found = estimates(FUNCTIONS[name].ask(x, y, w))
    except InfoscopeError as reason:
        return str(reason)
    except Exception as fault:
        return Broken(f"{type(fault).__name__}: {fault} at {traceback.format_exc().splitlines()[-4:-1]}")
    assert found, name
    assert all(math.isfinite(one.value) for one in found), name
    return found


BASE = {}


def base(name):
    if name not in BASE:
        BASE[name] = answered(name, FUNCTIONS[name].rows, Y)
    return BASE[name]


# What a cell may hold. Each takes the function's name and its answer, and returns what is wrong with it, or nothing.


def same(name, found):
    """The value and the status of the plain array."""
    wanted = base(name)
    if isinstance(found, str) or isinstance(wanted, str):
        return "" if found == wanted else f"{found} where the array gives {wanted}"
    for one, two in zip(found, wanted, strict=True):
        if one.status is not two.status or abs(one.value - two.value) > NEAR * max(1, abs(two.value)):
            return f"{one} where the array gives {two}"
    return ""


def right_or_doubted(name, found):
    """Within reach of the value of the plain array, or a status, or a sentence. A lower bound may be lower, and who
    answers another question (the information of a Gaussian with the data's covariance) answers that."""
    if isinstance(found, str) or FUNCTIONS[name].another:
        return ""
    for one, two in zip(found, base(name), strict=True):
        off = one.value - two.value
        far = off > CLOSE if one.bound == "lower" else abs(off) > CLOSE
        if one.unit == "nats" and one.status is Status.OK and far:
            return f"{one} with OK where the truth is about that of {two}"
    return ""


def answer_or_sentence(name, found):
    """Another question than the array's: any finite number, or a sentence."""
    return ""


def nothing_to_say(name, found):
    """DEGENERATE, a sentence, or about none of the ln 2 nats there are. Of shapes and entropies: any number; of
    constant rows test_every_geometry says the rest."""
    if isinstance(found, str) or name.startswith(("entropy", "geometry", "description", "neural", "layer")):
        return ""
    about = found[-1:] if name.startswith("plane") else found  # I(T;Y), not I(X;T)
    return next((f"{one} with OK" for one in about if one.status is Status.OK and abs(one.value) > CLOSE), "")


def doubted(name, found):
    """A status other than OK, or a sentence."""
    return "" if isinstance(found, str) or any(one.status is not Status.OK for one in found) else f"{found[0]} with OK"


class Refused:
    """One sentence that says this."""

    def __init__(self, words):
        self.words = words

    def __call__(self, name, found):
        if not isinstance(found, str):
            return f"{found[0]} where a refusal was wanted"
        return "" if re.search(self.words, found) else f"refused, but with: {found}"


def frame(a):
    return pd.DataFrame(a, columns=["a", "b"])


def changed(a, value, row=3, column=0):
    out = np.array(a, dtype=float)
    out[row, column] = value
    return out


def negative_bit(a):
    return torch.complex(torch.zeros(a.shape, dtype=torch.float64), -torch.tensor(a)).conj().imag


def masked(a):
    return np.ma.masked_equal(changed(a, -999), -999)


def last_missing(a):
    return pl.DataFrame({"a": [*a[:-1, 0], None], "b": a[:, 1]})


def first_missing(values, **dtype):
    """A column of pandas whose first value is missing."""
    return pd.Series([None, *values[1:].tolist()], **dtype)


def missing_frame(a):
    out = frame(a).astype("Float64")
    out.iloc[3, 0] = None
    return out


ROWS = {
    # usable: the right value
    "float32": (lambda a: a.astype(np.float32), same),
    "float16": (lambda a: a.astype(np.float16), same),
    "longdouble": (lambda a: a.astype(np.longdouble), same),
    "int64": (lambda a: a.astype(np.int64), same),
    "int16": (lambda a: a.astype(np.int16), same),
    "Fortran order": (np.asfortranarray, same),
    "a view": (lambda a: np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2], same),
    "read only": (lambda a: np.frombuffer(a.tobytes()).reshape(a.shape), same),
    "objects": (lambda a: a.astype(object), same),
    "decimals": (lambda a: np.array([[Decimal(int(v)) for v in row] for row in a]), same),
    "lists": (lambda a: a.tolist(), same),
    "a mask that hides nothing": (lambda a: np.ma.array(a), same),
    "torch": (lambda a: torch.tensor(a, requires_grad=True), same),
    "torch bfloat16": (lambda a: torch.tensor(a, dtype=torch.bfloat16), same),
    "torch int32": (lambda a: torch.tensor(a, dtype=torch.int32), same),
    "torch negative bit": (negative_bit, same),
    "pandas": (frame, same),
    "pandas Float64": (lambda a: frame(a).astype("Float64"), same),
    "pandas double[pyarrow]": (lambda a: frame(a).astype("double[pyarrow]"), same),
    "pandas mixed": (lambda a: frame(a).astype({"a": "Int64", "b": "float32"}), same),
    "pandas lists": (lambda a: pd.Series(a.tolist()), same),
    "polars": (lambda a: pl.DataFrame({"a": a[:, 0], "b": a[:, 1].astype(int)}), same),
    "arrow": (lambda a: pa.table({"a": a[:, 0], "b": a[:, 1]}), same),
    "xarray": (lambda a: xr.DataArray(a, dims=("sample", "unit")), same),
    # usable where the measure is invariant: moved and scaled
    "beyond 2**53": (lambda a: a.astype(np.int64) + 2**60, "shift"),
    "beyond 2**53, torch": (lambda a: torch.tensor(a.astype(np.int64)) - 2**61, "shift"),
    "1 + tiny": (lambda a: 1 + 2.0**-44 * a, "both"),
    "denormal": (lambda a: 1e-310 * a, "scale"),
    "huge": (lambda a: 1e290 * a, "scale"),
    # rows that say little, or of which one says too much
    "constant": (lambda a: np.full(a.shape, 0.1), nothing_to_say),
    "one row differs": (lambda a: changed(np.zeros(a.shape), 1.0), nothing_to_say),
    "a sentinel": (lambda a: np.where(np.arange(len(a))[:, None] % 60 == 3, -9999.0, a), right_or_doubted),
    "an outlier of 1e300": (lambda a: changed(a, 1e300), right_or_doubted),
    # not usable: one sentence
    "NaN": (lambda a: changed(a, np.nan), Refused("NaN or infinity in 1 of")),
    "infinity": (lambda a: torch.tensor(changed(a, -np.inf)), Refused("NaN or infinity in 1 of")),
    "masked": (masked, Refused(r"hides values in 1 of 120 rows \(first at row 3")),
    "missing, Float64": (missing_frame, Refused(r"is missing in 1 of 120 rows \(first at row 3\)")),
    "missing, polars": (last_missing, Refused(r"missing in 1 of 120 rows \(first at row 119")),
    "complex": (lambda a: a + 1j, Refused("dtype complex128")),
    "dates": (lambda a: a.astype(np.int64).astype("M8[s]"), Refused("dtype datetime64")),
    "sparse matrix": (sparse.csr_matrix, Refused(r"a sparse matrix.*\.toarray\(\)")),
    "sparse tensor": (lambda a: torch.tensor(a).to_sparse(), Refused(r"sparse_coo tensor.*\.to_dense\(\)")),
    "meta": (lambda a: torch.ones(a.shape, device="meta"), Refused("meta tensor, which holds no numbers")),
    "ragged": (lambda a: [*a.tolist(), [1.0]], Refused("could not be read as an array")),
    "dictionaries": (lambda a: [{"a": 1}] * len(a), Refused("dtype object and holds dict")),
    "None": (lambda a: None, Refused("is None, wanted")),
    "a dictionary": (lambda a: {"a": a}, Refused("is a dict, wanted one array")),
    "a set": (lambda a: set(a[:, 0]), Refused("is a set, which has no order")),
    "a generator": (lambda a: (row for row in a), Refused("is a generator, which can be read only once")),
    "LazyFrame": (lambda a: pl.LazyFrame({"a": a[:, 0]}), Refused(r"LazyFrame.*\.collect\(\)")),
    "Dataset": (lambda a: xr.Dataset({"a": ("sample", a[:, 0])}), Refused("Dataset, wanted one array")),
    "three axes of four": (lambda a: a.reshape(1, 1, *a.shape), Refused(r"has shape \(1, 1, 120, 2\)")),
    "one row": (lambda a: a[:1], Refused("has 1 row|wanted at least|too few|as many|labels for 1 rows|fewer")),
    "empty": (lambda a: a[:0], Refused("has 0 rows|wanted at least|as many|labels for 0 rows")),
    "no columns": (lambda a: a[:, :0], Refused("has no columns|shape")),
    "other length": (lambda a: a[:-1], "length"),
}  # fmt: skip

WORDS = np.array(["no", "yes"])
LABELS = {
    "int8": (lambda y: y.astype(np.int8), same),
    "uint8": (lambda y: y.astype(np.uint8), same),
    "booleans": (lambda y: y.astype(bool), same),
    "words": (lambda y: WORDS[y], same),
    "bytes": (lambda y: WORDS[y].astype("S"), same),
    "word objects": (lambda y: WORDS[y].astype(object), same),
    "list of words": (lambda y: WORDS[y].tolist(), same),
    "integer objects": (lambda y: y.astype(object), same),
    "one column": (lambda y: y[:, None], same),
    "beyond 2**53": (lambda y: 2**60 + y, same),
    "torch": (lambda y: torch.tensor(y), same),
    "torch booleans": (lambda y: torch.tensor(y) > 0, same),
    "pandas Int64": (lambda y: pd.Series(y, dtype="Int64"), same),
    "pandas boolean": (lambda y: pd.Series(y > 0, dtype="boolean"), same),
    "pandas category": (lambda y: pd.Series(WORDS[y]).astype("category"), same),
    "pandas category of real numbers": (lambda y: pd.Series(y + 0.5).astype("category"), same),
    "pandas string": (lambda y: pd.Series(WORDS[y], dtype="string"), same),
    "pandas intervals": (lambda y: pd.cut(pd.Series(y), [-1, 0, 1]), same),
    "polars words": (lambda y: pl.Series(WORDS[y].tolist()), same),
    "polars enum": (lambda y: pl.Series(WORDS[y].tolist(), dtype=pl.Enum(["no", "yes"])), same),
    "arrow": (lambda y: pa.array(y), same),
    "whole floats": (lambda y: y.astype(float), "labels"),
    "dates": (lambda y: y.astype("M8[D]"), "dates"),
    "constant": (lambda y: np.zeros(len(y), int), nothing_to_say),
    "each its own": (lambda y: np.arange(len(y)), doubted),
    "missing, Int64": (lambda y: first_missing(y, dtype="Int64"), Refused(r"is missing in 1 of 120 rows")),
    "missing, boolean": (lambda y: first_missing(y > 0, dtype="boolean"), Refused(r"is missing in 1 of 120")),
    "missing, category": (lambda y: first_missing(WORDS[y], dtype="category"), Refused(r"is missing in 1 of 120")),
    "missing, words": (lambda y: [None, *WORDS[y[1:]].tolist()], Refused(r"is missing in 1 of 120")),
    "missing, words and NaN": (lambda y: [math.nan, *WORDS[y[1:]].tolist()], Refused(r"is missing in 1 of 120")),
    "missing, polars": (lambda y: pl.Series([None, *y[1:].tolist()]), Refused(r"is missing in 1 of 120")),
    "NaN": (lambda y: np.where(np.arange(len(y)) == 4, np.nan, y), Refused("NaN or infinity in 1 of 120 rows")),
    "masked": (lambda y: np.ma.array(y, mask=np.arange(len(y)) < 6), Refused("hides values in 6 of 120 rows")),
    "complex": (lambda y: y + 0j, Refused("dtype complex128")),
    "None among dictionaries": (lambda y: [{}] * len(y), Refused("dtype object and holds dict")),
    "a generator": (lambda y: (one for one in y), Refused("is a generator")),
    "a dictionary": (lambda y: {"y": y}, Refused("is a dict, wanted one array")),
    "other length": (lambda y: y[:-1], Refused("labels for 120 rows|as many|119")),
    "index in another order": (lambda y: pd.Series(y, index=range(len(y)))[::-1], "order"),
}  # fmt: skip


def wanted_of_rows(name, kind, wanted):
    """The cell of a function for rows that are moved or scaled, or of another length."""
    function = FUNCTIONS[name]
    if wanted == "length":
        return (
            Refused("labels for 119 rows|as many|wanted the same|119|one name")
            if function.second
            else answer_or_sentence
        )
    if not isinstance(wanted, str):
        return wanted
    if function.symbols:  # what symbols are called says nothing; real numbers are none
        return (
            same
            if kind in ("beyond 2**53", "beyond 2**53, torch", "huge")
            else Refused("holds real numbers, wanted sym")
        )
    if wanted == "shift" and name.split()[-1] in ("binned", "cosine_similarity"):
        return Refused(r"float64 would round \(beyond 2\*\*53\)")
    held = {"shift": function.shift, "scale": function.scale, "both": function.shift and function.scale}[wanted]
    return same if held else answer_or_sentence


NOT_FROM_ZERO = {"words", "bytes", "word objects", "list of words", "beyond 2**53", "pandas category", "dates"}
NOT_FROM_ZERO |= {"pandas category of real numbers", "pandas string", "pandas intervals", "polars words", "polars enum"}


def wanted_of_labels(name, kind, wanted):
    """The cell of a function for labels of a kind that some read as quantities."""
    either = FUNCTIONS[name].second == "either"
    if name == "neural_collapse" and wanted in (same, "dates") and kind in NOT_FROM_ZERO:
        return Refused("wanted labels 0 to 1")  # row k of the weights decides for label k
    if wanted == "labels":
        return answer_or_sentence if either else same
    if wanted == "dates":  # which are quantities as well, and nobody guesses
        return Refused("dtype datetime64") if either else same
    if wanted is doubted and name.startswith("geometry"):
        return answer_or_sentence  # a distance may well be one of two rows
    if wanted == "order":
        return Refused("the same index in another order")
    return wanted


def states():
    return (
        random.getstate(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002
        torch.get_rng_state().tolist(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
    )


def untouched(before, after):
    if isinstance(before, np.ndarray) and before.dtype != object:
        return before.tobytes() == after.tobytes()
    return True


def cells(kind, table, wanted_of, names, place):
    """What is wrong in a row of the table."""
    (build, wanted), wrong, before = table[kind], [], states()
    for name in names:
        rows = FUNCTIONS[name].rows
        given = build(np.array(rows) if place == "rows" else np.array(Y))
        kept = copy.copy(given) if isinstance(given, np.ndarray) else None
        order = wanted == "order"
        if place == "rows":
            found = answered(name, given, Y)
        else:
            found = answered(name, pd.DataFrame(rows) if order else rows, given)
        fault = str(found) if isinstance(found, Broken) else wanted_of(name, kind, wanted)(name, found)
        if kept is not None and not untouched(kept, given):
            fault = "the input was changed"
        if fault:
            wrong.append(f"{name}: {fault}")
    if states() != before:
        wrong.append("a global random state changed")
    return wrong


@pytest.mark.parametrize("kind", ROWS)
def test_rows(kind):
    assert cells(kind, ROWS, wanted_of_rows, FUNCTIONS, "rows") == []


@pytest.mark.parametrize("kind", LABELS)
def test_labels(kind):
    names = [name for name, function in FUNCTIONS.items() if function.second in ("labels", "either")]
    assert cells(kind, LABELS, wanted_of_labels, names, "labels") == []


OF_GROUPS = {
    "mutual_information": lambda groups: iscope.mutual_information(X, Y, groups=groups),
    "mutual_information of quantities": lambda groups: iscope.mutual_information(X, W, "ksg", groups=groups),
    "entropy": lambda groups: iscope.entropy(X, "kozachenko_leonenko", groups=groups),
    "conditional_mutual_information": lambda groups: iscope.conditional_mutual_information(
        X, W, X[::-1], groups=groups
    ),
    "plane": lambda groups: iscope.plane(X, Y, range=(-256, 256), groups=groups),
    "geometry": lambda groups: iscope.geometry(X, Y, groups=groups),
    "usable_information": lambda groups: iscope.usable_information(X, Y, groups=groups),
    "usable_information of quantities": lambda groups: iscope.usable_information(
        X, W, target="quantities", groups=groups
    ),
    "conditional_usable_information": lambda groups: iscope.conditional_usable_information(X, Y, W, groups=groups),
    "usable_chain": lambda groups: iscope.usable_chain(X, Y, Y, groups=groups),
    "description_length": lambda groups: iscope.description_length(X, Y, groups=groups),
    "minimality": lambda groups: iscope.minimality(X, Y, labelings=2, groups=groups),
}
FILMS = np.arange(N) // 4
GROUPS = {
    "words": (np.char.add("film", FILMS.astype(str)), ""),
    "real numbers": (FILMS + 0.5, ""),
    "below 0": (-FILMS - 1, ""),
    "beyond 2**53": (FILMS + 2**60, ""),
    "dates": (FILMS.astype("M8[D]"), ""),
    "torch": (torch.tensor(FILMS), ""),
    "one column": (FILMS[:, None], ""),
    "pandas category": (pd.Series(np.char.add("film", FILMS.astype(str))).astype("category"), ""),
    "polars": (pl.Series(FILMS), ""),
    "other length": (FILMS[:-1], r"groups has shape \(119,\) for 120 rows, wanted one name"),
    "two columns": (np.stack([FILMS, FILMS], 1), r"groups has shape \(120, 2\) for 120 rows, wanted one name"),
    "NaN": (np.where(FILMS == 1, np.nan, FILMS), r"groups holds NaN or infinity in 4 of 120 rows \(first at row 4\)"),
    "missing, Int64": (first_missing(FILMS, dtype="Int64"), r"groups is missing in 1 of 120 rows \(first at row 0\)"),
    "missing, words": ([None, *FILMS[1:].astype(str)], r"groups is missing in 1 of 120 rows"),
    "masked": (np.ma.array(FILMS, mask=FILMS == 2), "groups is a masked array that hides values in 4 of 120 rows"),
    "complex": (FILMS + 0j, "groups has dtype complex128, wanted numbers or words"),
    "a word": ("film", "groups is the word 'film', wanted an array"),
    "a number": (3, r"groups has shape \(\) for 120 rows"),
    "a dictionary": ({"a": FILMS}, "groups is a dict, wanted one array"),
}


@pytest.mark.parametrize("kind", GROUPS)
def test_groups(kind):
    given, words = GROUPS[kind]
    for name, ask in OF_GROUPS.items():
        if words:
            with pytest.raises(InfoscopeError, match=words):
                ask(given)
            continue
        for one, two in zip(estimates(ask(given)), estimates(_plain_groups(name)), strict=True):
            assert (one.value, one.status, one.groups) == (two.value, two.status, two.groups), name


@functools.cache
def _plain_groups(name):
    return OF_GROUPS[name](FILMS)


@pytest.mark.parametrize("kind", [*ROWS, *LABELS])
def test_choose(kind):
    """It answers for what the others answer for, with the name it gives the plain array, and refuses in their words."""
    rows = kind in ROWS
    build, wanted = (ROWS if rows else LABELS)[kind]
    x, y = (build(X.copy()), Y) if rows else (X, build(Y.copy()))
    if isinstance(wanted, Refused):
        with pytest.raises(InfoscopeError, match="wanted choose" if kind == "None" else wanted.words):
            iscope.choose(x, y)
    elif wanted is same:
        assert iscope.choose(x, y).estimator == iscope.choose(X, Y).estimator


def test_the_arrays_that_the_others_are_held_against_say_what_there_is_to_say():
    """About .6 of ln 2 is there: the classes are two standard deviations apart, in two independent columns."""
    assert all(not isinstance(base(name), str) for name in FUNCTIONS)
    for name in ("mutual_information mixed_ksg", "usable_information linear", "usable_information knn"):
        (one,) = base(name)
        assert 0.3 < one.value < math.log(2)
    assert len(FUNCTIONS) * len(ROWS) > 2500
