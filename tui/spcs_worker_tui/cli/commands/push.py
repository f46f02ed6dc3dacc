"""`push`."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.commands.build import add_project
from spcs_worker_tui.cli.parser import add_command, add_plan_options

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the parser."""
    push = add_command(commands, "push", "push the worker's image to the account", _push)
    add_project(push)
    push.add_argument(
        "--image", default="", metavar="IMAGE", help="another image of the Docker engine's"
    )
    push.add_argument(
        "--to",
        default="",
        metavar="PATH",
        help="another place: DATABASE/SCHEMA/REPOSITORY/IMAGE:TAG",
    )
    add_plan_options(push)


def _push(options: Namespace) -> int:
    from spcs_worker_tui.cli.push import run_push  # noqa: PLC0415 - when it is asked for

    return run_push(options)
