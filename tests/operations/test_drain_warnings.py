"""What a plan says of flow runs: with a drain they are not the ones that die."""

from __future__ import annotations

import pytest

from spcs_worker_tui.domain.wishes import Drain, Restart, Suspend
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.lifecycle import Lifecycle
from support import fleet as build
from support.audit import MemoryAudit
from support.prefect_writer import ScriptedWriter
from support.scripted import ScriptedSession
from support.virtual_time import VirtualClock

SERVICE = build.service()
DIES = "the container gets SIGTERM"


def lifecycle() -> Lifecycle:
    clock = VirtualClock(build.NOW)
    run = build.running_run(worker_name="analytics.prefect.ingest.0")
    pool = build.work_pool(running=[run])
    session = ScriptedSession(services=[SERVICE])
    engine = Engine(clock, MemoryAudit(), lambda _: session)
    fleet = build.fleet(SERVICE, work_pools=[pool])
    return Lifecycle(lambda _: session, lambda: fleet, engine, ScriptedWriter(clock))


@pytest.mark.parametrize("wish", [Suspend, Restart])
@pytest.mark.parametrize(
    ("drain", "dies"),
    [(None, True), (Drain(600), False), (Drain(600, act_anyway=True), True)],
    ids=["at once", "drained", "anyway"],
)
def test_runs_die_only_where_they_may(
    wish: type[Suspend | Restart], drain: Drain | None, *, dies: bool
) -> None:
    plan = lifecycle().change(wish(SERVICE.key, drain)).plan
    assert any(DIES in warning for warning in plan.warnings) is dies
    assert any("compute pool" in warning for warning in plan.warnings) is (wish is Suspend)
