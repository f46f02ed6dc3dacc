"""What a query request does: parse, run each statement, answer (contract 6.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.results import SqlError, Table
from spcs_worker_tui.sandbox.sql.ast import (
    Literal,
    Put,
    Select,
    SelectFromResult,
    Statement,
)
from spcs_worker_tui.sandbox.sql.parser import parse
from spcs_worker_tui.sandbox.wire.login import apply_changes
from spcs_worker_tui.sandbox.wire.parameters import session_parameters
from spcs_worker_tui.sandbox.wire.statements import (
    RunningStatement,
    StatementRegistry,
    Work,
    answer,
)

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.wire.envelope import JsonObject
    from spcs_worker_tui.sandbox.wire.sessions import Session
    from spcs_worker_tui.sandbox.wire.uploads import Uploads

_MULTI_STATEMENT_TYPE = 40960


class QueryRunner:
    """Turns a request's text into work for the registry."""

    def __init__(self, registry: StatementRegistry, uploads: Uploads) -> None:
        self._registry = registry
        self._uploads = uploads

    def work(self, body: JsonObject, base_url: str) -> Work:
        """What one request asks for.

        Args:
            body: The request (contract 6.4).
            base_url: How this client reaches the server, for upload addresses.
        """

        async def run(running: RunningStatement) -> JsonObject:
            statements = parse(running.text, binds_of(body.get("bindings")))
            _check_count(statements, running.session, body.get("parameters"))
            if body.get("describeOnly"):
                raise SqlError("000002", "0A000", "Unsupported feature 'DESCRIBE ONLY'.")
            if len(statements) > 1:
                return await self._run_several(running, statements, base_url)
            data = await self._run_one(running, statements[0], base_url)
            running.session.last_query_id = running.query_id
            return data

        return run

    async def _run_several(
        self, parent: RunningStatement, statements: Sequence[Statement], base_url: str
    ) -> JsonObject:
        """One after the other; each has a query id of its own, from which its result is fetched."""
        children: list[RunningStatement] = []
        for statement in statements:
            child = self._registry.add(parent.session, parent.text)
            children.append(child)
            try:
                child.data = await self._run_one(child, statement, base_url)
            except SqlError as error:
                child.error = error
                raise
            parent.session.last_query_id = child.query_id
        parent.children = children
        status = Table((), ())
        data = answer(parent, status, session_parameters(parent.session.context))
        data["statementTypeId"] = _MULTI_STATEMENT_TYPE
        data["resultIds"] = ",".join(child.query_id for child in children)
        data["resultTypes"] = ",".join("4096" for _ in children)
        return data

    async def _run_one(
        self, running: RunningStatement, statement: Statement, base_url: str
    ) -> JsonObject:
        session = running.session
        if isinstance(statement, Put):
            stage = session.tenant.executor.resolve_stage(
                session.context, statement.target, "WRITE"
            )
            offer = self._uploads.offer(statement, stage, base_url)
            return {**answer(running, Table(()), session_parameters(session.context)), **offer}
        if isinstance(statement, SelectFromResult):
            table = self._scan(session, statement)
        else:
            statement = _with_last_query_id(statement, session)
            table = await session.tenant.executor.execute(statement, session.context)
            apply_changes(session.context, table.session_changes)
        running.table = table
        return answer(running, table, session_parameters(session.context))

    def _scan(self, session: Session, statement: SelectFromResult) -> Table:
        query_id = statement.query_id or session.last_query_id or ""
        found = self._registry.find(session, query_id)
        if found is None or not found.is_done:
            raise SqlError("000709", "02000", f"Statement {query_id} not found", line=-1, pos=-1)
        if found.error is not None:
            raise found.error
        if found.table is None:
            raise SqlError("000709", "02000", f"Statement {query_id} has no result to scan")
        return _project(found.table, statement.columns)


def _project(table: Table, columns: Sequence[str]) -> Table:
    if not columns:
        return table
    names = [column.name for column in table.columns]
    for column in columns:
        if column not in names:
            raise SqlError(
                "000904",
                "42000",
                f"SQL compilation error: error line 1 at position 7\ninvalid identifier '{column}'",
            )
    places = [names.index(column) for column in columns]
    return Table(
        [table.columns[place] for place in places],
        [[row[place] for place in places] for row in table.rows],
    )


def _with_last_query_id(statement: Statement, session: Session) -> Statement:
    """LAST_QUERY_ID() is known here and nowhere else."""
    if not isinstance(statement, Select):
        return statement
    return Select(
        tuple(
            replace(item, call=None, literal=session.last_query_id)
            if item.call is not None and item.call.function == "LAST_QUERY_ID"
            else item
            for item in statement.items
        )
    )


def _check_count(
    statements: Sequence[Statement], session: Session, parameters: Mapping[str, Any] | None
) -> None:
    """Several statements are accepted only when the client said how many; 0 is any number."""
    wanted_text = str(
        (parameters or {}).get(
            "MULTI_STATEMENT_COUNT", session.context.parameters.get("MULTI_STATEMENT_COUNT", "1")
        )
    )
    wanted = int(wanted_text) if wanted_text.isdigit() else 1
    if wanted not in (0, len(statements)):
        raise SqlError(
            "000008",
            "0A000",
            f"Actual statement count {len(statements)} did not match the desired statement count "
            f"{wanted}.",
        )


def binds_of(bindings: object) -> list[Literal]:
    """The request's `bindings`, `{"1": {"type": "TEXT", "value": "…"}}`, in order."""
    if not isinstance(bindings, dict):
        return []
    found: list[Literal] = []
    for number in range(1, len(bindings) + 1):
        bind = bindings.get(str(number))
        if not isinstance(bind, dict):
            break
        found.append(_bind(str(bind.get("type", "TEXT")).upper(), bind.get("value")))
    return found


def _bind(kind: str, value: object) -> Literal:
    if value is None:
        return None
    text = str(value)
    try:
        if kind == "FIXED":
            return int(text)
        if kind == "REAL":
            return float(text)
    except ValueError:
        raise SqlError("100038", "22018", f"Numeric value '{text}' is not recognized") from None
    if kind == "BOOLEAN":
        return text.lower() in ("true", "1")
    if isinstance(value, list):
        raise SqlError("000002", "0A000", "Unsupported feature 'ARRAY BINDING'.")
    return text
