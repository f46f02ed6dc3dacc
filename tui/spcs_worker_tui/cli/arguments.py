"""The command line: what can be said, and what goes together. Imports nothing heavy."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from spcs_worker_tui.cli.commands import add_all
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.cli.parser import Parser, add_shared, seconds

THEMES = ("spcs-dark", "spcs-light", "spcs-terminal")
"""As `ui.theme` names them; importing that would import Textual."""

CHECK_SECONDS = 30.0
WAIT_SECONDS = 900.0
"""A cold start takes minutes; Snowflake's own tests allow this long (contract 2.5)."""

_DESCRIPTION = "Operate Prefect workers that run in Snowpark Container Services."
_EPILOG = """\
without --check and without a command: the dashboard

exit status of --check:
  0 healthy (suspended counts, unless --require-running)    1 degraded
  2 broken    3 unknown: a connection or a service cannot be seen
exit status of every command:
  0 done    1 not confirmed    2 it failed    3 no answer    64 wrong usage or settings

examples:
  spcs-worker-tui --sandbox                      a fleet to play with, nothing to sign up for
  spcs-worker-tui --check --json --service 'INGEST*'
  spcs-worker-tui --check --wait --timeout 900 --require-running
  spcs-worker-tui suspend ANALYTICS.PREFECT.INGEST --dry-run
  spcs-worker-tui logs prod:INGEST --follow
"""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options; `command` and `run` are None for the dashboard and for `--check`.

    Raises:
        SystemExit: `--help`, `--version`, or 64 for wrong usage.
    """
    arguments = sys.argv[1:] if argv is None else argv
    parser = _parser(with_commands=any(map(_may_need_commands, arguments)))
    options = parser.parse_args(arguments)
    if problem := _problem(options):
        parser.error(problem)
    return options


def _may_need_commands(word: str) -> bool:
    """Whether it may be a command's name, or asks for all of them.

    Parsers of the thirty commands take as long as everything else until the first frame begins.
    """
    return word in ("-h", "--help") or not word.startswith("-")


def _parser(*, with_commands: bool) -> Parser:
    parser = Parser(
        prog="spcs-worker-tui",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, help="show the version and exit")
    parser.set_defaults(connection=[], sandbox=False, read_only=False, run=None)
    add_shared(parser)
    _add_check(parser.add_argument_group("health check"))
    looks = parser.add_argument_group("dashboard")
    looks.add_argument("--theme", choices=THEMES, default=THEMES[0], help="colours")
    looks.add_argument(
        "--interval",
        type=seconds,
        default=5.0,
        metavar="S",
        help="seconds between two looks, also with --wait (default 5)",
    )
    commands = parser.add_subparsers(dest="command", title="commands", metavar="")
    if with_commands:
        add_all(commands)
    return parser


class _Version(argparse.Action):
    """Reads the package's version only when asked to."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata  # noqa: PLC0415 - 50 ms, for nobody else

        sys.stdout.write(f"{parser.prog} {metadata.version('spcs-worker-tui')}\n")
        parser.exit(Exit.HEALTHY)


def _add_check(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--check", action="store_true", help="check the fleet and exit")
    formats = group.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="as JSON, with reasons and facts")
    formats.add_argument("--prometheus", action="store_true", help="as Prometheus text")
    group.add_argument(
        "--sync",
        action="store_true",
        help="with --json: read container rows and image repositories, to say of each service "
        "whether its image is the one that its tag means now, and of those in spcs-worker.toml "
        "whether they are as the files say",
    )
    group.add_argument(
        "--service",
        action="append",
        default=[],
        metavar="PATTERN",
        help="[CONNECTION:][[DATABASE.]SCHEMA.]NAME, with * and ?; can be repeated",
    )
    group.add_argument("--wait", action="store_true", help="look again until all is healthy")
    group.add_argument(
        "--timeout",
        type=seconds,
        metavar="S",
        help=f"seconds to give up after (default {CHECK_SECONDS:g}, with --wait {WAIT_SECONDS:g})",
    )
    group.add_argument(
        "--require-running", action="store_true", help="a suspended service counts as broken"
    )
    group.add_argument(
        "--resume-if-late",
        action="store_true",
        help="resume suspended services whose flow runs are late and wait for nobody else",
    )
    group.add_argument(
        "--notify",
        action="append",
        default=[],
        metavar="TO",
        help="tell this Apprise URL, or the address kept as notify:TO, when not all is healthy; "
        "can be repeated (default: the URLs in SPCS_WORKER_TUI_NOTIFY)",
    )
    group.add_argument(
        "--notify-changes",
        action="store_true",
        help="tell only what differs from the last time, also that all is well again",
    )


_OF_LOOK = ("service", "wait", "require_running", "resume_if_late")
_OF_CHECK = ("json", "prometheus", "sync", *_OF_LOOK)
_OF_NOTIFY = ("notify", "notify_changes")


def _problem(options: argparse.Namespace) -> str:
    """What does not go together, or nothing."""
    if options.command is not None:
        return "--check and a command do not go together" if options.check else ""
    if options.check:
        return "--sync goes with --json" if options.sync and not options.json else ""
    for name in (*_OF_CHECK, *_OF_NOTIFY, "timeout"):
        if getattr(options, name):
            return f"--{name.replace('_', '-')} goes with --check"
    return ""
