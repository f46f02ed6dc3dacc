"""Two people at one account, through the real connector: who comes second is told what changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest

from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceKey
from spcs_worker_tui.domain.plan import StepProgress, StepState
from spcs_worker_tui.domain.ports import Change
from spcs_worker_tui.domain.wishes import Drop, Restart, Resume, Scale, Suspend, Wish
from spcs_worker_tui.wiring.bench import Bench, open_bench
from spcs_worker_tui.wiring.console import open_console
from spcs_worker_tui.wiring.doctor import make_doctor
from support.catalogue import Lab
from support.sandbox import running_sandbox
from support.saved_connections import save
from support.session_bench import running_service

KEY = ServiceKey("dev", "D", "S", "SVC")
SPEC = "spec: {containers: [{name: worker, image: /d/s/repo/worker:1.0, env: {NEW: value}}]}"


@dataclass
class Operators:
    """The account, and one of the two, who has seen it."""

    lab: Lab
    bench: Bench
    fleet: FleetSnapshot

    async def plan(self, wish: Wish) -> Change:
        return await self.bench.planner(self.fleet).change(wish)


@pytest.fixture
async def operators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Operators]:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("SPCS_WORKER_TUI_STATE_DIR", str(tmp_path / "state"))
    async with running_sandbox() as sandbox:
        table = sandbox.connection(enable_server_session_keep_alive_auto_detection=None)
        save(tmp_path, {"dev": table})
        running_service(sandbox.lab)
        async with open_bench(["dev"]) as bench:
            judged = await bench.look(lambda _: True, 20)
            yield Operators(sandbox.lab, bench, judged.snapshot)


async def apply(change: Change) -> list[StepProgress]:
    async with aclosing(change.apply()) as events:
        return [progress async for progress in events]


WISHES: list[Callable[[], Wish]] = [
    lambda: Suspend(KEY),
    lambda: Restart(KEY),
    lambda: Scale(KEY, 2),
    lambda: Drop(KEY, "D.S.SVC"),
]


@pytest.mark.parametrize("wish", WISHES)
async def test_a_new_spec_is_noticed(operators: Operators, wish: Callable[[], Wish]) -> None:
    change = await operators.plan(wish())
    await operators.lab.sql(f"ALTER SERVICE SVC FROM SPECIFICATION $${SPEC}$$")
    with pytest.raises(PlanRefusedError, match=r"the spec of D\.S\.SVC was changed since") as told:
        await apply(change)
    assert "digest dddddddd is" in str(told.value)
    assert "plan again" in told.value.next_step


@pytest.mark.parametrize("wish", [lambda: Restart(KEY), lambda: Scale(KEY, 2)])
async def test_a_suspension_is_noticed(operators: Operators, wish: Callable[[], Wish]) -> None:
    change = await operators.plan(wish())
    # Nothing moves by itself in this account: the status is set as it would come to be.
    operators.lab.service("SVC").status = "SUSPENDED"
    with pytest.raises(PlanRefusedError, match="now, it was RUNNING when the plan was made"):
        await apply(change)


async def test_scaling_what_was_scaled_meanwhile_is_noticed(operators: Operators) -> None:
    change = await operators.plan(Scale(KEY, 2, 3))
    await operators.lab.sql("ALTER SERVICE SVC SET MAX_INSTANCES = 5")
    with pytest.raises(PlanRefusedError, match=r"MAX_INSTANCES of D\.S\.SVC is 5 now, it was 1"):
        await apply(change)
    assert operators.lab.service("SVC").max_instances == 5


async def test_a_service_that_was_dropped_and_made_again_is_another_one(
    operators: Operators,
) -> None:
    change = await operators.plan(Drop(KEY, "D.S.SVC"))
    service = operators.lab.service("SVC")
    service.created_on = service.created_on.replace(year=service.created_on.year + 1)
    with pytest.raises(PlanRefusedError, match="was dropped and created again"):
        await apply(change)
    assert ("D", "S", "SVC") in operators.lab.account.services


async def test_both_want_it_suspended(operators: Operators) -> None:
    change = await operators.plan(Suspend(KEY))
    operators.lab.service("SVC").status = "SUSPENDED"
    told = await apply(change)
    assert [p.state for p in told if p.step.id == "suspend"] == [StepState.SKIPPED]
    assert told[-1].state is StepState.DONE


async def test_both_want_it_dropped(operators: Operators) -> None:
    change = await operators.plan(Drop(KEY, "D.S.SVC"))
    await operators.lab.sql("DROP SERVICE SVC")
    operators.lab.account.services.clear()
    with pytest.raises(PlanRefusedError, match="not there any more"):
        await apply(change)


async def test_nobody_suspended_it_so_there_is_nothing_to_resume(operators: Operators) -> None:
    assert (await operators.plan(Resume(KEY))).plan.is_empty


async def test_the_dashboard_sees_what_was_applied(operators: Operators) -> None:
    console = await open_console(["dev"], make_doctor=make_doctor, read_only=True)
    try:
        async with asyncio.timeout(20):
            async for judged in console.watch():
                if judged.snapshot.service(KEY):
                    break
        plan = await console.plan(Suspend(KEY))
        with pytest.raises(PlanRefusedError, match="read-only mode"):
            async for _ in console.apply(plan):
                pass
        assert console.read_only.covers("dev")
        assert await console.audit_entries() == ()
    finally:
        await console.close()
    operators.lab.service("SVC").status = "SUSPENDED"
    await apply(await operators.plan(Suspend(KEY)))
    entries = operators.bench.engine.recorded()
    assert [(entry.subject, entry.connection) for entry in entries] == [("D.S.SVC", "dev")]


async def test_a_plan_of_another_console_is_not_known(operators: Operators) -> None:
    console = await open_console(["dev"], make_doctor=make_doctor)
    change = await operators.plan(Suspend(KEY))
    try:
        with pytest.raises(PlanRefusedError, match="too old"):
            async for _ in console.apply(change.plan):
                pass
    finally:
        await console.close()
