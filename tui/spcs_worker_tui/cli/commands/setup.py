"""`setup`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import add_command, add_plan_options, seconds

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands

_EPILOG = (
    "Interrupted anywhere, the same command again finishes what is left. What is there already "
    "is kept as it is."
)


def add(commands: Commands) -> None:
    """Add the parser."""
    setup = add_command(
        commands, "setup", "from an account and a Prefect API to a worker", _setup, epilog=_EPILOG
    )
    setup.add_argument(
        "--non-interactive",
        action="store_true",
        help="take all answers from spcs-worker.toml, and ask for none",
    )
    setup.add_argument(
        "--teardown", action="store_true", help="take down what a set-up has made, in reverse"
    )
    setup.add_argument("--env", default="", metavar="NAME", help="environment of the settings")
    setup.add_argument("--project", type=Path, metavar="FILE", help="settings (default: upwards)")
    setup.add_argument(
        "--tag", default="", help="of the image (default: as the settings say, or latest)"
    )
    setup.add_argument(
        "--no-build",
        action="store_true",
        help="the image is in the image repository already, with this tag",
    )
    setup.add_argument(
        "--renew-secret",
        action="store_true",
        help="give the Snowflake secret the key that is kept here, also where there is one",
    )
    setup.add_argument("--no-secret", action="store_true", help="the Prefect API asks for no key")
    setup.add_argument(
        "--confirm",
        default="",
        metavar="DB.SCHEMA.NAME",
        help="with --teardown: the whole name of the service, instead of typing it when asked",
    )
    setup.add_argument(
        "--everything",
        action="store_true",
        help="with --teardown: schema, database and roles, too, with all that is in them",
    )
    setup.add_argument(
        "--timeout", type=seconds, metavar="S", help="seconds until the service has to be ready"
    )
    add_plan_options(setup)


def _setup(options: Namespace) -> int:
    if options.non_interactive or options.teardown:
        from spcs_worker_tui.cli.setup import run_setup  # noqa: PLC0415 - when it is asked for

        return run_setup(options)
    from spcs_worker_tui.cli.wizard import run_wizard  # noqa: PLC0415 - when it is asked for

    return run_wizard(options)
