"""From the bytes that a container writes to lines of its log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.clock import Clock
    from spcs_worker_tui.sandbox.runtimes.base import LogSink

LINE_LIMIT: Final = 1024 * 1024
"""A line without an end is cut into pieces of this many bytes."""
BYTES_PER_SECOND: Final = 1024 * 1024
"""Whoever writes faster has to wait; a node takes no more either (contract 2.6)."""


class LogPipe(asyncio.Protocol):
    """The reading end of a container's stdout and stderr.

    Invalid UTF-8 becomes U+FFFD. What stands after the last newline is a line too, once the other
    end is closed.
    """

    def __init__(self, clock: Clock, log: LogSink) -> None:
        self._clock = clock
        self._log = log
        self._rest = bytearray()
        self._quota = BYTES_PER_SECOND
        self._transport: asyncio.ReadTransport | None = None
        self._resume: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, to be able to pause it."""
        assert isinstance(transport, asyncio.ReadTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Write the lines that are complete."""
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        for line in lines:
            self._write(line)
        while len(rest) > LINE_LIMIT:
            self._write(rest[:LINE_LIMIT])
            rest = rest[LINE_LIMIT:]
        self._rest = rest
        self._quota -= len(data)
        if self._quota < 0 and self._resume is None and self._transport is not None:
            self._transport.pause_reading()
            self._resume = self._loop.call_later(1.0, self._continue)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Write what was left without a newline."""
        if self._rest:
            self._write(self._rest)
            self._rest = bytearray()
        if self._resume is not None:
            self._resume.cancel()
        if not self.closed.done():
            self.closed.set_result(None)

    async def drain(self, seconds: float) -> None:
        """Wait until the other end is closed everywhere; give up after some time."""
        self._continue()
        await asyncio.wait([self.closed], timeout=seconds)
        if self._transport is not None:
            self._transport.close()

    def _continue(self) -> None:
        if self._resume is not None:
            self._resume.cancel()
            self._resume = None
        self._quota = BYTES_PER_SECOND
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _write(self, line: bytearray) -> None:
        self._log(self._clock.now(), line.decode(errors="replace"))
