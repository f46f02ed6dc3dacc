"""Which flow runs are in the hands of a service's workers, and which only look like it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.join import (
    MatchedBy,
    WorkerIndex,
    is_conventional,
    join_workers,
    worker_instance,
    worker_prefix,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ContainerSnapshot, InstanceSnapshot, ServiceSnapshot
    from spcs_worker_tui.domain.prefect import ActiveRun, WorkPoolSnapshot

TAKING = timedelta(minutes=2)
"""A worker names itself on a run right after it took it; what is longer without was dropped."""
SKEW = timedelta(minutes=2)
"""By how much Prefect's clock and Snowflake's may differ."""


@dataclass(frozen=True, slots=True)
class OwnRuns:
    """Tells which runs are a service's own.

    Args:
        prefix: What its workers' names start with, by the convention of our image.
        worker_name: What its spec calls its worker, or nothing.
        any_unknown: Nothing says how its workers are called, so every run counts whose worker
            is of no known service.
        container: The container that holds the worker.
        queues: The queues that it serves; empty: all.
    """

    prefix: str
    worker_name: str
    any_unknown: bool
    container: str
    queues: tuple[str, ...] = ()

    @classmethod
    def of(cls, service: ServiceSnapshot, pool: WorkPoolSnapshot) -> OwnRuns:
        """By the service's spec and the worker rows; it must have a binding."""
        binding = service.binding
        assert binding is not None
        joined = join_workers(service, WorkerIndex.of(pool.workers))
        return cls(
            prefix=worker_prefix(service.key),
            worker_name=binding.worker_name or "",
            any_unknown=joined.matched_by is MatchedBy.POOL,
            container=binding.container,
            queues=binding.work_queues,
        )

    def among(
        self,
        runs: Iterable[ActiveRun],
        now: datetime,
        containers: Iterable[ContainerSnapshot] | None,
        instances: Iterable[InstanceSnapshot] = (),
    ) -> tuple[list[ActiveRun], list[ActiveRun]]:
        """Its own runs, and those that will never end by themselves.

        The latter belong to a container that has started anew or gone since they began
        (prefect-contract 2.5): waiting for them would be for ever.

        Args:
            runs: In the hands of any worker of the pool.
            now: On the API's clock.
            containers: Of the service, or None where they cannot be seen.
            instances: Of the service, to tell instances by their addresses.
        """
        own = [run for run in runs if self._is_own(run, now)]
        if containers is None:
            return own, []
        started = {
            row.instance_id: max(
                filter(None, (row.start_time, row.last_restart_time)), default=None
            )
            for row in containers
            if row.name == self.container
        }
        known = tuple(instances)
        dead = [run for run in own if _is_dead(run, started, known)]
        return [run for run in own if run not in dead], dead

    def _is_own(self, run: ActiveRun, now: datetime) -> bool:
        name = run.worker_name
        if name:
            if name.startswith(self.prefix) or name == self.worker_name:
                return True
            return self.any_unknown and not is_conventional(name)
        if self.any_unknown:
            return True
        if run.state_type != "PENDING" or (self.queues and run.work_queue_name not in self.queues):
            return False
        # Just being taken, by this worker or another one: a moment later it says by which.
        return run.state_time is None or now - run.state_time < TAKING


def _is_dead(
    run: ActiveRun,
    started: Mapping[int, datetime | None],
    instances: tuple[InstanceSnapshot, ...],
) -> bool:
    began = run.start_time or run.state_time
    if not run.worker_name or began is None or not started:
        return False
    number = (
        worker_instance(run.worker_name, instances) if is_conventional(run.worker_name) else None
    )
    if number is not None and number not in started:
        return True
    times = [started[number]] if number is not None else list(started.values())
    return all(time is not None and began < time - SKEW for time in times)
