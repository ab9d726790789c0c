"""docs/choose.md says what the results in the package say, and who is never named."""

from __future__ import annotations

import re
from pathlib import Path

from infoscope.benchmark.page import renewed
from infoscope.core import registry

PAGE = Path(__file__).parents[2] / "docs" / "choose.md"


def test_the_page_is_what_the_results_make():
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page, "run `python -m infoscope.benchmark.page docs/choose.md`"


def test_the_page_says_who_answers_another_question():
    (told,) = re.findall(r"answers `another question`, as (.*?), is never named", PAGE.read_text(encoding="utf-8"))
    facts = {name: entry.facts for name, entry in registry.entries("estimators").items()}
    never = {n for n, f in facts.items() if "mutual_information" in f["offers"] and "answers" in f} - {
        n for n, f in facts.items() if f.get("answers") != "another question"
    }
    assert set(re.findall(r"`(\w+)`", told)) == never
