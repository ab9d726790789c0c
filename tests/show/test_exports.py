"""Runs as tables of somebody else's: what stands in them is what the run holds, in one unit; its sources are cited."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest

import infoscope as iscope
from infoscope.cli import main
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.core.folder import RunFolder
from infoscope.core.units import bits
from infoscope.show import citations


def test_csv_and_parquet_hold_every_row_in_the_unit_that_they_say(full_run, tmp_path):
    rows = full_run.rows()
    lines = list(csv.DictReader(io.StringIO(iscope.export(full_run.path, to="csv"))))
    assert len(lines) == len(rows)
    table = pq.read_table(iscope.export(full_run.path, to="parquet", out=tmp_path / "t.parquet"))
    inside = pq.read_table(iscope.export(full_run.path, to="parquet", out=tmp_path / "n.parquet", unit="nats"))
    stored = rows.column("value")
    nats = rows.column("unit") == "nats"
    np.testing.assert_allclose(table["value"].to_numpy(), np.where(nats, bits(stored), stored))
    np.testing.assert_array_equal(inside["value"].to_numpy(), stored)
    assert set(table["unit"].to_pylist()) == {"bits", "fraction", "ratio", "norm"}
    assert [line["value"] for line in lines] == ["" if v is None else repr(v) for v in table["value"].to_pylist()]
    failed = [line for line in lines if line["status"] == "FAILED"]
    assert len(failed) > 0
    assert {line["value"] for line in failed} == {""}


def test_a_cell_of_a_stranger_is_no_formula_of_a_spreadsheet(make_run, make_rows):
    run = make_run("run", make_rows("=cmd|calc", steps=1), networks={"=cmd|calc": {}})
    assert {line["network"] for line in csv.DictReader(io.StringIO(iscope.export(run.path, to="csv")))} == {
        "'=cmd|calc"
    }


def test_tables_hold_verdicts_and_values_at_the_last_step(full_run):
    told = iscope.export(full_run.path, to="markdown")
    tables = re.split(r"^## ", told, flags=re.MULTILINE)[1:]
    assert [table.splitlines()[0] for table in tables] == ["Verdicts", "Values at the last step"]
    lines = [line for line in tables[0].splitlines() if line.startswith("| ")]
    assert len(lines) == 2 + 4
    assert "4 bits [3.5, 4.5]" in told
    rows = full_run.rows()
    last = rows.filter(
        step=max(rows.unique("step")), network="tanh", site="hidden1", quantity="I(X;T)", estimator="kde"
    )
    values = [bits(value) for value in last.column("value")]
    assert f"| {np.mean(values):.4g} bits (sd {np.std(values, ddof=1):.4g} bits) | 3 |" in told
    assert all(line.count("|") == lines[0].count("|") for line in lines)
    assert "nats" not in told
    assert "2.77 nats [2.43, 3.12]" in iscope.export(full_run.path, to="markdown", unit="nats")


def test_one_member_keeps_its_own_interval(make_run, read_rows):
    run = make_run("run", read_rows(("net",), members=1), networks={"net": {}})
    told = iscope.export(run.path, to="markdown")
    assert re.search(
        r"\| I_u\(T;coarse\) about coarse \| usable_information \| 0\.\d+ bits \[0\.\d+, 0\.\d+\] \| 1 \| OK \|", told
    )


def test_latex_is_escaped_and_its_tables_are_closed(full_run):
    told = iscope.export(full_run.path, to="latex")
    assert told.count(r"\begin{longtable}") == told.count(r"\end{longtable}") == 2
    body = re.sub(r"\\[%&_#{}$]|\\\w+|\$\\\w+\$", "", told.partition("\n")[2])
    assert not re.search(r"[%#_^~≥≤]", body)
    assert r"\textless{}compress\textgreater{}" in told
    columns = {
        line.count("&") - line.count(r"\&") for line in told.splitlines() if line.endswith(r"\\") and "&" in line
    }
    assert len(columns) == 2


def test_what_was_used_is_cited(full_run, make_run, make_rows, read_rows):
    told = iscope.export(full_run.path, to="bibtex")
    keys = re.findall(r"^@\w+\{([\w]+),", told, re.MULTILINE)
    assert keys[0] == "infoscope"
    assert {"shwartzziv2017", "kolchinsky2017"} <= set(keys)
    assert len(keys) == len(set(keys))
    paper = make_run("paper", read_rows(members=1, steps=1), networks={}, figure="kleinman2021/fine_coarse")
    told = iscope.export(paper.path, to="bibtex")
    assert "@inproceedings{kleinman2021," in told
    assert "@inproceedings{xu2020," in told
    assert "kolchinsky2017" not in told


def test_every_citation_is_whole_and_named_once():
    known = citations._known()
    assert len(known) > 30
    for key, entry in known.items():
        assert entry.startswith("@")
        assert entry.count("{") == entry.count("}"), key
        author = re.search(r"author = \{(.+?)\}, title = \{", entry)[1]
        year = re.search(r"year = \{(\d{4})\}\}$", entry)[1]
        last = re.sub(r"[^A-Za-z]", "", re.sub(r"\\.", "", author.partition(",")[0])).lower()
        assert key.endswith(year)
        assert last.endswith(key[:-4]) or key[:-4] in last, key


def test_what_cannot_be_exported_is_told(full_run, tmp_path, capsys):
    with pytest.raises(UnknownNameError, match="format or tracker"):
        iscope.export(full_run.path, to="excel")
    with pytest.raises(InputError, match="at least one run"):
        iscope.export(to="csv")
    empty = RunFolder.create(tmp_path / "empty", {"networks": {}})
    with pytest.raises(InputError, match="holds no rows yet"):
        iscope.export(empty.path, to="csv")
    with pytest.raises(SystemExit, match="0"):
        main(["export", str(full_run.path), "--to", "bibtex", "--json"])
    assert json.loads(capsys.readouterr().out)["text"].startswith("@software{infoscope")
    with pytest.raises(SystemExit, match="0"):
        main(["export", str(full_run.path), "--to", "latex", "--out", str(tmp_path / "t.tex")])
    assert (tmp_path / "t.tex").read_text(encoding="utf-8") == iscope.export(full_run.path, to="latex")
