"""Drain: the narrowest pause, whose runs are waited for, and that it is always taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from spcs_worker_tui.domain.errors import (
    PlanRefusedError,
    PrefectUnreachableError,
    PrivilegeError,
)
from spcs_worker_tui.domain.plan import StepState
from spcs_worker_tui.domain.prefect import ActiveRun, PauseState
from spcs_worker_tui.domain.wishes import Drain, Restart, Resume, Suspend
from spcs_worker_tui.operations.drain_marks import marked, marks, unmarked, without_marks
from support import fleet as build
from support.audit import MemoryAudit
from support.draining import FAST, WHOLE, Bench, apply, ids, run, said

WHO = "ANALYTICS.PREFECT.INGEST"
BOUNDARIES = 150


# The marks.


def test_a_mark_goes_as_it_came() -> None:
    for before in ("", "ours", "two\nlines ", "[a] b"):
        text = marked(before, WHO, build.NOW)
        assert marks(text) == {WHO: "2026-11-23T12:00:00Z"}
        assert unmarked(text, WHO) == before


def test_marks_of_two_services_keep_apart() -> None:
    text = marked(marked("ours", WHO, build.NOW), "D.S.OTHER", build.NOW)
    assert set(marks(text)) == {WHO, "D.S.OTHER"}
    assert unmarked(unmarked(text, WHO), "D.S.OTHER") == without_marks(text) == "ours"


def test_marking_again_renews_the_time() -> None:
    text = marked(marked("x", WHO, build.NOW), WHO, build.NOW + timedelta(minutes=1))
    assert marks(text) == {WHO: "2026-11-23T12:01:00Z"}


# The plan.


def test_a_worker_that_serves_every_queue_needs_the_pool_paused() -> None:
    change = Bench().suspend()
    assert ids(change) == ["pause", "drained", "suspend", "suspended", "unpause"]
    assert change.plan.steps[0].statement == "PATCH /work_pools/spcs is_paused=true"
    assert said(change, "none of its workers gets runs")


def test_a_worker_that_serves_one_queue_needs_that_paused() -> None:
    change = Bench("fast").suspend()
    assert change.plan.steps[0].statement == "PATCH /work_pools/spcs/queues/fast is_paused=true"
    assert said(change, "workers of this pool that serve other queues go on")


def test_who_else_gets_nothing_is_named() -> None:
    bench = Bench()
    others = [build.service("OTHER"), build.service("FAR", binding=build.binding("elsewhere"))]
    pool = build.work_pool()
    bench._fleet = build.fleet(bench.service, *others, work_pools=[pool])
    change = bench.suspend()
    assert said(change, "also not ANALYTICS.PREFECT.OTHER: this service")


def test_what_is_no_worker_cannot_be_drained() -> None:
    service = build.service(binding=None)
    bench = Bench(fleet=build.fleet(service))
    with pytest.raises(PlanRefusedError, match="no Prefect worker"):
        bench.suspend()


def test_without_prefect_nobody_knows_what_to_wait_for() -> None:
    service = build.service()
    fleet = build.fleet(service, work_pools_error=PrefectUnreachableError("no route"))
    with pytest.raises(PlanRefusedError, match="cannot be drained"):
        Bench(fleet=fleet).suspend()


def test_what_is_suspended_needs_no_drain() -> None:
    bench = Bench()
    bench.account.become("SUSPENDED")
    assert bench.suspend().plan.is_empty


# Doing it.


async def test_runs_finish_before_it_acts() -> None:
    bench = Bench()
    bench.writer.runs = (run(), run("quick", state_name="Pending", state_type="PENDING"))
    down: list[bool] = []

    def end(*left: ActiveRun) -> Callable[[], None]:
        def turn() -> None:
            bench.writer.runs = left
            down.append(bench.is_down)

        return turn

    bench.writer.turns = [end(run(), run("quick")), end(run()), end(), end(), end(), end()]
    told = await apply(bench.suspend())
    details = [p.detail for p in told if p.step.id == "drained" and p.detail]
    assert details == [
        "2 flow runs: busy-beaver (Running), quick (Running)",
        "1 flow run: busy-beaver (Running)",
        "no flow run is left, making sure",
        "no flow run is left",
    ]
    assert not any(down)
    assert bench.is_down
    assert bench.writer.history == ["pause spcs", "unpause spcs"]
    assert bench.writer.states[WHOLE] == PauseState(False, "ours")


async def test_while_it_lasts_prefect_says_why_it_is_paused() -> None:
    bench = Bench("fast")
    seen: list[PauseState] = []
    bench.writer.turns = [lambda: seen.append(bench.writer.states[FAST])]
    await apply(bench.suspend())
    assert seen[0].is_paused
    assert WHO in marks(seen[0].description)
    assert bench.writer.states == {WHOLE: PauseState(False, "ours"), FAST: PauseState(False, "")}


async def test_a_run_that_a_worker_takes_after_the_pause_is_waited_for() -> None:
    bench = Bench()
    late = run("late", worker="", state_type="PENDING", state_name="Pending", start_time=None)

    def come() -> None:
        bench.writer.runs = (replace(late, state_time=bench.clock.now()),)

    def go() -> None:
        bench.writer.runs = ()

    bench.writer.turns = [lambda: None, come, go]
    told = await apply(bench.suspend())
    assert any("late (Pending)" in p.detail for p in told)
    assert bench.is_down


async def test_what_others_run_is_not_waited_for() -> None:
    bench = Bench()
    stale = run("stuck", worker="", state_type="PENDING", state_time=build.ago(600))
    bench.writer.runs = (run(worker="analytics.prefect.other.0"), run(worker="free"), stale)
    assert (await apply(bench.suspend()))[-1].state is StepState.DONE
    assert bench.is_down


async def test_what_can_never_end_is_not_waited_for() -> None:
    bench = Bench()
    bench.writer.runs = (
        run("zombie", start_time=build.ago(7200)),
        run("ghost", worker="analytics.prefect.ingest.7"),
    )
    told = await apply(bench.suspend())
    assert any("not waiting for 2 flow runs: zombie" in p.detail for p in told)
    assert bench.is_down


async def test_without_the_right_to_see_containers_every_run_counts() -> None:
    bench = Bench()
    bench.account.failures["show_service_containers"] = PrivilegeError("no MONITOR", errno=3001)
    bench.writer.runs = (run("zombie", start_time=build.ago(7200)),)
    told = await apply(bench.suspend(within=10))
    assert any("still 1 flow run: zombie" in p.detail for p in told)
    assert not bench.is_down


async def test_a_worker_whose_name_nobody_knows_counts_every_unknown_run() -> None:
    bench = Bench()
    pool = build.work_pool(workers=[build.worker("free")])
    bench._fleet = build.fleet(bench.service, work_pools=[pool])
    bench.writer.runs = (run(worker="free"), run(worker="analytics.prefect.other.0"))
    told = await apply(bench.suspend(within=10))
    assert any("still 1 flow run" in p.detail for p in told)


async def test_when_the_time_is_over_nothing_is_done() -> None:
    bench = Bench()
    bench.writer.runs = (run(),)
    told = await apply(bench.suspend(within=10))
    failed = next(p for p in told if p.state is StepState.FAILED)
    assert failed.step.id == "drained"
    assert "after 10 s still 1 flow run: busy-beaver" in failed.detail
    assert failed.error is not None
    assert "--act-anyway" in failed.error.next_step
    assert (bench.is_down, bench.is_paused) == (False, False)


async def test_when_the_time_is_over_it_acts_anyway_if_it_was_told_to() -> None:
    bench = Bench()
    bench.writer.runs = (run(),)
    told = await apply(bench.suspend(within=10, anyway=True))
    assert any("going on anyway" in p.detail for p in told)
    assert (bench.is_down, bench.is_paused) == (True, False)


async def test_what_somebody_paused_before_stays_paused() -> None:
    bench = Bench()
    bench.writer.states[WHOLE] = PauseState(True, "ours")
    told = await apply(bench.suspend())
    assert any("was paused before, and is left so" in p.detail for p in told)
    assert bench.is_down
    assert bench.writer.states[WHOLE] == PauseState(True, "ours")


async def test_two_drains_of_one_pool_end_with_the_later_one() -> None:
    bench = Bench()
    other = marked("ours", "D.S.OTHER", build.NOW)
    bench.writer.states[WHOLE] = PauseState(True, other)
    told = await apply(bench.suspend())
    assert any("stays paused: D.S.OTHER drains, too" in p.detail for p in told)
    assert bench.writer.states[WHOLE] == PauseState(True, other)


async def test_a_refused_statement_still_unpauses() -> None:
    bench = Bench()
    bench.account.failures["suspend_service"] = PrivilegeError("no OPERATE", errno=3001)
    told = await apply(bench.suspend())
    assert [p.step.id for p in told if p.state is StepState.FAILED] == ["suspend"]
    assert told[-1].step.id == "unpause"
    assert not bench.is_paused


async def test_somebody_elses_change_during_the_drain_is_noticed() -> None:
    bench = Bench()
    bench.writer.turns = [lambda: bench.account.become("RUNNING", spec_digest="spec-2")]
    told = await apply(bench.suspend())
    failed = next(p for p in told if p.state is StepState.FAILED)
    assert failed.step.id == "suspend"
    assert "by somebody else" in failed.detail
    assert (bench.is_down, bench.is_paused) == (False, False)


async def test_prefect_away_for_a_while_is_waited_out() -> None:
    bench = Bench()
    away = PrefectUnreachableError("no route")

    def leave() -> None:
        bench.writer.failures["now"] = away

    def come_back() -> None:
        bench.writer.failures.clear()

    bench.writer.turns = [leave, come_back]
    told = await apply(bench.suspend())
    assert any("no answer, asking again: no route" in p.detail for p in told)
    assert bench.is_down


async def test_a_pause_that_cannot_be_taken_back_is_said_with_what_to_do() -> None:
    bench = Bench()

    def break_down() -> None:
        bench.writer.failures["set_paused"] = PrefectUnreachableError("no route")

    bench.writer.turns = [break_down]
    told = await apply(bench.suspend())
    assert told[-1].step.id == "unpause"
    assert told[-1].state is StepState.FAILED
    assert told[-1].error is not None
    assert "pool resume" in told[-1].error.next_step
    assert bench.is_down
    bench.writer.failures.clear()
    await apply(bench.lifecycle.change(Resume(bench.service.key)))
    assert bench.writer.states[WHOLE] == PauseState(False, "ours")


@pytest.mark.parametrize("wish", [Suspend, Resume, Restart])
async def test_what_an_interrupted_drain_left_is_found_and_finished(wish: type) -> None:
    bench = Bench("fast")
    bench.writer.states[FAST] = PauseState(True, marked("", WHO, build.NOW))
    change = bench.lifecycle.change(wish(bench.service.key))
    assert ids(change)[0] == "unpause"
    assert said(change, "began at 2026-11-23T12:00:00Z was interrupted")
    await apply(change)
    assert bench.writer.states[FAST] == PauseState(False, "")


async def test_a_drain_is_taken_up_again_where_it_was_left() -> None:
    bench = Bench("fast")
    bench.writer.states[FAST] = PauseState(True, marked("", WHO, build.NOW))
    change = bench.suspend()
    assert ids(change) == ["pause", "drained", "suspend", "suspended", "unpause"]
    await apply(change)
    assert (bench.is_down, bench.writer.states[FAST]) == (True, PauseState(False, ""))


async def test_stopped_at_every_boundary_nothing_stays_paused_and_it_can_be_finished() -> None:
    stopped = 0
    for boundary in range(BOUNDARIES):
        bench = Bench()
        task = asyncio.create_task(apply(bench.suspend()))
        for _ in range(boundary):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        stopped += task.cancelled()
        assert not bench.is_paused, boundary
        await apply(bench.suspend())
        assert (bench.is_down, bench.is_paused) == (True, False), boundary
    assert 30 < stopped < BOUNDARIES


async def test_killed_at_every_boundary_the_next_plan_finishes_it() -> None:
    """Nothing gets to clean up: only what stands in Prefect and Snowflake remains."""
    left_paused = 0
    for boundary in range(BOUNDARIES):
        bench = Bench()
        bench.engine._audit = MemoryAudit()
        task = asyncio.create_task(apply(bench.suspend()))
        for _ in range(boundary):
            await asyncio.sleep(0)
        states, services = dict(bench.writer.states), dict(bench.account.services)
        task.cancel()
        await asyncio.wait({task})
        bench.writer.states, bench.account.services = states, services
        left_paused += bench.is_paused
        await apply(bench.suspend())
        assert (bench.is_down, bench.is_paused) == (True, False), boundary
        assert bench.writer.states[WHOLE].description == "ours"
    assert left_paused > 10


async def test_restart_drains_and_unpauses_only_when_it_is_up_again() -> None:
    bench = Bench()
    change = bench.lifecycle.change(Restart(bench.service.key, Drain()))
    assert ids(change) == [
        "pause",
        "drained",
        "suspend",
        "suspended",
        "resume",
        "ready",
        "unpause",
    ]
    assert (await apply(change))[-1].state is StepState.DONE
    assert (bench.is_down, bench.is_paused) == (False, False)
