"""A relay in front of a server, which can be cut as a network or an engine is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

Address = Path | int
"""A socket's path, or a port on 127.0.0.1."""


@dataclass
class Relay:
    """Passes bytes on, both ways, until it is cut."""

    target: Address
    is_cut: bool = False
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """End all connections, and every new one at once."""
        self.is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def restore(self) -> None:
        """Pass on again."""
        self.is_cut = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One caller."""
        if self.is_cut:
            writer.transport.abort()
            return
        inner_reader, inner_writer = await _connect(self.target)
        self._writers |= {writer, inner_writer}
        try:
            await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))
        finally:
            self._writers -= {writer, inner_writer}
            for one in (writer, inner_writer):
                one.transport.abort()


async def _connect(target: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(target, Path):
        return await asyncio.open_unix_connection(str(target))
    return await asyncio.open_connection("127.0.0.1", target)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def relayed_port(port: int) -> AsyncIterator[tuple[Relay, int]]:
    """A relay to a port of this machine, and the port that it listens on."""
    relay = Relay(port)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    try:
        yield relay, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        relay.cut()


@asynccontextmanager
async def relayed_socket(target: Path, path: Path) -> AsyncIterator[Relay]:
    """A relay to a socket, which listens at `path`."""
    relay = Relay(target)
    server = await asyncio.start_unix_server(relay.serve, str(path))
    try:
        yield relay
    finally:
        server.close()
        relay.cut()
