"""SELECT on the few tables that the sandbox has: the event table, INFORMATION_SCHEMA.SERVICES."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.catalogue.names import find_database, like, visible
from spcs_worker_tui.sandbox.catalogue.privileges import holds
from spcs_worker_tui.sandbox.catalogue.show_services import dns_name
from spcs_worker_tui.sandbox.catalogue.table_functions import (
    as_json,
    collected,
    exported,
    moment,
    naive,
    require_warehouse,
)
from spcs_worker_tui.sandbox.results import (
    Column,
    Kind,
    SqlError,
    Table,
    Value,
    does_not_exist,
    no_current_database,
    unsupported,
)

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Service
    from spcs_worker_tui.sandbox.sql.ast import Literal, SelectFromTable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Row = Mapping[str, Any]

EVENT_TABLE = ("SNOWFLAKE", "TELEMETRY", "EVENTS")
_EVENT_TABLE_COLUMNS = (
    Column("TIMESTAMP", Kind.TIMESTAMP_NTZ),
    Column("START_TIMESTAMP", Kind.TIMESTAMP_NTZ),
    Column("OBSERVED_TIMESTAMP", Kind.TIMESTAMP_NTZ),
    Column("TRACE", Kind.OBJECT),
    Column("RESOURCE", Kind.OBJECT),
    Column("RESOURCE_ATTRIBUTES", Kind.OBJECT),
    Column("SCOPE", Kind.OBJECT),
    Column("SCOPE_ATTRIBUTES", Kind.OBJECT),
    Column("RECORD_TYPE"),
    Column("RECORD", Kind.OBJECT),
    Column("RECORD_ATTRIBUTES", Kind.OBJECT),
    Column("VALUE", Kind.VARIANT),
    Column("EXEMPLARS", Kind.ARRAY),
)
_SERVICES_COLUMNS = (
    Column("SERVICE_CATALOG"),
    Column("SERVICE_SCHEMA"),
    Column("SERVICE_NAME"),
    Column("SERVICE_OWNER"),
    Column("SERVICE_OWNER_ROLE_TYPE"),
    Column("COMPUTE_POOL_NAME"),
    Column("DNS_NAME"),
    Column("CURRENT_INSTANCES", Kind.FIXED),
    Column("TARGET_INSTANCES", Kind.FIXED),
    Column("MIN_READY_INSTANCES", Kind.FIXED),
    Column("MIN_INSTANCES", Kind.FIXED),
    Column("MAX_INSTANCES", Kind.FIXED),
    Column("AUTO_RESUME", Kind.BOOLEAN),
    Column("QUERY_WAREHOUSE"),
    Column("CREATED", Kind.TIMESTAMP_LTZ),
    Column("LAST_ALTERED", Kind.TIMESTAMP_LTZ),
    Column("LAST_RESUMED", Kind.TIMESTAMP_LTZ),
    Column("COMMENT"),
    Column("IS_JOB", Kind.BOOLEAN),
    Column("SPEC_DIGEST"),
    Column("IS_UPGRADING", Kind.BOOLEAN),
    Column("MANAGING_OBJECT_DOMAIN"),
    Column("MANAGING_OBJECT_NAME"),
)

_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "ILIKE": lambda value, pattern: like(str(pattern)).fullmatch(str(value)) is not None,
}


def select_from_table(context: Context, statement: SelectFromTable) -> Table:
    """`SELECT … FROM <event table | INFORMATION_SCHEMA.SERVICES> [WHERE …]`.

    Raises:
        SqlError: 002003 for every other table, 000606 without a warehouse, 000904 for a column.
    """
    parts = statement.table.parts
    columns: Sequence[Column]
    if parts == EVENT_TABLE:
        columns, rows = _EVENT_TABLE_COLUMNS, [*_event_table(context)]
    elif parts[-2:] == ("INFORMATION_SCHEMA", "SERVICES"):
        database = parts[0] if len(parts) > len(parts[-2:]) else context.session.database
        if database is None:
            raise no_current_database("SELECT")
        columns, rows = _SERVICES_COLUMNS, [*_services(context, database)]
    else:
        raise does_not_exist("Object", str(statement.table))
    require_warehouse(context)
    for column, operation, literal in statement.where:
        rows = [row for row in rows if _holds(_cell(row, column), operation, literal)]
    for column, descending in reversed(statement.order_by):
        # NULLs come last ascending and first descending.
        rows.sort(key=partial(_order, column), reverse=descending)
    return _table(columns, rows[: statement.limit], statement.columns)


def _cell(row: _Row, path: str) -> Any:
    """A column, or `COLUMN:key` inside an object."""
    name, _, key = path.partition(":")
    if name not in row:
        raise SqlError("000904", "42000", f"SQL compilation error:\ninvalid identifier '{name}'")
    value = row[name]
    if not key:
        return value
    return value.get(key) if isinstance(value, Mapping) else None


def _order(column: str, row: _Row) -> tuple[bool, str]:
    value = _cell(row, column)
    return value is None, value.isoformat() if isinstance(value, datetime) else str(value)


def _holds(value: Any, operation: str, literal: Literal) -> bool:
    if operation not in _OPERATORS:
        raise unsupported(f"{operation} in WHERE")
    if value is None or literal is None:
        return False
    if isinstance(value, datetime):
        given = moment(literal if isinstance(literal, str) else None)
        return _OPERATORS[operation](value, given if value.tzinfo else naive(given))
    if isinstance(value, str):
        return _OPERATORS[operation](value, str(literal))
    if isinstance(value, int) and isinstance(literal, (bool, int, float)):
        return _OPERATORS[operation](value, literal)
    return False


def _table(columns: Sequence[Column], rows: Sequence[_Row], wanted: Sequence[str]) -> Table:
    known = {column.name: column for column in columns}
    shown = [*wanted] or [*known]
    for name in shown:
        if name.partition(":")[0] not in known:
            raise SqlError(
                "000904", "42000", f"SQL compilation error:\ninvalid identifier '{name}'"
            )
    heads = tuple(known.get(name, Column(name, Kind.VARIANT)) for name in shown)
    return Table(heads, [tuple(_shown(_cell(row, name)) for name in shown) for row in rows])


def _shown(value: Any) -> Value:
    if isinstance(value, Mapping):
        return as_json(dict(value))
    shown: Value = value
    return shown


def _services(context: Context, database: str) -> Iterator[_Row]:
    place = find_database(context, database).name
    names = [column.name for column in _SERVICES_COLUMNS]
    for service in visible(context, context.account.services.values()):
        if service.key[0] != place:
            continue
        values = (
            *service.key,
            service.grants.owner,
            "ROLE",
            service.compute_pool,
            dns_name(context, service),
            service.current_instances,
            service.target_instances,
            service.min_ready_instances,
            service.min_instances,
            service.max_instances,
            service.auto_resume,
            service.query_warehouse,
            service.created_on,
            service.updated_on,
            service.resumed_on,
            service.comment,
            service.is_job,
            service.spec_digest,
            service.is_upgrading,
            None,
            None,
        )
        yield dict(zip(names, values, strict=True))


def _event_table(context: Context) -> Iterator[_Row]:
    """Logs and events of the services that the role may monitor."""
    empty = dict.fromkeys(column.name for column in _EVENT_TABLE_COLUMNS)
    for service in visible(context, context.account.services.values()):
        if not holds(context.roles, service.grants, ("MONITOR",)):
            continue
        records = context.platform.log_records(service, _EPOCH, context.now)
        for record in exported(service, records):
            when = naive(datetime.fromtimestamp(record.timestamp_ns / 1e9, UTC))
            yield {
                **empty,
                "TIMESTAMP": when,
                "OBSERVED_TIMESTAMP": when,
                "RESOURCE_ATTRIBUTES": _resource(service, record.instance_id, record.container),
                "RECORD_TYPE": "LOG",
                "RECORD": {"severity_text": "INFO"},
                "RECORD_ATTRIBUTES": {"log.iostream": "stdout"},
                "VALUE": as_json(record.text),
            }
        for event in collected(context, service):
            when = naive(event.timestamp)
            yield {
                **empty,
                "TIMESTAMP": when,
                "OBSERVED_TIMESTAMP": when,
                "RESOURCE_ATTRIBUTES": _resource(service, event.instance_id, event.container_name),
                "SCOPE": {"name": "snow.spcs.platform"},
                "RECORD_TYPE": "EVENT",
                "RECORD": {"name": event.name, "severity_text": event.severity},
                "RECORD_ATTRIBUTES": {},
                "VALUE": as_json({"message": event.message, "status": event.status}),
            }


def _resource(service: Service, instance_id: int | None, container: str | None) -> dict[str, str]:
    database, schema, name = service.key
    attributes = {
        "snow.database.name": database,
        "snow.schema.name": schema,
        "snow.service.name": name,
        "snow.service.type": "Job" if service.is_job else "Service",
        "snow.compute_pool.name": service.compute_pool,
    }
    if instance_id is not None:
        attributes["snow.service.instance"] = str(instance_id)
    if container is not None:
        attributes["snow.service.container.name"] = container
    return attributes
