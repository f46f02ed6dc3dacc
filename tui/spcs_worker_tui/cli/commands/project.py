"""`project`: what the settings say, which keys there are, and their JSON schema."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import add_command, add_group

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the parsers."""
    project = add_group(commands, "project", "the settings in spcs-worker.toml")
    show = add_command(project, "show", "check the settings, and say what they mean", _show)
    show.add_argument("--env", default="", metavar="NAME", help="this environment only")
    show.add_argument("--project", type=Path, metavar="FILE", help="settings (default: upwards)")
    add_command(project, "keys", "all keys, with their meaning", _keys)
    add_command(project, "schema", "the JSON schema, for editors", _schema)


def _show(options: Namespace) -> int:
    from spcs_worker_tui.cli.project import run_show  # noqa: PLC0415 - when it is asked for

    return run_show(options)


def _keys(_: Namespace) -> int:
    from spcs_worker_tui.cli.project import run_keys  # noqa: PLC0415 - when it is asked for

    return run_keys()


def _schema(_: Namespace) -> int:
    from spcs_worker_tui.cli.project import run_schema  # noqa: PLC0415 - when it is asked for

    return run_schema()
