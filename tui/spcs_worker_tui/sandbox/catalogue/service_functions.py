"""SYSTEM$ functions and methods that are about services (contract 1.4 to 1.6)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue.jobs import cancel_job
from spcs_worker_tui.sandbox.catalogue.listing import utc_text
from spcs_worker_tui.sandbox.catalogue.names import dotted
from spcs_worker_tui.sandbox.catalogue.properties import object_name
from spcs_worker_tui.sandbox.catalogue.refusals import EXECUTED, refused
from spcs_worker_tui.sandbox.catalogue.show_services import find_service
from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.sql.ast import Name, PropertyValue

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Container, Instance, Service

_STATUSES = frozenset(
    {
        "PENDING",
        "RUNNING",
        "FAILED",
        "DONE",
        "CANCELLING",
        "CANCELLED",
        "SUSPENDING",
        "SUSPENDED",
        "DELETING",
        "DELETED",
        "INTERNAL_ERROR",
    }
)
_LONGEST_WAIT = 7 * 24 * 3600
_MOST_LINES = 10**9


def require_arguments(
    function: str, arguments: Sequence[PropertyValue], least: int, most: int
) -> None:
    """Refuse a call with too few or too many arguments.

    Raises:
        SqlError: 000938 or 000939, as Snowflake counts arguments.
    """
    if len(arguments) < least:
        code, quantity, count = "000938", "not enough", least
    elif len(arguments) > most:
        code, quantity, count = "000939", "too many", most
    else:
        return
    raise SqlError(
        code,
        "22023",
        f"SQL compilation error:\n{quantity} arguments for function [{function}] expected {count}, "
        f"got {len(arguments)}",
    )


def _invalid_argument(function: str, position: int, expected: str) -> SqlError:
    return refused(f"Invalid argument {position} for function {function}: {expected} is expected.")


def _service(context: Context, function: str, argument: PropertyValue, *any_of: str) -> Service:
    if not isinstance(argument, (str, Name)) or not str(argument):
        raise _invalid_argument(function, 1, "the name of a service")
    return find_service(context, object_name(function, argument), function, any_of)


def _seconds(function: str, argument: PropertyValue, position: int) -> int:
    valid = isinstance(argument, int) and not isinstance(argument, bool)
    if not valid or not 0 <= int(str(argument)) <= _LONGEST_WAIT:
        raise _invalid_argument(function, position, "a number of seconds")
    return int(str(argument))


async def get_status(context: Context, arguments: Sequence[PropertyValue]) -> str:
    """`SYSTEM$GET_SERVICE_STATUS('svc' [, seconds])`: JSON, an object per container.

    Raises:
        SqlError: 002003, 003001, or about the arguments.
    """
    function = "SYSTEM$GET_SERVICE_STATUS"
    require_arguments(function, arguments, 1, 2)
    service = _service(context, function, arguments[0], "MONITOR")
    if len(arguments) > 1:
        within = _seconds(function, arguments[1], 2)
        if within:
            await context.platform.reached(service, {"RUNNING", "FAILED", "DONE"}, within)
    found = [
        _status_of(service, instance, container)
        for instance in service.instances
        for container in instance.containers
    ]
    return json.dumps(found, separators=(",", ":"))


def _status_of(service: Service, instance: Instance, container: Container) -> dict[str, object]:
    # TERMINATING is a status of SHOW only; this older function knows four (contract 1.4).
    known = container.status in ("PENDING", "READY", "FAILED", "DONE")
    return {
        "status": container.status if known else "UNKNOWN",
        "message": container.message,
        "containerName": container.name,
        "instanceId": str(instance.instance_id),
        "serviceName": service.key[2],
        "image": container.image,
        "restartCount": container.restart_count,
        "startTime": utc_text(container.start_time) or "",
    }


def get_logs(context: Context, arguments: Sequence[PropertyValue]) -> str:
    """`SYSTEM$GET_SERVICE_LOGS('svc', id, 'container' [, lines, previous, since, timestamps])`.

    Raises:
        SqlError: 002003, 003001, about the arguments, or from the log itself.
    """
    function = "SYSTEM$GET_SERVICE_LOGS"
    require_arguments(function, arguments, 3, 7)
    padded = [*arguments, *(None,) * (7 - len(arguments))]
    service = _service(context, function, padded[0], "MONITOR")
    container = padded[2]
    if not isinstance(container, str) or not container:
        raise _invalid_argument(function, 3, "the name of a container")
    return context.platform.read_log(
        service,
        _instance_id(function, padded[1]),
        container,
        lines=_lines(function, padded[3]),
        previous=_flag(function, padded[4], 5),
        since=_since(function, padded[5]),
        timestamps=_flag(function, padded[6], 7),
    )


def _instance_id(function: str, argument: PropertyValue) -> int:
    """`'0'` and `0` are both accepted."""
    text = "" if isinstance(argument, bool) else str(argument)
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(_MOST_LINES)):
        raise _invalid_argument(function, 2, "an instance id")
    return int(text)


def _lines(function: str, argument: PropertyValue) -> int | None:
    if argument is None:
        return None
    if isinstance(argument, bool) or not isinstance(argument, int):
        raise _invalid_argument(function, 4, "a number of lines")
    if not 0 < argument <= _MOST_LINES:
        raise _invalid_argument(function, 4, "a number of lines")
    return argument


def _flag(function: str, argument: PropertyValue, position: int) -> bool:
    if argument is None:
        return False
    if not isinstance(argument, bool):
        raise _invalid_argument(function, position, "TRUE or FALSE")
    return argument


def _since(function: str, argument: PropertyValue) -> datetime | None:
    """RFC 3339 with up to nine digits of a second, or `''`."""
    if argument is None or argument == "":
        return None
    try:
        since = datetime.fromisoformat(argument if isinstance(argument, str) else "")
    except ValueError:
        raise _invalid_argument(function, 6, "a timestamp such as 2024-10-22T01:12:29Z") from None
    return since if since.tzinfo is not None else since.replace(tzinfo=UTC)


async def wait_for_services(context: Context, arguments: Sequence[PropertyValue]) -> str:
    """`SYSTEM$WAIT_FOR_SERVICES(<seconds>, 's1' [, …])`: `OK`, or an error.

    Raises:
        SqlError: 002003, 003001, about the arguments, or when one is not ready in time.
    """
    function = "SYSTEM$WAIT_FOR_SERVICES"
    require_arguments(function, arguments, 2, 100)
    within = _seconds(function, arguments[0], 1)
    services = [_service(context, function, name, "MONITOR") for name in arguments[1:]]
    deadline = context.now.timestamp() + within
    for service in services:
        left = max(0.0, deadline - context.platform.clock.now().timestamp())
        if not await context.platform.reached(service, {"RUNNING"}, left):
            raise refused(f"Service '{dotted(service.key)}' is not ready: {service.status}.")
    return "OK"


async def wait_for(context: Context, name: Name, arguments: Sequence[PropertyValue]) -> str:
    """`<svc>!SPCS_WAIT_FOR('RUNNING', <seconds>)`.

    Raises:
        SqlError: 002003, 003001, about the arguments, or when the time was not enough.
    """
    function = "SPCS_WAIT_FOR"
    require_arguments(function, arguments, 2, 2)
    service = find_service(context, name, function, ("MONITOR",))
    wanted = arguments[0]
    if not isinstance(wanted, str) or wanted.upper() not in _STATUSES:
        raise _invalid_argument(function, 1, "a status of a service")
    within = _seconds(function, arguments[1], 2)
    if not await context.platform.reached(service, {wanted.upper()}, within):
        raise refused(
            f"Service '{dotted(service.key)}' did not reach {wanted.upper()} within {within} "
            f"seconds; its status is {service.status}."
        )
    return f"Service {service.key[2]} reached status {wanted.upper()}."


async def cancel(context: Context, name: Name, arguments: Sequence[PropertyValue]) -> str:
    """`<job>!SPCS_CANCEL_JOB()`.

    Raises:
        SqlError: 002003, 003001; a refusal for a service that is no job.
    """
    require_arguments("SPCS_CANCEL_JOB", arguments, 0, 0)
    cancel_job(context, find_service(context, name, "SPCS_CANCEL_JOB", ("OPERATE",)))
    return EXECUTED
