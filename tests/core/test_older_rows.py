"""Rows that an infoscope of schema 3 wrote (its commit 2f3f68c; a few of all that a run may hold) get their kinds."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infoscope.core import registry
from infoscope.core.older_rows import quantity
from infoscope.core.rows import SCHEMA, Rows

STORED = Path(__file__).parent / "stored" / "rows-3.parquet"
GEOMETRIES = (
    "binned_entropy", "class_distances", "cluster_count", "cosine_similarity", "distance_histogram", "effective_rank",
    "intrinsic_dimension", "neural_collapse", "participation_ratio",
)  # fmt: skip
ESTIMATORS = (
    "binned", "donsker_varadhan", "gaussian", "infonce", "jensen_shannon", "kde", "kozachenko_leonenko",
    "lossy_compression", "max_sliced", "mixed_ksg", "noisy", "nwj", "plugin", "renyi", "sliced", "smile",
    "usable_information",
)  # fmt: skip


@pytest.fixture(scope="module")
def stored() -> Rows:
    return Rows(pq.read_table(STORED))


def test_all_that_was_stored_is_still_there(stored):
    table = pq.read_table(STORED)
    assert table.schema.metadata[b"infoscope.rows.version"] == b"3"
    assert stored.table.schema.equals(SCHEMA, check_metadata=True)
    assert stored.table.select(table.schema.names).cast(table.schema).equals(table)


def test_it_holds_a_row_of_every_measure_of_geometry_and_of_most_estimators_of_its_time(stored):
    assert set(stored.unique("estimator")) == {*GEOMETRIES, *ESTIMATORS, "training", "activity", "exact", "score"}
    assert set(registry.entries("geometries")) >= set(GEOMETRIES)
    assert set(registry.entries("estimators")) >= set(ESTIMATORS)


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ({"quantity": "I(X;T)"}, "information"),
        ({"quantity": "I(T;Y)", "estimator": ("binned", "kde", "max_sliced", "nwj")}, "information"),
        ({"estimator": "usable_information"}, "usable"),
        ({"quantity": "H(T)", "estimator": ("gaussian", "kozachenko_leonenko")}, "differential entropy"),
        ({"quantity": "H(T)", "estimator": ("plugin", "renyi")}, "entropy"),
        ({"quantity": "h(T)"}, "differential entropy"),
        ({"quantity": "H(Bin(T))"}, "entropy"),
        ({"estimator": ("effective_rank", "cluster_count", "neural_collapse", "intrinsic_dimension")}, "geometry"),
        ({"quantity": ("distance_ratio", "distance_auc", "cosine_median", "cosine_permuted")}, "geometry"),
        ({"quantity": ("cosine_05", "cosine_95")}, "quantile"),
        ({"quantity": ("within_class_distance_05", "between_class_distance_50")}, "distance"),
        ({"quantity": ("activity_share", "cosine_share", "between_class_distance_share")}, "share"),
        ({"quantity": ("loss", "accuracy")}, "training"),
        ({"quantity": ("gradient_snr", "weight_norm")}, "dynamics"),
        ({"quantity": ("error", "share", "deviation")}, "error"),
        ({"quantity": "compression"}, "score"),
        ({"quantity": "effect on compression"}, "effect"),
        ({"quantity": ("compression by bins", "compression by noise variance")}, "swept score"),
        ({"quantity": "gain"}, "other"),
    ],
)
def test_each_has_the_kind_it_was_of(stored, where, kind):
    found = stored.filter(**where)
    assert len(found)
    assert found.unique("kind") == [kind]


def test_what_probes_read_of_each_part_of_a_chain_is_said(stored):
    said = {name: stored.filter(quantity=name, kind="usable").unique("words") for name in stored.unique("quantity")}
    assert said["I(T;Y)"] == ["Usable information about the label"]
    assert said["I_u(T;coarse)"] == ["Usable information about coarse"]
    assert said["I_u(T;fine|coarse)"] == ["Usable information about fine given coarse"]


def test_a_measure_of_then_has_the_kind_and_words_that_its_older_rows_get(stored):
    for entry in registry.entries("geometries").values():
        there = stored.filter(estimator=entry.id).unique("quantity")
        for now in (each for each in entry.facts["quantities"] if each in there):
            then = quantity(str(now), entry.id, now.unit)
            assert (then.kind, then.words, then.unit) == (now.kind, now.words, now.unit), now


def test_what_no_infoscope_ever_wrote_is_of_no_kind(stored):
    """A user's own measurement."""
    own = stored.table.slice(0, 2)
    at = own.schema.names.index("quantity")
    named = pa.array(["active_units", "Z(T)"]).dictionary_encode()
    own = own.set_column(at, SCHEMA.field("quantity"), named).drop_columns(["kind", "words"])
    found = Rows(own.replace_schema_metadata({"infoscope.rows.version": "3"}))
    assert found.unique("kind") == ["other"]
    assert found.unique("words") == ["Active units", "Z(T)"]


def test_a_constant_density_is_still_no_number(stored):
    found = stored.filter(estimator="kozachenko_leonenko", quantity="H(T)", status="DEGENERATE").filter(site="hidden1")
    assert np.isnan(Rows(found.table.slice(0, 1)).curves()[2]).all()


def test_no_row_at_all_is_completed_too(stored):
    none = pq.read_table(STORED).slice(0, 0)
    assert Rows(none).table.schema.equals(SCHEMA, check_metadata=True)
