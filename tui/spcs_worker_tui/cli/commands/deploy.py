"""`deploy`."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.commands.build import add_build_options, add_project
from spcs_worker_tui.cli.parser import add_command, add_plan_options, seconds

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the parser."""
    deploy = add_command(
        commands,
        "deploy",
        "build, push, and update the service or create it",
        _deploy,
        epilog="Interrupted anywhere, the same command again finishes what is left.",
    )
    add_project(deploy)
    add_build_options(deploy)
    deploy.add_argument(
        "--no-build", action="store_true", help="the image was built before, with this tag"
    )
    deploy.add_argument(
        "--no-push", action="store_true", help="it was pushed before, too: nothing is built"
    )
    deploy.add_argument(
        "--rollback-on-failure",
        action="store_true",
        help="when it does not come up, go back to what was deployed before",
    )
    deploy.add_argument("--why", default="", metavar="TEXT", help="kept in the history")
    deploy.add_argument(
        "--timeout", type=seconds, metavar="S", help="seconds until it has to be ready"
    )
    add_plan_options(deploy)


def _deploy(options: Namespace) -> int:
    from spcs_worker_tui.cli.deploy import run_deploy  # noqa: PLC0415 - when it is asked for

    return run_deploy(options)
