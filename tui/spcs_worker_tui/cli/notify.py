"""`--check --notify`: addresses first, since a wrong one should not wait for the first fault."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.console import complain, say
from spcs_worker_tui.wiring.notify import open_teller

if TYPE_CHECKING:
    from spcs_worker_tui.operations.check import CheckReport
    from spcs_worker_tui.operations.notify import Teller


def teller_of(options: Namespace) -> Teller:
    """Who is told, as the options of `--check` say.

    Raises:
        ConfigurationError: An address cannot be used, or there is none.
    """
    return open_teller(
        options.notify,
        only_changes=options.notify_changes,
        require_running=options.require_running,
        connections=options.connection,
        patterns=options.service,
    )


def tell(teller: Teller, report: CheckReport) -> None:
    """Tell, and say what came of it; the exit status stays that of the check."""
    telling = teller.tell(report)
    for problem in telling.problems:
        complain(problem)
    if telling.sent:
        say(f"Notified {telling.sent} address{'' if telling.sent == 1 else 'es'}.")
