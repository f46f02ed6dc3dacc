"""What the account's event table shows: SPCS_GET_LOGS, SPCS_GET_EVENTS, and the table itself.

Everything here needs a warehouse (contract 1.6): it is read from tables, not from metadata.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue.parameters import of_service, value_for
from spcs_worker_tui.sandbox.catalogue.refusals import refused
from spcs_worker_tui.sandbox.catalogue.show_services import find_service
from spcs_worker_tui.sandbox.results import Column, Kind, SqlError, Table, Value, unsupported

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Event, Service
    from spcs_worker_tui.sandbox.catalogue.platform import LogRecord
    from spcs_worker_tui.sandbox.sql.ast import Call, PropertyValue, SelectFromService

_WINDOW = timedelta(days=1)

LOG_COLUMNS = (
    Column("TIMESTAMP", Kind.TIMESTAMP_NTZ),
    Column("INSTANCE_ID", Kind.FIXED),
    Column("CONTAINER_NAME"),
    Column("LOG"),
    Column("RECORD_ATTRIBUTES", Kind.OBJECT),
)
EVENT_COLUMNS = (
    Column("TIMESTAMP", Kind.TIMESTAMP_NTZ),
    Column("SEVERITY"),
    Column("EVENT_NAME"),
    Column("EVENT_DETAILS", Kind.OBJECT),
    Column("INSTANCE_ID", Kind.FIXED),
    Column("CONTAINER_NAME"),
    Column("RECORD", Kind.OBJECT),
    Column("RECORD_ATTRIBUTES", Kind.OBJECT),
)
METRIC_COLUMNS = (
    Column("TIMESTAMP", Kind.TIMESTAMP_NTZ),
    Column("METRIC_NAME"),
    Column("VALUE"),
    Column("UNIT"),
    Column("INSTANCE_ID", Kind.FIXED),
    Column("CONTAINER_NAME"),
    Column("RESOURCE", Kind.OBJECT),
    Column("RECORD", Kind.OBJECT),
    Column("RECORD_ATTRIBUTES", Kind.OBJECT),
)


def require_warehouse(context: Context) -> None:
    """Refuse when the session has no warehouse.

    Raises:
        SqlError: 000606.
    """
    if context.session.warehouse not in context.account.warehouses:
        raise SqlError(
            "000606",
            "57P03",
            "No active warehouse selected in the current session.  Select an active warehouse "
            "with the 'use warehouse' command.",
        )


def naive(moment: datetime) -> datetime:
    """As TIMESTAMP_NTZ has it: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def as_json(value: object) -> str:
    """An OBJECT on the wire."""
    return json.dumps(value, separators=(",", ":"))


def select_from_service(context: Context, statement: SelectFromService) -> Table:
    """`SELECT … FROM TABLE(<service>!SPCS_GET_…([START_TIME => …] [, END_TIME => …]))`.

    Raises:
        SqlError: 000606 without a warehouse, 002003, 003001, 000904 for a column.
    """
    call = statement.call
    if call.service is None:
        raise unsupported(f"TABLE({call.function})")
    service = find_service(context, call.service, "SELECT", ("MONITOR",))
    require_warehouse(context)
    start, end = _window(context, call)
    columns: Sequence[Column]
    match call.function:
        case "SPCS_GET_LOGS":
            columns, rows = LOG_COLUMNS, _log_rows(context, service, start, end)
        case "SPCS_GET_EVENTS":
            columns, rows = EVENT_COLUMNS, _event_rows(context, service, start, end)
        case "SPCS_GET_METRICS":
            # The sandbox measures nothing, as with an account that has not opted in.
            columns, rows = METRIC_COLUMNS, []
        case _:
            raise SqlError(
                "002140", "42601", f"SQL compilation error:\nUnknown function {call.function}"
            )
    return projected(columns, rows[: statement.limit], statement.columns)


def projected(
    columns: Sequence[Column], rows: Sequence[Sequence[Value]], wanted: Sequence[str]
) -> Table:
    """Only the columns that were asked for; all of them for `*`.

    Raises:
        SqlError: 000904.
    """
    names = [column.name for column in columns]
    for name in wanted:
        if name not in names:
            raise SqlError(
                "000904", "42000", f"SQL compilation error:\ninvalid identifier '{name}'"
            )
    kept = [names.index(name) for name in wanted] or list(range(len(names)))
    return Table(
        tuple(columns[index] for index in kept),
        [tuple(row[index] for index in kept) for row in rows],
    )


def _window(context: Context, call: Call) -> tuple[datetime, datetime]:
    for name in call.named:
        if name not in ("START_TIME", "END_TIME"):
            raise refused(f"Invalid argument name '{name}' for function '{call.function}'.")
    given: Mapping[str, PropertyValue] = {
        **dict(zip(("START_TIME", "END_TIME"), call.args, strict=False)),
        **call.named,
    }
    end = moment(given["END_TIME"]) if "END_TIME" in given else context.now
    start = moment(given["START_TIME"]) if "START_TIME" in given else context.now - _WINDOW
    return start, end


def moment(value: PropertyValue) -> datetime:
    """A timestamp in RFC 3339 or `YYYY-MM-DD HH:MM:SS`; UTC when it does not say.

    Raises:
        SqlError: 100035 for anything else.
    """
    try:
        parsed = datetime.fromisoformat(value.strip() if isinstance(value, str) else "")
    except ValueError:
        raise SqlError("100035", "22007", f"Timestamp '{value}' is not recognized") from None
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def exported(service: Service, records: Sequence[LogRecord]) -> Sequence[LogRecord]:
    """The lines that `logExporters` lets into the event table.

    stdout and stderr are not told apart here, so with ERROR nothing can be shown.
    """
    exporters = service.spec["spec"].get("logExporters", {})
    level = exporters.get("eventTableConfig", {}).get("logLevel", "INFO")
    return records if level == "INFO" else ()


def collected(context: Context, service: Service) -> Iterator[Event]:
    """The events of a service, oldest first, if a parameter turned them on (contract 2.3)."""
    sources = of_service(context, service)
    levels = [value_for(name, sources) for name in ("LOG_EVENT_LEVEL", "LOG_LEVEL")]
    level = next((found for found in levels if found != "OFF"), "OFF")
    if level == "OFF":
        return
    everything = level in ("TRACE", "DEBUG", "INFO")
    yield from (event for event in service.events if everything or event.severity == "ERROR")


def _log_rows(
    context: Context, service: Service, start: datetime, end: datetime
) -> list[tuple[Value, ...]]:
    records = exported(service, context.platform.log_records(service, start, end))
    attributes = as_json({"log.iostream": "stdout"})
    return [
        (
            naive(datetime.fromtimestamp(record.timestamp_ns / 1e9, UTC)),
            record.instance_id,
            record.container,
            record.text,
            attributes,
        )
        for record in reversed(records)
    ]


def _event_rows(
    context: Context, service: Service, start: datetime, end: datetime
) -> list[tuple[Value, ...]]:
    return [
        (
            naive(event.timestamp),
            event.severity,
            event.name,
            as_json({"message": event.message, "status": event.status}),
            event.instance_id,
            event.container_name,
            as_json({"name": event.name, "severity_text": event.severity}),
            as_json({}),
        )
        for event in reversed([*collected(context, service)])
        if start <= event.timestamp <= end
    ]
