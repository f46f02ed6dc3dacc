"""The reasons that users read, one function per rule that has more to say than a fixed text."""

from __future__ import annotations

from datetime import timedelta

from spcs_worker_tui.domain.age import humanise
from spcs_worker_tui.domain.fleet import ServiceStatus
from spcs_worker_tui.domain.join import MatchedBy
from spcs_worker_tui.domain.rules_facts import Facts, Kind

_EXIT_CODES = {
    137: "137, killed: often out of memory",
    143: "143, stopped by SIGTERM",
}


def count(number: int, noun: str) -> str:
    """`1 run`, `3 runs`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def blind_both(f: Facts) -> str:
    """Rule 1."""
    return f"No answer from Snowflake or Prefect {_for(f.snowflake.seen)}{_error(f)}"


def blind_snowflake(f: Facts) -> str:
    """Rule 2."""
    text = f"No answer from Snowflake {_for(f.snowflake.seen)}{_error(f)}"
    if f.kind is Kind.WORKER and f.prefect.beat_age is not None:
        text += f"; worker last seen {humanise(f.prefect.beat_age)} ago"
    return text


def failed(f: Facts) -> str:
    """Rule 4."""
    return f"Service failed{_message(f)}"


def suspended_idle(f: Facts) -> str:
    """Rule 5."""
    if f.snowflake.status is ServiceStatus.SUSPENDING:
        return "Suspending"
    text = f"Suspended{_since(f.snowflake.suspended_for)}"
    if f.kind is not Kind.WORKER:
        return text
    if f.prefect.late is None:
        return f"{text}; whether runs wait is not known"
    return f"{text}; nothing waiting"


def suspended_late(f: Facts) -> str:
    """Rule 6."""
    verb = "waits" if f.prefect.late == 1 else "wait"
    return f"Suspended while {_late(f)} {verb}{_oldest(f)}. Nothing resumes it by itself"


def suspended_served(f: Facts) -> str:
    """Rule 7."""
    return f"Suspended{_since(f.snowflake.suspended_for)}; {_late(f)} late, others serve {_pool(f)}"


def looping(f: Facts) -> str:
    """Rule 9."""
    s = f.snowflake
    window = humanise(f.limits.restart_window)
    lacks = f"; the spec gives the worker no {f.missing}" if f.kind is Kind.NOWHERE else ""
    restarts = count(s.restarts, "restart")
    return f"Restart loop: {restarts} in {window}{_exit(f)}{_message(f)}{lacks}"


def cannot_start(f: Facts) -> str:
    """Rule 10."""
    return f"Cannot start{_message(f)}"


def starting(f: Facts) -> str:
    """Rule 11."""
    what = "Restarting with a new spec" if f.snowflake.is_upgrading else "Starting"
    return f"{what} for {humanise(f.snowflake.not_up_for)}{_message(f)}"


def stuck_starting(f: Facts) -> str:
    """Rule 12."""
    return f"Stuck starting for {humanise(f.snowflake.not_up_for)}{_message(f)}"


def upgrading(f: Facts) -> str:
    """Rule 13."""
    s = f.snowflake
    done = f"{s.upgraded_instances} of {count(s.target, 'instance')} on the new spec"
    return f"Upgrading: {done}{_message(f)}"


def upgrade_stuck(f: Facts) -> str:
    """Rule 14."""
    return f"Upgrade stuck for {humanise(f.snowflake.upgrading_for)}{_message(f)}"


def prefect_blind(f: Facts) -> str:
    """Rule 15."""
    error = f" ({f.prefect.error})" if f.prefect.error else ""
    if f.prefect.seen is None:
        return f"Containers run; no answer from Prefect yet, worker state unknown{error}"
    since = humanise(f.prefect.seen)
    return f"Containers run; no answer from Prefect for {since}, worker state unknown{error}"


def not_reported_yet(f: Facts) -> str:
    """Rule 16."""
    return f"Container up for {humanise(f.snowflake.started_for)}, worker has not reported yet"


def never_reported(f: Facts) -> str:
    """Rule 17."""
    if not f.prefect.pool_exists:
        return f"Container runs but {_pool(f)} does not exist at {f.api_url}"
    return (
        f"Container runs but no worker ever reported to {_pool(f)}: "
        "wrong API URL, wrong work pool, or egress blocked"
    )


def silent(f: Facts) -> str:
    """Rule 18."""
    return (
        f"Worker silent for {humanise(f.prefect.beat_age)} (expected every "
        f"{humanise(f.prefect.interval)}). Container says READY: process frozen or cut off"
    )


def overdue(f: Facts) -> str:
    """Rule 20."""
    age, interval = f.prefect.beat_age or timedelta(), f.prefect.interval
    return f"Heartbeat overdue by {humanise(age - interval)} (expected every {humanise(interval)})"


def paused_with_work(f: Facts) -> str:
    """Rule 21."""
    verb = "waits" if f.prefect.late == 1 else "wait"
    return f"{_capital(f.prefect.paused)} is paused; {_late(f)} {verb}{_oldest(f)}"


def not_fetching(f: Facts) -> str:
    """Rules 23 and 24."""
    polled = f.prefect.polled
    if polled is None:
        why = "no queue of it was ever polled"
    elif polled > f.limits.late_degraded:
        why = f"its queues were not polled for {humanise(polled)}"
    else:
        why = "its queues are polled, so perhaps the late runs wait in one that it does not serve"
    return f"Beats but does not fetch work: {f.prefect.late} late{_oldest(f)}; {why}"


def at_limit(f: Facts) -> str:
    """Rule 25."""
    p = f.prefect
    return f"At its limit: {p.slots_used}/{p.slots_limit} slots, {p.late} waiting{_oldest(f)}"


def too_new(f: Facts) -> str:
    """Rule 26."""
    p = f.prefect
    return f"Worker {p.worker_version} is newer than server {p.server_version}: calls can fail"


def too_old(f: Facts) -> str:
    """Rule 27."""
    p = f.prefect
    return f"Worker {p.worker_version} is too old for server {p.server_version}"


def some_not_ready(f: Facts) -> str:
    """Rule 28."""
    s = f.snowflake
    return f"{s.ready} of {count(s.target, 'instance')} ready{_message(f)}"


def restarted(f: Facts) -> str:
    """Rule 29."""
    return f"Restarted {humanise(f.snowflake.restarted_for)} ago{_exit(f)}; well since"


def suspends_itself(f: Facts) -> str:
    """Rule 30."""
    return (
        f"Will be suspended by itself (AUTO_SUSPEND_SECS = {f.snowflake.auto_suspend_secs}): "
        "a worker gets no service-function traffic"
    )


def orphans(f: Facts) -> str:
    """Rule 31."""
    number = f.prefect.orphans
    verb = "is" if number == 1 else "are"
    return (
        f"{count(number, 'run')} {verb} marked Running by workers that no longer exist; "
        "they occupy slots"
    )


def healthy(f: Facts) -> str:
    """Rule 32."""
    p = f.prefect
    text = f"Beating every {humanise(p.interval)}, last {humanise(p.beat_age)} ago"
    if p.error:
        text += f" when Prefect last answered, {humanise(p.seen)} ago"
    if p.running:
        text += f"; {count(p.running, 'run')} running"
    if p.matched_by is MatchedBy.POOL:
        text += "; matched by pool"
    return text


def not_enough(f: Facts) -> str:
    """Rules 36 and 37."""
    s = f.snowflake
    return (
        f"Snowflake says {s.status}, but {s.ready} of {count(s.needed, 'needed instance')} "
        f"ready for {humanise(s.not_up_for)}{_message(f)}"
    )


def no_worker(f: Facts) -> str:
    """Rule 38."""
    return (
        f"{f.snowflake.ready} of {count(f.snowflake.target, 'instance')} ready; no Prefect worker"
    )


def unread(f: Facts) -> str:
    """Rule 39."""
    if f.kind is Kind.UNREADABLE:
        return "Containers run; this role cannot read the spec, so nothing is known of a worker"
    return "Containers run; the spec was not read yet"


def nowhere(f: Facts) -> str:
    """Rule 40."""
    return f"Containers run; the spec gives the worker no {f.missing}, so nobody can ask for it"


def not_asked(f: Facts) -> str:
    """Rule 41."""
    return f"Containers run; waiting for the first answer of Prefect at {f.api_url}"


def some_silent(f: Facts) -> str:
    """Rule 42."""
    p = f.prefect
    names = f": nothing from {', '.join(p.silent)}" if p.silent else ""
    return f"{p.fresh} of {count(p.expected, 'worker')} beating{names}"


def _for(age: timedelta | None) -> str:
    return "yet" if age is None else f"for {humanise(age)}"


def _since(age: timedelta | None) -> str:
    return "" if age is None else f" for {humanise(age)}"


def _error(f: Facts) -> str:
    return f" ({f.snowflake.error})" if f.snowflake.error else ""


def _message(f: Facts) -> str:
    return f": {f.snowflake.message}" if f.snowflake.message else ""


def _exit(f: Facts) -> str:
    code = f.snowflake.exit_code
    return "" if code is None else f", exit code {_EXIT_CODES.get(code, code)}"


def _late(f: Facts) -> str:
    return count(f.prefect.late or 0, "run")


def _oldest(f: Facts) -> str:
    return "" if f.prefect.lateness is None else f" (oldest {humanise(f.prefect.lateness)})"


def _pool(f: Facts) -> str:
    return f'work pool "{f.work_pool}"'


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
