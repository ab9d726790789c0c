"""Pages and lists from what the code says of itself: every public name, every command, every contribution.

``python docs/pages.py`` writes the lists that stand between marks in README.md and docs/choose.md anew, docs/answers.md
from what is kept under docs/results, and the reference pages under docs/reference/, where the site reads them; these
are not kept in the repository.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import io
import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import infoscope
from infoscope.core import registry
from infoscope.core.claim import ORIGINS
from infoscope.core.quantity import Quantity

#: Where a public name stands on its page, by the module that the stub takes it from.
HEADINGS = {
    "measure.": "Questions about tensors",
    "benchmark.": "Which estimator",
    "record.": "Networks",
    "data": "Data",
    "runs": "Runs",
    "callbacks": "Runs",
    "demonstration": "Runs",
    "scans": "Runs",
    "sweeps": "Runs",
    "scripting": "Runs",
    "scanning.": "Runs",
    "engine.": "Runs",
    "core.": "What comes back",
    "watching": "Runs",
    "warming": "Before anything runs",
}


MEASURED = Path(__file__).resolve().parents[1] / "bench" / "results" / "neighbours.json"
CALLS = MEASURED.with_name("first_calls.json")
PROBES = MEASURED.with_name("wide_probes.json")
WORKERS = MEASURED.with_name("engine.json")


def write(docs: Path) -> None:
    """Write every page under ``docs/reference``; what is there already and the same stays untouched."""
    for name, text in pages().items():
        path = docs / "reference" / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """Each page's Markdown by file name."""
    written = {"python.md": python(), "commands.md": commands(), "speed.md": speed()}
    return {**written, **{f"{kind}.md": of_kind(kind) for kind in kinds()}}


def kinds() -> list[str]:
    return list(infoscope.contributions())


def exports() -> dict[str, str]:
    """The module of every public name, as the stub says it."""
    stub = Path(infoscope.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    found = [node for node in ast.parse(stub).body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in found for alias in node.names}


def python() -> str:
    """Every public name with its signature and what it says of itself."""
    modules = exports()
    text = ["# In Python", "", "Names of the module `infoscope`, each imported when it is first used.", ""]
    for heading in dict.fromkeys(HEADINGS.values()):
        names = [n for n, m in modules.items() if heading == next(h for s, h in HEADINGS.items() if m.startswith(s))]
        text += [f"## {heading}", ""]
        for name in sorted(names, key=str.lower):
            text += [*described(f"infoscope.{name}", getattr(infoscope, name), "###"), ""]
    return "\n".join(text)


def described(title: str, thing: Any, level: str) -> Iterator[str]:
    """A heading, the signature, and the docstring; of a class its public members too."""
    yield from (f"{level} {title}", "")
    if inspect.isfunction(thing):
        yield from ("```python", textwrap.fill(title + signature(thing), 84, subsequent_indent="    "), "```", "")
    yield markdown(inspect.getdoc(thing) or "")
    if inspect.isclass(thing):
        for name, member in vars(thing).items():
            words = inspect.getdoc(member)
            if name.startswith("_") or not words or not (callable(member) or isinstance(member, property)):
                continue
            of = signature(member, skip=1) if inspect.isfunction(member) else ""
            yield f"\n**`.{name}{of}`**\n\n{markdown(words)}"


def signature(function: Any, skip: int = 0) -> str:
    """Arguments and their defaults, without annotations."""
    found = inspect.signature(function)
    kept = [one.replace(annotation=one.empty) for one in found.parameters.values()][skip:]
    return str(found.replace(parameters=kept, return_annotation=found.empty))


def markdown(docstring: str) -> str:
    """A docstring as Markdown: sections in bold, what is said of each argument as an item of a list."""
    text = re.sub(r":\w+:`~?([^`]*)`", lambda found: f"`{found[1].rsplit('.', 1)[-1]}`", docstring)
    text = re.sub(r"^([A-Z]\w+)\n-{3,}$", r"**\1**\n", text, flags=re.M)
    blocks = []
    for block in re.split(r"\n\s*\n", text):
        if block.startswith(">>> "):
            blocks.append(f"```python\n{block}\n```")
            continue
        lines = [line.strip() for line in block.splitlines()]
        item = re.compile(r"([a-z_\d]+(?:, [a-z_\d]+)*): (.*)")
        listed = any(item.match(line) for line in lines[:1])  # elsewhere a colon ends half a sentence
        items = [f"- **{m[1]}**: {m[2]}" if listed and (m := item.match(line)) else line for line in lines]
        if any(item.startswith("- **") for item in items):
            items = [f"  {item}" if not item.startswith("- **") and i else item for i, item in enumerate(items)]
        blocks.append("\n".join(items))
    return "\n\n".join(blocks)


def commands() -> str:
    """What ``--help`` says of every command."""
    from rich.console import Console

    from infoscope.cli import app

    text = ["# On the command line", "", "Exit codes: 0 done, 2 your mistake or a known failure (one sentence), 130",
            "interrupted: the same command goes on where it stopped. `--json` prints for programs.", ""]  # fmt: skip
    names = [name for name in app if not name.startswith("-") and "_" not in name]
    for name in names:
        page = io.StringIO()
        app.help_print([name], console=Console(file=page, width=100, color_system=None, force_terminal=False))
        text += [f"## infoscope {name}", "", "```text", page.getvalue().strip(), "```", ""]
    return "\n".join(text)


SPEED = """# Speed

CPU milliseconds of one thread, every program on the same rows one after the other, medians over seeds; {date}, commit
{commit}, {processor} ({cores} cores, card: {card}), {versions}. Other work ran beside it: take ratios to another
machine, not times. Made from what `python bench/neighbours.py --save` has measured.

## `ksg`, k = 3

A whole call standardises, and says interval and status; the peers give a value alone. The limit is the time of the
comparisons that the search makes, each as fast as it is in first-level cache.

| rows | columns | data | whole call | value alone | {peers} | fastest peer / whole | value / limit |
{ksg}

## `mixed_ksg`, where rows repeat

| rows | data | whole call | scikit-learn |
|---|---|---|---|
{mixed}

## Memory

In a call about 100 000 rows of 3+3 columns a process grows by {rise}.

## Linear probes on many rows, columns and classes

CPU seconds of one thread, each line in one run (`python bench/wide_probes.py --save` says what the data are): ours
chooses weight decay and temperature on a fifth of the rows that it is given, and says interval and status; torch is ten
epochs of AdamW with nothing chosen; scikit-learn, where it was run, has the weight decay that ours chose. MB is the
largest that a process of ours became, data included. Bits are of the same scored rows.

| rows | columns | classes | data | ours | MB | bits | status | torch | bits | ours / torch | scikit-learn | measured |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
{probes}
{first}{workers}"""

FIRST = """
## The first call

CPU seconds of one thread about 1000 rows, each in a process of its own; {date}, commit {commit}, {processor} ({cores}
cores), {versions} (`python bench/first_calls.py --save`). The first call of a machine compiles its loops, which a line
says, and keeps them; `infoscope warm` does all of it beforehand.

| asked | imports | first of a machine | first of a later process |
|---|---|---|---|
{lines}
"""

SCALING = """
## One scan by several workers

{checkpoints} checkpoints of a network of two layers of 256 units, a linear probe and the effective rank of each on 2000
rows; {date}, commit {commit}, {processor} ({cores} cores), {versions}; the machine's load was {load:.1f} (1.0 is one
core's work, the bench's own included: times compare well where it stays below the cores). Workers have one thread
each. To begin is to start the workers and scan two checkpoints. Nodes of Ray are processes of this machine. All came to
the same rows, to the bit (`python bench/engine.py --save`).

| who | workers | to begin, s | scan, wall s | beside one worker | CPU s of the command itself |
|---|---|---|---|---|---|
{lines}
"""


def speed() -> str:
    """What the bench of neighbours has measured, beside the packages that it was measured with."""
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    about, peers, ksg, mixed = found["about"], ["npeet_plus", "SciPy", "scikit-learn"], [], []
    for row in found["ksg"]:
        seconds, d = row["seconds"], row["columns"]
        fastest = min(seconds[peer] for peer in peers if peer in seconds)
        cells = [str(row["n"]), f"{d}+{d}", row["data"]]
        cells += [ms(seconds.get(one)) for one in ("whole", "value", *peers)]
        cells += [f"{fastest / seconds['whole']:.2f}", f"{seconds['value'] / row['limit']:.1f}"]
        ksg.append(f"| {' | '.join(cells)} |")
    for row in found["mixed"]:
        times = [ms(row["seconds"].get(one)) for one in ("whole", "scikit-learn")]
        mixed.append(f"| {row['n']} | {row['data']} | {' | '.join(times)} |")
    whose = {"whole": "this package"}
    return SPEED.format(
        **{**about, "versions": ", ".join(f"{name} {version}" for name, version in about["versions"].items())},
        peers=" | ".join(peers),
        probes=wide_probes(),
        first=first_calls(),
        workers=workers(),
        ksg="\n".join(["|---" * (7 + len(peers)) + "|", *ksg]),
        mixed="\n".join(mixed),
        rise=", ".join(f"{mib:.0f} MiB ({whose.get(name, name)})" for name, mib in found["rise"].items()),
    )


def first_calls() -> str:
    """What the bench of first calls has measured."""
    found = json.loads(CALLS.read_text(encoding="utf-8"))
    lines = []
    for row in found["lines"]:
        lines.append(f"| {row['name']} | {row['imports']:.1f} | {row['first']:.1f} | {row['later']:.1f} |")
    versions = ", ".join(f"{name} {version}" for name, version in found["about"]["versions"].items())
    return FIRST.format(**{**found["about"], "versions": versions}, lines="\n".join(lines))


def workers() -> str:
    """What the bench of engines has measured; nothing where it was not run."""
    if not WORKERS.exists():
        return ""
    found = json.loads(WORKERS.read_text(encoding="utf-8"))
    about, lines, alone = found["about"], [], dict[str, float]()
    for row in found["lines"]:
        one = alone.setdefault(row["engine"], row["wall"])
        cells = [row["engine"], row["workers"], *(f"{row[what]:.1f}" for what in ("begin", "wall"))]
        cells += [f"{row['wall'] / one:.2f}", f"{row['here']:.1f}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    said = {**about, "versions": versions, "checkpoints": found["checkpoints"], "load": found["load"]}
    return SCALING.format(**said, lines="\n".join(lines))


def wide_probes() -> str:
    """What the bench of linear probes has measured, a line a case."""
    lines = []
    for row in json.loads(PROBES.read_text(encoding="utf-8"))["probes"]:
        mine, peer, other = row["ours"], row["torch"], row.get("scikit-learn", {})
        cells = [row["n"], row["columns"], row["classes"], row["data"], f"{mine['seconds']:.1f}", f"{mine['MB']:.0f}"]
        cells += [f"{mine['bits']:.3f}", mine["status"], f"{peer['seconds']:.1f}", f"{peer['bits']:.3f}"]
        cells += [f"{mine['seconds'] / peer['seconds']:.2f}", f"{other['seconds']:.1f}" if other else "", row["date"]]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def ms(seconds: float | None) -> str:
    """Three digits of milliseconds; nothing where nothing was measured."""
    return "" if seconds is None else f"{1e3 * seconds:.3g}" if seconds < 0.9995 else f"{1e3 * seconds:.0f}"


def of_kind(kind: str) -> str:
    """Every contribution of one kind: what it says of itself, its options, its quantities and the facts it states."""
    text = [f"# {kind.capitalize()}", ""]
    for name, entry in infoscope.contributions(kind)[kind].items():
        thing = entry.load()
        said = options(thing)
        told = [each for value in entry.facts.values() for each in quantities(value)]
        facts = {
            key: value
            for key, value in entry.facts.items()
            if value not in ("", (), {}, []) and key not in said and not list(quantities(value))
        }
        text += [f"## {name}", "", markdown(inspect.getdoc(thing) or entry.summary), ""]
        if said:
            text += ["| option | takes | by default |", "|---|---|---|"]
            text += [f"| {option} | {cell(takes)} | {default} |" for option, (takes, default) in said.items()] + [""]
        if told:
            text += ["| quantity | what it is | unit | kind |", "|---|---|---|---|"]
            text += [f"| {cell(str(each))} | {cell(each.words)} | {each.unit} | {each.kind} |" for each in told] + [""]
        if facts:
            text += ["| fact | |", "|---|---|", *(f"| {key} | {cell(value)} |" for key, value in facts.items()), ""]
        text += [f"In `{entry.module.replace('.', '/')}.py`.", ""]
    return "\n".join(text)


def options(thing: Any) -> dict[str, tuple[str, str]]:
    """What may be said of an object when it is made: by name what it takes, and what it is otherwise, both in words."""
    found: dict[str, tuple[str, str]] = {}
    if inspect.isclass(thing) and dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            default = "must be said" if field.default is dataclasses.MISSING else f"`{field.default!r}`"
            takes = re.sub(r"Literal\[(.*?)\]", lambda m: m[1].replace(", ", " or "), str(field.type))
            found[field.name] = (takes.replace(" | ", " or "), default)
    return found


def quantities(value: Any) -> Iterator[Quantity]:
    """The quantities that a fact states."""
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, Quantity):
            yield each


def cell(value: Any) -> str:
    """A fact in a cell of a table."""
    if isinstance(value, dict):
        words = ", ".join(f"{key}: {one}" for key, one in value.items())
    else:
        words = ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
    return re.sub(r"\s+", " ", words).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


# --- lists inside pages that people write -------------------------------------------------------------------------

DOCS = Path(__file__).resolve().parent
#: The pages that people write and that hold lists.
WRITTEN = ("choose.md", "gallery.md", "what-there-is.md")
BEGIN, END = "<!-- made by python docs/pages.py: {} -->", "<!-- end of {} -->"


def lists() -> dict[str, str]:
    """What stands between the marks, by the name in them."""
    of_kinds = {kind: summaries(kind) for kind in ("figures", "probes", "geometries", "dependences")}
    return {
        "claims": claims(),
        "contributions": names(),
        "estimators": estimators(),
        "examples": examples(),
        **of_kinds,
    }


def examples() -> str:
    """Every example with what it says of itself and its picture."""
    found: list[str] = []
    for path in sorted((DOCS.parent / "examples").glob("*.py")):
        title, *rest = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")
        command = f"python examples/{path.name}"
        told = [re.sub(r"``", "`", part) for part in rest if not part.strip().startswith("python ")]
        found += [f"## {path.stem[3:].replace('_', ' ').capitalize()}", re.sub(r"\s*\n\s*", " ", title)]
        picture = DOCS / "pictures" / f"{path.stem}.svg"
        if picture.exists():
            found.append(f"![{re.sub(chr(10), ' ', title)}](pictures/{picture.name})")
        found += [f"```text\n{command}\n```", *told, f"[The script](../examples/{path.name})"]
    return "\n\n".join(found)


def claims() -> str:
    """How many claims there are by paper and by who says them."""
    found: Counter[tuple[str, str]] = Counter()
    for figure in registry.entries("figures"):
        found.update((claim.paper, claim.origin) for claim in registry.load("figures", figure).claims)
    origins = [origin for origin in ORIGINS if origin]
    lines = [f"| claims | {' | '.join(ORIGINS[origin] for origin in origins)} |", "|---" * (len(origins) + 1) + "|"]
    for paper in sorted({paper for paper, _ in found}):
        lines.append(f"| {paper} | {' | '.join(str(found[paper, origin]) for origin in origins)} |")
    return "\n".join(lines)


def names() -> str:
    """Everything there is by kind, but for the figures, which have a table."""
    lines = ["| kind | |", "|---|---|"]
    for kind, entries in infoscope.contributions().items():
        if kind != "figures":
            lines.append(f"| {kind} | {', '.join(f'`{name}`' for name in entries)} |")
    return "\n".join(lines)


def summaries(kind: str) -> str:
    """Everything of one kind, and what it is."""
    entries = infoscope.contributions(kind)[kind].items()
    lines = [f"| {kind} | what it is |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{name}` | {cell(entry.summary)} |" for name, entry in entries)])


def estimators() -> str:
    """Every estimator: what its number is to I(X;Y), of what, and what it is."""
    lines = ["| estimator | I(X;Y) | X | Y | what it is |", "|---|---|---|---|---|"]
    for name, entry in infoscope.contributions("estimators")["estimators"].items():
        facts = {"answers": "another question", "first": ("real",), "second": ("labels",), **entry.facts}
        answers = facts["answers"] if "mutual_information" in facts["offers"] else "not offered"
        taken = (" or ".join(facts[side]) for side in ("first", "second"))
        lines.append(f"| `{name}` | {answers} | {' | '.join(taken)} | {cell(entry.summary)} |")
    return "\n".join(lines)


def renewed(page: str) -> str:
    """``page`` with every list in it made anew."""
    for name, made in lists().items():
        begin, end = BEGIN.format(name), END.format(name)
        if begin in page:
            before, rest = page.split(begin)
            page = f"{before}{begin}\n\n{made}\n\n{end}{rest.split(end)[1]}"
    return page


if __name__ == "__main__":
    import answers  # beside this file

    write(DOCS)
    for path in (DOCS / name for name in WRITTEN):
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
    answers.write(DOCS / "answers.md")
