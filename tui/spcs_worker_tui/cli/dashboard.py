"""The full-screen dashboard."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import aclosing
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.cli.exits import AFTER_SIGNAL, Exit
from spcs_worker_tui.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from textual.app import App

    from spcs_worker_tui.cli.place import Place
    from spcs_worker_tui.domain.console_port import DashboardConsole
    from spcs_worker_tui.domain.doctor import Finding

_ENDING = () if sys.platform == "win32" else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Without us they would end the process at once, and leave the terminal as the dashboard had it.
The first is no key: in this mode the terminal sends that as a character."""
ENDS_WITHIN = 20.0
"""Seconds from such a signal to the end, whatever hangs; a sandbox ends with its parent."""


def run_dashboard(options: Namespace, place: Place) -> int:
    """Open the dashboard and return when the user leaves it.

    Args:
        options: The command line.
        place: Prepared after the first frame, so that nobody waits for it before.

    Raises:
        ConfigurationError: Standard input or output is no terminal, or one that cannot do it.
    """
    need_a_screen("the dashboard", "For scripts there is --check.")
    from spcs_worker_tui.ui.app import FleetApp  # noqa: PLC0415 - Textual, for nobody else

    async def open_console() -> DashboardConsole:
        # After the first frame, and in threads: neither imports nor a sandbox must delay it.
        await asyncio.to_thread(place.prepare)
        wiring = await asyncio.to_thread(import_module, "spcs_worker_tui.wiring.console")
        doctor = await asyncio.to_thread(import_module, "spcs_worker_tui.wiring.doctor")
        console: DashboardConsole = await wiring.open_console(
            options.connection,
            options.interval,
            make_doctor=doctor.make_doctor,
            read_only=options.read_only,
        )
        return console

    async def examine() -> AsyncIterator[Finding]:
        """What is wrong, where the console cannot be opened for it."""
        wiring = await asyncio.to_thread(import_module, "spcs_worker_tui.wiring.doctor")
        async with (
            wiring.open_doctor(options.connection) as doctor,
            aclosing(doctor.examine()) as findings,
        ):
            async for finding in findings:
                yield finding

    def made() -> FleetApp:
        return FleetApp(open_console, theme=options.theme, examine_alone=examine)

    app = made()
    run_app(app)
    while app.wants_set_up:
        from spcs_worker_tui.cli.wizard import leave_for_wizard  # noqa: PLC0415 - seldom

        if status := leave_for_wizard(options):
            return status
        app = made()
        run_app(app)
    if app.failure is not None and not app.return_code:
        return Exit.USAGE if isinstance(app.failure, ConfigurationError) else Exit.UNKNOWN
    return app.return_code or Exit.HEALTHY


def run_app(app: App[Any]) -> None:
    """Run it until it is left; a signal that asks us to end leaves the terminal in order."""
    watchdogs: list[threading.Timer] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def end(number: int, _: FrameType | None) -> None:
            status = AFTER_SIGNAL + number
            loop.call_soon_threadsafe(app.exit, None, status)
            # Where the terminal is gone the loop may wait for ever for Textual's writer, which
            # died of it: then nothing that is asked of the loop happens any more.
            watchdog = threading.Timer(ENDS_WITHIN, os._exit, (status,))
            watchdog.daemon = True
            watchdogs.append(watchdog)
            watchdog.start()

        # Not the loop's own handlers: they wait for the loop.
        before = {number: signal.signal(number, end) for number in _ENDING}
        try:
            await app.run_async()
        finally:
            # There is no loop afterwards, while a sandbox is taken down.
            for number, handler in before.items():
                signal.signal(number, handler)

    try:
        asyncio.run(run())
    finally:
        for watchdog in watchdogs:
            watchdog.cancel()


def need_a_screen(what: str, otherwise: str) -> None:
    """Refuse to open a full screen where there is none; make ready to make the app.

    Args:
        what: That needs it, as in `the dashboard`.
        otherwise: What there is for scripts, one sentence.

    Raises:
        ConfigurationError: Standard input or output is no terminal, or one that cannot do it.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigurationError(f"{what} needs a terminal", next_step=otherwise)
    if os.environ.get("TERM") == "dumb":
        raise ConfigurationError(
            f"{what} needs a terminal with a screen, and TERM says that this is a dumb one",
            next_step=f"Set TERM to what it is, for example xterm-256color. {otherwise}",
        )
    # The terminal knows its size; what a shell has exported of it stays behind when it changes.
    # An app asks for it when it is made.
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
