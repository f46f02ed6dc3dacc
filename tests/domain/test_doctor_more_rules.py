"""The rules on Prefect, clocks and this machine, where only values are needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from spcs_worker_tui.domain.doctor import Outcome
from spcs_worker_tui.domain.doctor_clock import judge_clock
from spcs_worker_tui.domain.doctor_machine import (
    KeyFileFacts,
    KeyFileKind,
    TerminalFacts,
    judge_key_file,
    judge_keyring,
    judge_terminal,
)
from spcs_worker_tui.domain.doctor_prefect import (
    KEY,
    REACHABLE,
    PoolFacts,
    judge_answer,
    judge_pool,
    judge_services,
)
from spcs_worker_tui.domain.errors import (
    KeyringError,
    PrefectBusyError,
    PrefectGarbledError,
    PrefectNotFoundError,
    PrefectUnauthorizedError,
    PrefectUnreachableError,
)
from spcs_worker_tui.domain.prefect import WorkerSnapshot, WorkPoolKey, WorkPoolSnapshot

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
API = "https://ops:secret@prefect.example.com/api"
WORKER = WorkerSnapshot("etl.0", "ONLINE", NOW - timedelta(seconds=10), 30, version="3.8.8")
POOL = WorkPoolSnapshot(
    WorkPoolKey(API, "spcs"), "process", "READY", server_version="3.8.8", workers=(WORKER,)
)
PROBLEM, NOTICE, UNKNOWN, OK = Outcome.PROBLEM, Outcome.NOTICE, Outcome.UNKNOWN, Outcome.OK


def outcomes(pool: WorkPoolSnapshot, overdue: int | None = 0, *, expects: bool = True) -> dict:
    facts = PoolFacts(pool, overdue, expects_workers=expects)
    found = [*judge_pool(facts), judge_services(facts, NOW)]
    assert all(one.cure is not None for one in found if one.outcome is not OK)
    return {one.check.id: one.outcome for one in found}


def test_all_well() -> None:
    assert set(outcomes(POOL).values()) == {OK}


def with_worker(**fields: object) -> WorkPoolSnapshot:
    return replace(POOL, workers=(replace(WORKER, **fields),))


@pytest.mark.parametrize(
    ("pool", "overdue", "check", "outcome"),
    [
        (replace(POOL, type="kubernetes"), 0, "work-pool-type", PROBLEM),
        (replace(POOL, is_paused=True), 0, "work-pool-state", PROBLEM),
        (with_worker(status="OFFLINE"), 0, "work-pool-state", NOTICE),
        (with_worker(version="4.0.0"), 0, "prefect-version", PROBLEM),
        (with_worker(version="2.20.1"), 0, "prefect-version", PROBLEM),
        (with_worker(version="3.9.0"), 0, "prefect-version", NOTICE),
        (with_worker(version="3.7.0"), 0, "prefect-version", OK),
        (with_worker(version=""), 0, "prefect-version", OK),
        (with_worker(version="main"), 0, "prefect-version", OK),
        (replace(POOL, server_version=""), 0, "prefect-version", OK),
        (POOL, 1, "prefect-services", PROBLEM),
        (POOL, None, "prefect-services", UNKNOWN),
        (with_worker(last_heartbeat_time=None), 0, "prefect-services", OK),
        (
            with_worker(last_heartbeat_time=NOW - timedelta(seconds=151)),
            0,
            "prefect-services",
            PROBLEM,
        ),
        (with_worker(last_heartbeat_time=NOW - timedelta(seconds=149)), 0, "prefect-services", OK),
        (replace(POOL, clock_skew=timedelta(hours=-1)), 0, "prefect-services", OK),
    ],
)
def test_one_thing_is_wrong(
    pool: WorkPoolSnapshot, overdue: int | None, check: str, outcome: Outcome
) -> None:
    found = outcomes(pool, overdue)
    assert found.pop(check) is outcome
    assert set(found.values()) == {OK}


def test_a_backlog_that_shrinks_proves_nothing_yet() -> None:
    before = PoolFacts(POOL, 900)
    for overdue, outcome in ((500, UNKNOWN), (900, PROBLEM), (901, PROBLEM), (0, OK)):
        assert judge_services(PoolFacts(POOL, overdue), NOW, before).outcome is outcome


def test_nobody_is_missed_where_nobody_is_expected() -> None:
    assert outcomes(with_worker(status="OFFLINE"), expects=False)["work-pool-state"] is OK


@pytest.mark.parametrize(
    ("error", "reachable", "key"),
    [
        (None, OK, OK),
        (PrefectNotFoundError("no such pool"), OK, OK),
        (PrefectUnauthorizedError("401"), OK, PROBLEM),
        (PrefectUnreachableError("no answer"), PROBLEM, None),
        (PrefectGarbledError("a web page"), PROBLEM, None),
        (PrefectBusyError("429", retry_after=60), UNKNOWN, None),
    ],
)
def test_an_api_that_answers(error: object, reachable: Outcome, key: Outcome | None) -> None:
    found = {one.check: one for one in judge_answer(API, error)}  # type: ignore[arg-type]
    assert found[REACHABLE].outcome is reachable
    assert (found[KEY].outcome if KEY in found else None) is key
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("seconds", "key_pair", "outcome"),
    [
        (30, True, OK),
        (31, True, NOTICE),
        (60, True, NOTICE),
        (61, True, PROBLEM),
        (61, False, NOTICE),
    ],
)
def test_clocks(seconds: int, key_pair: bool, outcome: Outcome) -> None:
    for sign, word in ((1, "behind"), (-1, "ahead of")):
        skew = timedelta(seconds=sign * seconds)
        finding = judge_clock("prod", "Snowflake", skew, uses_key_pair=key_pair)
        assert finding.outcome is outcome
        assert (word in finding.text) is (outcome is not OK)


def test_a_keyring_that_is_used_is_missed_more() -> None:
    error = KeyringError("it is locked", next_step="Unlock it.")
    assert judge_keyring(error, 0).outcome is NOTICE
    assert judge_keyring(error, 2).outcome is PROBLEM
    assert judge_keyring("Secret Service", 2).outcome is OK


def test_where_there_are_no_permissions_the_key_is_well() -> None:
    facts = KeyFileFacts("prod", "C:\\key.p8", KeyFileKind.PLAIN, mode=None)
    assert judge_key_file(facts).outcome is OK
    unreadable = replace(facts, kind=KeyFileKind.UNREADABLE, why="Permission denied")
    assert "Permission denied" in judge_key_file(unreadable).text


def test_no_terminal_is_no_problem_and_an_unknown_size_is_one() -> None:
    assert [one.outcome for one in judge_terminal(TerminalFacts(is_terminal=False))] == [OK]
    facts = TerminalFacts(is_terminal=True, kind="xterm", colours=1 << 24, encoding="UTF8")
    assert [one.outcome for one in judge_terminal(facts)] == [OK, OK, OK, NOTICE]
