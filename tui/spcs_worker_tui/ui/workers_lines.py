"""The workers pane in lines: the work pool, its workers, queues, late and running runs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.columns import beat_tone
from spcs_worker_tui.ui.lines import Cell, Line, clip, fit, fit_tail, wrap
from spcs_worker_tui.ui.widgets.header import host

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import Observation
    from spcs_worker_tui.domain.prefect import (
        FlowRunSnapshot,
        WorkerSnapshot,
        WorkPoolKey,
        WorkPoolSnapshot,
        WorkQueueSnapshot,
    )
    from spcs_worker_tui.ui.rows import ServiceRow

NAME = 34
SPARK = 12
SAYS = 8


@dataclass(frozen=True, slots=True)
class Beats:
    """What the lines need besides the row."""

    now: datetime
    glyphs: fmt.Glyphs
    intervals: Callable[[WorkPoolKey, str], Sequence[float]]


def pool_title(row: ServiceRow | None) -> Line:
    """What stands beside the pane's title."""
    if row is None or row.service.binding is None:
        return ()
    return (Cell(row.service.binding.pool.name, "ink bold"),)


def workers_lines(row: ServiceRow | None, beats: Beats, room: int) -> list[Line]:
    """The pane for that service, in `room` cells."""
    return [clip(line, room) for line in _pane(row, beats, room)]


def _pane(row: ServiceRow | None, beats: Beats, room: int) -> list[Line]:
    if row is None:
        return _sentence("Move to a service to see its workers.", room)
    binding = row.service.binding
    if binding is None:
        return _sentence("This service is no Prefect worker: its spec names no work pool.", room)
    if not binding.pool.api_url:
        return _sentence(
            "Its spec sets no PREFECT_API_URL, so there is no Prefect API to ask.", room
        )
    where = host(binding.pool.api_url)
    if row.pool is None:
        return _sentence(
            f"Asking the Prefect API at {where} for work pool {binding.pool.name}.", room
        )
    lines = _trouble(row.pool, where, beats, room)
    if row.pool.observed_at is None:
        return lines or _sentence(
            f"Waiting for the first answer of the Prefect API at {where}.", room
        )
    pool = row.pool.value
    mine = set(row.verdict.workers) if row.verdict else set()
    lines += [_summary(pool, beats), ()]
    lines += _workers(pool, mine, beats, room)
    lines += [(), *_queues(pool, beats, room)]
    if pool.late_count:
        lines += [(), _head("late", pool.late_count, len(pool.late_runs))]
        lines += [_run(run, run.expected_start_time, pool, beats, room) for run in pool.late_runs]
    if pool.running_count:
        lines += [(), _head("running", pool.running_count, len(pool.running_runs))]
        lines += [_run(run, run.start_time, pool, beats, room) for run in pool.running_runs]
    return lines


def _sentence(text: str, room: int) -> list[Line]:
    return [(Cell(" ", ""), Cell(part, "muted")) for part in wrap(text, room - 2)]


def _trouble(
    observation: Observation[WorkPoolSnapshot], where: str, beats: Beats, room: int
) -> list[Line]:
    error = observation.error
    if error is None:
        return []
    text = f"Prefect at {where}: {error.message}"
    if observation.observed_at is not None:
        text += f" (what follows is {fmt.age(beats.now - observation.observed_at)} old)"
    lines: list[Line] = [
        (Cell(" ", ""), Cell(part, "verdict-degraded")) for part in wrap(text, room - 2)
    ]
    if error.next_step:
        arrow = Cell(f" {beats.glyphs.next_step} ", "accent")
        lines += [(arrow, Cell(part, "ink")) for part in wrap(error.next_step, room - 4)]
    return lines


def _summary(pool: WorkPoolSnapshot, beats: Beats) -> Line:
    dot = Cell(f" {beats.glyphs.dot} ", "muted")
    status = "PAUSED" if pool.is_paused else pool.status
    cells = [
        Cell(f" {pool.type}", "muted"),
        dot,
        Cell(status, "ink" if status == "READY" else "verdict-degraded"),
        dot,
        Cell(slots(pool.active_slots, pool.concurrency_limit), _slots_tone(pool)),
    ]
    if pool.server_version:
        cells += [dot, Cell(f"server {pool.server_version}", "muted")]
    return tuple(cells)


def slots(active: int | None, limit: int | None) -> str:
    """Concurrency slots in words."""
    if limit is None:
        return "no slot limit" if not active else f"{active} slots, no limit"
    return f"{active or 0}/{limit} slots"


def _slots_tone(pool: WorkPoolSnapshot) -> str:
    full = pool.concurrency_limit is not None and (pool.active_slots or 0) >= pool.concurrency_limit
    return "verdict-degraded" if full else "muted"


def _name_width(room: int) -> int:
    """What is left for names beside age, intervals and status, within reason."""
    return max(12, min(NAME, room - 11 - _spark_width(room) - 2 - SAYS))


def _spark_width(room: int) -> int:
    return SPARK if room >= 60 else 9  # noqa: PLR2004 - names need it more


def _workers(pool: WorkPoolSnapshot, mine: set[str], beats: Beats, room: int) -> list[Line]:
    if not pool.workers:
        return _sentence("No worker has ever reported to this work pool.", room)
    ordered = sorted(pool.workers, key=lambda worker: (worker.name not in mine, worker.name))
    name = _name_width(room)
    head = f"   {fit('WORKER', name)}  BEAT  {fit('INTERVALS', _spark_width(room))}  SAYS"
    return [
        (Cell(head, "muted"),),
        *(_worker(worker, pool, worker.name in mine, beats, room) for worker in ordered),
    ]


def _worker(
    worker: WorkerSnapshot, pool: WorkPoolSnapshot, is_mine: bool, beats: Beats, room: int
) -> Line:
    name, size = _name_width(room), _spark_width(room)
    promised = worker.interval.total_seconds()
    age = pool.heartbeat_age(worker, beats.now)
    late = age.total_seconds() / promised if age is not None else None
    tone = "muted" if late is None else beat_tone(late)
    history = [*beats.intervals(pool.key, worker.name)]
    if late is not None and late > 1 and age is not None:
        history.append(age.total_seconds())
    spark = fmt.sparkline(history[-size:], promised * 2, beats.glyphs.sparkline)
    says = worker.status or "?"
    return (
        Cell(f" {beats.glyphs.mine if is_mine else ' '} ", "accent"),
        Cell(fit_tail(worker.name, name), "ink bold" if is_mine else "muted"),
        Cell(f"  {fit(fmt.age(age), 4, right=True)}  ", tone),
        Cell(fit(spark, size), "accent" if is_mine else "muted"),
        Cell(f"  {says}", "muted" if says == "ONLINE" else "verdict-degraded"),
    )


def _queues(pool: WorkPoolSnapshot, beats: Beats, room: int) -> list[Line]:
    name = _name_width(room)
    lines: list[Line] = [(Cell(f"   {fit('QUEUE', name)}  POLLED  STATUS", "muted"),)]
    lines += [_queue(queue, pool, beats, name) for queue in pool.queues]
    return lines if pool.queues else []


def _queue(queue: WorkQueueSnapshot, pool: WorkPoolSnapshot, beats: Beats, name: int) -> Line:
    status = "PAUSED" if queue.is_paused else queue.status.replace("_", " ")
    polled = None
    if queue.last_polled is not None:
        polled = max(timedelta(), beats.now + pool.clock_skew - queue.last_polled)
    cells = [
        Cell(f"   {fit(queue.name, name)}", "ink"),
        Cell(f"  {fit(fmt.age(polled), 6, right=True)}", "muted"),
        Cell(f"  {status}", "ink" if status == "READY" else "verdict-degraded"),
    ]
    if queue.concurrency_limit is not None:
        cells.append(Cell(f"  {slots(queue.active_slots, queue.concurrency_limit)}", "muted"))
    return tuple(cells)


def _head(word: str, count: int, shown: int) -> Line:
    more = f", {shown} shown" if shown < count else ""
    tone = "verdict-degraded bold" if word == "late" else "ink bold"
    return (Cell(f"   {fmt.plural(count, f'{word} run')}", tone), Cell(more, "muted"))


def _run(
    run: FlowRunSnapshot,
    since: datetime | None,
    pool: WorkPoolSnapshot,
    beats: Beats,
    room: int,
) -> Line:
    age = None if since is None else max(timedelta(), beats.now + pool.clock_skew - since)
    name = max(10, min(NAME, (room - 10) // 2))
    return (
        Cell(f"   {fit(run.name, name)}", "ink"),
        Cell(f"  {fit(fmt.age(age), 4, right=True)}", "ink"),
        Cell(f"  {run.flow_name}", "muted"),
        Cell(f"  {run.worker_name}" if run.worker_name else "", "muted"),
    )
