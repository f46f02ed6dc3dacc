"""Every row of the health table."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from spcs_worker_tui.domain.fleet import ServiceStatus
from spcs_worker_tui.domain.join import MatchedBy
from spcs_worker_tui.domain.rules import RULES, first_match
from spcs_worker_tui.domain.rules_facts import (
    Beat,
    Facts,
    Kind,
    PrefectFacts,
    SnowflakeFacts,
    VersionGap,
)
from spcs_worker_tui.domain.verdict import Health


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def facts(kind: Kind = Kind.WORKER, **changed: Any) -> Facts:
    """A healthy worker, but for what is changed; each name is of one of the two sides."""
    mine = {k: v for k, v in changed.items() if k in SnowflakeFacts.__slots__}
    theirs = {k: v for k, v in changed.items() if k in PrefectFacts.__slots__}
    for side in ("snowflake", "prefect"):
        chosen = mine if side == "snowflake" else theirs
        for name in ("blind", "error", "seen"):
            chosen.pop(name, None)
            if f"{side}_{name}" in changed:
                chosen[name] = changed[f"{side}_{name}"]
    return Facts(
        snowflake=replace(SnowflakeFacts(), **mine),
        prefect=replace(PrefectFacts(), **theirs),
        kind=kind,
        work_pool="spcs",
        api_url="http://127.0.0.1:4200/api",
        missing="PREFECT_API_URL" if kind is Kind.NOWHERE else "",
    )


PENDING = ServiceStatus.PENDING
SUSPENDED = ServiceStatus.SUSPENDED
NOT_UP: dict[str, Any] = {"is_up": False, "ready": 0}
LATE: dict[str, Any] = {"late": 3, "lateness": seconds(90)}
FULL: dict[str, Any] = {"is_full": True, "slots_used": 2, "slots_limit": 2}
OLD = minutes(3)

# Rule, verdict, the facts, and words of the reason.
CASES: list[tuple[int, Health, Facts, str]] = [
    (
        1,
        Health.UNKNOWN,
        facts(snowflake_blind=True, prefect_blind=True, snowflake_seen=OLD),
        "No answer from Snowflake or Prefect for 3 min",
    ),
    (
        2,
        Health.UNKNOWN,
        facts(snowflake_blind=True, snowflake_seen=OLD, snowflake_error="network is down"),
        "No answer from Snowflake for 3 min (network is down); worker last seen 10 s ago",
    ),
    (
        2,
        Health.UNKNOWN,
        facts(Kind.OTHER, snowflake_blind=True, prefect_blind=True, snowflake_seen=OLD),
        "No answer from Snowflake for 3 min",
    ),
    (3, Health.UNKNOWN, facts(status=ServiceStatus.DELETING), "being dropped"),
    (3, Health.UNKNOWN, facts(status=ServiceStatus.DELETED), "being dropped"),
    (4, Health.BROKEN, facts(status=ServiceStatus.FAILED, message="bad"), "Service failed: bad"),
    (4, Health.BROKEN, facts(status=ServiceStatus.INTERNAL_ERROR), "Service failed"),
    (
        5,
        Health.SUSPENDED,
        facts(status=SUSPENDED, suspended_for=minutes(90)),
        "Suspended for 1 h 30 min; nothing waiting",
    ),
    (5, Health.SUSPENDED, facts(status=ServiceStatus.SUSPENDING, **LATE), "Suspending"),
    (5, Health.SUSPENDED, facts(status=SUSPENDED, late=None), "whether runs wait is not known"),
    (5, Health.SUSPENDED, facts(Kind.OTHER, status=SUSPENDED), "Suspended"),
    (
        6,
        Health.BROKEN,
        facts(status=SUSPENDED, late=2, lateness=minutes(15)),
        "Suspended while 2 runs wait (oldest 15 min). Nothing resumes it by itself",
    ),
    (6, Health.BROKEN, facts(status=SUSPENDED, late=1), "Suspended while 1 run waits."),
    (
        7,
        Health.SUSPENDED,
        facts(status=SUSPENDED, others_fresh=True, **LATE),
        '3 runs late, others serve work pool "spcs"',
    ),
    (8, Health.DEGRADED, facts(status=SUSPENDED, beats_while_suspended=True), "share a name?"),
    (8, Health.DEGRADED, facts(status=SUSPENDED, beats_while_suspended=True, **LATE), "share"),
    (
        9,
        Health.BROKEN,
        facts(is_looping=True, restarts=4, exit_code=137, message="Container was OOMKilled"),
        "Restart loop: 4 restarts in 10 min, exit code 137, killed: often out of memory: "
        "Container was OOMKilled",
    ),
    (9, Health.BROKEN, facts(status=PENDING, is_looping=True, restarts=1, **NOT_UP), "1 restart"),
    (
        9,
        Health.BROKEN,
        facts(Kind.NOWHERE, is_looping=True, restarts=3, exit_code=64),
        "exit code 64; the spec gives the worker no PREFECT_API_URL",
    ),
    (
        10,
        Health.BROKEN,
        facts(status=PENDING, message="Failed to pull image", **NOT_UP),
        "Cannot start: Failed to pull image",
    ),
    (
        10,
        Health.BROKEN,
        facts(status=PENDING, message="Provided image name uses an invalid format", **NOT_UP),
        "Cannot start: Provided image name",
    ),
    (
        11,
        Health.DEGRADED,
        facts(status=PENDING, not_up_for=minutes(5), message="Waiting to start", **NOT_UP),
        "Starting for 5 min: Waiting to start",
    ),
    (
        11,
        Health.DEGRADED,
        facts(status=PENDING, not_up_for=minutes(19), start_grace=minutes(20), **NOT_UP),
        "Starting for 19 min",
    ),
    (
        11,
        Health.DEGRADED,
        facts(status=PENDING, is_upgrading=True, **NOT_UP),
        "Restarting with a new spec",
    ),
    (
        12,
        Health.BROKEN,
        facts(status=PENDING, not_up_for=minutes(5.1), **NOT_UP),
        "Stuck starting for 5 min 6 s",
    ),
    (
        12,
        Health.BROKEN,
        facts(status=PENDING, not_up_for=minutes(21), start_grace=minutes(20), **NOT_UP),
        "Stuck starting for 21 min",
    ),
    (
        13,
        Health.DEGRADED,
        facts(is_upgrading=True, upgrading_for=minutes(10), upgraded_instances=1, target=2),
        "Upgrading: 1 of 2 instances on the new spec",
    ),
    (13, Health.DEGRADED, facts(Kind.OTHER, is_upgrading=True, beat=Beat.NONE), "Upgrading"),
    (
        14,
        Health.BROKEN,
        facts(is_upgrading=True, upgrading_for=minutes(11), message="Failed to pull image"),
        "Upgrade stuck for 11 min: Failed to pull image",
    ),
    (
        15,
        Health.DEGRADED,
        facts(prefect_blind=True, prefect_seen=minutes(2), prefect_error="401"),
        "Containers run; no answer from Prefect for 2 min, worker state unknown (401)",
    ),
    (
        15,
        Health.DEGRADED,
        facts(prefect_blind=True, prefect_seen=None, beat=Beat.NONE),
        "no answer from Prefect yet",
    ),
    (
        16,
        Health.DEGRADED,
        facts(beat=Beat.NONE, beat_since_start=False, started_for=minutes(2)),
        "Container up for 2 min, worker has not reported yet",
    ),
    (
        16,
        Health.DEGRADED,
        facts(beat=Beat.LOST, beat_since_start=False, started_for=seconds(9)),
        "has not reported yet",
    ),
    (
        17,
        Health.BROKEN,
        facts(beat=Beat.NONE, beat_since_start=False, started_for=minutes(2.1)),
        'no worker ever reported to work pool "spcs"',
    ),
    (17, Health.BROKEN, facts(beat=Beat.NONE, beat_since_start=False, started_for=None), "egress"),
    (17, Health.BROKEN, facts(beat=Beat.NONE, pool_exists=False), "does not exist at http://127"),
    (
        18,
        Health.BROKEN,
        facts(beat=Beat.LOST, beat_age=seconds(95)),
        "Worker silent for 1 min 35 s (expected every 30 s). Container says READY",
    ),
    (19, Health.DEGRADED, facts(beat=Beat.LOST, all_lost=True), "suspect the server"),
    (
        20,
        Health.DEGRADED,
        facts(beat=Beat.SLOW, beat_age=seconds(50)),
        "Heartbeat overdue by 20 s",
    ),
    (
        42,
        Health.DEGRADED,
        facts(fresh=1, expected=2, silent=("analytics.prefect.ingest.1",), target=2, ready=2),
        "1 of 2 workers beating: nothing from analytics.prefect.ingest.1",
    ),
    (
        42,
        Health.DEGRADED,
        facts(fresh=1, expected=2, matched_by=MatchedBy.POOL, target=2, ready=2),
        "1 of 2 workers beating",
    ),
    (
        21,
        Health.DEGRADED,
        facts(paused='work pool "spcs"', late=1, lateness=seconds(20)),
        'Work pool "spcs" is paused; 1 run waits (oldest 20 s)',
    ),
    (22, Health.HEALTHY, facts(paused='work queue "a"'), 'Idle: work queue "a" is paused'),
    (
        23,
        Health.DEGRADED,
        facts(**(LATE | {"lateness": seconds(61)})),
        "Beats but does not fetch work: 3 late (oldest 1 min 1 s); its queues are polled",
    ),
    (
        23,
        Health.DEGRADED,
        facts(polled=minutes(4), **(LATE | {"lateness": minutes(5)})),
        "its queues were not polled for 4 min",
    ),
    (23, Health.DEGRADED, facts(late=1, lateness=None, polled=None), "was ever polled"),
    (24, Health.BROKEN, facts(late=1, lateness=minutes(5.1)), "Beats but does not fetch work"),
    (25, Health.DEGRADED, facts(**FULL, **LATE), "At its limit: 2/2 slots, 3 waiting (oldest"),
    (25, Health.DEGRADED, facts(**FULL, late=1, lateness=minutes(9)), "At its limit"),
    (
        26,
        Health.DEGRADED,
        facts(version_gap=VersionGap.NEWER, worker_version="3.9.0", server_version="3.8.8"),
        "Worker 3.9.0 is newer than server 3.8.8",
    ),
    (
        27,
        Health.DEGRADED,
        facts(version_gap=VersionGap.TOO_OLD, worker_version="2.19.0", server_version="3.8.8"),
        "Worker 2.19.0 is too old for server 3.8.8",
    ),
    (
        28,
        Health.DEGRADED,
        facts(ready=1, target=3, message="Failed to pull image"),
        "1 of 3 instances ready: Failed to pull image",
    ),
    (28, Health.DEGRADED, facts(Kind.OTHER, ready=1, target=2), "1 of 2 instances ready"),
    (
        29,
        Health.DEGRADED,
        facts(restarted_for=minutes(4), exit_code=143),
        "Restarted 4 min ago, exit code 143, stopped by SIGTERM; well since",
    ),
    (29, Health.DEGRADED, facts(Kind.OTHER, restarted_for=minutes(4)), "Restarted 4 min ago;"),
    (30, Health.DEGRADED, facts(auto_suspend_secs=600), "AUTO_SUSPEND_SECS = 600"),
    (31, Health.DEGRADED, facts(orphans=2), "2 runs are marked Running by workers that no longer"),
    (31, Health.DEGRADED, facts(orphans=1), "1 run is marked Running"),
    (32, Health.HEALTHY, facts(), "Beating every 30 s, last 10 s ago"),
    (
        32,
        Health.HEALTHY,
        facts(prefect_error="no route", prefect_seen=seconds(40), running=1),
        "last 10 s ago when Prefect last answered, 40 s ago; 1 run running",
    ),
    (
        32,
        Health.HEALTHY,
        facts(running=2, matched_by=MatchedBy.POOL),
        "last 10 s ago; 2 runs running; matched by pool",
    ),
    (32, Health.HEALTHY, facts(late=1, lateness=seconds(60)), "Beating"),
    (33, Health.HEALTHY, facts(status=ServiceStatus.DONE), "Job is done"),
    (34, Health.SUSPENDED, facts(status=ServiceStatus.CANCELLED), "Job was cancelled"),
    (34, Health.SUSPENDED, facts(status=ServiceStatus.CANCELLING), "Job was cancelled"),
    (35, Health.UNKNOWN, facts(status=ServiceStatus.UNKNOWN), "does not know"),
    (
        36,
        Health.DEGRADED,
        facts(not_up_for=minutes(1), **NOT_UP),
        "Snowflake says RUNNING, but 0 of 1 needed instance ready for 1 min",
    ),
    (37, Health.BROKEN, facts(not_up_for=minutes(6), **NOT_UP), "ready for 6 min"),
    (38, Health.HEALTHY, facts(Kind.OTHER, beat=Beat.NONE), "1 of 1 instance ready; no Prefect"),
    (38, Health.HEALTHY, facts(Kind.OTHER, auto_suspend_secs=600), "no Prefect worker"),
    (39, Health.UNKNOWN, facts(Kind.UNREADABLE), "this role cannot read the spec"),
    (39, Health.UNKNOWN, facts(Kind.UNREAD), "the spec was not read yet"),
    (40, Health.DEGRADED, facts(Kind.NOWHERE), "gives the worker no PREFECT_API_URL"),
    (41, Health.UNKNOWN, facts(asked=False, beat=Beat.NONE), "waiting for the first answer"),
]


@pytest.mark.parametrize(
    ("number", "health", "given_facts", "words"),
    CASES,
    ids=[f"{case[0]}-{index}" for index, case in enumerate(CASES)],
)
def test_row(number: int, health: Health, given_facts: Facts, words: str) -> None:
    rule = first_match(given_facts)
    assert rule.number == number
    assert rule.health is health
    assert words in rule.reason(given_facts)


def test_every_row_has_a_case() -> None:
    assert {case[0] for case in CASES} == {rule.number for rule in RULES} == set(range(1, 43))


def test_numbers_name_one_rule_each() -> None:
    assert len({rule.number for rule in RULES}) == len(RULES)


def test_what_is_definite_worsens_at_once_and_what_rests_on_an_age_does_not() -> None:
    settles = {rule.number for rule in RULES if rule.settles}
    assert {17, 18, 20, 23} <= settles
    assert not {4, 6, 9, 10, 14} & settles


def test_whatever_is_not_well_says_what_to_do() -> None:
    for rule in RULES:
        if rule.health in (Health.BROKEN, Health.DEGRADED):
            assert rule.next_step, rule.number


def test_what_to_do_names_neither_keys_nor_commands() -> None:
    for rule in RULES:
        assert not re.search(r"(?<!')\b([b-z]|press|spcs-worker-tui)\b", rule.next_step), rule
        assert rule.next_step or rule.remedy is None, rule


@pytest.mark.parametrize("number", [2, 15])
def test_a_failure_that_knows_what_to_do_is_believed(number: int) -> None:
    (rule,) = (rule for rule in RULES if rule.number == number)
    facts = Facts(
        snowflake=SnowflakeFacts(blind=number == 2, advice="Correct the password"),
        prefect=PrefectFacts(blind=number == 15, advice="Save a profile"),
    )
    assert rule.when(facts)
    assert rule.advice(facts) == ({2: "Correct the password", 15: "Save a profile"}[number], None)
    silent = Facts(
        snowflake=SnowflakeFacts(blind=number == 2), prefect=PrefectFacts(blind=number == 15)
    )
    assert rule.advice(silent) == (rule.next_step, rule.remedy)
