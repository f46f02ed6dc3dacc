"""Platform events: what SPCS_GET_EVENTS shows (contract 2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from spcs_worker_tui.sandbox.catalogue.model import Event, Service

KEPT: Final = 1000
"""Events kept per service; the real event table forgets nothing."""

_SERVICE: Final = {
    "PENDING": "Service is pending",
    "RESUMING": "Service is resuming",
    "RUNNING": "Service is ready",
    "SUSPENDING": "Service is suspending",
    "SUSPENDED": "Service has suspended",
    "UPGRADING": "Service is upgrading",
    "UPGRADED": "Service has been upgraded",
    "DELETING": "Service is deleting",
    "DELETED": "Service has been deleted",
    "DONE": "Job is completed",
    "CANCELLING": "Job is cancelling",
    "CANCELLED": "Job is cancelled",
    "FAILED": "Service has failed",
    "INTERNAL_ERROR": "Service has encountered an error",
}
_INSTANCE: Final = {
    "PENDING": "Service instance is pending",
    "READY": "Service instance is running",
    "TERMINATING": "Service instance is terminating",
    "SUCCEEDED": "Job instance is completed",
    "FAILED": "Service instance has failed",
}
_ERRORS: Final = frozenset(
    {
        "Failed to pull image",
        "Provided image name uses an invalid format",
        "Encountered fatal error, retrying",
        "Encountered fatal error",
        "Encountered fatal error while running, check container logs",
        "Container was OOMKilled due to resource usage",
        "User application error, check container logs",
        "Encountered fatal error while starting container",
    }
)
"""The container messages whose events have the severity ERROR."""


def service_event(service: Service, status: str, now: datetime) -> None:
    """Record SERVICE.STATUS_CHANGE; `status` may be one that only events have (RESUMING, …)."""
    message = _SERVICE[status]
    if service.is_job and status == "RUNNING":
        message = "Job is running"
    severity = "ERROR" if status in {"FAILED", "INTERNAL_ERROR"} else "INFO"
    _record(service, Event(now, severity, "SERVICE.STATUS_CHANGE", message, status))


def property_event(service: Service, properties: Iterable[str], now: datetime) -> None:
    """Record SERVICE.PROPERTY_CHANGE for the properties that were set or unset."""
    message = f"Properties set or unset: {', '.join(properties)}"
    _record(service, Event(now, "INFO", "SERVICE.PROPERTY_CHANGE", message, service.status))


def instance_event(service: Service, instance_id: int, status: str, now: datetime) -> None:
    """Record SERVICE_INSTANCE.STATUS_CHANGE."""
    severity = "ERROR" if status == "FAILED" else "INFO"
    event = Event(
        now, severity, "SERVICE_INSTANCE.STATUS_CHANGE", _INSTANCE[status], status, instance_id
    )
    _record(service, event)


def container_event(
    service: Service, instance_id: int, container: str, status: str, message: str, now: datetime
) -> None:
    """Record CONTAINER.STATUS_CHANGE; it shares its words with the container's `message`."""
    severity = "ERROR" if message in _ERRORS else "INFO"
    name = "CONTAINER.STATUS_CHANGE"
    _record(service, Event(now, severity, name, message, status, instance_id, container))


def _record(service: Service, event: Event) -> None:
    service.events.append(event)
    del service.events[:-KEPT]
