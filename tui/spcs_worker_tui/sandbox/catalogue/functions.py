"""Context functions and SYSTEM$… functions that need no table (contract 1.4 to 1.6)."""

from __future__ import annotations

from collections.abc import Callable

from spcs_worker_tui.sandbox.catalogue.context import Context
from spcs_worker_tui.sandbox.results import Column, Kind, SqlError, Table, Value
from spcs_worker_tui.sandbox.sql.ast import Call, Select

SERVER_VERSION = "9.36.1"


_CONTEXT_FUNCTIONS: dict[str, tuple[Kind, Callable[[Context], Value]]] = {
    "CURRENT_ACCOUNT": (Kind.TEXT, lambda context: context.account.locator),
    "CURRENT_ACCOUNT_NAME": (Kind.TEXT, lambda context: context.account.name),
    "CURRENT_ORGANIZATION_NAME": (Kind.TEXT, lambda context: context.account.organization),
    "CURRENT_REGION": (Kind.TEXT, lambda context: context.account.region),
    "CURRENT_USER": (Kind.TEXT, lambda context: context.session.user),
    "CURRENT_ROLE": (Kind.TEXT, lambda context: context.session.role),
    "CURRENT_DATABASE": (Kind.TEXT, lambda context: context.session.database),
    "CURRENT_SCHEMA": (Kind.TEXT, lambda context: context.session.schema),
    "CURRENT_WAREHOUSE": (Kind.TEXT, lambda context: context.session.warehouse),
    "CURRENT_SESSION": (Kind.TEXT, lambda context: str(context.session.session_id)),
    "CURRENT_CLIENT": (Kind.TEXT, lambda context: context.session.client),
    "CURRENT_VERSION": (Kind.TEXT, lambda _: SERVER_VERSION),
    "CURRENT_TIMESTAMP": (Kind.TIMESTAMP_LTZ, lambda context: context.now),
}


async def evaluate(context: Context, call: Call) -> tuple[Kind, Value]:
    """The value of one function call.

    Raises:
        SqlError: 002140 for a function that is not known; whatever the function itself says.
    """
    if call.function in _CONTEXT_FUNCTIONS and not call.args:
        kind, read = _CONTEXT_FUNCTIONS[call.function]
        return kind, read(context)
    raise unknown_function(call.function)


def unknown_function(name: str) -> SqlError:
    """002140 (42601): there is no function of that name."""
    return SqlError("002140", "42601", f"SQL compilation error:\nUnknown function {name}")


async def select(context: Context, statement: Select) -> Table:
    """`SELECT <literal or call>, …` without FROM: one row.

    Raises:
        SqlError: As `evaluate`.
    """
    columns, row = [], []
    for item in statement.items:
        if item.call is not None:
            kind, value = await evaluate(context, item.call)
        else:
            kind, value = _literal_kind(item.literal), item.literal
        columns.append(Column(item.column, kind))
        row.append(value)
    return Table(tuple(columns), (tuple(row),))


async def call(context: Context, statement: Call) -> Table:
    """`CALL f(…)`: one column named after the function.

    Raises:
        SqlError: As `evaluate`.
    """
    kind, value = await evaluate(context, statement)
    return Table((Column(statement.function, kind),), ((value,),))


def _literal_kind(value: Value) -> Kind:
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, int):
        return Kind.FIXED
    return Kind.REAL if isinstance(value, float) else Kind.TEXT
