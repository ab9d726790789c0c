"""Where a number came from, and a name for a recipe."""

import json
import re
import subprocess

from infoscope.core import provenance as module
from infoscope.core.provenance import command, fingerprint, provenance


def test_provenance_is_plain_json_with_versions_and_machine():
    content = json.loads(json.dumps(provenance()))
    assert set(content) == {"command", "started", "commit", "dirty", "versions", "machine"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", content["started"])
    assert {"python", "infoscope", "torch", "numpy"} <= set(content["versions"])
    assert all(content["versions"][name] for name in ("python", "torch", "numpy"))
    assert content["machine"]["system"]


def test_the_command_can_be_typed_again(monkeypatch):
    monkeypatch.setattr(module.sys, "argv", ["/somewhere/bin/infoscope", "run", "saxe2018", "--out", "my runs/a"])
    assert command() == "infoscope run saxe2018 --out 'my runs/a'"


def test_commit_and_dirty_come_from_git(monkeypatch):
    answers = {"ls-files": "provenance.py", "rev-parse": "abc", "status": " M file"}
    monkeypatch.setattr(module, "_git", lambda verb, *_: answers[verb])
    assert (provenance()["commit"], provenance()["dirty"]) == ("abc", True)
    answers["status"] = ""
    assert provenance()["dirty"] is False


def test_somebody_elses_repository_around_an_installed_package_is_not_ours(monkeypatch):
    answers = {"ls-files": None, "rev-parse": "theirs", "status": ""}
    monkeypatch.setattr(module, "_git", lambda verb, *_: answers[verb])
    assert (provenance()["commit"], provenance()["dirty"]) == (None, None)


def test_without_git_the_version_has_to_do(monkeypatch):
    def absent(*_, **__):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", absent)
    assert provenance()["commit"] is None


def test_an_absent_package_has_no_version():
    assert module._version("no-such-package-anywhere") is None


def test_fingerprint_names_content_and_not_order():
    assert fingerprint({"a": 1, "b": (2, 3)}) == fingerprint({"b": [2, 3], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    assert re.fullmatch("[0-9a-f]{12}", fingerprint(None))
