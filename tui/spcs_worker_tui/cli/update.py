"""`update` and `rollback`: from options to a wish, and on to the plan."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.asking import ask_at_terminal
from spcs_worker_tui.cli.console import put, say
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.cli.plan import carry_out
from spcs_worker_tui.cli.target import find_service
from spcs_worker_tui.domain.errors import ConfigurationError, PlanRefusedError
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.operations.rollback import PREVIOUS, Deployed
from spcs_worker_tui.operations.update import UpdateTiming, Wish, wish_for
from spcs_worker_tui.wiring.bench import Bench, open_bench
from spcs_worker_tui.wiring.project import read_document, read_project

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.settings import Environment, Project


def run_update(options: Namespace) -> int:
    """Roll out an image or a specification."""
    return asyncio.run(_update(options))


def run_rollback(options: Namespace) -> int:
    """List what was deployed, or go back to it."""
    return asyncio.run(_rollback(options))


async def _update(options: Namespace) -> int:
    pattern, project, environment = target(options, changes=not options.dry_run)
    async with open_bench(
        connections(options, environment), read_only=options.read_only, ask=ask_at_terminal()
    ) as bench:
        if project is not None and environment is not None:
            wish = _project_wish(project, environment, options)
        else:
            wish = await _service_wish(bench, pattern, options)
        planned = await bench.updates(timing(options)).plan(wish)
        status = await carry_out(planned, options)
        if not planned.did_not_come_up or not options.rollback_on_failure:
            return status
        say("It did not come up: going back to what was deployed before.")
        back = await bench.rollbacks(timing(options)).plan(
            wish.key, PREVIOUS, why="the update did not come up"
        )
        await carry_out(back, Namespace(dry_run=False, yes=True))
        return status


async def _rollback(options: Namespace) -> int:
    changes = bool(options.to) and not options.dry_run
    pattern, _, environment = target(options, changes=changes)
    async with open_bench(
        connections(options, environment), read_only=options.read_only, ask=ask_at_terminal()
    ) as bench:
        key = environment.key if environment else await find_service(bench, pattern)
        rollbacks = bench.rollbacks(timing(options))
        if not options.to:
            _show(key, await rollbacks.deployed(key))
            return Exit.HEALTHY
        return await carry_out(await rollbacks.plan(key, options.to, why=options.why), options)


def target(options: Namespace, *, changes: bool) -> tuple[str, Project | None, Environment | None]:
    """The service that is named, or else the project's environment.

    Raises:
        ConfigurationError: Both or neither, or the settings are wrong.
        PlanRefusedError: The environment is read-only.
    """
    pattern: str = options.service or options.named_service
    if options.service and options.named_service:
        raise ConfigurationError("the service is named twice")
    if pattern and options.env:
        raise ConfigurationError("--env and SERVICE do not go together: an environment has its own")
    if pattern:
        return pattern, None, None
    project = read_project(options.project)
    environment = project.environment(options.env)
    if environment.read_only and changes:
        raise PlanRefusedError(
            f"environment {environment.name} is read-only in {project.path}",
            next_step="Look with --dry-run, or take read_only out of the settings.",
        )
    if len(options.connection) == 1:
        environment = replace(environment, connection=options.connection[0])
    return "", project, environment


def connections(options: Namespace, environment: Environment | None) -> Sequence[str]:
    """The saved connections that have to do with it."""
    return [environment.connection] if environment else options.connection


def timing(options: Namespace) -> UpdateTiming:
    """As patient as `--timeout` says."""
    default = UpdateTiming()
    within = options.timeout or default.ready_within
    return replace(default, ready_within=within)


def _project_wish(project: Project, environment: Environment, options: Namespace) -> Wish:
    path = options.spec or Path(project.beside(environment.spec))
    document = read_document(path)
    return wish_for(environment, document, image=options.image, why=options.why)


async def _service_wish(bench: Bench, pattern: str, options: Namespace) -> Wish:
    document = read_document(options.spec) if options.spec else None
    key = await find_service(bench, pattern)
    return Wish(key, document, image=options.image, why=options.why)


def _show(key: ServiceKey, rows: Sequence[Deployed]) -> None:
    if not rows:
        put(f"Nothing is known that was deployed to {key.qualified} by this program.")
        return
    put(f"{key.qualified}, the newest first:")
    for row in rows:
        entry = row.entry
        put(f"{entry.number:>4}  {entry.time:%Y-%m-%d %H:%M:%S}Z  {entry.words}")
        if row.is_current:
            put("        deployed now")
        for line in row.difference.words:
            put(f"        ~ {one_line(line, 1000)}")
