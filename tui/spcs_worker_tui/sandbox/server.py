"""The sandbox's server: the wire on a socket, in the event loop that starts it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from spcs_worker_tui.sandbox.clock import Clock, WallClock
from spcs_worker_tui.sandbox.faults.bench import FaultBench
from spcs_worker_tui.sandbox.faults.layer import FaultLayer, with_transport
from spcs_worker_tui.sandbox.wire.app import Wire, build_app, build_wire
from spcs_worker_tui.sandbox.wire.settings import SandboxSettings
from spcs_worker_tui.sandbox.wire.tenants import StatementExecutor, Tenant

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

__all__ = ["SandboxServer", "SandboxSettings", "StatementExecutor", "Tenant"]

_BACKLOG = 512


class SandboxServer:
    """Serves accounts to the connector and to the `snow` command line.

    Args:
        tenants: The accounts, each with its executor.
        clock: The time by which sessions and tokens expire.
        settings: Where to listen, and how long things live.
        routes: More endpoints, for example faults; protect them with `wire.app.guard`.
        connections: The saved connections by the accounts' identifiers, as faults name them; an
            account without one is named by its identifier.
    """

    def __init__(
        self,
        tenants: Sequence[Tenant],
        clock: Clock | None = None,
        settings: SandboxSettings | None = None,
        routes: Sequence[BaseRoute] = (),
        connections: Mapping[str, str] | None = None,
    ) -> None:
        self.faults = FaultBench()
        self._connections = connections or {}
        self.settings = settings or SandboxSettings()
        self.wire: Wire = build_wire(tenants, clock or WallClock(), self.settings)
        self._routes = routes
        self._server: BackgroundServer | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """The port that it listens on; 0 before `start`."""
        return self._port

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return f"http://{self.settings.host}:{self._port}"

    async def start(self) -> None:
        """Listen, and return when requests are answered.

        Raises:
            OSError: The port is taken.
            ValueError: The host is no loopback address and `allow_remote` is off.
        """
        check_host(self.settings)
        listener = listen(self.settings.host, self.settings.port)
        self._port = listener.getsockname()[1]
        app = build_app(self.wire, self._routes)
        self._server = BackgroundServer(FaultLayer(app, self.wire, self.faults, self._connections))
        await self._server.start([listener])

    async def stop(self) -> None:
        """Cancel what runs, close every connection and the socket."""
        if self._server is None:
            return
        self.faults.clear()
        await self.wire.statements.close()
        await self._server.stop()
        self._server = None


class BackgroundServer:
    """An application on sockets, in the event loop that starts it."""

    def __init__(self, app: ASGIApp) -> None:
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_Protocol,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=1,
                # Clients keep connections open between polls; closing first would race with them.
                timeout_keep_alive=120,
                server_header=False,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self, sockets: list[socket.socket]) -> None:
        """Return when requests are answered."""
        self._task = asyncio.create_task(self._server.serve(sockets=sockets))
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({ready, self._task}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """Close every connection and the sockets."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task
            self._task = None


class _Protocol(H11Protocol):
    """Requests know the connection below them: some faults are that it breaks."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = with_transport(self.app, transport)


class _Server(uvicorn.Server):
    """Uvicorn inside someone else's process: signals are theirs."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that says it is TCP; port 0 takes a free one.

    asyncio turns Nagle's algorithm off only where the protocol is named. With it on, the body of
    every answer waits 40 ms for the acknowledgement of its head.

    Raises:
        OSError: The port is taken.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def check_host(settings: SandboxSettings) -> None:
    """Refuse to be reachable from elsewhere.

    Raises:
        ValueError: The host is no loopback address and `allow_remote` is off.
    """
    if settings.allow_remote or settings.host == "localhost":
        return
    try:
        is_loopback = ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(
            f"The sandbox listens on loopback only, and {settings.host} is not; "
            "allow remote clients to change that."
        )
