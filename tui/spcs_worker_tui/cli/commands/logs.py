"""`logs`."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import add_command, add_service

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the parser."""
    logs = add_command(commands, "logs", "a service's log, all containers merged", _run)
    add_service(logs)
    logs.add_argument("--follow", "-f", action="store_true", help="go on until interrupted")
    logs.add_argument("--timestamps", action="store_true", help="put the server's time first")


def _run(options: Namespace) -> int:
    from spcs_worker_tui.cli.logs import run_logs  # noqa: PLC0415 - when it is asked for

    return run_logs(options)
