"""The answer to each statement: one dispatch, by what the statement is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue import functions, jobs, stages
from spcs_worker_tui.sandbox.catalogue.context import Context
from spcs_worker_tui.sandbox.catalogue.dispatch import BY_OBJECT, BY_STATEMENT
from spcs_worker_tui.sandbox.results import Table, unsupported
from spcs_worker_tui.sandbox.sql.ast import (
    Alter,
    Call,
    Create,
    Describe,
    Drop,
    ExecuteJobService,
    Select,
    Show,
    StagePath,
    Statement,
)

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account, Stage
    from spcs_worker_tui.sandbox.catalogue.platform import Platform
    from spcs_worker_tui.sandbox.catalogue.session import SessionContext


class Executor:
    """Answers the statements of every session of one account.

    Args:
        account: What is read and changed; nothing else may write its desired state.
        platform: Makes the desired state true, and has the logs.
        missing_image_code: See `Context`.
    """

    def __init__(
        self, account: Account, platform: Platform, *, missing_image_code: str = "395018"
    ) -> None:
        self._account = account
        self._platform = platform
        self._missing_image_code = missing_image_code

    async def execute(self, statement: Statement, session: SessionContext) -> Table:
        """Answer one statement; those that wait do so here.

        PUT and RESULT_SCAN belong to whoever speaks with the client and keeps results.

        Raises:
            SqlError: It was refused, and nothing was changed.
            asyncio.CancelledError: It was aborted while it waited.
        """
        context = self._context(session)
        match statement:
            case ExecuteJobService():
                return await jobs.execute_job(context, statement)
            case Select():
                return await functions.select(context, statement)
            case Call():
                return await functions.call(context, statement)
            case _:
                return _answer(context, statement)

    def resolve_stage(self, session: SessionContext, path: StagePath, privilege: str) -> Stage:
        """The stage of a path, for a role that holds READ or WRITE on it.

        Raises:
            SqlError: 002003, 003001, 090105, 090106.
        """
        return stages.resolve_stage(self._context(session), path, privilege)

    def _context(self, session: SessionContext) -> Context:
        return Context(self._account, self._platform, session, self._missing_image_code)


def _answer(context: Context, statement: Statement) -> Table:
    """Statements that wait for nothing."""
    kind = type(statement)
    if isinstance(statement, (Show, Describe, Create, Alter, Drop)):
        by_object = BY_OBJECT[kind]
        if statement.kind not in by_object:
            raise unsupported(f"{kind.__name__.upper()} {statement.kind}")
        return by_object[statement.kind](context, statement)
    if kind not in BY_STATEMENT:
        raise unsupported(kind.__name__.upper())
    return BY_STATEMENT[kind](context, statement)
