"""A stand-in for a Prefect API that misbehaves on demand: what a real server cannot be made to do.

It listens on loopback, answers what its `answer` function says, and remembers what was asked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

WELL: dict[str, Any] = {
    "/work_pools/spcs": {
        "name": "spcs",
        "type": "process",
        "status": "READY",
        "is_paused": False,
        "concurrency_limit": None,
        "active_slots": None,
    },
    "/work_pools/spcs/queues/filter": [{"name": "default", "status": "READY", "is_paused": False}],
    "/work_pools/spcs/workers/filter": [
        {
            "name": "analytics.prefect.ingest.0",
            "status": "ONLINE",
            "last_heartbeat_time": "2026-11-23T06:29:46.239640Z",
            "heartbeat_interval_seconds": 30,
        }
    ],
    "/flow_runs/filter": [],
    "/flow_runs/count": 0,
    "/flows/filter": [],
    "/admin/version": "3.8.8",
    "/events/filter": {"events": []},
}
"""What a healthy server answers to a look at the work pool `spcs`."""


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Reply:
    """`content`: bytes as they are, text as a web page, anything else as JSON.

    `hang` never answers, `endless` never stops, `drop` lets go of the connection instead.
    """

    status: int = 200
    content: bytes | str | Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    endless: bool = False
    drop: bool = False

    def encoded(self) -> bytes:
        content = self.content
        kind = "text/html" if isinstance(content, str) else "application/json"
        if isinstance(content, str):
            content = content.encode()
        elif not isinstance(content, bytes):
            content = json.dumps(content).encode()
        headers = {"Date": formatdate(usegmt=True), "Content-Type": kind} | self.headers
        if not self.endless:
            headers["Content-Length"] = str(len(content))
        lines = [f"HTTP/1.1 {self.status} Stub", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


Answerer = Callable[[Request], Reply]


def well(request: Request) -> Reply:
    """What a healthy server says."""
    found = WELL.get(request.path.partition("?")[0])
    if found is None:
        return Reply(404, {"detail": "Not Found"})
    return Reply(content=json.dumps(found).encode())


@dataclass
class PrefectStub:
    answer: Answerer
    port: int = 0
    requests: list[Request] = field(default_factory=list)

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                self.requests.append(request)
                reply = self.answer(request)
                if reply.hang:
                    await asyncio.Event().wait()
                if reply.drop:
                    break
                writer.write(reply.encoded())
                while reply.endless:
                    writer.write(b" " * 65536)
                    await writer.drain()
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path.removeprefix("/api"), headers, json.loads(body) if body else None)


@asynccontextmanager
async def prefect_stub(answer: Answerer = well) -> AsyncIterator[PrefectStub]:
    """A stub that serves until the block ends."""
    stub = PrefectStub(answer)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await stub.serve(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    stub.port = server.sockets[0].getsockname()[1]
    try:
        yield stub
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
