"""What a front end holds: findings, and the plans that mend them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.operations.doctor.examine import Look, examine

if TYPE_CHECKING:
    from spcs_worker_tui.domain.doctor import Finding, Fix
    from spcs_worker_tui.domain.ports import Change


@dataclass(frozen=True, slots=True)
class Doctor:
    """Looks as often as it is asked to, and plans what can be mended from here.

    Attributes:
        looks: What to begin with, made anew for each examination.
        fixes: Plans a fix.
    """

    looks: Callable[[], Sequence[Look]]
    fixes: Callable[[Fix], Awaitable[Change]]

    def examine(self) -> AsyncGenerator[Finding, None]:
        """Every finding as it is made; see `examine`."""
        return examine(self.looks())

    async def plan(self, fix: Fix) -> Change:
        """What mending would do.

        Raises:
            FleetError: It cannot be planned now; what was found may have changed meanwhile.
        """
        return await self.fixes(fix)
