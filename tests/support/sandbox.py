"""A sandbox server in this process, for tests that talk to it with the real connector."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from spcs_worker_tui.sandbox.catalogue.model import Account
from spcs_worker_tui.sandbox.clock import Clock
from spcs_worker_tui.sandbox.server import SandboxServer, SandboxSettings, StatementExecutor, Tenant
from spcs_worker_tui.sandbox.wire.journal import JournalEntry
from support.catalogue import Lab, new_lab


@dataclass
class RunningSandbox:
    """A server, and the account (or accounts) that it serves, each with its executor."""

    server: SandboxServer
    labs: list[Lab]

    @property
    def lab(self) -> Lab:
        """The first account's."""
        return self.labs[0]

    def connection(self, index: int = 0, **changes: Any) -> dict[str, Any]:
        """Keywords for `snowflake.connector.connect` and `snowflake.connector.aio.connect`."""
        account: Account = self.labs[index].account
        user = next(iter(account.users.values()))
        settings = {
            "host": self.server.settings.host,
            "port": self.server.port,
            "protocol": "http",
            "account": account.identifier,
            "user": user.name,
            "password": user.password,
            "role": self.labs[index].session.role,
            # Said explicitly because the connector warns about the default otherwise.
            "enable_server_session_keep_alive_auto_detection": False,
        }
        merged = {**settings, **changes}
        return {key: value for key, value in merged.items() if value is not None}

    @property
    def journal(self) -> list[JournalEntry]:
        """Every statement so far, oldest first."""
        return self.server.wire.journal.entries()

    @property
    def statements(self) -> list[str]:
        """Their texts."""
        return [entry.text for entry in self.journal]


@asynccontextmanager
async def running_sandbox(
    *labs: Lab,
    clock: Clock | None = None,
    settings: SandboxSettings | None = None,
    executor: Callable[[Lab], StatementExecutor] = lambda lab: lab.executor,
) -> AsyncIterator[RunningSandbox]:
    """Serve these accounts on a free loopback port; one from `new_lab()` when none is given.

    `executor` may wrap each account's executor.

    The server's clock, which sessions and tokens expire by, is the wall clock unless `clock` says
    otherwise; what a lab's platform uses is its own.
    """
    served = list(labs) or [new_lab()]
    tenants = [Tenant(lab.account, executor(lab)) for lab in served]
    server = SandboxServer(tenants, clock, settings)
    await server.start()
    try:
        yield RunningSandbox(server, served)
    finally:
        await server.stop()


def second_lab(name: str = "SECOND", locator: str = "CD67890") -> Lab:
    """Another account of the same organization, for servers with several."""
    lab = new_lab()
    lab.account.name = name
    lab.account.locator = locator
    return lab
