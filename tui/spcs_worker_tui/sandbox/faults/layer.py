"""The layer at the wire that makes requests go wrong; without faults it hands everything on."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from spcs_worker_tui.sandbox.faults.clock import shift_answer
from spcs_worker_tui.sandbox.faults.model import Kind, On, Request
from spcs_worker_tui.sandbox.wire.app import token_in
from spcs_worker_tui.sandbox.wire.envelope import WireError, refusal
from spcs_worker_tui.sandbox.wire.login import role_refused

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from spcs_worker_tui.sandbox.faults.bench import FaultBench, SetFault
    from spcs_worker_tui.sandbox.wire.app import Wire
    from spcs_worker_tui.sandbox.wire.sessions import Session

TRANSPORT: Final = "sandbox.transport"
"""In the scope: the connection below the request."""

_LOGIN = "/session/v1/login-request"
_QUERY = "/queries/v1/query-request"
_RESULT = re.compile(r"/queries/[^/]+/result")
_LARGEST = 16 * 1024 * 1024
_RESET_AT_ONCE = struct.pack("ii", 1, 0)
_JWT_LIVES = 60.0
"""Seconds: so far off may the clock be for a key-pair token (contract 6.3)."""

_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
_CANNED: Mapping[Kind, tuple[int, str, bytes]] = {
    Kind.GARBAGE: (200, "application/json", b'{"data": {"rowtype": 7, "rowset": "x"}, "x": []}'),
    Kind.NO_JSON: (200, "application/json", b"\x00\xff{]"),
    Kind.HTML: (200, "text/html; charset=utf-8", _PAGE),
    Kind.ERROR_500: (500, "text/plain", b"Internal Server Error"),
    Kind.ERROR_503: (503, "text/plain", b"Service Unavailable"),
}


class FaultLayer:
    """Around the application of the wire.

    Args:
        app: The application.
        wire: Whose sessions tell what a request is about.
        bench: The faults.
        connections: The saved connections, by the accounts' identifiers.
    """

    def __init__(
        self, app: ASGIApp, wire: Wire, bench: FaultBench, connections: Mapping[str, str]
    ) -> None:
        self._app = app
        self._wire = wire
        self._bench = bench
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if self._bench.is_quiet or scope["type"] != "http" or scope["path"].startswith("/sandbox/"):
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        session = self._session(scope)
        request = self._request(scope, body, session)
        exchange = _Exchange(scope, receive, send, body)
        for one in self._bench.strikes(request):
            if await self._strike(one, exchange, session, request):
                return
        await self._app(scope, exchange.receive, exchange.send)

    async def _strike(
        self, one: SetFault, exchange: _Exchange, session: Session | None, request: Request
    ) -> bool:
        """Do it; True when nothing is left to answer."""
        kind = one.fault.kind
        if kind in _CANNED:
            await exchange.answer(*_CANNED[kind])
            return True
        match kind:
            case Kind.DELAY:
                await asyncio.sleep(one.fault.seconds)
            case Kind.HANG:
                await exchange.hang(self._bench.over(one))
                return True
            case Kind.RESET:
                await exchange.reset()
                return True
            case Kind.HALF:
                exchange.break_off()
            case Kind.CLOCK:
                if _is_off_for_a_key(exchange, request, one.fault.seconds):
                    await exchange.refuse(WireError("390144", "JWT token is invalid."))
                    return True
                exchange.shift(one.fault.seconds)
            case Kind.ROLE_REVOKED:
                return await self._revoked(exchange, session, request)
            case _:
                self._end_tokens(kind, session)
        return False

    async def _revoked(
        self, exchange: _Exchange, session: Session | None, request: Request
    ) -> bool:
        role = exchange.query("roleName")
        if request.on is On.LOGIN and role:
            await exchange.refuse(role_refused(role))
            return True
        if session is not None:
            self._end_tokens(Kind.SESSION_GONE, session)
        return False

    def _end_tokens(self, kind: Kind, session: Session | None) -> None:
        if session is None:
            return
        if kind is Kind.SESSION_GONE:
            self._wire.sessions.close(session)
            self._wire.statements.forget_session(session)
        else:
            self._wire.sessions.expire(session, master=kind is Kind.MASTER_EXPIRED)

    def _session(self, scope: Scope) -> Session | None:
        header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        return self._wire.sessions.behind(token_in(header))

    def _request(self, scope: Scope, body: bytes, session: Session | None) -> Request:
        path = scope["path"]
        said = _json(scope, body) if path in (_LOGIN, _QUERY) else {}
        if path == _LOGIN:
            data = said.get("data")
            name = str(data.get("ACCOUNT_NAME", "")) if isinstance(data, dict) else ""
            named = (one for one in self._wire.tenants if one.is_called(name))
            found = next((self._connection(one.account.identifier) for one in named), "")
            return Request(found, On.LOGIN)
        connection = self._connection(session.tenant.account.identifier) if session else ""
        if path == _QUERY:
            return Request(connection, On.STATEMENT, str(said.get("sqlText", "")))
        return Request(connection, On.STATEMENT if _RESULT.fullmatch(path) else On.ANY)

    def _connection(self, account: str) -> str:
        return self._connections.get(account, account)


class _Exchange:
    """One request with its body read, and what may be done to its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self.body = body
        self._given = False
        self._breaks_off = False
        self._ahead = 0.0
        self._start: Message | None = None
        self._parts: list[bytes] = []

    def query(self, name: str) -> str:
        """A value of the query string, or an empty text."""
        return next(iter(parse_qs(self._scope["query_string"].decode()).get(name, [])), "")

    def data(self) -> Mapping[str, Any]:
        """What a login says of itself."""
        data = _json(self._scope, self.body).get("data")
        return data if isinstance(data, dict) else {}

    async def receive(self) -> Message:
        """The body once more, then whatever comes."""
        if self._given:
            return await self._receive()
        self._given = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Pass the answer on, or keep it until it is whole and can be spoilt."""
        if not self._breaks_off and not self._ahead:
            await self._send(message)
            return
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            await self._send_kept()

    async def _send_kept(self) -> None:
        assert self._start is not None
        body = b"".join(self._parts)
        if self._ahead:
            body = shift_answer(body, self._ahead)
        headers = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**self._start, "headers": headers})
        if not self._breaks_off:
            await self._send({"type": "http.response.body", "body": body})
            return
        half = body[: len(body) // 2]
        await self._send({"type": "http.response.body", "body": half, "more_body": True})
        self._transport.close()
        await self._gone()

    def break_off(self) -> None:
        """Only half of the answer will be sent."""
        self._breaks_off = True

    def shift(self, seconds: float) -> None:
        """All times in the answer will be that much later."""
        self._ahead += seconds

    async def answer(self, status: int, kind: str, body: bytes) -> None:
        """Answer with this instead."""
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def refuse(self, error: WireError) -> None:
        """Answer as a refused sign-in is answered."""
        await refusal(error)(self._scope, self.receive, self._send)

    async def reset(self) -> None:
        """Cut the connection so that the other side sees a reset."""
        if self._transport.is_closing():
            return
        own: socket.socket | None = self._transport.get_extra_info("socket")
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
        self._transport.abort()
        await self._gone()

    async def hang(self, over: Awaitable[None]) -> None:
        """Answer nothing until the fault is over or the client has gone; then cut."""
        waiting = asyncio.ensure_future(over)
        leaving = asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait((waiting, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            leaving.cancel()
        await self.reset()

    @property
    def _transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self._scope[TRANSPORT]
        return transport

    async def _gone(self) -> None:
        """Return when the connection is closed: whoever answers nothing says so only then."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        part = message.get("body", b"")
        size += len(part)
        if size <= _LARGEST:
            parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _json(scope: Scope, body: bytes) -> Mapping[str, Any]:
    """The body as a JSON object; an empty one for whatever else it is."""
    packed = dict(scope["headers"]).get(b"content-encoding", b"").lower() == b"gzip"
    try:
        text = zlib.decompressobj(wbits=31).decompress(body, _LARGEST) if packed else body
        said = json.loads(text)
    except (ValueError, RecursionError, zlib.error):
        return {}
    return said if isinstance(said, dict) else {}


def _is_off_for_a_key(exchange: _Exchange, request: Request, seconds: float) -> bool:
    """Whether that is a sign-in with a key pair, whose token is good for a minute only."""
    if request.on is not On.LOGIN or abs(seconds) <= _JWT_LIVES:
        return False
    return str(exchange.data().get("AUTHENTICATOR") or "").upper() == "SNOWFLAKE_JWT"


def with_transport(
    app: ASGIApp, transport: asyncio.Transport
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """The application, told of the connection below each request."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        scope[TRANSPORT] = transport
        await app(scope, receive, send)

    return told
