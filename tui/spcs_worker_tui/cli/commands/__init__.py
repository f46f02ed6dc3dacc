"""One small module per command, or per family of commands.

Each has `add(commands)`, which adds its parsers with `cli.parser.add_command`; the `run` that it
names there imports what is heavy when it is called. To add a command: a module, and its name here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands

MODULES = (
    "lifecycle",
    "setup",
    "deploy",
    "build",
    "push",
    "local",
    "update",
    "env",
    "project",
    "pool",
    "logs",
    "audit",
    "keys",
    "doctor",
    "sandbox",
)
"""In the order of `--help`."""


def add_all(commands: Commands) -> None:
    """Add the parsers of all commands."""
    for name in MODULES:
        import_module(f"{__name__}.{name}").add(commands)
