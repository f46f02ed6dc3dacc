"""The way back: what the set-up made goes, what was there before or others use stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.keys import Secret
from spcs_worker_tui.domain.plan import StepState
from support.setting_up import SettingUp, applied
from support.updating import ends

NAME = "PREFECT.WORKERS.WORKER"
KEY = Secret("pnu_which-nobody-may-see")
EVERYTHING = [
    *("drop-service", "gone", "drop-integration", "drop-network-rule", "drop-compute-pool"),
    *("drop-secret", "drop-image-repository"),
]
REST = ["drop-schema", "drop-database", "drop-role-prefect_operator"]


async def set_up(bench: SettingUp, **changes: object) -> None:
    answers = replace(bench.answers, **changes)
    events = await applied(await bench.setup.plan(answers, KEY))
    assert events[-1].state is StepState.DONE, events[-1]


async def contents(bench: SettingUp) -> dict[str, list[str]]:
    kinds = ("ROLES", "DATABASES", "SERVICES IN ACCOUNT", "COMPUTE POOLS", "SECRETS IN ACCOUNT")
    kinds += ("IMAGE REPOSITORIES IN ACCOUNT", "NETWORK RULES IN ACCOUNT", "INTEGRATIONS")
    return {kind: [row["name"] for row in await bench.rows(f"SHOW {kind}")] for kind in kinds}


async def test_everything_goes_in_reverse_and_the_account_is_as_before(bench: SettingUp) -> None:
    before = await contents(bench)
    await set_up(bench)
    assert await contents(bench) != before
    planned = await bench.teardown.plan(bench.answers, NAME, everything=True)
    assert [step.id for step in planned.plan.steps] == [*EVERYTHING, *REST]
    events = await applied(planned)
    assert ends(events) == [f"{step} done" for step in [*EVERYTHING, *REST]]
    assert await contents(bench) == before


async def test_schema_database_and_role_stay_unless_everything_is_said(bench: SettingUp) -> None:
    await set_up(bench)
    planned = await bench.teardown.plan(bench.answers, NAME)
    assert [step.id for step in planned.plan.steps] == EVERYTHING
    await applied(planned)
    left = await contents(bench)
    assert "PREFECT" in left["DATABASES"]
    assert "PREFECT_OPERATOR" in left["ROLES"]
    # And it can be set up again.
    await set_up(bench)


async def test_what_was_there_before_stays(bench: SettingUp) -> None:
    await bench.admin(
        [
            "CREATE DATABASE PREFECT",
            "CREATE SCHEMA PREFECT.WORKERS",
            "CREATE COMPUTE POOL WORKER_POOL MIN_NODES = 1 MAX_NODES = 1 "
            "INSTANCE_FAMILY = CPU_X64_XS",
            "CREATE ROLE PREFECT_OPERATOR",
        ]
    )
    await set_up(bench)
    planned = await bench.teardown.plan(bench.answers, NAME, everything=True)
    staying = "\n".join(planned.plan.differences)
    for name in ("Schema PREFECT.WORKERS", "Database PREFECT", "Compute pool WORKER_POOL"):
        assert f"{name} stays: it was there before" in staying
    assert "Role PREFECT_OPERATOR stays" in staying
    await applied(planned)
    left = await contents(bench)
    assert "PREFECT" in left["DATABASES"]
    assert "WORKER_POOL" in left["COMPUTE POOLS"]


async def test_what_others_use_stays(bench: SettingUp) -> None:
    await set_up(bench)
    await set_up(bench, environment="two", service="OTHER")
    planned = await bench.teardown.plan(bench.answers, NAME)
    staying = "\n".join(planned.plan.differences)
    assert "Integration PREFECT_ACCESS stays: PREFECT.WORKERS.OTHER use" in staying
    assert "Network rule PREFECT.WORKERS.PREFECT_API stays" in staying
    assert "Compute pool WORKER_POOL stays: 1 other service" in staying
    events = await applied(planned)
    assert events[-1].state is StepState.DONE
    assert bench.lab.account.services["PREFECT", "WORKERS", "OTHER"].status == "RUNNING"


async def test_the_whole_name_has_to_be_typed(bench: SettingUp) -> None:
    await set_up(bench)
    for typed in ("", "WORKER", "yes", "PREFECT.WORKERS.WORKERS"):
        with pytest.raises(PlanRefusedError, match="not the whole name"):
            await bench.teardown.plan(bench.answers, typed)
    assert (await bench.teardown.plan(bench.answers, NAME.lower())).plan.steps


async def test_interrupted_the_same_again_takes_down_the_rest(bench: SettingUp) -> None:
    await set_up(bench)
    planned = await bench.teardown.plan(bench.answers, NAME)
    async for event in planned.apply():
        if event.step.id == "gone" and event.state is StepState.DONE:
            break
    again = await bench.teardown.plan(bench.answers, NAME)
    assert [step.id for step in again.plan.steps] == EVERYTHING[2:]
    await applied(again)
    assert (await bench.teardown.plan(bench.answers, NAME)).plan.is_empty


async def test_who_may_not_drop_gets_the_statements_for_who_may(bench: SettingUp) -> None:
    await set_up(bench)
    bench.only("PREFECT_OPERATOR")
    bench.bench.session = bench.as_role("PREFECT_OPERATOR")
    with pytest.raises(PlanRefusedError) as refused:
        await bench.teardown.plan(bench.answers, NAME)
    assert "DROP COMPUTE POOL IF EXISTS WORKER_POOL" in refused.value.next_step
    assert "DROP SERVICE" not in refused.value.next_step
    await bench.bench.session.close()


async def test_nothing_is_dropped_that_changed_meanwhile(bench: SettingUp) -> None:
    await set_up(bench)
    planned = await bench.teardown.plan(bench.answers, NAME)
    await bench.admin(["DROP SECRET PREFECT.WORKERS.PREFECT_API_KEY"])
    with pytest.raises(PlanRefusedError, match="not any more as the plan saw it"):
        await applied(planned)
