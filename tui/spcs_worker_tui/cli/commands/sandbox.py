"""`sandbox`: named here for `--help`; `main` hands all of its arguments on as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the name."""
    commands.add_parser(
        "sandbox", help="run the local stand-in by itself: `sandbox serve --help`", add_help=False
    )
