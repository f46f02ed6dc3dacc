"""The registry on its sockets: one for each account, so that each has a host of its own."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.registry.access import NODE_USER, Access
from spcs_worker_tui.sandbox.registry.app import build_registry
from spcs_worker_tui.sandbox.registry.storage import BlobStore
from spcs_worker_tui.sandbox.server import BackgroundServer, listen

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account
    from spcs_worker_tui.sandbox.clock import Clock
    from spcs_worker_tui.sandbox.wire.sessions import SessionStore
    from spcs_worker_tui.sandbox.wire.tenants import Tenant


class RegistryServer:
    """Registries of several accounts.

    Docker takes a registry on a loopback address without TLS; that is why it is named by host and
    port here, where Snowflake has `<org>-<account>.registry.snowflakecomputing.com`.

    Args:
        root: Where blobs go; removed by whoever gave it.
        host: The loopback address to listen on.
    """

    def __init__(self, root: Path, host: str) -> None:
        self._root = root
        self._host = host
        self._sockets: dict[int, tuple[socket.socket, Account]] = {}
        self._tenants: dict[int, Tenant] = {}
        self._access: Access | None = None
        self._server: BackgroundServer | None = None

    @property
    def node_credentials(self) -> tuple[str, str]:
        """User and password with which compute pools pull; only after `start`."""
        assert self._access is not None
        return NODE_USER, self._access.node_password

    def open_for(self, account: Account) -> None:
        """Give the account its registry's host; requests are answered after `start`.

        Raises:
            OSError: There is no free port.
        """
        listener = listen(self._host, 0)
        port = listener.getsockname()[1]
        self._sockets[port] = (listener, account)
        account.registry = f"{self._host}:{port}"

    async def start(self, tenants: list[Tenant], sessions: SessionStore, clock: Clock) -> None:
        """Answer requests.

        Args:
            tenants: With every account that `open_for` was called for.
            sessions: Whose tokens are good here.
            clock: By which they expire.
        """
        by_account = {id(tenant.account): tenant for tenant in tenants}
        self._tenants = {
            port: by_account[id(account)] for port, (_, account) in self._sockets.items()
        }
        self._access = Access(sessions, clock)
        app = build_registry(self._tenants.__getitem__, BlobStore(self._root), self._access, clock)
        # Docker tries TLS first and goes on without: nothing that anybody has to be told.
        logging.getLogger("uvicorn.error").addFilter(_is_no_greeting)
        self._server = BackgroundServer(app)
        await self._server.start([listener for listener, _ in self._sockets.values()])

    async def stop(self) -> None:
        """Close every connection and every socket."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop()
        for listener, _ in self._sockets.values():
            listener.close()


def _is_no_greeting(record: logging.LogRecord) -> bool:
    return record.msg != "Invalid HTTP request received."
