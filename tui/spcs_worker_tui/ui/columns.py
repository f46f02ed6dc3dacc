"""The columns of the fleet table: what each shows, sorts by, and how it gives way. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import ServiceStatus
from spcs_worker_tui.domain.prefect import DEFAULT_HEARTBEAT_SECONDS
from spcs_worker_tui.domain.verdict import Sync
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.lines import Cell, width

if TYPE_CHECKING:
    from spcs_worker_tui.ui.rows import ServiceRow

SortValue = tuple[float, str]

_SIGN = 2
_ESSENTIAL = 5
"""Columns up to this rank are there as soon as their minimum fits."""
_READABLE = 24
"""Cells that are enough for most contents."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What cells need besides the row: the moment, and the signs to write with."""

    now: datetime
    glyphs: fmt.Glyphs


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    `letter` sorts by it after `s`. Columns of a higher `rank` are left out first when the
    terminal is narrow. `minimum` and `maximum` are widths in cells; a column whose maximum is
    larger takes what its contents need of the room that is left.
    """

    key: str
    title: str
    letter: str
    rank: int
    minimum: int
    maximum: int
    cell: Callable[[ServiceRow, Glance], Cell]
    sort: Callable[[ServiceRow, Glance], SortValue]
    meaning: str
    right: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def is_figure(self) -> bool:
        """Figures are not searched for a bare word: what matches would change every second."""
        return self.right


def _verdict(row: ServiceRow, glance: Glance) -> Cell:
    return Cell(f"{glance.glyphs.health[row.health]} {row.health}", f"verdict-{row.health}")


def _status(row: ServiceRow, glance: Glance) -> Cell:  # noqa: ARG001 - the shape of all columns
    status = row.service.status
    if row.service.is_upgrading:
        return Cell("UPGRADING", "verdict-degraded")
    if status in {ServiceStatus.FAILED, ServiceStatus.INTERNAL_ERROR}:
        return Cell(str(status), "verdict-broken")
    return Cell(str(status), "ink" if status is ServiceStatus.RUNNING else "muted")


def _ready(row: ServiceRow, glance: Glance) -> Cell:  # noqa: ARG001
    service = row.service
    if service.status is ServiceStatus.SUSPENDED:
        return Cell(fmt.NOTHING, "muted")
    short = service.ready_instances < service.target_instances
    text = fmt.of(service.ready_instances, service.target_instances)
    return Cell(text, "verdict-degraded" if short else "ink")


def _restarts(row: ServiceRow, glance: Glance) -> Cell:  # noqa: ARG001
    count = row.service.restart_count
    return Cell(str(count), "verdict-degraded" if count else "muted")


def _sync(row: ServiceRow, glance: Glance) -> Cell:  # noqa: ARG001
    sync = row.verdict.sync if row.verdict else Sync.UNKNOWN
    if sync is Sync.UNKNOWN:
        # Beside a verdict, "unknown" would read like one. The page `w` says what is missing.
        return Cell(fmt.NOTHING, "muted")
    return Cell(str(sync), "muted" if sync is Sync.IN_SYNC else "verdict-degraded")


def _compute_pool(row: ServiceRow, glance: Glance) -> Cell:  # noqa: ARG001
    if odd := row.odd_compute_pool_state:
        return Cell(f"{odd} {row.service.compute_pool}", "verdict-degraded")
    return Cell(row.service.compute_pool or fmt.NOTHING, "muted")


def _work_pool(row: ServiceRow, glance: Glance) -> Cell:  # noqa: ARG001
    binding = row.service.binding
    return Cell(binding.pool.name if binding else fmt.NOTHING, "ink" if binding else "muted")


def _workers(row: ServiceRow, glance: Glance) -> Cell:  # noqa: ARG001
    verdict = row.verdict
    if verdict is None or row.service.binding is None:
        return Cell(fmt.NOTHING, "muted")
    short = verdict.workers_online < verdict.workers_expected
    text = fmt.of(verdict.workers_online, verdict.workers_expected)
    return Cell(text, "verdict-degraded" if short else "ink")


def _heartbeat(row: ServiceRow, glance: Glance) -> Cell:
    beat = row.heartbeat_age(glance.now)
    if beat is None:
        return Cell(fmt.NOTHING, "muted")
    binding = row.service.binding
    promised = (binding and binding.heartbeat_interval_seconds) or DEFAULT_HEARTBEAT_SECONDS
    late = beat.total_seconds() / promised
    return Cell(fmt.age(beat), beat_tone(late))


def beat_tone(intervals: float) -> str:
    """The tone of a heartbeat that is so many intervals old (fresh to 1.5, lost after 3)."""
    if intervals <= 1.5:  # noqa: PLR2004 - docs/health.md
        return "ink"
    return "verdict-degraded" if intervals <= 3 else "verdict-broken"  # noqa: PLR2004


def _runs(row: ServiceRow, glance: Glance) -> Cell:  # noqa: ARG001
    if row.pool is None:
        return Cell(fmt.NOTHING, "muted")
    pool = row.pool.value
    text = fmt.of(pool.late_count, pool.running_count)
    return Cell(text, "verdict-degraded" if pool.late_count else "ink")


def _data_age(row: ServiceRow, glance: Glance) -> Cell:
    return Cell(
        fmt.age(row.data_age(glance.now)),
        "verdict-degraded" if row.is_stale(glance.now) else "muted",
    )


def _why(row: ServiceRow, glance: Glance) -> Cell:  # noqa: ARG001
    return Cell(row.verdict.reason if row.verdict else "Not judged yet", "muted")


def _text(value: Callable[[ServiceRow], str], tone: str) -> Callable[[ServiceRow, Glance], Cell]:
    def cell(row: ServiceRow, glance: Glance) -> Cell:  # noqa: ARG001
        return Cell(value(row) or fmt.NOTHING, tone)

    return cell


def _by_text(value: Callable[[ServiceRow], str]) -> Callable[[ServiceRow, Glance], SortValue]:
    return lambda row, _: (0.0, value(row).casefold())


def _by_number(value: Callable[[ServiceRow], float]) -> Callable[[ServiceRow, Glance], SortValue]:
    """Numbers sort with the largest first, because the largest is what one looks for."""
    return lambda row, _: (-value(row), "")


def _name(row: ServiceRow) -> str:
    return row.key.name


def _connection(row: ServiceRow) -> str:
    return row.key.connection


def _place(row: ServiceRow) -> str:
    return f"{row.key.database}.{row.key.schema}"


def _pool_name(row: ServiceRow) -> str:
    return row.service.binding.pool.name if row.service.binding else ""


COLUMNS: tuple[Column, ...] = (
    Column(
        "verdict", "VERDICT", "v", 0, 11, 11, _verdict,
        _by_number(lambda row: row.health.severity),
        "healthy, degraded, broken, suspended, unknown",
    ),
    Column(
        "service", "SERVICE", "n", 0, 13, 40, _text(_name, "ink bold"), _by_text(_name),
        "name of the service", aliases=("name",),
    ),
    Column(
        "connection", "CONN", "c", 1, 4, 16, _text(_connection, "ink"), _by_text(_connection),
        "saved connection it is seen through", aliases=("conn",),
    ),
    Column(
        "schema", "DATABASE.SCHEMA", "d", 9, 15, 36, _text(_place, "muted"), _by_text(_place),
        "database and schema", aliases=("db", "database"),
    ),
    Column(
        "status", "STATUS", "t", 3, 9, 9, _status, _by_text(lambda row: str(row.service.status)),
        "what Snowflake says of the service",
    ),
    Column(
        "ready", "READY", "i", 2, 5, 5, _ready,
        _by_number(lambda row: row.service.target_instances - row.service.ready_instances),
        "instances ready of target", right=True, aliases=("instances",),
    ),
    Column(
        "restarts", "RST", "r", 6, 3, 3, _restarts,
        _by_number(lambda row: row.service.restart_count),
        "restarts of its containers", right=True,
    ),
    Column(
        "image", "IMAGE", "g", 8, 8, 18, _text(lambda row: row.image_tag, "ink"),
        _by_text(lambda row: row.image_tag),
        "tag of the image", aliases=("tag",),
    ),
    Column(
        "sync", "SYNC", "y", 10, 9, 17, _sync,
        _by_text(lambda row: str(row.verdict.sync) if row.verdict else ""),
        "whether what runs is what was pushed and written",
    ),
    Column(
        "compute", "COMPUTE POOL", "p", 11, 12, 30, _compute_pool,
        _by_text(lambda row: row.service.compute_pool),
        "compute pool, with its state where that is odd",
    ),
    Column(
        "pool", "WORK POOL", "o", 7, 10, 24, _work_pool, _by_text(_pool_name),
        "Prefect work pool that it serves",
    ),
    Column(
        "workers", "WORKERS", "w", 4, 7, 7, _workers,
        _by_number(
            lambda row: (
                row.verdict.workers_expected - row.verdict.workers_online if row.verdict else 0
            )
        ),
        "workers online of expected", right=True,
    ),
    Column(
        "heartbeat", "BEAT", "h", 2, 4, 4, _heartbeat,
        lambda row, glance: (
            -(beat.total_seconds() if (beat := row.heartbeat_age(glance.now)) else -1.0),
            "",
        ),
        "age of the last heartbeat", right=True, aliases=("beat",),
    ),
    Column(
        "runs", "LATE/RUN", "l", 5, 8, 8, _runs,
        _by_number(lambda row: row.pool.value.late_count if row.pool else -1),
        "late and running flow runs of the work pool", right=True, aliases=("late",),
    ),
    Column(
        "age", "AGE", "a", 6, 4, 4, _data_age,
        lambda row, glance: (-row.data_age(glance.now).total_seconds(), ""),
        "age of what is shown", right=True,
    ),
    Column(
        "why", "WHY", "m", 12, 30, 160, _why,
        _by_text(lambda row: row.verdict.reason if row.verdict else ""),
        "reason of the verdict", aliases=("reason",),
    ),
)  # fmt: skip

BY_KEY: Mapping[str, Column] = {column.key: column for column in COLUMNS}
BY_LETTER: Mapping[str, Column] = {column.letter: column for column in COLUMNS}


def column_named(name: str) -> Column | None:
    """The column of that key, alias or unambiguous beginning, or None."""
    name = name.casefold()
    names = {known: column for column in COLUMNS for known in (column.key, *column.aliases)}
    if name in names:
        return names[name]
    found = {column.key: column for known, column in names.items() if known.startswith(name)}
    return next(iter(found.values())) if name and len(found) == 1 else None


def natural_widths(rows: Sequence[ServiceRow], glance: Glance) -> dict[str, int]:
    """How wide each flexible column would like to be for these rows."""
    wanted = {}
    for column in COLUMNS:
        if column.minimum == column.maximum or column.key == "why":
            wanted[column.key] = column.maximum
            continue
        cell = column.cell
        texts = {cell(row, glance).text for row in rows}
        widest = max(map(width, texts), default=0)
        wanted[column.key] = max(column.minimum, min(column.maximum, widest))
    return wanted


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that fit, with their widths, and the blanks between them."""

    columns: tuple[tuple[Column, int], ...]
    gap: int

    def at(self, x: int) -> Column | None:
        """The column whose title is under that cell, or None between two of them."""
        left = 1
        for column, size in self.columns:
            if left <= x < left + size + self.gap:
                return column
            left += size + self.gap
        return None


def lay_out(room: int, wanted: Mapping[str, int]) -> Layout:
    """Choose columns for a table of `room` cells; the first cell stays free as a margin.

    In the order of importance: a column comes in when its minimum fits beside what is there
    already. The essential ones are content with their minimum; the others do not come in before
    those that are there can be read in full, or nearly so. What is left over then widens the
    columns towards what their contents want.
    """
    gap = 2 if room >= 100 else 1  # noqa: PLR2004 - where a second blank stops costing a column
    by_rank = sorted(COLUMNS, key=lambda column: column.rank)
    sizes: dict[str, int] = {}
    needed = readable = -gap
    first, second, *_ = by_rank
    if first.minimum + gap + second.minimum > room - 2:
        # A name without its verdict's word, which the sign before it stands for, beats the reverse.
        rest = max(1, room - 2 - _SIGN - gap)
        return Layout(((first, _SIGN), (second, rest)), gap)
    for column in by_rank:
        taken = needed if column.rank <= _ESSENTIAL else readable
        if taken + gap + column.minimum > room - 2:
            break
        sizes[column.key] = column.minimum
        needed += gap + column.minimum
        readable += gap + max(column.minimum, min(wanted[column.key], _READABLE))
    left = room - 2 - needed
    for column in by_rank:
        if column.key in sizes:
            more = min(left, max(0, wanted[column.key] - column.minimum))
            sizes[column.key] += more
            left -= more
    chosen = tuple((column, sizes[column.key]) for column in COLUMNS if column.key in sizes)
    return Layout(chosen, gap)
