from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    NotVisibleError,
    PrefectBusyError,
    PrefectNotFoundError,
    PrefectUnreachableError,
    PrivilegeError,
    SignInNeededError,
    SignInRefusedError,
    SnowflakeUnreachableError,
    UnknownConnectionError,
)
from spcs_worker_tui.domain.fleet import (
    ConnectionState,
    ContainerStatus,
    Observation,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.prefect import WorkPoolKey
from spcs_worker_tui.domain.verdict import Health
from spcs_worker_tui.operations.watch.pace import Pace
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.operations.watch.work_pools import CONCURRENT_POOLS
from spcs_worker_tui.sandbox.clock import ManualClock
from support.fleet import API_URL, NOW, POOL, REPOSITORY, container, deployed_spec, key, service
from support.scripted import ScriptedPrefect, ScriptedSession, pass_time, settle

Watch = Callable[..., FleetWatcher]


def many(count: int, connection: str = "dev") -> list[ServiceSnapshot]:
    return [service(f"S{number:04}", connection=connection) for number in range(count)]


def unreachable(name: str = "dev") -> SnowflakeUnreachableError:
    return SnowflakeUnreachableError(f"no connection with {name}")


async def begin(watcher: FleetWatcher) -> None:
    watcher.start()
    await settle()


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


@pytest.mark.parametrize("count", [10, 1000])
async def test_statements_do_not_grow_with_the_services(
    watch: Watch, clock: ManualClock, count: int
) -> None:
    session = ScriptedSession(services=many(count))
    watcher = watch(session)
    await begin(watcher)
    while any(s.spec.observed_at is None for s in watcher.snapshot.services) or (
        len(watcher.snapshot.services) < count
    ):
        await pass_time(clock, 1)
    session.calls.clear()
    await pass_time(clock, 60, 1)
    images = session.calls.pop(f"show_images {REPOSITORY}")
    assert images in (1, 2)
    assert dict(session.calls) == {
        "show_services": 12,
        "show_compute_pools": 2,
        "show_service_containers": 24,
    }


async def test_every_service_has_its_turn(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession(services=many(10))
    await begin(watch(session))
    session.looked.clear()
    await pass_time(clock, 25.5)
    assert sorted(session.looked) == [s.key for s in many(10)]


async def test_an_unchanged_service_stays_the_same_object(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession(services=many(20))
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 2)
    before = watcher.snapshot
    await pass_time(clock, 5)
    after = watcher.snapshot
    assert after.connections[0].observed_at == before.connections[0].observed_at + timedelta(
        seconds=5
    )
    changed = [
        new.key for old, new in zip(before.services, after.services, strict=True) if old is not new
    ]
    assert len(changed) == Pace().steady
    assert after.images is before.images


async def test_a_changed_row_is_looked_at_in_the_same_tick(
    watch: Watch, clock: ManualClock
) -> None:
    services = many(50)
    session = ScriptedSession(services=services)
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 2)
    victim = services[37]
    broken = container(status=ContainerStatus.FAILED, message="User application error")
    session.services[victim.key] = replace(
        victim, status=ServiceStatus.PENDING, containers=Observation((broken,))
    )
    session.looked.clear()
    await pass_time(clock, 5)
    assert victim.key in session.looked
    seen = watcher.snapshot.service(victim.key)
    assert seen is not None
    assert seen.status is ServiceStatus.PENDING
    assert seen.containers.value == (broken,)
    assert seen.observed_at > NOW


async def test_restless_services_are_looked_at_every_tick_within_the_budget(
    watch: Watch, clock: ManualClock
) -> None:
    session = ScriptedSession(services=[*many(5), service("SICK", status=ServiceStatus.PENDING)])
    await begin(watch(session))
    session.looked.clear()
    await pass_time(clock, 15.5)
    assert session.looked.count(key("SICK")) == 3

    for sick in many(30):
        session.services[sick.key] = replace(sick, status=ServiceStatus.PENDING)
    await pass_time(clock, 5)
    session.looked.clear()
    await pass_time(clock, 5)
    assert len(session.looked) == Pace().restless


async def test_a_suspended_service_is_left_in_peace(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession(services=[service(status=ServiceStatus.SUSPENDED)])
    await begin(watch(session))
    session.looked.clear()
    await pass_time(clock, 20)
    assert session.looked == []


async def test_jobs_are_shown_and_left_in_peace_until_selected(
    watch: Watch, clock: ManualClock
) -> None:
    job = service("JOB", is_job=True, status=ServiceStatus.FAILED)
    session = ScriptedSession(services=[job])
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 10)
    assert watcher.snapshot.service(job.key) is not None
    assert session.looked == []
    assert session.calls["describe_service"] == 0
    watcher.select(job.key)
    await pass_time(clock, 1)
    assert session.looked == [job.key]


async def test_the_selected_service_is_looked_at_at_once_and_every_interval(
    watch: Watch, clock: ManualClock
) -> None:
    services = many(50)
    session = ScriptedSession(services=services)
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 1)
    chosen = services[45].key
    session.looked.clear()
    for passed in services[30:46]:
        watcher.select(passed.key)
        await settle()
    await pass_time(clock, 0.5)
    assert session.looked == [chosen], "rows passed on the way cost nothing"
    await pass_time(clock, 10)
    assert session.looked.count(chosen) == 3
    watcher.select(None)
    await pass_time(clock, 1)
    session.looked.clear()
    await pass_time(clock, 10)
    assert chosen not in session.looked


async def test_describe_only_when_the_spec_digest_changed(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession(services=[service()])
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 20)
    assert session.calls["describe_service"] == 1
    session.services[key()] = replace(session.services[key()], spec_digest="spec-2")
    env = {"PREFECT_API_URL": API_URL, "PREFECT_WORK_POOL": "other"}
    session.spec = lambda _key: deployed_spec(env)
    await pass_time(clock, 20)
    assert session.calls["describe_service"] == 2
    (seen,) = watcher.snapshot.services
    assert seen.binding is not None
    assert seen.binding.pool.name == "other"
    assert [pool.name for pool in watcher.snapshot.work_pools] == ["other"]


async def test_a_spec_that_is_not_ours_to_see_is_asked_for_again_only_by_a_person(
    watch: Watch, clock: ManualClock
) -> None:
    session = ScriptedSession(services=[service()])
    session.failures["describe_service"] = PrivilegeError("shown only to the owner", errno=3001)
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 20)
    assert session.calls["describe_service"] == 1
    (seen,) = watcher.snapshot.services
    assert isinstance(seen.spec.error, PrivilegeError)
    assert watcher.snapshot.connections[0].state is ConnectionState.CONNECTED
    session.failures.clear()
    watcher.refresh()
    await pass_time(clock, 1)
    assert watcher.snapshot.services[0].binding is not None


async def test_a_dropped_service_disappears(
    watch: Watch, clock: ManualClock, prefect: ScriptedPrefect
) -> None:
    session = ScriptedSession(services=many(3))
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 1)
    gone = many(3)[1].key
    watcher.select(gone)
    await pass_time(clock, 1)
    del session.services[gone]
    await pass_time(clock, 10)
    assert [s.key for s in watcher.snapshot.services] == [many(3)[0].key, many(3)[2].key]
    assert watcher.judged.verdict(gone) is None
    assert watcher.snapshot.connections[0].error is None
    session.services.clear()
    await pass_time(clock, 10)
    assert watcher.snapshot.services == ()
    assert watcher.snapshot.work_pools == {}
    prefect.asked.clear()
    await pass_time(clock, 10)
    assert prefect.asked == []


async def test_dropped_between_two_statements(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession(services=many(2))
    for kind in ("show_service_containers", "describe_service"):
        session.failures[kind] = NotVisibleError("does not exist", errno=2003)
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 1)
    assert watcher.snapshot.connections[0].state is ConnectionState.CONNECTED
    assert all(s.containers.error is not None for s in watcher.snapshot.services)


async def test_one_dead_connection_delays_no_other(watch: Watch, clock: ManualClock) -> None:
    dead, mute = ScriptedSession("dead"), ScriptedSession("mute")
    dead.failure = unreachable("dead")
    mute.hang = asyncio.Event()
    alive = ScriptedSession("alive", [service(connection="alive")])
    watcher = watch(dead, mute, alive)
    await begin(watcher)
    await pass_time(clock, 20.5)
    states = {c.name: c.state for c in watcher.snapshot.connections}
    assert states == {
        "dead": ConnectionState.UNREACHABLE,
        "mute": ConnectionState.CONNECTING,
        "alive": ConnectionState.CONNECTED,
    }
    assert alive.calls["show_services"] == 5
    assert watcher.snapshot.connections[0].retry_at is not None


async def test_failures_back_off_and_keep_what_was_seen(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession(services=many(3))
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 2)
    seen_at = watcher.snapshot.connections[0].observed_at
    session.failure = unreachable()
    session.calls.clear()
    await pass_time(clock, 120, 0.5)
    (connection,) = watcher.snapshot.connections
    assert connection.state is ConnectionState.UNREACHABLE
    assert str(connection.error) == "no connection with dev"
    assert connection.observed_at == seen_at
    assert len(connection.services) == 3
    assert 4 <= session.calls["show_services"] <= 7
    assert {v.health for v in watcher.judged.verdicts.values()} == {Health.UNKNOWN}
    session.failure = None
    await pass_time(clock, 75, 0.5)
    (connection,) = watcher.snapshot.connections
    assert connection.state is ConnectionState.CONNECTED
    assert (connection.error, connection.retry_at) == (None, None)


async def test_refresh_ends_a_back_off(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession(services=many(1))
    session.failure = unreachable()
    watcher = watch(session)
    await begin(watcher)
    session.failure = None
    watcher.refresh()
    await pass_time(clock, 0.5)
    assert watcher.snapshot.connections[0].state is ConnectionState.CONNECTED


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SignInNeededError("needs you"), ConnectionState.SIGN_IN_NEEDED),
        (SignInRefusedError("wrong password"), ConnectionState.REFUSED),
    ],
)
async def test_what_needs_a_person_is_not_tried_again_by_itself(
    watch: Watch, clock: ManualClock, error: Exception, state: ConnectionState
) -> None:
    session = ScriptedSession(services=many(1))
    session.sign_in = error  # type: ignore[assignment]
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 300, 5)
    (connection,) = watcher.snapshot.connections
    assert (connection.state, connection.error) == (state, error)
    assert connection.retry_at is None
    assert (session.statements, session.interactive) == (0, 0)

    session.sign_in = None
    await watcher.sign_in("dev")
    await pass_time(clock, 1)
    assert session.interactive == 1
    assert watcher.snapshot.connections[0].state is ConnectionState.CONNECTED
    assert len(watcher.snapshot.services) == 1


async def test_a_sign_in_that_fails_says_why_and_waits_again(
    watch: Watch, clock: ManualClock
) -> None:
    session = ScriptedSession()
    session.sign_in = SignInNeededError("needs you")
    session.failure = SignInRefusedError("the browser was closed")
    watcher = watch(session)
    await begin(watcher)
    with pytest.raises(SignInRefusedError):
        await watcher.sign_in("dev")
    await pass_time(clock, 60, 5)
    (connection,) = watcher.snapshot.connections
    assert connection.state is ConnectionState.REFUSED
    assert str(connection.error) == "the browser was closed"
    with pytest.raises(UnknownConnectionError):
        await watcher.sign_in("other")


async def test_wrong_settings_are_read_again_later(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession()
    session.sign_in = ConfigurationError("no account")
    watcher = watch(session)
    await begin(watcher)
    assert watcher.snapshot.connections[0].state is ConnectionState.CONNECTING
    await pass_time(clock, 0.5)
    assert watcher.snapshot.connections[0].state is ConnectionState.MISCONFIGURED
    session.sign_in = None
    await pass_time(clock, 10)
    assert watcher.snapshot.connections[0].state is ConnectionState.CONNECTED


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
