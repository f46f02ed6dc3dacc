"""From what a user asks for to a change, whichever part of the program makes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.environment import EditEnvironment
from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.wishes import (
    Build,
    Deploy,
    Drop,
    ImageWish,
    Push,
    Restart,
    Resume,
    RollBack,
    Scale,
    Suspend,
    Update,
    Wish,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Change
    from spcs_worker_tui.operations.environment import Environments
    from spcs_worker_tui.operations.lifecycle import Lifecycle
    from spcs_worker_tui.operations.update_plans import UpdatePlans
    from spcs_worker_tui.operations.work_pool_changes import WorkPoolChanges


@dataclass(frozen=True, slots=True)
class Planner:
    """Hands each wish to the operation that plans it.

    Args:
        lifecycle: What changes a service's state.
        work_pools: What changes Prefect.
        updates: Plans updates and going back.
        environments: Plans changes of environment variables.
        images: Plans building, pushing and deploying; None where there is no project.
    """

    lifecycle: Lifecycle
    work_pools: WorkPoolChanges
    updates: UpdatePlans
    environments: Environments
    images: Callable[[ImageWish], Awaitable[Change]] | None = None

    async def change(self, wish: Wish) -> Change:
        """What fulfilling it would do.

        Raises:
            PlanRefusedError: The state of things forbids it.
        """
        match wish:
            case Suspend() | Resume() | Restart() | Scale() | Drop():
                return self.lifecycle.change(wish)
            case EditEnvironment():
                return await self.environments.plan(wish)
            case Update() | RollBack():
                return await self.updates.change(wish)
            case Build() | Push() | Deploy():
                if self.images is None:
                    raise PlanRefusedError("nothing can be built here: there is no project")
                return await self.images(wish)
            case _:
                return self.work_pools.change(wish)
