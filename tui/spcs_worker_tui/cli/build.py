"""`build`: the image of an environment of the project, in the Docker engine that is here."""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.plan import carry_out
from spcs_worker_tui.cli.steps import StepList
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.domain.wishes import Build
from spcs_worker_tui.wiring.bench import open_bench
from spcs_worker_tui.wiring.project import read_project

if TYPE_CHECKING:
    from spcs_worker_tui.domain.settings import Environment, Project


def run_build(options: Namespace) -> int:
    """Build it."""
    return asyncio.run(_build(options))


async def _build(options: Namespace) -> int:
    project, environment = chosen_project(options)
    # Nothing of it has to do with an account.
    async with open_bench(read_only=options.read_only, snowflake=False) as bench:
        planned = await bench.images(project).build(build_wish(environment, options))
        return await carry_out(planned, options, StepList(planned.plan))


def chosen_project(options: Namespace) -> tuple[Project, Environment]:
    """The project and its environment, with the connection that was named instead of its own.

    Raises:
        ConfigurationError: There is no project, or no such environment.
    """
    project = read_project(options.project)
    environment = project.environment(options.env)
    if len(options.connection) == 1:
        environment = replace(environment, connection=options.connection[0])
        environments = {**project.environments, environment.name: environment}
        project = replace(project, environments=environments)
    return project, environment


def build_wish(environment: Environment, options: Namespace) -> Build:
    """What the options ask for.

    Raises:
        ConfigurationError: A build argument is none.
    """
    return Build(
        environment=environment.name,
        tag=options.tag,
        require_clean=options.require_clean,
        arguments=tuple(_argument(text) for text in options.build_arg),
        network=options.network,
    )


def _argument(text: str) -> tuple[str, str]:
    """`NAME=VALUE`, or `NAME` for the environment variable of that name, as `docker` has it."""
    name, equals, value = text.partition("=")
    if equals:
        return name, value
    if name not in os.environ:
        raise ConfigurationError(
            f"--build-arg {one_line(name, 80)} has no value, and there is no such variable here",
            next_step="Say --build-arg NAME=VALUE.",
        )
    return name, os.environ[name]
