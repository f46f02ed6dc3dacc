"""From what a user asks for to a change, whichever part of the program makes it."""

from __future__ import annotations

from dataclasses import dataclass

from spcs_worker_tui.domain.ports import Change
from spcs_worker_tui.domain.wishes import Drop, Restart, Resume, Scale, Suspend, Wish
from spcs_worker_tui.operations.lifecycle import Lifecycle
from spcs_worker_tui.operations.work_pool_changes import WorkPoolChanges


@dataclass(frozen=True, slots=True)
class Planner:
    """Hands each wish to the operation that plans it.

    Args:
        lifecycle: What changes a service's state.
        work_pools: What changes Prefect.
    """

    lifecycle: Lifecycle
    work_pools: WorkPoolChanges

    async def change(self, wish: Wish) -> Change:
        """What fulfilling it would do.

        Raises:
            PlanRefusedError: The state of things forbids it.
        """
        match wish:
            case Suspend() | Resume() | Restart() | Scale() | Drop():
                return self.lifecycle.change(wish)
            case _:
                return self.work_pools.change(wish)
