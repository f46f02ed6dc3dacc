"""The service is up: what its heartbeats, its work pool and its containers say."""

from __future__ import annotations

from spcs_worker_tui.domain import rules_text as text
from spcs_worker_tui.domain.join import MatchedBy
from spcs_worker_tui.domain.rules_facts import Beat, Facts, Kind, VersionGap
from spcs_worker_tui.domain.rules_row import WATCH, Rule, Side, fixed
from spcs_worker_tui.domain.verdict import Health, Remedy

_LAST_WORDS = "Read the log: the last words of the previous container say why it ended"
_RESTART = "Read the log; if it stays silent, suspend and resume it, which costs its runs"


def _not_fetching(f: Facts) -> bool:
    p = f.prefect
    overdue = p.lateness is None or p.lateness > f.limits.late_degraded
    return bool(p.late) and not p.is_full and overdue


def _very_late(f: Facts) -> bool:
    lateness = f.prefect.lateness
    return _not_fetching(f) and lateness is not None and lateness > f.limits.late_broken


def _starting_up(f: Facts) -> bool:
    started, p = f.snowflake.started_for, f.prefect
    young = started is not None and started <= f.limits.report_grace
    return young and p.beat is not Beat.FRESH and not p.beat_since_start


def _some_silent(f: Facts) -> bool:
    p, started = f.prefect, f.snowflake.started_for
    if p.matched_by is not MatchedBy.POOL:
        return bool(p.silent)
    return p.fresh < p.expected and started is not None and started > f.limits.report_grace


UP_RULES: tuple[Rule, ...] = (
    Rule(
        39,
        "up, spec not read",
        "any",
        Health.UNKNOWN,
        lambda f: f.kind in (Kind.UNREAD, Kind.UNREADABLE),
        text.unread,
        "Only the owner role sees the spec: use its role, or name the service in spcs-worker.toml",
    ),
    Rule(
        40,
        "up, spec names no PREFECT_API_URL or no work pool",
        "cannot be asked",
        Health.DEGRADED,
        lambda f: f.kind is Kind.NOWHERE,
        text.nowhere,
        "Set it in the environment of the service's spec",
    ),
    Rule(
        41,
        "up",
        "not asked yet",
        Health.UNKNOWN,
        lambda f: f.kind is Kind.WORKER and not f.prefect.asked,
        text.not_asked,
        WATCH,
        side=Side.PREFECT,
    ),
    Rule(
        15,
        "up",
        "no answer for 90 s",
        Health.DEGRADED,
        lambda f: f.kind is Kind.WORKER and f.prefect.blind,
        text.prefect_blind,
        "Check the Prefect server, its address from this machine, and the saved credentials",
        from_failure=True,
        side=Side.PREFECT,
    ),
    Rule(
        16,
        "up, container younger than 2 min",
        "no heartbeat since it started",
        Health.DEGRADED,
        lambda f: f.kind is Kind.WORKER and _starting_up(f),
        text.not_reported_yet,
        WATCH,
        side=Side.PREFECT,
    ),
    Rule(
        17,
        "up",
        "no worker of this service",
        Health.BROKEN,
        lambda f: f.kind is Kind.WORKER and f.prefect.beat is Beat.NONE,
        text.never_reported,
        "Read the log; check PREFECT_API_URL, the work pool and the external access integration",
        remedy=Remedy.READ_LOG,
        side=Side.PREFECT,
        settles=True,
    ),
    Rule(
        18,
        "up",
        "heartbeat lost (older than 3 intervals), others beat",
        Health.BROKEN,
        lambda f: f.kind is Kind.WORKER and f.prefect.beat is Beat.LOST and not f.prefect.all_lost,
        text.silent,
        _RESTART,
        remedy=Remedy.RESTART,
        side=Side.PREFECT,
        settles=True,
    ),
    Rule(
        19,
        "up",
        "heartbeats of all workers of that Prefect API lost together",
        Health.DEGRADED,
        lambda f: f.kind is Kind.WORKER and f.prefect.beat is Beat.LOST,
        fixed(
            "All workers of this Prefect server went silent together: "
            "suspect the server or its network, not this worker"
        ),
        "Check the Prefect server",
        side=Side.PREFECT,
    ),
    Rule(
        20,
        "up",
        "heartbeat slow (older than 1.5 intervals)",
        Health.DEGRADED,
        lambda f: f.kind is Kind.WORKER and f.prefect.beat is Beat.SLOW,
        text.overdue,
        WATCH,
        side=Side.PREFECT,
        settles=True,
    ),
    Rule(
        42,
        "up",
        "fresh, but not every expected worker",
        Health.DEGRADED,
        lambda f: f.kind is Kind.WORKER and _some_silent(f),
        text.some_silent,
        "Read the log of the silent instance",
        remedy=Remedy.READ_LOG,
        side=Side.PREFECT,
        settles=True,
    ),
    Rule(
        21,
        "up",
        "fresh, work pool or queue paused, late runs",
        Health.DEGRADED,
        lambda f: f.kind is Kind.WORKER and bool(f.prefect.paused and f.prefect.late),
        text.paused_with_work,
        "Resume the work pool or queue in Prefect",
        side=Side.PREFECT,
    ),
    Rule(
        22,
        "up",
        "fresh, work pool or queue paused, nothing late",
        Health.HEALTHY,
        lambda f: f.kind is Kind.WORKER and bool(f.prefect.paused),
        lambda f: f"Idle: {f.prefect.paused} is paused",
        "Resume the work pool or queue in Prefect",
        side=Side.PREFECT,
    ),
    Rule(
        24,
        "up",
        "fresh, late runs, not full, oldest late by more than 5 min",
        Health.BROKEN,
        lambda f: f.kind is Kind.WORKER and _very_late(f),
        text.not_fetching,
        _RESTART,
        remedy=Remedy.RESTART,
        side=Side.PREFECT,
        settles=True,
    ),
    Rule(
        23,
        "up",
        "fresh, late runs, not full, oldest late by more than 60 s",
        Health.DEGRADED,
        lambda f: f.kind is Kind.WORKER and _not_fetching(f),
        text.not_fetching,
        _RESTART,
        remedy=Remedy.RESTART,
        side=Side.PREFECT,
        settles=True,
    ),
    Rule(
        25,
        "up",
        "fresh, late runs, every slot of the work pool or queue used",
        Health.DEGRADED,
        lambda f: f.kind is Kind.WORKER and bool(f.prefect.late) and f.prefect.is_full,
        text.at_limit,
        "Add instances, raise the limit, or look for runs that will never end",
        side=Side.PREFECT,
    ),
    Rule(
        26,
        "up",
        "fresh, worker newer than its server by a minor version or more",
        Health.DEGRADED,
        lambda f: f.kind is Kind.WORKER and f.prefect.version_gap is VersionGap.NEWER,
        text.too_new,
        "Update the server, or pin Prefect in the image",
        side=Side.PREFECT,
    ),
    Rule(
        27,
        "up",
        "fresh, worker older than its server by a major version",
        Health.DEGRADED,
        lambda f: f.kind is Kind.WORKER and f.prefect.version_gap is VersionGap.TOO_OLD,
        text.too_old,
        "Update Prefect in the image",
        side=Side.PREFECT,
    ),
    Rule(
        28,
        "some instances not READY, enough are",
        "fresh for the others, or no Prefect worker",
        Health.DEGRADED,
        lambda f: f.snowflake.ready < f.snowflake.target,
        text.some_not_ready,
        "Read the message of the instance that is not ready",
    ),
    Rule(
        29,
        "up, restarted within 10 min",
        "fresh, or no Prefect worker",
        Health.DEGRADED,
        lambda f: f.snowflake.restarted_for is not None,
        text.restarted,
        _LAST_WORDS,
        remedy=Remedy.READ_LOG,
    ),
    Rule(
        38,
        "up",
        "no Prefect worker",
        Health.HEALTHY,
        lambda f: f.kind is Kind.OTHER,
        text.no_worker,
    ),
    Rule(
        30,
        "up, AUTO_SUSPEND_SECS above 0",
        "fresh",
        Health.DEGRADED,
        lambda f: f.snowflake.auto_suspend_secs > 0,
        text.suspends_itself,
        "ALTER SERVICE … SET AUTO_SUSPEND_SECS = 0",
    ),
    Rule(
        31,
        "up",
        "fresh, runs marked Running by workers that are gone",
        Health.DEGRADED,
        lambda f: f.prefect.orphans > 0,
        text.orphans,
        "Set those runs to Crashed in Prefect",
        side=Side.PREFECT,
    ),
    Rule(
        32,
        "up",
        "fresh, everything as expected",
        Health.HEALTHY,
        lambda _: True,
        text.healthy,
        side=Side.PREFECT,
    ),
)
