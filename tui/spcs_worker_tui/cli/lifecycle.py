"""`suspend` and `resume`: show the plan, ask, do it, watch it through."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from dataclasses import replace

from spcs_worker_tui.cli.console import complain, put, say
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.cli.target import find_service
from spcs_worker_tui.domain.age import humanise
from spcs_worker_tui.domain.errors import ConfigurationError, FleetError, StatementRefusedError
from spcs_worker_tui.domain.fleet import (
    ComputePoolSnapshot,
    FleetSnapshot,
    Observation,
    ServiceKey,
)
from spcs_worker_tui.domain.plan import Plan, StepProgress, StepState
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.wiring import Bench, open_bench

NOT_CONFIRMED = 1
_LOOK_SECONDS = 30.0


def run_lifecycle(options: Namespace) -> int:
    """Suspend or resume one service."""
    return asyncio.run(_run(options))


async def _run(options: Namespace) -> int:
    async with open_bench(options.connection) as bench:
        key = await find_service(bench, options.service)
        fleet = await _picture(bench, key)
        lifecycle = bench.lifecycle(fleet)
        suspend = options.command == "suspend"
        plan = lifecycle.plan_suspend(key) if suspend else lifecycle.plan_resume(key)
        _show(plan)
        if options.dry_run or plan.is_empty:
            return Exit.HEALTHY
        if not options.yes and not await asyncio.to_thread(_confirmed, plan):
            say("Nothing was done.")
            return NOT_CONFIRMED
        failed = False
        async for progress in lifecycle.apply(plan):
            _tell(progress)
            failed = progress.state is StepState.FAILED
        return Exit.BROKEN if failed else Exit.HEALTHY


async def _picture(bench: Bench, key: ServiceKey) -> FleetSnapshot:
    """All that the plan's warnings rest on: the service, its neighbours and its compute pool."""
    session = bench.session(key.connection)
    judged, rows, pools = await asyncio.gather(
        bench.look(lambda other: other == key, _LOOK_SECONDS),
        session.show_services(),
        _compute_pools(bench, key),
    )
    snapshot = judged.snapshot
    connection = snapshot.connection(key.connection)
    assert connection is not None
    if connection.error is not None:
        raise connection.error
    neighbours = tuple(row for row in rows if row.key != key)
    whole = replace(connection, services=(*connection.services, *neighbours), compute_pools=pools)
    others = (c for c in snapshot.connections if c.name != key.connection)
    return replace(snapshot, connections=(whole, *others))


async def _compute_pools(
    bench: Bench, key: ServiceKey
) -> Observation[tuple[ComputePoolSnapshot, ...]]:
    """None where the role may not see them: the plan then says less, and can be made."""
    try:
        pools = await bench.session(key.connection).show_compute_pools()
    except StatementRefusedError as error:
        return Observation((), None, error)
    return Observation(pools, bench.clock.now())


def _show(plan: Plan) -> None:
    put(one_line(plan.title))
    for number, step in enumerate(plan.steps, 1):
        put(f"  {number}. {one_line(step.title)}")
        if step.statement:
            put(f"     {one_line(step.statement, 2000)}")
    for warning in plan.warnings:
        put(f"  ! {one_line(warning, 1000)}")
    sys.stdout.flush()


def _confirmed(plan: Plan) -> bool:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "there is nobody to ask", next_step="Add --yes to do it, or --dry-run to see the plan."
        )
    sys.stderr.write(f"{plan.title}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _tell(progress: StepProgress) -> None:
    text = f"{progress.state}: {progress.step.title}"
    if progress.detail:
        text += f": {one_line(progress.detail)}"
    if progress.state is not StepState.RUNNING and progress.elapsed.total_seconds() >= 1:
        text += f" ({humanise(progress.elapsed)})"
    if progress.state is StepState.FAILED and progress.error is not None:
        complain(FleetError(text, next_step=progress.error.next_step))
    else:
        say(text)
