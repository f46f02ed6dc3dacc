"""`suspend` and `resume`."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import add_command, add_plan_options, add_service

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the parsers."""
    suspend = add_command(commands, "suspend", "suspend a service: end its containers", _run)
    resume = add_command(commands, "resume", "resume a service: start them again", _run)
    for command in (suspend, resume):
        add_service(command)
        add_plan_options(command)


def _run(options: Namespace) -> int:
    from spcs_worker_tui.cli.lifecycle import run_lifecycle  # noqa: PLC0415 - when it is asked for

    return run_lifecycle(options)
