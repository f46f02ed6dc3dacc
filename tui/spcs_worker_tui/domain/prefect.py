"""What a Prefect API said, as immutable values.

Names and statuses are Prefect's (prefect-contract 2.1 to 2.5). Times are aware and in UTC and
come from the server; `clock_skew` turns our clock into the server's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from spcs_worker_tui.domain.text import without_credentials

DEFAULT_HEARTBEAT_SECONDS = 30
"""What the server assumes when a worker row carries no interval (prefect-contract 2.3)."""


@dataclass(frozen=True, slots=True, order=True)
class WorkPoolKey:
    """A work pool of one Prefect API. `api_url` has no trailing slash."""

    api_url: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} at {without_credentials(self.api_url)}"


@dataclass(frozen=True, slots=True, order=True)
class WorkQueueKey:
    """What can be paused and limited: a queue of a work pool; the pool where `name` is empty."""

    pool: WorkPoolKey
    name: str = ""

    @property
    def label(self) -> str:
        """`work queue fast of work pool spcs`, or `work pool spcs`."""
        pool = f"work pool {self.pool.name}"
        return f"work queue {self.name} of {pool}" if self.name else pool


@dataclass(frozen=True, slots=True)
class PauseState:
    """Whether a queue or a pool is paused, and its description, whole and as it is."""

    is_paused: bool
    description: str = ""


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A flow run that a worker holds, or is about to.

    `worker_name` is empty for a moment while a worker takes the run, and for runs that no worker
    started (prefect-contract 2.5). `state_time` is when it came into its state, on the server's
    clock.
    """

    id: str
    name: str
    state_type: str
    state_name: str
    work_queue_name: str = ""
    worker_name: str = ""
    start_time: datetime | None = None
    state_time: datetime | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """One row of `/work_pools/{pool}/workers/filter`.

    `status` (`ONLINE`/`OFFLINE`) is a second opinion only: the server is up to 105 s late with
    it. Judge by `last_heartbeat_time`.
    """

    name: str
    status: str
    last_heartbeat_time: datetime | None
    heartbeat_interval_seconds: int | None = None
    created: datetime | None = None
    version: str = ""

    @property
    def interval(self) -> timedelta:
        """How often this worker promised to beat."""
        return timedelta(seconds=self.heartbeat_interval_seconds or DEFAULT_HEARTBEAT_SECONDS)


@dataclass(frozen=True, slots=True)
class WorkerStarts:
    """The `prefect.worker.started` events of one Prefect API (prefect-contract 2.9)."""

    complete_since: datetime
    """No event that is younger is missing."""
    latest: Mapping[tuple[str, str], datetime]
    """By work pool and worker: when it last started, by its own clock. Names alone may be those
    of workers of several accounts."""


@dataclass(frozen=True, slots=True)
class WorkQueueSnapshot:
    """One row of `/work_pools/{pool}/queues/filter`."""

    name: str
    status: str
    is_paused: bool = False
    concurrency_limit: int | None = None
    active_slots: int | None = None
    last_polled: datetime | None = None
    late_count: int | None = None
    """Late runs in this queue; None when they were counted for the work pool only."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class FlowRunSnapshot:
    """One flow run, as far as watching shows it."""

    id: str
    name: str
    flow_name: str
    state_type: str
    state_name: str
    expected_start_time: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    work_queue_name: str = ""
    worker_name: str = ""


@dataclass(frozen=True, slots=True)
class WorkPoolSnapshot:
    """One work pool with its queues, its workers and its runs.

    `late_count` and `running_count` are exact; `late_runs` (oldest first) and `running_runs`
    (newest first) hold at most the first few.
    """

    key: WorkPoolKey
    type: str
    status: str
    server_version: str = ""
    clock_skew: timedelta = timedelta()
    """The server's `Date` minus our clock, at the time of the answer."""
    is_paused: bool = False
    description: str = ""
    concurrency_limit: int | None = None
    active_slots: int | None = None
    queues: tuple[WorkQueueSnapshot, ...] = ()
    workers: tuple[WorkerSnapshot, ...] = ()
    late_count: int = 0
    late_runs: tuple[FlowRunSnapshot, ...] = ()
    running_count: int = 0
    running_runs: tuple[FlowRunSnapshot, ...] = ()

    def heartbeat_age(self, worker: WorkerSnapshot, now: datetime) -> timedelta | None:
        """How long ago the worker beat, on the server's clock; None when it never did.

        Args:
            worker: A worker of this pool.
            now: Our own clock.
        """
        if worker.last_heartbeat_time is None:
            return None
        return max(timedelta(), now + self.clock_skew - worker.last_heartbeat_time)
