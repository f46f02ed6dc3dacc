"""A door with a steady address in front of the Prefect server.

Workers and dashboards are given this address before the server is up; it answers 503 and when to
come back until then, and survives the server's restarts. Behind it bytes are passed on as they
are, WebSockets included. Faults can be switched on at the door.
"""

from __future__ import annotations

import asyncio
import contextlib

from spcs_worker_tui.sandbox.prefect.faulty import (
    STARTING,
    Fault,
    Request,
    answer_of,
    read_request,
    shifted,
)

__all__ = ["Fault", "Gate"]

_CHUNK = 65536
_LONGEST_HEAD = 65536
_HANG_SECONDS = 3600.0


class Gate:
    """Listens on a port of its own for as long as the sandbox lives."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self._upstream: int | None = None
        self._fault: Fault | None = None
        self._delay_seconds = 0.0
        self._retry_after = 1
        self._workers_only = False
        self._path = ""
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
        self,
        fault: Fault | None,
        *,
        delay_seconds: float = 0.0,
        retry_after: int = 1,
        workers_only: bool = False,
        path: str = "",
    ) -> None:
        """Switch a fault on (None: off) and cut the connections that exist.

        Args:
            fault: What goes wrong from now on.
            delay_seconds: For `SLOW` and `CLOCK`.
            retry_after: For `RATE_LIMITED`, in seconds.
            workers_only: Dashboards are spared, by what their requests say of their sender.
            path: Only requests with this in their path.
        """
        self._fault = fault
        self._delay_seconds = delay_seconds
        self._retry_after = retry_after
        self._workers_only = workers_only
        self._path = path
        await self._cut()
        if fault is Fault.REFUSE and not self._is_choosy:
            self._close_listener()
        elif self._listener is None:
            await self.start()

    @property
    def _is_choosy(self) -> bool:
        """Whether each request has to be looked at."""
        return self._fault is not None and (
            self._workers_only or bool(self._path) or self._fault is Fault.CLOCK
        )

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
        if self._is_choosy:
            await self._serve_one(reader, writer)
            return
        if self._fault is Fault.HANG:
            await asyncio.sleep(_HANG_SECONDS)
            return
        answer = answer_of(self._fault, self._retry_after)
        if answer is None and self._upstream is None:
            answer = STARTING
        if answer is not None:
            await read_request(reader)
            writer.write(answer.encode())
            await writer.drain()
            return
        if self._fault is Fault.SLOW:
            await asyncio.sleep(self._delay_seconds)
        await self._pass_on(reader, writer)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes = b""
    ) -> None:
        """Bytes both ways, after those that were read already."""
        try:
            inner_reader, inner_writer = await asyncio.open_connection(self.host, self._upstream)
        except OSError:
            if not first:
                await read_request(reader)
            writer.write(STARTING.encode())
            await writer.drain()
            return
        try:
            inner_writer.write(first)
            await _pipe_both(reader, writer, inner_reader, inner_writer)
        finally:
            inner_writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, struck or not, and one answer."""
        request = await read_request(reader)
        fault = self._fault if self._strikes(request) else None
        if fault is Fault.REFUSE:
            writer.transport.abort()
            return
        if fault is Fault.HANG:
            await asyncio.sleep(_HANG_SECONDS)
        if (answer := answer_of(fault, self._retry_after)) is not None:
            writer.write(answer.encode())
            await writer.drain()
            return
        if fault is Fault.SLOW:
            await asyncio.sleep(self._delay_seconds)
        if request.is_upgrade:
            await self._pass_on(reader, writer, request.head)
            return
        ahead = self._delay_seconds if fault is Fault.CLOCK else 0.0
        writer.write(await self._asked(request, ahead))
        await writer.drain()

    def _strikes(self, request: Request) -> bool:
        if self._workers_only and request.is_of_a_dashboard:
            return False
        return self._path in request.path

    async def _asked(self, request: Request, ahead: float) -> bytes:
        """Prefect's answer, from a clock that is so many seconds ahead."""
        try:
            reader, writer = await asyncio.open_connection(self.host, self._upstream)
        except OSError:
            return STARTING.encode()
        try:
            writer.write(request.alone(-ahead))
            answer = await reader.read()
        finally:
            writer.close()
        return shifted(answer, ahead) if ahead else answer


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
