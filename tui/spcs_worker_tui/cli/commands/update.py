"""`update` and `rollback`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import add_command, add_plan_options, seconds

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands, Parser

_EPILOG = (
    "Without SERVICE the environment of spcs-worker.toml is meant, and its specification file. "
    "With SERVICE the deployed specification is taken as it is, and what is said here is changed. "
    "SERVICE is [CONNECTION:][[DATABASE.]SCHEMA.]NAME and must mean exactly one."
)


def add(commands: Commands) -> None:
    """Add the parsers."""
    update = add_command(
        commands, "update", "roll out an image or a specification", _update, epilog=_EPILOG
    )
    _add_target(update)
    update.add_argument(
        "--image", default="", metavar="TAG", help="a tag, sha256:DIGEST, or a whole image path"
    )
    update.add_argument("--spec", type=Path, metavar="FILE", help="this specification")
    update.add_argument(
        "--rollback-on-failure",
        action="store_true",
        help="when it does not come up, go back to what was deployed before",
    )
    _add_change(update)
    rollback = add_command(
        commands,
        "rollback",
        "list what was deployed, and go back to it",
        _rollback,
        epilog=_EPILOG,
    )
    _add_target(rollback)
    rollback.add_argument(
        "--to", default="", metavar="N", help="a number of the list, or `previous`"
    )
    _add_change(rollback)


def _add_target(parser: Parser) -> None:
    parser.add_argument("service", nargs="?", default="", metavar="SERVICE")
    parser.add_argument(
        "--service", dest="named_service", default="", metavar="SERVICE", help="the same"
    )
    parser.add_argument("--env", default="", metavar="NAME", help="environment of the project")
    parser.add_argument(
        "--project", type=Path, metavar="FILE", help="settings (default: spcs-worker.toml, upwards)"
    )


def _add_change(parser: Parser) -> None:
    parser.add_argument("--why", default="", metavar="TEXT", help="kept in the history")
    parser.add_argument(
        "--timeout", type=seconds, metavar="S", help="seconds until it has to be ready"
    )
    add_plan_options(parser)


def _update(options: Namespace) -> int:
    from spcs_worker_tui.cli.update import run_update  # noqa: PLC0415 - when it is asked for

    return run_update(options)


def _rollback(options: Namespace) -> int:
    from spcs_worker_tui.cli.update import run_rollback  # noqa: PLC0415 - when it is asked for

    return run_rollback(options)
