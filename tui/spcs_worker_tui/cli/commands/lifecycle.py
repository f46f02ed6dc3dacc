"""`suspend`, `resume`, `restart`, `scale` and `drop`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import (
    add_command,
    add_plan_options,
    add_service,
    seconds,
)

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands

_DRAIN_SECONDS = 600.0


def add(commands: Commands) -> None:
    """Add the parsers."""
    suspend = add_command(commands, "suspend", "suspend a service: end its containers", _run)
    _add_common(suspend)
    _add_drain(suspend)
    suspend.add_argument(
        "--with-pool",
        action="store_true",
        help="suspend its compute pool, too; refused while anything else runs there",
    )
    resume = add_command(commands, "resume", "resume a service: start them again", _run)
    _add_common(resume)
    restart = add_command(commands, "restart", "suspend a service and resume it", _run)
    _add_common(restart)
    _add_drain(restart)
    scale = add_command(commands, "scale", "change how many instances a service has", _run)
    _add_common(scale)
    scale.add_argument("min", metavar="MIN", type=int, help="at least so many, 1 or more")
    scale.add_argument("max", metavar="MAX", type=int, nargs="?", help="at most (default MIN)")
    drop = add_command(commands, "drop", "drop a service for good", _run)
    _add_common(drop)
    drop.add_argument(
        "--confirm",
        metavar="DATABASE.SCHEMA.NAME",
        required=True,
        help="the service's name once more, typed in full",
    )


def _add_common(command: ArgumentParser) -> None:
    add_service(command)
    add_plan_options(command)


def _add_drain(command: ArgumentParser) -> None:
    drain = command.add_argument_group("drain")
    drain.add_argument(
        "--drain",
        action="store_true",
        help="first hand its workers no new flow runs, and wait for those that are under way",
    )
    drain.add_argument(
        "--drain-timeout",
        type=seconds,
        default=_DRAIN_SECONDS,
        metavar="S",
        help=f"wait so many seconds at most, then do nothing (default {_DRAIN_SECONDS:g})",
    )
    drain.add_argument(
        "--act-anyway", action="store_true", help="... and then do it anyway, whatever still runs"
    )


def _run(options: Namespace) -> int:
    from spcs_worker_tui.cli.lifecycle import run_lifecycle  # noqa: PLC0415 - when it is asked for

    return run_lifecycle(options)
