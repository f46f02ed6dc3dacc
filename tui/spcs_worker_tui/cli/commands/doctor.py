"""`doctor`."""

from __future__ import annotations

from argparse import Namespace, RawDescriptionHelpFormatter
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import add_command, add_plan_options

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands

_EPILOG = """\
exit status:
  0 all is well    1 it works, and something should be better
  2 something does not work    3 something could not be looked at

What each check means, and what else helps: docs/troubleshooting.md.
"""


def add(commands: Commands) -> None:
    """Add the parser."""

    def run(options: Namespace) -> int:
        from spcs_worker_tui.cli.doctor import run_doctor  # noqa: PLC0415 - when it is asked for

        if options.json and options.fix:
            command.error("--json and --fix do not go together")
        if not options.fix and (options.yes or options.dry_run):
            command.error("--yes and --dry-run go with --fix")
        return run_doctor(options)

    command = add_command(commands, "doctor", "find what is wrong, and what helps", run)
    command.epilog, command.formatter_class = _EPILOG, RawDescriptionHelpFormatter
    command.add_argument(
        "--env", default="", metavar="NAME", help="look at what this environment needs, only"
    )
    command.add_argument(
        "--all", action="store_true", help="at a terminal: say also of each thing that is well why"
    )
    command.add_argument("--json", action="store_true", help="as JSON")
    command.add_argument(
        "--fix", action="store_true", help="mend what can be mended from here, then look again"
    )
    add_plan_options(command)
