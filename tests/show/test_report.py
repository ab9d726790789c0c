"""The report as text: what it says, what it says is missing, and that it is complete in itself."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from infoscope.core.errors import InputError
from infoscope.core.rows import SCHEMA, Rows
from infoscope.core.units import NATS_PER_BIT
from infoscope.show.report import _findings, write_figures, write_report
from infoscope.show.report._cards import Card, share_axes


def words(page: str) -> str:
    """The page without scripts, styles and tags."""
    bare = re.sub(r"(?s)<(script|style)\b.*?</\1>|<!--.*?-->", " ", page)
    return " ".join(re.sub(r"<[^>]+>", " ", bare).split())


def embedded(page: str) -> list[dict]:
    found = re.search(r'(?s)<script type="application/json" id="figures">(.*?)</script>', page)
    assert found

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in the figures' data")

    packed = json.loads(found[1], parse_constant=refuse)

    def whole(part: Any) -> Any:
        if isinstance(part, list):
            return [whole(inner) for inner in part]
        if not isinstance(part, dict):
            return part
        if "$same" in part:
            return whole(packed["shared"][part["$same"]])
        if "$rows" in part:
            columns = {name: whole(column) for name, column in part["$rows"].items()}
            return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return {name: whole(inner) for name, inner in part.items()}

    return whole(packed["figures"])


def ids(page: str) -> list[str]:
    return re.findall(r'<[a-z]+[^>]* id="([^"]+)"', re.sub(r"(?s)<script>.*?</script>", "", page))


@pytest.fixture
def page(full_report) -> str:
    return full_report.read_text(encoding="utf-8")


def test_says_every_verdict_with_its_numbers_in_bits(page):
    said = words(page)
    for outcome in ("✓ 1 reproduced", "◐ 1 partly", "✗ 1 not reproduced", "– 1 not testable here"):
        assert outcome in said
    assert "Late layers &lt;compress&gt;. published; made2018, figure 1" in said
    assert "4 bits [3.5, 4.5]" in said
    assert "≥ 2 bits" in said
    assert "2 findings and the rule" in said
    assert "one seed differs" in said
    assert "a compression phase" in said
    assert "smoke, 3 seeds" in said
    assert "earned at smoke" in said


def test_a_rule_that_was_not_fixed_beforehand_is_told(make_run, make_rows, tmp_path):
    run = make_run("run", make_rows("a", training=False, members=1, steps=3), judged=True)
    said = words(write_report([run], tmp_path / "fixed.html").read_text(encoding="utf-8"))
    assert "the rules were fixed before the run." in said
    verdicts = run.verdicts()
    verdicts[0]["claim"]["revised"] = "its threshold was 1 at first"
    del verdicts[1]["claim"]["revised"]  # as an older infoscope stored it
    run.store_verdicts(verdicts)
    said = words(write_report([run], tmp_path / "revised.html").read_text(encoding="utf-8"))
    assert "the rules were fixed before the run, except where a claim says what was not." in said
    assert said.count("The rule was not fixed before the first run: its threshold was 1 at first.") == 1


def test_has_every_plot_of_both_networks_side_by_side(page):
    # binned and kde: plane, I(X;T), I(T;Y) each; training: loss, accuracy, SNR, norm; activities
    assert len(embedded(page)) == 2 * (2 * 3 + 4 + 1)
    assert page.count('class="cards"') == 11
    for heading in (
        "Measured with binned",
        "Measured with kde",
        "Training",
        "Learning curves: loss",
        "Information plane",
    ):
        assert heading in words(page)


def test_says_what_each_number_truly_estimates(page):
    said = words(page)
    assert "H(Bin(T)), 30 bins on [-1, 1]" in said
    assert "VACUOUS 107: I(X;T) of a deterministic network is H(X) or infinite" in said
    assert "upper bound interval: certified bracket" in said
    assert "tanh hidden1 I(X;T) binned 1 the activations hold NaN" in said
    assert "I(X;T): 53 VACUOUS, 1 FAILED" in said


def test_says_where_the_numbers_come_from(page):
    said = words(page)
    for text in (
        "abc123, with uncommitted changes", "torch 2.9", "100–102 (3 seeds)",
        "made sha256:77", "optimiser adam, rate 0.1", "tanh 1", "sites hidden1, hidden2, output",
    ):  # fmt: skip
        assert text in said


def test_a_difference_that_is_rounding_is_zero():
    assert [_findings._bits(value) for value in (8e-17, -3e-16, 1.23456, 0.001)] == ["0", "0", "1.23", "0.001"]


def test_a_panel_in_which_nothing_could_be_seen_keeps_its_own_range():
    def card(low, high):
        spec = {"encoding": {"y": {"field": "value", "scale": {"domain": [low, high]}}}}
        return Card(SimpleNamespace(task="half_relevant"), spec, ())  # type: ignore[arg-type]

    cards = [card(0, 6.3), card(0, 1.05), card(-0.1, 3.3)]
    share_axes(cards, 0.25)
    assert [one.spec["encoding"]["y"]["scale"]["domain"] for one in cards] == [[-0.1, 6.3], [0, 1.05], [-0.1, 6.3]]
    share_axes(cards)  # of networks on one variable all are alike, however little one of them holds
    assert len({tuple(one.spec["encoding"]["y"]["scale"]["domain"]) for one in cards}) == 1


def test_networks_on_one_task_share_their_axes(page):
    planes = [spec for spec in embedded(page) if "params" in spec]
    assert len(planes) == 4
    assert planes[0]["encoding"]["x"]["scale"]["domain"] == planes[1]["encoding"]["x"]["scale"]["domain"]


def test_figures_hold_bits(full_run, page):
    rows = full_run.rows().filter(network="relu", estimator="binned", site="hidden1", quantity="I(X;T)")
    relu = next(s for s in embedded(page) if "params" in s and "relu" in s["description"])
    wanted = rows.curves()[2].mean(axis=0)[-1] / NATS_PER_BIT
    last = [row for row in relu["datasets"]["means"] if row["line"] == "hidden1"][-1]
    assert last["x"] == pytest.approx(wanted, rel=1e-4)


def test_refers_to_nothing_outside_itself(page):
    class Loads(HTMLParser):
        found: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag, attrs):
            self.found += [
                str(v) for k, v in attrs if k in ("src", "href", "srcset", "data") and not str(v).startswith("#")
            ]

    Loads().feed(page)
    assert Loads.found == []
    assert "default-src 'none'" in page
    assert "unsafe-" not in page[: page.index("<style>")]
    assert "University of Washington" in page  # the licence of the JavaScript travels with it


def test_text_from_a_run_cannot_become_markup(make_run, make_rows, tmp_path):
    evil = "</script><script>alert(1)</script>"
    rows = make_rows(evil, sites=(evil,), training=False)
    run = make_run("evil", rows, title=evil, command=evil, networks={evil: {"title": evil}})
    page = write_report([run], tmp_path / "evil.html", with_command=True).read_text(encoding="utf-8")
    assert evil not in page
    assert embedded(page)[0]["datasets"]["means"][0]["line"] == evil


def test_a_run_without_rows_or_verdicts_says_what_is_missing(make_run, tmp_path):
    run = make_run("bare", networks={})
    page = write_report([run], tmp_path / "bare.html", with_command=True).read_text(encoding="utf-8")
    said = words(page)
    assert "this run holds no rows yet" in said
    assert "this run has no verdicts" not in said  # it belongs to no figure, and misses none
    assert "does not say which command made it" in said
    assert "vegaEmbed" not in page  # nothing to draw, nothing to carry


SECRET = "train.py --hf-token S3CRET --data /home/mallory/patients.csv"


def test_a_page_that_is_passed_on_names_no_command_no_person_and_no_place(make_run, make_rows, tmp_path):
    why = "not on disk: put it into /home/mallory/.cache/infoscope/mnist or /scratch/mallory/mnist"
    rows = make_rows(members=1, steps=3)
    noted = rows.table.column("notes").to_pylist()
    column = pa.array([f"{note} in /srv/mallory/x.npy" for note in noted], pa.string()).dictionary_encode()
    place = rows.table.schema.get_field_index("notes")
    rows = Rows(rows.table.set_column(place, SCHEMA.field("notes"), column.cast(SCHEMA.field("notes").type)))
    run = make_run("run", rows, command=SECRET, missing=why)  # as an older infoscope stored it
    write_figures([run], tmp_path / "figures")
    pages = [write_report([run], tmp_path / "report.html"), *(tmp_path / "figures").glob("*.svg")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not [word for word in ("S3CRET", "mallory", "train.py", str(tmp_path)) if word in text]
    said = words(pages[0].read_text(encoding="utf-8"))
    assert "put it into ~/.cache/infoscope/mnist or …/mnist" in said
    assert "so it is not shown: infoscope report --with-command does." in said
    assert "evaluation set" not in said


def test_the_command_is_shown_when_asked_for_and_without_its_secrets(make_run, make_rows, tmp_path):
    run = make_run("run", make_rows(members=1, steps=3), command=SECRET)
    page = write_report([run], tmp_path / "report.html", with_command=True).read_text(encoding="utf-8")
    assert "train.py --hf-token HIDDEN --data ~/patients.csv" in page
    assert "--with-command" not in page


def test_a_watched_run_says_what_its_folder_holds(make_run, make_rows, tmp_path):
    run = make_run("run", make_rows(members=1, steps=3))
    (run.path / "evaluation.safetensors").write_bytes(b"")
    said = words(write_report([run], tmp_path / "report.html").read_text(encoding="utf-8"))
    assert said.count("holds a copy of its evaluation set and the weights") == 1


def test_numbers_of_a_sequential_are_told_with_their_class(make_run, make_rows, tmp_path):
    rows = make_rows(sites=("1", "net.3", "head"))
    run = make_run("run", rows, modules={"tanh": {"1": "Tanh", "net.3": "ReLU"}, "other": {"net.3": "GELU"}})
    page = write_report([run], tmp_path / "report.html").read_text(encoding="utf-8")
    assert '"1 Tanh"' in page
    assert "net.3 ReLU" not in page  # which of the two it is here is not clear
    assert run.rows().sites()[-3:] == ["1", "net.3", "head"]


def test_an_unfinished_run_says_so(make_run, make_rows, tmp_path):
    run = make_run("half", make_rows(), state="measuring", figure="made/tanh")
    said = words(write_report([run], tmp_path / "half.html").read_text(encoding="utf-8"))
    assert "this run is not finished (state: measuring)" in said
    assert "this run has no verdicts: no claim was judged" in said


def test_several_runs_stand_side_by_side(make_run, make_rows, full_run, tmp_path):
    other = make_run("other", make_rows("linear", run="other"), title="Another")
    page = write_report([full_run, other], tmp_path / "both.html").read_text(encoding="utf-8")
    said = words(page)
    assert "2 runs side by side: A made-up run; Another" in said
    assert "not measured for: linear (run other)" in said  # kde was measured in the first run only
    assert len(embedded(page)) == 2 * 11 + 8


@pytest.fixture
def paper(make_run, make_rows, tmp_path) -> str:
    """A report of two figures of a paper with three networks each, the second without verdicts."""
    runs = []
    for figure, names in (("tanh", ("a", "b", "c")), ("relu", ("d", "e", "f"))):
        name = f"made2018-{figure}"
        rows = Rows.concat([make_rows(network, run=name, training=False, members=1, steps=3) for network in names])
        about = {"title": f"The {figure} figure", "figure": f"made2018/{figure}", "where": "figure 1"}
        runs.append(make_run(name, rows, judged=figure == "tanh", **about))
    verdicts = runs[0].verdicts()
    for number, verdict in enumerate(verdicts):
        verdict["claim"]["id"] += f"/{number}"
    runs[0].store_verdicts(verdicts)
    return write_report(runs, tmp_path / "paper.html").read_text(encoding="utf-8")


def test_many_networks_of_several_figures_have_a_section_a_figure(paper):
    assert "<h1>made2018: 2 figures</h1>" in paper
    said = words(paper)
    assert "2 runs · 6 networks · 4 claims judged" in said
    assert "Something is missing from: The relu figure ." in said
    assert said.index("Verdicts") < said.index("The tanh figure made2018, figure 1 3 networks (a, b, c)")
    assert said.index("2 findings and the rule") > said.index("The tanh figure made2018")
    assert "not measured for" not in said
    first = paper.index('id="made2018_tanh"'), paper.index('id="made2018_relu"')
    assert [paper.count('class="plot ', *place) for place in (first, (first[1], len(paper)))] == [9, 9]


def test_each_claim_leads_to_its_findings_and_every_link_somewhere(paper, page):
    summary = paper[paper.index('class="found"') : paper.index('class="stacking verdicts"')]
    assert summary.count("Late layers &lt;compress&gt;.") == 4
    assert len(set(re.findall(r'href="#(claim-[^"]+)"', summary))) == 4
    assert len(ids(paper)) == len(set(ids(paper)))
    for report in (paper, page):
        assert set(re.findall(r'href="#([^"]+)"', report)) <= set(ids(report))


def test_runs_of_one_figure_stay_side_by_side(make_run, make_rows, tmp_path):
    runs = []
    for name in ("one", "two"):
        rows = Rows.concat([make_rows(n, run=name, training=False, members=1, steps=3) for n in ("a", "b", "c")])
        runs.append(make_run(name, rows, figure="made2018/tanh"))
    said = words(write_report(runs, tmp_path / "same.html").read_text(encoding="utf-8"))
    assert "2 runs side by side: one; two" in said
    assert said.count("Measured with binned") == 2  # in the contents and over the figures


def test_what_figures_have_in_common_is_embedded_once(make_run, make_rows, tmp_path):
    sizes = []
    for count in (1, 2):
        rows = [make_rows(f"network{i}", training=False, steps=40) for i in range(count)]
        page = write_report([make_run(f"of{count}", Rows.concat(rows))], tmp_path / "it.html").read_text(
            encoding="utf-8"
        )
        found = re.search(r'(?s)<script type="application/json" id="figures">(.*?)</script>', page)
        assert found
        sizes.append((len(found[1]), len(json.dumps(embedded(page), separators=(",", ":")))))
    (small, small_whole), (large, large_whole) = sizes
    assert small < small_whole / 2
    assert large < small + (large_whole - small_whole) / 8  # the same networks again: references and names


def test_a_measure_in_two_ways_gives_two_blocks(make_run, make_rows, tmp_path):
    parts = [make_rows(training=False, options=lambda *_, bins=bins: {"bins": bins}) for bins in (10, 100)]
    run = make_run("twice", Rows.concat(parts))
    said = words(write_report([run], tmp_path / "twice.html").read_text(encoding="utf-8"))
    assert "Measured with binned, set 1" in said
    assert "Measured with binned, set 2" in said


def test_no_runs_are_refused(tmp_path):
    with pytest.raises(InputError, match="a report needs at least one run, none was given: pass run folders"):
        write_report([], tmp_path / "report.html")


def test_the_same_figures_go_to_png_and_svg(make_run, make_rows, tmp_path):
    run = make_run("small", make_rows(training=False, members=1, steps=2))
    written = write_figures([run], tmp_path / "figures")
    assert [path.name for path in written] == [
        "small-tanh-binned-plane-label-all.png", "small-tanh-binned-plane-label-all.svg",
        "small-tanh-binned-information-I_X_T-input-all.png", "small-tanh-binned-information-I_X_T-input-all.svg",
        "small-tanh-binned-information-I_T_Y-label-all.png", "small-tanh-binned-information-I_T_Y-label-all.svg",
    ]  # fmt: skip
    assert all(path.stat().st_size > 1000 for path in written)
    page = write_report([run], tmp_path / "small.html").read_text(encoding="utf-8")
    assert {path.stem for path in written} <= set(ids(page))  # a figure's file and its place on the page share a name


def test_the_report_names_the_run_that_lent_its_networks():
    from infoscope.show.report import _words

    said = dict(_words.provenance({"borrowed": {"tanh": "saxe2018-tanh-laptop"}, "threads": {"tanh": {"groups": 2}}}))
    assert said["taken over from another run"] == "tanh saxe2018-tanh-laptop"
    assert said["threads"] == "tanh (groups 2)"


def test_many_figures_of_one_way_of_measuring_unfold(make_run, read_rows, tmp_path):
    networks = tuple(f"network{i}" for i in range(10))
    run = make_run("many", read_rows(networks, run="many", members=1, steps=2))
    page = write_report([run], tmp_path / "many.html").read_text(encoding="utf-8")
    first, folded = page.split('<details class="more">')
    assert first.count('class="plot ') == 1 + 2 * 10  # the plane, and two of the variables
    assert "5 more: Information along training: about coarse on test" in words(folded)


def test_says_what_was_found_in_a_sentence_a_claim(page):
    found = words(page[page.index('class="found"') : page.index('class="stacking verdicts"')])
    assert "drop of I(X;T), hidden2 is 0.5 bits [0.25, 0.75], wanted ≥ 2 bits" in found
    assert "; the other finding holds" in found
    assert "nothing was measured" in found


def test_says_what_it_comes_to_from_the_rows(make_run, make_rows, tmp_path):
    known = {"networks": {"tanh": {"task": "made", "title": "3-2-2"}}, "ceilings": {"made": {"label": 1.0}}}
    said = words(write_report([make_run("run", make_rows(), **known)], tmp_path / "r.html").read_text("utf-8"))
    assert re.search(
        r"What was found I\(X;T\) by binned falls most at output, from 7\.\d+ bits at epoch [37] to \d\.\d+ at 31\.",
        said,
    )
    assert re.search(
        r"Of label, binned finds at output: 0\.\d+ bits of the 1\.44 there are \(0\.\d+ at the first step\)", said
    )
    assert "No I(X;T) here belongs to a network: of a deterministic one it is H(X) or infinite" in said
    assert "drawn is H(Bin(T)), 30 bins on [−1, 1]; where it falls, activations draw together" in said


def test_networks_that_did_not_train_are_named_with_both_verdicts(make_run, make_rows, tmp_path):
    run = make_run("run", make_rows(members=3), judged=True, figure="made/tanh")
    verdicts = run.verdicts()
    first, other = verdicts[0], verdicts[1]
    first["untrained"] = [{"network": "tanh", "member": 1, "kind": "did not train", "why": "accuracy at chance"}]
    first["without"] = {"outcome": "partly", "findings": other["findings"]}
    first["said"] = "reproduced; without 1 untrained network: partly"
    run.store_verdicts(verdicts)
    said = words(write_report([run], tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "1 of 3 networks did not train: tanh, member 1" in said
    assert "✓ reproduced without 1 untrained network: partly" in said
    assert "without 1 that did not train: 0.5 bits [0.25, 0.75], partly" in said


def test_of_several_runs_what_they_share_is_told_once(make_run, make_rows, tmp_path):
    about = {"versions": {"torch": "2.9"}, "machine": {"system": "Linux"}}
    runs = [make_run(name, make_rows(name, run=name, members=1), started=name, **about) for name in ("one", "two")]
    page = write_report(runs, tmp_path / "r.html").read_text(encoding="utf-8")
    said = words(page[page.index('id="provenance"') :])
    assert said.count("torch 2.9") == said.count("system Linux") == 1
    assert "started one" in said
    assert "started two" in said


def test_what_every_number_of_is_trusted_is_folded(page):
    estimated = page[page.index('id="estimands"') : page.index('id="provenance"')]
    open_, folded = estimated.split("<details>")
    assert "VACUOUS" in open_
    assert "mean cross-entropy" in folded
    assert "of which every number estimates what its estimand says" in folded


def test_where_the_headline_is_met_the_part_that_is_not_is_named():
    def found(name, outcome, headline=False):
        return {"name": name, "outcome": outcome, "headline": headline, "value": 1.0, "shown": "1 bit",
                "criterion": "≥ 2"}  # fmt: skip

    drop, onset = found("drop", "holds", headline=True), found("onset", "unclear")
    verdict = {"headline": drop, "reason": "", "without": None, "findings": [drop, found("end", "holds"), onset]}
    assert _findings.of_claim(verdict) == (
        "drop is 1 bit, wanted ≥ 2; of the other 2 findings 1 holds, 1 is unclear (onset is 1 bit, wanted ≥ 2)"
    )
    met = {**verdict, "findings": [drop, found("end", "holds")]}
    assert _findings.of_claim(met) == "drop is 1 bit, wanted ≥ 2; the other finding holds"


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ("h", "the other finding holds"),
        ("u", "the other finding is unclear"),
        ("ff", "the other 2 findings fail"),
        ("huuf", "of the other 4 findings 1 holds, 2 are unclear, 1 fails"),
    ],
)
def test_the_findings_beside_the_headline_are_counted_in_a_sentence(outcomes, said):
    words = {"h": "holds", "u": "unclear", "f": "fails"}
    assert _findings._others(Counter(words[each] for each in outcomes)) == said
