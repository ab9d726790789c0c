"""What the results in the package say, for docs/choose.md: ``python -m infoscope.benchmark.page docs/choose.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from infoscope.benchmark import results, summary
from infoscope.benchmark.choosing import Question, answer

BEGIN, END = "<!-- made by python -m infoscope.benchmark.page -->", "<!-- end of what is made -->"
LABELS = ((5000, 1), (1000, 2), (5000, 10), (2000, 20), (5000, 64), (10_000, 512), (10, 100))
REAL = ((1000, 1, 1), (5000, 3, 3), (5000, 10, 10), (10_000, 25, 25))
NAMES = 3  # so many of the candidates are shown


def made() -> str:
    """The lines between the marks: what is named for some questions, and how good first names are."""
    found, about = results.load()
    questions = [Question(*numbers, discrete_y=True) for numbers in LABELS] + [Question(*numbers) for numbers in REAL]
    lines = ["| rows | X | Y | named, the best first, with the loss of each |", "|---|---|---|---|"]
    for question in questions:
        choice = answer(found, question)
        y = "a label" if question.discrete_y else f"{question.dy} real"
        named = "none" if choice.best is None else ", ".join(
            f"`{one.subject.label}` {one.loss:.0%}" for one in choice.candidates[:NAMES]
        )  # fmt: skip
        lines.append(f"| {question.n} | {question.dx} | {y} | {named} |")
    names = summary.first_names(found)
    sources = {each.source for each in found}
    commits = ", ".join(
        f"{sum(each.made == commit for each in found)} by the code of {commit[:7]} (preset {one.get('preset')})"
        for commit, one in about["made"].items()
    )
    text = (
        f"The results are {len(found)} of somebody on a source at an n, over {len(sources)} sources: {commits}. "
        f"{names['words']} {summary.accuracy(found)['words']}"
    )
    return "\n".join([*lines, "", text])


def renewed(page: str) -> str:
    """``page`` with what stands between the marks made anew."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{made()}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
