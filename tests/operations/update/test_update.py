"""Updates through the real connector: what they plan, what they send, and how they end."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    PlanRefusedError,
    PrefectUnauthorizedError,
)
from spcs_worker_tui.domain.history import applied_digest
from spcs_worker_tui.domain.plan import StepState
from spcs_worker_tui.operations.update import UpdateTiming, Wish
from support.updating import (
    BAD,
    FIRST,
    KEY,
    PROBE,
    SECOND,
    SPEC,
    UpdateBench,
    applied,
    ends,
    said,
    wish,
)


async def test_a_new_image_is_rolled_out_and_seen_beating(bench: UpdateBench) -> None:
    await bench.create(options="MIN_INSTANCES = 2")
    planned = await bench.updates.plan(wish(image="2.0"))
    assert planned.plan.differences == (
        "worker: image: worker:1.0 (111111111111) -> worker:2.0 (222222222222)",
    )
    events = await applied(planned)
    assert ends(events) == ["specification done", "rollout done", "heartbeats done"]
    assert bench.running == {"worker/0": SECOND, "worker/1": SECOND}
    assert "instance 1" in said(events)
    assert events[-1].detail == "2 workers beat in work pool spcs"
    assert bench.states() == ["found applied", "updated ready"]


async def test_log_lines_are_told_meanwhile_each_once(bench: UpdateBench) -> None:
    await bench.create()
    events = await bench.update(wish(SPEC + PROBE, image="slow"))
    lines = [event.detail for event in events if event.part == "worker/0"]
    assert lines[:2] == ["WORKER/0 started", "line 1"]
    assert len(lines) == len(set(lines))
    assert "Readiness probe is failing" in said(events)


async def test_the_statement_shown_is_the_one_sent(bench: UpdateBench) -> None:
    await bench.create()
    planned = await bench.updates.plan(wish(image="2.0"))
    await applied(planned)
    (statement,) = [s.statement for s in planned.plan.steps if s.statement]
    assert statement.startswith("ALTER SERVICE D.S.WORKER FROM SPECIFICATION $$\nspec:\n")
    assert statement in bench.sandbox.statements


async def test_nothing_is_done_where_nothing_differs(bench: UpdateBench) -> None:
    await bench.create()
    planned = await bench.updates.plan(wish())
    assert planned.plan.is_empty
    assert "Nothing differs" in planned.plan.warnings[0]


async def test_a_tag_that_moved_is_a_difference(bench: UpdateBench) -> None:
    await bench.create()
    images = bench.lab.account.image_repositories["D", "S", "REPO"].images
    images[0].tags.discard("1.0")
    images[1].tags.add("1.0")
    planned = await bench.updates.plan(Wish(KEY))
    assert planned.plan.differences == (
        "worker: image: worker:1.0 (111111111111) -> worker:1.0 (222222222222)",
    )
    await applied(planned)
    assert bench.running == {"worker/0": SECOND}


async def test_a_service_that_is_not_there_is_created(bench: UpdateBench) -> None:
    planned = await bench.updates.plan(wish())
    assert planned.plan.title == "Create D.S.WORKER"
    assert planned.plan.steps[0].statement.startswith(
        "CREATE SERVICE IF NOT EXISTS D.S.WORKER IN COMPUTE POOL P FROM SPECIFICATION $$"
    )
    events = await applied(planned)
    assert ends(events) == ["create done", "rollout done", "heartbeats done"]
    assert bench.states() == ["created ready"]
    assert bench.running == {"worker/0": FIRST}


async def test_a_plan_is_refused_after_somebody_elses_change(bench: UpdateBench) -> None:
    await bench.create()
    planned = await bench.updates.plan(wish(image="2.0"))
    await bench.alter(SPEC.replace("INFO", "DEBUG"))
    with pytest.raises(PlanRefusedError, match="variable LEVEL: 'INFO' -> 'DEBUG'"):
        await applied(planned)
    assert not [s for s in bench.sandbox.statements if s.startswith("ALTER")]
    assert bench.states() == []


async def test_a_creation_is_refused_after_somebody_elses(bench: UpdateBench) -> None:
    planned = await bench.updates.plan(wish())
    await bench.create()
    with pytest.raises(PlanRefusedError, match=r"somebody else created D\.S\.WORKER"):
        await applied(planned)


async def test_what_does_not_come_up_is_explained_and_rolled_back(bench: UpdateBench) -> None:
    await bench.create()
    planned = await bench.updates.plan(wish(SPEC + PROBE, image="bad", why="to see it fail"))
    events = await applied(planned)
    assert ends(events) == ["specification done", "rollout failed"]
    error = events[-1].error
    assert "container worker of instance 0 ended 3 times, exit code 3" in str(error)
    assert "its last words: RuntimeError: boom" in str(error)
    assert error is not None
    assert error.next_step == (
        "Roll back with: spcs-worker-tui rollback dev:D.S.WORKER --to previous"
    )
    assert planned.did_not_come_up
    assert planned.can_roll_back
    assert bench.states() == ["found applied", "updated failed"]
    back = await bench.rollbacks.plan(KEY)
    assert f"image: worker:bad ({BAD[7:19]}) -> worker:1.0 ({FIRST[7:19]})" in str(
        back.plan.differences
    )
    assert ends(await applied(back)) == ["specification done", "rollout done", "heartbeats done"]
    assert bench.running == {"worker/0": FIRST}


async def test_going_back_brings_the_old_digest_though_its_tag_moved(bench: UpdateBench) -> None:
    await bench.create()
    await bench.update(wish(image="2.0"))
    images = bench.lab.account.image_repositories["D", "S", "REPO"].images
    images[0].tags.discard("1.0")
    images[1].tags.add("1.0")
    await applied(await bench.rollbacks.plan(KEY))
    assert bench.running == {"worker/0": FIRST}
    # And once more is forward again, as `cd -` goes.
    await applied(await bench.rollbacks.plan(KEY))
    assert bench.running == {"worker/0": SECOND}
    assert bench.states() == [
        "found applied",
        "updated ready",
        "rolled back ready",
        "rolled back ready",
    ]


async def test_the_history_says_what_going_back_would_change(bench: UpdateBench) -> None:
    await bench.create()
    await bench.update(wish(SPEC.replace("INFO", "DEBUG"), why="more lines"))
    entries = bench.history.entries(bench.lab.account.identifier, KEY)
    assert applied_digest(entries) == bench.service.spec_digest
    newest, oldest = await bench.rollbacks.deployed(KEY)
    assert (newest.is_current, newest.entry.why) == (True, "more lines")
    assert oldest.difference.words == ("worker: variable LEVEL: 'DEBUG' -> 'INFO'",)


async def test_what_somebody_else_deployed_in_between_is_kept_too(bench: UpdateBench) -> None:
    await bench.create()
    await bench.update(wish(image="2.0"))
    await bench.alter(SPEC.replace("INFO", "DEBUG"))
    await bench.update(wish(image="2.0"))
    assert bench.states() == ["found applied", "updated ready", "found applied", "updated ready"]


async def test_a_key_among_the_variables_is_nowhere_but_in_the_statement(
    bench: UpdateBench,
) -> None:
    await bench.create(SPEC.replace("LEVEL: INFO", "PREFECT_API_KEY: pnu_old"))
    planned = await bench.updates.plan(Wish(KEY, image="2.0"))
    events = await applied(planned)
    assert ends(events)[-1] == "heartbeats done"
    assert "pnu_old" not in repr(planned.plan)
    assert "pnu_old" not in repr(events)
    assert "pnu_old" not in repr(bench.audit.kept)
    kept = "".join(p.read_text() for p in (bench.home / "history").rglob("*.json"))
    assert "(hidden)" in kept
    assert "pnu_old" not in kept
    assert bench.service.spec["spec"]["containers"][0]["env"]["PREFECT_API_KEY"] == "pnu_old"
    # Going back takes the value from what is deployed.
    await applied(await bench.rollbacks.plan(KEY))
    assert bench.service.spec["spec"]["containers"][0]["env"]["PREFECT_API_KEY"] == "pnu_old"
    assert bench.running == {"worker/0": FIRST}


async def test_an_interrupted_update_is_finished_by_the_next(bench: UpdateBench) -> None:
    await bench.create()
    planned = await bench.updates.plan(wish(image="2.0", why="once"))
    async with aclosing(planned.apply()) as events:
        async for event in events:
            if event.step.id == "rollout":
                break  # Ctrl-C
    assert bench.states() == ["found applied", "updated applied"]
    again = await bench.updates.plan(wish(image="2.0"))
    assert [step.id for step in again.plan.steps] == ["rollout", "heartbeats"]
    assert ends(await applied(again)) == ["rollout done", "heartbeats done"]
    assert bench.states() == ["found applied", "updated ready"]


@pytest.mark.parametrize("step", ["specification", "rollout", "heartbeats"])
@pytest.mark.parametrize("state", [StepState.RUNNING, StepState.DONE])
async def test_whatever_the_step_the_next_run_finishes(
    bench: UpdateBench, step: str, state: StepState
) -> None:
    await bench.create()
    planned = await bench.updates.plan(wish(image="2.0"))
    async with aclosing(planned.apply()) as events:
        async for event in events:
            if (event.step.id, event.state) == (step, state):
                break
    await bench.update(wish(image="2.0"))
    assert bench.running == {"worker/0": SECOND}
    assert bench.states()[-1] == "updated ready"
    assert (await bench.updates.plan(wish(image="2.0"))).plan.is_empty


async def test_an_interruption_while_the_statement_is_sent(bench: UpdateBench) -> None:
    await bench.create()
    planned = await bench.updates.plan(wish(image="2.0", why="once"))
    original = bench.session.alter_specification

    async def alter(*arguments: object) -> str:
        await original(*arguments)  # type: ignore[arg-type]
        await asyncio.Event().wait()  # the answer never comes
        return ""

    bench.session.alter_specification = alter  # type: ignore[method-assign]
    async with aclosing(planned.apply()) as events:
        async for _ in events:
            break
    # The statement may or may not have been sent by then: finishing works either way.
    bench.session.alter_specification = original  # type: ignore[method-assign]
    again = await bench.update(wish(image="2.0"))
    assert ends(again)[-1] == "heartbeats done"
    assert bench.running == {"worker/0": SECOND}


async def test_a_worker_that_never_beats_fails_the_update(bench: UpdateBench) -> None:
    await bench.create()
    bench.prefect.silent = True
    bench.timing = UpdateTiming(poll=0.05, ready_within=20, beating_within=1)
    planned = await bench.updates.plan(wish(image="2.0"))
    events = await applied(planned)
    assert ends(events)[-1] == "heartbeats failed"
    assert planned.did_not_come_up
    assert bench.states()[-1] == "updated failed"


async def test_a_prefect_that_cannot_be_asked_is_not_the_workers_failure(
    bench: UpdateBench,
) -> None:
    await bench.create()
    bench.prefect.failure = PrefectUnauthorizedError("401", next_step="Set the key.")
    planned = await bench.updates.plan(wish(image="2.0"))
    events = await applied(planned)
    assert "every instance is READY, but whether its worker beats cannot be seen: 401" in str(
        events[-1].error
    )
    assert not planned.did_not_come_up
    assert bench.running == {"worker/0": SECOND}


async def test_a_suspended_service_stores_it_for_later(bench: UpdateBench) -> None:
    await bench.create()
    await bench.lab.sql("ALTER SERVICE WORKER SUSPEND")
    assert await bench.reconciler.reached(bench.service, ["SUSPENDED"], 20)
    planned = await bench.updates.plan(wish(image="2.0"))
    assert "takes effect when it is resumed" in str(planned.plan.warnings)
    assert ends(await applied(planned)) == ["specification done"]
    assert bench.service.digests == {"worker": SECOND}


async def test_somebody_who_changes_it_during_the_rollout_is_noticed(bench: UpdateBench) -> None:
    await bench.create()
    planned = await bench.updates.plan(wish(image="2.0"))
    bench.prefect.silent = True
    events = []
    async for event in planned.apply():
        if event.step.id == "heartbeats" and event.state is StepState.RUNNING and not event.detail:
            await bench.alter(SPEC)
        events.append(event)
    assert "somebody else changed the specification" in str(events[-1].error)
    assert not planned.did_not_come_up


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("3.0", "there is no image worker with the tag '3.0' in d/s/repo; did you mean"),
        ("sha256:" + "9" * 64, "there is no image worker with the digest sha256:999"),
        ("a b", "'a b' is neither a tag nor a digest"),
        ("/d/s/repo/wroker:1.0", "there is no image 'wroker' in d/s/repo; did you mean 'worker'"),
    ],
)
async def test_images_that_are_not_there(bench: UpdateBench, image: str, said: str) -> None:
    await bench.create()
    with pytest.raises(ConfigurationError, match=said):
        await bench.updates.plan(wish(image=image))


async def test_an_image_by_its_digest(bench: UpdateBench) -> None:
    await bench.create()
    events = await bench.update(wish(image=SECOND))
    assert ends(events)[-1] == "heartbeats done"
    assert bench.running == {"worker/0": SECOND}


async def test_a_compute_pool_that_is_not_there(bench: UpdateBench) -> None:
    wanted = Wish(KEY, wish().document, creation=None)
    with pytest.raises(ConfigurationError, match=r"there is no service D\.S\.WORKER"):
        await bench.updates.plan(wanted)


async def test_a_secret_that_is_not_there_is_refused_with_a_cure(bench: UpdateBench) -> None:
    await bench.create()
    document = wish().document
    assert document is not None
    wanted = Wish(KEY, document.with_secret("LEVEL", "D.S.NOPE"))
    events = await bench.update(wanted)
    assert ends(events) == ["specification failed"]
    assert "Secret 'D.S.NOPE' does not exist" in str(events[-1].error)
    assert events[-1].error is not None
    assert "GRANT READ ON SECRET" in events[-1].error.next_step
    assert bench.states() == ["found applied", "updated refused"]


async def test_integrations_are_brought_into_line(bench: UpdateBench) -> None:
    await bench.create()
    await bench.lab.sql(
        "CREATE NETWORK RULE R TYPE = HOST_PORT MODE = EGRESS VALUE_LIST = ('api.prefect.cloud')"
    )
    await bench.lab.sql(
        "CREATE EXTERNAL ACCESS INTEGRATION OUT ALLOWED_NETWORK_RULES = (R) ENABLED = TRUE",
        role="ACCOUNTADMIN",
    )
    await bench.lab.sql("GRANT USAGE ON INTEGRATION OUT TO ROLE DEPLOYER", role="ACCOUNTADMIN")
    planned = await bench.updates.plan(wish(integrations=("OUT",)))
    assert planned.plan.differences == ("external access integrations: none -> OUT",)
    assert ends(await applied(planned)) == ["integrations done"]
    assert bench.service.external_access_integrations == ["OUT"]
