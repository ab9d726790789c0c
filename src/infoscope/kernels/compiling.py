"""Loops compiled when they are first called: whoever waits is told, and what was compiled is kept for other processes.

numba keeps what it compiled under the file and the line it came from. A change in a file that a loop calls into is then
not seen, a new release compiles everything anew, and two processes that write at the same time may mix two signatures
up. Here the key is the code itself: of the loop, of every function it calls however far, and of the constants they
read. What was compiled is one file a signature, never written to again, in the user's cache folder; ``NUMBA_CACHE_DIR``
names another.
"""

from __future__ import annotations

import atexit
import dis
import hashlib
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import llvmlite
import numba
import numpy as np
from llvmlite import ir
from numba.core import config as _config
from numba.core import event
from numba.core.caching import _Cache  # pyright: ignore[reportPrivateUsage]
from numba.core.compiler import CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.serialize import dumps
from numba.core.types import Type
from numba.extending import _Intrinsic  # type: ignore[attr-defined]
from numba.misc.appdirs import AppDirs

from infoscope.core.progress import remark

config: Any = _config
PAUSE = 0.5  # seconds without compiling after which it counts as over
WORTH_TELLING = 1.0  # seconds, of what a room compiles after it was announced before
_PACKAGE = __name__.partition(".")[0]
_OLD = 30 * 86400.0  # seconds after which what other code was compiled to is cleared away


def njit(*function: Callable[..., Any], cache: bool = False, **options: Any) -> Any:
    """``numba.njit``, which keeps with ``cache`` what it compiled by the rules of this module."""

    def compiled(python: Callable[..., Any]) -> Any:
        made = numba.njit(**options)(python)
        if cache and isinstance(made, Dispatcher):  # it is the function itself under NUMBA_DISABLE_JIT
            vars(made)["_cache"] = _Kept(made)
        return made

    return compiled(*function) if function else compiled


def folder() -> Path:
    """Where compiled loops are kept."""
    if config.CACHE_DIR:
        return Path(config.CACHE_DIR) / _PACKAGE
    return Path(AppDirs(_PACKAGE, appauthor=False).user_cache_dir) / "compiled"


class _Kept(_Cache):
    """What one loop was compiled to, one file for each signature, processor and version of numba."""

    def __init__(self, dispatcher: Any) -> None:
        self._dispatcher, self._code, self._enabled = dispatcher, "", True

    @property
    def cache_path(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        return str(folder() / _room(self._dispatcher))

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        target_context.refresh()
        path = self._path(sig, target_context.codegen())
        if not self._enabled or not path.exists():
            return None
        try:
            signature, compiled = pickle.loads(path.read_bytes())
            if signature == sig:
                return CompileResult._rebuild(target_context, *compiled)
        except Exception:  # damaged, or of classes that are no more: compiled anew and put in its place
            return None
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        if not self._enabled or data.library.has_dynamic_globals or not all(each.can_cache for each in data.lifted):
            return
        path = self._path(sig, data.codegen)
        temporary = path.with_name(f".{path.name}.{os.getpid():x}-{threading.get_ident():x}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(dumps((sig, data._reduce())))
            os.replace(temporary, path)
            self._clear(path)
        except OSError:  # nothing can be written there: the next process compiles for itself
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _path(self, sig: Any, codegen: Any) -> Path:
        self._code = self._code or digest(self._dispatcher)
        by = (numba.__version__, llvmlite.__version__, sys.version_info[:3], sys.implementation.cache_tag)
        how = (config.OPT, config.BOUNDSCHECK, config.LOOP_VECTORIZE, config.SLP_VECTORIZE)
        key = hashlib.sha256(repr((str(sig), codegen.magic_tuple(), by, how)).encode()).hexdigest()
        name = f"{self._module()}.{self._dispatcher.py_func.__name__}-{self._code[:16]}-{key[:16]}.compiled"
        return Path(self.cache_path) / name

    def _module(self) -> str:
        return self._dispatcher.py_func.__module__.rpartition(".")[2]

    def _clear(self, path: Path) -> None:
        """Delete what other code under the same name was compiled to long ago."""
        with suppress(OSError):
            for other in path.parent.glob(f"{self._module()}.{self._dispatcher.py_func.__name__}-*.compiled"):
                if self._code[:16] not in other.name and time.time() - other.stat().st_mtime > _OLD:
                    other.unlink()

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def flush(self) -> None:
        with suppress(OSError):
            for own in Path(self.cache_path).glob(f"{self._module()}.{self._dispatcher.py_func.__name__}-*.compiled"):
                own.unlink()


def digest(dispatcher: Any) -> str:
    """Of all that a loop is compiled from; comments, docstrings' places and what else its file holds do not count."""
    reader = _Sources()
    reader.read(dispatcher)
    return reader.hash.hexdigest()


class _Sources:
    """Feeds values to a hash, functions with all that they read, each once."""

    def __init__(self) -> None:
        self.hash, self._seen, self._file = hashlib.sha256(), dict[int, int](), __file__

    def _add(self, *words: object) -> None:
        self.hash.update("\0".join(map(str, words)).encode() + b"\1")

    def read(self, value: Any) -> None:
        if isinstance(value, np.ndarray | np.generic):
            self._add("array", value.dtype, value.shape)
            self.hash.update(value.tobytes())
        elif value is None or isinstance(value, bool | int | float | complex | str | bytes):
            self._add(type(value).__name__, repr(value))
        elif isinstance(value, tuple | list):
            self._all(type(value).__name__, value)
        elif isinstance(value, set | frozenset):
            self._all("set", sorted(value, key=repr))
        elif isinstance(value, dict):
            self._all("dict", sorted(value.items(), key=repr))
        elif id(value) in self._seen:
            self._add("seen", self._seen[id(value)])
        else:
            self._seen[id(value)] = len(self._seen)
            self._object(value)

    def _all(self, kind: str, values: Iterable[Any]) -> None:
        each = list(values)
        self._add(kind, len(each))
        for one in each:
            self.read(one)

    def _object(self, value: Any) -> None:
        if isinstance(value, Dispatcher):
            self.read({name: option for name, option in value.targetoptions.items() if name != "cache"})
            self.read(value.py_func)
        elif isinstance(value, _Intrinsic):
            self.read(value._defn)
        elif isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._add("class", value.__module__, value.__qualname__, getattr(value, "_fields", ""))
        elif isinstance(value, ModuleType):
            self._add("module", value.__name__)
        elif isinstance(value, BuiltinFunctionType):
            self._add("built in", value.__module__, value.__qualname__)
        elif isinstance(value, Type | ir.Type | np.dtype | np.ufunc):
            self._add("named", value)
        else:  # not known what would change it: then any change of the file does
            self._add(type(value).__qualname__)
            self.hash.update(Path(self._file).read_bytes())

    def _code(self, code: CodeType, docstring: str | None) -> None:
        self._add("code", code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_argcount)
        self.hash.update(code.co_code)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._code(constant, None)
            elif constant != docstring or docstring is None:
                self.read(constant)

    def _function(self, function: FunctionType) -> None:
        if not function.__module__.startswith(_PACKAGE):  # a library's: numba's version is in the key
            self._add("function", function.__module__, function.__qualname__)
            return
        self._code(function.__code__, function.__doc__)
        self.read(function.__defaults__)
        for cell in function.__closure__ or ():
            self.read(cell.cell_contents)
        used, attributes = set[str](), set[str]()
        for read in _instructions(function.__code__):
            (used if read.opname == "LOAD_GLOBAL" else attributes).add(str(read.argval))
        for name in sorted(used & function.__globals__.keys()):
            self._file, value = function.__code__.co_filename, function.__globals__[name]
            self._add("global", name)
            self.read(value)
            if isinstance(value, ModuleType) and value.__name__.startswith(_PACKAGE):
                for attribute in sorted(attributes & vars(value).keys()):
                    self._add("attribute", attribute)
                    self.read(vars(value)[attribute])


def _instructions(code: CodeType) -> Iterable[dis.Instruction]:
    """Those that read a global or an attribute, of what is defined inside too."""
    yield from (one for one in dis.get_instructions(code) if one.opname in ("LOAD_GLOBAL", "LOAD_ATTR", "LOAD_METHOD"))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)


def _room(dispatcher: Any) -> str:
    """The folder a loop lies in, as a person reads it: ``measure.neighbours``, ``train``, ``kernels``."""
    parts = dispatcher.py_func.__module__.split(".")[1:]
    return ".".join(parts[: 2 if parts[0] == "measure" else 1])


class _CompilingListener(event.Listener):
    """One line when a room of the package begins to compile, one when all is compiled; numba's lock is held in both."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._begin()

    def _begin(self) -> None:
        self._depth, self._seconds, self._since = 0, 0.0, 0.0
        self._rooms: list[str] = []
        self._fresh = False
        self._timer: threading.Timer | None = None

    def on_start(self, event: Any) -> None:
        self._depth += 1
        dispatcher = event.data["dispatcher"]
        if self._depth > 1 or not dispatcher.py_func.__module__.startswith(f"{_PACKAGE}."):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._since, room = time.perf_counter(), _room(dispatcher)
        if room not in self._rooms:
            self._rooms.append(room)
        if room not in self._told:
            self._told.add(room)
            self._fresh = True
            remark(f"infoscope: compiling the loops of {room}, once for this machine …")

    def on_end(self, event: Any) -> None:
        self._depth -= 1
        if self._depth or not self._since:
            return
        self._seconds += time.perf_counter() - self._since
        self._since = 0.0
        self._timer = threading.Timer(PAUSE, self.over)
        self._timer.daemon = True
        self._timer.start()

    def over(self) -> None:
        """Say what was compiled and how long it took."""
        rooms, seconds, fresh = self._rooms, self._seconds, self._fresh
        if self._since or not rooms:
            return
        self._begin()
        if fresh or seconds > WORTH_TELLING:
            remark(f"infoscope: compiled the loops of {', '.join(rooms)} in {seconds:.1f} s, kept in {folder()}")


_telling = _CompilingListener()
event.register("numba:compile", _telling)
atexit.register(_telling.over)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_telling._begin)  # no timer runs there, and the parent says it
