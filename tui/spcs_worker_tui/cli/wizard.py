"""`setup` at a terminal: the wizard, and the dashboard afterwards where that is wanted."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from importlib import import_module
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.dashboard import need_a_screen, run_app, run_dashboard
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.cli.place import Place

if TYPE_CHECKING:
    from spcs_worker_tui.domain.wizard import SetupDesk
    from spcs_worker_tui.ui.setup_app import SetupApp


def run_wizard(options: Namespace) -> int:
    """Ask, show the plan, apply it; returns when the user leaves.

    Args:
        options: The command line.

    Raises:
        ConfigurationError: Standard input or output is no terminal, or one that cannot do it.
    """
    need_a_screen("the set-up", "For scripts there is --non-interactive.")
    app = _run(options)
    if app.wants_dashboard and not app.return_code:
        return run_dashboard(options, Place(sandbox=False))
    return app.return_code or Exit.HEALTHY


def leave_for_wizard(options: Namespace) -> int:
    """Run it instead of the dashboard.

    Returns:
        The exit status, where the whole program is to end; else 0.
    """
    return _run(options).return_code or Exit.HEALTHY


def _run(options: Namespace) -> SetupApp:
    from spcs_worker_tui.ui.setup_app import SetupApp  # noqa: PLC0415 - Textual, for nobody else

    async def open_desk() -> SetupDesk:
        # After the first frame, in a thread.
        wiring = await asyncio.to_thread(import_module, "spcs_worker_tui.wiring.wizard")
        desk: SetupDesk = wiring.open_wizard(read_only=options.read_only)
        return desk

    app = SetupApp(open_desk, theme=options.theme)
    run_app(app)
    return app
