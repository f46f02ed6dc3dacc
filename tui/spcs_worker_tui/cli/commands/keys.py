"""`keys`."""

from __future__ import annotations

from argparse import SUPPRESS, Namespace, RawDescriptionHelpFormatter
from importlib import import_module
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import Parser, add_group

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands

_EPILOG = """\
KEY is a saved connection, the URL of a Prefect API as PREFECT_API_URL has it, or notify:NAME
for an address that `--check --notify NAME` tells.
The key itself is asked for without showing it, or read from standard input:
  spcs-worker-tui keys set prod
  pass show prefect/prod | spcs-worker-tui keys set https://api.prefect.cloud/api/accounts/...
"""


def add(commands: Commands) -> None:
    """Add the parsers."""
    group = add_group(commands, "keys", "keys and tokens in the keyring of this machine")
    _add(group, "list", "which there are, and where each comes from; shows no values")
    keep = _add(group, "set", "keep a key in the keyring")
    keep.add_argument("key", metavar="KEY")
    # Taken only to be refused: as an argument too many it would be shown.
    keep.add_argument("given", nargs="*", help=SUPPRESS)
    keep.add_argument(
        "--auth-string",
        action="store_true",
        help="the Prefect API takes user:password instead of an API key",
    )
    delete = _add(group, "delete", "delete what is kept for a connection or a Prefect API")
    delete.add_argument("key", metavar="KEY")
    test = _add(group, "test", "prove that keys work: sign in, ask the Prefect API")
    test.add_argument("key", metavar="KEY", nargs="*", help="by default every one that is kept")


def _add(group: Commands, verb: str, what: str) -> Parser:
    """Without the options of other commands: KEY says what this is about."""
    parser = group.add_parser(
        verb,
        help=what,
        allow_abbrev=False,
        epilog="" if verb == "list" else _EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )

    def run(options: Namespace) -> int:
        module = import_module("spcs_worker_tui.cli.keys")  # when it is asked for
        status: int = getattr(module, f"run_{verb}")(options)
        return status

    parser.set_defaults(run=run)
    return parser
