"""Who may ask: on this machine whoever asks it by its own name, from elsewhere whoever has the token."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

#: Nothing is loaded but from here, nothing written into the page is run, no other page may frame it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
OPEN = ("/style.css", "/page.css")  # what the form looks like
LONGEST = 1000  # bytes of a form with a token
_ASK = Path(__file__).parent / "token.html"


def loopback(host: str) -> bool:
    """Whether ``host`` is this machine alone."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return False


class Guard:
    """An ASGI application in front of ``app``.

    Without a ``token`` only requests whose Host is this machine's own are answered: a page of somebody else cannot make
    a browser ask under a name of its own. With one, a request carries it in a cookie that the form sets, or in
    ``Authorization: Bearer``; it is never part of an address.
    """

    def __init__(self, app: Any, token: str = "") -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close"})
            return
        send = _with_headers(send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if not self._token:
            if loopback(_name(headers.get("host", ""))):
                await self._app(scope, receive, send)
            else:
                await _answer(send, 421, b"this page is served for this machine only: ask for 127.0.0.1\n")
        elif scope["path"] == "/token" and scope["method"] == "POST":
            await self._take(scope, receive, send)
        elif self._known(headers, _cookie(scope)):
            await self._app(scope, receive, send)
        elif scope["path"] == "/":
            await _answer(send, 401, _ASK.read_bytes(), b"text/html; charset=utf-8")
        elif scope["path"] in OPEN:
            await self._app(scope, receive, send)
        else:
            await _answer(send, 401, b"this needs the token that `infoscope serve` printed\n")

    def _known(self, headers: Mapping[str, str], cookie: str) -> bool:
        said = [headers.get("authorization", "").removeprefix("Bearer ")]
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(cookie)
        except CookieError:
            found = None
        return any(map(self._is, [*said, *([found.value] if found else [])]))

    def _is(self, said: str) -> bool:
        return hmac.compare_digest(said.encode(), self._token.encode())

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more and len(body) <= LONGEST:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False) and message["type"] == "http.request"
        said = parse_qs(body.decode("latin-1")).get("token", [""])[0].strip()
        if not self._is(said):
            await _answer(send, 401, _ASK.read_bytes(), b"text/html; charset=utf-8")
            return
        kept = f"{_cookie(scope)}={self._token}; Path=/; HttpOnly; SameSite=Strict"
        await _answer(send, 303, b"", headers=[(b"location", b"/"), (b"set-cookie", kept.encode())])


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    return host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]


def _cookie(scope: Scope) -> str:
    """The name of the cookie: several pages of one machine, on ports of their own, share its cookies."""
    return f"infoscope_{(scope.get('server') or ('', ''))[1]}"


def _with_headers(send: Send) -> Send:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *HEADERS]}
        await send(message)

    return sending


async def _answer(
    send: Send,
    status: int,
    body: bytes,
    kind: bytes = b"text/plain; charset=utf-8",
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    told = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
