"""The how-to page does what it says: its code runs from top to bottom in an empty folder."""

import re
from pathlib import Path

import torch

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "watch-your-own-training.md"


def test_the_code_of_the_how_to_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    exec(compile(code, PAGE.name, "exec"), {})
    names: dict = {}
    exec(compile(code, PAGE.name, "exec"), names)  # again in the same folder
    assert Path("runs/mine/report.html").stat().st_size > 10_000
    assert names["rows"].unique("estimator") == ["kde"]
    assert (names["later"].sites(), names["later"].unique("variable")) == (["0", "2"], ["label", "side"])
    assert names["iscope"].load("runs/texts").rows.unique("groups") == [50]
    read = names["iscope"].load("runs/tokens").rows
    assert (read.unique("site"), read.unique("groups")) == (["embed@tokens(6)", "rnn@tokens(6)"], [100])
    assert names["t"].keys() == {"1", "3"}
    assert names["iscope"].load("runs/active").rows.unique("quantity") == ["active units"]
