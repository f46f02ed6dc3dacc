"""The pages of one service in lines: overview, why, describe, spec. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.domain.fleet import ContainerSnapshot, ContainerStatus, Observation
from spcs_worker_tui.domain.verdict import Fact, Sync
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.lines import Cell, Line, fit, width, wrap
from spcs_worker_tui.ui.rows import ServiceRow, tag_of
from spcs_worker_tui.ui.workers_lines import Beats, workers_lines

if TYPE_CHECKING:
    from spcs_worker_tui.ui.history import Change

_LABEL = 18


def verdict_lines(row: ServiceRow, beats: Beats, room: int) -> list[Line]:
    """The verdict with its reason and next step, in whole sentences."""
    tone = f"verdict-{row.health}"
    lines: list[Line] = [
        (Cell(f" {beats.glyphs.health[row.health]} {row.health}", f"{tone} bold"),)
    ]
    verdict = row.verdict
    if verdict is None:
        return [*lines, (Cell("   Not judged yet", "muted"),)]
    lines += [(Cell("   ", ""), Cell(part)) for part in wrap(verdict.reason, room - 4)]
    arrow = f" {beats.glyphs.next_step} "
    advice = fmt.next_step(verdict)
    for index, part in enumerate(wrap(advice, room - 4) if advice else ()):
        lines.append(
            (Cell(arrow if not index else " " * len(arrow), "accent"), Cell(part, "accent"))
        )
    return lines


def overview(row: ServiceRow, beats: Beats, room: int) -> list[Line]:
    """What runs, and how it is."""
    lines = [*verdict_lines(row, beats, room), ()]
    lines += [_title("Containers", row.service.containers, beats.now)]
    if not row.service.containers.value:
        lines.append((Cell(f"   None: the service is {row.service.status}.", "muted"),))
    else:
        lines.append((Cell(_CONTAINER_TITLES, "muted"),))
    lines += [_container(one, beats.now) for one in row.service.containers.value]
    for one in row.service.containers.value:
        if one.message and one.status is not ContainerStatus.READY:
            text = f"{one.name}/{one.instance_id}: {one.message}"
            lines += [(Cell("   ", ""), Cell(p, "verdict-degraded")) for p in wrap(text, room - 4)]
    lines += [(), _title("Work pool", row.pool, beats.now)]
    return [*lines, *workers_lines(row, beats, room)]


def _title(text: str, seen: Observation[Any] | None, now: datetime) -> Line:
    note = ""
    if seen is not None and seen.observed_at is not None:
        note = f"  {fmt.age(now - seen.observed_at)} ago"
    cells = [Cell(f" {text}", "ink bold"), Cell(note, "muted")]
    if seen is not None and seen.error is not None:
        cells.append(Cell(f"  {seen.error.message}", "verdict-degraded"))
    return tuple(cells)


_CONTAINER_TITLES = (
    f"   {fit('CONTAINER', 20)}  {fit('STATUS', 10)}  {fit('UP', 4, right=True)}"
    f"  {fit('RESTARTS', 8, right=True)}  IMAGE"
)


def _container(one: ContainerSnapshot, now: datetime) -> Line:
    up = now - one.start_time if one.start_time else None
    ready = one.status is ContainerStatus.READY
    cells = [
        Cell(f"   {fit(f'{one.name}/{one.instance_id}', 20)}  ", "ink"),
        Cell(fit(str(one.status), 12), "verdict-healthy" if ready else "verdict-degraded"),
        Cell(fit(fmt.age(up), 4, right=True), "muted"),
        Cell(
            f"  {fit(str(one.restart_count), 8, right=True)}  ",
            "verdict-degraded" if one.restart_count else "muted",
        ),
        Cell(tag_of(one.image_name), "ink"),
    ]
    if one.last_exit_code is not None:
        cells.append(Cell(f"   last exit code {one.last_exit_code}", "verdict-degraded"))
    return tuple(cells)


def why(
    row: ServiceRow,
    changes: Sequence[Change],
    beats: Beats,
    zone: tzinfo | None,
    room: int,
) -> list[Line]:
    """Which rule fired, on which facts, how old they are, and what the verdict was before."""
    lines = verdict_lines(row, beats, room)
    verdict = row.verdict
    if verdict is None:
        return lines
    lines += [
        (),
        (
            Cell(f" Rule {verdict.rule}", "ink bold"),
            Cell(" of the table in docs/health.md", "muted"),
        ),
        (),
        (Cell(" Facts it looked at", "ink bold"),),
    ]
    lines += _facts(verdict.facts, beats.now, room)
    if not verdict.facts:
        lines.append((Cell("   None.", "muted"),))
    lines += [(), *_sync(row, room), ()]
    lines.append((Cell(" Verdicts since the dashboard was opened", "ink bold"),))
    return lines + [_change(change, beats, zone, room) for change in reversed(changes)]


def _facts(facts: Sequence[Fact], now: datetime, room: int) -> Iterable[Line]:
    label = max((width(fact.name) for fact in facts), default=0) + 2
    widest = max((width(fact.value) for fact in facts), default=0)
    size = max(12, min(widest, room - label - 28))
    for fact in facts:
        aged = f"{fmt.age(now - fact.observed_at)} ago" if fact.observed_at else ""
        note = f"   {fit(fact.source, 10)}  {aged}".rstrip()
        for index, part in enumerate(wrap(fact.value or fmt.NOTHING, size)):
            yield (
                Cell(f"   {fit(fact.name if not index else '', label)}", "muted"),
                Cell(fit(part, size), "ink"),
                Cell(note if not index else "", "muted"),
            )


def _sync(row: ServiceRow, room: int) -> list[Line]:
    verdict = row.verdict
    sync = verdict.sync if verdict else Sync.UNKNOWN
    tone = "ink" if sync in {Sync.IN_SYNC, Sync.UNKNOWN} else "verdict-degraded"
    lines: list[Line] = [(Cell(" Sync  ", "ink bold"), Cell(str(sync), tone))]
    detail = verdict.sync_detail if verdict else ""
    return lines + [
        (Cell("   ", ""), Cell(part, "muted")) for part in wrap(detail, room - 4) if part
    ]


def _change(change: Change, beats: Beats, zone: tzinfo | None, room: int) -> Line:
    before = f"{change.before} {beats.glyphs.next_step} " if change.before else ""
    used = 14 + len(before) + len(change.after)
    return (
        Cell(f"   {fmt.clock(change.at, zone)}  ", "muted"),
        Cell(before, "muted"),
        Cell(str(change.after), f"verdict-{change.after}"),
        Cell(f"  {fit(change.reason, max(10, room - used - 4)).rstrip()}", "muted"),
    )


def describe(row: ServiceRow, now: datetime, zone: tzinfo | None, room: int) -> list[Line]:
    """Everything that is known, in Snowflake's words."""
    service, connection = row.service, row.connection

    def when(value: datetime | None) -> str:
        if value is None:
            return fmt.NOTHING
        return f"{fmt.moment(value, zone)}  ({fmt.span(now - value)} ago)"

    facts = [
        ("name", service.key.name),
        ("database.schema", f"{service.key.database}.{service.key.schema}"),
        ("connection", service.key.connection),
        ("account", connection.account),
        ("user, role", ", ".join(filter(None, (connection.user, connection.role)))),
        ("status", str(service.status)),
        ("is_upgrading", str(service.is_upgrading).lower()),
        ("instances", f"{service.ready_instances} ready, {service.current_instances} current, "
                      f"{service.target_instances} target"),
        ("min, max instances", f"{service.min_instances}, {service.max_instances} "
                               f"(min ready {service.min_ready_instances})"),
        ("compute pool", _compute_pool(row)),
        ("owner", service.owner),
        ("auto_resume", str(service.auto_resume).lower()),
        ("auto_suspend_secs", str(service.auto_suspend_secs)),
        ("external access", ", ".join(service.external_access_integrations)),
        ("spec_digest", service.spec_digest),
        ("created_on", when(service.created_on)),
        ("updated_on", when(service.updated_on)),
        ("resumed_on", when(service.resumed_on)),
        ("suspended_on", when(service.suspended_on)),
        ("comment", service.comment),
        ("last change seen", when(service.observed_at)),
        ("last seen", when(connection.observed_at or service.observed_at)),
    ]  # fmt: skip
    lines = [line for name, value in facts for line in _pair(name, value, room)]
    lines += [(), (Cell(" Instances", "ink bold"),)]
    for instance in service.instances.value:
        text = f"{instance.status}  since {fmt.moment(instance.start_time, zone)}"
        text += f"  {instance.ip_address}  spec {instance.spec_digest[:12]}"
        lines += _pair(str(instance.instance_id), text, room)
    for one in service.containers.value:
        lines += [(), (Cell(f" Container {one.name}/{one.instance_id}", "ink bold"),)]
        lines += [
            line for name, value in _container_facts(one, zone) for line in _pair(name, value, room)
        ]
    return lines


def _container_facts(one: ContainerSnapshot, zone: tzinfo | None) -> list[tuple[str, str]]:
    return [
        ("status", str(one.status)),
        ("message", one.message),
        ("image_name", one.image_name),
        ("image_digest", one.image_digest),
        ("restart_count", str(one.restart_count)),
        ("start_time", fmt.moment(one.start_time, zone)),
        ("last_exit_code", fmt.NOTHING if one.last_exit_code is None else str(one.last_exit_code)),
        ("last_restart_time", fmt.moment(one.last_restart_time, zone)),
    ]


def _compute_pool(row: ServiceRow) -> str:
    pool = row.connection.compute_pool(row.service.compute_pool)
    if pool is None:
        return row.service.compute_pool
    nodes = f"{pool.active_nodes} active, {pool.idle_nodes} idle of {pool.max_nodes} nodes"
    return f"{pool.name}  {pool.state}  {pool.instance_family}  {nodes}"


def _pair(name: str, value: str, room: int) -> list[Line]:
    parts = wrap(value or fmt.NOTHING, room - _LABEL - 4)
    return [
        (Cell(f"   {fit(name if not index else '', _LABEL)}", "muted"), Cell(part))
        for index, part in enumerate(parts)
    ]


def spec(row: ServiceRow, now: datetime, room: int) -> list[Line]:
    """The deployed specification, as DESCRIBE SERVICE showed it."""
    seen = row.service.spec
    if seen.value is None:
        if seen.error is None:
            return [(Cell(" The specification was not read yet.", "muted"),)]
        lines: list[Line] = [
            (Cell(" ", ""), Cell(p, "verdict-degraded")) for p in wrap(seen.error.message, room - 2)
        ]
        return [*lines, (Cell(f" {seen.error.next_step}", "ink"),)]
    title = _title(f"spec digest {seen.value.digest[:16]}", seen, now)
    return [title, (), *(_yaml(text) for text in seen.value.text.splitlines())]


def _yaml(text: str) -> Line:
    name, colon, value = text.partition(":")
    if colon and not name.strip().startswith("#"):
        return (Cell(f" {name}{colon}", "accent"), Cell(value))
    return (Cell(f" {text}", "ink"),)
