"""Where nothing may be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import PlanRefusedError

if TYPE_CHECKING:
    from spcs_worker_tui.domain.plan import Plan


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Nothing at all, or nothing through some of the saved connections."""

    everything: bool = False
    connections: frozenset[str] = frozenset()

    def covers(self, connection: str) -> bool:
        """Whether nothing may be changed through that connection."""
        return self.everything or connection in self.connections

    def refuse(self, plan: Plan) -> None:
        """Nothing, or a refusal.

        Raises:
            PlanRefusedError: This plan may be looked at, but not applied.
        """
        if self.everything:
            raise PlanRefusedError("this is read-only mode, in which nothing is changed")
        if plan.connection in self.connections:
            raise PlanRefusedError(
                f"connection {plan.connection} is read-only, so nothing is changed through it"
            )
