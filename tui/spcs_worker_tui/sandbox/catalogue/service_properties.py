"""What CREATE, SET and UNSET may say about a service (contract 1.7, 1.8)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.catalogue.names import account_level_name
from spcs_worker_tui.sandbox.catalogue.privileges import require
from spcs_worker_tui.sandbox.catalogue.properties import (
    comment,
    items,
    object_name,
    truth,
    whole_number,
    word,
)
from spcs_worker_tui.sandbox.catalogue.refusals import invalid_value, refused
from spcs_worker_tui.sandbox.results import does_not_exist
from spcs_worker_tui.sandbox.sql.ast import Name, PropertyValue

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Service

LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF")
_MAX_INTEGRATIONS = 10
_SHORTEST_AUTO_SUSPEND = 300


@dataclass(frozen=True, slots=True)
class ServiceProperties:
    """The settings of a service that statements can change; the values are the defaults.

    `min_ready_instances` and `max_instances` follow `min_instances` while they are None.
    """

    min_instances: int = 1
    max_instances: int | None = None
    min_ready_instances: int | None = None
    auto_resume: bool = True
    auto_suspend_secs: int = 0
    external_access_integrations: tuple[str, ...] = ()
    query_warehouse: str | None = None
    log_level: str | None = None
    comment: str | None = None

    def apply_to(self, service: Service) -> None:
        """Write them into the service.

        Raises:
            SqlError: 001008 for numbers of instances that contradict each other.
        """
        most = self.min_instances if self.max_instances is None else self.max_instances
        ready = self.min_instances if self.min_ready_instances is None else self.min_ready_instances
        if self.min_instances > most:
            raise invalid_value("MIN_INSTANCES", self.min_instances)
        if ready > self.min_instances:
            raise invalid_value("MIN_READY_INSTANCES", ready)
        if self.auto_suspend_secs and _has_public_endpoint(service):
            raise refused("AUTO_SUSPEND_SECS cannot be set on a service with public endpoints.")
        service.min_instances, service.max_instances = self.min_instances, most
        service.min_ready_instances = ready
        service.auto_resume = self.auto_resume
        service.auto_suspend_secs = self.auto_suspend_secs
        service.external_access_integrations = list(self.external_access_integrations)
        service.query_warehouse = self.query_warehouse
        service.log_level = self.log_level
        service.comment = self.comment


def properties_of(service: Service) -> ServiceProperties:
    """What the service has now."""
    return ServiceProperties(
        min_instances=service.min_instances,
        max_instances=service.max_instances,
        min_ready_instances=service.min_ready_instances,
        auto_resume=service.auto_resume,
        auto_suspend_secs=service.auto_suspend_secs,
        external_access_integrations=tuple(service.external_access_integrations),
        query_warehouse=service.query_warehouse,
        log_level=service.log_level,
        comment=service.comment,
    )


def changed(
    context: Context,
    before: ServiceProperties,
    given: Mapping[str, PropertyValue],
    owners: Collection[str],
) -> ServiceProperties:
    """The properties after CREATE or SET.

    Args:
        context: Where integrations and warehouses are looked up.
        before: The defaults for CREATE.
        given: Property -> value; other keys are not looked at.
        owners: The effective roles of the service's owner, who has to hold USAGE on what is
            named.

    Raises:
        SqlError: 001008 for a value of the wrong kind, 002003 or 003001 for what is named.
    """
    updates: dict[str, Any] = {
        name.lower(): read(context, given[name], owners)
        for name, read in _READERS.items()
        if name in given
    }
    after = replace(before, **updates)
    ready = after.min_ready_instances
    # Fewer instances cannot leave more of them to be ready.
    if "MIN_READY_INSTANCES" not in given and ready is not None and ready > after.min_instances:
        after = replace(after, min_ready_instances=None)
    return after


def without(before: ServiceProperties, names: Iterable[str]) -> ServiceProperties:
    """The properties after UNSET."""
    defaults = ServiceProperties()
    return replace(before, **{name.lower(): getattr(defaults, name.lower()) for name in names})


def _integrations(
    context: Context, value: PropertyValue, owners: Collection[str]
) -> tuple[str, ...]:
    given = items("EXTERNAL_ACCESS_INTEGRATIONS", value)
    if len(given) > _MAX_INTEGRATIONS:
        raise refused(
            f"A service can have at most {_MAX_INTEGRATIONS} external access integrations."
        )
    names = []
    for item in given:
        name = _as_written(item)
        integration = context.account.integrations.get(name)
        if integration is None:
            raise does_not_exist("Integration", name)
        require(owners, integration.grants, ("USAGE",), kind="Integration", name=name)
        if not integration.enabled:
            raise refused(f"External access integration '{name}' is not enabled.")
        names.append(name)
    return tuple(dict.fromkeys(names))


def _as_written(item: PropertyValue) -> str:
    """These names are compared with case even without quotes (contract 1.7)."""
    if isinstance(item, Name) and item.written:
        return item.written[-1]
    return item if isinstance(item, str) else object_name("EXTERNAL_ACCESS_INTEGRATIONS", item).last


def _warehouse(context: Context, value: PropertyValue, owners: Collection[str]) -> str | None:
    if value is None:
        return None
    name = account_level_name(object_name("QUERY_WAREHOUSE", value))
    grants = context.account.warehouses.get(name)
    if grants is None:
        raise does_not_exist("Warehouse", name)
    require(owners, grants, ("USAGE",), kind="Warehouse", name=name)
    return name


def _count(name: str) -> Callable[[Context, PropertyValue, Collection[str]], int]:
    return lambda _context, value, _owners: whole_number(name, value, 1)


def _auto_suspend(_context: Context, value: PropertyValue, _owners: Collection[str]) -> int:
    seconds = whole_number("AUTO_SUSPEND_SECS", value, 0)
    if 0 < seconds < _SHORTEST_AUTO_SUSPEND:
        raise invalid_value("AUTO_SUSPEND_SECS", seconds)
    return seconds


def _has_public_endpoint(service: Service) -> bool:
    return any(endpoint.get("public") for endpoint in service.spec["spec"].get("endpoints", ()))


_READERS: Mapping[str, Callable[[Context, PropertyValue, Collection[str]], object]] = {
    "MIN_INSTANCES": _count("MIN_INSTANCES"),
    "MAX_INSTANCES": _count("MAX_INSTANCES"),
    "MIN_READY_INSTANCES": _count("MIN_READY_INSTANCES"),
    "AUTO_RESUME": lambda _context, value, _owners: truth("AUTO_RESUME", value),
    "AUTO_SUSPEND_SECS": _auto_suspend,
    "EXTERNAL_ACCESS_INTEGRATIONS": _integrations,
    "QUERY_WAREHOUSE": _warehouse,
    "LOG_LEVEL": lambda _context, value, _owners: word("LOG_LEVEL", value, LOG_LEVELS),
    "COMMENT": lambda _context, value, _owners: comment(value),
}
