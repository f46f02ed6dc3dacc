from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spcs_worker_tui.domain.errors import (
    PrefectUnreachableError,
    PrivilegeError,
    SignInNeededError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.fleet import (
    ConnectionState,
    ContainerSnapshot,
    InstanceStatus,
    ServiceKey,
    ServiceStatus,
)
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.memory import RememberedSpec, SpecKey
from spcs_worker_tui.domain.verdict import Health, JudgedFleet
from spcs_worker_tui.operations.watch.once import look
from spcs_worker_tui.sandbox.clock import ManualClock, WallClock
from support.fleet import NOW, POOL, container, instance, key, service
from support.scripted import ScriptedPrefect, ScriptedSession


class Memory:
    """Remembers as the file does, for as long as the test runs."""

    def __init__(self) -> None:
        self.specs: dict[SpecKey, RememberedSpec] = {}

    def recall(self, key: SpecKey) -> RememberedSpec | None:
        return self.specs.get(key)

    def remember(self, key: SpecKey, spec: RememberedSpec) -> None:
        self.specs[key] = spec


async def look_at(
    *sessions: ScriptedSession, prefect: ScriptedPrefect | None = None, **options: Any
) -> JudgedFleet:
    options = {"seconds": 5, "clock": ManualClock(NOW), **options}
    return await look(
        sessions,
        prefect or ScriptedPrefect(),
        Judge(),
        options.pop("clock"),
        options.pop("memory", None) or Memory(),
        **options,
    )


async def test_a_definite_verdict_from_few_statements() -> None:
    session, prefect = ScriptedSession(services=[service()]), ScriptedPrefect()
    fleet = await look_at(session, prefect=prefect)
    verdict = fleet.verdict(key())
    assert verdict is not None
    assert verdict.health is Health.HEALTHY
    assert dict(session.calls) == {
        "show_services": 1,
        "describe_service": 1,
        "show_service_containers": 1,
    }
    assert prefect.names == [POOL]
    assert not session.closed


async def test_no_hysteresis_at_the_first_look() -> None:
    session = ScriptedSession(services=[service(status=ServiceStatus.FAILED)])
    verdict = (await look_at(session)).verdict(key())
    assert verdict is not None
    assert verdict.health is Health.BROKEN


async def test_a_suspended_service_needs_no_containers() -> None:
    session = ScriptedSession(services=[service(status=ServiceStatus.SUSPENDED)])
    verdict = (await look_at(session)).verdict(key())
    assert verdict is not None
    assert verdict.health is Health.SUSPENDED
    assert session.calls["show_service_containers"] == 0


async def test_a_starting_service_needs_the_compute_pool() -> None:
    session = ScriptedSession(services=[service(status=ServiceStatus.PENDING)])
    fleet = await look_at(session)
    assert session.calls["show_compute_pools"] == 1
    assert fleet.snapshot.connections[0].compute_pool("WORKERS") is not None


async def test_several_instances_are_told_apart() -> None:
    session = ScriptedSession(
        services=[
            service(
                containers=[container(0), container(1)],
                instances=[instance(0), instance(1, status=InstanceStatus.PENDING)],
            )
        ]
    )
    fleet = await look_at(session)
    assert len(fleet.snapshot.services[0].instances.value) == 2


async def test_jobs_are_not_looked_at() -> None:
    session = ScriptedSession(services=[service("JOB", is_job=True)])
    fleet = await look_at(session)
    assert len(fleet.snapshot.services) == 1
    assert dict(session.calls) == {"show_services": 1}


async def test_only_what_is_wanted_is_looked_at() -> None:
    session = ScriptedSession(services=[service("A"), service("B")])
    fleet = await look_at(session, wanted=lambda key: key.name == "B")
    assert [s.key.name for s in fleet.snapshot.services] == ["B"]
    assert session.looked == [key("B")]


async def test_one_pool_is_asked_about_once() -> None:
    prefect = ScriptedPrefect()
    sessions = [
        ScriptedSession(name, [service(f"S{i}", connection=name) for i in range(5)])
        for name in ("one", "two")
    ]
    await look_at(*sessions, prefect=prefect)
    assert prefect.names == [POOL]


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (SnowflakeUnreachableError("nobody there"), ConnectionState.UNREACHABLE),
        (SignInNeededError("needs you"), ConnectionState.SIGN_IN_NEEDED),
    ],
)
async def test_a_dead_connection_spoils_no_other(failure: Any, state: ConnectionState) -> None:
    dead, alive = ScriptedSession("dead"), ScriptedSession("alive", [service(connection="alive")])
    dead.sign_in = failure
    fleet = await look_at(dead, alive)
    assert [c.state for c in fleet.snapshot.connections] == [state, ConnectionState.CONNECTED]
    assert fleet.snapshot.connections[0].error is failure
    assert [v.health for v in fleet.verdicts.values()] == [Health.HEALTHY]


async def test_what_the_role_may_not_see_is_said() -> None:
    session = ScriptedSession(services=[service()])
    session.failures["describe_service"] = PrivilegeError("only the owner", errno=3001)
    (seen,) = (await look_at(session)).snapshot.services
    assert isinstance(seen.spec.error, PrivilegeError)
    assert seen.containers.value


async def test_prefect_is_down() -> None:
    prefect = ScriptedPrefect()
    prefect.failure = PrefectUnreachableError("nobody there")
    fleet = await look_at(ScriptedSession(services=[service()]), prefect=prefect)
    (seen,) = fleet.snapshot.work_pools.values()
    assert seen.error is prefect.failure
    (verdict,) = fleet.verdicts.values()
    assert verdict.health is Health.DEGRADED


async def test_the_deadline_cuts_off_what_hangs_and_keeps_the_rest() -> None:
    mute, alive = ScriptedSession("mute"), ScriptedSession("alive", [service(connection="alive")])
    mute.hang = asyncio.Event()
    before = asyncio.all_tasks()
    fleet = await look_at(mute, alive, seconds=0.2, clock=WallClock())
    assert asyncio.all_tasks() == before
    assert isinstance(fleet.snapshot.connections[0].error, SnowflakeUnreachableError)
    assert fleet.snapshot.connections[0].state is ConnectionState.UNREACHABLE
    assert fleet.snapshot.connections[1].error is None
    assert fleet.snapshot.services[0].containers.value


async def test_containers_that_came_too_late_are_said_to_be_missing() -> None:
    class SlowContainers(ScriptedSession):
        async def show_service_containers(self, key: ServiceKey) -> tuple[ContainerSnapshot, ...]:
            await asyncio.sleep(60)
            return await super().show_service_containers(key)

    fleet = await look_at(SlowContainers(services=[service()]), seconds=0.2)
    (seen,) = fleet.snapshot.services
    assert isinstance(seen.containers.error, SnowflakeUnreachableError)
    assert fleet.snapshot.connections[0].state is ConnectionState.CONNECTED
