"""What the user should know before suspending or resuming: what is lost, what still costs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.age import humanise
from spcs_worker_tui.domain.fleet import (
    ComputePoolSnapshot,
    ComputePoolState,
    FleetSnapshot,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.join import WorkerIndex, join_workers

if TYPE_CHECKING:
    from spcs_worker_tui.domain.prefect import WorkPoolSnapshot

_NAMED = 3
_AT_REST = (ServiceStatus.SUSPENDED, ServiceStatus.DELETED, ServiceStatus.DONE)


def suspend_warnings(service: ServiceSnapshot, fleet: FleetSnapshot) -> tuple[str, ...]:
    """What suspending saves and what it does not, what dies, and that nothing wakes it."""
    warnings = [*running_runs(service, fleet), *_left_alone(service, fleet)]
    warnings.append(_still_billed(service, fleet))
    if service.binding is not None:
        warnings.append(
            "Nothing resumes it by itself: AUTO_RESUME reacts to calls from outside, and nobody "
            "calls a worker."
        )
    return tuple(warnings)


def resume_warnings(service: ServiceSnapshot, fleet: FleetSnapshot) -> tuple[str, ...]:
    """Whether anything waits for it, what it will cost, and which image it gets."""
    return (
        *_waiting(service, fleet),
        *_compute_pool_start(service, fleet),
        "It starts the image digest and the spec that are stored: an image that was pushed "
        "meanwhile is not picked up.",
    )


def scale_warnings(
    service: ServiceSnapshot, fleet: FleetSnapshot, low: int, high: int
) -> tuple[str, ...]:
    """Who ends when there are to be fewer, and what it takes when there are to be more."""
    if high < service.current_instances:
        ends = (
            f"Instances {high} to {service.current_instances - 1}"
            if service.current_instances - high > 1
            else f"Instance {high}"
        )
        return (
            f"{ends} will end, the highest numbers first, with whatever flow runs they hold.",
            *running_runs(service, fleet),
        )
    if low <= service.current_instances:
        return ()
    pool = _compute_pool(service, fleet)
    size = f" ({pool.min_nodes} to {pool.max_nodes} nodes)" if pool else ""
    return (
        f"{low - service.current_instances} more have to find room on compute pool "
        f"{service.compute_pool}{size}: what finds none stays PENDING, and new nodes cost.",
    )


def running_runs(service: ServiceSnapshot, fleet: FleetSnapshot) -> list[str]:
    """The flow runs that would die with the containers."""
    pool = _work_pool(service, fleet)
    if pool is None:
        if service.binding is None:
            return []
        return ["Prefect's state is unknown, so flow runs may be running that this would end."]
    if not pool.running_count:
        return []
    own = {worker.name for worker in join_workers(service, WorkerIndex.of(pool.workers)).current}
    runs = [run for run in pool.running_runs if run.worker_name in own]
    unknown = pool.running_count - len(pool.running_runs)
    unknown += sum(not run.worker_name for run in pool.running_runs)
    if not runs and not unknown:
        return []
    which = ", ".join(f"{run.name} of {run.flow_name}" for run in runs[:_NAMED])
    which += f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    count = f"{len(runs)} flow runs run here" if len(runs) != 1 else "1 flow run runs here"
    if unknown:
        count = f"Up to {len(runs) + unknown} flow runs of {pool.key.name} run here"
    return [
        f"{count}{f' ({which})' if which else ''}: the container gets SIGTERM and 30 s. Our worker "
        "lets them finish within that and marks the rest as crashed; the stock worker kills them "
        "at once and leaves them Running for ever."
    ]


def _left_alone(service: ServiceSnapshot, fleet: FleetSnapshot) -> list[str]:
    """Late runs that nobody else would serve."""
    pool = _work_pool(service, fleet)
    if pool is None:
        return []
    own = {worker.name for worker in join_workers(service, WorkerIndex.of(pool.workers)).current}
    if any(worker.status == "ONLINE" and worker.name not in own for worker in pool.workers):
        return []
    late = f" {_runs(pool.late_count)} late there now." if pool.late_count else ""
    return [f"No other worker serves work pool {pool.key.name}: its runs will wait.{late}"]


def _still_billed(service: ServiceSnapshot, fleet: FleetSnapshot) -> str:
    name = service.compute_pool or "its compute pool"
    pool = _compute_pool(service, fleet)
    base = f"The nodes of compute pool {name} are billed until the pool suspends, not the service"
    others = _neighbours(service, fleet)
    if others:
        named = ", ".join(others[:_NAMED])
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        verb = "keeps" if len(others) == 1 else "keep"
        return f"{base}; {named}{more} {verb} it up, so this may save nothing."
    if pool is not None and pool.num_services + pool.num_jobs > 1:
        rest = pool.num_services + pool.num_jobs - 1
        return f"{base}; {rest} other services or jobs that are not shown here may keep it up."
    if pool is None:
        return f"{base}."
    if pool.auto_suspend_secs == 0:
        return f"{base}, and it never does by itself: suspend {name}, too, to save anything."
    nodes = pool.active_nodes + pool.idle_nodes
    count = f"{nodes} nodes" if nodes != 1 else "1 node"
    after = humanise(timedelta(seconds=pool.auto_suspend_secs))
    return f"{base}: {count} until {after} after the last service on it has stopped."


def _neighbours(service: ServiceSnapshot, fleet: FleetSnapshot) -> list[str]:
    """Other services that are up on the same compute pool, by name."""
    connection = fleet.connection(service.key.connection)
    services = connection.services if connection else ()
    return sorted(
        other.key.name
        for other in services
        if other.key != service.key
        and other.compute_pool == service.compute_pool
        and other.status not in _AT_REST
    )


def _waiting(service: ServiceSnapshot, fleet: FleetSnapshot) -> list[str]:
    if service.binding is None:
        return []
    name = service.binding.pool.name
    pool = _work_pool(service, fleet)
    if pool is None:
        return [f"Whether anything waits in work pool {name} is unknown: Prefect did not answer."]
    if pool.is_paused:
        return [f"Work pool {name} is paused: it will fetch nothing until that is undone."]
    if not pool.late_count:
        return [f"Nothing waits in work pool {name}."]
    oldest = min(
        (run.expected_start_time for run in pool.late_runs if run.expected_start_time), default=None
    )
    oldest_by = humanise(fleet.observed_at + pool.clock_skew - oldest) if oldest else ""
    since = f", the oldest by {oldest_by}" if oldest_by else ""
    return [f"{_runs(pool.late_count)} late in work pool {name}{since}."]


def _compute_pool_start(service: ServiceSnapshot, fleet: FleetSnapshot) -> list[str]:
    pool = _compute_pool(service, fleet)
    if pool is None or pool.state not in (ComputePoolState.SUSPENDED, ComputePoolState.STOPPING):
        return []
    if not pool.auto_resume:
        return [f"Compute pool {pool.name} is {pool.state} and does not resume by itself."]
    return [
        f"Compute pool {pool.name} is {pool.state}: it starts with this, which takes 3 to 20 "
        "minutes, and is billed from then on, 5 minutes at least."
    ]


def _runs(count: int) -> str:
    return f"{count} flow runs are" if count != 1 else "1 flow run is"


def _compute_pool(service: ServiceSnapshot, fleet: FleetSnapshot) -> ComputePoolSnapshot | None:
    connection = fleet.connection(service.key.connection)
    return connection.compute_pool(service.compute_pool) if connection else None


def _work_pool(service: ServiceSnapshot, fleet: FleetSnapshot) -> WorkPoolSnapshot | None:
    """What Prefect last said, or None when it never answered or does not answer now."""
    seen = fleet.work_pool(service)
    if seen is None or seen.error is not None or seen.observed_at is None:
        return None
    return seen.value
