"""The engine of plans: in order, told, recorded, stopped anywhere, and cleaned up behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.domain.audit import AuditResult
from spcs_worker_tui.domain.errors import FleetError, PlanRefusedError
from spcs_worker_tui.domain.plan import Plan, Step, StepProgress, StepState
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.operations.apply import Action, Engine, Outcome, PlannedChange, Tell
from support import fleet as build
from support.audit import MemoryAudit
from support.scripted import ScriptedSession
from support.virtual_time import VirtualClock

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BOUNDARIES = 200
"""More turns of the event loop than any of these plans takes."""


class World:
    """Something that is paused, acted on and unpaused, one await after the other."""

    def __init__(self) -> None:
        self.paused = False
        self.acted = False
        self.fails_at = ""
        self.audit = MemoryAudit()
        self.session = ScriptedSession()

    def _action(
        self, name: str, effect: Callable[[], None], *, undoes: str = "", done: Callable[[], bool]
    ) -> Action:
        async def do(tell: Tell) -> Outcome:
            await asyncio.sleep(0)
            tell(f"{name} goes on")
            if self.fails_at == name:
                raise FleetError(f"{name} is refused", next_step="Try again.")
            await asyncio.sleep(0)
            effect()
            await asyncio.sleep(0)
            return Outcome(f"{name} took effect", "q-1")

        async def is_done() -> str:
            await asyncio.sleep(0)
            return "it is so already" if done() else ""

        step = Step(name, name.title(), f"DO {name}", undoes=undoes)
        return Action(step, do, is_done)

    def actions(self) -> list[Action]:
        def set_paused(value: bool) -> Callable[[], None]:
            return lambda: setattr(self, "paused", value)

        return [
            self._action("pause", set_paused(True), done=lambda: self.paused),
            self._action("act", lambda: setattr(self, "acted", True), done=lambda: self.acted),
            self._action(
                "unpause", set_paused(False), undoes="pause", done=lambda: not self.paused
            ),
            self._action("more", lambda: None, done=lambda: False),
        ]

    def change(
        self, *, read_only: ReadOnly | None = None, secrets: tuple[str, ...] = ()
    ) -> PlannedChange:
        engine = Engine(VirtualClock(), self.audit, lambda _: self.session, read_only)
        plan = Plan("Change it", build.key(), (), NOW)
        return engine.change(plan, self.actions(), secrets=secrets)


async def events(change: PlannedChange) -> list[StepProgress]:
    async with aclosing(change.apply()) as stream:
        return [progress async for progress in stream]


def story(progress: list[StepProgress]) -> list[str]:
    return [f"{p.step.id} {p.state}" + (f": {p.detail}" if p.detail else "") for p in progress]


async def test_each_step_is_told_in_its_turn_and_recorded() -> None:
    world = World()
    assert story(await events(world.change())) == [
        "pause running",
        "pause running: pause goes on",
        "pause done: pause took effect",
        "act running",
        "act running: act goes on",
        "act done: act took effect",
        "unpause running",
        "unpause running: unpause goes on",
        "unpause done: unpause took effect",
        "more running",
        "more running: more goes on",
        "more done: more took effect",
    ]
    entries = world.audit.kept
    assert [e.step for e in entries] == ["Pause", "Act", "Unpause", "More"]
    assert {e.result for e in entries} == {AuditResult.DONE}
    first = entries[0]
    assert (first.statement, first.query_id, first.snowflake_user) == ("DO pause", "q-1", "OPS")
    assert (first.subject, first.connection) == ("ANALYTICS.PREFECT.INGEST", "dev")
    assert len({e.plan_id for e in entries}) == 1


async def test_what_is_so_already_is_skipped_and_not_recorded() -> None:
    world = World()
    world.acted = True
    assert "act skipped: it is so already" in story(await events(world.change()))
    assert "Act" not in [e.step for e in world.audit.kept]


@pytest.mark.parametrize("at", ["pause", "act", "unpause", "more"])
async def test_a_failure_ends_it_after_what_has_to_be_undone(at: str) -> None:
    world = World()
    world.fails_at = at
    told = await events(world.change())
    failed = next(p for p in told if p.state is StepState.FAILED)
    assert (failed.step.id, failed.detail) == (at, f"{at} is refused")
    assert failed.error is not None
    assert failed.error.next_step == "Try again."
    assert world.paused is (at == "unpause")
    ran = {p.step.id for p in told}
    assert ("more" in ran) is (at == "more")
    assert ("act" in ran) is (at != "pause")
    assert "unpause" in ran
    assert (
        world.audit.kept[-1].result is (AuditResult.DONE if at == "act" else AuditResult.FAILED)
        or at == "pause"
    )


def consume(change: PlannedChange) -> asyncio.Task[list[StepProgress]]:
    return asyncio.create_task(events(change))


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_interrupted_at_every_boundary_it_is_cleaned_up_and_can_be_finished() -> None:
    interrupted = 0
    for boundary in range(BOUNDARIES):
        world = World()
        task = consume(world.change())
        await turns(boundary)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            interrupted += 1
        assert not world.paused, f"left paused when stopped at {boundary}"
        recorded = [(e.step, e.result) for e in world.audit.kept]
        if world.acted:
            assert any(step == "Act" for step, _ in recorded), boundary
        await events(world.change())
        assert (world.acted, world.paused) == (True, False), boundary
    assert 20 < interrupted < BOUNDARIES, "every boundary, and the end, were reached"


@given(first=st.integers(0, 80), second=st.integers(0, 20))
def test_a_second_interruption_does_not_stop_the_clean_up(first: int, second: int) -> None:
    async def run() -> None:
        world = World()
        task = consume(world.change())
        await turns(first)
        task.cancel()
        await turns(second)
        task.cancel()
        await asyncio.wait({task})
        assert not world.paused

    asyncio.run(run())


async def test_a_reader_that_walks_away_at_any_event_is_cleaned_up_after() -> None:
    whole = len(await events(World().change()))
    for count in range(1, whole + 1):
        world = World()
        stream: AsyncGenerator[StepProgress, None] = world.change().apply()
        for _ in range(count):
            await anext(stream)
        await stream.aclose()
        assert not world.paused, count
        await events(world.change())
        assert world.acted


async def test_a_step_that_is_stopped_is_recorded_as_that() -> None:
    world = World()
    stream = world.change().apply()
    async for progress in stream:
        if progress.detail == "act goes on":
            break
    await stream.aclose()
    results = [(e.step, e.result) for e in world.audit.kept]
    assert ("Act", AuditResult.INTERRUPTED) in results
    assert results[-1] == ("Unpause", AuditResult.DONE)


async def test_an_outdated_plan_touches_nothing() -> None:
    world = World()

    async def check() -> None:
        raise PlanRefusedError("somebody else changed it")

    change = world.change()
    refused = PlannedChange(change.plan, change.actions, change.engine, check)
    with pytest.raises(PlanRefusedError, match="somebody else"):
        await events(refused)
    assert not world.audit.kept


@pytest.mark.parametrize(
    ("read_only", "said"),
    [
        (ReadOnly(everything=True), "read-only mode"),
        (ReadOnly(connections=frozenset({"dev"})), "connection dev is read-only"),
    ],
)
async def test_read_only_refuses_with_one_sentence(read_only: ReadOnly, said: str) -> None:
    world = World()
    with pytest.raises(PlanRefusedError, match=said):
        await events(world.change(read_only=read_only))
    assert (world.paused, world.acted) == (False, False)


async def test_another_connection_may_be_read_only() -> None:
    world = World()
    await events(world.change(read_only=ReadOnly(connections=frozenset({"prod"}))))
    assert world.acted


async def test_secrets_are_told_to_nobody() -> None:
    world = World()
    world.fails_at = "act"
    told = await events(world.change(secrets=("act is refused", "took effect", "")))
    everything = f"{told} {[p.error.message for p in told if p.error]} {world.audit.kept}"
    assert "took effect" not in everything
    assert "act is refused" not in everything
    assert "***" in everything


async def test_an_audit_log_that_cannot_be_written_is_said_and_stops_nothing() -> None:
    world = World()
    world.audit.trouble = "the audit log cannot be written: no space"
    told = await events(world.change())
    assert "pause running: the audit log cannot be written: no space" in story(told)
    assert world.acted


async def test_much_that_is_said_at_once_is_not_lost() -> None:
    async def do(tell: Tell) -> Outcome:
        for number in range(5):
            tell("layer", part=f"sha256:{number}", done=number, total=4)
        return Outcome()

    engine = Engine(VirtualClock(), MemoryAudit(), lambda _: ScriptedSession())
    change = engine.change(
        Plan("Push", None, (), NOW, subject="image"), [Action(Step("p", "P"), do)]
    )
    told = [p for p in await events(change) if p.part]
    assert [(p.part, p.done, p.total) for p in told] == [
        (f"sha256:{number}", number, 4) for number in range(5)
    ]


async def test_a_defect_in_a_step_is_raised_and_still_cleaned_up() -> None:
    world = World()
    actions = world.actions()

    async def broken(_: Tell) -> Outcome:
        raise RuntimeError("what nobody thought of")

    actions[1] = Action(actions[1].step, broken)
    change = world.change()
    with pytest.raises(RuntimeError):
        await events(change.engine.change(change.plan, actions))
    assert not world.paused
