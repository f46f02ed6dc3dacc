"""Where a service stands on its way down or up, for the steps that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import FleetError, StatementRefusedError
from spcs_worker_tui.domain.fleet import (
    ContainerStatus,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.operations.apply.ground import read_service

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import ScaleTo, SnowflakeSession
    from spcs_worker_tui.operations.apply.waiting import Look

_FAILED = (ServiceStatus.FAILED, ServiceStatus.INTERNAL_ERROR)


def until_suspended(session: SnowflakeSession, key: ServiceKey) -> Look:
    """Looks whether every instance has ended."""

    async def look() -> tuple[bool, str]:
        service = await read_service(session, key)
        if service.status is ServiceStatus.SUSPENDED:
            return True, str(service.status)
        count = service.current_instances
        return False, f"{service.status}, {count} instance{'' if count == 1 else 's'} left"

    return look


def until_ready(session: SnowflakeSession, key: ServiceKey) -> Look:
    """Looks whether enough instances are ready; a service that failed ends the waiting."""

    async def look() -> tuple[bool, str]:
        return await _readiness(session, await read_service(session, key))

    return look


async def _readiness(session: SnowflakeSession, service: ServiceSnapshot) -> tuple[bool, str]:
    status = service.status
    try:
        rows = await session.show_service_containers(service.key)
    except StatementRefusedError:
        # OPERATE is enough to resume; MONITOR is needed to see the containers.
        return status is ServiceStatus.RUNNING, str(status)
    waiting = [row for row in rows if row.status is not ContainerStatus.READY]
    messages = sorted({row.message for row in waiting})
    detail = ": ".join(filter(None, [str(status), "; ".join(messages)]))
    if status in _FAILED:
        raise FleetError(detail, next_step="Look at the log and the events of the service.")
    instances = {row.instance_id for row in rows}
    ready = len(instances - {row.instance_id for row in waiting})
    enough = ready >= min(service.min_ready_instances, service.target_instances)
    if status is ServiceStatus.RUNNING and instances and enough:
        return True, f"RUNNING, {ready} of {len(instances)} ready"
    return False, detail


def until_scaled(session: SnowflakeSession, key: ServiceKey, scale: ScaleTo) -> Look:
    """Looks whether there are as many instances as there may be, and as many ready as need be."""

    async def look() -> tuple[bool, str]:
        service = await read_service(session, key)
        current, status = service.current_instances, service.status
        if status in _FAILED:
            raise FleetError(str(status), next_step="Look at the log and the events.")
        detail = f"{status}, {current} instance{'' if current == 1 else 's'}"
        enough = scale.min_instances <= current <= scale.max_instances
        return enough and status is ServiceStatus.RUNNING, detail

    return look


def until_gone(session: SnowflakeSession, key: ServiceKey) -> Look:
    """Looks whether the service has vanished."""

    async def look() -> tuple[bool, str]:
        found = [row for row in await session.show_services() if row.key == key]
        return (False, str(found[0].status)) if found else (True, "it is gone")

    return look
