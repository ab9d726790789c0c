"""What a record that people share does not say: secrets of commands, whose home a path is in, where caches are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

HIDDEN = "HIDDEN"  # stands in place of a secret
_SECRETS = frozenset(
    [
        "token",
        "key",
        "apikey",
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "secrets",
        "credential",
        "credentials",
        "auth",
        "authorization",
        "bearer",
        "cookie",
        "pat",
    ]
)
_ENDS = ("token", "password", "passwd", "secret", "apikey", "accesskey", "credentials")
_PART = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])|[^\W_]+")
_NAMED = re.compile(r"([^\s=:]+)(=|:\s+|:(?!//)(?=\S))(.+)", re.DOTALL)  # --x=VALUE, x=VALUE, "Authorization: VALUE"
_LOGIN = re.compile(r"(\w[\w+.-]*://)[^\s/@]+@")
#: What services hand out, wherever it stands.
_ISSUED = re.compile(r"\b(?:hf_|gh[opsru]_|github_pat_|glpat-|xox[abeprs]-|sk-|AKIA|eyJ)[\w.-]{16,}")
_HOMES = re.compile(
    r"(?<![\w.~-])(?:/home|/Users|[A-Za-z]:[\\/]Users)[\\/][^\\/\s'\"=,:;()]+|(?<![\w.~/-])/root(?=/|$)"
)
_ABSOLUTE = re.compile(r"(?<![\w.~:/\\…-])(?:[A-Za-z]:)?(?:[\\/][^\\/\s'\",;:()]+)+[\\/](?=[^\\/\s'\",;:()]+)")
_PLAIN = re.compile(r"[\w@%+=:,./~-]+", re.ASCII)


def command(words: list[str]) -> str:
    """A command line as a person would type it again, without its secrets and with ``~`` for a home.

    Hidden is what follows a name that looks like that of a secret (``--hf-token X``, ``--hf-token=X``, ``api.key=X``),
    a login in an address, and what services hand out as tokens.

    >>> command(["train.py", "--hf-token", "abc", "db.password=x", "https://me:pw@host/a", "--max-tokens", "5"])
    'train.py --hf-token HIDDEN db.password=HIDDEN https://HIDDEN@host/a --max-tokens 5'
    """
    said: list[str] = []
    secret = False
    for word in words:
        if secret and not word.startswith("--"):
            said.append(HIDDEN)
            secret = False
            continue
        secret = word.startswith("-") and "=" not in word and _is_secret(word)
        said.append(home_as_tilde(_without_secret(word)))
    return " ".join(word if _PLAIN.fullmatch(word) else shlex.quote(word) for word in said)


def stored_command(text: str) -> str:
    """A command as an older infoscope stored it, which hid nothing, as :func:`command` would have."""
    try:
        words = shlex.split(text)
    except ValueError:  # cut off inside quotes
        words = text.split()
    return command(words)


def shareable(text: str) -> str:
    """A sentence without the places of this machine: ``~`` for a home, ``…/name`` for any other path from the root.

    >>> shareable("put it into /home/alice/.cache/infoscope/mnist, or /scratch/alice/mnist")
    'put it into ~/.cache/infoscope/mnist, or …/mnist'
    """
    return _ABSOLUTE.sub("…/", home_as_tilde(text))


def home_as_tilde(text: str) -> str:
    """``text`` with ``~`` for this user's home, and for what looks like anybody's."""
    try:
        home = str(Path.home())
    except RuntimeError:  # nobody's process: no home to be named
        home = ""
    if len(home) > 1:
        text = re.sub(rf"(?<![\w.~-]){re.escape(home)}(?![\w.-])", "~", text)
    return _HOMES.sub("~", text)


def _is_secret(name: str) -> bool:
    parts = [part.lower() for part in _PART.findall(name)]
    return any(part in _SECRETS or part.endswith(_ENDS) for part in parts)


def _without_secret(word: str) -> str:
    word = _ISSUED.sub(HIDDEN, _LOGIN.sub(rf"\g<1>{HIDDEN}@", word))
    named = _NAMED.fullmatch(word)
    if not named:
        return word
    name, sign, value = named.groups()
    return f"{name}{sign}{HIDDEN if _is_secret(name) else _without_secret(value)}"
