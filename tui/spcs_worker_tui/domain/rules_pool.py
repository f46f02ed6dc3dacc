"""One work pool as the rules see it, worked out once for all services that share the pool."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import PrefectNotFoundError
from spcs_worker_tui.domain.join import JoinedWorkers, WorkerIndex, join_workers
from spcs_worker_tui.domain.rules_facts import Beat, Thresholds

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import Observation, ServiceKey, ServiceSnapshot
    from spcs_worker_tui.domain.prefect import (
        FlowRunSnapshot,
        WorkerSnapshot,
        WorkPoolSnapshot,
        WorkQueueSnapshot,
    )


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """What waits in the queues that one worker serves, and what holds it back."""

    paused: str = ""
    late: int = 0
    lateness: timedelta | None = None
    is_full: bool = False
    slots_used: int = 0
    slots_limit: int = 0
    polled: timedelta | None = None


class PoolView:
    """A work pool at the moment it was observed. Ages count to that moment, not to now.

    So a pool that could not be asked for a while does not make its workers look silent.
    """

    def __init__(self, observation: Observation[WorkPoolSnapshot], limits: Thresholds) -> None:
        self.observation = observation
        self.pool = observation.value
        self.index = WorkerIndex.of(self.pool.workers)
        self.observed_at = observation.observed_at
        self.exists = not isinstance(observation.error, PrefectNotFoundError)
        self._limits = limits
        self._joined: dict[ServiceKey, tuple[tuple[object, ...], JoinedWorkers]] = {}
        self._waiting: dict[tuple[str, ...], WaitingWork] = {}
        self._beats: dict[tuple[str, timedelta], Beat] = {}
        self.fresh_names = frozenset(
            worker.name for worker in self.pool.workers if self.beat(worker) is Beat.FRESH
        )
        self.runs_of = _runs_by_worker(self.pool.running_runs)

    def joined(self, service: ServiceSnapshot) -> JoinedWorkers:
        """The rows that belong to the service; worked out once, since several ask in turn."""
        made_from = (
            service.binding,
            service.containers,
            service.instances,
            service.target_instances,
        )
        known = self._joined.get(service.key)
        if known is None or not all(map(operator.is_, known[0], made_from)):
            known = made_from, join_workers(service, self.index)
            self._joined[service.key] = known
        return known[1]

    @property
    def server_now(self) -> datetime | None:
        """The server's clock when the pool was observed."""
        return None if self.observed_at is None else self.observed_at + self.pool.clock_skew

    def age(self, worker: WorkerSnapshot) -> timedelta | None:
        """How old the worker's heartbeat was; None when it never beat."""
        if self.observed_at is None:
            return None
        return self.pool.heartbeat_age(worker, self.observed_at)

    def beat(self, worker: WorkerSnapshot, interval: timedelta | None = None) -> Beat:
        """The class of the worker's heartbeat.

        Args:
            worker: A row of this pool.
            interval: What the spec promises, for a row that says nothing.
        """
        if worker.heartbeat_interval_seconds or interval is None:
            interval = worker.interval
        known = self._beats.get((worker.name, interval))
        if known is None:
            known = self._beats[worker.name, interval] = self._work_out_beat(worker, interval)
        return known

    def _work_out_beat(self, worker: WorkerSnapshot, interval: timedelta) -> Beat:
        age = self.age(worker)
        if age is None:
            return Beat.NONE
        if age <= self._limits.fresh_intervals * interval:
            return Beat.FRESH
        return Beat.SLOW if age <= self._limits.slow_intervals * interval else Beat.LOST

    def is_gone(self, worker_name: str) -> bool:
        """Whether no worker of that name can be running anything."""
        worker = self.index.by_name.get(worker_name)
        return worker is None or self.beat(worker) in (Beat.LOST, Beat.NONE)

    def waiting(self, queues: tuple[str, ...]) -> WaitingWork:
        """What waits for a worker that serves these queues, all of the pool's when empty."""
        found = self._waiting.get(queues)
        if found is None:
            found = self._waiting[queues] = self._work_out_waiting(queues)
        return found

    def _work_out_waiting(self, names: tuple[str, ...]) -> WaitingWork:
        pool = self.pool
        served = [queue for queue in pool.queues if not names or queue.name in names]
        counts = {queue.name: self._late_in(queue, served) for queue in served}
        total = sum(counts.values()) if served else pool.late_count
        held = [queue.name for queue in served if queue.is_paused]
        in_held = sum(counts[name] for name in held)
        if pool.is_paused:
            paused, late, of = f'work pool "{pool.key.name}"', total, list(counts)
        elif held and in_held == total and (in_held or len(held) == len(served)):
            paused, late, of = f'work queue "{", ".join(held)}"', total, held
        else:
            paused, late, of = "", total - in_held, [n for n in counts if n not in held]
        used, limit, is_full = self._slots([q for q in served if q.name in of])
        return WaitingWork(
            paused=paused,
            late=late,
            lateness=self._lateness(of),
            is_full=is_full,
            slots_used=used,
            slots_limit=limit,
            polled=self._polled(served),
        )

    def _late_in(self, queue: WorkQueueSnapshot, served: Sequence[WorkQueueSnapshot]) -> int:
        if queue.late_count is not None:
            return queue.late_count
        if len(self.pool.queues) == 1 and len(served) == 1:
            return self.pool.late_count
        return sum(run.work_queue_name == queue.name for run in self.pool.late_runs)

    def _lateness(self, queues: Sequence[str]) -> timedelta | None:
        now = self.server_now
        starts = [
            run.expected_start_time
            for run in self.pool.late_runs
            if run.expected_start_time is not None and (not queues or run.work_queue_name in queues)
        ]
        if now is None or not starts:
            return None
        return max(timedelta(), now - min(starts))

    def _slots(self, queues: Sequence[WorkQueueSnapshot]) -> tuple[int, int, bool]:
        pool = self.pool
        if pool.concurrency_limit is not None:
            used = pool.active_slots or 0
            if used >= pool.concurrency_limit:
                return used, pool.concurrency_limit, True
        waiting = [queue for queue in queues if self._late_in(queue, queues)]
        full = [
            queue
            for queue in waiting
            if queue.concurrency_limit is not None
            and (queue.active_slots or 0) >= queue.concurrency_limit
        ]
        used = sum(queue.active_slots or 0 for queue in full)
        limit = sum(queue.concurrency_limit or 0 for queue in full)
        return used, limit, bool(full) and len(full) == len(waiting)

    def _polled(self, queues: Sequence[WorkQueueSnapshot]) -> timedelta | None:
        now = self.server_now
        times = [queue.last_polled for queue in queues if queue.last_polled is not None]
        if now is None or not times:
            return None
        return max(timedelta(), now - max(times))


def lost_together(views: Iterable[PoolView], limits: Thresholds) -> frozenset[str]:
    """The API URLs whose workers all went silent at about the same time.

    Rows that stopped long before the last one are left-overs and prove nothing; a single worker
    that stopped proves nothing about its server, either.
    """
    by_api: dict[str, list[tuple[datetime, bool]]] = {}
    for view in views:
        rows = by_api.setdefault(view.pool.key.api_url, [])
        for worker in view.pool.workers:
            if worker.last_heartbeat_time is not None:
                rows.append((worker.last_heartbeat_time, view.beat(worker) is Beat.LOST))
    together = set()
    for api_url, rows in by_api.items():
        last = max((at for at, _ in rows), default=None)
        recent = [lost for at, lost in rows if last is not None and last - at <= limits.together]
        if len(recent) > 1 and all(lost for _, lost in rows):
            together.add(api_url)
    return frozenset(together)


def _runs_by_worker(runs: Iterable[FlowRunSnapshot]) -> Mapping[str, Sequence[FlowRunSnapshot]]:
    found: dict[str, list[FlowRunSnapshot]] = {}
    for run in runs:
        if run.worker_name:
            found.setdefault(run.worker_name, []).append(run)
    return found
