"""An executor with statements that last as long as a test wants them to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from spcs_worker_tui.sandbox.catalogue.model import Stage
from spcs_worker_tui.sandbox.catalogue.session import SessionContext
from spcs_worker_tui.sandbox.results import Column, SqlError, Table
from spcs_worker_tui.sandbox.sql.ast import Call, StagePath, Statement
from spcs_worker_tui.sandbox.wire.tenants import StatementExecutor


@dataclass
class SlowExecutor:
    """Passes statements on, except for three calls that no account has.

    `CALL TEST$WAIT()` lasts until `release` is set, `CALL TEST$FAIL()` has a defect, and
    `CALL TEST$TABLE()` answers `table`.
    """

    inner: StatementExecutor
    release: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: int = 0
    runs: int = 0
    table: Table = field(default_factory=lambda: Table(()))

    async def execute(self, statement: Statement, session: SessionContext) -> Table:
        match statement:
            case Call(function="TEST$WAIT"):
                return await self._wait()
            case Call(function="TEST$FAIL"):
                raise KeyError("a defect")
            case Call(function="TEST$REFUSE"):
                raise SqlError("003001", "42501", "SQL access control error:\nNo.")
            case Call(function="TEST$TABLE"):
                return self.table
            case _:
                return await self.inner.execute(statement, session)

    async def _wait(self) -> Table:
        self.runs += 1
        self.started.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return Table((Column("TEST$WAIT"),), (("waited",),))

    def resolve_stage(self, session: SessionContext, path: StagePath, privilege: str) -> Stage:
        return self.inner.resolve_stage(session, path, privilege)
