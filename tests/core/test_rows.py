"""Rows: built from placed estimates, one versioned table, refused when newer or foreign, hashed by content."""

import builtins
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoscope.core.errors import InputError, MissingPackageError, RunFolderError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.quantity import ACCURACY, DIFFERENTIAL_ENTROPY, ENTROPY, INPUT_INFORMATION, LAYER_ENTROPY, Quantity
from infoscope.core.rows import KEY, SCHEMA, VERSION, Place, Rows, RowsBuilder, options_text


def estimate(value: float = 1.0, **changes) -> Estimate:
    quantity = Quantity.of(changes.pop("quantity", "I(X;T)"), changes.pop("unit", "nats"))
    return Estimate(**{"value": value, "quantity": quantity, "estimand": "H(Bin(T))", "n": 8, **changes})


def place(**changes) -> Place:
    content = {"network": "tanh", "step": 0, "site": "hidden1", "site_index": 1, "variable": "input"}
    return Place(**{**content, "estimator": "binned", **changes})


def rows(*placed: tuple[Place, Estimate], run: str = "r") -> Rows:
    builder = RowsBuilder(run)
    for at, measured in placed:
        builder.add(at, measured)
    return builder.rows()


@pytest.fixture
def grid() -> Rows:
    """Two members, three steps, two sites; value = 100 member + step + site_index."""
    return rows(
        *(
            (
                place(member=m, seed=m + 10, step=s, epoch=s / 2, site=f"hidden{i}", site_index=i),
                estimate(100.0 * m + s + i, seconds=0.5),
            )
            for m in (0, 1)
            for s in (0, 2, 8)
            for i in (2, 1)
        )
    )


def test_every_column_of_the_schema_is_filled_from_place_and_estimate():
    measured = estimate(
        0.5, interval=(0.25, 0.75), interval_kind="certified bracket", level=1.0, bound="upper",
        doubts=(Doubt(Status.VACUOUS, "a"), Doubt(Status.OK, "b")), seconds=0.125, resampled="groups", groups=4,
    )  # fmt: skip
    where = place(member=3, seed=7, step=11, epoch=1.5, split="test", options=options_text({"bins": 30}))
    assert rows((where, measured)).table.to_pylist() == [
        {
            "run": "r", "network": "tanh", "member": 3, "seed": 7, "step": 11, "epoch": 1.5, "site": "hidden1",
            "site_index": 1, "variable": "input", "split": "test", "quantity": "I(X;T)", "estimator": "binned",
            "options": '{"bins":30}', "value": 0.5, "unit": "nats", "low": 0.25, "high": 0.75, "level": 1.0,
            "interval_kind": "certified bracket", "bound": "upper", "n": 8, "estimand": "H(Bin(T))",
            "status": "VACUOUS", "notes": "a; b", "seconds": 0.125, "axis": "epoch",
            "resampled": "groups", "groups": 4, "kind": "information", "words": "Information about the input",
        }
    ]  # fmt: skip


def test_a_failure_is_a_row_without_a_value():
    builder = RowsBuilder("r")
    builder.add_failure(place(), INPUT_INFORMATION, "t holds NaN", 8)
    assert len(builder) == 1
    (row,) = builder.rows().table.to_pylist()
    assert (row["value"], row["status"], row["notes"]) == (None, "FAILED", "t holds NaN")
    assert math.isnan(builder.rows().column("value")[0])


def test_options_text_is_canonical():
    assert options_text({"b": (1, 2), "a": None}) == '{"a":null,"b":[1,2]}' == options_text({"a": None, "b": [1, 2]})


def test_empty_rows_have_the_schema():
    for empty in (RowsBuilder("r").rows(), Rows.concat([])):
        assert len(empty) == 0
        assert empty.table.schema.equals(SCHEMA, check_metadata=True)
        assert len(empty.latest()) == 0
        assert empty.sites() == []
        assert len(empty.content_hash()) == 64


def test_rows_of_a_newer_version_are_refused_with_the_way_to_read_them(grid):
    newer = grid.table.replace_schema_metadata({"infoscope.rows.version": str(VERSION + 1)})
    with pytest.raises(RunFolderError, match=f"schema version {VERSION + 1}, .* reads up to {VERSION}: upgrade"):
        Rows(newer)


def test_rows_of_version_1_run_over_epochs(grid):
    later = ["axis", "resampled", "groups", "kind", "words"]
    older = grid.table.drop_columns(later).replace_schema_metadata({"infoscope.rows.version": "1"})
    assert Rows(older).table.equals(grid.table, check_metadata=True)
    assert Rows.concat([Rows(older), grid]).unique("axis") == ["epoch"]


def test_rows_of_version_2_know_of_no_groups(grid):
    later = ["resampled", "groups", "kind", "words"]
    older = grid.table.drop_columns(later).replace_schema_metadata({"infoscope.rows.version": "2"})
    assert Rows(older).table.equals(grid.table, check_metadata=True)
    assert Rows(older).unique("groups") == [None]


def test_version_4_is_written_and_rows_without_one_are_taken_as_todays(grid):
    assert grid.table.schema.metadata == {b"infoscope.rows.version": b"4"}
    assert Rows(grid.table.replace_schema_metadata(None)).table.num_rows == len(grid)


def test_a_foreign_table_is_refused(grid):
    with pytest.raises(RunFolderError, match="not infoscope rows: it lacks the columns step, value"):
        Rows(grid.table.drop_columns(["step", "value"]))


def test_filter_takes_a_value_or_several(grid):
    assert len(grid.filter(site="hidden1")) == 6
    assert len(grid.filter(site=("hidden1", "hidden2"), member=1)) == 6
    assert len(grid.filter(step=[2, 8], member={0}, site="hidden2")) == 2
    assert len(grid.filter(step=())) == 0
    assert len(grid.filter(site="nowhere")) == 0


def test_filter_refuses_a_column_that_does_not_exist(grid):
    with pytest.raises(InputError, match="rows have no column 'layer', they have: run, network"):
        grid.filter(layer="hidden1")


def test_unique_sites_and_repr(grid):
    assert grid.unique("step") == [0, 2, 8]
    assert grid.unique("site") == ["hidden2", "hidden1"]
    assert grid.sites() == ["hidden1", "hidden2"]
    assert repr(grid) == "Rows(12 rows: network=1, site=2, step=3)"


def test_curves_have_one_line_per_member(grid):
    steps, epochs, values = grid.filter(site="hidden2").curves()
    assert steps.tolist() == [0, 2, 8]
    assert epochs.tolist() == [0, 1, 4]
    assert values.tolist() == [[2, 4, 10], [102, 104, 110]]


def test_curves_show_a_gap_as_nan(grid):
    values = Rows(grid.filter(site="hidden2").table.slice(1)).curves()[2]
    assert np.isnan(values).tolist() == [[True, False, False], [False, False, False]]


def test_the_entropy_of_a_constant_is_no_number_where_it_is_minus_infinity():
    """An entropy of symbols and an information of a constant are 0 indeed."""

    def values(quantity: Quantity) -> list[float]:
        constant = estimate(0.0, quantity=quantity, doubts=(Doubt(Status.DEGENERATE),))
        then = estimate(2.0, quantity=quantity)
        return rows((place(), constant), (place(step=1), then)).curves()[2][0].tolist()

    for quantity in (LAYER_ENTROPY, DIFFERENTIAL_ENTROPY):
        first, second = values(quantity)
        assert math.isnan(first)
        assert second == 2.0
    assert values(ENTROPY) == [0.0, 2.0]
    assert values(INPUT_INFORMATION) == [0.0, 2.0]


def test_curves_want_one_series(grid):
    with pytest.raises(InputError, match=r"a curve wants one site, .*filter\(site=…\) first"):
        grid.curves()
    twice = Rows.concat([grid, rows((place(), estimate()), run="other")]).filter(site="hidden1")
    with pytest.raises(InputError, match="a curve wants one run"):
        twice.curves()


def test_concat_drops_nothing_and_latest_keeps_the_last_of_equals(grid):
    again = rows((place(step=2, site="hidden2", site_index=2, seed=10, epoch=1), estimate(-1.0)))
    both = Rows.concat([grid, again])
    assert len(both) == 13
    latest = both.latest()
    assert len(latest) == 12
    assert latest.filter(member=0, step=2, site="hidden2").column("value").tolist() == [-1.0]
    assert latest.filter(member=1).table.equals(grid.filter(member=1).table)
    assert len(grid.latest()) == 12


def test_latest_lets_a_value_replace_an_earlier_failure():
    failed = RowsBuilder("r")
    failed.add_failure(place(), INPUT_INFORMATION, "out of memory", 8)
    latest = Rows.concat([failed.rows(), rows((place(), estimate(2.0)))]).latest()
    assert latest.column("status").tolist() == ["OK"]


@pytest.mark.parametrize("name", KEY)
def test_every_part_of_the_key_tells_rows_apart(name):
    if name == "quantity":
        pair = [(place(), estimate()), (place(), estimate(quantity="I(T;Y)"))]
    else:
        other = {"member": 1, "step": 1}.get(name, "other")
        pair = [(place(), estimate()), (place(**{name: other}), estimate())]
    assert len(rows(*pair).latest()) == 2


def test_content_hash_ignores_order_seconds_and_the_runs_name(grid):
    shuffled = Rows(grid.table.take(np.random.default_rng(0).permutation(len(grid))))
    slower = Rows(grid.table.set_column(24, SCHEMA.field("seconds"), pa.array([9.0] * len(grid))))
    renamed = rows((place(), estimate()), run="other").content_hash()
    assert grid.content_hash() == shuffled.content_hash() == slower.content_hash()
    assert renamed == rows((place(), estimate())).content_hash()


def test_content_hash_is_that_of_a_run_which_began_before_quantities_had_words(grid):
    later = Quantity("I(X;T)", "nats", "In other words", "information")
    assert rows((place(), estimate(quantity=later))).content_hash() == rows((place(), estimate())).content_hash()
    older = grid.table.drop_columns(["kind", "words"]).replace_schema_metadata({"infoscope.rows.version": "3"})
    assert Rows(older).content_hash() == grid.content_hash()


def test_content_hash_sees_the_last_bit_of_a_value():
    assert rows((place(), estimate(1.0))).content_hash() != rows((place(), estimate(1.0 + 2**-52))).content_hash()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.floats(-1e300, 1e300)), max_size=20))
def test_parquet_gives_back_the_same_rows(tmp_path_factory, content):
    some = rows(*((place(member=m, step=s), estimate(v)) for m, s, v in content))
    path = tmp_path_factory.mktemp("rows") / "part.parquet"
    pq.write_table(some.table, path)
    back = Rows(pq.read_table(path))
    assert back.table.equals(some.table)
    assert back.table.schema.equals(SCHEMA, check_metadata=True)
    assert back.content_hash() == some.content_hash()


def test_pandas_and_polars_hold_the_same_values(grid):
    for frame in (grid.to_pandas(), grid.to_polars()):
        assert list(frame.columns) == SCHEMA.names
        assert frame["value"].to_list() == grid.column("value").tolist()
        assert frame["site"].to_list() == grid.column("site").tolist()


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_an_absent_frame_library_is_one_clear_line(grid, package, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == package:
            raise ImportError(f"No module named {package!r}")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        MissingPackageError, match=rf"to_{package} needs {package}: pip install 'infoscope\[notebook\]'"
    ):
        getattr(grid, f"to_{package}")()


def test_a_failed_row_decides_no_unit():
    """Before schema 3 every failed row said nats; axes of accuracy and effective rank then became bits."""
    builder = RowsBuilder("r")
    builder.add_failure(place(step=0), Quantity("accuracy", "nats", "Accuracy", "training"), "diverged", 8)
    builder.add(place(step=1), estimate(0.5, quantity="accuracy", unit="fraction"))
    assert builder.rows().unit() == "fraction"
    failed = RowsBuilder("r")
    failed.add_failure(place(), ACCURACY, "diverged", 8)
    assert failed.rows().unit() == "fraction"
    assert RowsBuilder("r").rows().unit() == ""
