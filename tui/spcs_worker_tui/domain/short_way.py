"""When the containers of a service need not be read, because other answers vouch for them.

RUNNING means that MIN_READY_INSTANCES instances are READY (contract 2.1). Where that is all of
them, where a readiness probe stands behind READY, and where every worker beats under its own
name, container rows could add but two things: that one restarted lately, and that flow runs were
left behind by an earlier life. A restarted worker says so itself, by an event to its Prefect API.
That such an event gets through was seen when the containers were last read (`are_heard`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import ContainerStatus, ServiceSnapshot, ServiceStatus
from spcs_worker_tui.domain.join import MatchedBy, worker_prefix
from spcs_worker_tui.domain.rules_facts import Beat, Thresholds

if TYPE_CHECKING:
    from spcs_worker_tui.domain.memory import RememberedSpec
    from spcs_worker_tui.domain.prefect import WorkerStarts
    from spcs_worker_tui.domain.rules_pool import PoolView

CLOCKS_DIFFER = timedelta(minutes=1)
"""By this much the clocks of Snowflake, of a worker and of this machine may differ."""
_HEARD_WITHIN = timedelta(minutes=5)
"""After its container starts, the worker's own start follows within this time."""
VOUCHED = "RUNNING, every worker beats, none has started since they were last read"


def starts_window(limits: Thresholds) -> timedelta:
    """How far back a restart still matters to the rules."""
    return limits.restart_window + CLOCKS_DIFFER


def row_vouches(service: ServiceSnapshot) -> bool:
    """Whether the row says that every instance is READY, and is to stay."""
    target = service.target_instances
    return (
        service.status is ServiceStatus.RUNNING
        and not service.is_upgrading
        and not service.is_job
        and 1 <= target <= service.min_ready_instances
        and service.current_instances == target
    )


def may_vouch(service: ServiceSnapshot, remembered: RememberedSpec | None) -> bool:
    """Whether it is worth while to ask Prefect first."""
    return (
        remembered is not None
        and remembered.is_plain
        and remembered.settled_at is not None
        and remembered.binding is not None
        and remembered.binding.is_complete
        and row_vouches(service)
    )


def vouches(
    service: ServiceSnapshot,
    settled_at: datetime,
    view: PoolView,
    starts: WorkerStarts,
    now: datetime,
    limits: Thresholds,
) -> bool:
    """Whether the verdict is the same with and without the container rows.

    Args:
        service: Its row, with its binding, for which `may_vouch` holds.
        settled_at: When its containers were last found settled.
        view: Its work pool.
        starts: Of the workers of the same Prefect API.
        now: Our own clock.
        limits: The numbers of the health table.
    """
    since = now - starts_window(limits)
    if view.observed_at is None or view.observation.error is not None:
        return False
    if starts.complete_since > since or settled_at > now:
        return False
    names = _all_fresh(service, view)
    if not names:
        return False
    heard = max(since, settled_at - CLOCKS_DIFFER)
    for name in names:
        start = _last_start(view, starts, name)
        if start is not None and start >= heard:
            return False
        # A run that began before its worker's container is an orphan; only the rows know that.
        earliest = since if start is None else max(since, start + CLOCKS_DIFFER)
        for run in view.runs_of.get(name, ()):
            if run.start_time is not None and run.start_time <= earliest:
                return False
    return True


def _last_start(view: PoolView, starts: WorkerStarts, name: str) -> datetime | None:
    """When that worker started last; an event that names no work pool may be of it."""
    found = (starts.latest.get((pool, name)) for pool in (view.pool.key.name, ""))
    return max((start for start in found if start is not None), default=None)


def _all_fresh(service: ServiceSnapshot, view: PoolView) -> tuple[str, ...]:
    """The names of the service's workers if each instance's own beats, else nothing."""
    if service.binding is None:
        return ()
    seconds = service.binding.heartbeat_interval_seconds
    promised = timedelta(seconds=seconds) if seconds else None
    prefix = worker_prefix(service.key)
    expected = tuple(f"{prefix}{number}" for number in range(service.target_instances))
    joined = view.joined(service)
    if joined.matched_by is not MatchedBy.INSTANCE or joined.expected != expected:
        return ()
    if tuple(row.name for row in joined.current) != expected:
        return ()
    fresh = all(
        row.name in view.fresh_names and view.beat(row, promised) is Beat.FRESH
        for row in joined.current
    )
    return expected if fresh else ()


def all_well(service: ServiceSnapshot, view: PoolView, now: datetime, limits: Thresholds) -> bool:
    """Whether the container rows, just read, show nothing but READY, and no late restart.

    And whether each of their workers beats under its own name.
    """
    rows = service.containers.value
    if sorted(row.instance_id for row in rows) != list(range(service.target_instances)):
        return False
    for row in rows:
        restarted = row.last_restart_time
        if row.status is not ContainerStatus.READY or row.start_time is None:
            return False
        if row.restart_count and (restarted is None or now - restarted <= starts_window(limits)):
            return False
    return row_vouches(service) and bool(_all_fresh(service, view))


def should_be_heard(service: ServiceSnapshot, now: datetime) -> bool:
    """Whether an event that is not there by now will not come."""
    starts = (row.start_time for row in service.containers.value)
    return all(at is not None and now - at > _HEARD_WITHIN for at in starts)


def are_heard(service: ServiceSnapshot, starts: WorkerStarts) -> bool:
    """Whether the Prefect API knows of each worker's start, so that it would know of the next."""
    prefix = worker_prefix(service.key)
    pool = service.binding.pool.name if service.binding else ""
    for row in service.containers.value:
        heard = starts.latest.get((pool, f"{prefix}{row.instance_id}"))
        began = row.start_time
        if heard is None or began is None:
            return False
        if not began - CLOCKS_DIFFER <= heard <= began + _HEARD_WITHIN:
            return False
    return True
