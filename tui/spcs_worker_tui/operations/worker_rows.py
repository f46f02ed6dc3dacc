"""Worker rows whose containers are gone: Prefect never deletes one (prefect-contract 2.3)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import ConnectionState, FleetSnapshot
from spcs_worker_tui.domain.join import WorkerIndex, is_conventional, join_workers, worker_prefix

if TYPE_CHECKING:
    from spcs_worker_tui.domain.prefect import WorkerSnapshot, WorkPoolSnapshot

_SILENT_INTERVALS = 3
"""After so many intervals without a heartbeat a worker counts as gone (prefect-contract 2.3)."""


def beats(pool: WorkPoolSnapshot, worker: WorkerSnapshot, now: datetime) -> bool:
    """Whether the worker has been heard of lately."""
    age = pool.heartbeat_age(worker, now)
    return age is not None and age <= _SILENT_INTERVALS * worker.interval


def gone_rows(pool: WorkPoolSnapshot, fleet: FleetSnapshot) -> tuple[str, ...]:
    """The names of the rows that no container stands behind and that do not beat.

    Rows that instances of a visible service left behind; and rows named after a service that no
    connection shows, but only where every connection was seen. A row whose name says nothing of
    a service is never among them: nobody knows whose it is.
    """
    services = [s for s in fleet.services if s.binding is not None and s.binding.pool == pool.key]
    index = WorkerIndex.of(pool.workers)
    found = {row.name for s in services for row in join_workers(s, index).ghosts}
    if all(c.state is ConnectionState.CONNECTED and c.error is None for c in fleet.connections):
        prefixes = {worker_prefix(service.key) for service in fleet.services}
        found |= {
            row.name
            for row in pool.workers
            if is_conventional(row.name) and row.name[: row.name.rindex(".") + 1] not in prefixes
        }
    silent = {row.name for row in pool.workers if not beats(pool, row, fleet.observed_at)}
    return tuple(sorted(found & silent))
