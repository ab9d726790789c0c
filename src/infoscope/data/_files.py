"""Data files: looked for in the user's folder, then in the cache, else downloaded; checked before they are read."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import urllib.request
import zlib
from collections.abc import Sequence
from pathlib import Path

import platformdirs

from infoscope.core.errors import DataDamagedError, DataMissingError
from infoscope.core.folder import atomic
from infoscope.core.progress import progress

VARIABLE = "INFOSCOPE_DATA"
TIMEOUT_SECONDS = 10.0  # for connecting and for each read, so a network that swallows packets is soon given up
_CHUNK = 1 << 18


def folders(task: str) -> list[Path]:
    """Where the files of ``task`` are looked for, in this order; a download goes into the last one."""
    named = os.environ.get(VARIABLE)
    cache = platformdirs.user_cache_path("infoscope") / task
    return [Path(named).expanduser() / task, cache] if named else [cache]


def decompressed(raw: bytes, sha256: str, name: str) -> bytes:
    """The content of the gzip file ``raw``, when its SHA-256 is ``sha256``.

    The content is hashed and not the file, because a gzip header holds a time stamp that differs between mirrors.

    Raises
    ------
    DataDamagedError: not gzip, cut short, or other content than was published.
    """
    try:
        content = gzip.decompress(raw)
    except (gzip.BadGzipFile, EOFError, zlib.error) as reason:
        raise DataDamagedError(
            f"{name} is damaged or cut short ({reason}): delete it and run the same command again, "
            "or put the published file in its place"
        ) from reason
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataDamagedError(
            f"{name} holds other content than was published (SHA-256 {found[:12]}…, wanted {sha256[:12]}…): "
            "delete it and run the same command again, or put the published file in its place"
        )
    return content


def fetch(task: str, name: str, sha256: str, mirrors: Sequence[str]) -> bytes:
    """The decompressed content of the file ``name`` of ``task``.

    Raises
    ------
    DataMissingError: neither on disk nor downloadable; names the folder to fill. DataDamagedError: on disk but damaged.
    """
    places = folders(task)
    for folder in places:
        if (folder / name).is_file():
            return decompressed((folder / name).read_bytes(), sha256, str(folder / name))
    raw, content = _download(task, name, sha256, mirrors, places[0])
    try:
        with atomic(places[-1] / name) as temporary:
            temporary.write_bytes(raw)
    except OSError as reason:
        raise DataMissingError(
            f"{name} was downloaded but cannot be kept in {places[-1]} ({reason.strerror}): make that folder writable, "
            f"or put the file into FOLDER/{task} with {VARIABLE}=FOLDER set"
        ) from reason
    return content


def _download(task: str, name: str, sha256: str, mirrors: Sequence[str], fill: Path) -> tuple[bytes, bytes]:
    refusals = []
    for mirror in mirrors:
        address = mirror + name
        try:
            raw = _read(address, f"downloading {task}/{name}")
            return raw, decompressed(raw, sha256, address)
        except (OSError, http.client.HTTPException, DataDamagedError) as reason:
            text = str(reason) or type(reason).__name__
            refusals.append(text if address in text else f"{address}: {text}")
    remedy = (
        f"put it into {fill}"
        if VARIABLE in os.environ
        else f"put it into {fill}, or into FOLDER/{task} with {VARIABLE}=FOLDER set"
    )
    raise DataMissingError(
        f"the file {name} of task {task!r} is not on disk and could not be downloaded ({'; '.join(refusals)}): "
        f"connect to the network, or {remedy}"
    )


def _read(address: str, label: str) -> bytes:
    with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:
        total = int(answer.headers.get("Content-Length") or 0)
        parts = []
        with progress(label, total or 1) as shown:
            while part := answer.read(_CHUNK):
                parts.append(part)
                if total:
                    shown.advance(len(part))
    return b"".join(parts)
