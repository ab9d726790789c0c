"""Data files: looked for in the user's folder, then in the cache, else downloaded; checked before they are read."""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.client
import io
import os
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import platformdirs

from infoscope.core.errors import DataDamagedError, DataMissingError, RunFolderError
from infoscope.core.files import atomic
from infoscope.core.progress import progress
from infoscope.core.refusals import os_error, refusal

VARIABLE = "INFOSCOPE_DATA"
TIMEOUT_SECONDS = 10.0  # for connecting and for each read, so a network that swallows packets is soon given up
LARGEST = 1 << 28  # bytes of a file, as it comes and unpacked; the largest published one has 170 million
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
    DataDamagedError: not gzip, cut short, larger than any, or other content than was published.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            content = file.read(LARGEST + 1)  # a bomb is not unpacked first and hashed then
    except (gzip.BadGzipFile, EOFError, zlib.error) as reason:
        raise DataDamagedError(
            f"{name} is damaged or cut short ({reason}): delete it and run the same command again, "
            "or put the published file in its place"
        ) from reason
    if len(content) > LARGEST:
        raise _too_large(name, "unpacks to")
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataDamagedError(
            f"{name} holds other content than was published (SHA-256 {found[:12]}…, wanted {sha256[:12]}…): "
            "delete it and run the same command again, or put the published file in its place"
        )
    return content


def _too_large(name: str, verb: str) -> DataDamagedError:
    return DataDamagedError(
        f"{name} {verb} more than {LARGEST >> 20} MiB, which no published file has: delete it and run the same command "
        "again, or put the published file in its place"
    )


def _size(path: Path) -> int | None:
    """The bytes of the file ``path``; None where there is none."""
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError as reason:
        raise DataMissingError(refusal(reason, path, writing=False)) from reason


def _found(path: Path) -> bytes | None:
    """What the file ``path`` holds; None where there is none."""
    size = _size(path)
    if size is None:
        return None
    if size > LARGEST:
        raise _too_large(str(path), "holds")
    try:
        return path.read_bytes()
    except OSError as reason:
        raise DataMissingError(refusal(reason, path, writing=False)) from reason


def fetch(task: str, name: str, sha256: str, mirrors: Sequence[str], *, elsewhere: Sequence[Path] = ()) -> bytes:
    """The decompressed content of the file ``name`` of ``task``.

    elsewhere: folders of other programs that may hold the very file, looked into before it is downloaded.

    Raises
    ------
    DataMissingError: neither on disk nor downloadable; names the folder to fill. DataDamagedError: on disk but damaged.
    """
    for folder in (*folders(task), *elsewhere):
        there = _found(folder / name)
        if there is not None:
            return decompressed(there, sha256, str(folder / name))
    raw, content = _download(task, name, mirrors, lambda raw, address: decompressed(raw, sha256, address))
    _keep(task, folders(task)[-1] / name, raw)
    return content


def unpacked(task: str, archive: str, md5: str, mirrors: Sequence[str], sizes: Mapping[str, int]) -> list[Path]:
    """Where the files named in ``sizes`` (bytes of each) are, which ``archive`` holds in a folder called ``task``.

    Looked for unpacked, then in the archive beside that folder, then in a downloaded one; only these files are unpacked
    into the cache, and the archive is not kept.

    Raises
    ------
    DataMissingError: neither on disk nor downloadable. DataDamagedError: some of the files are there and others are
    missing or of another size, or the archive has another MD5 than the published one.
    """
    places = folders(task)
    for folder in places:
        there = {name: size for name in sizes if (size := _size(folder / name)) is not None}
        if there == dict(sizes):
            return [folder / name for name in sizes]
        unfinished = folder == places[-1] and there.items() <= sizes.items()  # unpacking into the cache was cut off
        if there and not unfinished:
            wrong = [
                f"{name} holds {there[name]} bytes" if name in there else f"{name} is not there"
                for name, size in sizes.items()
                if there.get(name) != size
            ]
            wanted = sorted(set(sizes.values()))
            raise DataDamagedError(
                f"{folder} is incomplete ({', '.join(wrong)}; wanted {' and '.join(map(str, wanted))} bytes): "
                f"unpack {archive} there, or delete that folder and run the same command again"
            )

    def published(raw: bytes, where: str) -> bytes:
        found = hashlib.md5(raw, usedforsecurity=False).hexdigest()
        if found != md5:
            raise DataDamagedError(
                f"{where} holds other content than was published (MD5 {found[:12]}…, wanted {md5[:12]}…): "
                "delete it and run the same command again, or put the published file in its place"
            )
        return raw

    for path in (folder.parent / archive for folder in places):
        there = _found(path)
        if there is not None:
            raw = published(there, str(path))
            break
    else:
        raw, _ = _download(task, archive, mirrors, published, "unpack")
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:gz") as files:
        for name, size in sizes.items():
            content = files.extractfile(f"{task}/{name}")
            _keep(task, places[-1] / name, content.read(size) if content else b"")
    return [places[-1] / name for name in sizes]


def _keep(task: str, path: Path, raw: bytes) -> None:
    try:
        with atomic(path) as temporary:
            temporary.write_bytes(raw)
    except RunFolderError as reason:
        refused = os_error(reason.__cause__ or reason)
        if refused is None or refused.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DataMissingError(
            f"{path.name} was downloaded but cannot be kept in {path.parent} ({refused.strerror}): make that folder "
            f"writable, or put the file into FOLDER/{task} with {VARIABLE}=FOLDER set"
        ) from reason


def _download(
    task: str, name: str, mirrors: Sequence[str], checked: Callable[[bytes, str], bytes], fill: str = "put"
) -> tuple[bytes, bytes]:
    """The file as it came from the first mirror where it passes ``checked(raw, address)``, and what that made of it."""
    refusals: list[str] = []
    for mirror in mirrors:
        address = mirror + name
        try:
            raw = _read(address, f"downloading {task}/{name}")
            return raw, checked(raw, address)
        except (OSError, http.client.HTTPException, DataDamagedError) as reason:
            refusals.append(_cause(reason))
    hosts = dict.fromkeys(urllib.parse.urlsplit(mirror).hostname or mirror for mirror in mirrors)
    remedy = f"{fill} it into {folders(task)[0]}"
    if VARIABLE not in os.environ:
        remedy += f", or into FOLDER/{task} with {VARIABLE}=FOLDER set"
    raise DataMissingError(
        f"the file {name} of task {task!r} is not on disk and could not be downloaded from {' or '.join(hosts)} "
        f"({'; '.join(dict.fromkeys(refusals))}): connect to the network, or {remedy}"
    )


def _cause(reason: Exception) -> str:
    """What was wrong, without what urllib puts around it."""
    text = str(reason.reason if type(reason) is urllib.error.URLError else reason)
    return text or type(reason).__name__


def _read(address: str, label: str) -> bytes:
    with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:
        said = answer.headers.get("Content-Length") or ""
        total = int(said) if said.isdecimal() else 0
        parts, size = [], 0
        with progress(label, total or 1) as shown:
            while part := answer.read(_CHUNK):
                parts.append(part)
                size += len(part)
                if max(size, total) > LARGEST:
                    raise _too_large(address, "holds")
                if total:
                    shown.advance(len(part))
    return b"".join(parts)
