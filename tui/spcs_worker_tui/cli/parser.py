"""What every command's parser is made of. Imports nothing heavy."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from spcs_worker_tui.cli.exits import Exit

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]  # noqa: SLF001 - argparse has no public name

SERVICE_HELP = "SERVICE is [CONNECTION:][[DATABASE.]SCHEMA.]NAME and must mean exactly one."


class Parser(argparse.ArgumentParser):
    """Ends with 64 on wrong usage, since 2 means broken here."""

    commands: Commands | None = None
    """Of a command that only has commands of its own."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how it goes."""
        if self.commands is not None:
            # What else can be wrong with it, its commands say.
            message = f"say which: {', '.join(self.commands.choices)}"
        self._end(message)

    def _end(self, message: str) -> NoReturn:
        self.exit(Exit.USAGE, f"{self.format_usage()}{self.prog}: {message}\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:  # noqa: SLF001 - as above
            from spcs_worker_tui.domain.nearest import nearest  # noqa: PLC0415 - seldom

            near = nearest(value, action.choices) or ";"
            self._end(f"there is no {value!r}{near} there are: {', '.join(action.choices)}")
        super()._check_value(action, value)


def add_command(
    commands: Commands,
    name: str,
    what: str,
    run: Callable[[argparse.Namespace], int],
    *,
    epilog: str = "",
) -> Parser:
    """A command's parser, with the options that every command has.

    Args:
        commands: Of the program, or of a command that has commands of its own.
        name: As it is typed.
        what: One line for `--help`.
        run: Does it, and returns the exit status; imports what it needs when called.
        epilog: At the end of its own help.
    """
    command = commands.add_parser(name, help=what, allow_abbrev=False, epilog=epilog)
    command.set_defaults(run=run)
    add_shared(command)
    return command


def add_group(commands: Commands, name: str, what: str) -> Commands:
    """A command that only has commands of its own, as in `pool pause`."""
    group = commands.add_parser(name, help=what, allow_abbrev=False)
    group.commands = group.add_subparsers(
        dest="subcommand", title="commands", metavar="", required=True
    )
    return group.commands


def add_shared(parser: argparse.ArgumentParser) -> None:
    """What can be said before a command and after it."""
    parser.add_argument(
        "--connection",
        action="append",
        default=argparse.SUPPRESS,
        metavar="NAME",
        help="use this saved connection only; can be repeated (default: all of them)",
    )
    parser.add_argument(
        "--sandbox",
        action="store_true",
        default=argparse.SUPPRESS,
        help="operate a local stand-in for Snowflake, started for this and removed afterwards",
    )
    parser.add_argument(
        "--read-only",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show everything, change nothing",
    )


def add_service(parser: argparse.ArgumentParser) -> None:
    """The one service that a command is about."""
    parser.add_argument("service", metavar="SERVICE")
    parser.epilog = parser.epilog or SERVICE_HELP


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """For every command that changes something."""
    parser.add_argument("--dry-run", action="store_true", help="show the plan, change nothing")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")


def seconds(text: str) -> float:
    """A number of seconds, for `type=`.

    Raises:
        argparse.ArgumentTypeError: It is none, or less than 1.
        ValueError: It is no number.
    """
    value = float(text)
    if not math.isfinite(value) or value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds, 1 or more")
    return value
