from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from spcs_worker_tui.domain.errors import (
    NotVisibleError,
    PrivilegeError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.fleet import (
    ConnectionState,
    ContainerStatus,
    Observation,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.operations.watch.looking import with_row
from spcs_worker_tui.operations.watch.pace import Pace
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.sandbox.clock import ManualClock
from support.fleet import API_URL, NOW, REPOSITORY, container, deployed_spec, key, service
from support.scripted import ScriptedPrefect, ScriptedSession, begin, many, pass_time, settle

Watch = Callable[..., FleetWatcher]


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
    # A list of images may grow a minute old, and is due with the tick after that.
    assert session.calls.pop(f"show_images {REPOSITORY}", 0) <= 2
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


async def test_a_changed_row_is_not_shown_beside_its_old_containers(
    watch: Watch, clock: ManualClock
) -> None:
    waiting = container(status=ContainerStatus.PENDING, message="Waiting to start")
    starting = service(status=ServiceStatus.PENDING, containers=[waiting])
    session = ScriptedSession(services=[starting])
    watcher = watch(session, pace=Pace(picture_seconds=0, rest_per_cost=0))
    seen: set[tuple[str, str]] = set()

    async def read() -> None:
        async for fleet in watcher.watch():
            for shown in fleet.snapshot.services:
                seen.update((shown.status, row.status) for row in shown.containers.value)

    reading = asyncio.create_task(read())
    await pass_time(clock, 2)
    session.services[starting.key] = service()
    await pass_time(clock, 10)
    await watcher.close()
    await reading
    assert seen == {("PENDING", "PENDING"), ("RUNNING", "READY")}


async def test_a_changed_row_is_shown_although_its_containers_do_not_come(
    watch: Watch, clock: ManualClock
) -> None:
    session = ScriptedSession(services=[service()])
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 1)
    session.failures["show_service_containers"] = SnowflakeUnreachableError("no answer")
    session.services[key()] = service(status=ServiceStatus.PENDING)
    await pass_time(clock, 6)
    shown = watcher.snapshot.service(key())
    assert shown is not None
    assert shown.status is ServiceStatus.PENDING
    assert shown.containers.error is not None


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


class Unchanging(ScriptedSession):
    """Gives the same object for a row that reads as before, as the adapter does."""

    rows: tuple[ServiceSnapshot, ...] = ()

    async def show_services(self) -> tuple[ServiceSnapshot, ...]:
        shown = await super().show_services()
        self.rows = tuple(next((old for old in self.rows if old == row), row) for row in shown)
        return self.rows


async def test_a_row_that_is_what_it_was_costs_nothing(
    watch: Watch, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged: list[str] = []

    def noted(
        old: ServiceSnapshot | None, row: ServiceSnapshot, now: datetime
    ) -> tuple[ServiceSnapshot, bool]:
        merged.append(row.key.name)
        return with_row(old, row, now)

    monkeypatch.setattr("spcs_worker_tui.operations.watch.connection.with_row", noted)
    session = Unchanging(services=many(20))
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 30)
    assert len(merged) == 20
    changed = watcher.snapshot.services[7]
    session.services[changed.key] = service(changed.key.name, status=ServiceStatus.SUSPENDED)
    await pass_time(clock, 10)
    assert merged[20:] == [changed.key.name]
    seen = watcher.service(changed.key)
    assert seen is not None
    assert seen.status is ServiceStatus.SUSPENDED
    # One that went away is merged when it comes back, as any that is new.
    gone = session.services.pop(changed.key)
    await pass_time(clock, 10)
    assert watcher.service(changed.key) is None
    session.services[changed.key] = gone
    await pass_time(clock, 10)
    assert watcher.service(changed.key) is not None
