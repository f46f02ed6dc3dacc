"""`local`: one container of the project's worker, in the Docker engine that is here."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from spcs_worker_tui.cli.asking import ask_at_terminal, read_value
from spcs_worker_tui.cli.build import chosen_project
from spcs_worker_tui.cli.console import put, say
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.cli.plan import carry_out
from spcs_worker_tui.cli.steps import StepList
from spcs_worker_tui.domain.binding import API_URL
from spcs_worker_tui.domain.errors import ConfigurationError, EngineError
from spcs_worker_tui.domain.keys import KeyKind, KeyName, Secret, checked_url
from spcs_worker_tui.operations.local_trial import Trial, container_name, trial_of
from spcs_worker_tui.wiring.local import LocalBench, open_local
from spcs_worker_tui.wiring.project import read_document

_ALL = 1_000_000
"""Lines; Docker keeps no more of a trial."""
_PREFECT_KEYS = {
    "PREFECT_API_KEY": KeyKind.API_KEY,
    "PREFECT_API_AUTH_STRING": KeyKind.AUTH_STRING,
}


def run_up(options: Namespace) -> int:
    """Start it, and leave it running."""
    return asyncio.run(_trial(options, test=False))


def run_test(options: Namespace) -> int:
    """Start it, run a smoke flow on it, stop it."""
    return asyncio.run(_trial(options, test=True))


async def _trial(options: Namespace, *, test: bool) -> int:
    async with open_local(read_only=options.read_only) as bench:
        trial = await _described(bench, options)
        secrets = {} if options.dry_run else await _secrets(bench, trial)
        trials = bench.trials(options.timeout)
        change = await (trials.test if test else trials.up)(trial, secrets)
        return await carry_out(change, options, StepList(change.plan))


async def _described(bench: LocalBench, options: Namespace) -> Trial:
    """The trial that the project and the options describe."""
    project, environment = chosen_project(options)
    image = await bench.image(project, environment, options.tag)
    if options.api_url:
        environment = replace(environment, prefect_api_url=checked_url(options.api_url))
    if options.work_pool:
        environment = replace(environment, work_pool=options.work_pool)
    document = read_document(Path(project.beside(environment.spec)))
    return trial_of(environment, document, image, platform.node(), network=options.network)


async def _secrets(bench: LocalBench, trial: Trial) -> Mapping[str, Secret]:
    """The values of the variables that are Snowflake secrets; Snowflake never tells them.

    Raises:
        ConfigurationError: One is nowhere, and there is nobody to ask.
    """
    api_url = trial.container.variables.get(API_URL, "")
    found: dict[str, Secret] = {}
    for variable in trial.secrets:
        kind = _PREFECT_KEYS.get(variable)
        if kind is not None:
            value = await _prefect_key(bench, KeyName.prefect(api_url, kind))
        elif variable in os.environ:
            value = Secret(os.environ[variable])
        else:
            value = await asyncio.to_thread(_asked, variable)
        if value is not None:
            found[variable] = value
    return found


async def _prefect_key(bench: LocalBench, name: KeyName) -> Secret | None:
    kept = await bench.prefect_key(name.owner, name.kind)
    if kept.secret is not None:
        return kept.secret
    ask: Callable[[KeyName], Secret | None] | None = ask_at_terminal()
    given = ask(name) if ask is not None else None
    if given is None:
        # A server of one's own need not ask for any.
        say(f"Without {name.words}: it is kept nowhere.")
        return None
    bench.hand_over(name, given)
    return given


def _asked(variable: str) -> Secret:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"{variable} comes from a Snowflake secret, and its value is not known here",
            next_step=f"Set {variable} in the environment, or run it at a terminal to be asked.",
        )
    return read_value(variable)


def run_stop(options: Namespace) -> int:
    """End it and remove it; nothing else knows of the container, so nobody is asked."""
    return asyncio.run(_stop(_container(options), read_only=options.read_only))


async def _stop(name: str, *, read_only: bool) -> int:
    async with open_local(read_only=read_only) as bench:
        change = bench.trials().stop(name)
        return await carry_out(change, Namespace(dry_run=False, yes=True))


def run_logs(options: Namespace) -> int:
    """Print its log."""
    return asyncio.run(_logs(_container(options), follow=options.follow))


async def _logs(name: str, *, follow: bool) -> int:
    async with open_local() as bench:
        await _refuse_missing(bench, name)

        def line(text: str) -> None:
            put(text)
            sys.stdout.flush()

        await bench.tools.containers.log(name, line, follow=follow, last=_ALL)
    return Exit.HEALTHY


def run_shell(options: Namespace) -> int:
    """A shell in it, by the `docker` command, which knows how to hand a terminal over."""
    name = _container(options)
    asyncio.run(_refuse_not_running(name))
    docker = shutil.which("docker")
    if docker is None:
        raise ConfigurationError(
            "there is no `docker` command, which a shell in a container needs",
            next_step="Install Docker's command line; everything else works without it.",
        )
    terminal = ["--interactive", *(["--tty"] if sys.stdin.isatty() else [])]
    return subprocess.run([docker, "exec", *terminal, name, "/bin/sh"], check=False).returncode  # noqa: S603 - the name is ours


async def _refuse_not_running(name: str) -> None:
    async with open_local() as bench:
        await _refuse_missing(bench, name)
        state = await bench.tools.containers.state(name)
        if state is not None and not state.is_running:
            raise EngineError(
                f"the container {name} ended with exit code {state.exit_code}",
                next_step="Read `spcs-worker-tui local logs`, then start it again.",
            )


async def _refuse_missing(bench: LocalBench, name: str) -> None:
    if await bench.tools.containers.state(name) is None:
        raise EngineError(
            f"there is no container {name}", next_step="Start it with `spcs-worker-tui local up`."
        )


def _container(options: Namespace) -> str:
    _, environment = chosen_project(options)
    return container_name(environment.name)
