"""An HTTP GET that only wants the status code."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final
from urllib.parse import quote

TIMEOUT_SECONDS: Final = 1.0


async def http_status(host: str, port: int, path: str) -> int | None:
    """GET `http://host:port/path`: the status code, or None without an answer in a second."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await _get(host, port, path)
    except (OSError, ValueError, IndexError):
        # Refused, cut off, too slow (TimeoutError is an OSError), or no HTTP.
        return None


async def _get(host: str, port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        # A path is the specification's: it must not end the request line.
        target = quote(path, safe="/?&=%:@+,;~!$'()*")
        request = f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        line = await reader.readline()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    version, code, *_ = line.split()
    if not version.startswith(b"HTTP/"):
        raise ValueError("not HTTP")
    return int(code)
