"""The raw facts behind a verdict, for the screen that explains it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.age import humanise
from spcs_worker_tui.domain.rules_facts import Beat, Facts, Kind
from spcs_worker_tui.domain.text import in_sentences
from spcs_worker_tui.domain.verdict import Fact

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceSnapshot
    from spcs_worker_tui.domain.rules_pool import PoolView

_SNOWFLAKE = "Snowflake"
_PREFECT = "Prefect"


def show_facts(
    facts: Facts, service: ServiceSnapshot, row_at: datetime, view: PoolView | None
) -> tuple[Fact, ...]:
    """What the rules looked at, each with the time at which it was observed.

    Args:
        facts: All of it.
        service: What was judged.
        row_at: When its row was shown last.
        view: Its work pool, if it has one.
    """
    shown = [*_snowflake(facts, service, row_at)]
    if view is not None and facts.kind is Kind.WORKER:
        shown += _prefect(facts, view, _said_by(service))
    return tuple(shown)


def _snowflake(facts: Facts, service: ServiceSnapshot, row_at: datetime) -> Iterator[Fact]:
    s = facts.snowflake
    rows_at = service.containers.observed_at

    def fact(name: str, value: str, at: datetime | None = row_at) -> Fact:
        return Fact(name, value, at, _SNOWFLAKE)

    yield fact("status", f"{s.status}{', upgrading' if s.is_upgrading else ''}")
    ready = f"{s.ready} of {s.target}, {s.needed} needed"
    yield fact("ready instances", ready, rows_at or row_at)
    spec_at = service.spec.observed_at or service.spec_read_at
    yield Fact("service is", facts.kind, spec_at, _said_by(service) or _SNOWFLAKE)
    if (error := service.spec.error) is not None:
        yield fact("specification", in_sentences(str(error), error.next_step))
    if s.message:
        yield fact("container message", s.message, rows_at)
    if s.started_for is not None:
        yield fact("youngest container's age", humanise(s.started_for), rows_at)
    if s.not_up_for:
        grace = f"{humanise(s.not_up_for)}, allowed {humanise(s.start_grace)}"
        yield fact("not up for", grace, rows_at or row_at)
    yield _restarts(facts, service, rows_at)
    if s.exit_code is not None:
        yield fact("last exit code", str(s.exit_code), rows_at)
    if s.suspended_for is not None:
        yield fact("suspended for", humanise(s.suspended_for))
    if s.auto_suspend_secs:
        yield fact("AUTO_SUSPEND_SECS", str(s.auto_suspend_secs))
    if s.error:
        yield fact("latest error", s.error)


def _restarts(facts: Facts, service: ServiceSnapshot, rows_at: datetime | None) -> Fact:
    """How often it restarted lately, or what vouches that it did not."""
    if service.containers_unread:
        return Fact("containers", f"not read: {service.containers_unread}")
    window = humanise(facts.limits.restart_window)
    return Fact(f"restarts within {window}", str(facts.snowflake.restarts), rows_at, _SNOWFLAKE)


def _said_by(service: ServiceSnapshot) -> str:
    """What names the work pool where the account does not show the spec."""
    return service.binding.said_by if service.binding else ""


def _prefect(facts: Facts, view: PoolView, said_by: str) -> Iterator[Fact]:
    p = facts.prefect

    def fact(name: str, value: str) -> Fact:
        return Fact(name, value, view.observed_at, _PREFECT)

    source = f", from {said_by}" if said_by else ""
    yield fact("work pool", f"{facts.work_pool} at {facts.api_url}{source}")
    if p.error:
        yield fact("latest error", p.error)
    if view.observed_at is None:
        return
    yield fact("workers found by", p.matched_by)
    yield fact("workers beating", f"{p.fresh} of {p.expected}")
    yield fact("heartbeat", _heartbeat(facts))
    if p.polled is not None:
        yield fact("queue polled", f"{humanise(p.polled)} before")
    oldest = "" if p.lateness is None else f", oldest {humanise(p.lateness)}"
    yield fact("late runs", f"{p.late}{oldest}")
    optional = {
        "paused": p.paused,
        "slots": f"{p.slots_used} of {p.slots_limit}" if p.is_full else "",
        "orphan runs": str(p.orphans or ""),
        "server version": p.server_version,
        "worker version": p.worker_version,
        "server clock": _skew(view.pool.clock_skew),
    }
    for name, value in optional.items():
        if value:
            yield fact(name, value)


def _heartbeat(facts: Facts) -> str:
    p = facts.prefect
    if p.beat is Beat.NONE:
        return "none"
    limit = facts.limits.fresh_intervals * p.interval
    return f"{p.beat}, {humanise(p.beat_age)} old when asked (fresh up to {humanise(limit)})"


def _skew(skew: timedelta) -> str:
    if abs(skew) < timedelta(seconds=2):
        return ""
    return f"{humanise(abs(skew))} {'ahead' if skew > timedelta() else 'behind'} of ours"
