"""Connections files as a user has them, and a gate in front of a sandbox's statements."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spcs_worker_tui.sandbox.catalogue.model import Stage
from spcs_worker_tui.sandbox.catalogue.session import SessionContext
from spcs_worker_tui.sandbox.results import Table
from spcs_worker_tui.sandbox.sql.ast import StagePath, Statement
from spcs_worker_tui.sandbox.wire.tenants import StatementExecutor


def toml(connections: Mapping[str, Mapping[str, Any]], *, prefix: str = "") -> str:
    """These sections as TOML."""
    lines: list[str] = []
    for name, table in connections.items():
        lines.append(f"[{prefix}{name}]")
        for key, value in table.items():
            text = str(value).lower() if isinstance(value, bool) else repr(value)
            lines.append(f"{key} = {text}")
    return "\n".join(lines) + "\n"


def save(home: Path, connections: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write `connections.toml` as the connector wants it."""
    path = home / "connections.toml"
    path.write_text(toml(connections))
    path.chmod(0o600)
    return path


class Gate:
    """Stands in front of an executor: holds statements back, counts them, can refuse them."""

    def __init__(self, executor: StatementExecutor) -> None:
        self._executor = executor
        self._opened = asyncio.Event()
        self._opened.set()
        self.waiting = 0
        self.most_waiting = 0
        self.aborted = 0
        self.refuse: Callable[[Statement], Exception | None] = lambda _statement: None

    def shut(self) -> None:
        """Statements wait from now on."""
        self._opened.clear()

    def open(self) -> None:
        """All go through."""
        self._opened.set()

    async def execute(self, statement: Statement, session: SessionContext) -> Table:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        try:
            await self._opened.wait()
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        finally:
            self.waiting -= 1
        if (refusal := self.refuse(statement)) is not None:
            raise refusal
        return await self._executor.execute(statement, session)

    def resolve_stage(self, session: SessionContext, path: StagePath, privilege: str) -> Stage:
        return self._executor.resolve_stage(session, path, privilege)


async def until(condition: Callable[[], object], *, seconds: float = 10) -> None:
    """Wait for a condition, failing after a generous deadline."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what others do sets no event
            await asyncio.sleep(0.01)
