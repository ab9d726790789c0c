"""Revisions of a repository on the Hugging Face hub, as Pythia, OLMo and others publish their training."""

from __future__ import annotations

import fnmatch
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infoscope.core.errors import DataMissingError, InfoscopeError, InputError
from infoscope.data._files import folders
from infoscope.record.packages import optional
from infoscope.record.step_names import numbered
from infoscope.record.trajectories._claims import Claims, claims
from infoscope.record.trajectories._format import Format, Moment, Selection
from infoscope.record.trajectories.adapter import AdapterFolder
from infoscope.record.trajectories.huggingface import HuggingFaceFolder

if TYPE_CHECKING:
    import torch

_KEPT = 2  # revisions of our own downloads on disk
_WANTED = ("model*.safetensors", "pytorch_model*.bin", "adapter_model.safetensors", "adapter_model.bin")


class HubRevision(Format):
    """A revision of a repository: ``"hub:EleutherAI/pythia-70m"`` is every revision whose name holds a step.

    ``"hub:owner/name@stage1-*"`` takes those that a pattern matches, ``"hub:owner/name@step1000"`` one. Looked for in
    the cache of huggingface_hub first, which is left as it is; what has to be downloaded goes into a folder of our own,
    where two revisions lie at most, the one that is read and the next, or two for each of several workers.

    >>> from infoscope.record.foreign import checkpoints
    >>> [one.step for one in checkpoints(["hub:EleutherAI/pythia-70m@step1000", "hub:EleutherAI/pythia-70m@step512"])]
    [512, 1000]
    """

    scheme = "hub"

    def recognises(self, path: Path) -> bool:
        """Never: nothing on this disk is one."""
        del path
        return False

    def listed(self, spec: str) -> list[str]:
        """The revisions that ``owner/name`` or ``owner/name@pattern`` names.

        Raises
        ------
        DataMissingError: neither the hub nor a cache knows the repository. InputError: no revision has a step.
        """
        repository, _, pattern = spec.partition("@")
        _commits.cache_clear()
        if not repository or "*" in repository:
            raise InputError(f"'hub:{spec}' names no repository, wanted 'hub:owner/name' or 'hub:owner/name@revisions'")
        if pattern and not any(each in pattern for each in "*?["):
            return [f"hub:{spec}"]
        names = _revisions(repository)
        found = [name for name in names if fnmatch.fnmatchcase(name, pattern or "*") and _has_step(name)]
        if not found:
            some = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
            raise InputError(
                f"'hub:{spec}' names no revision with a step ({some or 'none is known'}), wanted e.g. step1000: pass "
                "'hub:owner/name@pattern', or a mapping, {step: 'hub:owner/name@revision'}"
            )
        return [f"hub:{repository}@{name}" for name in found]

    def located(self, path: Path) -> Path:
        """The folder of the revision, out of a cache or downloaded."""
        repository, revision = _parts(path)
        hub = optional("huggingface_hub", f"{path}")
        _claims().take(_key(repository, revision))
        return _cached_at(hub, repository, revision, path) or _downloaded(hub, repository, revision, path)

    def paths(self, path: Path) -> list[Path]:
        """The files of the revision, brought here first."""
        there = self.located(path)
        return _form(there, path).paths(there)

    def read(self, path: Path, selection: Selection) -> dict[str, torch.Tensor]:
        """The weights of the revision."""
        there = self.located(path)
        return _form(there, path).read(there, selection)

    def identity(self, path: Path) -> str:
        """The commit that would be read: of the revision in a cache, else of the one that the hub has now."""
        repository, revision = _parts(path)
        hub = optional("huggingface_hub", f"{path}")
        there = _cached_at(hub, repository, revision, path)
        if there is not None:
            return there.name
        found = _commits(repository)
        return "" if isinstance(found, Exception) else found.get(revision, "")

    def fetch(self, path: Path) -> None:
        """Bring the revision here while something else is done; what is wrong is told by who reads it."""

        def fetched() -> None:
            with suppress(Exception):
                self.located(path)

        threading.Thread(target=fetched, name=f"fetches {path}", daemon=True).start()

    def moment(self, path: Path) -> Moment:
        """What its name says."""
        said = numbered(_parts(path)[1])
        return Moment(said.step, said.epoch)

    def base(self, path: Path) -> str | None:
        """Of a whole model nothing; adapters on the hub are passed as folders."""
        del path
        return None


def _parts(path: Path) -> tuple[str, str]:
    repository, _, revision = str(path).partition(":")[2].partition("@")
    return repository, revision or "main"


def _has_step(name: str) -> bool:
    said = numbered(name)
    return said.step is not None or bool(said.either)


def _own() -> Path:
    return folders("hub")[-1]


def _claims() -> Claims:
    """What this process reads of our own downloads, or is to read next."""
    return claims(_own() / ".locks", _KEPT)


def _key(repository: str, revision: str) -> str:
    return f"{repository}@{revision}"


def _form(there: Path, path: Path) -> Format:
    for each in (HuggingFaceFolder(), AdapterFolder()):
        if each.recognises(there):
            return each
    raise InputError(f"{path} holds no weights of transformers, wanted model.safetensors or pytorch_model.bin")


def _revisions(repository: str) -> list[str]:
    """The names of the revisions, as the hub lists them, or as the caches know them where it cannot be asked."""
    found = _commits(repository)
    if not isinstance(found, Exception):
        return sorted(found)
    hub = optional("huggingface_hub", f"hub:{repository}")
    names = sorted({ref for each in _cached(hub, repository) for ref in each.refs})
    if not names:
        raise DataMissingError(
            f"hub:{repository} is in no cache and cannot be asked ({_first_line(found)}): look at the name and at "
            "the network, or download it where there is one"
        ) from found
    return names


@lru_cache(maxsize=8)
def _commits(repository: str) -> dict[str, str] | Exception:
    """The commit of each revision that has a name, as the hub said when checkpoints were last listed, or why it said
    nothing."""
    hub = optional("huggingface_hub", f"hub:{repository}")
    try:
        refs = hub.HfApi().list_repo_refs(repository)
    except Exception as reason:  # no network, offline by wish, no such repository …
        return reason
    return {each.name: each.target_commit for each in (*refs.branches, *refs.tags)}


def _cached(hub: Any, repository: str) -> Iterator[Any]:
    """Every revision of a repository in the caches."""
    for cache in (None, _own()):
        yield from (each for name, each in _in(hub, cache) if name == repository)


def _downloads(hub: Any) -> Iterator[tuple[str, Any]]:
    """Every revision that we have downloaded, with its repository."""
    return _in(hub, _own())


def _in(hub: Any, cache: Path | None) -> Iterator[tuple[str, Any]]:
    with suppress(hub.CacheNotFound, ValueError):
        for each in hub.scan_cache_dir(cache).repos:
            yield from ((each.repo_id, revision) for revision in each.revisions)


def _cached_at(hub: Any, repository: str, revision: str, path: Path) -> Path | None:
    """The folder of a revision in the user's cache or in our own, whole; None where it is in neither."""
    for cache in (None, _own()):
        with suppress(OSError, ValueError, InfoscopeError):
            options = {"revision": revision, "cache_dir": cache, "local_files_only": True}
            there = Path(hub.snapshot_download(repository, **options))
            _form(there, path).paths(there)  # all of its shards
            return there
    return None


def _downloaded(hub: Any, repository: str, revision: str, path: Path) -> Path:
    """Bring a revision here, after older ones have made room; one process after the other does."""
    with _claims().one_at_a_time():
        there = _cached_at(hub, repository, revision, path)  # by another one, for which we have waited
        if there is None:
            _room(hub)
            there = _brought(hub, repository, revision, path)
        return there


def _brought(hub: Any, repository: str, revision: str, path: Path) -> Path:
    try:
        names = hub.HfApi().list_repo_files(repository, revision=revision)
        wanted = next((each for each in _WANTED if fnmatch.filter(names, each)), None)
        if wanted is None:
            raise InputError(f"{path} holds no weights ({', '.join(names[:5])}), wanted {' or '.join(_WANTED)}")
        patterns = [wanted, "*.json"]
        there = hub.snapshot_download(repository, revision=revision, cache_dir=_own(), allow_patterns=patterns)
        return Path(there)
    except InfoscopeError:
        raise
    except Exception as reason:  # no network, offline by wish, no such revision, not allowed …
        raise DataMissingError(
            f"{path} is in no cache and cannot be downloaded ({_first_line(reason)}): look at the name and at the "
            "network, or download it where there is one"
        ) from reason


def _room(hub: Any) -> None:
    """Delete the oldest of our own downloads that nobody works with, so that with the next one two are left."""
    there = sorted(_downloads(hub), key=lambda each: each[1].last_modified)
    more = len(there) - _KEPT + 1
    for repository, each in there:
        with _claims().nobody_has(_key(repository, name) for name in (*each.refs, each.commit_hash)) as free:
            if more > 0 and free:
                hub.scan_cache_dir(_own()).delete_revisions(each.commit_hash).execute()
                more -= 1
    for unused in _own().glob("models--*"):
        if not any((unused / "snapshots").glob("*")):
            shutil.rmtree(unused, ignore_errors=True)


def _first_line(reason: object) -> str:
    return next((line.strip() for line in str(reason).splitlines() if line.strip()), "") or type(reason).__name__
