"""A door with a steady address in front of the Prefect server.

Workers and dashboards are given this address before the server is up; it answers 503 and when to
come back until then, and survives the server's restarts. Behind it bytes are passed on as they
are, WebSockets included. Faults can be switched on at the door.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

_CHUNK = 65536
_LONGEST_HEAD = 65536
_LONGEST_BODY = 4 * 1024 * 1024
_HANG_SECONDS = 3600.0


class Fault(StrEnum):
    """What can be wrong between a client and Prefect."""

    REFUSE = "refuse"
    """Nobody listens: connection refused."""
    HANG = "hang"
    """The connection is taken and nothing ever comes."""
    UNAUTHORIZED = "401"
    RATE_LIMITED = "429"
    """429 with `Retry-After`, as Prefect Cloud does it."""
    HTML = "html"
    """A sign-in page instead of the API, with status 200."""
    SLOW = "slow"
    """Everything works, after `delay_seconds`."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    body: bytes
    content_type: str = "application/json"
    retry_after: int | None = None

    def encode(self) -> bytes:
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            "Connection: close",
        ]
        if self.retry_after is not None:
            lines.append(f"Retry-After: {self.retry_after}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


_STARTING = _Answer(
    HTTPStatus.SERVICE_UNAVAILABLE,
    json.dumps({"message": "Prefect server is starting"}).encode(),
    retry_after=1,
)
_HTML = _Answer(
    HTTPStatus.OK,
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>",
    "text/html; charset=utf-8",
)
# As Prefect words it (prefect-contract 1.5).
_UNAUTHORIZED = _Answer(HTTPStatus.UNAUTHORIZED, b'{"exception_message":"Unauthorized"}')


class Gate:
    """Listens on a port of its own for as long as the sandbox lives."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self._upstream: int | None = None
        self._fault: Fault | None = None
        self._delay_seconds = 0.0
        self._retry_after = 1
        self._listener: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def api_url(self) -> str:
        """What a client puts into PREFECT_API_URL."""
        return f"http://{self.host}:{self.port}/api"

    @property
    def fault(self) -> Fault | None:
        """The fault that is switched on."""
        return self._fault

    async def start(self) -> None:
        """Listen; with port 0 on a free one, which `port` then says."""
        self._listener = await asyncio.start_server(
            self._accept, self.host, self.port, limit=_LONGEST_HEAD
        )
        self.port = int(self._listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        self._close_listener()
        await self._cut()

    def lead_to(self, port: int | None) -> None:
        """Pass connections on to this port of the same host; None while nobody is behind it."""
        self._upstream = port

    async def set_fault(
        self, fault: Fault | None, *, delay_seconds: float = 0.0, retry_after: int = 1
    ) -> None:
        """Switch a fault on (None: off) and cut the connections that exist.

        Args:
            fault: What goes wrong from now on.
            delay_seconds: For `SLOW`.
            retry_after: For `RATE_LIMITED`, in seconds.
        """
        self._fault = fault
        self._delay_seconds = delay_seconds
        self._retry_after = retry_after
        await self._cut()
        if fault is Fault.REFUSE:
            self._close_listener()
        elif self._listener is None:
            await self.start()

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _cut(self) -> None:
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            # The peer went away, sent no HTTP, or was cut off: there is nobody left to tell.
            # A cancellation ends here because the stream's own callback would only log it.
            pass
        finally:
            self._connections.discard(connection)
            writer.transport.abort() if self._fault is Fault.REFUSE else writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fault is Fault.HANG:
            await asyncio.sleep(_HANG_SECONDS)
            return
        answer = self._canned()
        if answer is not None:
            await _read_request(reader)
            writer.write(answer.encode())
            await writer.drain()
            return
        if self._fault is Fault.SLOW:
            await asyncio.sleep(self._delay_seconds)
        try:
            inner_reader, inner_writer = await asyncio.open_connection(self.host, self._upstream)
        except ConnectionRefusedError:
            await _read_request(reader)
            writer.write(_STARTING.encode())
            await writer.drain()
            return
        try:
            await _pipe_both(reader, writer, inner_reader, inner_writer)
        finally:
            inner_writer.close()

    def _canned(self) -> _Answer | None:
        match self._fault:
            case Fault.UNAUTHORIZED:
                return _UNAUTHORIZED
            case Fault.HTML:
                return _HTML
            case Fault.RATE_LIMITED:
                return _Answer(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    b'{"detail":"Too Many Requests"}',
                    retry_after=self._retry_after,
                )
        return _STARTING if self._upstream is None else None


async def _read_request(reader: asyncio.StreamReader) -> None:
    """Take one request off the line: closing with unread bytes would reset the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = min(int(value), _LONGEST_BODY)
    await reader.readexactly(length)


async def _pipe_both(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    inner_reader: asyncio.StreamReader,
    inner_writer: asyncio.StreamWriter,
) -> None:
    """Pass bytes on both ways until the server has closed its side."""
    upwards = asyncio.create_task(_pipe(reader, inner_writer))
    try:
        await _pipe(inner_reader, writer)
    finally:
        upwards.cancel()
        await asyncio.wait((upwards,))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
