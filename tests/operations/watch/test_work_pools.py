from __future__ import annotations

from collections.abc import Callable

from spcs_worker_tui.domain.errors import (
    PrefectBusyError,
    PrefectNotFoundError,
    PrefectUnreachableError,
)
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.operations.watch.work_pools import CONCURRENT_POOLS
from spcs_worker_tui.sandbox.clock import ManualClock
from support.fleet import API_URL, POOL, deployed_spec, service
from support.scripted import ScriptedPrefect, ScriptedSession, begin, many, pass_time

Watch = Callable[..., FleetWatcher]


async def test_one_question_per_work_pool_not_per_service(
    watch: Watch, clock: ManualClock, prefect: ScriptedPrefect
) -> None:
    watcher = watch(
        ScriptedSession("one", many(20, "one")), ScriptedSession("two", many(20, "two"))
    )
    await begin(watcher)
    await pass_time(clock, 1)
    prefect.asked.clear()
    await pass_time(clock, 20)
    assert prefect.names == [POOL] * 4


async def test_a_busy_api_is_left_alone_for_as_long_as_it_asks(
    watch: Watch, clock: ManualClock, prefect: ScriptedPrefect
) -> None:
    session = ScriptedSession(services=[service("A"), service("B")])
    session.spec = lambda key: deployed_spec(
        {"PREFECT_API_URL": API_URL, "PREFECT_WORK_POOL": key.name.lower()}
    )
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 1)
    prefect.failures["a"] = PrefectBusyError("too many requests", retry_after=40)
    await pass_time(clock, 5)
    prefect.asked.clear()
    await pass_time(clock, 20)
    watcher.refresh()
    await pass_time(clock, 10)
    assert prefect.asked == []
    pools = {pool.name: seen for pool, seen in watcher.snapshot.work_pools.items()}
    assert isinstance(pools["a"].error, PrefectBusyError)
    assert pools["a"].observed_at is not None
    prefect.failures.clear()
    await pass_time(clock, 15)
    assert set(prefect.names) == {"a", "b"}
    assert all(seen.error is None for seen in watcher.snapshot.work_pools.values())


async def test_a_busy_api_is_not_asked_about_the_other_pools_either(
    watch: Watch, clock: ManualClock, prefect: ScriptedPrefect
) -> None:
    session = ScriptedSession(services=many(12))
    session.spec = lambda key: deployed_spec(
        {"PREFECT_API_URL": API_URL, "PREFECT_WORK_POOL": key.name.lower()}
    )
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 4)
    prefect.failure = PrefectBusyError("starting", retry_after=0)
    prefect.asked.clear()
    watcher.refresh()
    await pass_time(clock, 0.5)
    assert 1 <= len(prefect.asked) <= CONCURRENT_POOLS
    assert all(seen.error for seen in watcher.snapshot.work_pools.values())
    prefect.asked.clear()
    await pass_time(clock, 10)
    assert 5 <= len(prefect.asked) <= 10 * CONCURRENT_POOLS
    prefect.failure = None
    await pass_time(clock, 2)
    assert not any(seen.error for seen in watcher.snapshot.work_pools.values())


async def test_a_missing_work_pool_is_no_failure_of_the_api(
    watch: Watch, clock: ManualClock, prefect: ScriptedPrefect
) -> None:
    watcher = watch(ScriptedSession(services=[service()]))
    await begin(watcher)
    await pass_time(clock, 1)
    prefect.failure = PrefectNotFoundError("no such work pool")
    prefect.asked.clear()
    await pass_time(clock, 20)
    assert len(prefect.asked) == 4
    (seen,) = watcher.snapshot.work_pools.values()
    assert isinstance(seen.error, PrefectNotFoundError)
    prefect.failure = PrefectUnreachableError("nobody there")
    await pass_time(clock, 5)
    prefect.asked.clear()
    await pass_time(clock, 40)
    assert len(prefect.asked) < 4
