"""Statements in flight: started, waited for, cancelled, their results kept (contract 6.4, 6.7)."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.results import SqlError, Table
from spcs_worker_tui.sandbox.wire.encoding import rowset, rowtype
from spcs_worker_tui.sandbox.wire.envelope import JsonObject
from spcs_worker_tui.sandbox.wire.journal import Journal, JournalEntry, mask_secrets

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.clock import Clock
    from spcs_worker_tui.sandbox.wire.sessions import Session
    from spcs_worker_tui.sandbox.wire.settings import SandboxSettings

Work = Callable[["RunningStatement"], Awaitable[JsonObject]]
"""What a statement does; it returns the `data` of its answer."""


@dataclass(eq=False, slots=True)
class RunningStatement:
    """One statement, from its arrival until its result is forgotten."""

    session: Session
    text: str
    request_id: str
    started_at: datetime
    query_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    task: asyncio.Task[None] | None = None
    data: JsonObject | None = None
    table: Table | None = None
    """What RESULT_SCAN reads."""
    error: SqlError | None = None
    children: Sequence[RunningStatement] = ()

    @property
    def status(self) -> str:
        """As `/monitoring/queries/<id>` says it."""
        if self.error is not None:
            return "ABORTED" if self.error.code == "000604" else "FAILED_WITH_ERROR"
        return "RUNNING" if self.data is None else "SUCCESS"

    @property
    def is_done(self) -> bool:
        """Whether there is a result or an error."""
        return self.data is not None or self.error is not None


class StatementRegistry:
    """Every statement whose result a client may still ask for."""

    def __init__(self, clock: Clock, settings: SandboxSettings, journal: Journal) -> None:
        self._clock = clock
        self._settings = settings
        self._journal = journal
        self._by_query: dict[str, RunningStatement] = {}
        self._by_request: dict[tuple[int, str], RunningStatement] = {}
        self._of_session: dict[int, list[RunningStatement]] = {}

    def start(self, session: Session, text: str, request_id: str, work: Work) -> RunningStatement:
        """Run a statement in a task of its own.

        A request that is sent again, after a renewed token or a dropped connection, finds the
        statement that it started the first time.
        """
        known = self._by_request.get((session.context.session_id, request_id))
        if request_id and known is not None:
            return known
        statement = self.add(session, text, request_id)
        statement.task = asyncio.create_task(self._run(statement, work))
        return statement

    def add(self, session: Session, text: str, request_id: str = "") -> RunningStatement:
        """Keep a statement that someone else runs, for example one of several in one text."""
        statement = RunningStatement(session, text, request_id, self._clock.now())
        number = session.context.session_id
        self._by_query[statement.query_id] = statement
        if request_id:
            self._by_request[number, request_id] = statement
        kept = self._of_session.setdefault(number, [])
        kept.append(statement)
        if len(kept) > self._settings.results_kept:
            self._forget_oldest(kept)
        return statement

    def _forget_oldest(self, kept: list[RunningStatement]) -> None:
        for statement in kept[: -self._settings.results_kept]:
            if statement.is_done:
                kept.remove(statement)
                self._drop(statement)

    def _drop(self, statement: RunningStatement) -> None:
        self._by_query.pop(statement.query_id, None)
        number = statement.session.context.session_id
        self._by_request.pop((number, statement.request_id), None)

    def forget_session(self, session: Session) -> None:
        """End what a closed session still runs, and drop its results."""
        for statement in self._of_session.pop(session.context.session_id, []):
            self.cancel(statement)
            self._drop(statement)

    def find(self, session: Session, query_id: str) -> RunningStatement | None:
        """A statement of the same user in the same account."""
        found = self._by_query.get(query_id)
        if found is None or found.session.tenant is not session.tenant:
            return None
        return found if found.session.context.user == session.context.user else None

    def find_request(self, session: Session, request_id: str) -> RunningStatement | None:
        """The statement of this session that this request started."""
        return self._by_request.get((session.context.session_id, request_id))

    @staticmethod
    def cancel(statement: RunningStatement) -> bool:
        """Stop it if it still runs; its answer is then 000604."""
        if statement.task is None or statement.task.done():
            return False
        statement.task.cancel()
        return True

    async def wait(self, statement: RunningStatement) -> bool:
        """Wait for the result as long as a request is held; False when it is not there yet."""
        if statement.task is not None and not statement.is_done:
            await asyncio.wait({statement.task}, timeout=self._settings.hold_seconds)
        return statement.is_done

    async def close(self) -> None:
        """End everything that runs."""
        tasks = [item.task for item in self._by_query.values() if self.cancel(item) and item.task]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, statement: RunningStatement, work: Work) -> None:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(None) as limit:
                timer = self._statement_timeout(statement, limit)
                try:
                    statement.data = await work(statement)
                finally:
                    if timer is not None:
                        timer.cancel()
        except SqlError as error:
            statement.error = error
        except TimeoutError:
            statement.error = self._timed_out(statement)
        except asyncio.CancelledError:
            # Only `cancel` does this: the client's abort, the session's end, or the server's.
            statement.error = SqlError("000604", "57014", "SQL execution canceled")
        except Exception as error:  # noqa: BLE001 - a defect in one statement must not end the server
            statement.error = SqlError(
                "000603", "XX000", f"SQL execution internal error: {type(error).__name__}: {error}"
            )
        finally:
            self.note(statement, time.perf_counter() - began)

    def _timeout_seconds(self, statement: RunningStatement) -> int:
        context = statement.session.context
        key = "STATEMENT_TIMEOUT_IN_SECONDS"
        text = context.parameters.get(key) or context.account.parameters.get(key) or "0"
        return int(text) if text.isdigit() else 0

    def _statement_timeout(
        self, statement: RunningStatement, limit: asyncio.Timeout
    ) -> asyncio.Task[None] | None:
        """Reschedule `limit` once STATEMENT_TIMEOUT_IN_SECONDS of the sandbox's clock are over."""
        seconds = self._timeout_seconds(statement)
        if not seconds:
            return None

        async def expire() -> None:
            await self._clock.sleep(seconds)
            limit.reschedule(asyncio.get_running_loop().time())

        return asyncio.create_task(expire())

    def _timed_out(self, statement: RunningStatement) -> SqlError:
        return SqlError(
            "000630",
            "57014",
            f"Statement reached its statement or warehouse timeout of "
            f"{self._timeout_seconds(statement)} second(s) and was canceled.",
        )

    def note(self, statement: RunningStatement, seconds: float) -> None:
        """Write the finished statement into the journal."""
        context = statement.session.context
        self._journal.add(
            JournalEntry(
                account=context.account.identifier,
                session_id=context.session_id,
                client=context.client,
                query_id=statement.query_id,
                text=mask_secrets(statement.text),
                at=statement.started_at,
                seconds=seconds,
                code=statement.error.code if statement.error else "",
            )
        )


def answer(statement: RunningStatement, table: Table, parameters: list[JsonObject]) -> JsonObject:
    """The `data` of a statement that returned a table (contract 6.4)."""
    context = statement.session.context
    rows = rowset(table)
    found: dict[str, Any] = {
        "parameters": parameters,
        "rowtype": rowtype(table),
        "rowset": rows,
        "total": len(rows),
        "returned": len(rows),
        "queryId": statement.query_id,
        "databaseProvider": None,
        "finalDatabaseName": context.database,
        "finalSchemaName": context.schema,
        "finalWarehouseName": context.warehouse,
        "finalRoleName": context.role,
        "numberOfBinds": 0,
        "arrayBindSupported": False,
        "statementTypeId": 4096,
        "version": 1,
        "sendResultTime": int(time.time() * 1000),
        "queryResultFormat": "json",
    }
    return found
