"""Suspend and resume: what the plan says, when it is refused, and how it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from spcs_worker_tui.domain.errors import (
    PlanRefusedError,
    PrefectUnreachableError,
    PrivilegeError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.fleet import (
    ComputePoolState,
    ContainerStatus,
    FleetSnapshot,
    Observation,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.plan import Plan, StepProgress, StepState
from spcs_worker_tui.operations.lifecycle_plans import plan_resume, plan_suspend
from support import fleet as build
from support.lifecycle_bench import Bench, ids, says

STATEMENT = "ALTER SERVICE …"


def suspend(service: ServiceSnapshot, fleet: FleetSnapshot | None = None) -> Plan:
    return plan_suspend(service, fleet or build.fleet(service), STATEMENT)


def resume(service: ServiceSnapshot, fleet: FleetSnapshot | None = None) -> Plan:
    return plan_resume(service, fleet or build.fleet(service), STATEMENT)


# What a plan says.


def test_suspending_sends_the_statement_and_waits() -> None:
    service = build.service()
    plan = suspend(service)
    assert ids(plan) == ["suspend", "suspended"]
    assert plan.steps[0].statement == STATEMENT
    assert (plan.spec_digest, plan.status) == ("spec-1", ServiceStatus.RUNNING)


def test_suspending_does_not_promise_to_save_money() -> None:
    plan = suspend(build.service())
    assert says(plan, "compute pool WORKERS are billed until the pool suspends")
    assert says(plan, "1 node until 1 h after the last service on it has stopped")


def test_neighbours_that_keep_the_compute_pool_up_are_named() -> None:
    service = build.service()
    others = [
        build.service("OTHER"),
        build.service("ASLEEP", status="SUSPENDED"),
        build.service("ELSEWHERE", compute_pool="BIG"),
        build.service("ABROAD", connection="prod"),
    ]
    plan = suspend(service, build.fleet(service, *others))
    assert says(plan, "; OTHER keeps it up")


def test_services_that_this_role_does_not_see_may_keep_the_compute_pool_up() -> None:
    service = build.service()
    pools = Observation((build.compute_pool(num_services=3),), build.NOW)
    connection = build.connection("dev", (service,), compute_pools=pools)
    assert says(suspend(service, build.fleet(service, connections=[connection])), "2 other")


def test_a_compute_pool_that_never_suspends_is_said_so() -> None:
    service = build.service()
    pools = Observation((build.compute_pool(auto_suspend_secs=0),), build.NOW)
    connection = build.connection("dev", (service,), compute_pools=pools)
    plan = suspend(service, build.fleet(service, connections=[connection]))
    assert says(plan, "never does by itself")


def test_flow_runs_that_would_die_are_named() -> None:
    service = build.service()
    runs = [build.running_run(), build.running_run(id="run-2", worker_name="somebody.else.is.0")]
    plan = suspend(service, build.fleet(service, work_pools=[build.work_pool(running=runs)]))
    assert says(plan, "1 flow run runs here (busy-beaver of ingest)")


def test_flow_runs_whose_worker_is_unknown_are_counted() -> None:
    service = build.service()
    pool = build.work_pool(running=[build.running_run(worker_name="")], running_count=7)
    assert says(suspend(service, build.fleet(service, work_pools=[pool])), "Up to 7 flow runs")


def test_a_prefect_that_does_not_answer_is_said_so() -> None:
    service = build.service()
    fleet = build.fleet(service, work_pools_error=PrefectUnreachableError("no route"))
    assert says(suspend(service, fleet), "Prefect's state is unknown")


def test_the_last_worker_of_a_pool_leaves_its_runs_waiting() -> None:
    service = build.service()
    late = [build.late_run()]
    pool = build.work_pool(late=late)
    assert says(
        suspend(service, build.fleet(service, work_pools=[pool])),
        "No other worker serves work pool",
    )
    pool = build.work_pool(workers=[build.worker(), build.worker("free")], late=late)
    assert not says(suspend(service, build.fleet(service, work_pools=[pool])), "No other worker")


def test_a_service_that_is_no_worker_has_no_runs_to_lose() -> None:
    plan = suspend(build.service(binding=None))
    assert len(plan.warnings) == 1
    assert says(plan, "billed")


def test_resuming_says_what_waits() -> None:
    service = build.service(status="SUSPENDED")
    pool = build.work_pool(late=[build.late_run(600), build.late_run(60, id="late-2")])
    plan = resume(service, build.fleet(service, work_pools=[pool]))
    assert ids(plan) == ["resume", "ready"]
    assert says(plan, "2 flow runs are late in work pool spcs, the oldest by 10 min")
    assert says(plan, "an image that was pushed meanwhile is not picked up")


def test_resuming_says_that_nothing_waits() -> None:
    assert says(resume(build.service(status="SUSPENDED")), "Nothing waits in work pool spcs")


@pytest.mark.parametrize(
    ("auto_resume", "said"), [(True, "takes 3 to 20 minutes"), (False, "does not resume by itself")]
)
def test_resuming_on_a_suspended_compute_pool(auto_resume: bool, said: str) -> None:
    service = build.service(status="SUSPENDED")
    pool = build.compute_pool(state=ComputePoolState.SUSPENDED, auto_resume=auto_resume)
    pools = Observation((pool,), build.NOW)
    connection = build.connection("dev", (service,), compute_pools=pools)
    assert says(resume(service, build.fleet(service, connections=[connection])), said)


def test_what_is_done_already_needs_no_step() -> None:
    assert suspend(build.service(status="SUSPENDED")).is_empty
    assert resume(build.service()).is_empty
    assert ids(suspend(build.service(status="SUSPENDING"))) == ["suspended"]
    assert ids(resume(build.service(status="SUSPENDING"))) == ["suspended", "resume", "ready"]
    assert ids(resume(build.service(status="PENDING"))) == ["ready"]


@pytest.mark.parametrize("status", ["DELETING", "DELETED", "DONE", "UNKNOWN"])
def test_what_cannot_be_altered_is_refused(status: str) -> None:
    with pytest.raises(PlanRefusedError, match=status):
        suspend(build.service(status=status))


def test_jobs_are_refused() -> None:
    with pytest.raises(PlanRefusedError, match="job service"):
        suspend(build.service(is_job=True))


# Doing it.


def story(events: list[StepProgress]) -> list[str]:
    return [f"{e.step.id} {e.state}" + (f" {e.detail}" if e.detail else "") for e in events]


async def test_suspending_is_verified() -> None:
    bench = Bench(build.service())
    bench.account.turns = [lambda: None, lambda: bench.account.become("SUSPENDED")]
    change = bench.lifecycle.suspend(bench.key)
    assert change.plan.steps[0].statement == "ALTER SERVICE ANALYTICS.PREFECT.INGEST SUSPEND"
    assert story(await bench.apply(change)) == [
        "suspend running",
        "suspend done query q",
        "suspended running",
        "suspended running SUSPENDING, 1 instance left",
        "suspended done SUSPENDED",
    ]


async def test_resuming_shows_what_the_platform_says_until_it_is_ready() -> None:
    bench = Bench(build.service(status="SUSPENDED"))
    account = bench.account
    waiting = build.container(
        status=ContainerStatus.PENDING, message="Compute pool node(s) are being provisioned"
    )
    pulling = replace(waiting, message="Waiting to start")

    def show(status: str, row: object) -> Callable[[], None]:
        return lambda: account.become(status, containers=Observation((row,), build.NOW))

    account.turns = [
        show("PENDING", waiting),
        show("PENDING", waiting),
        show("PENDING", pulling),
        show("RUNNING", build.container()),
    ]
    events = await bench.apply(bench.lifecycle.resume(bench.key))
    assert story(events)[2:] == [
        "ready running",
        "ready running PENDING: Compute pool node(s) are being provisioned",
        "ready running PENDING: Waiting to start",
        "ready done RUNNING, 1 of 1 ready",
    ]


async def test_gives_up_with_the_last_message_and_a_next_step() -> None:
    bench = Bench(build.service(status="SUSPENDED"))
    row = build.container(status=ContainerStatus.PENDING, message="Failed to pull image")
    bench.account.turns = [
        lambda: bench.account.become("PENDING", containers=Observation((row,), build.NOW))
    ]
    events = await bench.apply(bench.lifecycle.resume(bench.key))
    assert events[-1].state is StepState.FAILED
    assert "after 25 min still PENDING: Failed to pull image" in events[-1].detail
    assert events[-1].error is not None
    assert events[-1].error.next_step


async def test_a_service_that_fails_ends_the_waiting() -> None:
    bench = Bench(build.service(status="SUSPENDED"))
    bench.account.turns = [lambda: bench.account.become("FAILED")]
    events = await bench.apply(bench.lifecycle.resume(bench.key))
    assert story(events)[-1] == "ready failed FAILED"


async def test_a_refused_statement_ends_it() -> None:
    bench = Bench(build.service())
    error = PrivilegeError("Insufficient privileges to operate on service 'INGEST'.", errno=3001)
    bench.account.failures["suspend_service"] = error
    events = await bench.apply(bench.lifecycle.suspend(bench.key))
    assert [event.state for event in events] == [StepState.RUNNING, StepState.FAILED]
    assert events[-1].error is error


async def test_an_outage_while_waiting_is_waited_out() -> None:
    bench = Bench(build.service())
    account = bench.account

    def break_down() -> None:
        account.failure = SnowflakeUnreachableError("no route")
        account.turns.insert(0, repair)

    def repair() -> None:
        account.failure = None
        account.become("SUSPENDED")

    account.turns = [break_down]
    events = await bench.apply(bench.lifecycle.suspend(bench.key))
    assert story(events)[-2:] == [
        "suspended running no answer, asking again: no route",
        "suspended done SUSPENDED",
    ]


async def test_without_the_right_to_see_containers_the_status_is_enough() -> None:
    bench = Bench(build.service(status="SUSPENDED"))
    bench.account.failures["show_service_containers"] = PrivilegeError("no MONITOR", errno=3001)
    bench.account.turns = [lambda: bench.account.become("RUNNING")]
    events = await bench.apply(bench.lifecycle.resume(bench.key))
    assert events[-1].state is StepState.DONE


async def test_a_plan_for_another_spec_is_refused() -> None:
    bench = Bench(build.service())
    change = bench.lifecycle.suspend(bench.key)
    bench.account.become("RUNNING", spec_digest="spec-2")
    with pytest.raises(PlanRefusedError, match="was changed since the plan"):
        await bench.apply(change)
    assert bench.account.calls["suspend_service"] == 0


@pytest.mark.parametrize("status", ["DELETING", "INTERNAL_ERROR_OF_TOMORROW"])
def test_unknown_states_are_not_touched(status: str) -> None:
    with pytest.raises(PlanRefusedError):
        suspend(build.service(status=status))


async def test_a_plan_for_a_service_on_its_way_out_is_refused() -> None:
    bench = Bench(build.service())
    change = bench.lifecycle.suspend(bench.key)
    bench.account.become("DELETING")
    with pytest.raises(PlanRefusedError, match="is DELETING now, it was RUNNING"):
        await bench.apply(change)


async def test_a_plan_whose_wait_was_for_a_suspension_that_was_undone_is_refused() -> None:
    bench = Bench(build.service(status="SUSPENDING"))
    change = bench.lifecycle.suspend(bench.key)
    bench.account.become("RUNNING")
    with pytest.raises(PlanRefusedError):
        await bench.apply(change)


async def test_a_plan_for_a_service_that_is_gone_is_refused() -> None:
    bench = Bench(build.service())
    change = bench.lifecycle.suspend(bench.key)
    bench.account.services.clear()
    with pytest.raises(PlanRefusedError, match="not there any more"):
        await bench.apply(change)


async def test_a_worker_that_crashes_meanwhile_can_still_be_suspended() -> None:
    bench = Bench(build.service())
    change = bench.lifecycle.suspend(bench.key)
    bench.account.become("PENDING")
    bench.account.turns = [lambda: bench.account.become("SUSPENDED")]
    assert (await bench.apply(change))[-1].state is StepState.DONE


async def test_what_somebody_else_did_meanwhile_is_not_done_again() -> None:
    bench = Bench(build.service())
    change = bench.lifecycle.suspend(bench.key)
    bench.account.become("SUSPENDED")
    assert story(await bench.apply(change)) == [
        "suspend skipped it is SUSPENDED already",
        "suspended running",
        "suspended done SUSPENDED",
    ]
    assert bench.account.calls["suspend_service"] == 0


async def test_a_service_that_nobody_sees_cannot_be_planned_for() -> None:
    bench = Bench(build.service())
    with pytest.raises(PlanRefusedError, match="there is no service"):
        bench.lifecycle.resume(build.key("NOBODY"))
