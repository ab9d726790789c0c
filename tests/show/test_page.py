"""The live page: what it lists and answers, who may ask, and that changes go on where a reader left off."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="starlette is not installed: pip install 'infoscope[page]'")
import anyio
from starlette.testclient import TestClient

from infoscope.core.errors import InputError
from infoscope.core.folder import RunFolder
from infoscope.show.page import feed, found, server
from infoscope.show.page.guard import loopback

HERE = "http://127.0.0.1:8321"


def client(root: Path, token: str = "", base: str = HERE, **more) -> TestClient:
    return TestClient(server.application([root], token, **more), base_url=base, follow_redirects=False)


@pytest.fixture
def no_waiting(monkeypatch):
    """Every look at the folders is a new one."""
    for name in ("LOOK_SECONDS", "SEARCH_SECONDS"):
        monkeypatch.setattr(feed, name, 0.0)
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.0)


@pytest.fixture
def some_runs(make_run, make_rows, tmp_path):
    """A whole run, a damaged one, one of nobody, and one whose names are hostile."""
    make_run(
        "whole", make_rows(run="whole", steps=3), title="A <b>training</b>", state="running", networks={"tanh": {}}
    )
    damaged = make_run("sub/damaged", make_rows(run="damaged", steps=3), title="Damaged", networks={"tanh": {}})
    part = next(damaged.rows_path.iterdir())
    part.write_bytes(part.read_bytes()[:-40])
    (tmp_path / "nobody").mkdir()
    (tmp_path / "nobody" / "run.json").write_text("[1, 2")
    make_run("hostile", None, title="</script>\x07\u202e" + "x" * 5000, networks={"a\nb": {}})
    (tmp_path / "no run").mkdir()
    return tmp_path


def test_the_list_says_what_lies_there_and_why_one_cannot_be_read(some_runs):
    said = {run["id"]: run for run in client(some_runs).get("/runs.json").json()["runs"]}
    assert set(said) == {"whole", "sub/damaged", "nobody", "hostile"}
    assert said["whole"]["state"] == "stopped"  # it says running, and nobody writes
    assert said["whole"]["rows"] == len(RunFolder.open(some_runs / "whole").rows())
    assert said["whole"]["networks"] == ["tanh"]
    assert "is damaged or was edited" in said["nobody"]["notice"]
    assert said["hostile"]["title"].startswith("</script>")
    assert not re.search("[\x07\u202e\n]", json.dumps(said["hostile"], ensure_ascii=False))


def test_a_run_that_is_written_to_is_live(some_runs):
    with RunFolder.open(some_runs / "whole").writing():
        said = {run["id"]: run for run in client(some_runs).get("/runs.json").json()["runs"]}
    assert (said["whole"]["live"], said["whole"]["state"]) == (True, "running")
    assert not said["hostile"]["live"]


def test_a_damaged_run_is_told_and_the_others_are_drawn(some_runs):
    ids = ["whole", "sub/damaged", "nobody", "hostile"]
    said = client(some_runs).get("/figures.json", params=[("run", id) for id in ids]).json()
    assert {notice["run"] for notice in said["notices"]} == {"sub/damaged", "nobody"}
    assert [run["id"] for run in said["runs"]] == ["whole", "hostile"]
    (section,) = said["sections"]
    cards = [card for block in section["blocks"] for panel in block["panels"] for card in panel["cards"]]
    assert len(said["figures"]) == len(cards) > 4
    assert all(said["figures"][card["figure"]]["width"] == "container" for card in cards)
    alone = client(some_runs).get("/figures.json", params={"run": "nobody"}).json()
    assert len(alone["notices"]) == 1
    assert alone["figures"] == []


def test_only_runs_that_are_listed_are_read(some_runs):
    asked = client(some_runs)
    for id in ("../whole", "no run", "/etc", "sub", str(some_runs / "whole")):
        assert asked.get("/figures.json", params={"run": id}).status_code == 404
    assert asked.get("/figures.json").status_code == 400
    assert asked.get("/differences.json", params={"run": "whole"}).status_code == 400
    for path in ("/../pyproject.toml", "/found.py", "/token.html", "/whole/run.json"):
        assert asked.get(path).status_code == 404
    assert asked.post("/runs.json").status_code == 405


def test_nothing_in_a_run_is_changed_by_looking_at_it(some_runs, no_waiting):
    def lies_there():
        return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in sorted(some_runs.rglob("*"))}

    before = lies_there()
    asked = client(some_runs)
    for path in ("/", "/runs.json", "/figures.json?run=whole&run=nobody", "/differences.json?run=whole&run=hostile"):
        assert asked.get(path).status_code == 200
    assert lies_there() == before


def test_two_runs_are_compared_by_what_the_page_was_given(some_runs):
    asked = client(some_runs, compare=lambda a, b: {"lines": [a.name, b.name]})
    said = asked.get("/differences.json", params=[("run", "hostile"), ("run", "whole")])
    assert said.json() == {"lines": ["hostile", "whole"]}

    def refused(first, second):
        raise InputError("nothing in common")

    asked = client(some_runs, compare=refused)
    said = asked.get("/differences.json", params=[("run", "hostile"), ("run", "whole")])
    assert said.json() == {"notice": "nothing in common"}


def test_an_answer_is_made_anew_only_when_a_run_changed(some_runs, no_waiting, monkeypatch, make_rows):
    made = []
    monkeypatch.setattr(server.writing, "content", lambda folders: made.append(1) or server._content([]))
    page = server.Page([some_runs])
    page.figures(["whole"])
    page.figures(["whole"])
    assert len(made) == 1
    RunFolder.open(some_runs / "whole").append(make_rows(network="more", steps=1))
    page.figures(["whole"])
    assert len(made) == 2


# ---- who may ask


def test_without_a_token_only_this_machine_is_answered_by_its_own_name(some_runs):
    for base in (HERE, "http://localhost:1", "http://[::1]:8321", "http://127.8.8.8"):
        assert client(some_runs, base=base).get("/runs.json").status_code == 200
    for base in ("http://attacker.example", "http://127.0.0.1.attacker.example:8321", "http://10.0.0.5:8321"):
        refused = client(some_runs, base=base).get("/runs.json")
        assert refused.status_code == 421
        assert "127.0.0.1" in refused.text


def test_with_a_token_nothing_is_answered_before_it_is_given_and_it_is_in_no_address(some_runs):
    asked = client(some_runs, token="s3cret", base="http://10.0.0.5:8321")
    for path in ("/runs.json", "/events", "/vega.js", "/page.js", "/runs.json?token=s3cret"):
        assert asked.get(path).status_code == 401
    form = asked.get("/")
    assert (form.status_code, 'action="/token"' in form.text) == (401, True)
    assert asked.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert asked.post("/token", data={"token": "wrong"}).status_code == 401
    assert asked.post("/token", content=b"token=" + b"x" * 10_000_000).status_code == 401
    taken = asked.post("/token", data={"token": " s3cret "})
    assert (taken.status_code, taken.headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=Strict"} <= set(taken.headers["set-cookie"].split("; "))
    assert asked.get("/runs.json").status_code == 200  # the cookie is kept
    with_header = client(some_runs, token="s3cret", base="http://10.0.0.5:8321")
    assert with_header.get("/runs.json", headers={"authorization": "Bearer s3cret"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("", False), ("box.example", False)],
)
def test_which_hosts_are_this_machine_alone(host, alone):
    assert loopback(host) == alone


def test_every_answer_carries_the_policy_and_nothing_of_ours_names_another_host(some_runs):
    asked = client(some_runs)
    for path in ("/", "/page.js", "/nowhere", "/runs.json"):
        policy = asked.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    assert "content-security-policy" in client(some_runs, base="http://elsewhere").get("/").headers
    for name in ("page.html", "token.html", "page.css", "page.js"):
        text = (Path(server.__file__).parent / name).read_text(encoding="utf-8")
        assert "//" not in re.sub(r"(^|\s)//\s.*", "", text, flags=re.MULTILINE), name
        assert not re.search(r"<script(?! src)|<style| on\w+=| style=|innerHTML|eval\(", text), name


def test_a_host_or_port_that_cannot_be_had_is_told(tmp_path):
    with pytest.raises(InputError, match="pass another --port"):
        server.serve([tmp_path], port=99_999)
    with pytest.raises(InputError, match="no folder"):
        server.serve([tmp_path / "none"])


# ---- what changed


def test_a_reader_goes_on_where_it_left_off(make_run, make_rows, tmp_path, no_waiting):
    first = make_run("first", None, networks={"tanh": {}}, state="running")
    changes = feed.Feed([tmp_path])
    changes.look()
    whole = changes.since("")
    assert (whole["all"], [run["id"] for run in whole["runs"]]) == (True, ["first"])
    assert changes.since(whole["mark"]) is None
    make_run("second", None, networks={})
    first.append(make_rows(steps=1))
    changes.look()
    later = changes.since(whole["mark"])
    assert (later["all"], {run["id"] for run in later["runs"]}) == (False, {"first", "second"})
    (tmp_path / "second" / "run.json").unlink()
    changes.look()
    assert changes.since(later["mark"])["gone"] == ["second"]
    assert feed.Feed([tmp_path]).since(later["mark"])["all"]  # another server numbers anew


def in_a_thread(*called):
    """What a coroutine returns, beside a loop of events that another test may have left running in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(anyio.run, *called).result()


def test_a_stream_sends_what_its_last_id_did_not_know(make_run, make_rows, tmp_path, no_waiting):
    run = make_run("run", None, networks={"tanh": {}})
    page = server.Page([tmp_path])

    async def events(mark: str, count: int) -> list[str]:
        said: list[str] = []
        async for text in page.changes(mark):
            said.append(text)
            if len(said) == 1 + count:
                return said[1:]
        return said

    (first,) = in_a_thread(events, "", 1)
    mark = re.search(r"^id: (.+)$", first, re.MULTILINE)[1]
    run.append(make_rows(steps=2))
    (later,) = in_a_thread(events, mark, 1)
    said = json.loads(re.search(r"^data: (.+)$", later, re.MULTILINE)[1])
    assert (said["all"], [each["rows"] for each in said["runs"]]) == (False, [len(run.rows())])


def test_runs_are_found_at_any_depth_once_and_hidden_folders_are_not_looked_into(make_run, tmp_path):
    for name in ("a/b/c", "a/b/c/snapshots/inside", ".hidden/run", "alone", "späte läufe/x y"):
        make_run(name, None, networks={})
    (tmp_path / "round").symlink_to(tmp_path)
    there = found.runs([tmp_path])
    assert sorted(run.name for run in there.values()) == ["a/b/c", "alone", "späte läufe/x y"]
    assert all(re.fullmatch(r"[\w./-]+", id, re.ASCII) for id in there)
    itself = found.runs([tmp_path / "alone"])
    assert [run.name for run in itself.values()] == ["alone"]
    assert len(found.runs([tmp_path / "alone", tmp_path / "a"])) == 2
