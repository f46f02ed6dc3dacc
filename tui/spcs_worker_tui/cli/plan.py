"""What every command that changes something does: show the plan, ask, do it, watch it through."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.console import complain, put, say
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.domain.age import humanise
from spcs_worker_tui.domain.errors import ConfigurationError, FleetError
from spcs_worker_tui.domain.plan import Plan, Step, StepProgress, StepState
from spcs_worker_tui.domain.text import one_line, printable

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Change

NOT_CONFIRMED = 1


async def carry_out(
    change: Change,
    options: Namespace,
    teller: Callable[[StepProgress], None] | None = None,
) -> int:
    """Show the plan; then, unless it is only to be shown, ask and apply it.

    Args:
        change: What was planned.
        options: With `dry_run` and `yes`.
        teller: Says each event; by default `tell`, a line for each.

    Returns:
        The exit status.

    Raises:
        ConfigurationError: There is nobody to ask.
        FleetError: The plan is out of date, or cannot be checked.
    """
    plan = change.plan
    show(plan)
    if options.dry_run or plan.is_empty:
        return Exit.HEALTHY
    if not options.yes and not await asyncio.to_thread(_confirmed, plan):
        say("Nothing was done.")
        return NOT_CONFIRMED
    return await _apply(change, teller or tell)


async def _apply(change: Change, teller: Callable[[StepProgress], None]) -> int:
    left = {step.id: step for step in change.plan.steps}
    failed = False
    try:
        async with aclosing(change.apply()) as events:
            async for progress in events:
                teller(progress)
                if progress.state is not StepState.RUNNING:
                    left.pop(progress.step.id, None)
                failed = failed or progress.state is StepState.FAILED
    except asyncio.CancelledError:
        say(_interrupted(list(left.values())))
        raise
    return Exit.BROKEN if failed else Exit.HEALTHY


def _interrupted(left: list[Step]) -> str:
    undone = [step.title for step in left if not step.undoes]
    text = "interrupted: " + ("; ".join(undone) + " not done" if undone else "all was done")
    return f"{one_line(text, 1000)}. Run the same command again to finish it."


def show(plan: Plan) -> None:
    """Print the plan."""
    put(one_line(plan.title))
    for difference in plan.differences:
        put(f"  ~ {one_line(difference, 1000)}")
    for number, step in enumerate(plan.steps, 1):
        put(f"  {number}. {one_line(step.title)}")
        if step.statement:
            # Over as many lines as it is sent in: a specification is unreadable in one.
            for line in printable(step.statement).splitlines():
                put(f"     {line}")
    for warning in plan.warnings:
        put(f"  ! {one_line(warning, 1000)}")
    sys.stdout.flush()


def _confirmed(plan: Plan) -> bool:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "there is nobody to ask", next_step="Add --yes to do it, or --dry-run to see the plan."
        )
    sys.stderr.write(f"{one_line(plan.title)}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def tell(progress: StepProgress) -> None:
    """Say one event."""
    text = f"{progress.state}: {progress.step.title}"
    if progress.part:
        text += f": {progress.part}"
    if progress.detail:
        text += f": {one_line(progress.detail)}"
    if progress.state is not StepState.RUNNING and progress.elapsed.total_seconds() >= 1:
        text += f" ({humanise(progress.elapsed)})"
    if progress.state is StepState.FAILED and progress.error is not None:
        complain(FleetError(text, next_step=progress.error.next_step))
    else:
        say(text)
