"""Which services get a closer look this time, and where a look's answers go."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import (
    ContainerStatus,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.errors import FleetError

RECENT_RESTART = timedelta(minutes=2)
_NEVER = datetime.min.replace(tzinfo=UTC)
_AT_REST = frozenset(
    {
        ServiceStatus.SUSPENDED,
        ServiceStatus.DONE,
        ServiceStatus.CANCELLED,
        ServiceStatus.DELETED,
    }
)


def is_at_rest(service: ServiceSnapshot) -> bool:
    """Whether nothing can happen in it before its row changes: it has no containers."""
    return (
        service.status in _AT_REST
        and service.containers.observed_at is not None
        and not service.containers.value
    )


def is_steady(service: ServiceSnapshot, now: datetime) -> bool:
    """Whether what it should be and what it was last seen to be agree."""
    if service.status in _AT_REST or service.is_job:
        return True
    return (
        service.status is ServiceStatus.RUNNING
        and not service.is_upgrading
        and service.current_instances == service.target_instances
        and service.containers.error is None
        and all(
            container.status is ContainerStatus.READY
            and (
                container.last_restart_time is None
                or now - container.last_restart_time > RECENT_RESTART
            )
            for container in service.containers.value
        )
    )


class Agenda:
    """Remembers when each service was last looked at, and picks the next ones.

    Oldest looks first, so that within each kind every service has its turn.
    """

    def __init__(self) -> None:
        self._looked: dict[ServiceKey, datetime] = {}
        self._changed: set[ServiceKey] = set()

    def changed(self, key: ServiceKey) -> None:
        """Its row reads differently than before."""
        self._changed.add(key)

    def looked(self, key: ServiceKey, now: datetime) -> None:
        """A look at it begins now."""
        self._looked[key] = now
        self._changed.discard(key)

    def forget(self, keys: Iterable[ServiceKey]) -> None:
        """These services are gone."""
        for key in keys:
            self._looked.pop(key, None)
            self._changed.discard(key)

    def unseen(self, services: Mapping[ServiceKey, ServiceSnapshot]) -> list[ServiceKey]:
        """Those that nobody ever looked at; jobs come and go, and are looked at when selected."""
        return [
            key
            for key, service in services.items()
            if key not in self._looked and not service.is_job
        ]

    def restless(
        self, services: Mapping[ServiceKey, ServiceSnapshot], now: datetime, limit: int
    ) -> list[ServiceKey]:
        """Those whose row has changed, then those that are not steady; oldest looks first."""
        candidates = (
            key
            for key, service in services.items()
            if key in self._looked and (key in self._changed or not is_steady(service, now))
        )
        return heapq.nsmallest(
            limit, candidates, key=lambda key: (key not in self._changed, self._looked[key])
        )

    def steady(
        self, services: Mapping[ServiceKey, ServiceSnapshot], now: datetime, limit: int
    ) -> list[ServiceKey]:
        """The others that can change without their row changing; oldest looks first."""
        candidates = (
            key
            for key, service in services.items()
            if key in self._looked
            and key not in self._changed
            and not is_at_rest(service)
            and is_steady(service, now)
        )
        return heapq.nsmallest(limit, candidates, key=lambda key: self._looked.get(key, _NEVER))


def with_row(
    old: ServiceSnapshot | None, row: ServiceSnapshot, now: datetime
) -> tuple[ServiceSnapshot, bool]:
    """The service with its newest row, and whether that row differs.

    An unchanged service stays the same object, so that whoever holds a thousand of them sees at
    once which ones to look at again.
    """
    if old is None:
        return replace(row, observed_at=now), True
    merged = replace(
        row,
        observed_at=old.observed_at,
        error=old.error,
        containers=old.containers,
        instances=old.instances,
        spec=old.spec,
        binding=old.binding,
        spec_read_at=old.spec_read_at,
        differing_fields=old.differing_fields if row.local_spec else None,
    )
    return (old, False) if merged == old else (replace(merged, observed_at=now), True)


def failed_look(service: ServiceSnapshot, error: FleetError) -> ServiceSnapshot:
    """The service with its containers and instances now ageing because of `error`."""
    return replace(
        service,
        containers=service.containers.failed(error),
        instances=service.instances.failed(error),
    )
