"""What a command line loses before it is stored, and a sentence before it is shared."""

from __future__ import annotations

from pathlib import Path

import pytest

from infoscope.core import privacy
from infoscope.core.provenance import provenance


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--hf-token S3CRET --epochs 3", "--hf-token HIDDEN --epochs 3"),
        ("--hf-token=S3CRET --epochs=3", "--hf-token=HIDDEN --epochs=3"),
        ("--hfToken S3CRET", "--hfToken HIDDEN"),
        ("--HF_TOKEN S3CRET", "--HF_TOKEN HIDDEN"),
        ("-token S3CRET", "-token HIDDEN"),
        ("--api-key -S3CRET", "--api-key HIDDEN"),
        ("--password --epochs 3", "--password --epochs 3"),
        ("--use-auth --epochs 3", "--use-auth --epochs 3"),
        ("++trainer.hub.token=S3CRET", "++trainer.hub.token=HIDDEN"),
        ("wandb.key=S3CRET data.key_size=3", "wandb.key=HIDDEN data.key_size=HIDDEN"),
        ("--passwd S3CRET --credential=S3CRET --secret S3CRET", "--passwd HIDDEN --credential=HIDDEN --secret HIDDEN"),
        ("--url https://alice:S3CRET@host/path?x=1", "--url 'https://HIDDEN@host/path?x=1'"),
        ("--url=postgres://alice:S3CRET@host/db", "--url=postgres://HIDDEN@host/db"),
        ("--any hf_S3CRETabcdefghijk ghp_S3CRETabcdefghij", "--any HIDDEN HIDDEN"),
        ("--max-tokens 5 --monkey 3 --tokenizer bpe", "--max-tokens 5 --monkey 3 --tokenizer bpe"),
        ("--keyboard us --passes 3 --authors a", "--keyboard us --passes 3 --authors a"),
        ("--data /home/alice/patients.csv --to=/Users/bob/x C:/Users/eve/y", "--data ~/patients.csv --to=~/x ~/y"),
        ("--data /homework/alice/x /srv/home/bob", "--data /homework/alice/x /srv/home/bob"),
    ],
)  # fmt: skip
def test_a_command_without_its_secrets(words, said):
    assert privacy.command(["train.py", *words.split()]) == f"train.py {said}"
    assert privacy.stored_command(f"train.py {words}") == f"train.py {said}"
    assert privacy.stored_command(said) == said


def test_headers_and_words_with_spaces():
    assert privacy.command(["a", "--header", "Authorization: Bearer abc"]) == "a --header 'Authorization: HIDDEN'"
    assert privacy.command(["a", "two words", "it's"]) == "a 'two words' 'it'\"'\"'s'"
    assert privacy.stored_command("a --token 'cut off") == "a --token HIDDEN off"


def test_the_home_of_this_user_is_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "me")
    assert privacy.command(["a", f"{tmp_path}/me/x.csv", f"{tmp_path}/men/x.csv"]) == f"a ~/x.csv {tmp_path}/men/x.csv"
    assert privacy.shareable(f"in {tmp_path}/me/.cache/infoscope") == "in ~/.cache/infoscope"


def test_a_home_that_is_nowhere_or_the_root_hides_nothing(monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert privacy.home_as_tilde("/a/b") == "/a/b"

    def none() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", none)
    assert privacy.home_as_tilde("/home/alice/b") == "~/b"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("put it into /scratch/alice/mnist, or elsewhere", "put it into …/mnist, or elsewhere"),
        ("'/mnt/a b/c'", "'…/a b/c'"),
        ("saxe2018/tanh, 3/4, and/or, 1 / 2, /tmp", "saxe2018/tanh, 3/4, and/or, 1 / 2, /tmp"),
        ("from https://host.org/data/x.gz (no route)", "from https://host.org/data/x.gz (no route)"),
        (r"in D:\data\alice\x.csv", "in …/x.csv"),
    ],
)
def test_a_sentence_that_is_shared_names_no_place(text, said):
    assert privacy.shareable(text) == said
    assert privacy.shareable(said) == said


def test_what_is_stored_of_a_run_holds_no_secret(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/opt/bin/train.py", "--hf-token", "hf_SECRET123", "--data", "/home/alice/p.csv"])
    assert provenance()["command"] == "train.py --hf-token HIDDEN --data ~/p.csv"
