"""The headless health check: the dashboard's own verdicts, rolled up into one word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import (
    ConnectionSnapshot,
    ConnectionState,
    ServiceKey,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.domain.verdict import Health, JudgedFleet, Verdict
from spcs_worker_tui.operations.choose import matches

if TYPE_CHECKING:
    from spcs_worker_tui.domain.errors import FleetError
    from spcs_worker_tui.domain.ports import Clock

_NEEDS_A_PERSON = frozenset(
    {ConnectionState.SIGN_IN_NEEDED, ConnectionState.REFUSED, ConnectionState.MISCONFIGURED}
)

Look = Callable[[], Awaitable[JudgedFleet]]


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What is asked for.

    Args:
        patterns: Which services; each must match at least one. None: all.
        require_running: A suspended service counts as broken.
        wait: Look again until all is well.
        seconds: For how long, with `wait`.
        interval: Seconds between two looks, with `wait`.
    """

    patterns: tuple[str, ...] = ()
    require_running: bool = False
    wait: bool = False
    seconds: float = 900.0
    interval: float = 5.0


@dataclass(frozen=True, slots=True)
class Resumption:
    """One service that was resumed, or could not be."""

    service: ServiceKey
    error: FleetError | None = None


Resume = Callable[[JudgedFleet], Awaitable[tuple[Resumption, ...]]]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found.

    `health` is the worst of everything: BROKEN, UNKNOWN, DEGRADED or HEALTHY; suspended services
    count as healthy unless they were required to run. `remarks` say what no service says: a
    pattern that means nothing, an account that shows nothing.
    """

    judged: JudgedFleet
    health: Health
    counts: Mapping[Health, int]
    failed_connections: tuple[ConnectionSnapshot, ...] = ()
    remarks: tuple[str, ...] = ()
    resumptions: tuple[Resumption, ...] = field(default=())

    @property
    def services(self) -> tuple[tuple[ServiceSnapshot, Verdict], ...]:
        """Each service with its verdict, the worst first, then by name."""
        judged = self.judged
        pairs = [(s, judged.verdicts[s.key]) for s in judged.snapshot.services]
        return tuple(sorted(pairs, key=lambda p: (-p[1].health.severity, p[0].key)))


async def check(
    look: Look,
    clock: Clock,
    options: CheckOptions,
    said: Callable[[CheckReport], None] = lambda _report: None,
    *,
    resume: Resume | None = None,
) -> CheckReport:
    """Look, perhaps resume, perhaps wait, and roll up.

    Args:
        look: One look at the services that are wanted.
        clock: Time.
        options: What is asked for.
        said: Called with every report that is not the last one.
        resume: Resumes what it finds to be needed, and says which.
    """
    until = clock.now() + timedelta(seconds=options.seconds)
    resumptions: tuple[Resumption, ...] = ()
    while True:
        judged = await look()
        if resume is not None:
            resumed = await resume(judged)
            resumptions += resumed
            if any(one.error is None for one in resumed):
                judged = await look()
        report = replace(assess(judged, options), resumptions=resumptions)
        left = (until - clock.now()).total_seconds()
        if not options.wait or left <= 0 or _is_settled(report):
            return report
        said(report)
        await clock.sleep(min(options.interval, left))


def assess(judged: JudgedFleet, options: CheckOptions) -> CheckReport:
    """Roll one picture up."""
    counts = dict.fromkeys(Health, 0)
    for service in judged.snapshot.services:
        counts[judged.verdicts[service.key].health] += 1
    failed = tuple(
        connection
        for connection in judged.snapshot.connections
        if connection.state is not ConnectionState.CONNECTED or connection.error is not None
    )
    remarks = tuple(_remarks(judged, options, anything_failed=bool(failed)))
    found = [health for health, count in counts.items() if count]
    if failed or remarks:
        found.append(Health.UNKNOWN)
    worst = max((_weighed(h, options) for h in found), key=_severity, default=Health.UNKNOWN)
    return CheckReport(judged, worst, counts, failed, remarks)


def _severity(health: Health) -> int:
    return health.severity


def _weighed(health: Health, options: CheckOptions) -> Health:
    if health is Health.SUSPENDED:
        return Health.BROKEN if options.require_running else Health.HEALTHY
    return health


def _remarks(judged: JudgedFleet, options: CheckOptions, *, anything_failed: bool) -> list[str]:
    services = judged.snapshot.services
    where = "the connections that answered" if anything_failed else "the connections checked"
    remarks = [
        f"No service on {where} matches {one_line(pattern)!r}."
        for pattern in options.patterns
        if not any(matches(pattern, service.key) for service in services)
    ]
    if not services and not remarks and not anything_failed:
        roles = ", ".join(sorted({c.role for c in judged.snapshot.connections if c.role}))
        by = f" to role {roles}" if roles else ""
        remarks.append(f"No service is visible{by}: SHOW SERVICES lists what a role has rights on.")
    return remarks


def _is_settled(report: CheckReport) -> bool:
    """Whether waiting would change nothing, or is no longer needed."""
    if report.health is Health.HEALTHY:
        return True
    failed = report.failed_connections
    return bool(failed) and all(c.state in _NEEDS_A_PERSON for c in failed)
