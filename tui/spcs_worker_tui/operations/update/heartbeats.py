"""Whether every worker of a service beats in Prefect since its container started."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.join import MatchedBy, WorkerIndex, join_workers, worker_instance
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import PrefectBinding, ServiceSnapshot
    from spcs_worker_tui.domain.prefect import WorkerSnapshot, WorkPoolSnapshot

_FRESH_INTERVALS = 2
_NAMING_GRACE = timedelta(seconds=30)
_TRUNCATED = timedelta(seconds=1)
"""Start times have no fraction of a second (contract 1.3)."""


def beating(
    service: ServiceSnapshot, binding: PrefectBinding, pool: WorkPoolSnapshot, now: datetime
) -> tuple[bool, str]:
    """Whether all workers beat, and who is waited for.

    Workers are joined by their exact names. Only where a service's workers have names of their
    own making is any nameless worker of the pool taken for one of them, and that is said.

    Args:
        service: With its containers and instances.
        binding: Which work pool its workers serve.
        pool: That pool.
        now: Our own clock.
    """
    joined = join_workers(replace(service, binding=binding), WorkerIndex.of(pool.workers))
    starts = {
        row.instance_id: row.start_time
        for row in service.containers.value
        if row.name == binding.container
    }
    latest = max((start for start in starts.values() if start is not None), default=None)

    def is_fresh(row: WorkerSnapshot, start: datetime | None) -> bool:
        age = pool.heartbeat_age(row, now)
        if age is None or row.last_heartbeat_time is None:
            return False
        # The start is on Snowflake's clock, which we take for ours; the heartbeat on Prefect's.
        begun = start is None or row.last_heartbeat_time >= start + pool.clock_skew - _TRUNCATED
        return begun and age <= _FRESH_INTERVALS * row.interval

    name = one_line(binding.pool.name)
    if joined.matched_by is MatchedBy.POOL:
        # A worker that names itself afterwards, as ours does, has its row by then.
        settled = latest is None or now - latest >= _NAMING_GRACE
        found = any(
            is_fresh(row, latest) and (settled or _is_new(row, latest)) for row in joined.current
        )
        how = "whose name does not say whose it is" if found else "of this service yet"
        return found, f"work pool {name} has {'a' if found else 'no'} fresh worker {how}"
    by_name = {row.name: row for row in joined.current}
    silent = [
        expected
        for expected in joined.expected
        if expected not in by_name
        or not is_fresh(by_name[expected], _start_of(expected, service, starts, latest))
    ]
    if silent:
        return False, f"waiting for a heartbeat of {', '.join(silent)} in work pool {name}"
    count = len(joined.expected)
    return True, f"{count} worker{'s' * (count != 1)} beat{'s' * (count == 1)} in work pool {name}"


def _is_new(row: WorkerSnapshot, latest: datetime | None) -> bool:
    return latest is not None and row.created is not None and row.created >= latest


def _start_of(
    name: str,
    service: ServiceSnapshot,
    starts: dict[int, datetime | None],
    latest: datetime | None,
) -> datetime | None:
    """When the container of that worker started; the latest start where that is not known."""
    number = worker_instance(name, service.instances.value)
    return starts.get(number, latest) if number is not None else latest
