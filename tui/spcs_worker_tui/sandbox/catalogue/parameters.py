"""Parameters of sessions, the account and objects (contract 1.13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from spcs_worker_tui.sandbox.catalogue.grants import locate
from spcs_worker_tui.sandbox.catalogue.listing import Field, tabulate, text
from spcs_worker_tui.sandbox.catalogue.names import find_database, like
from spcs_worker_tui.sandbox.catalogue.refusals import executed, invalid_value
from spcs_worker_tui.sandbox.catalogue.show_services import find_service
from spcs_worker_tui.sandbox.results import SqlError, Table, does_not_exist, unsupported
from spcs_worker_tui.sandbox.sql.ast import AlterSession, Name, PropertyValue, Scope, Show

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Service


class _Parameter(NamedTuple):
    default: str
    type: str
    on: frozenset[str]
    description: str


_SESSION = frozenset({"SESSION", "USER", "ACCOUNT"})
_TELEMETRY = frozenset({"ACCOUNT", "DATABASE", "SCHEMA", "SERVICE", "SESSION", "USER"})
_BOTH = _SESSION | {"WAREHOUSE"}
_LARGEST_TIMEOUT = 604_800

KNOWN: Mapping[str, _Parameter] = {
    "AUTOCOMMIT": _Parameter(
        "true", "BOOLEAN", _SESSION, "Commits every statement that is not in a transaction."
    ),
    "CLIENT_SESSION_KEEP_ALIVE": _Parameter(
        "false", "BOOLEAN", _SESSION, "Keeps the session alive with heartbeats."
    ),
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": _Parameter(
        "3600", "NUMBER", _SESSION, "Seconds between two heartbeats."
    ),
    "CLIENT_TELEMETRY_ENABLED": _Parameter(
        "false", "BOOLEAN", _SESSION, "Whether clients send telemetry."
    ),
    "EVENT_TABLE": _Parameter(
        "snowflake.telemetry.events",
        "STRING",
        frozenset({"ACCOUNT", "DATABASE"}),
        "Table that collects events, logs and metrics.",
    ),
    "JSON_INDENT": _Parameter("2", "NUMBER", _SESSION, "Width of indentation in JSON output."),
    "LOG_EVENT_LEVEL": _Parameter(
        "OFF", "STRING", _TELEMETRY, "Severity from which platform events are collected."
    ),
    "LOG_LEVEL": _Parameter(
        "OFF", "STRING", _TELEMETRY, "Severity from which messages are collected."
    ),
    "METRIC_LEVEL": _Parameter("NONE", "STRING", _TELEMETRY, "Which metrics are collected."),
    "MULTI_STATEMENT_COUNT": _Parameter(
        "1", "NUMBER", _SESSION, "Number of statements in one request; 0 is any."
    ),
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": _Parameter(
        "ARROW", "STRING", _SESSION, "Format in which the Python connector gets its results."
    ),
    "PYTHON_CONNECTOR_USE_NANOARROW": _Parameter("true", "BOOLEAN", _SESSION, ""),
    "QUERY_TAG": _Parameter("", "STRING", _SESSION, "Text that tags the session's statements."),
    "QUOTED_IDENTIFIERS_IGNORE_CASE": _Parameter("false", "BOOLEAN", _SESSION, ""),
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": _Parameter(
        "0", "NUMBER", _BOTH, "Seconds that a statement may wait; 0 is for ever."
    ),
    "STATEMENT_TIMEOUT_IN_SECONDS": _Parameter(
        "172800", "NUMBER", _BOTH, "Seconds after which a statement is cancelled."
    ),
    "TIMESTAMP_OUTPUT_FORMAT": _Parameter(
        "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM", "STRING", _SESSION, "How moments are shown."
    ),
    "TIMEZONE": _Parameter("America/Los_Angeles", "STRING", _SESSION, "Time zone of the session."),
    "TRACE_LEVEL": _Parameter("OFF", "STRING", _TELEMETRY, "Which trace events are collected."),
}


def alter_session(context: Context, statement: AlterSession) -> Table:
    """`ALTER SESSION SET|UNSET`.

    Raises:
        SqlError: 001006 for a parameter that sessions do not have, 001008 for a value.
    """
    values = {name: _value(name, value) for name, value in statement.properties.items()}
    for name in statement.names:
        _of_session(name)
    context.session.parameters.update(values)
    for name in statement.names:
        context.session.parameters.pop(name, None)
    return executed()


def _of_session(name: str) -> _Parameter:
    parameter = KNOWN.get(name)
    if parameter is None or "SESSION" not in parameter.on:
        raise SqlError("001006", "22023", f"SQL compilation error:\ninvalid parameter '{name}'")
    return parameter


def _value(name: str, value: PropertyValue) -> str:
    parameter = _of_session(name)
    if isinstance(value, bool):
        written = str(value).lower()
    elif isinstance(value, (str, int, Name)):
        written = str(value)
    else:
        raise invalid_value(name, value)
    if parameter.type == "BOOLEAN" and written.lower() not in ("true", "false"):
        raise invalid_value(name, written)
    number = parameter.type == "NUMBER"
    too_long = len(written) > len(str(_LARGEST_TIMEOUT))
    if number and (not written.isdecimal() or too_long or int(written) > _LARGEST_TIMEOUT):
        raise invalid_value(name, written)
    return written


class _Row(NamedTuple):
    key: str
    value: str
    level: str
    parameter: _Parameter


_FIELDS: tuple[Field[_Row], ...] = (
    text("key", lambda row: row.key),
    text("value", lambda row: row.value),
    text("default", lambda row: row.parameter.default),
    text("level", lambda row: row.level),
    text("description", lambda row: row.parameter.description),
    text("type", lambda row: row.parameter.type),
)


def show_parameters(context: Context, show: Show) -> Table:
    """`SHOW PARAMETERS [LIKE …] [IN …]`.

    Raises:
        SqlError: 002003 for an object that is not there; 000002 for a kind without parameters.
    """
    scope = show.scope or Scope("SESSION")
    sources = _sources(context, scope)
    pattern = like(show.like) if show.like is not None else None
    rows = [
        _row(name, parameter, sources)
        for name, parameter in sorted(KNOWN.items())
        if scope.kind in parameter.on and (pattern is None or pattern.fullmatch(name))
    ]
    return tabulate(_FIELDS, rows)


_Source = tuple[str, Mapping[str, str]]


def _row(name: str, parameter: _Parameter, sources: Iterable[_Source]) -> _Row:
    for level, values in sources:
        if name in values:
            return _Row(name, values[name], level, parameter)
    return _Row(name, parameter.default, "", parameter)


def _sources(context: Context, scope: Scope) -> Sequence[_Source]:
    """Where a value may come from, innermost first."""
    account = ("ACCOUNT", context.account.parameters)
    match scope.kind:
        case "SESSION":
            return (("SESSION", context.session.parameters), account)
        case "ACCOUNT":
            return (account,)
        case "USER":
            user = scope.name.last if scope.name else context.session.user
            if user not in context.account.users:
                raise does_not_exist("User", user)
            return (account,)
        case "WAREHOUSE":
            locate(context, scope)
            return (account,)
        case "DATABASE" | "SCHEMA":
            return _of_place(context, _named(context, scope))
        case "SERVICE" if scope.name is not None:
            service = find_service(context, scope.name, "SHOW", ("USAGE", "MONITOR", "OPERATE"))
            return of_service(context, service)
        case _:
            raise unsupported(f"SHOW PARAMETERS IN {scope.kind}")


def _named(context: Context, scope: Scope) -> tuple[str, ...]:
    if scope.name is not None:
        return locate(context, scope).key
    current = (context.session.database, context.session.schema)
    place = [part for part in current[: 1 if scope.kind == "DATABASE" else 2] if part is not None]
    if not place:
        raise does_not_exist(scope.kind.title(), "")
    return tuple(place)


def _of_place(context: Context, place: tuple[str, ...]) -> Sequence[_Source]:
    database = find_database(context, place[0])
    sources = [("DATABASE", database.parameters), ("ACCOUNT", context.account.parameters)]
    if len(place) > 1:
        sources.insert(0, ("SCHEMA", database.schemas[place[1]].parameters))
    return sources


def of_service(context: Context, service: Service) -> Sequence[_Source]:
    """The parameters that hold for a service, innermost first."""
    own = {"LOG_LEVEL": service.log_level} if service.log_level is not None else {}
    return (("SERVICE", own), *_of_place(context, service.key[:2]))


def value_for(name: str, sources: Iterable[_Source]) -> str:
    """The value of a parameter where it is set innermost, or its default."""
    return _row(name, KNOWN[name], sources).value
