"""The live page as a web application: the list of runs, what a report would say of some of them now, and changes."""

from __future__ import annotations

import json
import secrets
import socket
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import anyio
import anyio.to_thread
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from infoscope.core import text
from infoscope.core.errors import InputError
from infoscope.core.folder import RunFolder
from infoscope.core.progress import say
from infoscope.core.provenance import fingerprint
from infoscope.show.page.feed import LOOK_SECONDS, Feed
from infoscope.show.page.found import Found, why
from infoscope.show.page.guard import Guard, loopback
from infoscope.show.reading import Shown
from infoscope.show.report import writing

HOST, PORT, PORTS = "127.0.0.1", 8321, 20  # the first free one of so many
KEPT = 8  # answers that are not made anew while nothing changed
MOST_RUNS = 12  # side by side
QUIET_SECONDS = 15.0  # after which a stream says that it is still there
_HERE = Path(__file__).parent
_REPORT = Path(writing.__file__).parent

Comparing = Callable[[Path, Path], Any]


class Page:
    """What the page answers, out of the run folders below ``roots``.

    compare: says what two runs differ in, as JSON holds it; the page itself computes nothing.
    """

    def __init__(self, roots: Sequence[Path], compare: Comparing | None = None) -> None:
        self.feed = Feed(roots)
        self._compare = compare
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
        self._lock = Lock()

    def figures(self, ids: Sequence[str]) -> bytes:
        """What a report of these runs would say now, as JSON; runs that cannot be read are told under ``notices``."""
        return self._once("figures", ids, _figures)

    def differences(self, ids: Sequence[str]) -> bytes:
        """In what the second of two runs differs from the first, as JSON."""

        def compared(found: Sequence[Found]) -> Any:
            first, second = (run.path for run in found)
            try:
                return (
                    self._compare(first, second) if self._compare else {"notice": "this page was given no comparison"}
                )
            except Exception as reason:
                return {"notice": why(reason)}

        return self._once("compare", ids, compared)

    def _once(self, what: str, ids: Sequence[str], made: Callable[[Sequence[Found]], Any]) -> bytes:
        """The answer, made anew only when one of the runs changed; one at a time: trainings need the cores."""
        known = self.feed.runs()
        found = [known[id] for id in ids]
        with self._lock:
            key = (what, *ids, fingerprint(repr([run.stamp() for run in found])))
            if key not in self._kept:
                self._kept[key] = _json(made(found)).encode()
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    async def changes(self, mark: str) -> AsyncIterator[str]:
        """Server-sent events: what changed since ``mark``, and then whatever changes."""
        yield "retry: 1000\n\n"
        quiet = 0.0
        while True:
            await anyio.to_thread.run_sync(self.feed.look)
            changed = self.feed.since(mark)
            if changed is not None:
                mark, quiet = changed["mark"], 0.0
                yield f"id: {mark}\nevent: runs\ndata: {_json(changed)}\n\n"
            elif quiet >= QUIET_SECONDS:
                quiet = 0.0
                yield ": still here\n\n"
            await anyio.sleep(LOOK_SECONDS)
            quiet += LOOK_SECONDS


def _json(content: Any) -> str:
    return json.dumps(content, allow_nan=False, separators=(",", ":"), default=str)


def _figures(found: Sequence[Found]) -> dict[str, Any]:
    notices: list[dict[str, str]] = []

    def told(run: Found, reason: Exception) -> None:
        notices.append({"run": run.name, "said": why(reason)})

    folders: list[tuple[Found, Shown]] = []
    for run in found:
        try:
            folders.append((run, Shown(RunFolder.open(run.path))))
        except Exception as reason:
            told(run, reason)
    try:
        content = _content([folder for _, folder in folders])
    except Exception:  # of one of them: it is told, and the others are shown
        whole = []
        for run, folder in folders:
            try:
                _content([folder])
                whole.append(folder)
            except Exception as reason:
                told(run, reason)
        content = _content(whole)
    return {**content, "notices": notices}


def _content(folders: Sequence[RunFolder]) -> dict[str, Any]:
    if not folders:
        return {"title": "", "runs": [], "sections": [], "figures": [], "verdicts": []}
    content = writing.content(folders)
    for card in writing.cards(content["sections"]):
        if card["figure"] is not None:
            try:
                _json(content["figures"][card["figure"]])
            except ValueError as reason:  # a number that JSON does not have
                content["figures"][card["figure"]] = None
                card.update(figure=None, failed=why(reason))
    content["figures"] = text.drawable(content["figures"])
    return content


def application(roots: Sequence[Path], token: str = "", compare: Comparing | None = None) -> Guard:
    """The page of the runs below ``roots`` as an ASGI application; with a ``token`` whoever asks must know it.

    Raises
    ------
    InputError: one of ``roots`` is no folder.
    """
    page = Page(roots, compare)
    page.feed.look()

    def shown(name: str, kind: str, folder: Path = _HERE) -> Route:
        async def answer(request: Request) -> Response:
            return FileResponse(folder / name, media_type=kind, headers={"cache-control": "no-cache"})

        return Route(f"/{name}" if name != "page.html" else "/", answer)

    async def vega(request: Request) -> Response:
        script = await anyio.to_thread.run_sync(writing.javascript)
        return Response(script, media_type="text/javascript", headers={"cache-control": "max-age=3600"})

    def of_runs(least: int, most: int, made: Callable[[Sequence[str]], bytes]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            ids = list(dict.fromkeys(request.query_params.getlist("run")))
            if not least <= len(ids) <= most:
                wanted = str(least) if least == most else f"{least} to {most}"
                return _refused(400, f"{len(ids)} runs arrived, wanted {wanted}: ?run=…")
            known = await anyio.to_thread.run_sync(page.feed.runs)
            if unknown := [id for id in ids if id not in known]:
                return _refused(404, f"there is no run {text.name(unknown[0])!r} here")
            return Response(await anyio.to_thread.run_sync(made, ids), media_type="application/json")

        return answer

    async def listed(request: Request) -> Response:
        await anyio.to_thread.run_sync(page.feed.look)
        content: Mapping[str, Any] = page.feed.since("") or {}
        return Response(_json(content), media_type="application/json")

    async def events(request: Request) -> Response:
        mark = request.headers.get("last-event-id", request.query_params.get("mark", ""))
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(page.changes(mark), media_type="text/event-stream", headers=headers)

    return Guard(
        Starlette(
            routes=[
                shown("page.html", "text/html"),
                shown("page.css", "text/css"),
                shown("page.js", "text/javascript"),
                shown("style.css", "text/css", _REPORT),
                Route("/vega.js", vega),
                Route("/runs.json", listed),
                Route("/figures.json", of_runs(1, MOST_RUNS, page.figures)),
                Route("/differences.json", of_runs(2, 2, page.differences)),
                Route("/events", events),
            ]
        ),
        token,
    )


def _refused(status: int, said: str) -> Response:
    return Response(_json({"notice": said}), status, media_type="application/json")


def serve(
    roots: Sequence[Path],
    host: str = HOST,
    port: int | None = None,
    compare: Comparing | None = None,
    ready: Callable[[str], object] = lambda address: None,
) -> None:
    """Serve the page until it is interrupted. ready: told the address once it answers.

    Raises
    ------
    InputError: one of ``roots`` is no folder, or there is no such host or free port.
    """
    token = "" if loopback(host) else secrets.token_urlsafe(24)
    app = application(roots, token, compare)
    with _socket(host, port) as listening:
        here = socket.gethostname() if host in ("0.0.0.0", "::", "") else host
        address = f"http://{f'[{here}]' if ':' in here else here}:{listening.getsockname()[1]}"
        say(f"infoscope: {address} (Ctrl-C ends it)")
        if token:
            say(f"infoscope: the page asks for this token: {token}")
        ready(address)
        config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1, ws="none")
        uvicorn.Server(config).run([listening])


def _socket(host: str, port: int | None) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if port is not None and port not in range(1 << 16):
        raise InputError(f"port is {port}, wanted one from 0 (any free one) to 65535: pass another --port")
    tried = range(PORT, PORT + PORTS) if port is None else [port]
    said = ""
    for number in tried:
        try:
            return socket.create_server((host, number), family=family)
        except OSError as reason:
            said = str(reason)
    which = f"port {port}" if port is not None else f"ports {tried[0]} to {tried[-1]}"
    raise InputError(f"{host}, {which} cannot be served ({said}): pass another --port or --host")
