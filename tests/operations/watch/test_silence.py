"""What is said while an answer is awaited, and how refusals of a role go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from spcs_worker_tui.domain.errors import (
    PrefectUnreachableError,
    RoleRefusedError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.fleet import ConnectionSnapshot, ConnectionState
from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkPoolSnapshot
from spcs_worker_tui.operations.watch.silence import Silence
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.sandbox.clock import ManualClock
from support.fleet import NOW
from support.scripted import ScriptedPrefect, ScriptedSession, begin, many, pass_time

Watch = Callable[..., FleetWatcher]


def said_of(watcher: FleetWatcher) -> str:
    error = watcher.snapshot.connections[0].error
    return error.message if error else ""


async def test_no_answer_is_said_after_an_interval_and_forgotten_with_the_answer(
    watch: Watch, clock: ManualClock
) -> None:
    session = ScriptedSession(services=many(2))
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 6)
    session.hang = asyncio.Event()
    await pass_time(clock, 8)
    assert said_of(watcher) == ""
    await pass_time(clock, 2)
    assert said_of(watcher) == "Snowflake has not answered for 5 s on connection dev"
    connection: ConnectionSnapshot = watcher.snapshot.connections[0]
    assert connection.state is ConnectionState.CONNECTED
    assert len(connection.services) == 2
    await pass_time(clock, 5)
    assert said_of(watcher) == "Snowflake has not answered for 10 s on connection dev"
    session.hang.set()
    await pass_time(clock, 1)
    assert said_of(watcher) == ""


async def test_how_long_counts_through_failures(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession(services=many(1))
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 4)
    session.failure = SnowflakeUnreachableError("no route")
    await pass_time(clock, 3)
    assert said_of(watcher) == "no route"
    session.hang = asyncio.Event()
    await pass_time(clock, 30)
    seconds = int(said_of(watcher).split(" for ")[1].split()[0])
    assert 20 <= seconds <= 35


async def test_many_answers_that_take_long_together_are_no_silence() -> None:
    clock, said = ManualClock(NOW), list[timedelta]()
    silence = Silence(clock, 5, said.append)

    async def answering() -> None:
        for _ in range(4):
            await clock.sleep(4)
            silence.heard()

    working = asyncio.create_task(silence.over(answering(), again=False))
    await clock.advance(20)
    await working
    assert said == []


async def test_prefect_that_does_not_answer_is_said_so_of_every_work_pool(
    watch: Watch, clock: ManualClock, prefect: ScriptedPrefect
) -> None:
    watcher = watch(ScriptedSession(services=many(2)))
    await begin(watcher)
    await pass_time(clock, 6)
    (seen,) = watcher.snapshot.work_pools.values()
    assert seen.error is None
    held, answer = asyncio.Event(), prefect.work_pool

    async def hang(key: WorkPoolKey) -> WorkPoolSnapshot:
        await held.wait()
        return await answer(key)

    prefect.work_pool = hang  # type: ignore[method-assign]
    await pass_time(clock, 10.5)
    (silent,) = watcher.snapshot.work_pools.values()
    assert isinstance(silent.error, PrefectUnreachableError)
    assert "has not answered for 5 s" in silent.error.message
    assert silent.value.workers == seen.value.workers
    held.set()
    await pass_time(clock, 1)
    (again,) = watcher.snapshot.work_pools.values()
    assert again.error is None


@pytest.mark.parametrize("again", [False, True])
async def test_a_refused_role_is_asked_for_again(
    watch: Watch, clock: ManualClock, *, again: bool
) -> None:
    session = ScriptedSession(services=many(1))
    session.sign_in = RoleRefusedError("no such role")
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 1)
    connection = watcher.snapshot.connections[0]
    assert (connection.state, said_of(watcher)) == (ConnectionState.REFUSED, "no such role")
    assert connection.retry_at is not None
    if again:
        session.sign_in = None
    await pass_time(clock, 20)
    state = watcher.snapshot.connections[0].state
    assert state is (ConnectionState.CONNECTED if again else ConnectionState.REFUSED)
