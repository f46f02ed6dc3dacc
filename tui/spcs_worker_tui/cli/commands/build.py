"""`build`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import add_command, add_plan_options

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands, Parser


def add(commands: Commands) -> None:
    """Add the parser."""
    build = add_command(commands, "build", "build the worker's image", _build)
    add_project(build)
    add_build_options(build)
    add_plan_options(build)


def add_project(parser: Parser) -> None:
    """Which environment of which project, and the tag of its image."""
    parser.add_argument("--env", default="", metavar="NAME", help="environment of the project")
    parser.add_argument(
        "--project", type=Path, metavar="FILE", help="settings (default: spcs-worker.toml, upwards)"
    )
    parser.add_argument(
        "--tag", default="", metavar="TAG", help="instead of the one that the settings make"
    )


def add_build_options(parser: Parser) -> None:
    """How the image is built."""
    parser.add_argument(
        "--require-clean",
        action="store_true",
        help="refuse to build what is not committed",
    )
    parser.add_argument(
        "--build-arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="as in docker build; @FILE as the value is what that file holds; can be repeated",
    )
    parser.add_argument(
        "--network", default="", metavar="NAME", help="what the build may reach, as in docker build"
    )


def _build(options: Namespace) -> int:
    from spcs_worker_tui.cli.build import run_build  # noqa: PLC0415 - when it is asked for

    return run_build(options)
