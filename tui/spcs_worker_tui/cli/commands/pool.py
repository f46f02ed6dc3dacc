"""`pool`: what changes a Prefect work pool."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import add_command, add_group, add_plan_options, seconds

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands

_NO_LIMIT = "none"


def add(commands: Commands) -> None:
    """Add the parsers."""
    group = add_group(commands, "pool", "pause, limit, create and test a Prefect work pool")
    _add(group, "pause", "hand out no more flow runs", queue=True)
    _add(group, "resume", "hand them out again", queue=True)
    limit = _add(group, "limit", "run at most so many flow runs at a time", queue=True)
    limit.add_argument("limit", type=_limit, metavar="N", help=f"a number, or {_NO_LIMIT}")
    create = _add(group, "create", "create a work pool of type process")
    create.add_argument("--limit", type=_limit, metavar="N", help="at most so many runs at a time")
    _add(group, "prune-workers", "delete worker rows whose containers are gone")
    smoke = _add(group, "smoke", "run a small flow there and follow it to its end", queue=True)
    smoke.add_argument(
        "--entrypoint",
        metavar="PACKAGE.MODULE.FLOW",
        help="a flow that the worker's image has (default: the hello flow of our image)",
    )
    smoke.add_argument(
        "--timeout", type=seconds, default=300.0, metavar="S", help="give up after (default 300)"
    )


def _add(group: Commands, name: str, what: str, *, queue: bool = False) -> ArgumentParser:
    command = add_command(group, name, what, _run, epilog=_HELP)
    command.add_argument("pool", metavar="POOL")
    if queue:
        command.add_argument("--queue", default="", metavar="NAME", help="only that work queue")
    command.add_argument(
        "--api-url",
        metavar="URL",
        help="of the Prefect API (default: that of the services which serve the pool, then "
        "PREFECT_API_URL)",
    )
    add_plan_options(command)
    return command


_HELP = "POOL is the name of a Prefect work pool."


def _limit(text: str) -> int | None:
    if text.casefold() == _NO_LIMIT:
        return None
    value = int(text)
    if value < 0:
        raise ArgumentTypeError(f"{text} is neither {_NO_LIMIT} nor a number, 0 or more")
    return value


def _run(options: Namespace) -> int:
    from spcs_worker_tui.cli.pool import run_pool  # noqa: PLC0415 - when it is asked for

    return run_pool(options)
