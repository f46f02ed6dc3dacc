"""Plans on work pools: what they say, what they refuse, what they delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from spcs_worker_tui.domain.errors import FleetError, PlanRefusedError, PrefectUnreachableError
from spcs_worker_tui.domain.fleet import ConnectionState, FleetSnapshot
from spcs_worker_tui.domain.plan import StepProgress, StepState
from spcs_worker_tui.domain.prefect import ActiveRun, PauseState, WorkPoolKey, WorkQueueKey
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.domain.wishes import (
    CreateWorkPool,
    LimitWork,
    PauseWork,
    PruneWorkers,
    ResumeWork,
    Smoke,
    WorkWish,
)
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.drain_marks import marked
from spcs_worker_tui.operations.work_pool_changes import WorkPoolChanges
from spcs_worker_tui.operations.worker_rows import gone_rows
from support import fleet as build
from support.audit import MemoryAudit
from support.prefect_writer import ScriptedWriter
from support.scripted import ScriptedPrefect, ScriptedSession
from support.virtual_time import VirtualClock

POOL = WorkPoolKey(build.API_URL, build.POOL)
WHOLE = WorkQueueKey(POOL)


class HurryingClock(VirtualClock):
    """Waiting takes no time, but passes it."""

    async def sleep(self, seconds: float) -> None:
        self.skip(seconds)


class Bench:
    def __init__(
        self, fleet: FleetSnapshot | None = None, read_only: ReadOnly | None = None
    ) -> None:
        self.clock = HurryingClock(build.NOW)
        self.writer = ScriptedWriter(self.clock)
        self.writer.states = {WHOLE: PauseState(False, "ours")}
        self.reader = ScriptedPrefect()
        self.audit = MemoryAudit()
        engine = Engine(self.clock, self.audit, lambda _: ScriptedSession(), read_only)
        seen = fleet or build.fleet(build.service())
        self.changes = WorkPoolChanges(lambda: seen, engine, self.reader, self.writer)

    def warnings(self, wish: WorkWish) -> Sequence[str]:
        return self.changes.change(wish).plan.warnings

    async def apply(self, wish: WorkWish) -> list[StepProgress]:
        async with aclosing(self.changes.change(wish).apply()) as events:
            return [progress async for progress in events]


async def test_a_plan_says_where_it_is_and_is_recorded() -> None:
    bench = Bench()
    change = bench.changes.change(PauseWork(WHOLE))
    assert (change.plan.service, change.plan.subject) == (None, "work pool spcs at 127.0.0.1")
    assert "(INGEST)" in change.plan.warnings[0]
    await bench.apply(PauseWork(WHOLE))
    assert [e.statement for e in bench.audit.kept] == ["PATCH /work_pools/spcs is_paused=true"]
    assert bench.writer.states[WHOLE].is_paused


async def test_resuming_what_drains_says_so_and_takes_the_mark_away() -> None:
    text = marked("ours", "D.S.OTHER", build.NOW)
    pool = replace(build.work_pool(), description=text, is_paused=True)
    bench = Bench(build.fleet(build.service(), work_pools=[pool]))
    bench.writer.states[WHOLE] = PauseState(True, text)
    assert bench.warnings(ResumeWork(WHOLE)) == (
        "D.S.OTHER drains since 2026-11-23T12:00:00Z: its workers get runs again with this.",
    )
    await bench.apply(ResumeWork(WHOLE))
    assert bench.writer.states[WHOLE] == PauseState(False, "ours")


async def test_limits() -> None:
    bench = Bench()
    await bench.apply(LimitWork(WHOLE, 3))
    await bench.apply(LimitWork(WorkQueueKey(POOL, "fast"), None))
    assert bench.writer.limits == {WHOLE: 3, WorkQueueKey(POOL, "fast"): None}
    assert bench.warnings(LimitWork(WHOLE, 0)) == ("With a limit of 0 nothing runs at all.",)
    with pytest.raises(PlanRefusedError):
        bench.changes.change(LimitWork(WHOLE, -1))


@pytest.mark.parametrize("name", ["", "a/b", "50%", "<x>", "prefect-managed", "Prefect"])
def test_names_that_no_pool_can_have(name: str) -> None:
    with pytest.raises(PlanRefusedError, match="no work pool can be called"):
        Bench().changes.change(CreateWorkPool(WorkPoolKey(build.API_URL, name)))


@pytest.mark.parametrize(
    ("read_only", "refused"),
    [
        (ReadOnly(everything=True), True),
        (ReadOnly(connections=frozenset({"dev"})), True),
        (ReadOnly(connections=frozenset({"prod"})), False),
    ],
)
async def test_a_pool_of_read_only_connections_is_read_only(
    read_only: ReadOnly, refused: bool
) -> None:
    bench = Bench(read_only=read_only)
    if refused:
        with pytest.raises(PlanRefusedError, match="read-only"):
            await bench.apply(PauseWork(WHOLE))
    else:
        await bench.apply(PauseWork(WHOLE))
    assert bench.writer.states[WHOLE].is_paused is not refused


# Worker rows


def rows(*names: str, age: float | None = 3600) -> FleetSnapshot:
    pool = build.work_pool(workers=[build.worker(name, age=age) for name in names])
    return build.fleet(build.service(), work_pools=[pool])


def gone(fleet: FleetSnapshot) -> tuple[str, ...]:
    return gone_rows(fleet.work_pools[POOL].value, fleet)


def test_rows_that_no_container_stands_behind() -> None:
    found = gone(
        rows("analytics.prefect.ingest.0", "analytics.prefect.ingest.4", "a.b.c.0", "free")
    )
    assert found == ("a.b.c.0", "analytics.prefect.ingest.4")


def test_what_beats_is_not_gone() -> None:
    assert gone(rows("analytics.prefect.ingest.4", "a.b.c.0", age=10)) == ()


def test_what_never_beat_is_gone() -> None:
    assert gone(rows("a.b.c.0", age=None)) == ("a.b.c.0",)


def test_services_of_a_connection_that_is_not_seen_may_be_there() -> None:
    fleet = rows("analytics.prefect.ingest.4", "a.b.c.0")
    away = build.connection("prod", state=ConnectionState.UNREACHABLE)
    fleet = replace(fleet, connections=(*fleet.connections, away))
    assert gone(fleet) == ("analytics.prefect.ingest.4",)


async def test_a_row_that_beats_again_stays() -> None:
    bench = Bench(rows("a.b.c.0", "a.b.d.0"))
    alive = [build.worker("a.b.c.0", age=1), build.worker("a.b.d.0", age=3600)]

    async def work_pool(key: WorkPoolKey) -> object:
        return build.work_pool(workers=alive)

    bench.reader.work_pool = work_pool  # type: ignore[assignment, method-assign]
    told = await bench.apply(PruneWorkers(POOL))
    assert bench.writer.deleted == ["a.b.d.0"]
    assert ("a.b.c.0", "it beats again, and stays") in [(p.part, p.detail) for p in told]
    assert told[-1].detail == "1 deleted"


def test_a_pool_that_is_not_seen_is_not_pruned() -> None:
    fleet = build.fleet(build.service(), work_pools_error=PrefectUnreachableError("no route"))
    with pytest.raises(PlanRefusedError, match="cannot be seen: no route"):
        Bench(fleet).changes.change(PruneWorkers(POOL))


# Smoke


def turn(bench: Bench, state_type: str, name: str, message: str = "") -> Callable[[], None]:
    def happen() -> None:
        worker = "w" if state_type != "SCHEDULED" else ""
        bench.writer.runs = (
            ActiveRun("run-1", "busy-bee", state_type, name, worker_name=worker, message=message),
        )

    return happen


async def test_a_smoke_run_is_followed() -> None:
    bench = Bench()
    bench.writer.turns = [
        turn(bench, "SCHEDULED", "Scheduled"),
        turn(bench, "RUNNING", "Running"),
        turn(bench, "COMPLETED", "Completed"),
    ]
    told = await bench.apply(Smoke(WHOLE))
    assert [p.detail for p in told if p.step.id == "follow" and p.detail] == [
        "Scheduled",
        "Running on w",
        "Completed on w",
    ]


async def test_a_smoke_run_that_fails_says_why() -> None:
    bench = Bench()
    bench.writer.turns = [turn(bench, "CRASHED", "Crashed", "No module named 'spcs_worker'")]
    told = await bench.apply(Smoke(WHOLE))
    assert told[-1].state is StepState.FAILED
    assert told[-1].detail == "Crashed on w: No module named 'spcs_worker'"


async def test_a_smoke_run_that_nobody_takes_is_given_up() -> None:
    bench = Bench()
    bench.writer.turns = [turn(bench, "SCHEDULED", "Late")]
    told = await bench.apply(Smoke(WHOLE, within=5))
    assert told[-1].detail == "after 5 s still Late"
    assert isinstance(told[-1].error, FleetError)
    assert "No worker took it" in told[-1].error.next_step


def test_what_would_keep_it_from_starting_is_said_before() -> None:
    pool = build.work_pool(workers=[build.worker(status="OFFLINE")], is_paused=True)
    said = Bench(build.fleet(build.service(), work_pools=[pool])).warnings(Smoke(WHOLE))
    assert "is paused" in said[0]
    assert "No worker of this pool is ONLINE" in said[1]
