"""`local`: the worker's image on this machine, as a rehearsal of the service."""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.commands.build import add_project
from spcs_worker_tui.cli.parser import Parser, add_group, add_plan_options, add_shared, seconds

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands

_EPILOG = """\
Keys are handed to the container on its standard input, so that `docker inspect` does not show
them. See docs/local.md for what differs from the service.
"""


def add(commands: Commands) -> None:
    """Add the parsers."""
    group = add_group(commands, "local", "try the worker's image on this machine's Docker")
    up = _add(group, "up", "start it, and wait until it is ready and beats in Prefect")
    _add_trial(up)
    logs = _add(group, "logs", "its log")
    logs.add_argument("--follow", "-f", action="store_true", help="go on until it ends")
    _add(group, "shell", "a shell in its container, through the `docker` command")
    _add(group, "stop", "end it, with the time that Snowflake gives, and remove it")
    test = _add(group, "test", "start it, run a smoke flow on it, stop it")
    _add_trial(test)


def _add(group: Commands, verb: str, what: str) -> Parser:
    parser = group.add_parser(verb, help=what, allow_abbrev=False, epilog=_EPILOG)

    def run(options: Namespace) -> int:
        module = import_module("spcs_worker_tui.cli.local")  # when it is asked for
        status: int = getattr(module, f"run_{verb}")(options)
        return status

    parser.set_defaults(run=run)
    add_shared(parser)
    add_project(parser)
    return parser


def _add_trial(parser: Parser) -> None:
    parser.add_argument(
        "--api-url", default="", metavar="URL", help="a Prefect API instead of the settings' one"
    )
    parser.add_argument(
        "--work-pool", default="", metavar="NAME", help="a work pool instead of the settings' one"
    )
    parser.add_argument(
        "--network",
        default="",
        metavar="NAME",
        help="as in docker run; by default `host` where the Prefect API is on this machine",
    )
    parser.add_argument(
        "--timeout", type=seconds, metavar="S", help="seconds until it has to be ready"
    )
    add_plan_options(parser)
