"""From what was found to a plan that mends it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from spcs_worker_tui.domain.doctor import Fix, MakePrivate
from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.domain.ports import Change
from spcs_worker_tui.operations.apply import Action, Engine, Outcome, Tell


@dataclass(frozen=True, slots=True)
class Fixes:
    """Plans every fix that a finding may carry.

    Attributes:
        engine: Applies the plans.
        make_private: Takes away everybody else's rights on a file; raises `ConfigurationError`.
    """

    engine: Engine
    make_private: Callable[[str], None]

    async def change(self, fix: Fix) -> Change:
        """What mending would do.

        Raises:
            FleetError: It cannot be planned now.
        """
        match fix:
            case MakePrivate():
                return self._make_private(fix)
            case _:
                raise PlanRefusedError("this cannot be mended from here")

    def _make_private(self, fix: MakePrivate) -> Change:
        title = f"Let nobody but you read and write {fix.path}"

        async def do(_: Tell) -> Outcome:
            await asyncio.to_thread(self.make_private, fix.path)
            return Outcome()

        step = Step("private", title, f"chmod 600 {fix.path}")
        plan = Plan(title, None, (step,), self.engine.clock.now(), subject=fix.path)
        return self.engine.change(plan, [Action(step, do)])
