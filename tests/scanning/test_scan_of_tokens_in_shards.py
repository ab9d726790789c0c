"""A transformer that is scanned in shards: rows are tokens, which belong together by sequences, files, copies."""

from __future__ import annotations

import numpy as np
import pytest

import infoscope as iscope
from infoscope.scanning import cut
from infoscope.scanning.cut import Cut
from infoscope.scanning.users_replay import UsersReplay

MEASURES = ["effective_rank", "usable_information(probe=linear)"]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Blocks of 60 rows, so that 40 sequences are several shards."""
    monkeypatch.setattr(cut, "ROWS", 60)


def scan(gpt2, out, shards, **options):
    kind = gpt2.kind.clone()
    kind[::2, 3] = -100
    asked = {"places": ["transformer.h.1@tokens(8)", "transformer.ln_f@mean"], "measures": MEASURES, "steps": [0, 10],
             **options}  # fmt: skip
    variables = {"kind": kind, "first": gpt2.first}
    return iscope.scan(
        gpt2.pattern, None, {"input_ids": gpt2.ids}, variables, batch_size=5, out=out, shards=shards, **asked
    )


def told(run):
    return run.rows.table.drop_columns(["run", "seconds"]).to_pylist()


def test_tokens_and_means_of_few_shards_are_those_of_many_and_of_all_at_once(gpt2, tmp_path):
    files = np.arange(40) // 2
    held, one, many = (scan(gpt2, tmp_path / f"{n}", n, groups=files, measures=MEASURES[:1]) for n in (0, 1, 64))
    assert told(one) == told(many)
    for row, other in zip(told(one), told(held), strict=True):
        assert row["value"] == pytest.approx(other["value"], rel=1e-5)
        names = ("step", "site", "variable", "n", "groups", "site_index")
        assert [row[name] for name in names] == [other[name] for name in names]


def test_each_variable_is_read_where_it_has_labels_and_a_run_is_measured_again_in_shards(gpt2, tmp_path, monkeypatch):
    run = scan(gpt2, tmp_path / "run", 4, steps=[10])
    rows = {(row["site"], row["variable"], row["quantity"]): row for row in told(run)}
    tokens, means = "transformer.h.1@tokens(8)", "transformer.ln_f@mean"
    assert rows[tokens, "first", "I(T;Y)"]["n"] == 320
    assert 290 < rows[tokens, "kind", "I(T;Y)"]["n"] < 320
    assert rows[tokens, "kind", "I(T;Y)"]["groups"] == 40
    assert rows[means, "first", "I(T;Y)"]["status"] == "FAILED"
    assert "40 sampled rows" in rows[means, "first", "I(T;Y)"]["notes"]
    assert (means, "kind", "I(T;Y)") not in rows

    def held(self, step, sites=()):
        raise AssertionError("all rows of a checkpoint were held")

    monkeypatch.setattr(UsersReplay, "representations", held)
    more = run.measure("participation_ratio", ["transformer.h.*@tokens"])
    assert more.sites() == ["transformer.h.0@tokens", "transformer.h.1@tokens"]
    assert set(more.unique("n")) == {480}
    assert len(run.measure("participation_ratio", ["transformer.h.*@tokens"])) == len(more)
    page = run.report().read_text(encoding="utf-8")
    assert "Participation ratio" in page


@pytest.mark.parametrize(
    ("n", "batch_size", "rows"), [(5, 1024, 5), (9000, 100, 9000), (100_003, 64, 700_000), (77, 1, 77)]
)
def test_shards_are_nodes_of_one_tree_whatever_their_number(n, batch_size, rows):
    found = Cut.of(n, batch_size, rows)
    whole = [one for shard in found.shards(1) for one in found.blocks(shard)]
    units = [unit for _, _, unit in whole if unit is not None]
    assert units == list(range(found.units))
    assert found.units <= cut.UNITS
    for most in (1, 2, 3, 7, 64, 1000):
        shards = found.shards(most)
        assert len(shards) <= most
        assert len(shards) == -(-found.units // found.units_a_shard(most))
        assert [one for shard in shards for one in found.blocks(shard)] == whole
        assert [shard.samples[0] for shard in shards] == [0, *(shard.samples[1] for shard in shards[:-1])]
        assert shards[-1].samples[1] == n
