"""What the dashboard's console offers after a specification that did not come up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spcs_worker_tui.domain.environment import EditEnvironment, SetVariable
from spcs_worker_tui.domain.plan import Plan, StepState
from spcs_worker_tui.domain.wishes import RollBack, Update
from spcs_worker_tui.operations.console import Console
from spcs_worker_tui.wiring.console import open_console
from spcs_worker_tui.wiring.doctor import make_doctor
from support.updating import FIRST, KEY, PROBE, SPEC, UpdateBench

PLAIN = SPEC.partition("    env:")[0] + PROBE
"""Without a worker nobody has to ask Prefect."""


@pytest.fixture
async def console(
    bench: UpdateBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Console]:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("SPCS_WORKER_TUI_STATE_DIR", str(tmp_path / "state"))
    await bench.create(PLAIN)
    console = await open_console(["dev"], make_doctor=make_doctor)
    yield console
    await console.close()


async def applied(console: Console, plan: Plan) -> list[str]:
    """Step ids with how they ended."""
    events = [event async for event in console.apply(plan)]
    return [f"{e.step.id} {e.state}" for e in events if e.state is not StepState.RUNNING]


async def test_what_did_not_come_up_is_rolled_back(bench: UpdateBench, console: Console) -> None:
    plan = await console.plan(Update(KEY, image="bad"))
    assert console.way_back(plan) is None
    assert (await applied(console, plan))[-1] == "rollout failed"
    back = console.way_back(plan)
    assert back == RollBack(KEY, why="it did not come up: Update D.S.WORKER")
    plan = await console.plan(back)
    assert "rollout done" in await applied(console, plan)
    assert bench.running == {"worker/0": FIRST}
    assert console.way_back(plan) is None


async def test_a_changed_environment_can_be_taken_back_too(
    bench: UpdateBench, console: Console
) -> None:
    await applied(console, await console.plan(Update(KEY, image="bad")))
    plan = await console.plan(EditEnvironment(KEY, (SetVariable("LEVEL", "DEBUG"),)))
    assert (await applied(console, plan))[-1] == "rollout failed"
    assert console.way_back(plan) is not None
