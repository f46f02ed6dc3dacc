"""What the rules look at: one flat value per service, and the numbers they compare it with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from spcs_worker_tui.domain.fleet import ServiceStatus
from spcs_worker_tui.domain.join import MatchedBy


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The numbers of the health table; docs/health.md gives the reason for each."""

    fresh_intervals: float = 1.5
    """Above the 39 s jitter of older workers at 30 s, so that nothing flickers."""
    slow_intervals: float = 3
    """Where Prefect itself calls a worker OFFLINE."""
    poll_interval: timedelta = timedelta(seconds=10)
    least_blind_after: timedelta = timedelta(seconds=90)
    restart_window: timedelta = timedelta(minutes=10)
    restarts_of_loop: int = 3
    short_life: timedelta = timedelta(minutes=2)
    report_grace: timedelta = timedelta(minutes=2)
    start_grace: timedelta = timedelta(minutes=5)
    cold_start_grace: timedelta = timedelta(minutes=20)
    """While the compute pool is STARTING or RESIZING."""
    upgrade_grace: timedelta = timedelta(minutes=10)
    stop_grace: timedelta = timedelta(seconds=60)
    """A suspended worker may beat this long after: 30 s of SIGTERM, and some slack."""
    late_degraded: timedelta = timedelta(seconds=60)
    late_broken: timedelta = timedelta(minutes=5)
    together: timedelta = timedelta(seconds=90)
    """Workers that fell silent within this span did so together."""
    steady_polls: int = 2
    blind_after: timedelta = field(init=False)
    """After how long without a good answer a system counts as silent."""

    def __post_init__(self) -> None:
        blind_after = max(3 * self.poll_interval, self.least_blind_after)
        object.__setattr__(self, "blind_after", blind_after)


class Beat(StrEnum):
    """How old the newest heartbeat of a service's workers is, in heartbeat intervals."""

    FRESH = "fresh"
    SLOW = "slow"
    LOST = "lost"
    NONE = "none"


class Kind(StrEnum):
    """What the deployed spec says the service is."""

    WORKER = "Prefect worker"
    NOWHERE = "Prefect worker without an API URL or work pool"
    OTHER = "no Prefect worker"
    UNREAD = "spec not read yet"
    UNREADABLE = "spec not readable"


class VersionGap(StrEnum):
    """How the worker's Prefect version stands to its server's."""

    NONE = "compatible"
    NEWER = "newer"
    TOO_OLD = "too old"


@dataclass(frozen=True, slots=True)
class SnowflakeFacts:
    """What Snowflake says of one service. Ages are None where nobody knows."""

    status: ServiceStatus = ServiceStatus.RUNNING
    blind: bool = False
    seen: timedelta | None = timedelta(seconds=1)
    """Age of the connection's last good answer."""
    error: str = ""
    advice: str = ""
    """The error's own next step."""
    ready: int = 1
    needed: int = 1
    target: int = 1
    is_up: bool = True
    message: str = ""
    started_for: timedelta | None = timedelta(hours=1)
    """Since the youngest container started."""
    not_up_for: timedelta = timedelta()
    start_grace: timedelta = timedelta(minutes=5)
    is_upgrading: bool = False
    upgrading_for: timedelta = timedelta()
    upgraded_instances: int = 0
    is_looping: bool = False
    restarts: int = 0
    """Within the restart window."""
    exit_code: int | None = None
    restarted_for: timedelta | None = None
    """Since the last restart, None when there was none within the window."""
    suspended_for: timedelta | None = None
    auto_suspend_secs: int = 0


@dataclass(frozen=True, slots=True)
class PrefectFacts:
    """What Prefect says of one service's worker and of the work pool that it serves."""

    asked: bool = True
    """False until the first look at the work pool came back, well or badly."""
    blind: bool = False
    seen: timedelta | None = timedelta(seconds=1)
    error: str = ""
    advice: str = ""
    """The error's own next step."""
    pool_exists: bool = True
    matched_by: MatchedBy = MatchedBy.INSTANCE
    beat: Beat = Beat.FRESH
    beat_age: timedelta | None = timedelta(seconds=10)
    interval: timedelta = timedelta(seconds=30)
    beat_since_start: bool = True
    """Whether the newest heartbeat is younger than the youngest container."""
    beats_while_suspended: bool = False
    all_lost: bool = False
    """No worker of this Prefect API beats any more, and several stopped together."""
    fresh: int = 1
    expected: int = 1
    silent: tuple[str, ...] = ()
    """Names of expected workers that should have beaten and did not."""
    others_fresh: bool = False
    paused: str = ""
    """What holds the work back: `work pool "p"`, `work queue "q"`, or empty."""
    late: int | None = 0
    """Late runs in the queues that this worker serves; None when unknown."""
    lateness: timedelta | None = None
    """Of the oldest."""
    is_full: bool = False
    slots_used: int = 0
    slots_limit: int = 0
    polled: timedelta | None = timedelta(seconds=5)
    """Since anybody polled one of its queues."""
    running: int = 0
    orphans: int = 0
    worker_version: str = ""
    server_version: str = ""
    version_gap: VersionGap = VersionGap.NONE


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the rules look at, for one service at one moment."""

    snowflake: SnowflakeFacts = SnowflakeFacts()
    prefect: PrefectFacts = PrefectFacts()
    kind: Kind = Kind.WORKER
    work_pool: str = ""
    api_url: str = ""
    missing: str = ""
    """What a worker of Kind.NOWHERE lacks, in words."""
    limits: Thresholds = Thresholds()
