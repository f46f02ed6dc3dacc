"""`--check` for people: a table on standard output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.console import Ink, paint
from spcs_worker_tui.cli.remedies import next_step
from spcs_worker_tui.domain.age import humanise
from spcs_worker_tui.domain.text import cell_width, one_line
from spcs_worker_tui.domain.verdict import Health, Verdict

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ConnectionSnapshot, FleetSnapshot, ServiceSnapshot
    from spcs_worker_tui.domain.prefect import WorkPoolSnapshot
    from spcs_worker_tui.operations.check import CheckReport

_HEAD = (
    "VERDICT",
    "SERVICE",
    "CONNECTION",
    "STATUS",
    "READY",
    "RESTARTS",
    "WORKERS",
    "HEARTBEAT",
    "LATE",
    "REASON",
)
_GAP = "  "
_INKS = {
    Health.HEALTHY: Ink.GREEN,
    Health.DEGRADED: Ink.YELLOW,
    Health.BROKEN: Ink.RED,
    Health.UNKNOWN: Ink.MAGENTA,
    Health.SUSPENDED: Ink.DIM,
}


def table(report: CheckReport, *, colour: bool) -> Iterator[str]:
    """The lines of the table, one for each service and for each connection that failed."""
    snapshot = report.judged.snapshot
    rows = [(Health.UNKNOWN, _failed_row(c)) for c in report.failed_connections]
    rows += [(v.health, service_row(s, v, snapshot)) for s, v in report.services]
    if not rows:
        return
    widths = [
        max(cell_width(cells[column]) for cells in (_HEAD, *(cells for _, cells in rows)))
        for column in range(len(_HEAD))
    ]
    yield paint(_line(_HEAD, widths), Ink.BOLD, colour=colour)
    for health, cells in rows:
        verdict, rest = cells[0], _line(cells, widths)
        yield paint(verdict, _INKS[health], colour=colour) + rest[len(verdict) :]


def service_row(service: ServiceSnapshot, verdict: Verdict, snapshot: FleetSnapshot) -> list[str]:
    """The cells of one service."""
    seen = snapshot.work_pool(service)
    pool = seen.value if seen and seen.observed_at else None
    reason = one_line(verdict.reason, 300)
    if following := next_step(verdict, service.key):
        reason += f" -> {following}"
    return [
        str(verdict.health),
        one_line(service.key.qualified),
        one_line(service.key.connection),
        str(service.status),
        f"{service.ready_instances}/{service.target_instances}",
        "-" if service.containers_unread else str(service.restart_count),
        f"{verdict.workers_online}/{verdict.workers_expected}" if service.binding else "-",
        _heartbeat(verdict, pool, snapshot),
        str(pool.late_count) if pool else "-",
        reason,
    ]


def newest_heartbeat(
    verdict: Verdict, pool: WorkPoolSnapshot | None, snapshot: FleetSnapshot
) -> timedelta | None:
    """The age of the newest heartbeat of the service's workers, None when there is none."""
    if pool is None or verdict.newest_worker is None:
        return None
    return pool.heartbeat_age(verdict.newest_worker, snapshot.observed_at)


def _heartbeat(verdict: Verdict, pool: WorkPoolSnapshot | None, snapshot: FleetSnapshot) -> str:
    age = newest_heartbeat(verdict, pool, snapshot)
    return humanise(age) if age is not None else "-"


def _failed_row(connection: ConnectionSnapshot) -> list[str]:
    error = connection.error
    reason = one_line(str(error), 300) if error else "it did not answer"
    if error and error.next_step:
        reason += f" -> {one_line(error.next_step, 200)}"
    name, state = one_line(connection.name), str(connection.state)
    return ["unknown", "-", name, state, "-", "-", "-", "-", "-", reason]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell + " " * (width - cell_width(cell)) for cell, width in zip(cells, widths, strict=True)
    )
    return _GAP.join(padded).rstrip()
