from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from spcs_worker_tui.domain.fleet import (
    ConnectionState,
)
from spcs_worker_tui.domain.prefect import WorkPoolKey
from spcs_worker_tui.domain.verdict import Health
from spcs_worker_tui.operations.watch.pace import Pace
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.sandbox.clock import ManualClock
from support.fleet import API_URL, NOW, POOL, REPOSITORY, service
from support.scripted import ScriptedPrefect, ScriptedSession, begin, many, pass_time

Watch = Callable[..., FleetWatcher]


async def test_the_first_picture_is_there_before_anything_was_asked(watch: Watch) -> None:
    session = ScriptedSession(services=[service()])
    first = await anext(aiter(watch(session).watch()))
    assert [c.state for c in first.snapshot.connections] == [ConnectionState.CONNECTING]
    assert first.snapshot.services == ()
    assert session.statements == 0


async def test_one_tick_knows_everything(
    watch: Watch, clock: ManualClock, prefect: ScriptedPrefect
) -> None:
    watcher = watch(ScriptedSession(services=[service()]))
    await begin(watcher)
    await pass_time(clock, 1)
    (connection,) = watcher.snapshot.connections
    assert connection.state is ConnectionState.CONNECTED
    assert (connection.account, connection.user, connection.role) == ("ACME", "OPS", "OPERATOR")
    (seen,) = connection.services
    assert seen.containers.value
    assert seen.instances.value
    assert seen.binding is not None
    assert seen.binding.pool == WorkPoolKey(API_URL, POOL)
    assert watcher.snapshot.work_pools[seen.binding.pool].value.workers
    assert watcher.snapshot.images[f"dev:{REPOSITORY}"].value
    verdict = watcher.judged.verdict(seen.key)
    assert verdict is not None
    assert verdict.health is Health.HEALTHY
    assert prefect.names == [POOL]


async def test_readers_get_the_newest_picture_and_no_more_than_five_a_second(
    watch: Watch, clock: ManualClock
) -> None:
    session = ScriptedSession(services=many(10))
    watcher = watch(session, pace=Pace(rest_per_cost=0))
    fast = 0
    slow = aiter(watcher.watch())
    first = await anext(slow)

    async def count() -> None:
        nonlocal fast
        async for _ in watcher.watch():
            fast += 1

    counting = asyncio.create_task(count())
    for _ in range(100):
        watcher.refresh()
        await pass_time(clock, 0.1, 0.1)
    assert session.calls["show_services"] >= 100
    assert 45 <= fast <= 51
    newest = await anext(slow)
    assert newest is watcher.judged
    assert newest is not first
    await watcher.close()
    await counting
    assert [picture async for picture in slow] == []


async def test_a_machine_that_is_slow_at_judging_shows_a_picture_an_interval_nevertheless(
    watch: Watch, clock: ManualClock
) -> None:
    session = ScriptedSession(services=many(1))
    watcher = watch(session, pace=Pace(rest_per_cost=1e9))
    await begin(watcher)
    for _ in range(4):
        await pass_time(clock, 10)
        assert clock.now() - watcher.snapshot.observed_at <= timedelta(seconds=5)


async def test_ages_are_judged_although_nothing_arrives(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession(services=many(1))
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 3)
    session.hang = asyncio.Event()
    await pass_time(clock, 120, 1)
    (verdict,) = watcher.judged.verdicts.values()
    assert verdict.health is Health.UNKNOWN
    assert watcher.snapshot.observed_at >= NOW + timedelta(seconds=115)


async def test_a_bug_in_a_loop_reaches_the_readers(watch: Watch) -> None:
    session = ScriptedSession()
    session.failures["show_services"] = ZeroDivisionError()  # type: ignore[assignment]
    pictures = watch(session).watch()
    with pytest.raises(ZeroDivisionError):
        async for _ in pictures:
            pass


async def test_closing_closes_what_was_opened(
    watch: Watch, clock: ManualClock, prefect: ScriptedPrefect
) -> None:
    session = ScriptedSession(services=[service()])
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 1)
    session.hang = asyncio.Event()
    await pass_time(clock, 5)
    await watcher.close()
    assert session.closed
    assert prefect.closed
    await watcher.close()
    statements = session.statements
    assert [picture async for picture in watcher.watch()] == [watcher.judged]
    await pass_time(clock, 10)
    assert session.statements == statements
