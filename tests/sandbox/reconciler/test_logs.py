"""Logs as SYSTEM$GET_SERVICE_LOGS and SPCS_GET_LOGS read them (contract 1.5, 1.6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.sandbox.catalogue.model import Service
from spcs_worker_tui.sandbox.reconciler.logs import (
    ANSWER_LIMIT,
    RUN_LIMIT,
    ContainerLog,
    log_stamp,
    nanoseconds,
)
from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.runtimes.simulated import Behaviour
from support.small_account import START, SmallAccount, only_container

STARTED = 71.0


async def running(small: SmallAccount, behaviour: Behaviour) -> Service:
    small.behaviours["worker"] = behaviour
    small.pool()
    service = small.service(small.image("worker"))
    await small.after(STARTED)
    return service


def refused(small: SmallAccount, service: Service, *where: object, **how: object) -> str:
    with pytest.raises(SqlError) as refusal:
        small.reconciler.read_log(service, *where, **how)  # type: ignore[arg-type]
    assert refusal.value.sqlstate == "22023"
    return refusal.value.message


CHATTY = Behaviour(first_lines=("hello",), lines=("line {count}",), seconds_per_line=1)


async def test_all_lines_or_the_last_ones(small: SmallAccount) -> None:
    service = await running(small, CHATTY)
    await small.after(3)
    read = small.reconciler.read_log
    assert read(service, 0, "worker") == "hello\nline 1\nline 2\nline 3"
    assert read(service, 0, "worker", lines=2) == "line 2\nline 3"
    assert read(service, 0, "worker", lines=0) == ""


async def test_since_is_inclusive_and_timestamps_have_nanoseconds(small: SmallAccount) -> None:
    service = await running(small, CHATTY)
    await small.after(2)
    text = small.reconciler.read_log(
        service,
        0,
        "worker",
        since=START + timedelta(seconds=STARTED + 1),
        timestamps=True,
    )
    assert text.splitlines() == [
        "2026-01-01T00:01:12.000000000Z line 1",
        "2026-01-01T00:01:13.000000000Z line 2",
    ]
    again = small.reconciler.read_log(service, 0, "worker", since=small.clock.now())
    assert again == "line 2"


async def test_refusals(small: SmallAccount) -> None:
    small.pool()
    service = small.service(small.image("worker"))
    assert "has not started" in refused(small, service, 0, "worker")
    assert "Container 'other' does not exist" in refused(small, service, 0, "other")
    assert "Instance '7' does not exist" in refused(small, service, 7, "worker")
    await small.after(STARTED)
    assert "no previous logs" in refused(small, service, 0, "worker", previous=True)


async def test_the_previous_run_once_it_restarted(small: SmallAccount) -> None:
    behaviour = Behaviour(first_lines=("begin",), last_lines=("boom",), exit_after=5)
    service = await running(small, behaviour)
    await small.after(5)
    # Ended, not restarted: its last words are still those of the present run.
    assert small.reconciler.read_log(service, 0, "worker") == "begin\nboom"
    assert "no previous logs" in refused(small, service, 0, "worker", previous=True)
    await small.after(11)
    assert only_container(service).restart_count == 1
    assert small.reconciler.read_log(service, 0, "worker") == "begin"
    assert small.reconciler.read_log(service, 0, "worker", previous=True) == "begin\nboom"


async def test_readable_a_short_while_after_the_end(small: SmallAccount) -> None:
    service = await running(small, CHATTY)
    small.suspend(service)
    await small.after(299)
    assert small.reconciler.read_log(service, 0, "worker") == "hello"
    await small.after(2)
    assert "Instance '0' does not exist" in refused(small, service, 0, "worker")


async def test_an_upgraded_container_has_no_previous_run(small: SmallAccount) -> None:
    service = await running(small, CHATTY)
    small.upgrade(
        service, "digest-2", small.account.image_repositories["DB", "SCH", "REPO"].images[0]
    )
    await small.after(11)
    assert service.status == "RUNNING"
    assert small.reconciler.read_log(service, 0, "worker") == "hello"
    assert "no previous logs" in refused(small, service, 0, "worker", previous=True)


async def test_records_over_all_runs_and_containers(small: SmallAccount) -> None:
    behaviour = Behaviour(first_lines=("begin",), last_lines=("boom",), exit_after=5)
    service = await running(small, behaviour)
    await small.after(100)
    records = small.reconciler.log_records(service, START, small.clock.now())
    assert [record.text for record in records] == ["begin", "boom"] * 4
    assert [r.timestamp_ns for r in records] == sorted({r.timestamp_ns for r in records})
    end = START + timedelta(seconds=STARTED)
    assert [r.text for r in small.reconciler.log_records(service, START, end)] == ["begin"]


async def test_records_outlive_an_upgrade_and_a_suspension(small: SmallAccount) -> None:
    service = await running(small, Behaviour(first_lines=("begin",)))
    image = small.account.image_repositories["DB", "SCH", "REPO"].images[0]
    small.upgrade(service, "digest-2", image)
    await small.after(100)
    small.suspend(service)
    await small.after(100)
    small.resume(service)
    await small.after(100)
    records = small.reconciler.log_records(service, START, small.clock.now())
    assert [record.text for record in records] == ["begin"] * 3


async def test_an_answer_has_at_most_a_hundred_kilobytes_of_whole_lines(
    small: SmallAccount,
) -> None:
    service = await running(
        small, Behaviour(first_lines=[f"{n:05d} " + "é" * 50 for n in range(2000)])
    )
    text = small.reconciler.read_log(service, 0, "worker")
    assert ANSWER_LIMIT - 110 < len(text.encode()) <= ANSWER_LIMIT
    numbers = [int(line[:5]) for line in text.splitlines()]
    assert numbers == list(range(2000 - len(numbers), 2000))


async def test_a_line_longer_than_an_answer_is_cut(small: SmallAccount) -> None:
    service = await running(small, Behaviour(first_lines=("é" * ANSWER_LIMIT,)))
    text = small.reconciler.read_log(service, 0, "worker")
    assert text == "é" * (ANSWER_LIMIT // 2)


@given(st.lists(st.text(max_size=2000), max_size=400))
def test_memory_is_bounded_and_the_newest_lines_stay(lines: list[str]) -> None:
    log = ContainerLog(limit=5000)
    for line in lines:
        log.write(START, line)
    kept = [text for _, text in log.current.lines]
    assert kept == lines[len(lines) - len(kept) :]
    assert sum(len(text) + 1 for text in kept) <= 5000
    stamps = [stamp for stamp, _ in log.current.lines]
    assert stamps == sorted(set(stamps))


def test_a_run_is_kept_well_beyond_what_one_answer_holds() -> None:
    assert RUN_LIMIT > 2 * ANSWER_LIMIT


def test_nanoseconds_and_stamps() -> None:
    moment = datetime(2024, 10, 22, 1, 12, 29, 873896, tzinfo=UTC)
    assert log_stamp(nanoseconds(moment) + 187) == "2024-10-22T01:12:29.873896187Z"
    east = moment.astimezone(tz=None)
    assert nanoseconds(east) == nanoseconds(moment)
