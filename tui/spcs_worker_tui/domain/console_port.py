"""All that the dashboard can see and do: the fleet's console, and the doctor beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Protocol

from spcs_worker_tui.domain.ports import FleetConsole

if TYPE_CHECKING:
    from spcs_worker_tui.domain.doctor import Finding, Fix
    from spcs_worker_tui.domain.plan import Plan


class DashboardConsole(FleetConsole, Protocol):
    """A `FleetConsole` that also looks for what is wrong."""

    def examine(self) -> AsyncIterator[Finding]:
        """Every finding as it is made; closing it ends what still runs."""

    async def plan(self, wish: Fix) -> Plan:
        """What fulfilling a wish, or mending what was found, would do.

        Raises:
            PlanRefusedError: The state of things forbids it.
        """
