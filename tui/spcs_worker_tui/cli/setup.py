"""`setup --non-interactive` and `setup --teardown`: from the settings to a plan."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.asking import ask_at_terminal
from spcs_worker_tui.cli.build import chosen_project
from spcs_worker_tui.cli.console import put, say
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.cli.plan import carry_out
from spcs_worker_tui.cli.steps import StepList
from spcs_worker_tui.domain.errors import ConfigurationError, PlanRefusedError
from spcs_worker_tui.domain.setup import Answers, ImageChoice, PieceState, Survey
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.operations.setup.answers import answers_of
from spcs_worker_tui.operations.update import UpdateTiming
from spcs_worker_tui.wiring.setup import SetupBench, open_setup

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import Secret

_MARKS = {
    PieceState.THERE: "=",
    PieceState.MADE: "+",
    PieceState.CHANGED: "~",
    PieceState.LACKING: "!",
}


def run_setup(options: Namespace) -> int:
    """Set up what the settings say, or take it down."""
    return asyncio.run(_run(options))


async def _run(options: Namespace) -> int:
    project, environment = chosen_project(options)
    if environment.read_only and not options.dry_run:
        raise PlanRefusedError(
            f"environment {environment.name} is read-only in {project.path}",
            next_step="Look with --dry-run, or take read_only out of the settings.",
        )
    answers = replace(
        answers_of(project, environment, tag=options.tag),
        image_choice=ImageChoice.THERE if options.no_build else ImageChoice.BUILD,
        renew_secret=options.renew_secret,
    )
    timing = UpdateTiming()
    timing = replace(timing, ready_within=options.timeout or timing.ready_within)
    async with open_setup(
        environment.connection, read_only=options.read_only, ask=ask_at_terminal(), timing=timing
    ) as bench:
        if options.teardown:
            return await _taken_down(bench, answers, options)
        return await _set_up(bench, answers, options)


async def _set_up(bench: SetupBench, answers: Answers, options: Namespace) -> int:
    answers, secret = await _with_key(bench, answers, options)
    seen = await bench.setup.survey(answers)
    if not seen.is_possible:
        _report(seen)
        return Exit.BROKEN
    planned = await bench.setup.plan(answers, secret)
    status = await carry_out(planned, options, StepList(planned.plan))
    if status == Exit.HEALTHY and not options.dry_run:
        say(f"{answers.key.qualified} runs, and a flow has finished on it.")
    return status


async def _with_key(
    bench: SetupBench, answers: Answers, options: Namespace
) -> tuple[Answers, Secret | None]:
    """The answers with the variable that is kept for that API, and its value."""
    if options.no_secret:
        return replace(answers, secret=""), None
    variable, secret = await bench.key(answers.prefect_api_url)
    if variable and not answers.secret:
        answers = replace(answers, secret=variable, secret_variable=variable)
    if variable != answers.secret_variable:
        secret = None
    return answers, secret


def _report(seen: Survey) -> None:
    """How everything stands, and what an administrator has to do first."""
    for piece in seen.pieces:
        put(f"  {_MARKS[piece.state]} {one_line(piece.title)}: {one_line(piece.detail)}")
    if seen.asks:
        put(f"\nRole {seen.standing.role or 'none'} may not do all of it. For an administrator:\n")
        for ask in seen.asks:
            put(f"{ask};")
    sys.stdout.flush()
    say("Nothing was changed.")


async def _taken_down(bench: SetupBench, answers: Answers, options: Namespace) -> int:
    name = answers.key.qualified
    confirmed = options.confirm
    if options.dry_run:
        confirmed = name
    elif not confirmed:
        confirmed = await asyncio.to_thread(_typed, name)
    planned = await bench.teardown.plan(answers, confirmed, everything=options.everything)
    return await carry_out(planned, options, StepList(planned.plan))


def _typed(name: str) -> str:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "there is nobody to ask", next_step=f"Add --confirm {name}, or --dry-run."
        )
    sys.stderr.write(f"Type {name} to take it down: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()
