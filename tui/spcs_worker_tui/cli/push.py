"""`push`: a built image to the image repository of an environment."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from spcs_worker_tui.cli.asking import ask_at_terminal
from spcs_worker_tui.cli.build import chosen_project
from spcs_worker_tui.cli.plan import carry_out
from spcs_worker_tui.cli.steps import StepList
from spcs_worker_tui.domain.wishes import Push
from spcs_worker_tui.wiring.bench import open_bench


def run_push(options: Namespace) -> int:
    """Push it."""
    return asyncio.run(_push(options))


async def _push(options: Namespace) -> int:
    project, environment = chosen_project(options)
    wish = Push(environment.name, tag=options.tag, image=options.image, to=options.to)
    async with open_bench(
        [environment.connection], read_only=options.read_only, ask=ask_at_terminal()
    ) as bench:
        planned = await bench.images(project).push(wish)
        return await carry_out(planned, options, StepList(planned.plan))
