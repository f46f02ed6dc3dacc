"""The full-screen dashboard."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from importlib import import_module

from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.cli.place import Place
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.ports import FleetConsole


def run_dashboard(options: Namespace, place: Place) -> int:
    """Open the dashboard and return when the user leaves it.

    Args:
        options: The command line.
        place: Prepared after the first frame, so that nobody waits for it before.

    Raises:
        ConfigurationError: Standard input or output is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigurationError(
            "the dashboard needs a terminal", next_step="For scripts there is --check."
        )
    from spcs_worker_tui.ui.app import FleetApp  # noqa: PLC0415 - Textual, for nobody else

    async def open_console() -> FleetConsole:
        # After the first frame, and in threads: neither imports nor a sandbox must delay it.
        await asyncio.to_thread(place.prepare)
        wiring = await asyncio.to_thread(import_module, "spcs_worker_tui.wiring")
        console: FleetConsole = await wiring.open_console(
            options.connection, options.interval, read_only=options.read_only
        )
        return console

    app = FleetApp(open_console, theme=options.theme)
    app.run()
    return app.return_code or Exit.HEALTHY
