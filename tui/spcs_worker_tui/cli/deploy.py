"""`deploy`: build, push, and update or create, in one plan."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.asking import ask_at_terminal
from spcs_worker_tui.cli.build import build_wish, chosen_project
from spcs_worker_tui.cli.console import say
from spcs_worker_tui.cli.plan import carry_out
from spcs_worker_tui.cli.steps import StepList
from spcs_worker_tui.domain.wishes import Deploy
from spcs_worker_tui.operations.rollback import PREVIOUS
from spcs_worker_tui.operations.update import UpdateTiming
from spcs_worker_tui.wiring.bench import Bench, open_bench

if TYPE_CHECKING:
    from spcs_worker_tui.domain.settings import Environment, Project


def run_deploy(options: Namespace) -> int:
    """Deploy it."""
    return asyncio.run(_deploy(options))


async def _deploy(options: Namespace) -> int:
    project, environment = chosen_project(options)
    async with open_bench(
        [environment.connection], read_only=options.read_only, ask=ask_at_terminal()
    ) as bench:
        return await _deployed(bench, project, environment, options)


async def _deployed(
    bench: Bench, project: Project, environment: Environment, options: Namespace
) -> int:
    wish = Deploy(
        build_wish(environment, options),
        with_build=not (options.no_build or options.no_push),
        with_push=not options.no_push,
        why=options.why,
    )
    timing = UpdateTiming()
    timing = replace(timing, ready_within=options.timeout or timing.ready_within)
    planned = await bench.images(project, timing).deploy(wish)
    status = await carry_out(planned, options, StepList(planned.plan))
    if planned.did_not_come_up and options.rollback_on_failure:
        say("It did not come up: going back to what was deployed before.")
        why = "the deployment did not come up"
        back = await bench.rollbacks(timing).plan(environment.key, PREVIOUS, why=why)
        await carry_out(back, Namespace(dry_run=False, yes=True), StepList(back.plan))
    return status
