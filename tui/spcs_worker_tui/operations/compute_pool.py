"""The compute pool of a service that goes down: whether it would be empty, and suspending it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.fleet import (
    ComputePoolSnapshot,
    ComputePoolState,
    FleetSnapshot,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import SnowflakeSession

_AT_REST = (ServiceStatus.SUSPENDED, ServiceStatus.DELETED, ServiceStatus.DONE)
_DOWN = (ComputePoolState.SUSPENDED, ComputePoolState.STOPPING)


def why_it_stays(service: ServiceSnapshot, fleet: FleetSnapshot) -> str:
    """Why the compute pool cannot be suspended with that service, or nothing."""
    connection = fleet.connection(service.key.connection)
    pool = connection.compute_pool(service.compute_pool) if connection else None
    return _why(pool, service.compute_pool, service.key, connection.services if connection else ())


def offer(service: ServiceSnapshot, fleet: FleetSnapshot) -> tuple[str, ...]:
    """That the compute pool could be suspended, too, where that is so."""
    connection = fleet.connection(service.key.connection)
    pool = connection.compute_pool(service.compute_pool) if connection else None
    if pool is None or pool.state in _DOWN or why_it_stays(service, fleet):
        return ()
    return (
        f"Nothing else runs on compute pool {pool.name}: suspend it, too (--with-pool), to stop "
        "paying at once.",
    )


def _why(
    pool: ComputePoolSnapshot | None,
    name: str,
    key: ServiceKey,
    services: tuple[ServiceSnapshot, ...],
) -> str:
    if pool is None:
        return f"compute pool {name or '?'} is not visible to this role"
    on_it = [other for other in services if other.compute_pool == name]
    up = sorted(o.key.qualified for o in on_it if o.key != key and o.status not in _AT_REST)
    if up:
        return f"{', '.join(up[:3])} runs on compute pool {name}, and would be suspended with it"
    hidden = pool.num_services + pool.num_jobs - len(on_it)
    if hidden > 0:
        what = "services or jobs" if hidden > 1 else "service or job"
        return (
            f"{hidden} {what} that this role does not see would be suspended with compute pool "
            f"{name}"
        )
    return ""


async def compute_pool_now(
    session: SnowflakeSession, service: ServiceSnapshot
) -> ComputePoolSnapshot:
    """The compute pool as it reads now, with nothing on it that runs.

    Raises:
        PlanRefusedError: Something runs on it.
        SnowflakeError: No answer.
    """
    pools, services = await session.show_compute_pools(), await session.show_services()
    pool = next((pool for pool in pools if pool.name == service.compute_pool), None)
    why = _why(pool, service.compute_pool, service.key, services)
    if pool is None or why:
        raise PlanRefusedError(f"it is not suspended: {why}")
    return pool


def is_down(pool: ComputePoolSnapshot) -> bool:
    """Whether it is suspended, or about to be."""
    return pool.state in _DOWN
