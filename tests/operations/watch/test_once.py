from __future__ import annotations

import asyncio
from dataclasses import replace
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
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.verdict import Health, JudgedFleet, Verdict
from spcs_worker_tui.operations.watch.once import look
from spcs_worker_tui.sandbox.clock import ManualClock, WallClock
from support.fleet import NOW, POOL, ago, container, deployed_spec, instance, key, service
from support.memory import Memory
from support.scripted import ScriptedPrefect, ScriptedSession


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


async def test_what_was_wanted_the_last_time_is_asked_for_before_snowflake_answers() -> None:
    memory, prefect = Memory(), ScriptedPrefect()
    await look_at(ScriptedSession("one", [service(connection="one")]), memory=memory)
    assert {pool.name for pool in memory.pools("one")} == {POOL}
    silent = ScriptedSession("one")
    silent.sign_in = SnowflakeUnreachableError("nobody there")
    fleet = await look_at(silent, memory=memory, prefect=prefect)
    assert prefect.names == [POOL]
    assert not fleet.snapshot.work_pools
    assert memory.pools("one"), "a connection that did not answer is not forgotten"


async def test_of_some_services_nothing_is_presumed() -> None:
    memory, prefect = Memory(), ScriptedPrefect()
    await look_at(ScriptedSession("one", [service(connection="one")]), memory=memory)
    one = ScriptedSession("one", [service(connection="one")])
    fleet = await look_at(one, memory=memory, prefect=prefect, wanted=lambda _key: False)
    assert not prefect.asked
    assert not fleet.snapshot.services
    assert memory.pools("one")


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


# What was found out before is not asked for again.

NAME = "analytics.prefect.ingest.0"


class Fleet:
    """Looks again and again at the same account with the same memory."""

    def __init__(self, *services: ServiceSnapshot) -> None:
        self.session = ScriptedSession(services=services or [service()])
        self.session.spec = lambda _key: deployed_spec(has_readiness_probe=True)
        self.prefect = ScriptedPrefect()
        self.prefect.starts = {(POOL, NAME): ago(3595)}
        self.memory = Memory()
        self.clock = ManualClock(NOW)

    async def look(self) -> tuple[Verdict, dict[str, int]]:
        """The verdict on the first service, and what the account was asked for."""
        self.session.calls.clear()
        fleet = await look_at(
            self.session, prefect=self.prefect, memory=self.memory, clock=self.clock
        )
        return next(iter(fleet.verdicts.values())), dict(self.session.calls)


async def test_the_second_look_at_a_quiet_service_is_one_statement() -> None:
    fleet = Fleet()
    first, _ = await fleet.look()
    second, statements = await fleet.look()
    assert statements == {"show_services": 1}
    assert (second.health, second.rule) == (first.health, first.rule)
    assert fleet.prefect.names == [POOL, POOL]


async def test_a_new_spec_is_read() -> None:
    fleet = Fleet()
    await fleet.look()
    (old,) = fleet.session.services.values()
    fleet.session.services[old.key] = replace(old, spec_digest="spec-2")
    fleet.session.spec = lambda _key: replace(deployed_spec(), digest="spec-2")
    _, statements = await fleet.look()
    assert statements["describe_service"] == 1


async def test_a_spec_that_is_newer_than_its_row_is_not_kept_under_the_old_digest() -> None:
    fleet = Fleet()
    fleet.session.spec = lambda _key: replace(deployed_spec(), digest="spec-2")
    await fleet.look()
    assert not fleet.memory.specs


async def test_a_restart_is_seen_though_the_row_reads_the_same() -> None:
    fleet = Fleet()
    await fleet.look()
    fleet.session.services = {
        s.key: s
        for s in [
            service(containers=[container(age=20, restart_count=1, last_restart_time=ago(20))])
        ]
    }
    fleet.prefect.starts = {(POOL, NAME): ago(18)}
    verdict, statements = await fleet.look()
    assert (verdict.health, verdict.rule) == (Health.DEGRADED, 29)
    assert statements == {"show_services": 1, "show_service_containers": 1}


async def test_a_prefect_that_never_heard_of_the_start_vouches_for_nothing() -> None:
    fleet = Fleet()
    fleet.prefect.starts = {}
    await fleet.look()
    asked = len(fleet.prefect.starts_asked)
    _, statements = await fleet.look()
    assert statements == {"show_services": 1, "show_service_containers": 1}
    again = fleet.prefect.starts_asked[asked:]
    assert all(since > ago(700) for _, since in again), "not looked for again so soon"


async def test_an_event_that_may_still_be_on_its_way_is_waited_for() -> None:
    fleet = Fleet(service(containers=[container(age=100)]))
    fleet.prefect.starts = {}
    await fleet.look()
    fleet.prefect.starts = {(POOL, NAME): ago(98)}
    await fleet.look()
    fleet.prefect.starts = {}  # as later, when it is no news any more
    _, statements = await fleet.look()
    assert statements == {"show_services": 1}


async def test_events_that_cannot_be_read_leave_it_to_the_containers() -> None:
    fleet = Fleet()
    await fleet.look()
    fleet.prefect.failures["starts"] = PrefectUnreachableError("no events")
    verdict, statements = await fleet.look()
    assert verdict.health is Health.HEALTHY
    assert statements == {"show_services": 1, "show_service_containers": 1}


async def test_a_prefect_that_is_down_leaves_it_to_the_containers() -> None:
    fleet = Fleet()
    await fleet.look()
    fleet.prefect.failure = PrefectUnreachableError("nobody there")
    verdict, statements = await fleet.look()
    assert verdict.rule == 15
    assert statements == {"show_services": 1, "show_service_containers": 1}


async def test_a_service_that_is_no_worker_is_known_as_such() -> None:
    fleet = Fleet()
    fleet.session.spec = lambda _key: deployed_spec({"GREETING": "hello"}, image="/a/b/c/api:1")
    await fleet.look()
    verdict, statements = await fleet.look()
    assert verdict.rule == 38
    assert statements == {"show_services": 1, "show_service_containers": 1}
