"""Deployments: one plan from the source to a service that runs it, interrupted anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.building import LocalImage
from spcs_worker_tui.domain.errors import (
    BuildFailedError,
    ConfigurationError,
    FleetError,
    PlanRefusedError,
)
from spcs_worker_tui.domain.plan import StepProgress, StepState
from spcs_worker_tui.domain.wishes import Build, Deploy
from spcs_worker_tui.operations.deploy import PlannedDeploy
from spcs_worker_tui.operations.rollback import PREVIOUS
from spcs_worker_tui.operations.update import PlannedUpdate
from support.deploying import DeployBench, PretendEngine, digest
from support.relay import relayed_port
from support.saved_connections import save
from support.updating import PROBE, SPEC, ends, said, update_bench

STEPS = ("build", "push", "specification", "rollout", "heartbeats")
FIRST_STEPS = ("build", "push", "create", "rollout", "heartbeats")


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DeployBench]:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    async with update_bench(tmp_path) as made:
        yield DeployBench(made, PretendEngine(made.lab))


async def plan(bench: DeployBench, **wish: Any) -> PlannedDeploy | PlannedUpdate:
    return await bench.changes.deploy(Deploy(**wish))


async def deployed(bench: DeployBench, **wish: Any) -> list[StepProgress]:
    change = await plan(bench, **wish)
    return [progress async for progress in change.apply()]


def everywhere(bench: DeployBench, image: str) -> dict[str, str]:
    """What runs when two instances run that image."""
    return {"worker/0": image, "worker/1": image}


def boundaries(steps: tuple[str, ...]) -> list[tuple[str, StepState]]:
    """Each step when it begins and when it is done, but for the very end."""
    return [(step, state) for step in steps for state in (StepState.RUNNING, StepState.DONE)][:-1]


async def settled(bench: DeployBench) -> set[str]:
    """The digests that run once the service has come to rest."""
    deadline = asyncio.get_running_loop().time() + 20
    while len(bench.update.running) < 2 or bench.update.service.is_upgrading:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)
    return set(bench.update.running.values())


async def test_a_first_deployment_then_a_new_build_under_the_same_tag(bench: DeployBench):
    change = await plan(bench)
    assert change.plan.title == "Deploy dev: Create D.S.WORKER"
    assert [step.id for step in change.plan.steps] == [
        *("build", "push", "create", "rollout", "heartbeats")
    ]
    assert change.plan.differences[0] == "container worker added: worker:1.0 (to be pushed)"
    events = [progress async for progress in change.apply()]
    assert ends(events) == [f"{step.id} done" for step in change.plan.steps]
    first = bench.engine.digest
    assert bench.update.running == everywhere(bench, first)

    bench.engine.source = "second"
    change = await plan(bench, why="a fix")
    assert change.plan.differences == (
        f"worker: image: worker:1.0 ({first[7:19]}) -> worker:1.0 (to be pushed)",
    )
    events = [progress async for progress in change.apply()]
    assert ends(events) == [f"{step} done" for step in STEPS]
    assert bench.update.running == everywhere(bench, bench.engine.digest)
    assert bench.engine.digest != first
    assert bench.update.states() == ["created ready", "updated ready"]
    entries = bench.update.history.entries(
        bench.update.lab.account.identifier, bench.environment.key
    )
    assert (entries[-1].why, entries[-1].plan_id) == ("a fix", change.plan.id)


async def test_the_same_again_does_nothing_to_the_service(bench: DeployBench):
    await deployed(bench)
    before = len(bench.update.sandbox.statements)
    events = await deployed(bench)
    assert ends(events) == [
        *("build done", "push skipped", "specification skipped", "rollout skipped"),
        "heartbeats skipped",
    ]
    assert "nothing differs from what is deployed" in said(events)
    sent = bench.update.sandbox.statements[before:]
    assert not [statement for statement in sent if statement.startswith(("ALTER", "CREATE"))]


async def test_going_back_after_it(bench: DeployBench):
    await deployed(bench)
    first = bench.engine.digest
    bench.engine.source = "second"
    await deployed(bench)
    back = await bench.update.rollbacks.plan(bench.environment.key, PREVIOUS)
    assert [p.state async for p in back.apply()][-1] is StepState.DONE
    assert bench.update.running == everywhere(bench, first)


async def test_the_plan_is_only_a_plan(bench: DeployBench):
    before = len(bench.update.sandbox.statements)
    await plan(bench)
    assert bench.engine.requests == []
    assert bench.engine.pushed == []
    assert all(s.startswith("SHOW") for s in bench.update.sandbox.statements[before:])


async def test_without_building(bench: DeployBench):
    bench.engine.images["worker:7"] = LocalImage(digest("image first"), "linux", "amd64")
    events = await deployed(bench, build=Build(tag="7"), with_build=False)
    assert ends(events)[0] == "push done"
    assert bench.engine.requests == []
    assert bench.update.running == everywhere(bench, bench.engine.digest)
    with pytest.raises(ConfigurationError, match="has no image worker:8"):
        await plan(bench, build=Build(tag="8"), with_build=False)


async def test_without_pushing(bench: DeployBench):
    change = await plan(bench, build=Build(tag="2.0"), with_build=False, with_push=False)
    assert [step.id for step in change.plan.steps] == ["create", "rollout", "heartbeats"]
    with pytest.raises(ConfigurationError, match="no image worker with the tag '8'"):
        await plan(bench, build=Build(tag="8"), with_build=False, with_push=False)


async def test_a_build_that_fails_leaves_the_service_alone(bench: DeployBench):
    await deployed(bench)
    first = bench.engine.digest
    change = await plan(bench)
    bench.engine.failure = BuildFailedError("step 2 of 5 failed", next_step="Correct it.")
    events = [progress async for progress in change.apply()]
    assert ends(events) == ["build failed"]
    assert bench.update.running == everywhere(bench, first)


async def test_somebody_else_changes_the_service_while_it_is_built(bench: DeployBench):
    await deployed(bench)
    bench.engine.source = "second"
    change = await plan(bench)
    events = []
    async for progress in change.apply():
        events.append(progress)
        if progress.step.id == "push" and progress.state is StepState.DONE:
            await bench.update.alter(SPEC.replace("INFO", "DEBUG"))
    assert ends(events)[-1] == "specification failed"
    assert "variable LEVEL: 'INFO' -> 'DEBUG'" in str(events[-1].error)


async def test_somebody_else_creates_the_service_while_it_is_built(bench: DeployBench):
    change = await plan(bench)
    events = []
    async for progress in change.apply():
        events.append(progress)
        if progress.step.id == "push" and progress.state is StepState.DONE:
            await bench.update.create()
    assert ends(events)[-1] == "create failed"
    assert "somebody else created D.S.WORKER" in str(events[-1].error)


async def test_a_plan_that_is_out_of_date_builds_nothing(bench: DeployBench):
    await deployed(bench)
    change = await plan(bench)
    built = len(bench.engine.requests)
    await bench.update.alter(SPEC.replace("INFO", "DEBUG"))
    with pytest.raises(PlanRefusedError, match="somebody else changed"):
        _ = [progress async for progress in change.apply()]
    assert len(bench.engine.requests) == built


async def test_what_does_not_come_up_says_so_and_can_be_taken_back(bench: DeployBench):
    await deployed(bench)
    first = bench.engine.digest
    bench.engine.source, bench.engine.command = "broken", "crash"
    bench.spec = SPEC + PROBE
    change = await plan(bench)
    events = [progress async for progress in change.apply()]
    assert ends(events)[-1] == "rollout failed"
    assert change.did_not_come_up
    assert "RuntimeError: boom" in str(events[-1].error)
    back = await bench.update.rollbacks.plan(bench.environment.key, PREVIOUS)
    assert [p.state async for p in back.apply()][-1] is StepState.DONE
    assert bench.update.running == everywhere(bench, first)


async def test_what_did_not_come_up_is_not_taken_for_done_the_next_time(bench: DeployBench):
    await deployed(bench)
    bench.engine.source = "second"
    bench.update.prefect.silent = True
    bench.update.timing = replace(bench.update.timing, beating_within=1)
    assert ends(await deployed(bench))[-1] == "heartbeats failed"
    again = ends(await deployed(bench))
    assert again[-3:] == ["specification skipped", "rollout done", "heartbeats failed"]
    bench.update.prefect.silent = False
    assert ends(await deployed(bench))[-1] == "heartbeats done"
    assert bench.update.states()[-1] == "updated ready"


async def test_a_suspended_service_is_not_waited_for(bench: DeployBench):
    await deployed(bench)
    await bench.update.lab.sql("ALTER SERVICE WORKER SUSPEND")
    assert await bench.update.reconciler.reached(bench.update.service, ["SUSPENDED"], 20)
    bench.engine.source = "second"
    events = await deployed(bench)
    assert ends(events) == ["build done", "push done", "specification done"]


async def test_a_read_only_environment_is_only_looked_at(bench: DeployBench):
    bench.environment = replace(bench.environment, read_only=True)
    change = await plan(bench)
    assert change.plan.steps
    with pytest.raises(PlanRefusedError, match="environment dev is read-only"):
        _ = [progress async for progress in change.apply()]
    assert bench.engine.requests == []


async def interrupt(bench: DeployBench, step: str, state: StepState) -> None:
    """Plan it, begin, and walk away there."""
    change = await plan(bench)
    async with aclosing(change.apply()) as events:
        async for progress in events:
            if (progress.step.id, progress.state) == (step, state):
                return
    raise AssertionError(f"{step} was never {state}")


@pytest.mark.parametrize(("step", "state"), boundaries(STEPS))
async def test_interrupted_at_any_boundary_it_is_finished_by_the_next_run(
    bench: DeployBench, step: str, state: StepState
):
    await deployed(bench)
    first = bench.engine.digest
    bench.engine.source = "second"
    await interrupt(bench, step, state)
    assert await settled(bench) <= {first, bench.engine.digest}
    events_again = await deployed(bench)
    assert all(e.state is not StepState.FAILED for e in events_again)
    assert bench.update.running == everywhere(bench, bench.engine.digest)
    assert bench.update.states()[-1] == "updated ready"


@pytest.mark.parametrize(("step", "state"), boundaries(FIRST_STEPS))
async def test_a_first_deployment_interrupted_at_any_boundary_is_finished_by_the_next_run(
    bench: DeployBench, step: str, state: StepState
):
    await interrupt(bench, step, state)
    events_again = await deployed(bench)
    assert all(e.state is not StepState.FAILED for e in events_again)
    assert await settled(bench) == {bench.engine.digest}
    assert bench.update.running == everywhere(bench, bench.engine.digest)
    assert bench.update.states()[-1].endswith(" ready")


async def lose_the_connection(
    bench: DeployBench, step: str, home: Path, patch: pytest.MonkeyPatch
) -> None:
    """Deploy with another connection, which is lost as that step begins."""
    sandbox = bench.update.sandbox
    file = home / "connections.toml"
    direct = file.read_text()
    async with relayed_port(sandbox.server.port) as (relay, port):
        table = sandbox.connection(port=port, enable_server_session_keep_alive_auto_detection=None)
        save(home, {"dev": table})
        session = ConnectorSession(read_connections().select(["dev"])[0], statement_seconds=2)
        hurried = replace(bench.update.timing, ready_within=3, beating_within=3)
        with patch.context() as lost:
            lost.setattr(bench.update, "session", session)
            lost.setattr(bench.update, "timing", hurried)
            try:
                change = await plan(bench)
                events = []
                async for progress in change.apply():
                    events.append(progress)
                    if (progress.step.id, progress.state) == (step, StepState.RUNNING):
                        relay.cut()
            finally:
                await session.close()
                file.write_text(direct)
    if step != "build":
        assert events[-1].state is StepState.FAILED
        assert isinstance(events[-1].error, FleetError)


@pytest.mark.parametrize("step", STEPS)
async def test_with_the_connection_lost_at_a_step_it_is_finished_by_the_next_run(
    bench: DeployBench, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    await deployed(bench)
    first = bench.engine.digest
    bench.engine.source = "second"
    await lose_the_connection(bench, step, tmp_path, monkeypatch)
    assert await settled(bench) <= {first, bench.engine.digest}
    await deployed(bench)
    assert bench.update.running == everywhere(bench, bench.engine.digest)


@pytest.mark.parametrize("step", FIRST_STEPS)
async def test_with_the_connection_lost_a_first_deployment_is_finished_by_the_next_run(
    bench: DeployBench, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    await lose_the_connection(bench, step, tmp_path, monkeypatch)
    events_again = await deployed(bench)
    assert all(e.state is not StepState.FAILED for e in events_again)
    assert bench.update.running == everywhere(bench, bench.engine.digest)
