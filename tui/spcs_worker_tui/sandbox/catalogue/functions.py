"""Context functions, SYSTEM$… functions and the methods of services (contract 1.4 to 1.6)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue import service_functions
from spcs_worker_tui.sandbox.catalogue.compute_pools import find_pool
from spcs_worker_tui.sandbox.catalogue.names import find_schema, invalid_identifier, schema_of
from spcs_worker_tui.sandbox.catalogue.properties import object_name
from spcs_worker_tui.sandbox.catalogue.service_functions import require_arguments
from spcs_worker_tui.sandbox.results import Column, Kind, SqlError, Table, Value
from spcs_worker_tui.sandbox.sql.ast import Call, Name, PropertyValue, Select

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context

SERVER_VERSION = "9.36.1"
"""What CURRENT_VERSION() says; the login answer should say the same."""

_Arguments = Sequence[PropertyValue]
_CONTEXT_FUNCTIONS: Mapping[str, tuple[Kind, Callable[[Context], Value]]] = {
    "CURRENT_ACCOUNT": (Kind.TEXT, lambda context: context.account.locator),
    "CURRENT_ACCOUNT_NAME": (Kind.TEXT, lambda context: context.account.name),
    "CURRENT_ORGANIZATION_NAME": (Kind.TEXT, lambda context: context.account.organization),
    "CURRENT_REGION": (Kind.TEXT, lambda context: context.account.region),
    "CURRENT_USER": (Kind.TEXT, lambda context: context.session.user),
    "CURRENT_ROLE": (Kind.TEXT, lambda context: context.session.role),
    "CURRENT_ROLE_TYPE": (Kind.TEXT, lambda _: "ROLE"),
    "CURRENT_SECONDARY_ROLES": (Kind.TEXT, lambda _: '{"roles":"","value":""}'),
    "CURRENT_DATABASE": (Kind.TEXT, lambda context: context.session.database),
    "CURRENT_SCHEMA": (Kind.TEXT, lambda context: context.session.schema),
    "CURRENT_WAREHOUSE": (Kind.TEXT, lambda context: context.session.warehouse),
    "CURRENT_SESSION": (Kind.TEXT, lambda context: str(context.session.session_id)),
    "CURRENT_CLIENT": (Kind.TEXT, lambda context: context.session.client),
    "CURRENT_VERSION": (Kind.TEXT, lambda _: SERVER_VERSION),
    "CURRENT_TIMESTAMP": (Kind.TIMESTAMP_LTZ, lambda context: context.now),
    "CURRENT_AVAILABLE_ROLES": (Kind.TEXT, lambda context: json.dumps(sorted(context.roles))),
}


def _dns_domain(context: Context, arguments: _Arguments) -> str:
    """`SYSTEM$GET_SERVICE_DNS_DOMAIN('db.schema')`."""
    require_arguments("SYSTEM$GET_SERVICE_DNS_DOMAIN", arguments, 1, 1)
    name = object_name("SYSTEM$GET_SERVICE_DNS_DOMAIN", arguments[0])
    place = schema_of(context.session, name, "SYSTEM$GET_SERVICE_DNS_DOMAIN")
    return f"{find_schema(context, *place).dns_hash}.svc.spcs.internal"


def _pool_status(context: Context, arguments: _Arguments) -> str:
    """`SYSTEM$GET_COMPUTE_POOL_STATUS('pool')`."""
    require_arguments("SYSTEM$GET_COMPUTE_POOL_STATUS", arguments, 1, 1)
    name = object_name("SYSTEM$GET_COMPUTE_POOL_STATUS", arguments[0])
    pool = find_pool(context, name, ("MONITOR",))
    return json.dumps({"status": pool.state, "message": pool.status_message})


def _pending_maintenance(_context: Context, arguments: _Arguments) -> str:
    """`SYSTEM$GET_COMPUTE_POOL_PENDING_MAINTENANCE()`: there is none here."""
    require_arguments("SYSTEM$GET_COMPUTE_POOL_PENDING_MAINTENANCE", arguments, 0, 0)
    return "[]"


_FUNCTIONS: Mapping[str, Callable[[Context, _Arguments], Value]] = {
    "SYSTEM$GET_SERVICE_LOGS": service_functions.get_logs,
    "SYSTEM$GET_SERVICE_DNS_DOMAIN": _dns_domain,
    "SYSTEM$GET_COMPUTE_POOL_STATUS": _pool_status,
    "SYSTEM$GET_COMPUTE_POOL_PENDING_MAINTENANCE": _pending_maintenance,
}
_WAITING_FUNCTIONS: Mapping[str, Callable[[Context, _Arguments], Awaitable[Value]]] = {
    "SYSTEM$GET_SERVICE_STATUS": service_functions.get_status,
    "SYSTEM$WAIT_FOR_SERVICES": service_functions.wait_for_services,
}
_METHODS: Mapping[str, Callable[[Context, Name, _Arguments], Awaitable[Value]]] = {
    "SPCS_WAIT_FOR": service_functions.wait_for,
    "SPCS_CANCEL_JOB": service_functions.cancel,
}


async def evaluate(context: Context, call: Call) -> tuple[Kind, Value]:
    """The value of one function call.

    Raises:
        SqlError: 002140 for a function that is not known; whatever the function itself says.
    """
    if call.named:
        raise invalid_identifier(next(iter(call.named)))
    if call.service is not None:
        if call.function not in _METHODS:
            raise unknown_function(call.function)
        return Kind.TEXT, await _METHODS[call.function](context, call.service, call.args)
    if call.function in _CONTEXT_FUNCTIONS:
        require_arguments(call.function, call.args, 0, 0)
        kind, read = _CONTEXT_FUNCTIONS[call.function]
        return kind, read(context)
    if call.function in _FUNCTIONS:
        return Kind.TEXT, _FUNCTIONS[call.function](context, call.args)
    if call.function in _WAITING_FUNCTIONS:
        return Kind.TEXT, await _WAITING_FUNCTIONS[call.function](context, call.args)
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
