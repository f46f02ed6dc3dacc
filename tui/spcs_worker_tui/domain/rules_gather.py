"""From snapshots to facts: everything the rules look at, read out of what was observed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import (
    ComputePoolState,
    ConnectionSnapshot,
    ContainerStatus,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.join import (
    JoinedWorkers,
    MatchedBy,
    is_conventional,
    last_heartbeat,
    worker_instance,
    worker_prefix,
)
from spcs_worker_tui.domain.prefect import (
    DEFAULT_HEARTBEAT_SECONDS,
    FlowRunSnapshot,
    WorkerSnapshot,
)
from spcs_worker_tui.domain.rules_facts import (
    Beat,
    Facts,
    Kind,
    PrefectFacts,
    SnowflakeFacts,
    Thresholds,
    VersionGap,
)
from spcs_worker_tui.domain.text import without_credentials

if TYPE_CHECKING:
    from spcs_worker_tui.domain.rules_history import ServiceHistory
    from spcs_worker_tui.domain.rules_pool import PoolView

_NO_JOIN = JoinedWorkers(MatchedBy.POOL)
_WARMING_UP = (ComputePoolState.STARTING, ComputePoolState.RESIZING)
_WORST_FIRST = (ContainerStatus.FAILED, ContainerStatus.PENDING, ContainerStatus.UNKNOWN)
_VERSION = re.compile(r"(\d+)\.(\d+)")


def enough_ready(service: ServiceSnapshot) -> bool:
    """Whether all containers of at least MIN_READY_INSTANCES instances are READY.

    Where this role may not see the containers, Snowflake's RUNNING says just that
    (contract 2.1).
    """
    if service.containers.observed_at is None:
        return service.status is ServiceStatus.RUNNING
    return service.ready_instances >= max(1, service.min_ready_instances)


def is_warming_up(service: ServiceSnapshot, connection: ConnectionSnapshot) -> bool:
    """Whether the nodes that the service waits for are still being made."""
    compute_pool = connection.compute_pool(service.compute_pool)
    return compute_pool is not None and compute_pool.state in _WARMING_UP


def snowflake_facts(
    service: ServiceSnapshot,
    connection: ConnectionSnapshot,
    history: ServiceHistory,
    now: datetime,
    limits: Thresholds,
) -> SnowflakeFacts:
    """What Snowflake says of the service, at `now` on our own clock."""
    seen = now - (connection.observed_at or service.observed_at)
    is_up = enough_ready(service)
    never_looked = service.containers.observed_at is None
    ready = service.current_instances if never_looked else service.ready_instances
    starts = [row.start_time for row in service.containers.value if row.start_time is not None]
    last_restart = history.last_restart(now)
    warming_up = is_warming_up(service, connection)
    return SnowflakeFacts(
        status=service.status,
        blind=seen > limits.blind_after,
        seen=seen,
        error=str(connection.error or ""),
        advice=connection.error.next_step if connection.error else "",
        ready=ready,
        needed=max(1, service.min_ready_instances),
        target=max(service.target_instances, service.min_ready_instances),
        is_up=is_up,
        message=_message(service),
        started_for=now - max(starts) if starts else None,
        not_up_for=now - (history.not_up_since or now),
        start_grace=limits.cold_start_grace if warming_up else limits.start_grace,
        is_upgrading=service.is_upgrading,
        upgrading_for=now - (history.upgrading_since or now),
        upgraded_instances=sum(
            row.spec_digest == service.spec_digest for row in service.instances.value
        ),
        is_looping=history.is_looping(now),
        restarts=history.restarts(now),
        exit_code=history.exit_code,
        restarted_for=None if last_restart is None else now - last_restart,
        suspended_for=(None if history.suspended_since is None else now - history.suspended_since),
        auto_suspend_secs=service.auto_suspend_secs,
    )


def _message(service: ServiceSnapshot) -> str:
    """What the container that is worst off says; nothing when all are READY."""
    for status in _WORST_FIRST:
        for row in service.containers.value:
            if row.status is status and row.message:
                return row.message
    return ""


def kind_of(service: ServiceSnapshot) -> Kind:
    """Whether there is a worker to be judged at all."""
    if service.binding is not None:
        return Kind.WORKER if service.binding.is_complete else Kind.NOWHERE
    if service.spec.value is not None or service.spec_read_at is not None:
        return Kind.OTHER
    return Kind.UNREAD if service.spec.error is None else Kind.UNREADABLE


def joined_workers(service: ServiceSnapshot, view: PoolView | None) -> JoinedWorkers:
    """The worker rows of the service; none while its work pool was not seen."""
    if view is None or service.binding is None or not view.exists:
        return _NO_JOIN
    return view.joined(service)


def prefect_facts(
    service: ServiceSnapshot,
    view: PoolView | None,
    joined: JoinedWorkers,
    lost: frozenset[str],
    now: datetime,
    limits: Thresholds,
) -> PrefectFacts:
    """What Prefect says of the service's worker; the defaults where there is none to ask for.

    Args:
        service: The service.
        view: Its work pool; None while nobody looked at it.
        joined: The rows that belong to the service.
        lost: API URLs whose workers all went silent together.
        now: Our own clock.
        limits: The numbers to compare with.
    """
    binding = service.binding
    if binding is None or view is None:
        return PrefectFacts(asked=False, beat=Beat.NONE, beat_age=None, seen=None, late=None)
    seen = None if view.observed_at is None else now - view.observed_at
    asked = seen is not None or view.observation.error is not None
    interval = timedelta(seconds=binding.heartbeat_interval_seconds or DEFAULT_HEARTBEAT_SECONDS)
    last = newest(joined.current)
    if last is not None and last.heartbeat_interval_seconds:
        interval = last.interval
    waiting = view.waiting(binding.work_queues)
    fresh = sum(view.beat(row, interval) is Beat.FRESH for row in joined.current)
    worker_version = last.version if last else ""
    return PrefectFacts(
        asked=asked,
        blind=view.exists and asked and (seen is None or seen > limits.blind_after),
        seen=seen,
        error=str(view.observation.error or ""),
        advice=view.observation.error.next_step if view.observation.error else "",
        pool_exists=view.exists,
        matched_by=joined.matched_by,
        beat=Beat.NONE if last is None else view.beat(last, interval),
        beat_age=None if last is None else view.age(last),
        interval=interval,
        beat_since_start=_beat_since_start(service, last),
        beats_while_suspended=_beats_while_suspended(service, view, joined, limits),
        all_lost=binding.pool.api_url in lost,
        fresh=fresh,
        expected=_expected(service, joined),
        silent=_silent(service, view, joined, now, limits),
        others_fresh=_others_fresh(view, joined),
        paused=waiting.paused,
        late=None if seen is None else waiting.late,
        lateness=waiting.lateness if waiting.late else None,
        is_full=waiting.is_full,
        slots_used=waiting.slots_used,
        slots_limit=waiting.slots_limit,
        polled=waiting.polled,
        running=sum(len(view.runs_of.get(row.name, ())) for row in joined.current),
        orphans=_orphans(service, view, joined),
        worker_version=worker_version,
        server_version=view.pool.server_version,
        version_gap=_version_gap(worker_version, view.pool.server_version),
    )


def newest(rows: tuple[WorkerSnapshot, ...]) -> WorkerSnapshot | None:
    """The row that beat last; None when none ever did."""
    beating = [row for row in rows if row.last_heartbeat_time is not None]
    return max(beating, key=last_heartbeat, default=None)


def _beat_since_start(service: ServiceSnapshot, last: WorkerSnapshot | None) -> bool:
    if last is None or last.last_heartbeat_time is None:
        return False
    starts = [row.start_time for row in service.containers.value if row.start_time is not None]
    return not starts or last.last_heartbeat_time >= max(starts)


def _beats_while_suspended(
    service: ServiceSnapshot, view: PoolView, joined: JoinedWorkers, limits: Thresholds
) -> bool:
    """A name that beats on after the time in which a suspended worker has to stop."""
    if service.suspended_on is None or joined.matched_by is MatchedBy.POOL:
        return False
    stopped = service.suspended_on + limits.stop_grace
    return any(
        row.name in view.fresh_names
        and row.last_heartbeat_time is not None
        and row.last_heartbeat_time > stopped
        for row in joined.current + joined.ghosts
    )


def _expected(service: ServiceSnapshot, joined: JoinedWorkers) -> int:
    """How many workers there should be: one per instance that exists, one per fixed name."""
    if service.status in (ServiceStatus.SUSPENDED, ServiceStatus.SUSPENDING):
        return 0
    if joined.expected:
        return len(joined.expected)
    return len({row.instance_id for row in service.containers.value}) or service.target_instances


def _silent(
    service: ServiceSnapshot,
    view: PoolView,
    joined: JoinedWorkers,
    now: datetime,
    limits: Thresholds,
) -> tuple[str, ...]:
    """Expected workers that do not beat though their container is READY and had time to report."""
    if len(joined.expected) < 2:  # noqa: PLR2004 - one worker is judged by its heartbeat alone
        return ()
    excused = {
        row.instance_id
        for row in service.containers.value
        if row.status is not ContainerStatus.READY
        or row.start_time is None
        or now - row.start_time <= limits.report_grace
    }
    return tuple(
        name
        for name in joined.expected
        if name not in view.fresh_names
        and worker_instance(name, service.instances.value) not in excused
    )


def _others_fresh(view: PoolView, joined: JoinedWorkers) -> bool:
    if joined.matched_by is MatchedBy.POOL:
        return bool(view.fresh_names)
    own = {row.name for row in joined.current + joined.ghosts}
    return not view.fresh_names <= own


def _orphans(service: ServiceSnapshot, view: PoolView, joined: JoinedWorkers) -> int:
    """Runs marked Running that nobody can be running (prefect-contract 2.5).

    Those of an earlier life of our own containers, those of our own earlier instances, and those
    of nameless workers that are gone. What other services' workers left is theirs to show.
    """
    if not view.runs_of:
        return 0
    prefix = worker_prefix(service.key)
    current = {row.name for row in joined.current}
    starts = _starts(service, joined)
    found = 0
    for name, runs in view.runs_of.items():
        if name in current and not view.is_gone(name):
            found += sum(_is_older(run, starts.get(name)) for run in runs)
        elif view.is_gone(name) and (name.startswith(prefix) or not is_conventional(name)):
            found += len(runs)
    return found


def _starts(service: ServiceSnapshot, joined: JoinedWorkers) -> dict[str, datetime]:
    """When the container of each current worker started, by worker name."""
    if service.binding is None or joined.matched_by is not MatchedBy.INSTANCE:
        return {}
    by_instance = {
        row.instance_id: row.start_time
        for row in service.containers.value
        if row.name == service.binding.container and row.start_time is not None
    }
    found = {}
    for row in joined.current:
        number = worker_instance(row.name, service.instances.value)
        if number in by_instance:
            found[row.name] = by_instance[number]
    return found


def _is_older(run: FlowRunSnapshot, start: datetime | None) -> bool:
    return start is not None and run.start_time is not None and run.start_time < start


@lru_cache(maxsize=64)
def _version_gap(worker: str, server: str) -> VersionGap:
    """Prefect's own rule: a worker of another major version is refused, a newer one may fail."""
    own, other = _VERSION.match(worker), _VERSION.match(server)
    if own is None or other is None:
        return VersionGap.NONE
    mine, theirs = tuple(map(int, own.groups())), tuple(map(int, other.groups()))
    if mine > theirs:
        return VersionGap.NEWER
    return VersionGap.TOO_OLD if mine[0] < theirs[0] else VersionGap.NONE


def gather(
    service: ServiceSnapshot,
    snowflake: SnowflakeFacts,
    prefect: PrefectFacts,
    limits: Thresholds,
) -> Facts:
    """Everything about one service in one value."""
    binding = service.binding
    missing = ""
    if binding is not None and not binding.is_complete:
        lacking = []
        if not binding.pool.api_url:
            lacking.append("PREFECT_API_URL")
        if not binding.pool.name:
            lacking.append("work pool")
        missing = " and no ".join(lacking)
    return Facts(
        snowflake=snowflake,
        prefect=prefect,
        kind=kind_of(service),
        work_pool=binding.pool.name if binding else "",
        api_url=without_credentials(binding.pool.api_url) if binding else "",
        missing=missing,
        limits=limits,
    )
