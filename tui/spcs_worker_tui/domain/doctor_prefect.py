"""Checks on a Prefect API and a work pool of it; facts from prefect-contract 1, 2 and 7."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from spcs_worker_tui.domain.doctor import Area, Check, Cure, Finding, Outcome, shell, unseen
from spcs_worker_tui.domain.errors import (
    PrefectBusyError,
    PrefectError,
    PrefectNotFoundError,
    PrefectUnauthorizedError,
)
from spcs_worker_tui.domain.prefect import (
    WorkerSnapshot,
    WorkPoolKey,
    WorkPoolSnapshot,
    WorkQueueKey,
)
from spcs_worker_tui.domain.text import one_line, without_credentials
from spcs_worker_tui.domain.wishes import CreateWorkPool, ResumeWork

REACHABLE = Check("prefect-reachable", "The Prefect API answers", Area.PREFECT)
KEY = Check("prefect-key", "The Prefect API takes the key that is kept for it", Area.PREFECT)
VERSION = Check("prefect-version", "The Prefect server is no older than its workers", Area.PREFECT)
SERVICES = Check("prefect-services", "The Prefect server's background services run", Area.PREFECT)
POOL = Check("work-pool", "The work pool is there", Area.PREFECT)
POOL_TYPE = Check("work-pool-type", "The work pool is of type process", Area.PREFECT)
POOL_STATE = Check("work-pool-state", "The work pool hands out runs", Area.PREFECT)

API_CHECKS = (REACHABLE, KEY)
POOL_CHECKS = (POOL, POOL_TYPE, POOL_STATE, VERSION, SERVICES)
CHECKS = (*API_CHECKS, VERSION, SERVICES, *POOL_CHECKS[:3])

PROCESS = "process"
OVERDUE_SECONDS = 60.0
"""A run that should have started so long ago is Late, where anybody marks runs: after 15 s and a
loop of 5 s by default (prefect-contract 2.5)."""
_GONE_INTERVALS = 3
_FOREMAN_LATE = timedelta(seconds=60)
"""Beyond the three intervals after which the Foreman calls a worker OFFLINE; its loop takes 15 s
(prefect-contract 2.3)."""
_VERSION = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """A work pool as it was read.

    Attributes:
        overdue: Runs that should have started `OVERDUE_SECONDS` ago and are still `Scheduled`;
            None: they could not be counted.
        expects_workers: Whether a service that is not suspended serves it.
    """

    pool: WorkPoolSnapshot
    overdue: int | None = None
    expects_workers: bool = False


def judge_answer(api_url: str, error: PrefectError | None) -> Iterator[Finding]:
    """Whether an API answers, and takes the key.

    Args:
        api_url: Which one.
        error: What a question that needs the key ended with; None: an answer.
    """
    subject = without_credentials(api_url)
    if isinstance(error, PrefectUnauthorizedError):
        yield Finding(REACHABLE, subject, Outcome.OK, "answers")
        # A server of one's own takes an auth string, Prefect Cloud a key.
        commands = tuple(
            shell("spcs-worker-tui", "keys", "set", subject, *option)
            for option in ((), ("--auth-string",))
        )
        words = "Keep the key for exactly this URL; user:password with --auth-string."
        yield Finding(KEY, subject, Outcome.PROBLEM, str(error), Cure(words, commands=commands))
    elif isinstance(error, PrefectBusyError):
        yield unseen(REACHABLE, subject, error)
    elif error is not None and not isinstance(error, PrefectNotFoundError):
        words = error.next_step or "Correct PREFECT_API_URL, or start the server."
        cure = Cure(words, commands=(shell("curl", f"{subject}/health"),))
        yield Finding(REACHABLE, subject, Outcome.PROBLEM, str(error), cure)
    else:
        yield Finding(REACHABLE, subject, Outcome.OK, "answers")
        yield Finding(KEY, subject, Outcome.OK, "lets this program in")


def judge_missing_pool(key: WorkPoolKey) -> Finding:
    """That there is no such pool."""
    name = one_line(key.name)
    cure = Cure(
        "Make it, or correct the name in the service's specification.",
        commands=(shell("spcs-worker-tui", "pool", "create", name),),
    )
    text = f"there is no work pool {name}"
    return Finding(POOL, str(key), Outcome.PROBLEM, text, cure, CreateWorkPool(key))


def judge_pool(facts: PoolFacts) -> Iterator[Finding]:
    """Everything about a pool that is there, but for its server's background services.

    Args:
        facts: As it was read.
    """
    pool, subject = facts.pool, str(facts.pool.key)
    yield Finding(POOL, subject, Outcome.OK, f"is there, with {len(pool.workers)} workers")
    yield _type(pool, subject)
    yield _state(facts, subject)
    yield _version(pool, subject)


def _type(pool: WorkPoolSnapshot, subject: str) -> Finding:
    if pool.type == PROCESS:
        return Finding(POOL_TYPE, subject, Outcome.OK, "its type is process")
    text = (
        f"its type is {one_line(pool.type)}: a process worker that is started on it ends at once, "
        "or fetches nothing"
    )
    cure = Cure(
        "A work pool keeps its type. Make one of type process, and name it in work_pool of "
        "spcs-worker.toml.",
        commands=("spcs-worker-tui pool create NAME",),
    )
    return Finding(POOL_TYPE, subject, Outcome.PROBLEM, text, cure)


def _state(facts: PoolFacts, subject: str) -> Finding:
    pool = facts.pool
    if pool.is_paused:
        cure = Cure(
            "Resume it.",
            commands=(shell("spcs-worker-tui", "pool", "resume", one_line(pool.key.name)),),
        )
        text = f"it is paused, and {pool.late_count} runs are late"
        fix = ResumeWork(WorkQueueKey(pool.key))
        return Finding(POOL_STATE, subject, Outcome.PROBLEM, text, cure, fix)
    online = sum(worker.status == "ONLINE" for worker in pool.workers)
    if not online and facts.expects_workers:
        cure = Cure(
            "See which of its services does not report: the dashboard and --check say why.",
            commands=("spcs-worker-tui --check",),
        )
        text = "none of its workers is ONLINE, though a service serves it"
        return Finding(POOL_STATE, subject, Outcome.NOTICE, text, cure)
    text = f"is {pool.status.replace('_', ' ').lower()}, {online} of its workers ONLINE"
    return Finding(POOL_STATE, subject, Outcome.OK, text)


def _version(pool: WorkPoolSnapshot, subject: str) -> Finding:
    server = _parsed(pool.server_version)
    if server is None:
        return Finding(VERSION, subject, Outcome.OK, "the server does not say its version")
    newer = [w for w in _current(pool.workers) if (_parsed(w.version) or server) > server]
    other = [w for w in _current(pool.workers) if (_parsed(w.version) or server)[0] != server[0]]
    said = f"the server is Prefect {one_line(pool.server_version)}"
    if other:
        text = f"{said}, and worker {one_line(other[0].name)} is {one_line(other[0].version)}"
        return Finding(VERSION, subject, Outcome.PROBLEM, text, _versions_cure(pool))
    if newer:
        text = f"{said}, older than worker {one_line(newer[0].name)} ({one_line(newer[0].version)})"
        return Finding(VERSION, subject, Outcome.NOTICE, text, _versions_cure(pool))
    return Finding(VERSION, subject, Outcome.OK, said)


def _versions_cure(pool: WorkPoolSnapshot) -> Cure:
    return Cure(
        "Prefect supports a server that is as new as its workers, or newer: update the server, or "
        f"build the worker's image with prefect {one_line(pool.server_version)}.",
        commands=("spcs-worker-tui deploy",),
    )


def _current(workers: Sequence[WorkerSnapshot]) -> Iterator[WorkerSnapshot]:
    return (worker for worker in workers if worker.status == "ONLINE")


def _parsed(version: str) -> tuple[int, int] | None:
    match = _VERSION.match(version)
    return (int(match[1]), int(match[2])) if match else None


def judge_services(facts: PoolFacts, now: datetime, before: PoolFacts | None = None) -> Finding:
    """Whether the server's background services run, by what they should have marked.

    A server that has just come up has not marked anything yet: look twice before you say so.

    Args:
        facts: As the pool was read.
        now: Our own clock.
        before: How it was a while ago; None: that is not known.
    """
    pool, subject = facts.pool, str(facts.pool.key)
    silent = [w for w in pool.workers if w.status == "ONLINE" and _is_long_gone(pool, w, now)]
    cure = Cure(
        "Start the server with its background services: `prefect server start` without "
        "--no-services, or `prefect server services start` beside several web servers."
    )
    if silent:
        text = (
            f"worker {one_line(silent[0].name)} is called ONLINE long after its last heartbeat: "
            "the Foreman does not run"
        )
        return Finding(SERVICES, subject, Outcome.PROBLEM, text, cure)
    if facts.overdue and before is not None and facts.overdue < (before.overdue or 0):
        text = f"{facts.overdue} runs are not marked Late yet; there were more a moment ago"
        return Finding(SERVICES, subject, Outcome.UNKNOWN, text, Cure("Look again."))
    if facts.overdue:
        text = (
            f"{facts.overdue} runs should have started over {OVERDUE_SECONDS:g} s ago and are not "
            "marked Late: nobody marks them"
        )
        return Finding(SERVICES, subject, Outcome.PROBLEM, text, cure)
    if facts.overdue is None:
        text = "overdue runs could not be counted"
        return Finding(SERVICES, subject, Outcome.UNKNOWN, text, Cure("Look again."))
    return Finding(SERVICES, subject, Outcome.OK, "runs and workers are marked in time")


def _is_long_gone(pool: WorkPoolSnapshot, worker: WorkerSnapshot, now: datetime) -> bool:
    age = pool.heartbeat_age(worker, now)
    return age is not None and age > _GONE_INTERVALS * worker.interval + _FOREMAN_LATE
