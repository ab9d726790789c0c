"""Rows of older schemas: what their columns were before they had those of today's, said in this one place.

1 had no axis: all rows counted epochs. 2 knew of no groups. 3 had no kinds: a quantity was its symbol alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infoscope.core.quantity import CLASS_DISTANCES, USABLE, Kind, Quantity

#: Whose H(T) was of densities, and whose I(T;Y) was what probes read.
_OF_DENSITIES = ("gaussian", "gaussian_copula", "kozachenko_leonenko", "noisy")
_OF_PROBES = ("usable_information",)
#: What the symbols without a name in :mod:`infoscope.core.quantity` were.
_KINDS: dict[str, tuple[Kind, str]] = {
    "distance_ratio": ("geometry", "Median distance within classes over that between"),
    "distance_auc": ("geometry", "How often a pair of two classes is further apart"),
    "nc1_variability": ("geometry", "Spread within classes over that between (NC1)"),
    "nc2_norms": ("geometry", "Inequality of the class means' norms (NC2)"),
    "nc2_angles": ("geometry", "Inequality of the class means' angles (NC2)"),
    "nearest_mean_error": ("geometry", "Rows nearest to another class's mean (NC4)"),
    "effective_rank": ("geometry", "Effective rank"),
    "participation_ratio": ("geometry", "Participation ratio (directions in use)"),
    "intrinsic_dimension": ("geometry", "Intrinsic dimension"),
    "clusters": ("geometry", "Clusters"),
    "unclustered": ("geometry", "Unclustered"),
    "cluster_agreement": ("geometry", "Agreement of clusters with classes"),
    "cosine_median": ("geometry", "Median cosine with the other network"),
    "cosine_permuted": ("geometry", "Median cosine with another input's row"),
    "cosine_05": ("quantile", "Cosine with the other network, 5 % below"),
    "cosine_95": ("quantile", "Cosine with the other network, 95 % below"),
    "activity_share": ("share", "Activities"),
    "within_class_distance_share": ("share", "Distances within classes"),
    "between_class_distance_share": ("share", "Distances between classes"),
    "cosine_share": ("share", "Cosines with the other network"),
    "compression": ("score", "Drop of I(X;T) after its peak"),
    "effect on compression": ("effect", "Effect on the drop of I(X;T) after its peak"),
    "compression by bins": ("swept score", "Drop of I(X;T) after its peak"),
    "compression by bin width": ("swept score", "Drop of I(X;T) after its peak"),
    "compression by noise variance": ("swept score", "Drop of I(X;T) after its peak"),
    "H(X)": ("entropy", "Entropy of the input"),
    "error": ("error", "Error"),
    "share": ("error", "Share"),
    "deviation": ("error", "Deviation"),
    **{str(each): (each.kind, each.words) for each in CLASS_DISTANCES.values()},
}


def quantity(symbol: str, estimator: str, unit: str) -> Quantity:
    """What ``symbol`` stood for in a row of schema 3."""
    if symbol == USABLE and estimator in _OF_PROBES:
        return USABLE
    if symbol == "H(T)" and estimator in _OF_DENSITIES:
        return Quantity(symbol, unit, "Entropy", "differential entropy")
    if symbol in _KINDS:
        kind, words = _KINDS[symbol]
        return Quantity(symbol, unit, words, kind)
    return Quantity.of(symbol, unit)


def completed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """``table``, of an older schema, with the columns of ``schema`` that came later."""
    if "axis" not in table.schema.names:
        epoch = pa.array(["epoch"] * table.num_rows, pa.string()).dictionary_encode()
        table = table.append_column(schema.field("axis"), epoch)
    for name in ("resampled", "groups"):
        if name not in table.schema.names:
            table = table.append_column(schema.field(name), pa.nulls(table.num_rows, schema.field(name).type))
    if "kind" not in table.schema.names:
        table = _with_kinds(table, schema)
    return table.replace_schema_metadata(schema.metadata)


def _with_kinds(table: pa.Table, schema: pa.Schema) -> pa.Table:
    (symbol, symbols), (who, estimators), (unit, units) = (
        _codes(table[name]) for name in ("quantity", "estimator", "unit")
    )
    ways, at = np.unique((symbol * len(estimators) + who) * len(units) + unit, return_inverse=True)
    places = np.unravel_index(ways, (len(symbols), len(estimators), len(units))) if len(ways) else ((), (), ())
    triples = cast(Iterable[tuple[int, int, int]], zip(*places, strict=True))
    found = [quantity(symbols[s], estimators[e], units[u]) for s, e, u in triples]
    for name in ("kind", "words"):
        column = pa.array([getattr(each, name) for each in found], pa.string()).take(pa.array(at.ravel()))
        table = table.append_column(schema.field(name), column.dictionary_encode())
    return table


def _codes(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """For each row the number of its word, and the words."""
    words = column.cast(pa.string()).unique()
    return pc.index_in(column.cast(pa.string()), words).to_numpy().astype(np.int64), words.to_pylist()
