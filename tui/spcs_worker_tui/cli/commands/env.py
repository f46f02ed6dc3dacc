"""`env list`, `set`, `unset`, `rename`, `import` and `diff`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import add_command, add_group, add_plan_options, seconds

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands, Parser

_EPILOG = (
    "Without --service the environment of spcs-worker.toml is meant. "
    "SERVICE is [CONNECTION:][[DATABASE.]SCHEMA.]NAME and must mean exactly one."
)


def add(commands: Commands) -> None:
    """Add the parsers."""
    group = add_group(commands, "env", "environment variables of a service: list, set, unset …")
    _add_looks(group)
    set_ = add_command(group, "set", "set variables, and secrets", _set, epilog=_EPILOG)
    set_.add_argument(
        "words",
        nargs="*",
        metavar="NAME=VALUE",
        help="without any: NAME=VALUE lines on standard input",
    )
    how = set_.add_mutually_exclusive_group()
    how.add_argument(
        "--secret",
        action="store_true",
        help="NAME alone; its value, asked for or from standard input, goes into a secret",
    )
    how.add_argument(
        "--from-secret",
        default="",
        metavar="SECRET",
        help="NAME alone; its value is that of this Snowflake secret",
    )
    _add_change(set_)
    unset = add_command(group, "unset", "remove variables", _unset, epilog=_EPILOG)
    unset.add_argument("names", nargs="+", metavar="NAME")
    _add_change(unset)
    rename = add_command(group, "rename", "the same value by another name", _rename, epilog=_EPILOG)
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("new", metavar="NEW")
    _add_change(rename)
    imports = add_command(group, "import", "set what a .env file says", _import, epilog=_EPILOG)
    imports.add_argument("file", metavar="FILE", help="a .env file, or - for standard input")
    _add_change(imports)


def _add_looks(group: Commands) -> None:
    listing = add_command(group, "list", "show them, and where each comes from", _list)
    listing.epilog = _EPILOG
    listing.add_argument("service", nargs="?", default="", metavar="SERVICE")
    _add_target(listing)
    listing.add_argument(
        "--reveal", action="store_true", help="show literals, too, that look like keys"
    )
    listing.add_argument("--json", action="store_true", help="as JSON")
    diff = add_command(group, "diff", "compare them with the project's, or with a .env file", _diff)
    diff.epilog = f"{_EPILOG} Ends with 1 where something differs."
    diff.add_argument("service", nargs="?", default="", metavar="SERVICE")
    _add_target(diff)
    diff.add_argument("--file", default="", metavar="FILE", help="a .env file, or -")


def _add_target(parser: Parser) -> None:
    parser.add_argument(
        "--service", dest="named_service", default="", metavar="SERVICE", help="of this service"
    )
    parser.add_argument("--env", default="", metavar="NAME", help="environment of the project")
    parser.add_argument(
        "--project", type=Path, metavar="FILE", help="settings (default: spcs-worker.toml, upwards)"
    )
    parser.add_argument(
        "--container", default="", metavar="NAME", help="of this container (default: the first)"
    )


def _add_change(parser: Parser) -> None:
    parser.set_defaults(service="")
    _add_target(parser)
    parser.add_argument(
        "--restart",
        action="store_true",
        help="restart the service where only values of secrets change",
    )
    parser.add_argument("--why", default="", metavar="TEXT", help="kept in the history")
    parser.add_argument(
        "--timeout", type=seconds, metavar="S", help="seconds until it has to be ready"
    )
    add_plan_options(parser)


def _list(options: Namespace) -> int:
    from spcs_worker_tui.cli.env import run_list  # noqa: PLC0415 - when it is asked for

    return run_list(options)


def _diff(options: Namespace) -> int:
    from spcs_worker_tui.cli.env import run_diff  # noqa: PLC0415 - when it is asked for

    return run_diff(options)


def _set(options: Namespace) -> int:
    from spcs_worker_tui.cli.env import run_set  # noqa: PLC0415 - when it is asked for

    return run_set(options)


def _unset(options: Namespace) -> int:
    from spcs_worker_tui.cli.env import run_unset  # noqa: PLC0415 - when it is asked for

    return run_unset(options)


def _rename(options: Namespace) -> int:
    from spcs_worker_tui.cli.env import run_rename  # noqa: PLC0415 - when it is asked for

    return run_rename(options)


def _import(options: Namespace) -> int:
    from spcs_worker_tui.cli.env import run_import  # noqa: PLC0415 - when it is asked for

    return run_import(options)
